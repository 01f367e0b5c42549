"""What was seen of DingTalk, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.marker import Description, Marker, parse_description
from reconciler.model.native import is_on, is_over
from reconciler.model.occurrence import Conference, Event, Key, Occurrence
from reconciler.model.state import Calendar, Entry
from reconciler.schedule.pattern import Instance

NOT_ADOPTABLE = "not-adoptable"  # code of the failure where the config names an event that can't become ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One occurrence as it is. `event` or `conference` is None where there is none; `entry` is our memory of it.

    `marker` is the event's, or that of an event that a person deleted; None where it is lost.
    An event of people's making is here only where a meeting names it: `adopting`.
    """

    key: Key
    event: Event | None = None
    conference: Conference | None = None
    marker: Marker | None = None
    entry: Entry | None = None
    adopting: bool = False
    instances: tuple[Instance, ...] | None = None  # coming ones of a recurring event, None: nobody has looked
    verified: datetime | None = None  # when the conference was last asked for, by this run or by one before
    untouched: bool = False  # the event was seen to be as it was applied, and the last list told of no change
    asked: bool = False  # by this one; else what is said of the conference is presumed
    dropped: bool = False  # we have cancelled it ourselves, because the config wanted it no more
    owner: str = ""  # union id of the organiser of an event that was deleted, where that is known
    presumed: bool = False  # a recurring event is as it was when it was last looked at: nothing was heard of it since

    @property
    def organizer(self) -> str:
        """Return the union id of the person in whose calendar it stands, "" where nothing is left to tell."""
        if self.event is not None:
            return self.event.organizer
        return self.entry.organizer if self.entry is not None else self.owner

    @property
    def applied(self) -> Occurrence | None:
        """Return the occurrence as it was last applied in full, None where nobody remembers that."""
        return self.entry.applied if self.entry is not None else None

    @property
    def start(self) -> datetime | None:
        """Return when it starts, by the event or else by our memory."""
        if self.event is not None:
            return self.event.start
        return self.applied.start if self.applied is not None else None

    @property
    def conference_id(self) -> str:
        """Return the id of the conference that it leads to, by the marker or else by our memory; "" for none."""
        if self.marker is not None and self.marker.conference:
            return self.marker.conference
        return self.entry.conference_id if self.entry is not None else ""

    @property
    def alive(self) -> bool:
        """Return whether there is a conference that one can join."""
        return self.conference is not None and not self.conference.cancelled

    @property
    def description(self) -> Description:
        """Return the parts of the event's description."""
        return parse_description(self.event.description if self.event is not None else "")

    @property
    def revision(self) -> int:
        """Return the revision of the event that is there, or of the one to make."""
        last = max(
            self.marker.revision if self.marker is not None else 0,
            self.entry.revision if self.entry is not None else 0,
        )
        was_there = self.marker is not None or (self.entry is not None and self.entry.event_id != "")
        return last + 1 if self.event is None and was_there else last

    def has_started(self, now: datetime) -> bool:
        """Return whether it has begun; such an occurrence is never touched.

        A recurring event has only where nothing more of it is to come.
        """
        if not self.key.series:
            return self.start is not None and self.start <= now
        if self.event is not None:
            return is_over(self.event, now)
        applied = self.applied
        until = applied.recurrence.until if applied is not None and applied.recurrence is not None else None
        return until is not None and until < now.date()

    def takes_place(self, now: datetime) -> bool:
        """Return whether it is on, or one instance of it."""
        return self.event is not None and is_on(self.event, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailure:
    """Something that could not be read: an organiser's calendar or one occurrence. Not an absence.

    `who` is the union id of a person that `where` names, "" where it names none.
    """

    where: str
    code: str
    message: str
    hint: str = ""
    who: str = ""

    def place(self, names: Mapping[str, str]) -> str:
        """Return what could not be read, the person in it by their alias; `names` are those by union id."""
        return self.where.replace(self.who, names.get(self.who, self.who)) if self.who else self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has changed in a calendar since it was last listed, and the token for the next time."""

    token: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a list told of one calendar: all events of ours, and the ids of those that changed; None: all may have."""

    calendar: Calendar
    changed: frozenset[str] | None = None
    late: bool = False  # the list was older than what stands in it: of some events that was asked for by id


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that was seen at one time.

    `unresolved` are meetings of which not everything could be read: they stay out of the diff. `duplicates` are
    further events with the marker of an occurrence that has one already.
    """

    occurrences: Mapping[Key, Observed]
    duplicates: tuple[Observed, ...] = ()
    unresolved: frozenset[str] = frozenset()
    failures: tuple[ReadFailure, ...] = ()
    organizers: frozenset[str] = field(default_factory=frozenset)
    begun: frozenset[tuple[str, datetime]] = frozenset()  # meetings, and when an instance of their series has begun
    calendars: Mapping[str, Told] = field(default_factory=dict)  # by organiser
    viewed: frozenset[str] = frozenset()  # organisers whose coming instances were looked at
