"""Occurrences that get into each other's way: in one meeting, in one room, at one organiser.

Each sweep compares an occurrence with the one before it that ends last, so that it takes n log n steps and finds
every occurrence that is in the way of another, though not every pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from reconciler.config.document import Findings, Path
from reconciler.config.model import Config, Meeting
from reconciler.config.semantics import write_moment
from reconciler.schedule.expand import expand
from reconciler.schedule.zones import localise, zone

LOOK_AHEAD = timedelta(days=35)


class _Busy(NamedTuple):
    """One occurrence, its times in seconds since the epoch. `change` is the key of the change that applied."""

    start: float
    end: float
    meeting: Meeting
    local: datetime
    change: date | datetime | None


def check_clashes(config: Config, findings: Findings, *, now: datetime) -> None:
    """Note what overlaps from the aware `now` on, for the horizon or LOOK_AHEAD, whichever is longer.

    A meeting that starts later is looked at from its start on, for as long. One that is not enabled is in nobody's way.
    """
    by_room: dict[str, list[_Busy]] = defaultdict(list)
    by_organizer: dict[str, list[_Busy]] = defaultdict(list)
    for meeting in config.meetings.values():
        occurrences = _occurrences(meeting, now, max(config.horizon, LOOK_AHEAD))
        _check_own(occurrences, findings)
        if not meeting.enabled:
            continue  # nothing of it is booked; what it has already, the plan sees
        by_organizer[meeting.organizer].extend(occurrences)
        for each in occurrences:
            for room in _rooms(each) or ():
                by_room[room].append(each)
    clashing = set()
    for room, booked in by_room.items():
        for pair, overlaps in _overlaps(booked):
            clashing.add(pair)
            _room_twice(room, overlaps, findings)
    for person, busy in by_organizer.items():
        for pair, overlaps in _overlaps(busy):
            if pair not in clashing:  # who has two meetings in one room has been told
                _organizer_twice(person, overlaps, findings)


def _occurrences(meeting: Meeting, now: datetime, length: timedelta) -> list[_Busy]:
    schedule = meeting.schedule
    after = max(now, localise(schedule.start, zone(schedule.timezone)))
    return [
        _Busy(slot.start.timestamp(), slot.end.timestamp(), meeting, slot.start.replace(tzinfo=None), slot.change)
        for slot in expand(schedule, after=after, before=after + length)
    ]


def _rooms(busy: _Busy) -> tuple[str, ...] | None:
    if busy.change is not None:
        override = busy.meeting.overrides.get(busy.change)
        if override is not None and (override.rooms is not None or override.pool is not None):
            return override.rooms
    return busy.meeting.rooms


def _check_own(occurrences: list[_Busy], findings: Findings) -> None:
    for first, second in pairwise(occurrences):
        if second.start < first.end:
            name = first.meeting.name
            message = (
                f"the occurrence of {write_moment(first.local)} is not over"
                f" when the next one begins, at {write_moment(second.local)}"
            )
            hint = "make it shorter, or let it recur less often"
            change = first.change or second.change
            field = ("duration",) if change is None else ("change", write_moment(change))
            findings.error(("meetings", name, "schedule", *field), message, hint, on_key=change is not None)
            return


def _overlaps(occurrences: Iterable[_Busy]) -> Iterator[tuple[tuple[str, str], list[tuple[_Busy, _Busy]]]]:
    """Yield pairs of meetings, by name, and their overlaps, oldest first."""
    found: dict[tuple[str, str], list[tuple[_Busy, _Busy]]] = defaultdict(list)
    last: _Busy | None = None
    for each in sorted(occurrences, key=itemgetter(0, 1)):
        if last is not None and each.start < last.end and each.meeting.name != last.meeting.name:
            one, other = sorted((last, each), key=lambda busy: busy.meeting.name)
            found[one.meeting.name, other.meeting.name].append((one, other))
        if last is None or each.end > last.end:
            last = each
    yield from found.items()


def _room_twice(room: str, overlaps: list[tuple[_Busy, _Busy]], findings: Findings) -> None:
    document = findings.document
    places = [(_room_path(busy, room, document.value), busy) for busy in overlaps[0]]
    (path, mine), (other, theirs) = sorted(places, key=lambda place: document.at(place[0]), reverse=True)
    message = (
        f"{mine.meeting.name} wants the room {room} on {write_moment(mine.local)}, when {theirs.meeting.name}"
        f" has it from {_beside(theirs, mine)} ({document.at(other)}){_more(overlaps)}"
    )
    findings.error(path, message, "book another room, or move one of the two")


def _organizer_twice(person: str, overlaps: list[tuple[_Busy, _Busy]], findings: Findings) -> None:
    document = findings.document
    places = [(("meetings", busy.meeting.name), busy) for busy in overlaps[0]]
    (path, mine), (other, theirs) = sorted(places, key=lambda place: document.key(place[0]), reverse=True)
    message = (
        f"{person} has {mine.meeting.name} on {write_moment(mine.local)}, and {theirs.meeting.name}"
        f" from {_beside(theirs, mine)} ({document.key(other)}){_more(overlaps)}"
    )
    findings.warn(path, message, "move one of the two, or let someone else organise it", on_key=True)


def _beside(theirs: _Busy, mine: _Busy) -> str:
    """Return when the other one begins, by the clock of the first; with its zone, where the other has another."""
    name = mine.meeting.schedule.timezone
    local = datetime.fromtimestamp(theirs.start, zone(name)).replace(tzinfo=None)
    return write_moment(local) + (f" in {name}" if theirs.meeting.schedule.timezone != name else "")


def _more(overlaps: list[tuple[_Busy, _Busy]]) -> str:
    more = len(overlaps) - 1
    return f", and on {more} more date{'s' if more > 1 else ''}" if more else ""


def _room_path(busy: _Busy, room: str, value: Any) -> Path:
    """Return the path of the item that books the room for this occurrence."""
    path: Path = ("meetings", busy.meeting.name, "rooms")
    if busy.change is not None:
        override = busy.meeting.overrides.get(busy.change)
        if override is not None and override.rooms is not None:
            key = write_moment(busy.change)
            path = ("meetings", busy.meeting.name, "schedule", "change", key, "rooms")
    for step in path:
        value = value[step]
    return (*path, value.index(room))
