"""`validate`: check the config, call nobody."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.documents import publish
from reconciler.cli.options import Globals, annotations_option, codequality_option, global_options, option
from reconciler.errors import Severity


@click.command("validate")
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@annotations_option
@codequality_option
@global_options
def command(settings: Globals, *, as_json: bool, annotations: str | None, codequality: Path | None) -> int:
    """Check the config and report every mistake at once, each with its line. Needs no credentials and no network.

    \b
    Examples:
      reconciler validate
      reconciler -c teams/ validate --json
      reconciler validate --annotations github
      reconciler validate --codequality gl-code-quality-report.json
    """
    from reconciler.config import check

    problems = check(settings.config, now=settings.clock()())
    if annotations or codequality is not None:
        from reconciler.cli.ci import annotate_problems, write_codequality

        if codequality is not None:
            write_codequality(problems, codequality)
        if annotations:
            annotate_problems(problems, document=as_json)
    if as_json:
        from reconciler.report.document import validate_document

        publish(lambda: validate_document(problems))
    elif not annotations:
        from reconciler.cli.console import show
        from reconciler.report.problems_text import problems_text

        show(problems_text(problems), no_color=settings.no_color)
    return 1 if any(problem.severity is Severity.ERROR for problem in problems) else 0
