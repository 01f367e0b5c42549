"""The state as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.models import Key, Occurrence
from reconciler.room import RoomNote

FORMAT_VERSION = 1
KEPT_AFTER_END = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one occurrence.

    `conference_id` or `event_id` is "" where there is none (yet). `applied` is the occurrence as it was last written
    in full, None where that never happened. `revision` counts the events made for it, see `reconciler.marker`.
    """

    key: Key
    organizer: str
    conference_id: str = ""
    event_id: str = ""
    revision: int = 0
    url: str = ""
    room_code: str = ""
    applied: Occurrence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A conference that may have been made without anybody learning its id: its creation was never answered."""

    address: str
    organizer: str
    title: str
    start: datetime
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An instant conference that `start` opened for an occurrence. Its passwords are never kept."""

    address: str
    conference_id: str
    url: str
    room_code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything. `serial` grows with every save, `lineage` is drawn once; `calls` counts API calls by `YYYY-MM`.

    `people` has the union ids that were asked for, by `userid:…` or `mobile:…`. `organizers` are all whose calendars
    have ever held an event of this workspace. `days_off` says by address why an occurrence was taken at the last apply.
    `rooms` is what was learned of rooms, by their ids.
    """

    workspace: str
    lineage: str
    serial: int = 0
    entries: Mapping[Key, Entry] = field(default_factory=dict)
    organizers: frozenset[str] = frozenset()
    people: Mapping[str, str] = field(default_factory=dict)
    orphans: tuple[Orphan, ...] = ()
    opened: Mapping[str, Opened] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    days_off: Mapping[str, str] = field(default_factory=dict)
    rooms: Mapping[str, RoomNote] = field(default_factory=dict)


def renamed(state: State, names: Mapping[str, str]) -> State:
    """Return `state` with the meetings of `names`, old → new, under their new names.

    What has an entry under the new name already keeps that one; the other stays under the old name, to be cancelled.
    """
    if not names:
        return state
    entries = {key: entry for key, entry in state.entries.items() if key.moved(names) == key}
    for key, entry in state.entries.items():
        new = key.moved(names)
        applied = None if entry.applied is None else replace(entry.applied, key=entry.applied.key.moved(names))
        if new not in entries:
            entries[new] = replace(entry, key=new, applied=applied)
        elif new != key:
            entries[key] = entry
    opened = {}
    for one in state.opened.values():
        meeting, sign, original = one.address.partition("@")
        address = f"{names.get(meeting, meeting)}{sign}{original}"
        opened[address] = replace(one, address=address)
    days_off = {}
    for address, reason in state.days_off.items():
        meeting, sign, original = address.partition("@")
        days_off[f"{names.get(meeting, meeting)}{sign}{original}"] = reason
    return replace(state, entries=entries, opened=opened, days_off=days_off)


def pruned(state: State, now: datetime) -> State:
    """Return `state` without the occurrences that ended more than a week before `now`."""
    entries = {
        key: entry
        for key, entry in state.entries.items()
        if entry.applied is None or entry.applied.end + KEPT_AFTER_END > now
    }
    opened = {address: one for address, one in state.opened.items() if one.at + KEPT_AFTER_END > now}
    return replace(state, entries=entries, opened=opened)
