"""The agenda for people: a table by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from reconciler.model.occurrence import RoomBooking, RoomStatus
from reconciler.report.agenda import AgendaItem
from reconciler.report.lines import Part, Unpadded, blank, counted, line, link
from reconciler.report.names import Names
from reconciler.report.times import day, in_zone, span

_WIDE = 4  # columns, the last of links
_NARROWEST = 2  # rooms have no column of their own, either
_GAP = 2
_TIME = 14  # `Wed 2026-12-02`
_MEETING, _ROOMS = 22, 14  # the narrowest columns that still read well beside a link
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
    head = line((f"{counted(len(items), 'meeting')}, times in {told}", "dim"))
    timed = sorted(((_local(item, zone), item) for item in items), key=lambda pair: (pair[0].date(), pair[1].start))
    days = [(title, list(group)) for title, group in groupby(timed, key=lambda pair: day(pair[0]))]
    return Group(head, blank(), _ByDay(days=days, names=names, mixed=mixed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByDay:
    """A table with a row for each day, and under it one for each meeting of the day.

    Where there is no space for links, or for rooms, in a column of their own, they stand under their meeting.
    """

    days: Sequence[tuple[str, Sequence[tuple[datetime, AgendaItem]]]]
    names: Names
    mixed: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        links = (row for _, items in self.days for _, item in items for row in _link(item).plain.split("\n"))
        link = max(map(cell_len, links))
        beside, beneath = (_TIME, _MEETING, _ROOMS, link), (_TIME, max(_MEETING, link), _ROOMS)
        columns = next((len(one) for one in (beside, beneath) if _width(one) <= options.max_width), _NARROWEST)
        # A link that is cut in two can't be clicked.
        meeting = min(beneath[1] if columns < _WIDE else _MEETING, options.max_width - _TIME - _GAP)
        yield Unpadded(self._table(columns, meeting))

    def _table(self, columns: int, meeting: int) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
        table.add_column("Time", no_wrap=True, min_width=_TIME)
        table.add_column("Meeting", min_width=meeting, overflow="fold")
        for name in ("Rooms", "Link")[: columns - 2]:
            table.add_column(name, no_wrap=name == "Link", min_width=_ROOMS if name == "Rooms" else None)
        for number, (title, items) in enumerate(self.days):
            if number:
                table.add_row()
            table.add_row(Text(title, "bold"))
            for start, item in items:
                time = line((span(start, item.end.astimezone(start.tzinfo)), "cyan")).text
                rest = [line(*_rooms(item, self.names)).text, _link(item)]
                below = (part for part in (self._meeting(start, item), *rest[columns - 2 :]) if part.plain)
                table.add_row(time, Text("\n").join(below), *rest[: columns - 2])
        return table

    def _meeting(self, start: datetime, item: AgendaItem) -> Text:
        rows = [line((item.title, "bold"), f" · {self.names.person(item.organizer)}")]
        if self.mixed:
            rows.append(line((item.timezone, "dim")))
        if item.elsewhere is not None:
            other = item.elsewhere.start.astimezone(start.tzinfo)
            until = item.elsewhere.end.astimezone(start.tzinfo)
            rows.append(line((f"booked for {day(other)} {span(other, until)} instead", "yellow")))
        return Text("\n").join(row.text for row in rows)


def _width(columns: Sequence[int]) -> int:
    return sum(columns) + _GAP * (len(columns) - 1)


def _link(item: AgendaItem) -> Text:
    """Return where to join: the link, and the code under it; or that nothing is booked yet."""
    found = [link(item.url).text] if item.url else []
    found += [line((f"code {item.room_code}", "dim")).text] if item.room_code else []
    if not item.booked and item.elsewhere is None:
        found.append(line(("not booked yet", "yellow")).text)
    return Text("\n").join(found)


def _local(item: AgendaItem, zone: tzinfo | None) -> datetime:
    return item.start.astimezone(zone) if zone is not None else in_zone(item.start, item.timezone)


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
