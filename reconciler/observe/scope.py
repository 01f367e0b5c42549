"""What an observation is about, and how much is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.model.marker import Marker, parse_description
from reconciler.model.occurrence import Event, Key


class Refresh(StrEnum):
    """How much is asked: what is due, everything, the calendars alone, or nothing (the state is trusted)."""

    AUTO = "auto"
    FULL = "full"
    CALENDAR = "calendar"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an observation is about.

    `meetings` maps every declared meeting to its organiser; `organizers` are all people whose calendars are asked for,
    besides those that the state knows; `alone`, where it is given, are those people and nobody else. `trusted` are
    people who may once have been organisers: what they organise with our marker counts where it is seen, as an
    invitation, and their calendars are then listed too. `with_settings` are
    those that declare a setting which can be read back, `with_attendees` those that declare attendees: only for them
    the extra calls are made. `expected` are the occurrences to be booked, for which the remains of deleted events
    matter; `lasting` are those of their meetings whose link never changes, however long ago the last one was. With
    `only` no more is asked of other occurrences than what a list tells anyway. `adopt` are ids of events that people
    made, and the occurrences that they are to be. `moved` are old names of meetings: what bears them is theirs.
    `budget` is how many calls may go into looking after conferences and recurring events that were last verified
    `every` ago or longer. With `presume` a recurring event of which nothing was heard is as it was when it was last
    looked at, but for those of `doubted` meetings; `looked_at` are ids of those that this run has looked at.
    `settled` meetings are not looked at: whatever a list shows of them is as it should be.
    Who is `spent` gets no further event today: of their conferences without one nothing is asked that the state knows.
    """

    workspace: str
    meetings: Mapping[str, str]
    organizers: frozenset[str] = frozenset()
    alone: frozenset[str] | None = None
    trusted: frozenset[str] = frozenset()
    with_settings: frozenset[str] = frozenset()
    with_attendees: frozenset[str] = frozenset()
    expected: frozenset[Key] = frozenset()
    lasting: frozenset[str] = frozenset()
    refresh: Refresh = Refresh.AUTO
    only: frozenset[Key] | None = None
    adopt: Mapping[str, Key] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None  # how far the instances of recurring events are looked at; None: not at all
    budget: int = 40
    every: timedelta = timedelta(hours=24)
    presume: bool = False
    doubted: frozenset[str] = frozenset()
    looked_at: frozenset[str] = frozenset()
    spent: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()

    def asks_for(self, key: Key) -> bool:
        """Return whether calls may be made for this occurrence alone."""
        return self.only is None or key in self.only

    def marker_of(self, event: Event) -> Marker | None:
        """Return the marker by which an event is one of this workspace, None where it has none, or another's."""
        marker = parse_description(event.description).marker
        return marker if marker is not None and marker.workspace == self.workspace else None
