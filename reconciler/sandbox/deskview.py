"""What the sandbox holds, as it is put on its page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from reconciler.pages.model import Entry, Mark, Place, Room
from reconciler.pages.words import counted
from reconciler.sandbox.clock import from_ms, to_ms
from reconciler.sandbox.eventfields import DEFAULT_ZONE
from reconciler.sandbox.eventrows import Event, event_rooms, instance_id, load_event
from reconciler.sandbox.people import display_name
from reconciler.sandbox.recurrence import Span
from reconciler.sandbox.seed import load_room
from reconciler.sandbox.store import Store

DAYS = 14
LOGGED = 60  # calls that the page shows
_MARKS = {"accepted": Mark.HELD, "tentative": Mark.PENDING, "declined": Mark.DECLINED}
# What a program that leaves such a line calls its meetings; nothing but a heading comes of it here.
_MARKER = re.compile(r"^reconciler:1/[^/\s]+/([^/\s]+)/(?:\S*?[?&]conference=([^&\s]+))?", re.MULTILINE)


def window(first: date, zone: ZoneInfo) -> tuple[int, int]:
    """Return the two weeks that begin with the week of `first`, in UTC milliseconds."""
    monday = first - timedelta(days=first.weekday())
    ends = (datetime.combine(day, datetime.min.time(), zone) for day in (monday, monday + timedelta(days=DAYS)))
    after, before = (to_ms(end) for end in ends)
    return after, before


def zones(store: Store) -> list[str]:
    """Return the zones that events are in, the commonest first."""
    known = Counter(row["zone"] for row in store.rows("SELECT zone FROM events WHERE NOT cancelled"))
    return [name for name, _ in known.most_common() if name in available_timezones()] or [DEFAULT_ZONE]


def rooms(store: Store) -> list[Room]:
    """Return all rooms, by name."""
    found = [(row["room_id"], load_room(row["data"])) for row in store.rows("SELECT * FROM rooms")]
    return [
        Room(id=room_id, name=room.name, detail=" · ".join(_detail(room.capacity, room.location, room.approval)))
        for room_id, room in sorted(found, key=lambda item: (item[1].name, item[0]))
    ]


def _detail(capacity: int, location: str, approval: bool) -> Iterator[str]:  # noqa: FBT001  # all three by position
    if capacity:
        yield counted(capacity, "seat")
    if location:
        yield location
    if approval:
        yield "needs approval"


def entries(store: Store, *, after: int, before: int) -> Iterator[Entry]:
    """Yield what takes place between, series as their instances."""
    sql = "SELECT * FROM events WHERE NOT cancelled AND start < ? AND last > ? ORDER BY start, id"
    for row in store.rows(sql, before, after):
        event = load_event(row)
        for span in event.spans(after=after, before=before):
            yield _entry(store, event, span)


def _entry(store: Store, event: Event, span: Span) -> Entry:
    meeting, url = _origin(store, event)
    series = event.recurrence is not None
    return Entry(
        id=instance_id(event, span[0]) if series else event.id,
        meeting=meeting,
        title=event.summary,
        start=from_ms(span[0]),
        end=from_ms(span[1]),
        timezone=event.zone,
        organizer=display_name(store, event.organizer) or event.organizer,
        places=tuple(
            Place(room=room["roomId"], name=room["displayName"], mark=_MARKS[room["responseStatus"]])
            for room in event_rooms(store, event.id)
        ),
        url=url,
        editable=True,
        serial=series,
    )


def _origin(store: Store, event: Event) -> tuple[str, str]:
    """Return what to group the event by, and where to join it."""
    found = _MARKER.search(event.description)
    conference = (found and found[2]) or event.conference_id
    row = store.row("SELECT url FROM conferences WHERE id = ? AND NOT cancelled", conference) if conference else None
    return found[1] if found else event.summary, row["url"] if row is not None else ""


def calls(store: Store, zone: ZoneInfo) -> list[dict[str, object]]:
    """Return the last calls, newest first."""
    rows = store.rows("SELECT * FROM calls ORDER BY seq DESC LIMIT ?", LOGGED)
    return [
        {
            "time": f"{from_ms(row['at']).astimezone(zone):%H:%M:%S}",
            "api": row["api"],
            "status": row["status"],
            "code": row["code"] or row["fault"],
            "counted": bool(row["counted"]),
        }
        for row in rows
    ]
