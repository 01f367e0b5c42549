"""What will come of the bookings of a plan: which of them DingTalk will refuse, why, and what is free instead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.config.model import Room
from reconciler.config.pools import is_at
from reconciler.diff.change import Action, Change
from reconciler.diff.compare import held_rooms
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Busy, Event, Key, Occurrence, RoomStatus
from reconciler.plan.operations import Call, Plan, PlannedChange, RoomProblem
from reconciler.rooms.bookings import Booking, booking_of, bookings
from reconciler.rooms.pools.problem import Calendar, Taken
from reconciler.rooms.rules import Details, refusal

ALTERNATIVES = 3  # free rooms that are told


def ours(plan: Plan, refused: Collection[str] = ()) -> tuple[tuple[Taken, ...], frozenset[str]]:
    """Return who of ours will have which room once the plan is applied, and the ids of the events that are known by it.

    What the plan frees (a release, a deletion, a move) is not there any more; but a release that waits for a booking
    comes to nothing where that is at one of the addresses `refused`.
    """
    taken = [
        Taken(room=span.room, start=span.start, end=span.end, holder=one.address)
        for one in bookings(plan)
        for span in one.spans
    ]
    for planned in plan.changes:
        event = planned.change.event
        if event is not None and not planned.moves and not planned.change.replaces:
            kept = planned.kept_rooms - {*planned.rooms_of(Call.ROOMS_BOOK)}
            if planned.change.address in refused:
                kept |= _not_let_go(planned)
            taken += _taken(event, kept, planned.change.address)
    for want, have in plan.unchanged:
        if have.event is not None:
            taken += _taken(have.event, held_rooms(have.event), str(want.key))
    return tuple(taken), frozenset(_known(plan))


def _not_let_go(planned: PlannedChange) -> frozenset[str]:
    """Return the rooms that an event is to release only once it has others."""
    books = {one.id for one in planned.operations if one.call is Call.ROOMS_BOOK}
    waiting = (one for one in planned.operations if one.call is Call.ROOMS_RELEASE and not books.isdisjoint(one.needs))
    return frozenset(room for one in waiting for room in one.rooms)


def _known(plan: Plan) -> Iterator[str]:
    """Yield the ids of the events of which all dates are known; of a recurring one only if it goes, or moves."""
    for planned in plan.changes:
        event = planned.change.event
        gone = planned.change.action is Action.CANCEL or planned.change.replaces or planned.moves
        if event is not None and (gone or not event.recurring):
            yield event.id
    for _, have in plan.unchanged:
        if have.event is not None and not have.event.recurring:
            yield have.event.id


def _taken(event: Event, rooms: frozenset[str], holder: str) -> Iterator[Taken]:
    for room in sorted(rooms):
        yield Taken(room=room, start=event.start, end=event.end, holder=holder)


def let_go(plan: Plan, refused: Collection[str] = ()) -> frozenset[tuple[str, str | datetime]]:
    """Return what a plan frees of recurring events that stay: by their ids rooms, and starts of dates that go.

    What waits for a booking at one of the addresses `refused` is not freed.
    """
    found: set[tuple[str, str | datetime]] = set()
    for planned in plan.changes:
        event = planned.change.event
        if event is None or not event.recurring:
            continue
        kept = _not_let_go(planned) if planned.change.address in refused else frozenset()
        found |= {(event.id, room) for room in {*planned.rooms_of(Call.ROOMS_RELEASE)} - kept}
        gone = [one.instance for one in planned.operations if one.instance is not None]
        found |= {(name, one.start) for one in gone for name in (event.id, one.id) if name}
    return frozenset(found)


def others(
    busy: Iterable[Busy], known: frozenset[str], freed: frozenset[tuple[str, str | datetime]] = frozenset()
) -> Iterator[Taken]:
    """Yield what free/busy tells of events that are not `known`, but for what is `freed` of them: see `let_go`."""
    for one in busy:
        if one.event_id not in known and freed.isdisjoint({(one.event_id, one.room_id), (one.event_id, one.start)}):
            yield Taken(room=one.room_id, start=one.start, end=one.end, holder=one.organizer)


def conflicts(found: Iterable[Booking], calendar: Calendar) -> Iterator[RoomProblem]:
    """Yield the bookings of rooms that somebody else has in `calendar`."""
    for one in found:
        met = ((span, took) for span in one.spans for took in calendar.during(span.room, span.start, span.end))
        span, other = next(((span, took) for span, took in met if not _is_own(took, one)), (None, None))
        if span is not None and other is not None:
            problem = _problem(one, "taken", "is taken")
            yield replace(problem, start=span.start, end=span.end, holder=other.holder, until=other.end)


def _is_own(took: Taken, one: Booking) -> bool:
    """Return whether a room is with who books it. A date that left a series is no longer one of the series'."""
    if took.holder == one.address:
        return True
    (meeting, _, date), (other, _, its) = one.address.partition("@"), took.holder.partition("@")
    return meeting == other and "+" in {date[-1:], its[-1:]}


def refusals(found: Iterable[Booking], details: Details, now: datetime) -> Iterator[RoomProblem]:
    """Yield what the rooms' own rules will refuse, as far as `details` tells."""
    for one in found:
        if one.room in details:
            told = refusal(one, details[one.room], now)
            if told is not None:
                detail = details[one.room]
                contact = detail.contact if detail is not None else ""
                yield replace(_problem(one, *told), contact=contact)


def _problem(one: Booking, code: str, message: str) -> RoomProblem:
    return RoomProblem(address=one.address, start=one.start, end=one.end, room=one.room, code=code, message=message)


def candidates(one: Booking, rooms: Mapping[str, Room]) -> tuple[str, ...]:
    """Return the ids of further rooms that would do for a booking: large enough, with the same tags; the best first.

    The same location is better, then the smaller room. `rooms` are those of the config, by alias.
    """
    by_id = {room.id: room for room in rooms.values()}
    like = by_id.get(one.room)
    tags = {*(one.tags if like is None else like.tags)}
    location = one.location if like is None else like.location or ""
    needed = one.people if one.seats is None else one.seats

    def fits(room: Room) -> bool:
        seats = needed is None or (room.capacity is not None and room.capacity >= needed)
        return seats and tags <= set(room.tags) and room.id != one.room and room.id not in one.rooms

    found = [room for room in rooms.values() if fits(room)]
    found.sort(key=lambda room: (not is_at(room, location), room.capacity is None, room.capacity or 0, room.alias))
    return tuple(room.id for room in found)


def with_alternatives(
    problem: RoomProblem, one: Booking, rooms: Sequence[str], *, calendar: Calendar, details: Details, now: datetime
) -> RoomProblem:
    """Return `problem` with the first three of `rooms` that are free then, and that no rule of theirs forbids."""
    free = [
        room
        for room in rooms
        if all(calendar.is_free(room, span.start, span.end) for span in one.spans)
        and (room not in details or refusal(replace(one, room=room), details[room], now) is None)
    ]
    return replace(problem, alternatives=tuple(free[:ALTERNATIVES]))


class Sequel(StrEnum):
    """What comes of a room that was declined."""

    AGAIN = ", and is asked for again"
    GIVEN_UP = ", and is not asked for again until the booking changes"
    REPLACED = ", and another is booked instead"
    NOTHING = ""  # the pool has no other, which is told of the pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A room that was refused to an occurrence that (still) wants it, as the booking that it would be."""

    booking: Booking
    sequel: Sequel


def declined(found: Iterable[Declined], details: Details) -> Iterator[RoomProblem]:
    """Yield what was refused, in words. A room that needs no approval was refused by nobody: the event lost it."""
    for one in found:
        detail = details.get(one.booking.room)
        was = "was lost" if detail is not None and detail.approval is False else "was declined"
        problem = _problem(one.booking, "declined", was + one.sequel)
        yield replace(problem, contact=detail.contact if detail is not None else "")


def declined_bookings(
    plan: Plan, refused: Collection[tuple[Key, str]], *, pools: Collection[Key], short: Collection[Key]
) -> tuple[Declined, ...]:
    """Return the rooms of what is seen that were refused; for those in `refused` nobody asks again.

    Of the occurrences that take rooms of `pools` those that are `short` get no other.
    """
    found: dict[tuple[Key, str], Declined] = {}
    for want, have in _wanting(plan):
        last = have.applied
        for room in have.event.rooms if have.event is not None else ():
            place = want.key, room.room_id
            had = last is not None and room.room_id in (last.rooms or ())
            if room.status is not RoomStatus.DECLINED:
                continue
            if room.room_id in (want.rooms or ()):
                sequel = Sequel.AGAIN
            elif want.key in short and (had or place in refused):
                sequel = Sequel.NOTHING
            elif want.key in pools and had:
                sequel = Sequel.REPLACED
            elif want.key not in pools and place in refused:
                sequel = Sequel.GIVEN_UP
            else:
                continue
            found[place] = Declined(booking=booking_of(want, room.room_id), sequel=sequel)
    return tuple(found.values())


def _wanting(plan: Plan) -> Iterator[tuple[Occurrence, Observed]]:
    for planned in plan.changes:
        change: Change = planned.change
        if change.after is not None and change.before is not None:
            yield change.after, change.before
    yield from plan.unchanged
