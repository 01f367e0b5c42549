"""From a schedule to its occurrences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.schedule.dates import day_bounds
from reconciler.schedule.model import DaysOff, Schedule, Slot, Taken
from reconciler.schedule.originals import first_occurrence, is_occurrence, originals, planned
from reconciler.schedule.shifting import change_of, moved_by, reach, taken
from reconciler.schedule.zones import EARLIEST, LATEST, later, localise, zone

__all__ = ["expand", "first_occurrence", "is_occurrence", "next_slots", "originals", "slot_of", "taken_between"]

# Local time is at most a day from UTC, and a gap moves a start by at most another (Apia in 2011).
_SLACK = timedelta(days=3)
_FIRST_LOOK = timedelta(days=40)
_LIFETIME = timedelta(days=30_000)
_NO_DAYS_OFF = DaysOff()
_LAST_LOOK = datetime(9000, 1, 1, tzinfo=UTC)


def expand(schedule: Schedule, *, after: datetime, before: datetime) -> tuple[Slot, ...]:
    """Return the occurrences that start in [after, before), both aware, by start.

    What counts is the start after any change: an occurrence is found where it was moved to. Raises UnknownZone and
    RuleError for a schedule that validation would refuse.
    """
    begin, end = after.astimezone(UTC), before.astimezone(UTC)
    if is_plain(schedule):
        return _expanded(schedule, begin, end)
    slack = _SLACK + reach(schedule)
    starts = set(originals(schedule, first=_naive(begin, -slack), last=_naive(end, slack)))
    for named, change in schedule.changes.items():
        if change.start is not None:
            first, last = day_bounds(named)
            starts.update(originals(schedule, first=first, last=last))
    slots = [slot for original in starts if (slot := slot_of(schedule, original)) is not None]
    slots = [slot for slot in slots if begin <= slot.start.astimezone(UTC) < end]
    # Two starts in one zone would be compared by their wall clocks, which an autumn night has twice.
    return tuple(sorted(slots, key=lambda slot: (slot.start.astimezone(UTC), slot.original)))


def is_plain(schedule: Schedule) -> bool:
    """Return whether the rule alone says when it is, as of nearly all meetings."""
    return not (schedule.skip or schedule.add or schedule.changes) and schedule.days_off == _NO_DAYS_OFF


def _expanded(schedule: Schedule, begin: datetime, end: datetime) -> tuple[Slot, ...]:
    """Return the occurrences of a plain schedule that start in [begin, end), both in UTC: as `expand`, step by step."""
    where, duration = zone(schedule.timezone), schedule.duration
    found = []
    for original in planned(schedule, _naive(begin, -_SLACK), _naive(end, _SLACK)):
        if EARLIEST <= original <= LATEST:
            instant = original.replace(tzinfo=where, fold=0).astimezone(UTC)  # see `localise`
            if begin <= instant < end:
                found.append((instant, original))
    return tuple(
        Slot(original=original, start=instant.astimezone(where), end=(instant + duration).astimezone(where))
        for instant, original in sorted(found)
    )


def slot_of(schedule: Schedule, original: datetime) -> Slot | None:
    """Return what becomes of one of the `originals`; None where a day off leaves it out."""
    key, change = change_of(schedule, original)
    off = taken(schedule, original)
    local = moved_by(change, original) if off is None else off.moved_to
    if local is None or not EARLIEST <= local <= LATEST:
        return None
    start = localise(local, zone(schedule.timezone))
    duration = schedule.duration if change.duration is None else change.duration
    why = "" if off is None else off.reason
    return Slot(original=original, start=start, end=later(start, duration), change=key, holiday=why)


def next_slots(schedule: Schedule, number: int, *, after: datetime) -> tuple[Slot, ...]:
    """Return the first `number` occurrences from the aware `after` on, fewer where no more come within a lifetime."""
    found: tuple[Slot, ...] = ()
    length = _FIRST_LOOK
    while len(found) < number and length < _LIFETIME and after <= _LAST_LOOK:
        found += expand(schedule, after=after, before=after + length)
        after, length = after + length, 3 * length
    return found[:number]


def taken_between(schedule: Schedule, *, after: datetime, before: datetime) -> tuple[Taken, ...]:
    """Return what days off do to the occurrences that would start in [after, before), both aware, by original start."""
    where, begin, end = zone(schedule.timezone), after.astimezone(UTC), before.astimezone(UTC)
    starts = originals(schedule, first=_naive(begin, -_SLACK), last=_naive(end, _SLACK))
    inside = (one for one in starts if EARLIEST <= one <= LATEST and begin <= localise(one, where) < end)
    return tuple(found for one in inside if (found := taken(schedule, one)) is not None)


def _naive(instant: datetime, by: timedelta) -> datetime:
    """Return the UTC wall-clock time, moved, within what a datetime can hold."""
    naive = instant.replace(tzinfo=None)
    return max(naive, EARLIEST) + by if by < timedelta() else min(naive, LATEST) + by
