"""A change while it is carried out: what is known of its occurrence so far, and what is left to do."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.apply.booking import Place
from reconciler.apply.outcome import Failure, Mismatch
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key, Occurrence
from reconciler.model.rendering import as_marked
from reconciler.model.state import Entry
from reconciler.plan.operations import Call, Operation, PlannedChange


@dataclass(slots=True, kw_only=True)
class Work:
    """A change while it is carried out: what is known of its occurrence so far, and what went wrong."""

    planned: PlannedChange
    entry: Entry
    at: datetime  # when the run began
    done: list[Operation] = field(default_factory=list)
    failure: Failure | None = None
    deferral: Failure | None = None
    mismatches: list[Mismatch] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)  # rooms by others that were booked in their place
    lost: set[str] = field(default_factory=set)  # rooms of a pool that could not be had, nor others in their place
    short: Failure | None = None  # why
    moved: bool = False  # the event is at its new time, whether or not it could take its rooms along
    partly: set[str] = field(default_factory=set)  # rooms that were booked by a call for several that failed as a whole
    lock: threading.Lock = field(default_factory=threading.Lock)
    instances: Mapping[datetime, str] | None = None  # of a series, the ids by start, once they were looked for

    @classmethod
    def begin(cls, planned: PlannedChange, *, at: datetime) -> Work:
        """Return the work on `planned`, knowing what was observed."""
        return cls(planned=planned, entry=_known(planned), at=at)

    @property
    def key(self) -> Key:
        return self.entry.key

    @property
    def after(self) -> Occurrence:
        """Return what is wanted. Only asked for by calls that bring it about."""
        return self.planned.change.want

    @property
    def applied(self) -> Occurrence | None:
        """Return what is there once everything is done: what is wanted, with the rooms that were booked instead."""
        after = self.planned.change.after
        if after is not None and not any(map(_writes_marker, self.planned.operations)):
            before = self.planned.change.before
            marker = before.marker if before is not None else None
            after = as_marked(after, marker.applied if marker is not None else "", self.entry.applied)
        if after is None or after.rooms is None or not (self.replaced or self.lost):
            return after
        rooms = (room for room in after.rooms if room not in self.lost)
        return replace(after, rooms=tuple(self.replaced.get(room, room) for room in rooms))

    @property
    def maker(self) -> str:
        """Return the address of the occurrence that makes the conference this one leads to, "" where it is there."""
        role = self.planned.change.role
        return role.maker if role is not None and role.maker != str(self.key) else ""

    @property
    def finished(self) -> bool:
        return len(self.done) == len(self.planned.operations)

    @property
    def notify(self) -> bool:
        """Return whether people may be told."""
        change = self.planned.change
        if change.quiet:
            return False
        if change.after is not None:
            return change.after.notify
        return self.entry.applied is None or self.entry.applied.notify

    def result(self) -> Entry | None:
        """Return what is known now: None once it is cancelled, and `applied` only once everything is done."""
        if not self.finished:
            return self._unfinished()
        change = self.planned.change
        if change.after is None:
            return None
        carries = change.role is None or change.role.carries
        seen = change.before.verified if change.before is not None else None
        verified = self.at if change.makes_conference else seen
        return replace(self.entry, applied=self.applied, carries=carries, verified=verified)

    def _unfinished(self) -> Entry:
        """Return what is known while calls are left: also of a conference without an event, once all of it is set."""
        change = self.planned.change
        alone = bool(self.entry.conference_id) and not self.entry.event_id
        own = change.role is None or change.role.carries
        calls = [one for one in self.planned.operations if one.call in _OF_CONFERENCES]
        if not alone or not own or not calls or any(one not in self.done for one in calls):
            return self.entry
        return replace(self.entry, made=change.after, verified=self.at)


def _writes_marker(operation: Operation) -> bool:
    return operation.call is Call.EVENT_CREATE or "description" in operation.parts


_OF_CONFERENCES = frozenset({Call.CONFERENCE_CREATE, Call.CONFERENCE_UPDATE, Call.CONFERENCE_SETTINGS})


def _known(planned: PlannedChange) -> Entry:
    before, after = planned.change.before, planned.change.after
    key = after.key if after is not None else before.key if before is not None else None
    assert key is not None  # noqa: S101  # a change has at least one side
    conference = planned.change.conference
    known = Entry(
        key=key,
        organizer=_holder(before, after),
        conference_id=conference.id if conference is not None else "",
        url=conference.url if conference is not None else "",
        room_code=conference.room_code if conference is not None else "",
    )
    if before is None:
        return known
    return replace(
        known,
        event_id=before.event.id if before.event is not None else "",
        revision=before.revision + (1 if planned.change.replaces else 0),
        applied=before.applied,
    )


def _holder(before: Observed | None, after: Occurrence | None) -> str:
    """Return in whose calendar the occurrence is: the one who holds what is left of it, else the wanted organiser."""
    if before is not None and (after is None or (before.organizer and (before.event is not None or before.alive))):
        return before.organizer
    return after.organizer if after is not None else ""


def place_of(work: Work) -> Place:
    """Return where the rooms of a change are booked, and for whom."""
    entry = work.entry
    return Place(
        key=work.key,
        organizer=entry.organizer,
        event_id=entry.event_id,
        want=work.after if not work.lost else replace(work.after, rooms=_without_lost(work)),
        spares=work.planned.spares,
        pool=work.planned.pool,
    )


def rooms_of(work: Work, call: Call) -> tuple[str, ...]:
    """Return the rooms that a change has booked or released so far, with those that were booked instead of others."""
    rooms = [room for one in work.done if one.call is call for room in one.rooms if room not in work.lost]
    if call is not Call.ROOMS_BOOK:
        return tuple(rooms)
    return tuple(dict.fromkeys(work.replaced.get(room, room) for room in (*rooms, *sorted(work.partly))))


def _without_lost(work: Work) -> tuple[str, ...]:
    return tuple(room for room in work.after.rooms or () if room not in work.lost)


def may_be_short(work: Work) -> bool:
    """Return whether a change may end with fewer rooms of its pool than planned, and that is all there is to it.

    Not where it keeps, or takes back, rooms that it would let go for those.
    """
    return work.planned.moves or not any(one.call is Call.ROOMS_RELEASE for one in work.planned.operations)


def left_to_do(work: Work) -> list[Operation]:
    """Return the calls of a change that were not made, or failed."""
    return [one for one in work.planned.operations if one not in work.done]


def lacks_rooms(work: Work) -> bool:
    """Return whether all that a change failed to do is about its rooms."""
    left = left_to_do(work)
    return work.failure is not None and all(one.call in {Call.ROOMS_BOOK, Call.ROOMS_RELEASE} for one in left)


def is_bare(work: Work) -> bool:
    """Return whether a change let go of rooms, and did not get those that it did so for."""
    wanted = any(one.call is Call.ROOMS_BOOK for one in left_to_do(work))
    return work.failure is not None and wanted and any(one.call is Call.ROOMS_RELEASE for one in work.done)


def has_moved(work: Work) -> bool:
    """Return whether the event is at another time by now than it was."""
    return work.moved


def span_of(work: Work) -> tuple[datetime, datetime]:
    """Return from when to when the event is now; of a recurring event, when it is next."""
    return (work.after.start, work.after.end) if has_moved(work) else former_span(work)


def former_span(work: Work) -> tuple[datetime, datetime]:
    """Return from when to when the event was before this run."""
    event = work.planned.change.event
    if event is None or event.recurring:  # whose own start may be long ago
        return work.after.start, work.after.end
    return event.start, event.end
