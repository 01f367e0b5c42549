"""`show`: look at a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import (
    Globals,
    global_options,
    hide_people_option,
    html_option,
    markdown_options,
    option,
)


@click.command("show")
@click.argument("planfile", type=click.Path(path_type=Path, dir_okay=False))
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@option("--timezone", metavar="ZONE", help="Show the times of the page in this zone.")
@html_option
@markdown_options
@hide_people_option
@global_options
def command(
    settings: Globals,
    *,
    planfile: Path,
    as_json: bool,
    timezone: str | None,
    html: Path | None,
    markdown_limit: int | None,
    hide_people: bool,
) -> int:
    """Show a plan that `plan --out` saved. Needs no credentials; calls nobody.

    \b
    Examples:
      reconciler show plan.json
      reconciler show plan.json --json
      reconciler show plan.json --markdown
      reconciler show plan.json --html plan.html
      reconciler show plan.json --markdown --hide-people
    """
    from reconciler.cli.planfile import read_plan
    from reconciler.cli.planning import print_plan, shown
    from reconciler.report.names import Names

    if str(html) == "-" and (as_json or markdown_limit is not None):
        raise click.UsageError("--html - takes stdout: write the page to a file, or leave out --json and --markdown")
    plan, ground = read_plan(planfile)
    told = ground["names"]
    titles, aliases = told.get("titles", {}), told.get("aliases", {})
    names = Names(people=told["people"], rooms=told["rooms"], titles=titles, aliases=aliases)
    plan, names = shown(plan, names, hide_people=hide_people)
    if html is not None:
        from reconciler.cli.files import write_page
        from reconciler.report.pictures import plan_html
        from reconciler.schedule.zones import zone

        write_page(html, plan_html(plan, names, zone=None if timezone is None else zone(timezone)))
        if not as_json and markdown_limit is None:
            return 0
    print_plan(plan, names, settings, qps=ground["qps"], as_json=as_json, markdown_limit=markdown_limit)
    return 0
