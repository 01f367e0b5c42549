"""What has to change, as values: a change of one occurrence, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.diff.compare import Comparison
from reconciler.diff.sharing import Role
from reconciler.model.native import follows, nearest
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Conference, Event, Key, Occurrence, meeting_of
from reconciler.schedule.pattern import Instance

ADOPTED = "adopted: people made the event"


TAKEN_OUT = "taken out of the series in DingTalk"


AGAIN = "declared again"


PASSED = "moved to a day that is over"


OWN, SHARED = "own", "shared"  # whose conference the occurrence leads to, where that changes


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One occurrence that has to change. CREATE has no event `before`, CANCEL nothing `after`."""

    action: Action
    before: Observed | None
    after: Occurrence | None
    comparison: Comparison = field(default_factory=Comparison)
    reason: str = ""
    duplicate: bool = False  # cancels one event too many; the occurrence itself goes on
    role: Role | None = None  # of an occurrence that shares its conference with others
    keeps_conference: bool = False  # of a cancellation: others lead to it too
    replaces: bool = False  # of an update: the event goes, and another one takes its place and its conference
    ends: bool = False  # the recurring event that goes has begun: it is ended, and what has been of it stays
    quiet: bool = False  # people hear of it by what takes its place
    follows: tuple[str, ...] = ()  # addresses of changes without which its own event is not to be made
    instances: tuple[Instance, ...] = ()  # to be taken out of the recurring event

    @property
    def have(self) -> Observed:
        """Return what is there. Only asked for where something is."""
        assert self.before is not None  # noqa: S101  # an update and a cancellation have a before
        return self.before

    @property
    def want(self) -> Occurrence:
        """Return what is wanted. Only asked for where something is."""
        assert self.after is not None  # noqa: S101  # a creation and an update have an after
        return self.after

    @property
    def event(self) -> Event | None:
        """Return the event that is there."""
        return self.before.event if self.before is not None else None

    @property
    def applied(self) -> Occurrence | None:
        """Return the occurrence as it was last applied in full, None where nobody remembers that."""
        return self.before.applied if self.before is not None else None

    @property
    def conference(self) -> Conference | None:
        """Return the conference that the occurrence leads to, or is to lead to; None where none is there that lives."""
        if self.role is not None:
            return self.role.conference
        return self.before.conference if self.before is not None and self.before.alive else None

    @property
    def makes_conference(self) -> bool:
        """Return whether this occurrence is the one that makes the conference that is not there."""
        return self.conference is None and (self.role is None or self.role.maker == self.address)

    @property
    def was(self) -> datetime | None:
        """Return when it started before, as people know it: of a series the date that this one takes the place of."""
        if self.before is None or self.after is None:
            return None
        event = self.before.event
        if event is None or event.recurrence is None or self.after.recurrence is None:
            series = self.before.key.series or self.after.recurrence is not None
            return self.after.start if series else self.before.start
        return self.after.start if follows(self.after, event) else nearest(event, self.after.start)

    @property
    def address(self) -> str:
        """Return the address under which people know it: the new one, where it moved."""
        return str(self.after.key if self.after is not None else self.before.key if self.before is not None else "")

    @property
    def meeting(self) -> str:
        """Return the name of its meeting, the new one where it has been renamed."""
        return meeting_of(self.address)

    @property
    def start(self) -> datetime | None:
        """Return when it starts: as wanted, or as it was."""
        return self.after.start if self.after is not None else self.before.start if self.before is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What has to change, by start; and the pairs that need nothing."""

    changes: tuple[Change, ...]
    unchanged: tuple[tuple[Occurrence, Observed], ...] = ()
    gone: tuple[Observed, ...] = ()  # wanted no more, and nothing is left of them
    roles: Mapping[Key, Role] = field(default_factory=dict)  # of those that share a conference, changed or not
