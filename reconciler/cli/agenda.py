"""`agenda`: the next two weeks, a table by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.documents import publish
from reconciler.cli.files import print_utf8, unwritable
from reconciler.cli.names import complete_invited, complete_meeting, complete_room
from reconciler.cli.options import Globals, global_options, html_option, option
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reconciler.config.model import Config
    from reconciler.report.agenda import Choice
    from reconciler.workflow.agenda import Agenda


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
@option(
    "--room",
    "rooms",
    multiple=True,
    metavar="ROOM",
    shell_complete=complete_room,
    help="Only what takes place in this room; may be repeated.",
)
@option(
    "--person",
    "people",
    multiple=True,
    metavar="PERSON",
    shell_complete=complete_invited,
    help="Only what this person, or somebody in this group, is invited to; may be repeated.",
)
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@option(
    "--ics",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write an iCalendar file instead, with each meeting as a series; - is stdout.",
)
@html_option
@global_options
def command(
    settings: Globals,
    *,
    days: int,
    timezone: str | None,
    meetings: tuple[str, ...],
    rooms: tuple[str, ...],
    people: tuple[str, ...],
    as_json: bool,
    ics: Path | None,
    html: Path | None,
) -> int:
    """Show the next two weeks day by day: times, rooms, links. It knows the config and the state, and calls nobody.

    \b
    Examples:
      reconciler agenda
      reconciler agenda --days 3 --timezone Europe/Berlin
      reconciler agenda --meeting weekly-sync --json
      reconciler agenda --days 28 --html agenda.html
      reconciler agenda --person alice --ics alice.ics
    """
    from reconciler.cli.project import open_project
    from reconciler.report.agenda import agenda_items, chosen, in_one_zone
    from reconciler.report.names import names_in
    from reconciler.workflow.agenda import remembered_agenda

    if as_json + (ics is not None) + (html is not None) > 1:
        raise click.UsageError("--json, --ics and --html can't be used together")
    project = open_project(settings)
    now = project.clock()
    local = None if timezone is None else _zone(timezone)
    # A series is chosen by any of its dates within a year.
    length = timedelta(days=days if ics is None else 366)
    seen = remembered_agenda(project.config, project.store, now=now, until=now + length)
    wanted = chosen(seen.wanted, seen.observed, _choice(project.config, seen, meetings, rooms, people))
    if ics is not None:
        return _write_ics(ics, project.config, seen, {one.key.meeting for one in wanted}, now)
    items = agenda_items(wanted, seen.observed, seen.pools)
    if as_json:
        from reconciler.report.document import agenda_document

        items = items if local is None else in_one_zone(items, local)
        publish(lambda: agenda_document(items, workspace=project.config.workspace, now=now))
        return 0
    names = names_in(project.config, seen.people)
    if html is not None:
        from reconciler.cli.files import write_page
        from reconciler.report.pictures import agenda_html

        write_page(html, agenda_html(items, project.config, names, now=now, until=now + length, zone=local))
    else:
        from reconciler.cli.console import show
        from reconciler.report.agenda_text import agenda_text

        show(agenda_text(items, names, zone=local), no_color=settings.no_color)
    return 0


def _zone(name: str) -> ZoneInfo:
    """Return the zone; raise UsageError where there is none of that name."""
    from reconciler.schedule.zones import UnknownZone, zone

    try:
        return zone(name)
    except UnknownZone as error:
        raise UsageError(error.what, fix=error.fix) from error


def _choice(
    config: Config, seen: Agenda, meetings: tuple[str, ...], rooms: tuple[str, ...], people: tuple[str, ...]
) -> Choice:
    """Return what is asked for, by ids; raise UsageError for a name that the config does not know."""
    from reconciler.config.words import choose_from
    from reconciler.report.agenda import Choice

    for kind, asked, known in (
        ("meeting", meetings, config.meetings),
        ("room", rooms, config.rooms),
        ("person or group", people, {**config.people, **config.groups}),
    ):
        for name in asked:
            if name not in known:
                raise UsageError(f"there is no {kind} {name!r}", fix=choose_from(name, known))
    persons = {person for name in people for person in config.groups.get(name, (name,))}
    return Choice(
        meetings=frozenset(meetings),
        rooms=frozenset(config.rooms[name].id for name in rooms),
        people=frozenset(seen.people[name] for name in persons),
    )


def _write_ics(path: Path, config: Config, seen: Agenda, meetings: set[str], now: datetime) -> int:
    from reconciler.cli.console import tell
    from reconciler.report.ics import calendar
    from reconciler.report.lines import counted

    text = calendar(config, meetings, seen.observed, now=now)
    if str(path) == "-":
        print_utf8(text)
        return 0
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise unwritable("the calendar", path, error) from error
    tell(f"Wrote {counted(len(meetings), 'meeting')} to {path}")
    return 0
