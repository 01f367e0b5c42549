"""A meeting room as DingTalk describes it, with the rules by which it refuses bookings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# What one question for free/busy takes. Source: POST …/meetingRooms/schedules/query.
BUSY_ROOMS, BUSY_LONGEST = 5, timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDetail:
    """A room. Below `group` are its rules, which only the question for this one room answers; None, "": no such rule.

    Source: GET /v1.0/rooms/meetingRooms/{roomId}.
    """

    id: str
    name: str
    capacity: int | None = None
    status: int | None = None  # who may use it: 0 everyone, 1 admins, 2 some
    labels: tuple[str, ...] = ()
    location: str = ""
    group: str = ""

    recurring: bool | None = None  # recurring events may book it
    open: bool | None = None
    max_minutes: int | None = None
    min_minutes: int | None = None
    advance: int | None = None  # how far ahead it can be booked, in `advance_unit`
    advance_unit: str = ""  # days | weeks | months | years
    approval: bool | None = None  # bookings wait for an approval
    closed_from: datetime | None = None
    closed_until: datetime | None = None  # None with `closed_from`: for good
    closed_reason: str = ""
    contact: str = ""  # union id of whom to ask about a closure
    members: tuple[str, ...] = ()  # who may book it, where not everyone may: ids of people
    departments: tuple[str, ...] = ()  # and of departments


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomNote:
    """What was learned of a room, and when. `detail` None: DingTalk knows no such room."""

    detail: RoomDetail | None
    at: datetime
