"""Order across occurrences: a booking waits for what frees its room; a cycle of swaps is broken at one place."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from graphlib import CycleError, TopologicalSorter

from reconciler.diff.change import Action
from reconciler.diff.compare import held_rooms
from reconciler.model.native import starts, times
from reconciler.plan.operations import Call, Operation, PlannedChange
from reconciler.schedule.zones import elapsed, later

_OF_ROOMS = frozenset({Call.ROOMS_BOOK, Call.ROOMS_RELEASE})
FAR = timedelta(days=366)  # how far ahead dates of a series are looked at
_OF_EVENTS = frozenset({Call.EVENT_CREATE, Call.EVENT_UPDATE, Call.EVENT_DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    """A room in an interval that `operation` frees or takes; `change` is the index of the occurrence."""

    room: str
    start: datetime
    end: datetime
    operation: str
    change: int


def ordered(changes: Sequence[PlannedChange], draw_id: Callable[[], str]) -> tuple[PlannedChange, ...]:
    """Return `changes` with the needs between them: every taking of a room waits for the freeing of that room.

    Swaps in a circle would wait for each other; each circle is broken where the occurrence is furthest away, by
    releasing its room early. `draw_id` gives ids for the calls that this may add.
    """
    work = list(changes)
    while True:
        needs = _waits(work)
        circle = _circle(work, needs)
        if not circle:
            return tuple(_with_needs(one, needs) for one in work)
        index = _furthest(work, circle)
        work[index] = _broken(work[index], circle, draw_id)


def halted(
    changes: Sequence[PlannedChange], refused: Collection[tuple[str, str]], draw_id: Callable[[], str]
) -> tuple[frozenset[str], ...]:
    """Return the swaps, each as the addresses that take part, in which somebody takes a room that will be refused.

    `refused` are addresses and ids of rooms. To open such a circle would only leave somebody without a room. Who moves
    lets go of its rooms before, whatever comes; it takes part if it does so for one of the circle. `changes` have no
    needs across yet.
    """
    work, found = [_letting_go_last(one) for one in changes], []
    while circle := _circle(work, _waits(work)):
        inside = [index for index, one in enumerate(work) if any(call.id in circle for call in one.operations)]
        calls = [(work[index].change.address, call) for index in inside for call in work[index].operations]
        calls = [(address, call) for address, call in calls if call.id in circle]
        taken = {(who, room) for who, call in calls if call.call is Call.ROOMS_BOOK for room in call.rooms}
        swaps = all(call.call in _OF_ROOMS for _, call in calls)
        if swaps and not taken.isdisjoint(refused):
            found.append(frozenset(work[index].change.address for index in inside))
            for index in inside:
                rest = tuple(call for call in work[index].operations if call.call not in _OF_ROOMS)
                work[index] = replace(work[index], operations=rest)
        else:
            index = _furthest(work, circle)
            work[index] = _broken(work[index], circle, draw_id)
    return tuple(found)


def _letting_go_last(planned: PlannedChange) -> PlannedChange:
    """Return `planned` as if an event that moves let go of its rooms only for those that it gets."""
    book = next((one.id for one in planned.operations if one.call is Call.ROOMS_BOOK), None)
    release = next((one.id for one in planned.operations if one.call is Call.ROOMS_RELEASE), None)
    if book is None or release is None or not planned.moves:
        return planned

    def turned(one: Operation) -> Operation:
        return replace(
            one, needs=(book,) if one.id == release else tuple(need for need in one.needs if need != release)
        )

    return replace(planned, operations=tuple(turned(one) for one in planned.operations))


def _waits(work: Sequence[PlannedChange]) -> dict[str, list[str]]:
    """Return for each call the calls of other changes that come first."""
    followers, makers, turns = _follow_cancellations(work), _follow_makers(work), _follow_turns(work)
    return {
        operation: [*across, *followers.get(operation, ()), *makers.get(operation, ()), *turns.get(operation, ())]
        for operation, across in _across(work).items()
    }


def _follow_cancellations(changes: Sequence[PlannedChange]) -> Mapping[str, list[str]]:
    """Return what creations wait for because they take the place of an occurrence that is cancelled first."""
    last = {
        one.change.address: one.operations[-1].id
        for one in changes
        if one.change.action is Action.CANCEL and one.operations
    }
    return {
        one.operations[0].id: [last[one.change.address]]
        for one in changes
        if one.change.action is Action.CREATE and one.change.address in last
    }


def _follow_makers(changes: Sequence[PlannedChange]) -> Mapping[str, list[str]]:
    """Return what events wait for whose conference another occurrence makes."""
    made = {
        one.change.address: operation.id
        for one in changes
        for operation in one.operations
        if operation.call is Call.CONFERENCE_CREATE
    }
    return {
        operation.id: [made[one.change.role.maker]]
        for one in changes
        if one.change.role is not None and one.change.role.maker not in {"", one.change.address}
        for operation in one.operations
        if operation.call in {Call.EVENT_CREATE, Call.EVENT_UPDATE} and one.change.role.maker in made
    }


def _follow_turns(changes: Sequence[PlannedChange]) -> Mapping[str, list[str]]:
    """Return what events wait for so that a series and single events never stand on the same day."""
    calls: dict[str, list[str]] = defaultdict(list)
    for one in changes:
        calls[one.change.address] += [operation.id for operation in one.operations if operation.call in _OF_EVENTS]
    return {
        operation.id: [
            before for address in one.change.follows for before in calls[address] if before not in _ids_of(one)
        ]
        for one in changes
        for operation in one.operations
        if operation.call in _OF_EVENTS
    }


def _ids_of(planned: PlannedChange) -> frozenset[str]:
    return frozenset(operation.id for operation in planned.operations)


def _across(changes: Sequence[PlannedChange]) -> dict[str, list[str]]:
    """Return for each call the calls of other occurrences that free a room it takes."""
    needs: dict[str, list[str]] = {operation.id: [] for one in changes for operation in one.operations}
    takes = [take for index, planned in enumerate(changes) for take in _takes(index, planned)]
    if not takes:
        return needs
    begin, end = min(take.start for take in takes), max(take.end for take in takes)
    freed: dict[str, list[_Hold]] = defaultdict(list)
    for index, planned in enumerate(changes):
        for hold in _frees(index, planned, after=begin, before=end):
            freed[hold.room].append(hold)
    for holds in freed.values():
        holds.sort(key=lambda hold: hold.start)
    longest = {room: max(hold.end - hold.start for hold in holds) for room, holds in freed.items()}
    begins = {room: [hold.start for hold in holds] for room, holds in freed.items()}
    for take in takes:
        if take.room not in freed:
            continue
        first = bisect_left(begins[take.room], take.start - longest[take.room])
        for hold in freed[take.room][first:]:
            if hold.start >= take.end:
                break
            if hold.end > take.start and hold.change != take.change and hold.operation not in needs[take.operation]:
                needs[take.operation].append(hold.operation)
    return needs


def _frees(index: int, planned: PlannedChange, *, after: datetime, before: datetime) -> Iterator[_Hold]:
    """Yield what this change lets go of: rooms released, rooms of an event deleted, old times of an event moved.

    Of a recurring event, at each of its dates from `after` to `before`, or at the one that is taken out.
    """
    have = planned.change.before
    if have is None or have.event is None:
        return
    event, held = have.event, held_rooms(have.event)
    length = elapsed(event.start, event.end)
    dates = [event.start]
    if event.recurrence is not None:
        dates = [*starts(event.recurrence, event.start, after=max(event.start, after - length), before=before)]
    released = {*planned.rooms_of(Call.ROOMS_RELEASE)}
    for operation in planned.operations:
        if operation.call is Call.EVENT_DELETE:
            rooms = held
        elif operation.call is Call.ROOMS_RELEASE:
            rooms = frozenset(operation.rooms)
        elif operation.call is Call.EVENT_UPDATE and {"time", "recurrence", "end"} & {*operation.parts}:
            rooms = held - released
        else:
            continue
        for start in dates if operation.instance is None else [operation.instance.start]:
            for room in rooms:
                yield _hold(room, start, later(start, length), operation, index)


def _hold(room: str, start: datetime, end: datetime, operation: Operation, change: int) -> _Hold:
    """Return a hold in UTC: clock times of one zone can't be compared where an hour comes twice."""
    span = start.astimezone(UTC), end.astimezone(UTC)
    return _Hold(room=room, start=span[0], end=span[1], operation=operation.id, change=change)


def _takes(index: int, planned: PlannedChange) -> Iterator[_Hold]:
    """Yield what this change comes to hold: rooms booked, and the kept rooms of an event that moves."""
    after = planned.change.after
    if after is None:
        return
    for operation in planned.operations:
        rooms: Iterable[str] = ()
        if operation.call is Call.ROOMS_BOOK:
            rooms = operation.rooms
        elif operation.call is Call.EVENT_UPDATE and "time" in operation.parts:
            rooms = planned.kept_rooms
        for room in rooms:
            for start, end in times(after, within=FAR):
                yield _hold(room, start, end, operation, index)


def _circle(changes: Sequence[PlannedChange], across: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the ids of calls that wait for each other in a circle, or none."""
    graph = {one.id: {*one.needs, *across[one.id]} for planned in changes for one in planned.operations}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return frozenset(error.args[1])
    return frozenset()


def _furthest(changes: Sequence[PlannedChange], circle: frozenset[str]) -> int:
    """Return the index of the change in `circle` that starts last: whoever loses a room for a moment has time."""
    inside = [index for index, one in enumerate(changes) if _knot(one, circle) is not None]
    return max(inside, key=lambda index: changes[index].change.start or datetime.min.replace(tzinfo=UTC))


def _knot(planned: PlannedChange, circle: frozenset[str]) -> Operation | None:
    """Return the call in `circle` at which this change can let go early: a release that waits, or else a move."""
    own = [one for one in planned.operations if one.id in circle]
    release = next((one for one in own if one.call is Call.ROOMS_RELEASE and one.needs), None)
    return release or next((one for one in own if one.call is Call.EVENT_UPDATE), None)


def _broken(planned: PlannedChange, circle: frozenset[str], draw_id: Callable[[], str]) -> PlannedChange:
    """Return `planned` with its rooms released early, so that it lets go before it takes."""
    knot = _knot(planned, circle)
    assert knot is not None  # noqa: S101  # it was chosen for having one
    if knot.call is Call.ROOMS_RELEASE:
        return _exchanged(planned, knot, replace(knot, needs=()))
    kept = tuple(sorted(planned.kept_rooms))
    early = Operation(id=draw_id(), call=Call.ROOMS_RELEASE, rooms=kept)
    again = Operation(id=draw_id(), call=Call.ROOMS_BOOK, needs=(knot.id,), rooms=kept)
    moved = _exchanged(planned, knot, replace(knot, needs=(*knot.needs, early.id)))
    return replace(moved, operations=(early, *moved.operations, again))


def _exchanged(planned: PlannedChange, old: Operation, new: Operation) -> PlannedChange:
    return replace(planned, operations=tuple(new if one is old else one for one in planned.operations))


def _with_needs(planned: PlannedChange, across: Mapping[str, Sequence[str]]) -> PlannedChange:
    operations = tuple(replace(one, needs=(*one.needs, *across[one.id])) for one in planned.operations)
    return replace(planned, operations=operations)
