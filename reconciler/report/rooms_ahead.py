"""What will come of the rooms of a plan, in words: who has them, which rule forbids, what is free instead."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from reconciler.model.occurrence import meeting_of
from reconciler.plan.operations import Pending, RoomProblem
from reconciler.report.lines import counted
from reconciler.report.names import Names
from reconciler.report.times import clock, day

_LISTED = 5  # dates of what is told at once
_ADDRESS = re.compile(r"[^@]+@\d{4}-\d\d-\d\dT\d\d:\d\d\+?")


def told_problems(problems: Iterable[RoomProblem], names: Names) -> Iterator[tuple[bool, str, str]]:
    """Yield whether it is an error, the meeting, and what its room will come to; what is alike at once."""
    ordered = sorted(problems, key=lambda one: (_meeting(one.address), one.room, one.start.timestamp()))
    runs: dict[tuple[object, ...], list[RoomProblem]] = defaultdict(list)
    for one in ordered:
        runs[_kind(one)].append(one)
    for together in runs.values():
        first = together[0]
        yield first.is_error, _meeting(first.address), f"{_when(together)}: {_what(together, names)}"


def _kind(one: RoomProblem) -> tuple[object, ...]:
    """Return what problems have in common that are told at once: dates differ, and which occurrence has the room."""
    blocked = tuple((each.room, each.reason, _meeting(each.holder), each.until is None) for each in one.blocked)
    told = (one.room, one.code, one.message, one.alternatives, one.contact, one.is_error)
    return _meeting(one.address), *told, _meeting(one.holder), one.until is None, blocked


def _meeting(address: str) -> str:
    """Return the meeting of an occurrence of ours; who else has a room goes by the id as it is."""
    return meeting_of(address) if _ADDRESS.fullmatch(address) else address


def _when(together: Sequence[RoomProblem]) -> str:
    first, last = together[0].start, together[-1].start
    if len(together) == 1:
        return f"{day(first)} {clock(first)}"
    if len(together) > _LISTED:
        return f"{len(together)} occurrences from {day(first)} to {day(last)}"
    return f"{len(together)} occurrences ({', '.join(day(one.start) for one in together)})"


def _what(together: Sequence[RoomProblem], names: Names) -> str:
    one = together[0]
    told = f"room {names.room(one.room)} {one.message}" if one.room else one.message
    if one.holder:
        told = f"room {names.room(one.room)} is held by {_holder(one.holder, names, alone=len(together) == 1)}"
        told += _until([(each.start, each.until) for each in together])
    if one.blocked:
        told += f" ({'; '.join(_blocked(together, index, names) for index in range(len(one.blocked)))})"
    if one.contact:
        told += f"; ask {names.person(one.contact)}"
    if one.alternatives:
        told += f"; free then: {', '.join(names.room(room) for room in one.alternatives)}"
    return told


def _blocked(together: Sequence[RoomProblem], index: int, names: Names) -> str:
    one = together[0].blocked[index]
    why = one.reason or _holder(one.holder, names, alone=len(together) == 1)
    return f"{names.room(one.room)}: {why}" + _until([(each.start, each.blocked[index].until) for each in together])


def _holder(holder: str, names: Names, *, alone: bool) -> str:
    return names.person(holder if alone else _meeting(holder)) or "somebody"


def _until(times: Sequence[tuple[datetime, datetime | None]]) -> str:
    """Return until when a room is taken: once where that is the same hour of each day, else with the dates."""
    known = [(start, until.astimezone(start.tzinfo)) for start, until in times if until is not None]
    if not known:
        return ""
    ends = [clock(until) if until.date() == start.date() else f"{day(until)} {clock(until)}" for start, until in known]
    if len({*ends}) == 1 and (len(known) == 1 or all(until.date() == start.date() for start, until in known)):
        return f" until {ends[0]}"
    listed = ", ".join(f"{day(start)} until {end}" for (start, _), end in list(zip(known, ends, strict=True))[:_LISTED])
    more = f" and {len(ends) - _LISTED} more" if len(ends) > _LISTED else ""
    return f", {listed}{more}"


def told_pending(pending: Iterable[Pending], names: Names) -> Iterator[tuple[str, str]]:
    """Yield for each room that asks for approvals its name, and which occurrences wait for one, or will."""
    ordered = sorted(pending, key=lambda one: (one.room, not one.booked, one.start.timestamp()))
    for (room, booked), run in groupby(ordered, key=lambda one: (one.room, one.booked)):
        together = list(run)
        dates = ", ".join(f"{one.address.partition('@')[0]} {day(one.start)}" for one in together[:_LISTED])
        more = f" and {len(together) - _LISTED} more" if len(together) > _LISTED else ""
        verb = "waits for approval" if booked else "will ask for approval"
        yield names.room(room), f"{verb} for {counted(len(together), 'occurrence')}: {dates}{more}"
