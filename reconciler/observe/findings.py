"""What the calendars have told so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.dingtalk.errors import ApiError
from reconciler.model.observed import Observed, ReadFailure, Told
from reconciler.model.occurrence import Event, Key
from reconciler.schedule.pattern import Instance


@dataclass(slots=True)
class Findings:
    """What the calendars told so far."""

    live: dict[Key, Observed] = field(default_factory=dict)
    deleted: dict[Key, Observed] = field(default_factory=dict)
    duplicates: dict[str, Observed] = field(default_factory=dict)  # by event id
    ended: set[str] = field(default_factory=set)  # ids of events that a list showed as deleted
    unresolved: set[str] = field(default_factory=set)
    failures: list[ReadFailure] = field(default_factory=list)
    calendars: dict[str, Told] = field(default_factory=dict)  # by organiser
    begun: set[tuple[str, datetime]] = field(default_factory=set)  # meetings with instances of series since yesterday
    unread: set[str] = field(default_factory=set)  # organisers whose calendars could not be listed
    viewed: set[str] = field(default_factory=set)  # organisers whose coming instances were looked at
    instances: dict[str, tuple[Instance, ...]] = field(default_factory=dict)  # what that showed, by recurring event
    spent: int = 0  # calls, of those that may go into looking after what nothing was heard of

    def fail(self, where: str, error: ApiError, meetings: Iterable[str], *, hint: str = "", who: str = "") -> None:
        """Take note that `where` could not be read, for which these `meetings` are left out of the comparison."""
        hint = hint or error.fix
        self.failures.append(ReadFailure(where=where, code=error.code, message=error.what, hint=hint, who=who))
        self.unresolved.update(meetings)

    def is_known(self, event: Event) -> bool:
        """Return whether no list told of `event`: it stands in what is remembered of its calendar."""
        told = self.calendars.get(event.organizer)
        return told is not None and told.changed is not None and event.id not in told.changed

    @property
    def organizers(self) -> frozenset[str]:
        """Return who organises anything of this workspace, now or as far as is remembered, or could not be asked."""
        found = (*self.live.values(), *self.duplicates.values())
        remembered = (one.entry.organizer for one in self.deleted.values() if one.entry is not None)
        return frozenset(one.organizer for one in found) | {*remembered} | self.unread
