"""Lists of calendar events: pages, sync tokens, instances of series."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from flask import Blueprint

from reconciler.sandbox.answers import invalid
from reconciler.sandbox.clock import to_ms
from reconciler.sandbox.eventrows import Event, load_event, shown_event
from reconciler.sandbox.events import EVENTS, WRONG, known_user
from reconciler.sandbox.gateway import CALENDAR_READ, Api, Call, endpoint
from reconciler.sandbox.recurrence import FOREVER_MS, Span, read_moment
from reconciler.sandbox.store import Store

blueprint = Blueprint("listing", __name__)
LIST = Api(name="event.list", permission=CALENDAR_READ, wrong=WRONG)
VIEW = Api(name="event.view", permission=CALENDAR_READ, wrong=WRONG)
WIDEST = timedelta(days=366)

_VISIBLE = "(e.organizer = ? OR e.id IN (SELECT event_id FROM attendees WHERE union_id = ? {removed}))"
Entry = tuple[Event, Span | None]


@endpoint(blueprint, "GET", EVENTS, LIST)
def list_events(call: Call, user: str) -> dict[str, Any]:
    """Return a page of events; after the last one a sync token, unless `timeMax` bounds the list."""
    known_user(call.store, user)
    after, before = _window(call)
    show_deleted = call.query.query_flag("showDeleted")
    series = call.query.optional_text("seriesMasterId")
    sync, next_token = call.query.data.get("syncToken"), call.query.data.get("nextToken")
    if sync:
        changes = _changes(call.store, user, _changes_since(call.store, sync, user))
        entries: list[Entry] = [(event, None) for event in changes]
    else:
        events = _visible(call.store, user, after, before, deleted=show_deleted)
        entries = [entry for event in events for entry in _past(event, after, before, call.now_ms)]
    if series:
        entries = [entry for entry in entries if entry[0].id == series and entry[1] is not None]
    state = _unpack(next_token, "nextToken", user) if next_token else {"o": 0, "s": call.store.last_change()}
    page = _page(call, user, entries, state)
    if page["nextToken"] is None and not call.query.data.get("timeMax"):
        page["syncToken"] = _pack({"u": user, "s": state["s"], "e": call.store.epoch()})
    return page


@endpoint(blueprint, "GET", "/v1.0/calendar/users/<user>/calendars/primary/eventsview", VIEW)
def view_events(call: Call, user: str) -> dict[str, Any]:
    """Return a page of events with every series expanded, future instances too."""
    known_user(call.store, user)
    for name in ("timeMin", "timeMax"):
        call.query.text(name)
    after, before = _window(call)
    events = _visible(call.store, user, after, before, deleted=False)
    entries: list[Entry] = [
        (event, span if event.recurrence is not None else None)
        for event in events
        for span in event.spans(after=after, before=before)
    ]
    next_token = call.query.data.get("nextToken")
    state = _unpack(next_token, "nextToken", user) if next_token else {"o": 0, "s": 0}
    return _page(call, user, entries, state)


def _changes_since(store: Store, token: str, user: str) -> int:
    """Return after which change a sync token asks; refuse one from before the calendars were emptied."""
    state = _unpack(token, "syncToken", user)
    if state.get("e") != store.epoch():
        raise invalid("syncToken invalid")
    return int(state["s"])


def _page(call: Call, user: str, entries: list[Entry], state: dict[str, Any]) -> dict[str, Any]:
    size = call.query.query_integer("maxResults", default=100, least=1, most=100)
    most = call.query.query_integer("maxAttendees", default=100, least=1, most=100)
    entries.sort(key=lambda entry: (entry[1] or (entry[0].start, entry[0].end), entry[0].id))
    offset = int(state["o"])
    shown = [
        shown_event(call.store, event, user, most_attendees=most, instance=span)
        for event, span in entries[offset : offset + size]
    ]
    more = offset + size < len(entries)
    return {"events": shown, "nextToken": _pack({**state, "u": user, "o": offset + size}) if more else None}


def _window(call: Call) -> tuple[int, int]:
    given = {name: read_moment(call.query, name) for name in ("timeMin", "timeMax") if call.query.data.get(name)}
    low, high = given.get("timeMin"), given.get("timeMax")
    if low and high:
        if high <= low:
            raise invalid("timeMax must be after timeMin.")
        if high - low > WIDEST:
            raise invalid("timeMin and timeMax can be at most one year apart.")
    return (to_ms(low) if low else 0, to_ms(high) if high else FOREVER_MS)


def _visible(store: Store, user: str, after: int, before: int, *, deleted: bool) -> list[Event]:
    visible = _VISIBLE.format(removed="AND NOT removed")
    sql = f"SELECT e.* FROM events e WHERE {visible} AND e.start < ? AND e.last > ? AND (? OR NOT e.cancelled)"  # noqa: S608  # constants
    return [load_event(row) for row in store.rows(sql, user, user, before, after, deleted)]


def _changes(store: Store, user: str, since: int) -> list[Event]:
    """Return what changed, with what was deleted or left."""
    sql = f"SELECT e.* FROM events e WHERE {_VISIBLE.format(removed='')} AND e.changed > ?"  # noqa: S608  # constants
    return [load_event(row) for row in store.rows(sql, user, user, since)]


def _past(event: Event, after: int, before: int, now_ms: int) -> list[Entry]:
    """Return what the list shows of an event: itself, and of a series the instances that have begun."""
    if event.recurrence is None:
        return [(event, None)]
    master: list[Entry] = [(event, None)] if event.end > after and event.start < before else []
    return master + [
        (event, span) for span in event.spans(after=after, before=min(before, now_ms + 1)) if span[0] != event.start
    ]


def _pack(state: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(state).encode()).decode()


def _unpack(token: str, name: str, user: str) -> dict[str, Any]:
    try:
        state = json.loads(base64.urlsafe_b64decode(token.encode()))
        if not isinstance(state, dict) or state["u"] != user or not isinstance(state["s"], int):
            raise ValueError(token)
        return {**state, "o": int(state.get("o", 0))}
    except (ValueError, KeyError, TypeError):
        raise invalid(f"{name} invalid") from None
