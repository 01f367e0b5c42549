"""An RRULE as the pattern of a recurring event in DingTalk, and back: exact, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from reconciler.errors import ReconcilerError
from reconciler.schedule.dates import filled, rule_dates
from reconciler.schedule.pattern import INDEXES, MAX_INTERVAL, Kind, Pattern, Recurrence, weekly
from reconciler.schedule.recurrence import Day, Rule

_IN_EACH_MONTH = 28  # days
_MONTHS = 12
_FIX = "leave `calendar` out, or simplify the rule"


class NotExpressible(ReconcilerError):
    """No recurring event of DingTalk's has the dates of the rule."""

    code = "not-expressible"


def pattern_of(rule: Rule, first: datetime) -> Pattern:
    """Return the pattern that gives the dates of `rule`, whose first is the naive local `first`; its end left aside.

    Raises NotExpressible, with the reason, where there is none, or where what DingTalk would make of it is documented
    nowhere.
    """
    whole = filled(rule, first)
    if len(whole.by_hour) * len(whole.by_minute) > 1:
        raise _no("it takes place several times a day")
    if rule.by_week:
        raise _no("it goes by numbers of weeks, and years of 53 weeks break every step")
    if rule.by_year_day:
        raise _no("it counts the days of the year")
    match whole.freq:
        case "DAILY":
            found = _daily(whole)
        case "WEEKLY":
            found = _weekly(whole)
        case "MONTHLY":
            found = _monthly(whole)
        case _:
            found = _yearly(whole)
    if found.interval > MAX_INTERVAL:
        raise _no(f"DingTalk counts in steps of {MAX_INTERVAL} at most")
    return found


def _no(reason: str) -> NotExpressible:
    return NotExpressible(reason, fix=_FIX)


def _daily(rule: Rule) -> Pattern:
    _check_plain(rule)
    if rule.by_month_day:
        raise _no("days that are chosen by weekday and date at once can't be a pattern")
    if not rule.by_day:
        return Pattern(kind=Kind.DAILY, interval=rule.interval)
    if rule.interval > 1:
        raise _no("a step of days that leaves weekdays out can't be a pattern")
    return weekly(tuple(day.weekday for day in rule.by_day))


def _weekly(rule: Rule) -> Pattern:
    _check_plain(rule)
    days = tuple(day.weekday for day in rule.by_day)
    return weekly(days, interval=rule.interval, first_day=rule.week_start)


def _monthly(rule: Rule) -> Pattern:
    if rule.by_month and len(rule.by_month) < _MONTHS:
        raise _no("it is in some months only")
    if rule.by_day:
        return _by_weekday(rule, rule.interval)
    return Pattern(kind=Kind.ABSOLUTE_MONTHLY, interval=rule.interval, day_of_month=_day_of_month(rule))


def _yearly(rule: Rule) -> Pattern:
    if len(rule.by_month) != 1:
        raise _no("it is on several dates a year")
    if rule.by_day:
        return _by_weekday(rule, _MONTHS * rule.interval)
    return Pattern(kind=Kind.ABSOLUTE_YEARLY, interval=rule.interval, day_of_month=_day_of_month(rule))


def _check_plain(rule: Rule) -> None:
    if rule.by_month:
        raise _no("it is in some months only")
    if rule.by_set_pos:
        raise _no("it chooses some dates of each period (BYSETPOS)")


def _by_weekday(rule: Rule, months: int) -> Pattern:
    """Return the pattern of one weekday of the month, counted: `1MO`, or `MO` of which BYSETPOS chooses one."""
    if rule.by_month_day:
        raise _no("days that are chosen by weekday and date at once can't be a pattern")
    days = rule.by_day
    if len({day.weekday for day in days}) > 1:
        raise _no("it is on several weekdays of the month, and what DingTalk makes of those is not documented")
    if len(days) == 1 and not days[0].nth and len(rule.by_set_pos) == 1:
        days = (Day(days[0].weekday, rule.by_set_pos[0]),)
    elif rule.by_set_pos:
        raise _no("it chooses some dates of each period (BYSETPOS)")
    if len(days) > 1 or not days[0].nth:
        raise _no("it is several times a month on that weekday")
    if days[0].nth not in INDEXES:
        raise _no("of the weekdays of a month the first four and the last can be counted")
    return Pattern(kind=Kind.RELATIVE_MONTHLY, interval=months, days=(days[0].weekday,), index=days[0].nth)


def _day_of_month(rule: Rule) -> int:
    if len(rule.by_month_day) != 1:
        raise _no("it is on several days of the month")
    day = rule.by_month_day[0]
    if rule.by_set_pos not in {(), (1,), (-1,)}:
        raise _no("it chooses some dates of each period (BYSETPOS)")
    if day < 0:
        raise _no("days are not counted from the end of the month")
    if day > _IN_EACH_MONTH:
        raise _no(f"what DingTalk does in a month without a day {day} is not documented")
    return day


def rule_of(recurrence: Recurrence, first: datetime) -> Rule:
    """Return the rule that gives the dates of a recurring event which starts at the naive local `first`."""
    pattern = recurrence.pattern
    rule = Rule(freq="DAILY", interval=pattern.interval, until=recurrence.until, count=recurrence.count or None)
    match pattern.kind:
        case Kind.DAILY:
            return rule
        case Kind.WEEKLY:
            days = tuple(Day(day) for day in pattern.days)
            return replace(rule, freq="WEEKLY", by_day=days, week_start=pattern.first_day)
        case Kind.RELATIVE_MONTHLY:
            return replace(rule, freq="MONTHLY", by_day=tuple(Day(day, pattern.index) for day in pattern.days))
        case Kind.ABSOLUTE_MONTHLY:
            return replace(rule, freq="MONTHLY", by_month_day=(pattern.day_of_month,))
        case Kind.ABSOLUTE_YEARLY:
            day = pattern.day_of_month or first.day
            return replace(rule, freq="YEARLY", by_month=(first.month,), by_month_day=(day,))


def dates(
    recurrence: Recurrence, start: datetime, zone: ZoneInfo, *, first: datetime, last: datetime
) -> Iterator[datetime]:
    """Yield the dates of a recurring event that starts at the naive local `start`, from `first` through `last`."""
    return rule_dates(rule_of(recurrence, start), start, zone, first=first, last=last)


def is_in_step(recurrence: Recurrence, start: datetime, pattern: Pattern, next_date: datetime) -> bool:
    """Return whether a recurring event with that `start` goes on with `next_date` as one of `pattern` does from there.

    Both are naive local times of one zone. Where the event ends does not matter.
    """
    if recurrence.pattern != pattern or next_date < start:
        return False
    endless = Recurrence(pattern=pattern)
    return next(dates(endless, start, ZoneInfo("UTC"), first=next_date, last=next_date), None) is not None


def last_date(rule: Rule, start: datetime, zone: ZoneInfo) -> date | None:
    """Return the day of the last date of a rule; None of one that never ends, or has no date."""
    if rule.count is None and rule.until is None:
        return None
    found = None
    for found in rule_dates(rule, start, zone, first=start, last=datetime.max):  # noqa: B007, DTZ901  # local
        pass
    return None if found is None else found.date()
