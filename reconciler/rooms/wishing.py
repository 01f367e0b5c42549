"""What of the wanted is a wish for any of several rooms, who else has them, and back: the rooms that were found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.diff.compare import held_rooms, wanted_rooms, yielding
from reconciler.diff.pairing import paired
from reconciler.diff.sharing import ahead
from reconciler.model.native import follows, times
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Event, Key, Occurrence, RoomStatus
from reconciler.model.room import BUSY_LONGEST
from reconciler.rooms.pools.problem import Calendar, Taken, Wish, possible

SPARES = 2  # further rooms for each wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """All wishes, by start, and the rooms that others of ours have or will have: none of these moves for a wish.

    `certain` are the rooms that a wish holds already, at the very time. `organizers` says in whose name it is booked.
    `declined` are the rooms that an occurrence wants, named or of its pool, and was refused at the very time.
    """

    wishes: tuple[Wish, ...] = ()
    taken: tuple[Taken, ...] = ()
    certain: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    organizers: Mapping[Key, str] = field(default_factory=dict)
    declined: Mapping[Key, frozenset[str]] = field(default_factory=dict)

    @property
    def needy(self) -> frozenset[Key]:
        """Return the wishes that don't have, or can't keep, all they want."""
        calendar = Calendar(self.taken)
        return frozenset(
            wish.key for wish in self.wishes if len(possible(wish, calendar).held & self.certain[wish.key]) < wish.count
        )


def gather(
    wanted: Iterable[Occurrence],
    seen: Observation,
    *,
    now: datetime,
    until: datetime,
    is_meant: Callable[[str], bool] = lambda _meeting: True,
) -> Wishes:
    """Return the wishes of what is booked, or is to be booked before `until`.

    Of meetings that are not meant, or could not be read, all stays as it is.
    """
    wishes: list[tuple[Wish, frozenset[str], str]] = []
    taken: list[Taken] = []
    declined: dict[Key, frozenset[str]] = {}
    left = set(seen.occurrences)
    for meeting, pairs in paired(wanted, seen, now=now).items():
        if meeting in seen.unresolved or not is_meant(meeting):
            continue
        early = ahead(pairs)
        for want, have in pairs:
            if have is not None:
                left.discard(have.key)
            if want is None:
                taken += _left_alone(have)
            elif have is not None or want.start < until or want.key in early:
                wish = _wish(want, have)
                declined[want.key] = _declined(want, have)
                wishes += [] if wish is None else [wish]
                taken += [] if wish is not None else _fixed(want, have)
    taken += [one for key in sorted(left) for one in _as_it_is(seen.occurrences[key])]
    wishes.sort(key=lambda one: (one[0].start, one[0].key))
    return Wishes(
        wishes=tuple(wish for wish, _, _ in wishes),
        taken=tuple(taken),
        certain={wish.key: certain for wish, certain, _ in wishes},
        organizers={wish.key: organizer for wish, _, organizer in wishes},
        declined={key: rooms for key, rooms in declined.items() if rooms},
    )


def _wish(want: Occurrence, have: Observed | None) -> tuple[Wish, frozenset[str], str] | None:
    if want.pool is None:
        return None
    event = have.event if have is not None else None
    if event is None:
        wish = Wish(key=want.key, start=want.start, end=want.end, rooms=want.pool.rooms, count=want.pool.count)
        return wish, frozenset(), want.organizer
    if "rooms" in want.ignore or have is None:
        return None
    want = yielding(want, have)
    assert want.pool is not None  # noqa: S101  # what it yields in is another field
    declined = _declined(want, have)
    rooms = tuple(sorted(want.pool.rooms, key=lambda room: room in declined))  # those are the last to try again
    held = held_rooms(event) & frozenset(rooms)
    wish = Wish(key=want.key, start=want.start, end=want.end, rooms=rooms, count=want.pool.count, held=held)
    return wish, held if _stays(want, event) else frozenset(), want.organizer


def _declined(want: Occurrence, have: Observed | None) -> frozenset[str]:
    """Return the rooms that `want` would have and that were refused to it as it stands: same time, same organiser.

    DingTalk tells two things by one word: that somebody said no, and that the event lost the room when it moved.
    """
    event = have.event if have is not None else None
    if event is None or have is None or "rooms" in want.ignore or not _stays(yielding(want, have), event):
        return frozenset()
    rooms = want.pool.rooms if want.pool is not None else want.rooms or ()
    return frozenset(one.room_id for one in event.rooms if one.status is RoomStatus.DECLINED) & frozenset(rooms)


def _stays(want: Occurrence, event: Event) -> bool:
    if want.recurrence is not None or event.recurrence is not None:
        return event.organizer == want.organizer and follows(want, event)
    return (event.start, event.end, event.organizer) == (want.start, want.end, want.organizer)


def without(wanted: Iterable[Occurrence], refused: Collection[tuple[Key, str]]) -> tuple[Occurrence, ...]:
    """Return `wanted` without the named rooms that were `refused` to an occurrence by a person: nobody asks again."""
    keys = {key for key, _ in refused}
    return tuple(
        one
        if one.rooms is None or one.key not in keys
        else replace(one, rooms=tuple(room for room in one.rooms if (one.key, room) not in refused))
        for one in wanted
    )


def _fixed(want: Occurrence, have: Observed | None) -> Iterator[Taken]:
    event = have.event if have is not None else None
    last = have.applied if have is not None else None
    if have is not None:
        want = yielding(want, have)
    dates = times(want, within=BUSY_LONGEST)
    for room in sorted(wanted_rooms(want, event, last)):
        for start, end in dates:
            yield Taken(room=room, start=start, end=end, holder=str(want.key))


def _left_alone(have: Observed | None) -> Iterator[Taken]:
    """Yield the rooms of what is wanted no more and will stay all the same."""
    last = have.applied if have is not None else None
    if have is not None and (have.adopting or (last is not None and last.protect)):
        yield from _as_it_is(have)


def _as_it_is(have: Observed) -> Iterator[Taken]:
    if have.event is not None:
        for room in sorted(held_rooms(have.event)):
            yield Taken(room=room, start=have.event.start, end=have.event.end, holder=str(have.key))


def events_of(seen: Observation) -> frozenset[str]:
    """Return the ids of all events of ours, so that free/busy tells only of others.

    A recurring event is none of them: free/busy alone tells of all its dates.
    """
    all_of_them = (*seen.occurrences.values(), *seen.duplicates)
    return frozenset(one.event.id for one in all_of_them if one.event is not None and not one.event.recurring)


def settled(wanted: Iterable[Occurrence], rooms: Mapping[Key, tuple[str, ...]]) -> tuple[Occurrence, ...]:
    """Return `wanted` with the rooms that were found; where none were looked for, rooms are not managed."""
    return tuple(one if one.pool is None else replace(one, pool=None, rooms=rooms.get(one.key)) for one in wanted)


def as_applied(wanted: Iterable[Occurrence], observed: Mapping[Key, Observed]) -> tuple[Occurrence, ...]:
    """Return `wanted` with the rooms that were last assigned, as far as that is remembered. Nothing is looked for."""
    found: dict[Key, tuple[str, ...]] = {}
    for one in wanted:
        have = observed.get(one.key)
        last = have.applied if have is not None else None
        if one.pool is None or have is None:
            continue
        if last is not None and last.rooms is not None:
            found[one.key] = last.rooms
        elif have.event is not None:
            found[one.key] = tuple(sorted(held_rooms(have.event)))
    return settled(wanted, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A wish that got fewer rooms than it wants: `missing` of them, and for each room in question who has it.

    `declined` are those of them that somebody has refused to it.
    """

    key: Key
    start: datetime
    end: datetime
    missing: int
    blocked: tuple[tuple[str, Taken | None], ...] = ()  # None: it was refused, or its own rules forbid it
    declined: frozenset[str] = frozenset()


def shortages(
    wishes: Iterable[Wish],
    rooms: Mapping[Key, tuple[str, ...]],
    taken: Iterable[Taken],
    declined: Mapping[Key, frozenset[str]],
) -> tuple[Shortage, ...]:
    """Return what could not be placed, and why. `wishes` have all rooms they ever wanted, `taken` includes `rooms`."""
    calendar = Calendar(taken)
    found = []
    for wish in wishes:
        missing = wish.count - len(rooms[wish.key])
        if missing:
            blocked = tuple(
                (room, next(calendar.during(room, wish.start, wish.end), None))
                for room in wish.rooms
                if room not in rooms[wish.key]
            )
            short = Shortage(key=wish.key, start=wish.start, end=wish.end, missing=missing, blocked=blocked)
            found.append(replace(short, declined=declined.get(wish.key, frozenset())))
    return tuple(found)


def spares(
    wishes: Iterable[Wish], rooms: Mapping[Key, tuple[str, ...]], taken: Iterable[Taken]
) -> Mapping[Key, tuple[str, ...]]:
    """Return for each wish the rooms that nobody has then, the best first: what else could be booked.

    A room is told to one wish alone at a time, so that two that look for another don't meet there; and of a
    few to each, so that something is left for the next.
    """
    told: dict[str, list[Taken]] = defaultdict(list)
    calendar = Calendar(taken)
    found: dict[Key, tuple[str, ...]] = {}
    for wish in wishes:
        free = [room for room in wish.rooms if room not in rooms[wish.key]]
        free = [room for room in free if calendar.is_free(room, wish.start, wish.end)]
        free = [room for room in free if Calendar(told[room]).is_free(room, wish.start, wish.end)]
        for room in free[:SPARES]:
            told[room].append(Taken(room=room, start=wish.start, end=wish.end))
        found[wish.key] = tuple(free[:SPARES])
    return found
