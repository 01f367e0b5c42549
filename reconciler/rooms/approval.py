"""Rooms that wait for somebody's approval: which there are, and which there will be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.occurrence import Event, Occurrence, RoomStatus
from reconciler.model.room import RoomDetail
from reconciler.plan.operations import Call, Pending, Plan


def awaited(plan: Plan, details: Mapping[str, RoomDetail | None]) -> tuple[Pending, ...]:
    """Return what waits for an approval of all that will be there, and what will once the plan is applied, by start.

    The latter as far as `details` tells which rooms ask for one.
    """
    found: list[Pending] = []
    for same, have in plan.unchanged:
        found += waiting(same, have.event, details)
    for planned in plan.changes:
        want = planned.change.after
        if want is None:
            continue
        released = planned.rooms_of(Call.ROOMS_RELEASE)
        found += [one for one in waiting(want, planned.change.event, details) if one.room not in released]
        for room in planned.rooms_of(Call.ROOMS_BOOK):
            detail = details.get(room)
            if detail is not None and detail.approval:
                found.append(
                    Pending(
                        address=str(want.key),
                        start=want.start,
                        room=room,
                        booked=False,
                        organizer=want.organizer,
                        contact=detail.contact,
                    )
                )
    return tuple(sorted(found, key=lambda one: (one.start.timestamp(), one.address, one.room)))


def waiting(want: Occurrence, event: Event | None, details: Mapping[str, RoomDetail | None]) -> Iterator[Pending]:
    """Yield the rooms of `event` that wait for an approval, with whom to ask as far as `details` tells."""
    for room in event.rooms if event is not None else ():
        if room.status is RoomStatus.TENTATIVE:
            detail = details.get(room.room_id)
            yield Pending(
                address=str(want.key),
                start=want.start,
                room=room.room_id,
                organizer=want.organizer,
                contact=detail.contact if detail is not None else "",
            )


def counted(pending: Iterable[Pending]) -> int:
    """Return how many rooms are booked and wait."""
    return sum(one.booked for one in pending)
