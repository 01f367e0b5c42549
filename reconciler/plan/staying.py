"""What stays around the changes of a plan: other bookings of rooms, in the weeks that it touches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from reconciler.model.occurrence import RoomBooking
from reconciler.model.state import Entry
from reconciler.plan.operations import Plan, Staying

_DAY = timedelta(days=1)


def touches_rooms(plan: Plan) -> bool:
    """Return whether any of the changes is of an occurrence that has rooms, or would."""
    for change in (planned.change for planned in plan.changes):
        event = change.event
        if (change.after is not None and change.after.rooms) or (event is not None and event.rooms):
            return True
    return False


def staying(plan: Plan, settled: Iterable[Entry] = ()) -> tuple[Staying, ...]:
    """Return what stays as it is of the weeks in which `plan` changes anything, by start.

    `settled` are what is known of occurrences that needed no look.
    """
    weeks = {week for start, end in _times(plan) for week in _weeks(start, end)}
    found = [one for one in (*_unchanged(plan), *_applied(settled)) if weeks & {*_weeks(one.start, one.end)}]
    return tuple(sorted(found, key=lambda one: (one.start, one.address)))


def _unchanged(plan: Plan) -> Iterator[Staying]:
    for want, have in plan.unchanged:
        event = have.event
        if event is not None and event.rooms:
            yield Staying(
                address=str(want.key),
                title=event.title,
                # A recurring event starts long before its next date.
                start=want.start if event.recurring else event.start,
                end=want.end if event.recurring else event.end,
                timezone=want.timezone,
                rooms=event.rooms,
            )


def _applied(settled: Iterable[Entry]) -> Iterator[Staying]:
    for want in (entry.applied for entry in settled):
        if want is not None and want.rooms:
            yield Staying(
                address=str(want.key),
                title=want.title,
                start=want.start,
                end=want.end,
                timezone=want.timezone,
                rooms=tuple(RoomBooking(room) for room in want.rooms),
            )


def _times(plan: Plan) -> Iterator[tuple[datetime, datetime]]:
    for change in (planned.change for planned in plan.changes):
        if change.after is not None:
            yield change.after.start, change.after.end
        if change.before is not None and change.before.event is not None:
            yield change.before.event.start, change.before.event.end


def _weeks(start: datetime, end: datetime) -> Iterator[date]:
    """Yield the Mondays of the weeks that it falls into, in whatever zone."""
    day, last = start.astimezone(UTC).date() - _DAY, end.astimezone(UTC).date() + _DAY
    yield from (one - timedelta(days=one.weekday()) for one in (day, day + _DAY, last - _DAY, last))
