"""What will come of the bookings of a plan: asks what that takes, and finds what stands in for those that fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.config.model import Config
from reconciler.config.pools import pool_of
from reconciler.diff.compare import held_rooms
from reconciler.model.occurrence import Busy, Key
from reconciler.plan.operations import NO_ROOM, Blocked, Call, Operation, Plan, PlannedChange, PlannedPool, RoomProblem
from reconciler.rooms.approval import awaited
from reconciler.rooms.assigning import Rooming
from reconciler.rooms.bookings import Booking, bookings
from reconciler.rooms.foresight import (
    Declined,
    Sequel,
    candidates,
    conflicts,
    declined,
    declined_bookings,
    let_go,
    others,
    ours,
    refusals,
    with_alternatives,
)
from reconciler.rooms.pools.problem import Calendar, Taken
from reconciler.rooms.reads import RoomReads
from reconciler.rooms.wishing import Shortage

LOOKED_AT = 10  # rooms that are asked for in place of one that can't be had


def with_pools(plan: Plan, rooming: Rooming, config: Config) -> Plan:
    """Return `plan` with the pools of those that book, or take rooms along, and with what else could be booked."""

    def pooled(one: PlannedChange) -> PlannedChange:
        after = one.change.after
        pool = rooming.pools.get(after.key) if after is not None else None
        if after is None or pool is None or not _may_miss(one.operations):
            return one
        bears = config.meetings[after.key.meeting].max_conflicts
        planned = PlannedPool(rooms=pool.rooms, count=pool.count, max_conflicts=bears)
        return replace(one, spares=rooming.spares.get(after.key, ()), pool=planned)

    return replace(plan, changes=tuple(pooled(one) for one in plan.changes))


def _may_miss(operations: Iterable[Operation]) -> bool:
    return any(one.call in {Call.ROOMS_BOOK, Call.EVENT_UPDATE} for one in operations)


def foresee(
    config: Config,
    plan: Plan,
    rooming: Rooming,
    reads: RoomReads | None,
    *,
    now: datetime,
) -> Plan:
    """Return `plan` with the problems that its bookings will meet, and who waits for an approval.

    `rooming` says what its pools could not give, and what rules forbid and people have refused. Without `reads` only
    what is known anyway is told.
    """
    found, missing = bookings(plan), rooming.shortages
    if reads is None or not (found or missing or rooming.declined):
        problems = [*_foreseen_of(plan, found, (), ()).told, *_no_room(missing, config, rooming.refused)]
        return replace(
            plan, problems=_sorted(problems), pending=awaited(plan, reads.remembered() if reads is not None else {})
        )
    also = [room for one in found for room in candidates(one, config.rooms)]
    busy = reads.busy([span for one in found for span in one.spans], tuple(dict.fromkeys(also)))
    short = frozenset(one.key for one in missing)
    refused = declined_bookings(plan, rooming.declined, pools=rooming.pools, short=short)
    details = reads.details([*(one.booking.room for one in refused), *(one.room for one in found)])
    foreseen = _foreseen_of(plan, found, busy, tuple(refusals(found, details, now)))
    told = [*foreseen.told, *declined(refused, details)]
    by_place = {(one.address, one.room): one for one in (*_without_another(refused), *found)}
    for one in missing:
        by_place[str(one.key), ""] = _as_booking(one, plan, config)
    told += _no_room(missing, config, rooming.refused)
    problems = _with_alternatives(config, told, by_place=by_place, foreseen=foreseen, reads=reads, now=now)
    return replace(plan, problems=_sorted(problems), pending=awaited(plan, reads.remembered()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foreseen:
    """What will have come of a plan: who of ours has which room, which events are known by it, and what is amiss.

    `freed` is what it frees of events that are not: see `let_go`.
    """

    own: tuple[Taken, ...]
    known: frozenset[str]
    freed: frozenset[tuple[str, str | datetime]]
    told: tuple[RoomProblem, ...]


def _foreseen_of(
    plan: Plan, found: Sequence[Booking], busy: Sequence[Busy], refused: tuple[RoomProblem, ...]
) -> _Foreseen:
    """Return what comes of the bookings `found` where some will be `refused`, and others are `busy` with rooms.

    Who gets no room lets go of none for it, so that those who wait for it get none either.
    """
    stuck: frozenset[str] = frozenset()
    while True:
        (own, known), freed = ours(plan, stuck), let_go(plan, stuck)
        told = (*conflicts(found, Calendar((*own, *others(busy, known, freed)))), *refused)
        more = stuck | {one.address for one in told}
        if more == stuck:
            return _Foreseen(own=own, known=known, freed=freed, told=told)
        stuck = more


def refused_by_rules(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return the bookings, as addresses and rooms, that a rule of the room will refuse: whoever has it now."""
    others_ = {"taken", "declined"}
    return frozenset((one.address, one.room) for one in plan.problems if one.room and one.code not in others_)


def with_halted(plan: Plan, first: Plan, swaps: Iterable[frozenset[str]]) -> Plan:
    """Return `plan`, which leaves `swaps` alone, with why it does: what `first`, which has them, foresees of each.

    These are errors: what the config asks for is not done, and no later run will do it.
    """
    problems = [*plan.problems]
    refused = refused_by_rules(first)
    for swap in swaps:
        members = [one for one in first.changes if one.change.address in swap]
        for one in members:
            after, event = one.change.after, one.change.event
            if after is None or event is None:
                continue
            told = [p for p in first.problems if p.address == str(after.key) and (p.address, p.room) in refused]
            problems += [
                replace(problem, message=f"{problem.message}; everybody in its swap keeps their rooms", is_error=True)
                for problem in told
            ]
            booked = sorted(set(after.rooms or ()) - held_rooms(event)) if not told else []
            problems += [
                RoomProblem(
                    address=str(after.key),
                    start=after.start,
                    end=after.end,
                    room=room,
                    code="halted",
                    message="stays where it is: its swap with others can't be done",
                    is_error=True,
                )
                for room in booked
            ]
    return replace(plan, problems=_sorted(problems))


def _without_another(refused: Iterable[Declined]) -> Iterator[Booking]:
    for one in refused:
        if one.sequel in {Sequel.AGAIN, Sequel.GIVEN_UP}:
            yield one.booking


def _sorted(problems: Iterable[RoomProblem]) -> tuple[RoomProblem, ...]:
    first: dict[tuple[str, str], RoomProblem] = {}
    for one in problems:
        first.setdefault((one.address, one.room), one)
    return tuple(sorted(first.values(), key=lambda one: (one.start.timestamp(), one.address, one.room)))


def _as_booking(one: Shortage, plan: Plan, config: Config) -> Booking:
    """Return a wish without a room as a booking of no room, for which others may be looked for."""
    wants = [planned.change.after for planned in plan.changes] + [want for want, _ in plan.unchanged]
    want = next((want for want in wants if want is not None and want.key == one.key), None)
    pool, seats = pool_of(config.meetings[one.key.meeting], one.key.original)
    return Booking(
        address=str(one.key),
        organizer=want.organizer if want is not None else "",
        room="",
        start=one.start,
        end=one.end,
        people=None if want is None or want.attendees is None else len(want.attendees) + 1,
        rooms=frozenset(room for room, _ in one.blocked) | frozenset(want.rooms or () if want is not None else ()),
        tags=pool.tags if pool is not None else (),
        location=pool.location if pool is not None else "",
        seats=seats,
    )


def _with_alternatives(
    config: Config,
    told: Sequence[RoomProblem],
    *,
    by_place: Mapping[tuple[str, str], Booking],
    foreseen: _Foreseen,
    reads: RoomReads,
    now: datetime,
) -> list[RoomProblem]:
    wanted = {
        place: candidates(by_place[place], config.rooms)[:LOOKED_AT]
        for one in told
        if (place := (one.address, one.room)) in by_place
    }
    spans = [
        replace(span, room=room) for place, rooms in wanted.items() for room in rooms for span in by_place[place].spans
    ]
    calendar = Calendar((*foreseen.own, *others(reads.busy(spans), foreseen.known, foreseen.freed)))
    found = []
    for one in told:
        place = one.address, one.room
        if place not in wanted:
            found.append(one)
            continue
        booking = by_place[place]
        rooms = [
            room for room in wanted[place] if all(reads.is_known(replace(span, room=room)) for span in booking.spans)
        ]
        found.append(with_alternatives(one, booking, rooms, calendar=calendar, details=reads.remembered(), now=now))
    return found


def _no_room(missing: Sequence[Shortage], config: Config, refused: Mapping[tuple[Key, str], str]) -> list[RoomProblem]:
    """Return what pools could not give; more of a meeting than it bears are errors."""
    many = Counter(one.key.meeting for one in missing)
    return [
        RoomProblem(
            address=str(one.key),
            start=one.start,
            end=one.end,
            room="",
            code=NO_ROOM,
            message=f"{f'{one.missing} rooms are' if one.missing > 1 else 'a room is'} missing; the pool has none free",
            is_error=many[one.key.meeting] > config.meetings[one.key.meeting].max_conflicts,
            blocked=tuple(_blocked(one, refused)),
        )
        for one in missing
    ]


def _blocked(one: Shortage, refused: Mapping[tuple[Key, str], str]) -> Iterator[Blocked]:
    for room, other in one.blocked:
        if other is not None:
            yield Blocked(room=room, holder=other.holder, until=other.end)
        else:
            yield Blocked(
                room=room, reason=refused.get((one.key, room)) or ("declined" if room in one.declined else "refuses")
            )
