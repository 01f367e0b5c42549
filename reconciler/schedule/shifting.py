"""What becomes of an occurrence on a day off: left out, or moved to a workday beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from reconciler.schedule.model import Change, DaysOff, Schedule, Shift, Taken
from reconciler.schedule.originals import originals
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.workdays import (
    REACH,
    day_off,
    free_days_beside,
    month_of,
    workday_beside,
    workdays_of,
)

AS_PLANNED = Change()


def change_of(schedule: Schedule, original: datetime) -> tuple[date | datetime | None, Change]:
    """Return the change that applies to an occurrence, with its key; of two the one by date and time."""
    for key in (original, original.date()):
        if key in schedule.changes:
            return key, schedule.changes[key]
    return None, AS_PLANNED


def moved_by(change: Change, original: datetime) -> datetime:
    """Return the local start that a change gives to an occurrence."""
    match change.start:
        case None:
            return original
        case datetime() as start:
            return start
        case at:
            return datetime.combine(original.date(), at)


def taken(schedule: Schedule, original: datetime) -> Taken | None:
    """Return what a day off does to the occurrence; None where it takes place as planned.

    What a person has put on that very day stays: an addition, or a change that names a time.
    """
    if schedule.days_off.counted:
        return _counted(schedule, original)
    reason = _reason(schedule, original)
    if not reason:
        return None
    target = workday_beside(original.date(), schedule.days_off)
    to = None if target is None else _arranged(schedule, target).get(original)
    return Taken(original=original, reason=reason, moved_to=to)


def _counted(schedule: Schedule, original: datetime) -> Taken | None:
    """Return where the workday of a month is that `original` stands for, None where it is that day itself.

    The original start is where it would be without any day off, whatever becomes known of these.
    """
    if original in schedule.add or change_of(schedule, original)[1].start is not None:
        return None
    rule, day, off = parse_rule(schedule.rule or ""), original.date(), schedule.days_off
    weekdays = {one.weekday for one in rule.by_day}
    plain = [one for one in month_of(day.year, day.month) if one.weekday() in weekdays]
    worked = workdays_of(day.year, day.month, off)
    found: dict[date, date] = {}
    for number in rule.by_set_pos:
        place, target = _numbered(plain, number), _numbered(worked, number)
        if place is not None and target is not None and target not in found.values():
            found.setdefault(place, target)
    target = found.get(day)
    if target == day or day not in plain:
        return None
    to = None if target is None else datetime.combine(target, original.time())
    reason = day_off(day, off) or _why_counted_otherwise(day, plain, off)
    return Taken(original=original, reason=reason, moved_to=None if to in schedule.add else to)


def _numbered(days: Sequence[date], number: int) -> date | None:
    """Return the day of that number, from the end if it is negative; None where there are not so many."""
    if abs(number) > len(days):
        return None
    return days[number - 1 if number > 0 else number]


def _why_counted_otherwise(day: date, plain: Sequence[date], days: DaysOff) -> str:
    """Return the nearest day off of the month as the reason that the count is another one."""
    near = sorted((one for one in plain if day_off(one, days)), key=lambda one: abs(one - day))
    return day_off(near[0], days) if near else "holiday: a day of the weekend is worked"


def _reason(schedule: Schedule, original: datetime) -> str:
    if original in schedule.add or change_of(schedule, original)[1].start is not None:
        return ""
    return day_off(original.date(), schedule.days_off)


def _arranged(schedule: Schedule, target: date) -> dict[datetime, datetime]:
    """Return where the occurrences begin that move to the workday `target`, by their original starts.

    The nearest comes first; what would overlap another occurrence of the meeting has no place there.
    """
    day = timedelta(days=1)
    near = _on(schedule, target - day, target + day)
    busy = [moved_by(change_of(schedule, one)[1], one) for one in near if not _reason(schedule, one)]
    found: dict[datetime, datetime] = {}
    for free in free_days_beside(target, schedule.days_off):
        for original in _on(schedule, free, free):
            local = datetime.combine(target, original.time())
            if _reason(schedule, original) and all(abs(local - other) >= schedule.duration for other in busy):
                found[original] = local
                busy.append(local)
    return found


def _on(schedule: Schedule, first: date, last: date) -> tuple[datetime, ...]:
    return originals(schedule, first=datetime.combine(first, time.min), last=datetime.combine(last, time.max))


def reach(schedule: Schedule) -> timedelta:
    """Return how far a day off may move an occurrence."""
    moves = schedule.days_off.shift is not Shift.NONE or schedule.days_off.counted
    return timedelta(days=REACH if moves else 0)
