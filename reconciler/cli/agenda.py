"""`agenda`: the next two weeks, day by day."""

from __future__ import annotations

from datetime import timedelta

import click

from reconciler.cli.names import complete_meeting
from reconciler.cli.options import Globals, global_options, option


@click.command("agenda")
@option("--days", type=click.IntRange(1, 366), default=14, show_default=True, help="How many days to show.")
@option("--timezone", metavar="ZONE", help="Show times in this zone instead of each meeting's own.")
@option(
    "--meeting",
    "meetings",
    multiple=True,
    metavar="MEETING",
    shell_complete=complete_meeting,
    help="Only this meeting; may be repeated.",
)
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@global_options
def command(settings: Globals, *, days: int, timezone: str | None, meetings: tuple[str, ...], as_json: bool) -> int:
    """Show the next two weeks, day by day: times, rooms, links. Asks nobody: it tells what is declared and remembered.

    \b
    Examples:
      reconciler agenda
      reconciler agenda --days 3 --timezone Europe/Berlin
      reconciler agenda --meeting weekly-sync --json
    """
    from reconciler.cli.project import open_project
    from reconciler.report.agenda import agenda_items
    from reconciler.schedule.zones import zone
    from reconciler.workflow import remembered_agenda

    project = open_project(settings)
    now = project.clock()
    local = None if timezone is None else zone(timezone)
    seen = remembered_agenda(project.config, project.store, now=now, until=now + timedelta(days=days))
    items = [one for one in agenda_items(seen.wanted, seen.observed) if not meetings or one.meeting in meetings]
    if as_json:
        from reconciler.report.document import agenda_document, dump

        click.echo(dump(agenda_document(items, workspace=project.config.workspace, now=now)), nl=False)
    else:
        from reconciler.cli.console import show
        from reconciler.report.agenda_text import agenda_text
        from reconciler.report.names import Names

        rooms = {room.id: room.alias for room in project.config.rooms.values()}
        names = Names(people={union_id: alias for alias, union_id in seen.people.items()}, rooms=rooms)
        show(agenda_text(items, names, zone=local), no_color=settings.no_color)
    return 0
