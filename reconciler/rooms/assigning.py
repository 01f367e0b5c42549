"""Who gets which room, over all meetings of a run. Reads what that takes, no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.model.observed import Observation
from reconciler.model.occurrence import Key, Occurrence, Pool
from reconciler.rooms.bookings import Booking
from reconciler.rooms.foresight import others
from reconciler.rooms.freebusy import Span
from reconciler.rooms.pools import greedy
from reconciler.rooms.pools.assign import assign, has_solver
from reconciler.rooms.pools.problem import Assignment, Calendar, Taken, Wish, parts, possible
from reconciler.rooms.reads import RoomReads
from reconciler.rooms.rules import Details, refusal
from reconciler.rooms.wishing import Shortage, Wishes, events_of, gather, settled, shortages, spares, without

ROUNDS = 6  # how often rooms are looked for anew because one turns out to refuse


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
    found, refused = _assigned(wishes, taken, refused, reads if rules else None, now)
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


def _assigned(
    wishes: Wishes,
    taken: Sequence[Taken],
    refused: Mapping[tuple[Key, str], str],
    reads: RoomReads | None,
    now: datetime,
) -> tuple[Assignment, dict[tuple[Key, str], str]]:
    """Return who gets which room, and all that is `refused`: the rules of what is given are asked for, by `reads`."""
    known = dict(refused)
    found = Assignment()
    for _ in range(ROUNDS):
        found = assign(_possible(wishes, taken, known))
        new = [
            (wish, room)
            for wish in wishes.wishes
            for room in found.rooms[wish.key]
            if room not in wishes.certain[wish.key]
        ]
        if reads is None or not new:
            break
        more = dict(_refused(wishes, new, reads.details(room for _, room in new), now))
        if more.keys() <= known.keys():
            break
        known |= more
    return found, known


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
            "  `pip install ortools` finds the best"
        )
    else:
        yield "rooms of pools: the best choice was not found in the time there is for it; what was found is planned"
