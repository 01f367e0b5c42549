"""The agenda for people, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import groupby

from rich.console import Group, RenderableType

from reconciler.models import RoomBooking, RoomStatus
from reconciler.report.agenda import AgendaItem
from reconciler.report.lines import Line, Part, blank, counted, line, link
from reconciler.report.names import Names
from reconciler.report.times import day, in_zone, span

_UNDER_TITLE = 15  # where titles begin: two of indent, `10:00–10:45`, two of gap
_STATUS = {
    RoomStatus.ACCEPTED: "",
    RoomStatus.TENTATIVE: " (pending approval)",
    RoomStatus.DECLINED: " (declined)",
}


def agenda_text(items: Sequence[AgendaItem], names: Names, *, zone: tzinfo | None = None) -> RenderableType:
    """Return the agenda with all times in `zone`, or each meeting's in its own."""
    if not items:
        return Group(line("Nothing is on."))
    zones = {item.timezone for item in items}
    mixed = zone is None and len(zones) > 1
    told = "each meeting's own zone" if mixed else str(zone) if zone is not None else min(zones)
    lines = [line((f"{counted(len(items), 'meeting')}, times in {told}", "dim"))]
    timed = sorted(((_local(item, zone), item) for item in items), key=lambda pair: (pair[0].date(), pair[1].start))
    for title, group in groupby(timed, key=lambda pair: day(pair[0])):
        lines += [blank(), line((title, "bold"))]
        for start, item in group:
            lines += _item(start, item, names, mixed=mixed)
    return Group(*lines)


def _local(item: AgendaItem, zone: tzinfo | None) -> datetime:
    return item.start.astimezone(zone) if zone is not None else in_zone(item.start, item.timezone)


def _item(start: datetime, item: AgendaItem, names: Names, *, mixed: bool) -> Iterator[Line]:
    end = item.end.astimezone(start.tzinfo)
    parts: list[Part] = [(span(start, end), "cyan"), "  ", (item.title, "bold"), f" · {names.person(item.organizer)}"]
    if mixed:
        parts.append((f" · {item.timezone}", "dim"))
    if item.elsewhere is not None:
        other = item.elsewhere.start.astimezone(start.tzinfo)
        until = item.elsewhere.end.astimezone(start.tzinfo)
        parts.append((f" · booked for {day(other)} {span(other, until)} instead", "yellow"))
    elif not item.booked:
        parts.append((" · not booked yet", "yellow"))
    yield line(*parts, indent=2, hang=_UNDER_TITLE - 2)
    rooms = list(_rooms(item, names))
    if rooms:
        yield line(*rooms, indent=_UNDER_TITLE)
    if item.url:
        yield link(item.url, indent=_UNDER_TITLE)
    if item.room_code:
        yield line((f"code {item.room_code}", "dim"), indent=_UNDER_TITLE)


def _rooms(item: AgendaItem, names: Names) -> Iterator[Part]:
    told = [_room(room, names, leaving=room.room_id in item.leaving) for room in item.rooms]
    told += [(f"{names.room(room)} (not booked)", "yellow") for room in item.missing]
    if item.lacking and item.booked:
        what = "a room" if item.lacking == 1 else counted(item.lacking, "room")
        told.append((f"{what} of its pool (not booked)", "yellow"))
    for number, part in enumerate(told):
        if number:
            yield ", "
        yield part


def _room(room: RoomBooking, names: Names, *, leaving: bool) -> Part:
    # A room that the config does not know is called as DingTalk calls it.
    known = names.room(room.room_id)
    name = room.name if known == room.room_id and room.name else known
    style = "" if room.status is RoomStatus.ACCEPTED and not leaving else "yellow"
    return f"{name}{' (to be released)' if leaving else _STATUS[room.status]}", style
