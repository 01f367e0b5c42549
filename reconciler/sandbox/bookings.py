"""Rooms on events: who holds what when, and whether a room may be had at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from reconciler.sandbox.answers import ApiFailure, invalid
from reconciler.sandbox.clock import to_ms
from reconciler.sandbox.eventrows import HELD, Event, load_event
from reconciler.sandbox.recurrence import FOREVER_MS, Span
from reconciler.sandbox.seed import RoomSeed, load_room
from reconciler.sandbox.store import Store

ROOMS_MOST = 5
MINUTE_MS = 60_000
SERIES_ADVANCE = relativedelta(months=3)  # how far ahead a series may hold a room, unless the room says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Somebody's hold on a room."""

    room_id: str
    event: Event
    span: Span
    status: str


def unavailable(reason: str = "meeting room is not available") -> ApiFailure:
    return ApiFailure(400, "meetingRoomNotAvailable", reason)


def find_room(store: Store, room_id: str) -> RoomSeed | None:
    row = store.row("SELECT data FROM rooms WHERE room_id = ?", room_id)
    return None if row is None else load_room(row["data"])


def holds(store: Store, room_id: str, *, after: int, before: int, but: str = "") -> list[Hold]:
    """Return who holds the room between, by time; `but` is an event to leave out."""
    rows = store.rows(
        f"SELECT e.*, b.status AS booking FROM event_rooms b JOIN events e ON e.id = b.event_id "  # noqa: S608  # a constant
        f"WHERE b.room_id = ? AND b.{HELD} AND NOT e.cancelled AND e.id != ? AND e.start < ? AND e.last > ?",
        room_id,
        but,
        before,
        after,
    )
    found = [
        Hold(room_id=room_id, event=event, span=span, status=row["booking"])
        for row in rows
        for event in [load_event(row)]
        for span in event.spans(after=after, before=before)
    ]
    return sorted(found, key=lambda hold: (hold.span, hold.event.id))


def is_free(store: Store, room_id: str, event: Event, now: datetime) -> bool:
    """Tell whether nobody else holds the room while the event, or what is to come of its series, takes place."""
    begin = event.start if event.recurrence is None else max(event.start, to_ms(now))
    others = holds(store, room_id, after=begin, before=event.last, but=event.id)
    if not others:
        return True
    wanted = event.spans(after=begin, before=event.last)
    return not any(start < hold.span[1] and hold.span[0] < end for hold in others for start, end in wanted)


def book(store: Store, event: Event, room_id: str, now: datetime) -> None:
    """Put the room on the event; raise the refusal if it can't be had."""
    room = find_room(store, room_id)
    if room is None:
        raise invalid("roomId invalid")
    sql = f"SELECT 1 FROM event_rooms WHERE event_id = ? AND room_id = ? AND {HELD}"  # noqa: S608  # a constant
    if store.row(sql, event.id, room_id) is not None:
        raise unavailable()
    check_policy(room, event, now)
    if not is_free(store, room_id, event, now):
        raise unavailable()
    status = "tentative" if room.approval else "accepted"
    store.run("REPLACE INTO event_rooms VALUES (?, ?, ?)", event.id, room_id, status)


def check_policy(room: RoomSeed, event: Event, now: datetime) -> None:
    """Raise the refusal of a room whose own rules forbid the booking."""
    minutes = (event.end - event.start) / MINUTE_MS
    if room.status == 1 or (room.status > 1 and event.organizer not in room.members):
        raise unavailable("no permission to reserve the meeting room")
    if not room.open:
        raise unavailable("the meeting room is not open for reservation")
    if _closed(room, event):
        raise unavailable(f"the meeting room is closed {room.close_reason}".rstrip())
    if room.least_minutes and minutes < room.least_minutes:
        raise unavailable(f"the reservation must last at least {room.least_minutes} minutes")
    if room.most_minutes and minutes > room.most_minutes:
        raise unavailable(f"the reservation must last at most {room.most_minutes} minutes")
    if room.advance_days is not None and event.last > to_ms(now + timedelta(days=room.advance_days)):
        raise unavailable(f"the meeting room can be reserved {room.advance_days} days in advance")
    if event.recurrence is not None:
        _check_series(room, event, now)


def _check_series(room: RoomSeed, event: Event, now: datetime) -> None:
    if event.recurrence is not None and event.recurrence["range"]["type"] != "endDate":
        raise invalid("a recurring event with a meeting room must have an endDate.")
    if not room.recurring:
        raise invalid("the meeting room does not allow recurring reservations.")
    if room.advance_days is None and event.last > to_ms(now + SERIES_ADVANCE):
        raise invalid("the recurrence ends after the time that the meeting room can be reserved for.")


def _closed(room: RoomSeed, event: Event) -> bool:
    if room.closed_from is None:
        return False
    return bool(event.spans(after=room.closed_from, before=FOREVER_MS if room.closed_to is None else room.closed_to))


def check_held(store: Store, event: Event, now: datetime) -> None:
    """Raise the refusal of a recurrence under which the event could not hold the rooms that it holds."""
    if event.recurrence is None:
        return
    sql = f"SELECT room_id FROM event_rooms WHERE event_id = ? AND {HELD} ORDER BY rowid"  # noqa: S608  # a constant
    for row in store.rows(sql, event.id):
        room = find_room(store, row["room_id"])
        if room is not None:
            _check_series(room, event, now)


def recheck(store: Store, event: Event, now: datetime) -> None:
    """After the event moved: a room that is taken at the new time declines, one that needs approval asks again."""
    sql = f"SELECT room_id FROM event_rooms WHERE event_id = ? AND {HELD} ORDER BY rowid"  # noqa: S608  # a constant
    for row in store.rows(sql, event.id):
        room = find_room(store, row["room_id"])
        status = "tentative" if room is not None and room.approval else "accepted"
        if not is_free(store, row["room_id"], event, now):
            status = "declined"
        set_status(store, event.id, row["room_id"], status)


def set_status(store: Store, event_id: str, room_id: str, status: str) -> bool:
    """Set a booking's status; tell whether there is such a booking."""
    sql = "UPDATE event_rooms SET status = ? WHERE event_id = ? AND room_id = ?"
    return store.run(sql, status, event_id, room_id) > 0
