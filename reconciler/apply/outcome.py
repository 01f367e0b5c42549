"""What came of a plan, as a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.diff.change import Action
from reconciler.model.occurrence import Key, meeting_of
from reconciler.model.state import Entry, Orphan
from reconciler.plan.operations import NO_ROOM, Call, Operation, Pending, Plan, PlannedChange


def _writes_event(operation: Operation) -> bool:
    return not operation.call.startswith("conference.")


class Status(StrEnum):
    DONE = "done"
    FAILED = "failed"
    DEFERRED = "deferred"  # a limit of DingTalk, or a stop, put it off to the next run


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A field that DingTalk answered otherwise than it was written: a title cut short, a time moved."""

    path: str
    wanted: str
    answered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one change. `done` are the calls that succeeded, `mismatches` what came out otherwise.

    `lost` are rooms of a pool that could not be had, nor others in their place; `short` is why.
    """

    planned: PlannedChange
    status: Status
    error: Failure | None = None
    done: tuple[Operation, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    lost: frozenset[str] = frozenset()
    short: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an apply did. `entries` is what is now known of each occurrence that it touched, None: gone.

    `api_calls` counts every call that was made for it, repeats and look-ups included. `unsaved` is why the state could
    not be saved afterwards.
    """

    results: tuple[Result, ...]
    entries: Mapping[Key, Entry | None] = field(default_factory=dict)
    orphans: tuple[Orphan, ...] = ()
    stopped: Failure | None = None
    api_calls: int = 0
    unsaved: Failure | None = None
    pending: tuple[Pending, ...] = ()  # what waits for an approval now, as far as that is known
    created: Mapping[str, int] = field(default_factory=dict)  # events, by organiser
    refused: frozenset[str] = frozenset()  # organisers who can create no further event today
    declined: tuple[Pending, ...] = ()  # what was refused while this run waited
    refused_rooms: frozenset[str] = frozenset()  # nobody has them, and they could not be booked: their rules forbid it

    def count(self, status: Status, action: Action | None = None) -> int:
        """Return how many changes have this status, of one action or of all."""
        return sum(
            one.status is status and (action is None or one.planned.change.action is action) for one in self.results
        )

    @property
    def touched(self) -> frozenset[str]:
        """Return the ids of the events that were written, or may have been: what was seen of them is old."""
        written = [one for one in self.results if one.error is not None or any(map(_writes_event, one.done))]
        keys = {one.planned.change.address for one in written}
        before = (one.planned.change.before for one in written)
        events = {seen.event.id for seen in before if seen is not None and seen.event is not None}
        made = {entry.event_id for key, entry in self.entries.items() if entry is not None and str(key) in keys}
        return frozenset(events | made)

    @property
    def deleted(self) -> frozenset[str]:
        """Return the ids of the events that were deleted."""
        done = (one for one in self.results if any(call.call is Call.EVENT_DELETE for call in one.done))
        before = (one.planned.change.before for one in done)
        return frozenset(seen.event.id for seen in before if seen is not None and seen.event is not None)

    def rooms(self, call: Call) -> int:
        """Return how many rooms were booked or released."""
        return sum(
            len([room for room in operation.rooms if call is not Call.ROOMS_BOOK or room not in one.lost])
            for one in self.results
            for operation in one.done
            if operation.call is call
        )


def short_of_rooms(results: Iterable[Result], plan: Plan) -> Mapping[str, frozenset[str]]:
    """Return by meeting the addresses of what has fewer rooms of its pool than it wants, by the plan or since."""
    short: dict[str, set[str]] = defaultdict(set)
    for address in (
        *(one.address for one in plan.problems if one.code == NO_ROOM),
        *(one.planned.change.address for one in results if one.short is not None),
    ):
        short[meeting_of(address)].add(address)
    return {meeting: frozenset(addresses) for meeting, addresses in sorted(short.items())}


def borne(results: Iterable[Result], plan: Plan) -> tuple[Result, ...]:
    """Return `results`, failed where a pool was short for more occurrences of a meeting than it bears.

    Those that `plan` knew to be short count too.
    """
    results = tuple(results)
    short = short_of_rooms(results, plan)
    found = []
    for one in results:
        pool, meeting = one.planned.pool, one.planned.change.meeting
        bears = pool.max_conflicts if pool is not None else 0
        fails = one.short is not None and one.status is Status.DONE and len(short[meeting]) > bears
        found.append(replace(one, status=Status.FAILED, error=one.short) if fails else one)
    return tuple(found)


def waiting_now(plan: Plan, outcome: Outcome) -> tuple[Pending, ...]:
    """Return what waits for an approval once `plan` has come to `outcome`: what did before, and what was booked."""
    held: dict[str, frozenset[str]] = {}
    for result in outcome.results:
        after = result.planned.change.after
        if after is not None:
            entry = outcome.entries.get(after.key)
            rooms = entry.applied.rooms if entry is not None and entry.applied is not None else None
            held[result.planned.change.address] = (
                frozenset(rooms or ()) if result.status is Status.DONE else frozenset()
            )
    return tuple(
        replace(one, booked=True)
        for one in plan.pending
        if (one.booked and one.address not in held) or one.room in held.get(one.address, frozenset())
    )
