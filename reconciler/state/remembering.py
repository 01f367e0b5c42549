"""What was seen → what is remembered of the calendars, so that the next list need tell but what has changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.model.observed import Changes, Told
from reconciler.model.occurrence import Event, Key, RoomBooking
from reconciler.model.rendering import canonical, event_as_applied
from reconciler.model.spelling import same_zone
from reconciler.model.state import Calendar, Entry, State
from reconciler.state.lines import Lines


def with_calendars(
    state: State,
    told: Mapping[str, Told],
    *,
    touched: frozenset[str] = frozenset(),
    deleted: frozenset[str] = frozenset(),
    now: datetime | None = None,
) -> State:
    """Return `state` with what the lists told. `touched` are ids of events that were, or may have been, written since.

    Those come anew: only what no entry knows is remembered as it was seen, unless it was `deleted`. What was refused
    after all comes never again. An event that is as it was applied is remembered by its entry alone, others whole.
    `now` is when they were written. A list that shows a calendar as it was written ends the doubts in its lists.
    """
    unknown = touched - deleted - {entry.event_id for entry in state.entries.values()}
    calendars = dict(state.calendars)
    entries: dict[Key, Entry] = dict(state.entries)
    for who, one in told.items():
        kept = {event.id: event for event in one.calendar.events if event.id not in touched - unknown}
        for key, entry in state.entries.items():
            if entry.organizer != who or not entry.event_id:
                continue
            if entry.event_id in touched:
                entries[key] = replace(entry, intact=False) if entry.intact else entry
            elif one.changed is None or entry.event_id in one.changed or not entry.intact:
                event = kept.get(entry.event_id)
                intact = event is not None and is_intact(event, entry, state.workspace)
                entries[key] = replace(entry, intact=intact) if intact != entry.intact else entry
            if entries[key].intact:
                kept.pop(entry.event_id, None)
        awaited = any(entry.organizer == who and entry.event_id and not entry.intact for entry in entries.values())
        calendars[who] = Calendar(
            token=one.calendar.token,
            listed_at=one.calendar.listed_at,
            events=tuple(kept.values()),
            looks={name: look for name, look in one.calendar.looks.items() if name not in touched},
            written_at=now if touched else (one.calendar.written_at if awaited or one.late else None),
        )
    return replace(state, entries=entries, calendars=calendars)


def as_applied(state: State, heard: Mapping[str, object]) -> frozenset[str]:
    """Return the ids of the events that calendars told of by organiser, though they are just as they were applied.

    Mostly that is what an apply has written since the last list. Only lines of a state are looked at, and of them none
    but those that are told of.
    """
    lines = state.entries
    told = {who: one.events for who, one in heard.items() if isinstance(one, Changes) and one.events}
    if not told or not isinstance(lines, Lines):
        return frozenset()
    addresses = lines.by_event()
    known = {event.id for one in state.calendars.values() for event in one.events}

    def is_as_applied(event: Event, who: str) -> bool:
        address = addresses.get(event.id, "")
        if not address or event.organizer != who or event.id in known:
            return False
        entry = lines.entry(address)
        return entry.organizer == who and not entry.key.series and is_intact(event, entry, state.workspace)

    return frozenset(event.id for who, events in told.items() for event in events if is_as_applied(event, who))


def with_intact(state: State, events: frozenset[str]) -> State:
    """Return `state` with the lines of these events saying that they are as they were applied."""
    if not events or not isinstance(state.entries, Lines):
        return state
    return replace(state, entries=state.entries.intact(events))


def is_intact(event: Event, entry: Entry, workspace: str) -> bool:
    """Return whether an event is as it was applied, however the server spells it."""
    applied = _applied(workspace, entry)
    if applied is None:
        return False
    seen = bare(event)
    return seen == applied or canonical(_in_zone(seen, applied)) == canonical(applied)


def _in_zone(event: Event, applied: Event) -> Event:
    """Return `event` with the zone that it was written in, where the server names none or calls that otherwise."""
    same = not event.timezone or same_zone(applied.timezone, event.timezone, event.start)
    return replace(event, timezone=applied.timezone) if same else event


def in_doubt(state: State, ids: Collection[str]) -> State:
    """Return `state` without any claim that these conferences and recurring events are as they should be.

    `ids` are theirs. The next run asks for them, however short ago they were looked at.
    """
    entries = {
        key: replace(entry, verified=None)
        for key, entry in state.entries.items()
        if entry.conference_id in ids and entry.verified is not None
    }
    calendars = {
        who: replace(one, looks={name: look for name, look in one.looks.items() if name not in ids})
        for who, one in state.calendars.items()
        if not one.looks.keys().isdisjoint(ids)
    }
    return replace(state, entries={**state.entries, **entries}, calendars={**state.calendars, **calendars})


def _applied(workspace: str, entry: Entry) -> Event | None:
    event = event_as_applied(workspace, entry)
    return None if event is None else bare(event)


def bare(event: Event) -> Event:
    """Return `event` without what only DingTalk knows, and without an order where none counts."""
    rooms = tuple(sorted(RoomBooking(room.room_id, room.status) for room in event.rooms))
    attendees = tuple(sorted(event.attendees))
    return replace(event, created="", updated="", rooms=rooms, attendees=attendees, responses=())
