"""Calendar events as they are stored and as they are answered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.sandbox.answers import ApiFailure, not_found
from reconciler.sandbox.clock import from_ms, iso, to_ms
from reconciler.sandbox.people import display_name
from reconciler.sandbox.recurrence import Span, instances, shown_recurrence
from reconciler.sandbox.seed import load_room
from reconciler.sandbox.store import Store

INSTANCE_FORMAT = "%Y%m%dT%H%M%SZ"
HELD = "status IN ('accepted', 'tentative')"  # a declined room is not held


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A stored event. Times are UTC milliseconds; `last` is when the last instance of a series ends."""

    id: str
    organizer: str
    summary: str
    description: str
    start: int
    end: int
    last: int
    zone: str
    all_day: bool
    recurrence: Mapping[str, Any] | None
    excluded: frozenset[int]
    extras: Mapping[str, Any]
    conference_id: str | None
    cancelled: bool
    created: int
    updated: int
    changed: int

    def spans(self, *, after: int, before: int) -> list[Span]:
        """Return the instances that overlap the time between, oldest first; a single event has one."""
        if self.recurrence is None:
            return [(self.start, self.end)] if self.end > after and self.start < before else []
        found = instances(self.recurrence, (self.start, self.end), self.zone, after=after, before=before)
        return [span for span in found if span[0] not in self.excluded]


def load_event(row: sqlite3.Row) -> Event:
    return Event(
        id=row["id"],
        organizer=row["organizer"],
        summary=row["summary"],
        description=row["description"],
        start=row["start"],
        end=row["end"],
        last=row["last"],
        zone=row["zone"],
        all_day=bool(row["all_day"]),
        recurrence=json.loads(row["recurrence"]) if row["recurrence"] else None,
        excluded=frozenset(json.loads(row["excluded"])),
        extras=json.loads(row["extras"]),
        conference_id=row["conference_id"],
        cancelled=bool(row["cancelled"]),
        created=row["created"],
        updated=row["updated"],
        changed=row["changed"],
    )


def save_event(store: Store, event: Event, *, by_api: bool = True) -> None:
    recurrence = None if event.recurrence is None else json.dumps(event.recurrence)
    store.run(
        "REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        event.id, event.organizer, event.summary, event.description, event.start, event.end, event.last, event.zone,
        event.all_day, recurrence, json.dumps(sorted(event.excluded)), json.dumps(event.extras, ensure_ascii=False),
        event.conference_id, event.cancelled, event.created, event.updated, event.changed, by_api,
    )  # fmt: skip


def touch(store: Store, event_id: str, now_ms: int) -> None:
    """Note that the event changed."""
    store.run("UPDATE events SET updated = ?, changed = ? WHERE id = ?", now_ms, store.next_change(), event_id)


def find_event(store: Store, event_id: str) -> Event | None:
    row = store.row("SELECT * FROM events WHERE id = ?", event_id)
    return None if row is None else load_event(row)


def takes_part(store: Store, event: Event, person: str) -> bool:
    if event.organizer == person:
        return True
    sql = "SELECT 1 FROM attendees WHERE event_id = ? AND union_id = ? AND NOT removed"
    return store.row(sql, event.id, person) is not None


def event_of(store: Store, event_id: str, person: str) -> Event:
    """Return the event that stands in the person's calendar; raise the 404 if none does."""
    event = find_event(store, event_id)
    if event is None or event.cancelled or not takes_part(store, event, person):
        raise not_found()
    return event


def own_event(store: Store, event_id: str, person: str) -> Event:
    """Return the event if the person organises it; raise the refusal otherwise."""
    event = event_of(store, event_id, person)
    if event.organizer != person:
        raise ApiFailure(400, "permissionDeny", "Only the organizer can change the event.")
    return event


def instance_id(event: Event, start: int) -> str:
    return f"{event.id}_{from_ms(start).strftime(INSTANCE_FORMAT)}"


def find_instance(store: Store, name: str, person: str) -> tuple[Event, Span] | None:
    """Return the series and the span that the id of an instance names; None if it has no such form."""
    series, separator, stamp = name.rpartition("_")
    if not separator:
        return None
    event = event_of(store, series, person)
    try:
        start = to_ms(datetime.strptime(stamp, INSTANCE_FORMAT).replace(tzinfo=UTC))
    except ValueError:
        raise not_found() from None
    found = [span for span in event.spans(after=start - 1, before=start + 1) if span[0] == start]
    if event.recurrence is None or not found:
        raise ApiFailure(404, "instanceNotExist", "The instance does not exist.")
    return event, found[0]


def all_attendees(store: Store, event: Event, viewer: str) -> list[dict[str, Any]]:
    """Return the people of an event as answered, the organiser first."""
    rows = store.rows(
        "SELECT * FROM attendees WHERE event_id = ? AND NOT removed AND union_id != ? ORDER BY rowid",
        event.id,
        event.organizer,
    )
    people = [(event.organizer, "accepted", False)]
    people += [(row["union_id"], row["response"], bool(row["optional"])) for row in rows]
    return [
        {
            "id": person,
            "displayName": display_name(store, person) or person,
            "responseStatus": response,
            "self": person == viewer,
            "isOptional": optional,
        }
        for person, response, optional in people
    ]


def event_rooms(store: Store, event_id: str) -> list[dict[str, str]]:
    rows = store.rows(
        "SELECT b.room_id, b.status, r.data FROM event_rooms b JOIN rooms r USING (room_id) WHERE b.event_id = ? "
        "ORDER BY b.rowid",
        event_id,
    )
    return [
        {"roomId": row["room_id"], "responseStatus": row["status"], "displayName": load_room(row["data"]).name}
        for row in rows
    ]


def shown_time(value: int, zone: str, *, all_day: bool) -> dict[str, str]:
    if all_day:
        return {"date": from_ms(value).astimezone(ZoneInfo(zone)).date().isoformat(), "timeZone": zone}
    return {"dateTime": iso(value, zone), "timeZone": zone}


def shown_event(
    store: Store, event: Event, viewer: str, *, most_attendees: int = 100, instance: Span | None = None
) -> dict[str, Any]:
    """Return the event as DingTalk answers it; `uiConfigs` and `extra` are returned by no read."""
    start, end = instance or (event.start, event.end)
    rooms = event_rooms(store, event.id)
    gone = event.cancelled or not takes_part(store, event, viewer)
    document: dict[str, Any] = {
        "id": instance_id(event, start) if instance else event.id,
        "summary": event.summary,
        "description": event.description,
        "status": "cancelled" if gone else "confirmed",
        "start": shown_time(start, event.zone, all_day=event.all_day),
        "end": shown_time(end, event.zone, all_day=event.all_day),
        "isAllDay": event.all_day,
        "attendees": all_attendees(store, event, viewer)[:most_attendees],
        "organizer": {
            "id": event.organizer,
            "displayName": display_name(store, event.organizer) or event.organizer,
            "responseStatus": "accepted",
            "self": event.organizer == viewer,
        },
        "location": {
            "displayName": event.extras.get("location", ""),
            "meetingRooms": [room["displayName"] for room in rooms if room["responseStatus"] != "declined"],
        },
        "meetingRooms": rooms,
        "reminders": [
            {"method": reminder["method"], "minutes": str(reminder["minutes"])}
            for reminder in event.extras.get("reminders", ())
        ],
        "createTime": iso(event.created),
        "updateTime": iso(event.updated),
        "extendedProperties": {"sharedProperties": {"belongCorpId": "dingsandboxcorp", "sourceOpenCid": ""}},
        "categories": [],
    }
    if event.recurrence is not None:
        document["recurrence"] = shown_recurrence(event.recurrence)
    if instance:
        document["seriesMasterId"] = event.id
        document["originStart"] = {"dateTime": iso(start, event.zone)}
    if event.extras.get("richText"):
        document["richTextDescription"] = {"text": event.extras["richText"]}
    if event.conference_id:
        found = store.row("SELECT url FROM conferences WHERE id = ?", event.conference_id)
        url = "" if found is None else found["url"]
        document["onlineMeetingInfo"] = {"type": "dingtalk", "conferenceId": event.conference_id, "url": url}
    return document


def midnight_ms(text: str, zone: str) -> int:
    """Return the beginning of the day `text` (ISO) in `zone`."""
    return to_ms(datetime.combine(datetime.fromisoformat(text).date(), datetime.min.time(), ZoneInfo(zone)))
