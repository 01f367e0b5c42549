"""Occurrences → what stands in the cells of a week: one chip for each room that they take, had, or lack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.pages.model import Earlier, Entry, Mark, Place, State

NOWHERE = ""  # the room of what takes place in none
UNPLACED = "\npool"  # of what would take any of several and has none; no id has such a character
_HELD_NOW = {Mark.HELD, Mark.PENDING, Mark.LEAVING}
_HELD_THEN = {Mark.HELD, Mark.PENDING, Mark.MISSING, Mark.BOOKING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One room at one time. `conflict` names who else has it then; `old` ones show what a plan takes away.

    Of what is booked at another time than it should be, the `old` one shows that time.
    """

    entry: Entry
    room: str
    title: str
    start: datetime
    end: datetime
    mark: Mark | None
    old: bool = False
    moved: bool = False
    conflict: tuple[str, ...] = ()


def chips(entries: Sequence[Entry]) -> tuple[Chip, ...]:
    """Return the chips of all entries, by time, each with its conflicts."""
    found = sorted(
        (chip for entry in entries for chip in _chips(entry)),
        key=lambda chip: (*instants(chip), not chip.old, chip.title, chip.entry.id),
    )
    return tuple(_with_conflicts(found))


def _chips(entry: Entry) -> Iterator[Chip]:
    gone = entry.state is State.CANCELLED
    before = entry.before
    moved = before is not None and instants(before) != instants(entry)
    for place in entry.places or (None,):
        yield Chip(
            entry=entry,
            room=place.room if place else NOWHERE,
            title=entry.title,
            start=entry.start,
            end=entry.end,
            mark=place.mark if place else None,
            old=gone,
            moved=moved,
        )
    if before is None:
        return
    now_in = {place.room for place in entry.places}
    for was in before.places or (None,):
        if moved or (was is not None and was.room not in now_in):
            yield _former(entry, was, moved=moved)


def _former(entry: Entry, place: Place | None, *, moved: bool) -> Chip:
    before = entry.before
    assert before is not None  # noqa: S101  # the caller has looked
    return Chip(
        entry=entry,
        room=place.room if place else NOWHERE,
        title=before.title,
        start=before.start,
        end=before.end,
        mark=None if place is None else place.mark if entry.state is State.ELSEWHERE else Mark.LEAVING,
        old=True,
        moved=moved,
    )


def _with_conflicts(found: Sequence[Chip]) -> Iterator[Chip]:
    clashes: dict[int, list[str]] = defaultdict(list)
    for first, second in _overlapping(found):
        clashes[id(first)].append(second.title)
        clashes[id(second)].append(first.title)
    for chip in found:
        yield replace(chip, conflict=tuple(dict.fromkeys(clashes[id(chip)]))) if id(chip) in clashes else chip


def _overlapping(found: Sequence[Chip]) -> Iterator[tuple[Chip, Chip]]:
    """Yield who is in one room at one time: as it is now, or as everything would be that is wanted.

    Who lets go of a room is not in the way of who waits for it.
    """
    by_room: dict[tuple[bool, str], list[Chip]] = defaultdict(list)
    for chip in found:
        if chip.room in {NOWHERE, UNPLACED}:
            continue
        if _is_there(chip):
            by_room[True, chip.room].append(chip)
        if not chip.old and chip.mark in _HELD_THEN:
            by_room[False, chip.room].append(chip)
    for room in by_room.values():
        for index, first in enumerate(room):
            for second in room[index + 1 :]:
                if second.start.timestamp() >= first.end.timestamp():
                    break  # sorted by start: none of the others overlaps either
                if second.entry.id != first.entry.id:
                    yield first, second


def instants(one: Chip | Entry | Earlier) -> tuple[float, float]:
    """Return start and end as they can be compared: of one zone, clock times are, and an hour may come twice."""
    return one.start.timestamp(), one.end.timestamp()


def _is_there(chip: Chip) -> bool:
    """Return whether the room is held at that time as things are."""
    place = chip.old if chip.entry.state is State.ELSEWHERE else not (chip.old or chip.moved)
    return place and chip.mark in _HELD_NOW
