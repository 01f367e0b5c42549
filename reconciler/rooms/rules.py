"""The rules of a room: which of them forbids a booking, and how far ahead it can be booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from reconciler.model.room import RoomDetail
from reconciler.rooms.bookings import Booking
from reconciler.schedule.zones import elapsed

_EVERYONE, _ADMINS = 0, 1  # roomStatus
_MINUTE = timedelta(minutes=1)
Details = Mapping[str, RoomDetail | None]  # by room id; None: DingTalk knows no such room


def refusal(one: Booking, room: RoomDetail | None, now: datetime) -> tuple[str, str] | None:
    """Return code and words of the first rule of `room` that forbids a booking, None where none does."""
    if room is None:
        return "unknown", "is not known to DingTalk"
    minutes = elapsed(one.start, one.end) / _MINUTE
    zone = one.start.tzinfo
    if room.status not in {None, _EVERYONE} and one.organizer not in room.members:
        if room.status == _ADMINS:
            return "not-allowed", "may be booked only by administrators"
        maybe = ", or by certain departments" if room.departments else ""
        return "not-allowed", f"may be booked only by certain people{maybe}, and the organiser is none of them"
    if room.open is False:
        return "not-open", "is not open for bookings"
    if room.closed_from is not None and any(
        room.closed_from < span.end and (room.closed_until is None or room.closed_until > span.start)
        for span in one.spans
    ):
        reopens = room.closed_until
        until = "for good" if reopens is None else f"until {reopens.astimezone(zone):%Y-%m-%d %H:%M}"
        return "closed", f"is closed {until}" + (f" ({room.closed_reason})" if room.closed_reason else "")
    if room.min_minutes and minutes < room.min_minutes:
        return "too-short", f"must be booked for at least {room.min_minutes} minutes"
    if room.max_minutes and minutes > room.max_minutes:
        return "too-long", f"can be booked for at most {room.max_minutes} minutes"
    latest = latest_end(room, now.astimezone(zone))
    if latest is not None and one.spans[-1].end > latest:
        return "too-early", f"can be booked {room.advance} {room.advance_unit} ahead at most"
    if one.recurring and room.recurring is False:
        return "no-series", "can't be booked for a series"
    return None


def latest_end(room: RoomDetail, now: datetime) -> datetime | None:
    """Return until when `room` can be booked at `now`, whose zone counts the days; None where that has no limit."""
    if not room.advance:
        return None
    match room.advance_unit:
        case "days":
            return now + relativedelta(days=room.advance)
        case "weeks":
            return now + relativedelta(weeks=room.advance)
        case "months":
            return now + relativedelta(months=room.advance)
        case "years":
            return now + relativedelta(years=room.advance)
        case _:
            return None
