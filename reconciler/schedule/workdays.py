"""Which days are off for a meeting, and which are workdays."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from reconciler.schedule.holidays import WEEKEND, year_of
from reconciler.schedule.model import DaysOff, Shift

REACH: Final = 31  # days: what has no workday so near is left out
_DAY: Final = timedelta(days=1)


def day_off(day: date, days: DaysOff) -> str:
    """Return why the day is off, as in `holiday: National Day`; "" where it is not.

    A weekend is not off by itself: who declares a meeting on a Sunday means it.
    """
    for closure in days.closures:
        if closure.first <= day <= closure.last:
            return f"closed: {closure.reason}" if closure.reason else "closed"
    for code in days.calendars:
        name = year_of(code, day.year).off.get(day)
        if name is not None:
            return f"holiday: {name}" + (f" ({code})" if len(days.calendars) > 1 else "")
    return ""


@lru_cache(maxsize=4096)
def is_workday(day: date, days: DaysOff) -> bool:
    """Return whether people work on that day, by every calendar: no day off, and no weekend unless it is made up."""
    return not day_off(day, days) and not _is_weekend(day, days)


def workday_beside(day: date, days: DaysOff) -> date | None:
    """Return the workday to which the shift moves what is on `day`; None where none is near, or nothing moves."""
    if days.shift is Shift.NONE:
        return None
    step = _DAY if days.shift is Shift.NEXT else -_DAY
    for far in range(1, REACH + 1):
        if is_workday(day + far * step, days):
            return day + far * step
    return None


def free_days_beside(target: date, days: DaysOff) -> Iterator[date]:
    """Yield the days without work whose meetings move to the workday `target`, the nearest first."""
    step = -_DAY if days.shift is Shift.NEXT else _DAY
    for far in range(1, REACH + 1):
        if is_workday(target + far * step, days):
            return
        yield target + far * step


def workdays_of(year: int, month: int, days: DaysOff) -> tuple[date, ...]:
    """Return the days of a month on which people work by every calendar."""
    return tuple(day for day in month_of(year, month) if is_workday(day, days))


def month_of(year: int, month: int) -> tuple[date, ...]:
    """Return the days of a month."""
    _, length = monthrange(year, month)
    return tuple(date(year, month, day) for day in range(1, length + 1))


def working_week(days: DaysOff, year: int) -> frozenset[int]:
    """Return the weekdays, 0 for Monday, that are on no calendar's weekend in that year."""
    weekends = [year_of(code, year).weekend for code in days.calendars] or [WEEKEND]
    return frozenset(range(7)).difference(*weekends)


def made_up(first: datetime, last: datetime, days: DaysOff) -> Iterator[date]:
    """Yield the weekend days from `first` through `last` on which people work by every calendar."""
    if not days.calendars:
        return
    for year in range(first.year, last.year + 1):
        for day in sorted(year_of(days.calendars[0], year).worked):
            if first.date() <= day <= last.date() and is_workday(day, days):
                yield day


def unpublished(days: DaysOff, years: range) -> Iterator[tuple[str, int]]:
    """Yield the calendars, by code, and the years of `years` that nobody has published yet."""
    yield from ((code, year) for code in days.calendars for year in years if not year_of(code, year).published)


def _is_weekend(day: date, days: DaysOff) -> bool:
    if not days.calendars:
        return day.weekday() in WEEKEND
    calendars = (year_of(code, day.year) for code in days.calendars)
    return any(day.weekday() in year.weekend and day not in year.worked for year in calendars)
