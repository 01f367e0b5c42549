"""A plan as data: changes, the calls that carry them out, and what each call waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.config.model import Room
from reconciler.diff.change import Action, Change
from reconciler.diff.compare import held_rooms
from reconciler.model.observed import Observation, Observed, ReadFailure
from reconciler.model.occurrence import Attendee, Occurrence, RoomBooking
from reconciler.plan.upcoming import DayOff, NextDates
from reconciler.schedule.pattern import Instance

MAX_ROOMS = 5  # of one event, at any moment
NO_ROOM = "no-room"  # code of the problem where a pool has none to give


class Call(StrEnum):
    CONFERENCE_CREATE = "conference.create"
    CONFERENCE_UPDATE = "conference.update"
    CONFERENCE_SETTINGS = "conference.settings"
    CONFERENCE_CANCEL = "conference.cancel"
    EVENT_CREATE = "event.create"
    EVENT_UPDATE = "event.update"
    EVENT_DELETE = "event.delete"
    ATTENDEES_ADD = "attendees.add"
    ATTENDEES_REMOVE = "attendees.remove"
    ROOMS_BOOK = "rooms.book"
    ROOMS_RELEASE = "rooms.release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call. `needs` are the ids of those that come first; `parts` are what an event.update sends.

    What the call says is in the change it belongs to; ids that earlier calls bring are known by then.
    """

    id: str
    call: Call
    needs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()  # of title, time, recurrence, description, ui_lock; or `end` alone, of a series
    people: tuple[Attendee, ...] = ()
    rooms: tuple[str, ...] = ()
    conference: str = ""  # the one to cancel, where it is not the occurrence's own
    instance: Instance | None = None  # of a recurring event: the one to delete, and not all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPool:
    """The pool that the rooms of a change were chosen from: ids, how many of them, and what its meeting bears.

    `max_conflicts` is how many occurrences of the meeting may go without a room before that is an error.
    """

    rooms: tuple[str, ...]
    count: int = 1
    max_conflicts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """A change and its calls. `spares` are rooms of its `pool` that nobody has then, should one be taken meanwhile."""

    change: Change
    operations: tuple[Operation, ...]
    notifies: int
    spares: tuple[str, ...] = ()
    pool: PlannedPool | None = None

    def rooms_of(self, call: Call) -> tuple[str, ...]:
        """Return the rooms that its calls of this kind name, in their order."""
        return tuple(room for one in self.operations if one.call is call for room in one.rooms)

    @property
    def moves(self) -> bool:
        """Return whether the event goes to another time, and takes along the rooms that it keeps."""
        return any(one.call is Call.EVENT_UPDATE and "time" in one.parts for one in self.operations)

    @property
    def kept_rooms(self) -> frozenset[str]:
        """Return the rooms that the event holds before and after, () where it does not stay."""
        if self.change.event is None or self.change.action is not Action.UPDATE:
            return frozenset()
        return held_rooms(self.change.event) - {*self.rooms_of(Call.ROOMS_RELEASE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Why a pool can't give one of its rooms: the rule that forbids it, or who has it, until when.

    `holder` is a union id, or the address of an occurrence of ours, "" where nobody knows.
    """

    room: str
    reason: str = ""
    holder: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomProblem:
    """A room that an occurrence is going to be without, as far as can be foreseen; `message` says why, of the room.

    `room` is "" where a pool has none to give, and `blocked` says why of each of its rooms. `holder` is who has it
    `until` then: a union id, or the address of an occurrence of ours. `alternatives` are rooms that are free. `contact`
    is the union id of whom to ask.
    """

    address: str
    start: datetime
    end: datetime
    room: str
    code: str  # taken, declined, no-room, unknown, not-allowed, not-open, closed, too-short, too-long, too-early, …
    message: str
    holder: str = ""
    until: datetime | None = None
    alternatives: tuple[str, ...] = ()
    contact: str = ""
    is_error: bool = False  # not just a warning: more than the config bears
    blocked: tuple[Blocked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A room that waits for somebody's approval, or, where it is yet to be booked, is going to.

    `organizer` is the union id of whose event it is, `contact` of whom to ask.
    """

    address: str
    start: datetime
    room: str
    booked: bool = True
    organizer: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """An occurrence with rooms that a plan leaves as it is, both ends aware; a reader sees by it what is taken."""

    address: str
    title: str
    start: datetime
    end: datetime
    timezone: str
    rooms: tuple[RoomBooking, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The calls of the organisation that we know of: `used` in `month` (YYYY-MM), of `limit`."""

    month: str
    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How many conferences were asked for, how many were only presumed to be as they should, and since when at worst.

    `oldest` is None where one of those that were presumed was never asked for.
    """

    asked: int = 0
    presumed: int = 0
    oldest: datetime | None = None

    def __add__(self, other: Verification) -> Verification:
        """Return what is known of both together."""
        moments = [one.oldest for one in (self, other) if one.presumed]
        known = [moment for moment in moments if moment is not None]
        oldest = min(known) if known and len(known) == len(moments) else None
        return Verification(asked=self.asked + other.asked, presumed=self.presumed + other.presumed, oldest=oldest)


def verification_of(seen: Observation, *, now: datetime) -> Verification:
    """Return what of `seen` was verified at `now`."""
    found = {
        one.conference_id: one
        for one in seen.occurrences.values()
        if one.conference is not None and one.conference_id and not one.has_started(now)
    }
    presumed = [one.verified for one in found.values() if not one.asked]
    known = [moment for moment in presumed if moment is not None]
    oldest = min(known) if known and len(known) == len(presumed) else None
    return Verification(asked=len(found) - len(presumed), presumed=len(presumed), oldest=oldest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything an apply will do, by start.

    `unchanged` and `gone` cost nothing; apply only remembers them. `kept` is how many need nothing, which a saved plan
    knows without the occurrences themselves. `stays` and `declared_rooms` are what a saved plan knows of what is around
    its changes.
    """

    workspace: str
    generated_at: datetime
    window_from: datetime
    window_to: datetime
    changes: tuple[PlannedChange, ...] = ()
    unchanged: tuple[tuple[Occurrence, Observed], ...] = ()
    kept: int = 0
    gone: tuple[Observed, ...] = ()
    failures: tuple[ReadFailure, ...] = ()
    organizers: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = field(default_factory=tuple)
    days_off: tuple[DayOff, ...] = ()
    rules: tuple[NextDates, ...] = ()  # of meetings whose rule is new or changed
    problems: tuple[RoomProblem, ...] = ()
    pending: tuple[Pending, ...] = ()
    quota: Quota | None = None
    verification: Verification = field(default_factory=Verification)
    stays: tuple[Staying, ...] = ()
    declared_rooms: tuple[Room, ...] = ()

    @property
    def operations(self) -> Iterator[Operation]:
        """Yield every call, change by change."""
        for planned in self.changes:
            yield from planned.operations

    def count(self, action: Action) -> int:
        """Return how many occurrences have this action."""
        return sum(planned.change.action is action for planned in self.changes)

    def rooms(self, call: Call) -> int:
        """Return how many rooms all calls of this kind book or release."""
        return sum(len(operation.rooms) for operation in self.operations if operation.call is call)

    @property
    def api_calls(self) -> int:
        """Return what applying will cost; a series that is yet to be made is looked at to take dates out of it."""
        unseen = sum(
            any(one.instance and not one.instance.id for one in planned.operations) for planned in self.changes
        )
        return unseen + sum(len(planned.operations) for planned in self.changes)
