"""Chips → weeks: a row for each room, a column for each day, and what stands in the cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reconciler.pages import words
from reconciler.pages.chips import NOWHERE, Chip
from reconciler.pages.model import Mark, Room, State
from reconciler.pages.page import MARKS, STATES, Block, Cell, Day, Row, Week

_WORKDAYS = 5
_EARLIEST, _LATEST = 8, 18  # hours that a day shows at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all cells of a page have in common: hues by meeting, anchors by entry, the hours of a day, the day it is."""

    colours: Mapping[str, int]
    anchors: Mapping[str, str]
    hours: tuple[int, int]
    today: date


def hours_of(found: Iterable[Chip]) -> tuple[int, int]:
    """Return the hours from which and until which each day is drawn."""
    first, last = _EARLIEST, _LATEST
    for chip in found:
        overnight = chip.end.date() > chip.start.date()
        first = min(first, chip.start.hour)
        last = max(last, 24 if overnight else chip.end.hour + bool(chip.end.minute))
    return first, last


def weeks(found: Iterable[Chip], rooms: Sequence[Room], frame: Frame) -> tuple[Week, ...]:
    """Return every week in which anything takes place."""
    by_week: dict[date, list[Chip]] = defaultdict(list)
    for chip in found:
        day = chip.start.date()
        by_week[day - timedelta(days=day.weekday())].append(chip)
    return tuple(_week(monday, chosen, rooms, frame) for monday, chosen in sorted(by_week.items()))


def _week(monday: date, found: Sequence[Chip], rooms: Sequence[Room], frame: Frame) -> Week:
    last = max(_WORKDAYS - 1, *(chip.start.weekday() for chip in found))
    dates = [monday + timedelta(days=number) for number in range(last + 1)]
    days = tuple(Day(name=words.short_day(one), iso=one.isoformat(), today=one == frame.today) for one in dates)
    cells: dict[tuple[str, str], list[Block]] = defaultdict(list)
    for chip in found:
        cells[chip.room, chip.start.date().isoformat()].append(_block(chip, frame))
    used = {room for room, _ in cells}
    return Week(
        anchor=f"week-{monday.isoformat()}",
        name=words.week(monday),
        number=monday.isocalendar().week,
        count=words.counted(len({chip.entry.id for chip in found}), "occurrence"),
        days=days,
        rows=tuple(_row(room, days, cells) for room in rooms if room.id != NOWHERE or room.id in used),
    )


def _row(room: Room, days: Iterable[Day], cells: Mapping[tuple[str, str], Sequence[Block]]) -> Row:
    found = tuple(Cell(day=day, blocks=tuple(cells.get((room.id, day.iso), ()))) for day in days)
    return Row(name=room.name, detail=room.detail, cells=found)


def _block(chip: Chip, frame: Frame) -> Block:
    opening, closing = (hour * 60 for hour in frame.hours)
    start = chip.start.hour * 60 + chip.start.minute - opening
    length = min(round((chip.end - chip.start).total_seconds() / 60), closing - opening - start)
    return Block(
        anchor=frame.anchors[chip.entry.id],
        hue=frame.colours[chip.entry.meeting],
        time=words.span(chip.start, chip.end),
        title=chip.title,
        kinds=" ".join(_kinds(chip)),
        tags=tuple(_tags(chip)),
        x=start,
        width=max(length, 1),
    )


def _kinds(chip: Chip) -> Iterator[str]:
    """Yield the classes that say what a chip is; none for an ordinary booking."""
    state = chip.entry.state
    if chip.old:
        yield "cancelled" if state is State.CANCELLED else "former"
        return
    if state is State.NEW:
        yield "new"
    elif state is State.CHANGED:
        yield "changed"
    elif state is State.OPEN or chip.mark is Mark.MISSING:
        yield "missing"
    if chip.mark in {Mark.PENDING, Mark.DECLINED}:
        yield str(chip.mark)
    if chip.conflict:
        yield "conflict"


def _tags(chip: Chip) -> Iterator[str]:
    state = chip.entry.state
    if chip.old:
        yield "cancelled" if state is State.CANCELLED else "moves away" if chip.moved else MARKS[Mark.LEAVING]
        return
    if state in {State.NEW, State.OPEN}:
        yield STATES[state]
    elif state is State.CHANGED:
        yield "moved here" if chip.moved else MARKS[Mark.BOOKING] if chip.mark is Mark.BOOKING else "changed"
    elif chip.mark is Mark.MISSING:
        yield MARKS[Mark.MISSING]
    if chip.mark in {Mark.PENDING, Mark.DECLINED}:
        yield MARKS[chip.mark]
    if chip.conflict:
        yield f"conflict with {', '.join(chip.conflict)}"
