"""From a schedule to its occurrences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from reconciler.schedule.dates import day_bounds, first_date, rule_dates
from reconciler.schedule.model import Change, Schedule, Slot
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.zones import EARLIEST, LATEST, later, localise, zone

# Local time is at most a day from UTC, and a gap moves a start by at most another (Apia in 2011).
_SLACK = timedelta(days=3)
_AS_PLANNED = Change()


def expand(schedule: Schedule, *, after: datetime, before: datetime) -> tuple[Slot, ...]:
    """Return the occurrences that start in [after, before), both aware, by start.

    What counts is the start after any change: an occurrence is found where it was moved to. Raises UnknownZone and
    RuleError for a schedule that validation would refuse.
    """
    where = zone(schedule.timezone)
    begin, end = after.astimezone(UTC), before.astimezone(UTC)
    starts = set(originals(schedule, first=_naive(begin, -_SLACK), last=_naive(end, _SLACK)))
    for named, change in schedule.changes.items():
        if change.start is not None:
            first, last = day_bounds(named)
            starts.update(originals(schedule, first=first, last=last))
    slots = []
    for original in starts:
        key, change = _change(schedule, original)
        local = _moved(original, change)
        if not EARLIEST <= local <= LATEST:
            continue
        start = localise(local, where)
        if begin <= start.astimezone(UTC) < end:
            duration = schedule.duration if change.duration is None else change.duration
            slots.append(Slot(original=original, start=start, end=later(start, duration), change=key))
    # Two starts in one zone would be compared by their wall clocks, which an autumn night has twice.
    return tuple(sorted(slots, key=lambda slot: (slot.start.astimezone(UTC), slot.original)))


def originals(schedule: Schedule, *, first: datetime, last: datetime) -> tuple[datetime, ...]:
    """Return the naive local starts from `first` through `last` that rule and additions give, without the skipped.

    Changes do not matter here: an original start is where an occurrence was before them.
    """
    skipped = frozenset(schedule.skip)
    starts = _planned(schedule, first, last)
    return tuple(sorted(start for start in starts if start not in skipped and start.date() not in skipped))


def is_occurrence(schedule: Schedule, when: date | datetime) -> bool:
    """Return whether `when`, local, is the date or the start of an occurrence before anything is skipped."""
    first, last = day_bounds(when)
    return bool(_planned(schedule, first, last))


def first_occurrence(schedule: Schedule) -> datetime | None:
    """Return the local start that comes first by the rule alone; None if it has none, as when it ended before.

    Where it is not `schedule.start`, that start only anchors the rule.
    """
    if schedule.rule is None:
        return schedule.start
    return first_date(parse_rule(schedule.rule), schedule.start, zone(schedule.timezone))


def _planned(schedule: Schedule, first: datetime, last: datetime) -> set[datetime]:
    once = [schedule.start] if schedule.rule is None else []
    starts = {start for start in (*once, *schedule.add) if first <= start <= last}
    if schedule.rule is not None:
        where = zone(schedule.timezone)
        starts.update(rule_dates(parse_rule(schedule.rule), schedule.start, where, first=first, last=last))
    return starts


def _change(schedule: Schedule, original: datetime) -> tuple[date | datetime | None, Change]:
    for key in (original, original.date()):
        if key in schedule.changes:
            return key, schedule.changes[key]
    return None, _AS_PLANNED


def _moved(original: datetime, change: Change) -> datetime:
    match change.start:
        case None:
            return original
        case datetime() as start:
            return start
        case at:
            return datetime.combine(original.date(), at)


def _naive(instant: datetime, by: timedelta) -> datetime:
    """Return the UTC wall-clock time, moved, within what a datetime can hold."""
    naive = instant.replace(tzinfo=None)
    return max(naive, EARLIEST) + by if by < timedelta() else min(naive, LATEST) + by
