"""What will come of the rooms of a plan, in words: who has them, which rule forbids, what is free instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from reconciler.operations import Pending, RoomProblem
from reconciler.report.lines import counted
from reconciler.report.names import Names
from reconciler.report.times import clock, day

_LISTED = 5  # of a run of rooms that wait


def told_problems(problems: Iterable[RoomProblem], names: Names) -> Iterator[tuple[bool, str, str]]:
    """Yield whether it is an error, the meeting, and what its room will come to; what is alike in a row at once."""

    def alike(one: RoomProblem) -> tuple[object, ...]:
        meeting = one.address.partition("@")[0]
        return meeting, one.room, one.code, one.message, one.holder, one.alternatives, one.is_error

    ordered = sorted(problems, key=lambda one: (one.address.partition("@")[0], one.room, one.start.timestamp()))
    for _, run in groupby(ordered, key=alike):
        together = list(run)
        first, last = together[0], together[-1]
        when = f"{day(first.start)} {clock(first.start)}"
        if len(together) > 1:
            when = f"{len(together)} occurrences from {day(first.start)} to {day(last.start)}"
        yield (
            first.is_error,
            first.address.partition("@")[0],
            f"{when}: {_what(first, names, alone=len(together) == 1)}",
        )


def _what(one: RoomProblem, names: Names, *, alone: bool) -> str:
    told = f"room {names.room(one.room)} {one.message}" if one.room else one.message
    if one.holder:
        told = f"room {names.room(one.room)} is held by {names.person(one.holder)}"
        if one.until is not None and alone:
            until = one.until.astimezone(one.start.tzinfo)
            told += f" until {clock(until) if until.date() == one.start.date() else f'{day(until)} {clock(until)}'}"
    if one.contact:
        told += f"; ask {names.person(one.contact)}"
    if one.alternatives:
        told += f"; free then: {', '.join(names.room(room) for room in one.alternatives)}"
    return told


def told_pending(pending: Iterable[Pending], names: Names) -> Iterator[tuple[str, str]]:
    """Yield for each room that asks for approvals its name, and which occurrences wait for one, or will."""
    ordered = sorted(pending, key=lambda one: (one.room, not one.booked, one.start.timestamp()))
    for (room, booked), run in groupby(ordered, key=lambda one: (one.room, one.booked)):
        together = list(run)
        dates = ", ".join(f"{one.address.partition('@')[0]} {day(one.start)}" for one in together[:_LISTED])
        more = f" and {len(together) - _LISTED} more" if len(together) > _LISTED else ""
        verb = "waits for approval" if booked else "will ask for approval"
        yield names.room(room), f"{verb} for {counted(len(together), 'occurrence')}: {dates}{more}"
