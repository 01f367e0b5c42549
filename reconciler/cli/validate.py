"""`validate`: check the config, call nobody."""

from __future__ import annotations

import click

from reconciler.cli.options import Globals, global_options, option
from reconciler.errors import Severity


@click.command("validate")
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@global_options
def command(settings: Globals, *, as_json: bool) -> int:
    """Check the config: every mistake at once, each with its line. Calls nobody and needs no credentials.

    \b
    Examples:
      reconciler validate
      reconciler -c teams/ validate --json
    """
    from reconciler.config import check

    problems = check(settings.config, now=settings.clock()())
    if as_json:
        from reconciler.report.document import dump, validate_document

        click.echo(dump(validate_document(problems)), nl=False)
    else:
        from reconciler.cli.console import show
        from reconciler.report.problems_text import problems_text

        show(problems_text(problems), no_color=settings.no_color)
    return 1 if any(problem.severity is Severity.ERROR for problem in problems) else 0
