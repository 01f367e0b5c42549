"""The state as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reconciler.model.occurrence import Event, Key, Occurrence
from reconciler.model.room import RoomNote

FORMAT_VERSION = 1
KEPT_AFTER_END = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one occurrence.

    `conference_id` or `event_id` is "" where there is none (yet). `applied` is the occurrence as it was last written
    in full, None where that never happened. `revision` counts the events made for it, see `reconciler.model.marker`.
    `carries` is False where a shared conference stands at another occurrence. `intact` says that the last list of the
    calendar showed the event exactly as it was applied, `verified` when the conference was last seen to be. `made` is
    the occurrence as its conference was made, where its event is yet to come: a limit may put that off for days.
    """

    key: Key
    organizer: str
    conference_id: str = ""
    event_id: str = ""
    revision: int = 0
    url: str = ""
    room_code: str = ""
    applied: Occurrence | None = None
    carries: bool = True
    intact: bool = False
    verified: datetime | None = None
    made: Occurrence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A recurring event as it was seen when it was last asked for, at `at`, with its coming instances before `until`.

    `gone` are the dates of its pattern that were not there, `begun` those that had begun since the day before, of any
    series of its meeting.
    """

    event: Event
    at: datetime
    until: datetime
    gone: tuple[datetime, ...] = ()
    begun: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What is remembered of an organiser's calendar, so that the next list tells but what has changed since.

    `token` is DingTalk's sync token, `listed_at` when the calendar was last listed whole. `events` are those of this
    workspace that are not as they were applied; those that are stand in the entries alone. `looks` are those at its
    recurring events, by their ids, of which nothing was heard since. `written_at` is when we last wrote to it, None
    where a list has shown all of that since.
    """

    token: str
    listed_at: datetime
    events: tuple[Event, ...] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A conference that may be there though nothing leads to it.

    Mostly its creation was never answered, and nobody has learned its id. `conference_id` is that of one that could not
    be ended, or that DingTalk did not know any more so that another took its place; then `asked_at` is when that was.
    """

    address: str
    organizer: str
    title: str
    start: datetime
    asked_at: datetime
    conference_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An instant conference that `start` opened for an occurrence. Its passwords are never kept."""

    address: str
    conference_id: str
    url: str
    room_code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDay:
    """How many events we have created for one organiser on a `day` (YYYY-MM-DD, in Beijing), as far as is known.

    `refused`: DingTalk has said on that day that it creates no further one.
    """

    day: str
    made: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything. `serial` grows with every save, `lineage` is drawn once; `calls` counts API calls by `YYYY-MM`.

    `people` has the union ids that were asked for, by `userid:…` or `mobile:…`. `organizers` are all whose calendars
    have ever held an event of this workspace. `days_off` says by address why an occurrence was taken at the last apply.
    `rooms` is what was learned of rooms, by their ids. `moved` are meetings that `state mv` gave another name, from old
    to new: the markers in their events may still have the old one. `cancelled` has the ids of the events that we
    deleted because the config wanted them no more, and which occurrence each was: nobody else has deleted them. `rules`
    says by meeting what its rule was at the last apply, see `reconciler.plan.upcoming`.
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
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # by organiser
    moved: Mapping[str, str] = field(default_factory=dict)
    event_days: Mapping[str, EventDay] = field(default_factory=dict)  # by organiser
    cancelled: Mapping[str, str] = field(default_factory=dict)  # event id → address
    rules: Mapping[str, str] = field(default_factory=dict)


def pruned(state: State, now: datetime) -> State:
    """Return `state` without the occurrences that ended more than a week before `now`, and calendars as old as that.

    Of those a list has to tell all anew: nobody has asked for them since.
    """
    entries = {
        key: entry
        for key, entry in state.entries.items()
        if entry.applied is None or _last_day(key, entry.applied) + KEPT_AFTER_END > now
    }
    opened = {address: one for address, one in state.opened.items() if one.at + KEPT_AFTER_END > now}
    cancelled = {event: address for event, address in state.cancelled.items() if not _is_long_ago(address, now)}
    calendars = {who: one for who, one in state.calendars.items() if one.listed_at + KEPT_AFTER_END > now}
    return replace(state, entries=entries, opened=opened, cancelled=cancelled, calendars=calendars)


def _is_long_ago(address: str, now: datetime) -> bool:
    when = Key.parse(address).original.replace(tzinfo=UTC)
    return when + KEPT_AFTER_END + timedelta(days=1) <= now  # a day for any zone


def _last_day(key: Key, applied: Occurrence) -> datetime:
    """Return when an occurrence ends; of a series without an end, a day that never comes.

    So it is of one that stands where a single event was, and was never finished: its end is not in what was applied.
    """
    if not key.series:
        return applied.end
    until = applied.recurrence.until if applied.recurrence is not None else None
    return applied.end + timedelta(days=36_500) if until is None else datetime.combine(until, applied.end.timetz())
