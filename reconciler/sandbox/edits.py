"""What a person does by hand in DingTalk's own apps: no token, no quota, no limit per day."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from reconciler.sandbox.answers import ApiFailure, not_found
from reconciler.sandbox.bookings import book, set_status
from reconciler.sandbox.clock import to_ms
from reconciler.sandbox.confsettings import merge_settings, read_settings
from reconciler.sandbox.eventfields import read_people, wants_conference
from reconciler.sandbox.eventrows import Event, find_event, find_instance, touch
from reconciler.sandbox.events import WRONG, cancel_event, draft, exclude, invite, known_user, modify, store_new
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.store import Store

Edit = Callable[[Store, Fields, datetime], dict[str, Any]]


def edit(store: Store, document: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Do what `document["action"]` names; return what there is to know. Raises the API's own refusals."""
    fields = Fields(document, WRONG)
    return EDITS[fields.one_of("action", tuple(EDITS))](store, fields, now)


def _event(store: Store, fields: Fields) -> Event:
    event = find_event(store, fields.text("event"))
    if event is None or event.cancelled:
        raise not_found()
    return event


def _create_event(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    """Make somebody's event: `organizer`, the fields of the create call, `onlineMeetingInfo` too, `rooms`."""
    event, people = draft(store, fields, known_user(store, fields.text("organizer")), to_ms(now))
    store_new(store, event, people, wants_conference=wants_conference(fields), by_api=False)
    for room_id in fields.texts("rooms"):
        book(store, event, room_id, now)
    return {"event": event.id}


def _change_event(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    """Change `summary`, `description`, `start`, `end`, `location`, `attendees`, …: as the modify call has them."""
    event = _event(store, fields)
    modify(store, event, fields, to_ms(now))
    return {"event": event.id}


def _delete_event(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    """Delete an event, or one date of a series by the id of its instance."""
    name = fields.text("event")
    series = find_event(store, name.partition("_")[0])
    found = find_instance(store, name, series.organizer) if series is not None and series.id != name else None
    if found is not None:
        exclude(store, *found, to_ms(now))
        return {"event": name}
    event = _event(store, fields)
    cancel_event(store, event)
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _add_attendees(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    event = _event(store, fields)
    invite(store, event, read_people(store, fields, "attendees", required=True))
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _remove_attendees(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    event = _event(store, fields)
    for person, _ in read_people(store, fields, "attendees", required=True):
        store.run("UPDATE attendees SET removed = 1 WHERE event_id = ? AND union_id = ?", event.id, person)
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _answer_invitation(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    event, status = _event(store, fields), fields.one_of("status", ("accepted", "declined", "tentative"))
    sql = "UPDATE attendees SET response = ? WHERE event_id = ? AND union_id = ?"
    if not store.run(sql, status, event.id, fields.text("person")):
        raise not_found("no such attendee")
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _add_rooms(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    event = _event(store, fields)
    for room_id in fields.texts("rooms"):
        book(store, event, room_id, now)
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _release_rooms(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    event = _event(store, fields)
    for room_id in fields.texts("rooms"):
        store.run("DELETE FROM event_rooms WHERE event_id = ? AND room_id = ?", event.id, room_id)
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _respond_room(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    """Answer for a room that needs approval: `status` accepted or declined."""
    event, status = _event(store, fields), fields.one_of("status", ("accepted", "declined"))
    if not set_status(store, event.id, fields.text("room"), status):
        raise not_found("no such booking")
    touch(store, event.id, to_ms(now))
    return {"event": event.id}


def _cancel_conference(store: Store, fields: Fields, _now: datetime) -> dict[str, Any]:
    conference = fields.text("conference")
    if not store.run("UPDATE conferences SET cancelled = 1 WHERE id = ?", conference):
        raise not_found("no such conference")
    return {"conference": conference}


def _change_conference(store: Store, fields: Fields, _now: datetime) -> dict[str, Any]:
    """Change `title`, `startTime`, `endTime`, `settings` (as `scheduleConfSettingModel`)."""
    conference = fields.text("conference")
    row = store.row("SELECT * FROM conferences WHERE id = ?", conference)
    if row is None:
        raise not_found("no such conference")
    new = read_settings(store, fields.block("settings"), stranger_code=WRONG, app_code=WRONG, create=True)
    store.run(
        "UPDATE conferences SET title = ?, start = ?, end = ?, settings = ? WHERE id = ?",
        fields.optional_text("title") or row["title"],
        fields.moment_ms("startTime") if fields.has("startTime") else row["start"],
        fields.moment_ms("endTime") if fields.has("endTime") else row["end"],
        json.dumps(merge_settings(json.loads(row["settings"]), new)),
        conference,
    )
    return {"conference": conference}


def _hold_conference(store: Store, fields: Fields, now: datetime) -> dict[str, Any]:
    """Let a scheduled conference take place: it starts at `startTime` and ends at `endTime` (absent: it runs)."""
    row = store.row("SELECT * FROM conferences WHERE id = ?", fields.text("conference"))
    if row is None:
        raise not_found("no such conference")
    instant = secrets.token_hex(12)
    store.run(
        "INSERT INTO instants VALUES (?, ?, ?, ?, ?, '', '', '[]', ?, ?, ?)",
        instant,
        row["creator"],
        row["title"],
        row["room_code"],
        row["url"],
        fields.moment_ms("startTime") if fields.has("startTime") else to_ms(now),
        fields.moment_ms("endTime") if fields.has("endTime") else None,
        row["id"],
    )
    return {"conference": row["id"], "held": instant}


def _change_room(store: Store, fields: Fields, _now: datetime) -> dict[str, Any]:
    """Change a room's rules: any fields of `RoomSeed`."""
    room = fields.text("room")
    row = store.row("SELECT data FROM rooms WHERE room_id = ?", room)
    if row is None:
        raise not_found("no such room")
    old, new = json.loads(row["data"]), fields.data.get("rules")
    if not isinstance(new, dict) or not new.keys() <= old.keys():
        raise ApiFailure(400, WRONG, f"rules must be an object of {', '.join(old)}.")
    store.run("UPDATE rooms SET data = ? WHERE room_id = ?", json.dumps({**old, **new}), room)
    return {"room": room}


EDITS: Mapping[str, Edit] = {
    "create_event": _create_event,
    "change_event": _change_event,
    "delete_event": _delete_event,
    "add_attendees": _add_attendees,
    "remove_attendees": _remove_attendees,
    "answer_invitation": _answer_invitation,
    "add_rooms": _add_rooms,
    "release_rooms": _release_rooms,
    "respond_room": _respond_room,
    "cancel_conference": _cancel_conference,
    "change_conference": _change_conference,
    "hold_conference": _hold_conference,
    "change_room": _change_room,
}
