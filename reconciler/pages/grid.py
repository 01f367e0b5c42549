"""Chips → weeks: a row for each room, a column for each day, and what stands in the cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reconciler.pages import words
from reconciler.pages.chips import NOWHERE, UNPLACED, Chip
from reconciler.pages.model import Mark, Room, State
from reconciler.pages.page import MARKS, STATES, Block, Cell, Day, Row, Week

_WORKDAYS = 5
_EARLIEST, _LATEST = 8, 18  # hours that a day shows at least
_DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all cells of a page have in common: hues by meeting, anchors by entry, the hours of a day, the day it is.

    What the list leaves out has no anchor.
    """

    colours: Mapping[str, int]
    anchors: Mapping[str, str]
    hours: tuple[int, int]
    today: date


def hours_of(found: Iterable[Chip]) -> tuple[int, int]:
    """Return the hours from which and until which each day is drawn."""
    first, last = _EARLIEST, _LATEST
    for piece in (one for chip in found for one in _pieces(chip)):
        first = min(first, piece.start // 60)
        last = max(last, -(-piece.end // 60))
    return first, last


def weeks(found: Iterable[Chip], rooms: Sequence[Room], frame: Frame) -> tuple[Week, ...]:
    """Return every week in which anything takes place that does not just stay as it is."""
    by_week: dict[date, list[_Piece]] = defaultdict(list)
    for piece in (one for chip in found for one in _pieces(chip)):
        by_week[piece.day - timedelta(days=piece.day.weekday())].append(piece)
    told = {
        monday: chosen
        for monday, chosen in by_week.items()
        if any(piece.chip.entry.state is not State.STAYS for piece in chosen)
    }
    return tuple(_week(monday, chosen, rooms, frame) for monday, chosen in sorted(told.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What of a chip falls on one day; `start` and `end` are minutes of it."""

    chip: Chip
    day: date
    start: int
    end: int


def _pieces(chip: Chip) -> Iterator[_Piece]:
    """Yield a chip day by day: what goes over midnight is on the next day, too."""
    day, last = chip.start.date(), chip.end.date()
    while day <= last:
        start = _minute(chip.start) if day == chip.start.date() else 0
        end = _minute(chip.end) if day == last else _DAY
        if end > start or day == chip.start.date():
            yield _Piece(chip=chip, day=day, start=start, end=max(end, start))
        day += timedelta(days=1)


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def _week(monday: date, found: Sequence[_Piece], rooms: Sequence[Room], frame: Frame) -> Week:
    last = max(_WORKDAYS - 1, *(piece.day.weekday() for piece in found))
    dates = [monday + timedelta(days=number) for number in range(last + 1)]
    days = tuple(Day(name=words.short_day(one), iso=one.isoformat(), today=one == frame.today) for one in dates)
    cells: dict[tuple[str, str], list[Block]] = defaultdict(list)
    for piece in sorted(found, key=lambda one: (one.day, one.start)):
        cells[piece.chip.room, piece.day.isoformat()].append(_block(piece, frame))
    used = {room for room, _ in cells}
    entries = {piece.chip.entry.id for piece in found if piece.chip.entry.state is not State.STAYS}
    return Week(
        anchor=f"week-{monday.isoformat()}",
        name=words.week(monday),
        number=monday.isocalendar().week,
        count=words.counted(len(entries), "occurrence"),
        days=days,
        rows=tuple(_row(room, days, cells) for room in rooms if room.id not in {NOWHERE, UNPLACED} or room.id in used),
    )


def _row(room: Room, days: Iterable[Day], cells: Mapping[tuple[str, str], Sequence[Block]]) -> Row:
    found = tuple(Cell(day=day, blocks=tuple(cells.get((room.id, day.iso), ()))) for day in days)
    return Row(name=room.name, detail=room.detail, cells=found)


def _block(piece: _Piece, frame: Frame) -> Block:
    chip, opening = piece.chip, frame.hours[0] * 60
    return Block(
        anchor=frame.anchors.get(chip.entry.id, ""),
        hue=frame.colours[chip.entry.meeting],
        time=_time(piece),
        title=chip.title,
        kinds=" ".join(_kinds(chip)),
        tags=tuple(_tags(chip)),
        x=piece.start - opening,
        width=max(piece.end - piece.start, 1),
    )


def _time(piece: _Piece) -> str:
    chip = piece.chip
    if piece.day == chip.start.date():
        return words.span(chip.start, chip.end)
    return f"until {chip.end:%H:%M}" if piece.day == chip.end.date() else "all day"


def _kinds(chip: Chip) -> Iterator[str]:
    """Yield the classes that say what a chip is; none for an ordinary booking."""
    state = chip.entry.state
    if chip.old:
        yield "cancelled" if state is State.CANCELLED else "elsewhere" if state is State.ELSEWHERE else "former"
        if chip.conflict:
            yield "conflict"
        return
    if state is State.NEW:
        yield "new"
    elif state in {State.CHANGED, State.STAYS}:
        yield str(state)
    elif state in {State.OPEN, State.ELSEWHERE} or chip.mark is Mark.MISSING:
        yield "missing"
    elif chip.mark is Mark.LEAVING:
        yield "leaving"
    if chip.mark in {Mark.PENDING, Mark.DECLINED}:
        yield str(chip.mark)
    if chip.conflict:
        yield "conflict"


def _tags(chip: Chip) -> Iterator[str]:
    state = chip.entry.state
    if chip.old:
        yield _old_tag(chip)
        if chip.conflict:
            yield _clash(chip)
        return
    if state in {State.NEW, State.OPEN, State.ELSEWHERE, State.STAYS}:
        yield STATES[state]
    elif state is State.CHANGED:
        yield "moved here" if chip.moved else MARKS[Mark.BOOKING] if chip.mark is Mark.BOOKING else "changed"
    elif chip.mark in {Mark.MISSING, Mark.LEAVING}:
        yield MARKS[chip.mark]
    if chip.mark in {Mark.PENDING, Mark.DECLINED}:
        yield MARKS[chip.mark]
    if chip.conflict:
        yield _clash(chip)


def _old_tag(chip: Chip) -> str:
    if chip.entry.state is State.CANCELLED:
        return STATES[State.CANCELLED]
    if chip.entry.state is State.ELSEWHERE:
        return "wanted at another time"
    return "moves away" if chip.moved else MARKS[Mark.LEAVING]


def _clash(chip: Chip) -> str:
    return f"conflict with {', '.join(chip.conflict)}"
