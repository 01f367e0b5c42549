"""`show`: look at a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import Globals, global_options, markdown_options, option


@click.command("show")
@click.argument("planfile", type=click.Path(path_type=Path, dir_okay=False))
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@markdown_options
@global_options
def command(settings: Globals, *, planfile: Path, as_json: bool, markdown_limit: int | None) -> int:
    """Show a plan that `plan --out` saved. Needs no credentials; calls nobody.

    \b
    Examples:
      reconciler show plan.json
      reconciler show plan.json --json
      reconciler show plan.json --markdown
    """
    from reconciler.cli.planning import print_plan, read_plan
    from reconciler.report.names import Names

    plan, ground = read_plan(planfile)
    names = Names(people=ground["names"]["people"], rooms=ground["names"]["rooms"])
    print_plan(plan, names, settings, qps=ground["qps"], as_json=as_json, markdown_limit=markdown_limit)
    return 0
