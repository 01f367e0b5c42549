"""The rooms of a run: what pools give to whom, and what will come of the bookings. Reads what that takes, no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.approval import awaited
from reconciler.compare import held_rooms
from reconciler.config.model import Config
from reconciler.config.pools import pool_of
from reconciler.foresight import (
    Booking,
    Declined,
    Details,
    Sequel,
    bookings,
    candidates,
    conflicts,
    declined,
    declined_bookings,
    others,
    ours,
    refusal,
    refusals,
    with_alternatives,
)
from reconciler.freebusy import Span
from reconciler.models import Key, Occurrence, Pool
from reconciler.observed import Observation
from reconciler.operations import NO_ROOM, Blocked, Call, Operation, Plan, PlannedChange, PlannedPool, RoomProblem
from reconciler.pools import greedy
from reconciler.pools.assign import assign, has_solver
from reconciler.pools.problem import Assignment, Calendar, Taken, Wish, parts, possible
from reconciler.roomreads import RoomReads
from reconciler.wishing import Shortage, Wishes, events_of, gather, settled, shortages, spares, without

ROUNDS = 6  # how often rooms are looked for anew because one turns out to refuse
LOOKED_AT = 10  # rooms that are asked for in place of one that can't be had


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooming:
    """What was wanted with the rooms that pools give, what they could not give, and what else they could."""

    wanted: tuple[Occurrence, ...]
    shortages: tuple[Shortage, ...] = ()
    spares: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    declined: frozenset[tuple[Key, str]] = frozenset()  # what a person has refused: nobody asks again
    pools: Mapping[Key, Pool] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    refused: Mapping[tuple[Key, str], str] = field(default_factory=dict)  # by which rule a wish can't have a room


def assign_rooms(
    wanted: Iterable[Occurrence],
    seen: Observation,
    reads: RoomReads | None,
    *,
    now: datetime,
    until: datetime,
    is_meant: Callable[[str], bool],
    rules: bool = True,
) -> Rooming:
    """Return `wanted` with rooms for all who would take any of several.

    Where everybody keeps what they have nothing is asked. Without `reads` nobody is asked at all; without `rules` not
    for the rules of rooms.
    """
    wanted = tuple(wanted)
    wishes = gather(wanted, seen, now=now, until=until, is_meant=is_meant)
    declined = _declined(wishes, reads, rules=rules)
    wanted = without(wanted, declined)
    if not wishes.wishes:
        return Rooming(wanted=settled(wanted, {}), declined=declined)
    taken = (*wishes.taken, *_busy(wishes, seen, reads))
    refused = dict(_refused(wishes, _all(wishes), reads.remembered() if reads else {}, now))
    refused |= dict.fromkeys(declined, "declined")
    found = Assignment()
    for _ in range(ROUNDS):
        found = assign(_possible(wishes, taken, refused))
        new = [
            (wish, room)
            for wish in wishes.wishes
            for room in found.rooms[wish.key]
            if room not in wishes.certain[wish.key]
        ]
        if not rules or reads is None or not new:
            break
        more = dict(_refused(wishes, new, reads.details(room for _, room in new), now))
        if more.keys() <= refused.keys():
            break
        refused |= more
    own = [
        Taken(room=room, start=wish.start, end=wish.end, holder=str(wish.key))
        for wish in wishes.wishes
        for room in found.rooms[wish.key]
    ]
    everybody = (*taken, *own)
    left = [replace(one, rooms=tuple(r for r in one.rooms if (one.key, r) not in refused)) for one in wishes.wishes]
    knows_all = reads is not None and all(reads.is_known(Span(w.start, w.end, r)) for w in left for r in w.rooms)
    return Rooming(
        wanted=settled(wanted, found.rooms),
        shortages=shortages(wishes.wishes, found.rooms, everybody, wishes.declined),
        spares=spares(left, found.rooms, everybody) if knows_all else {},
        declined=declined,
        pools={one.key: one.pool for one in wanted if one.pool is not None},
        warnings=tuple(_about_solver(found)),
        refused=refused,
    )


def _declined(wishes: Wishes, reads: RoomReads | None, *, rules: bool) -> frozenset[tuple[Key, str]]:
    """Return what a person has refused. A room that needs no approval was lost by a move: it may be had again.

    So may one of which that is not known.
    """
    if reads is None or not wishes.declined:
        return frozenset()
    known = reads.details(room for of in wishes.declined.values() for room in of) if rules else reads.remembered()
    approved = {room for room, detail in known.items() if detail is not None and detail.approval}
    return frozenset((key, room) for key, of in wishes.declined.items() for room in of & approved)


def _all(wishes: Wishes) -> Iterator[tuple[Wish, str]]:
    for wish in wishes.wishes:
        for room in wish.rooms:
            if room not in wishes.certain[wish.key]:
                yield wish, room


def _busy(wishes: Wishes, seen: Observation, reads: RoomReads | None) -> tuple[Taken, ...]:
    """Return what other people have of the rooms in question, asked for where somebody has to look for a room."""
    needy = wishes.needy
    if not needy or reads is None:
        return ()
    ask = [wish for part in parts(wishes.wishes) for wish in part.wishes if needy & {one.key for one in part.wishes}]
    spans = [Span(wish.start, wish.end, room) for wish in ask for room in wish.rooms]
    return tuple(others(reads.busy(spans), events_of(seen)))


def _possible(wishes: Wishes, taken: Sequence[Taken], refused: Collection[tuple[Key, str]]) -> list[Wish]:
    fixed = len(wishes.taken)
    ours_, theirs = Calendar(taken[:fixed]), Calendar(taken[fixed:])
    found = []
    for wish in wishes.wishes:
        left = tuple(room for room in wish.rooms if (wish.key, room) not in refused)
        own = possible(replace(wish, rooms=left, held=wish.held & frozenset(left)), ours_)
        found.append(possible(own, theirs, sure=wishes.certain[wish.key]))
    return found


def _refused(
    wishes: Wishes, pairs: Iterable[tuple[Wish, str]], details: Details, now: datetime
) -> Iterator[tuple[tuple[Key, str], str]]:
    """Yield what the rules forbid, and the rule in words."""
    for wish, room in pairs:
        if room in details:
            one = Booking(
                address=str(wish.key),
                organizer=wishes.organizers[wish.key],
                room=room,
                start=wish.start,
                end=wish.end,
            )
            told = refusal(one, details[room], now)
            if told is not None:
                yield (wish.key, room), told[1].removeprefix("is ")


def _about_solver(found: Assignment) -> Iterator[str]:
    if greedy.NAME not in found.solver and found.proven:
        return
    if not has_solver():
        yield (
            "rooms of pools were chosen greedily, which is not always the best choice\n"
            "  pip install 'reconciler[solver]' finds the best"
        )
    else:
        yield "rooms of pools: the best choice was not found in the time there is for it; what was found is planned"


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
    own, known = ours(plan)
    if reads is None or not (found or missing or rooming.declined):
        problems = [*conflicts(found, Calendar(own)), *_no_room(missing, config, rooming.refused)]
        return replace(
            plan, problems=_sorted(problems), pending=awaited(plan, reads.remembered() if reads is not None else {})
        )
    also = [room for one in found for room in candidates(one, config.rooms)]
    busy = reads.busy([one.span for one in found], tuple(dict.fromkeys(also)))
    short = frozenset(one.key for one in missing)
    refused = declined_bookings(plan, rooming.declined, pools=rooming.pools, short=short)
    details = reads.details([*(one.booking.room for one in refused), *(one.room for one in found)])
    calendar = Calendar((*own, *others(busy, known)))
    told = [*conflicts(found, calendar), *refusals(found, details, now), *declined(refused, details)]
    by_place = {(one.address, one.room): one for one in (*_without_another(refused), *found)}
    for one in missing:
        by_place[str(one.key), ""] = _as_booking(one, plan, config)
    told += _no_room(missing, config, rooming.refused)
    problems = _with_alternatives(config, told, by_place=by_place, own=own, known=known, reads=reads, now=now)
    return replace(plan, problems=_sorted(problems), pending=awaited(plan, reads.remembered()))


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
            after, before = one.change.after, one.change.before
            event = before.event if before is not None else None
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
    own: Sequence[Taken],
    known: frozenset[str],
    reads: RoomReads,
    now: datetime,
) -> list[RoomProblem]:
    wanted = {
        place: candidates(by_place[place], config.rooms)[:LOOKED_AT]
        for one in told
        if (place := (one.address, one.room)) in by_place
    }
    spans = [
        Span(by_place[place].start, by_place[place].end, room) for place, rooms in wanted.items() for room in rooms
    ]
    calendar = Calendar((*own, *others(reads.busy(spans), known)))
    found = []
    for one in told:
        place = one.address, one.room
        if place not in wanted:
            found.append(one)
            continue
        booking = by_place[place]
        rooms = [room for room in wanted[place] if reads.is_known(Span(booking.start, booking.end, room))]
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
