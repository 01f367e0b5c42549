"""`rooms`: which there are, which are free, how much they are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.arguments import Group
from reconciler.cli.documents import publish
from reconciler.cli.names import complete_person
from reconciler.cli.options import Globals, Seconds, global_options, option

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType

    from reconciler.cli.project import Project
    from reconciler.report.names import Names
    from reconciler.rooms.desk import RoomDesk


@click.group("rooms", cls=Group)
@global_options
def command(settings: Globals) -> None:
    """Show which rooms exist, which are free, and how much they are used. It cannot write to DingTalk.

    \b
    Examples:
      reconciler rooms list
      reconciler rooms free --at 2026-12-02T10:00 --for 1h --capacity 8
      reconciler rooms usage --days 28
    """


_json = option("--json", "as_json", is_flag=True, help="Print a JSON document.")
_zone = option("--timezone", metavar="ZONE", help="The zone of all times.  [default: that of most meetings]")


@command.command("list", short_help="Show the organisation's rooms, their ids and rules.")
@option("--all", "rules_of_all", is_flag=True, help="Also read the rules of rooms that are not in the config.")
@option("--brief", is_flag=True, help="Read no rules.")
@_zone
@_json
@global_options
def list_rooms(settings: Globals, *, rules_of_all: bool, brief: bool, timezone: str | None, as_json: bool) -> int:
    """Show the organisation's rooms with their ids, and for those of the config the rules for booking them.

    This costs a call for each hundred rooms, and one for each room whose rules were not read within three days.

    \b
    Examples:
      reconciler rooms list
      reconciler rooms list --all --json | jq '.rooms[] | select(.rules.approval)'
    """
    from reconciler.report.rooms_document import rooms_document
    from reconciler.report.rooms_text import rooms_text

    with _asking(settings, timezone=timezone) as at:
        rooms = at.desk.rooms()
        if not brief:
            chosen = {room.id for room in rooms if rules_of_all or room.alias}
            known = {room.id: room for room in at.desk.with_rules(room for room in rooms if room.id in chosen)}
            rooms = tuple(known.get(room.id, room) for room in rooms)
    document = rooms_document(rooms, workspace=at.project.config.workspace, now=at.now)
    return _print(document, rooms_text(rooms, now=at.now, zone=at.zone), settings, as_json=as_json)


@command.command("free", short_help="Show which rooms are free at a time.")
@option("--at", "start", required=True, metavar="ISO 8601", help="When it begins; local time if there is no offset.")
@option(
    "--for",
    "length_s",
    type=Seconds(bare=False),
    default="1h",
    show_default=True,
    help="How long it lasts, such as 45m or 1.5h.",
)
@option("--capacity", type=click.IntRange(0), default=0, help="How many seats the room must have.")
@option("--tag", "--tags", "tags", multiple=True, metavar="TAG", help="What the room must have; may be repeated.")
@option("--location", default="", metavar="TEXT", help="What the room's location must contain.")
@option(
    "--organizer",
    metavar="PERSON",
    shell_complete=complete_person,
    help="Who would book it; some rooms are only for some people.",
)
@_zone
@_json
@global_options
def free(
    settings: Globals,
    *,
    start: str,
    length_s: float,
    capacity: int,
    tags: tuple[str, ...],
    location: str,
    organizer: str | None,
    timezone: str | None,
    as_json: bool,
) -> int:
    """Show which rooms are free at a time, the smallest that fits first, and who has the others.

    It takes a call for each five rooms that fit, and one for each free one whose rules were not asked for within
    three days.

    \b
    Examples:
      reconciler rooms free --at 2026-12-02T10:00 --for 1h --capacity 8
      reconciler rooms free --at 2026-12-02T10:00 --tag video --timezone Europe/Berlin
    """
    from reconciler.errors import UsageError
    from reconciler.report.rooms_document import free_document
    from reconciler.report.rooms_text import free_text
    from reconciler.rooms.look import Wanted, availability, fitting, why_none_fits
    from reconciler.schedule.zones import later

    if not length_s:
        raise UsageError("--for 0m leaves no time to meet", fix="write how long, as in --for 45m")
    with _asking(settings, timezone=timezone, organizer=organizer) as at:
        begin = _moment(start, at.zone)
        wanted = Wanted(
            start=begin,
            end=later(begin, timedelta(seconds=length_s)),
            organizer=at.desk.requester,
            capacity=capacity,
            tags=frozenset(tag for given in tags for tag in given.split(",") if tag),
            location=location,
        )
        known = at.desk.rooms()
        rooms = fitting(known, wanted)
        busy = at.desk.busy(rooms, start=wanted.start, end=wanted.end)
        taken = {one.room_id for one in busy}
        ruled = {room.id: room for room in at.desk.with_rules(room for room in rooms if room.id not in taken)}
        found = availability([ruled.get(room.id, room) for room in rooms], busy, wanted, now=at.now)
    workspace = at.project.config.workspace
    document = free_document(found, workspace=workspace, now=at.now, start=wanted.start, end=wanted.end)
    why = "" if rooms else why_none_fits(known, wanted)
    text = free_text(found, at.names, start=wanted.start, end=wanted.end, zone=at.zone, why_none=why)
    return _print(document, text, settings, as_json=as_json)


@command.command("usage", short_help="Show how many hours each room is booked.")
@option("--from", "start", metavar="ISO 8601", help="When to begin; local time if there is no offset.  [default: now]")
@option("--days", type=click.IntRange(1, 366), default=28, show_default=True, help="How many days to look at.")
@option("--all", "of_all", is_flag=True, help="All rooms of the organisation, not only those of the config.")
@_zone
@_json
@global_options
def usage(settings: Globals, *, start: str | None, days: int, of_all: bool, timezone: str | None, as_json: bool) -> int:
    """Show how many hours each room is booked, by us and by everybody else.

    This costs a call for each five rooms and 90 days.

    \b
    Examples:
      reconciler rooms usage
      reconciler rooms usage --from 2026-11-01T00:00 --days 30 --json
    """
    from reconciler.report.rooms_document import usage_document
    from reconciler.report.rooms_text import usage_text
    from reconciler.rooms.look import usage as used

    with _asking(settings, timezone=timezone) as at:
        begin = at.now if start is None else _moment(start, at.zone)
        end = begin + timedelta(days=days)
        rooms = at.desk.rooms() if of_all else at.desk.declared()
        found = used(rooms, at.desk.busy(rooms, start=begin, end=end), start=begin, end=end)
    document = usage_document(found, workspace=at.project.config.workspace, now=at.now, start=begin, end=end)
    return _print(document, usage_text(found, start=begin, end=end, zone=at.zone), settings, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    project: Project
    desk: RoomDesk
    names: Names
    zone: ZoneInfo
    now: datetime


@contextmanager
def _asking(settings: Globals, *, timezone: str | None = None, organizer: str | None = None) -> Iterator[_At]:
    """Give what can ask about rooms; afterwards its calls are counted, and the rules that it learned remembered."""
    from reconciler.cli.project import open_project
    from reconciler.config.words import choose_from
    from reconciler.desired import aliases_of
    from reconciler.errors import UsageError
    from reconciler.report.names import Names
    from reconciler.report.pictures import common_zone
    from reconciler.rooms.desk import RoomDesk, requester_of
    from reconciler.schedule.zones import zone
    from reconciler.workflow.bookkeeping import remember_calls
    from reconciler.workflow.people import resolve_people

    project = open_project(settings)
    config, now, state = project.config, project.clock(), project.store.load()
    if organizer is not None and organizer not in config.people:
        raise UsageError(f"there is no person {organizer!r}", fix=choose_from(organizer, config.people))
    local = zone(timezone) if timezone else common_zone(one.schedule.timezone for one in config.meetings.values())
    with project.reader() as reader:
        who = resolve_people(config, reader, state)
        people = who.people
        requester = requester_of(config, people) if organizer is None else who.union_id(organizer, config)
        desk = RoomDesk(config=config, reader=reader, requester=requester, now=now, notes=dict(state.rooms))
        names = Names(people=aliases_of(people))
        try:
            yield _At(project=project, desk=desk, names=names, zone=local, now=now)
        finally:
            remember_calls(project.store, reader, now=project.clock(), rooms=desk.notes)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Return what an option names; local time in a gap of the zone is moved forward by it."""
    from reconciler.schedule.zones import EARLIEST, LATEST, localise

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an ISO 8601 moment such as 2026-12-01T09:00") from None
    if not EARLIEST <= moment.replace(tzinfo=None) < LATEST:
        raise click.BadParameter(f"{text!r} is too far away: the years go from {EARLIEST.year} to {LATEST.year - 1}")
    return moment if moment.tzinfo is not None else localise(moment, zone)


def _print(document: dict[str, Any], text: RenderableType, settings: Globals, *, as_json: bool) -> int:
    if as_json:
        publish(lambda: document)
    else:
        from reconciler.cli.console import show

        show(text, no_color=settings.no_color)
    return 0
