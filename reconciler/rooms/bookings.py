"""The rooms that events are to hold: what a plan books, and what goes along with an event that moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.native import times
from reconciler.model.occurrence import Occurrence
from reconciler.model.room import BUSY_LONGEST
from reconciler.plan.operations import Call, Plan, PlannedChange
from reconciler.rooms.freebusy import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A room that an event is to hold, both ends aware. `people` come, None where nobody knows how many.

    Of a wish for any of several rooms `room` is "", and `tags`, `location` and `seats` say what it has to have; else
    that is what the room itself has. A recurring event is to hold it at all of its `times`, of which `start` and `end`
    are the first.
    """

    address: str
    organizer: str
    room: str
    start: datetime
    end: datetime
    people: int | None = None
    rooms: frozenset[str] = frozenset()  # all that the occurrence wants
    recurring: bool = False
    tags: tuple[str, ...] = ()
    location: str = ""
    seats: int | None = None  # None: one for each of `people`
    times: tuple[tuple[datetime, datetime], ...] = ()  # (): it has but one

    @property
    def spans(self) -> tuple[Span, ...]:
        """Return when the room is to be held, for each date."""
        return tuple(Span(start, end, self.room) for start, end in self.times or ((self.start, self.end),))


def bookings(plan: Plan) -> tuple[Booking, ...]:
    """Return every booking that applying the plan would make, also those that an event takes along when it moves."""
    return tuple(booking for planned in plan.changes for booking in _bookings(planned))


def _bookings(planned: PlannedChange) -> Iterator[Booking]:
    want = planned.change.after
    if want is None:
        return
    booked, again = planned.rooms_of(Call.ROOMS_BOOK), _booked_again(planned)
    taken_along = planned.kept_rooms - {*booked} if planned.moves else frozenset()
    for room in (*(one for one in booked if one not in again), *sorted(taken_along)):
        yield booking_of(want, room)


def _booked_again(planned: PlannedChange) -> frozenset[str]:
    """Return the rooms that a series lets go for a moment, to have them again on all dates that it then has."""
    if planned.change.after is None or planned.change.after.recurrence is None or planned.moves:
        return frozenset()
    return frozenset(planned.rooms_of(Call.ROOMS_BOOK)) & {*planned.rooms_of(Call.ROOMS_RELEASE)}


def booking_of(want: Occurrence, room: str) -> Booking:
    """Return the booking by which `want` holds the room `room`."""
    return Booking(
        address=str(want.key),
        organizer=want.organizer,
        room=room,
        start=want.start,
        end=want.end,
        people=None if want.attendees is None else len(want.attendees) + 1,
        rooms=frozenset(want.rooms or ()),
        recurring=want.recurrence is not None,
        times=times(want, within=BUSY_LONGEST),
    )
