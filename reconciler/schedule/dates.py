"""The dates of a rule, by dateutil, from anywhere in its life and never without an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import dropwhile, islice
from typing import Final, Literal
from zoneinfo import ZoneInfo

from dateutil import rrule

from reconciler.schedule.recurrence import Day, Rule
from reconciler.schedule.zones import EARLIEST, LATEST

# A rule that has no date for so many years has none: the Gregorian calendar repeats after 400, leap days on a
# given weekday after 40.
SEARCH_YEARS: Final = 300

_FREQ: Final[Mapping[str, Literal[0, 1, 2, 3]]] = {
    "YEARLY": rrule.YEARLY,
    "MONTHLY": rrule.MONTHLY,
    "WEEKLY": rrule.WEEKLY,
    "DAILY": rrule.DAILY,
}
_CYCLE_YEARS: Final = 400
_CYCLE: Final = timedelta(days=146_097)  # whole weeks, so that a date keeps its day of the week, too


def rule_dates(rule: Rule, start: datetime, zone: ZoneInfo, *, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the rule's dates from `first` through `last`, naive local times like `start`, oldest first.

    `start` is where the rule begins to count; it is a date only if it matches. `zone` is for an UNTIL in UTC.
    """
    start = max(start.replace(microsecond=0), EARLIEST)
    first, last = max(first, EARLIEST), min(last, LATEST, end_of(rule, zone))
    if last < max(first, start):
        return
    anchor, whole = _anchor(rule, start, first), filled(rule, start)
    found = _stepped(whole, anchor, last) if _is_plain(rule) else _walked(whole, anchor, last)
    for each in islice(dropwhile(lambda when: when < start, found), rule.count):
        if each > last:
            return
        if each >= first:
            yield each


def _walked(rule: Rule, anchor: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the dates of any rule by dateutil, at least through `last`."""
    # dateutil looks at UNTIL only when it has found a date, and so would walk to the year 9999 for a rule that has
    # none: the same dates, whole cycles of the calendar later, bring that year near.
    cycles = max(0, (LATEST.year - 1 - max(last.year, anchor.year + SEARCH_YEARS)) // _CYCLE_YEARS)
    for each in _walk(rule, anchor + cycles * _CYCLE):
        yield each - cycles * _CYCLE


def _is_plain(rule: Rule) -> bool:
    """Return whether the rule is but a step of days or weeks, as nearly all are."""
    further = rule.by_month or rule.by_month_day or rule.by_year_day or rule.by_week or rule.by_set_pos
    return rule.freq in {"DAILY", "WEEKLY"} and not further


def _stepped(rule: Rule, anchor: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the dates of a plain rule through the day of `last`; `anchor` begins one of its days or weeks."""
    times = [timedelta(hours=hour, minutes=minute) for hour in rule.by_hour for minute in rule.by_minute]
    weekly = rule.freq == "WEEKLY"
    step = rule.interval * (7 if weekly else 1)
    weekdays = frozenset(day.weekday for day in rule.by_day)
    offsets = sorted((weekday - rule.week_start) % 7 for weekday in weekdays) if weekly else [0]
    for period in range(anchor.toordinal(), last.toordinal() + 1, step):
        for ordinal in (period + offset for offset in offsets):
            # the first day of the calendar, ordinal 1, is a Monday
            if ordinal <= last.toordinal() and (weekly or not weekdays or (ordinal - 1) % 7 in weekdays):
                midnight = datetime.fromordinal(ordinal)
                yield from (midnight + time for time in times)


def first_date(rule: Rule, start: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the rule's first date, None if it has none in SEARCH_YEARS."""
    last = datetime.combine(date(min(start.year + SEARCH_YEARS, LATEST.year), 1, 1), time.min)
    return next(rule_dates(rule, start, zone, first=start, last=last), None)


def end_of(rule: Rule, zone: ZoneInfo) -> datetime:
    """Return the last local time that UNTIL allows."""
    match rule.until:
        case None:
            return LATEST
        case datetime(tzinfo=None) as local:
            return local
        case datetime() as instant if EARLIEST.year <= instant.year < LATEST.year:
            return instant.astimezone(zone).replace(tzinfo=None)
        case day:
            return datetime.combine(day, time.max)


def _anchor(rule: Rule, start: datetime, first: datetime) -> datetime:
    """Return the beginning of the last of the rule's periods that lies before `first`, of its first for a COUNT.

    A rule that is years old need not be walked from its start, and a period is always seen whole: BYSETPOS counts
    in all of it, dateutil by itself only in the part of the first week that follows `start`.
    """
    target = start if rule.count is not None else max(first, start)
    match rule.freq:
        case "YEARLY":
            return datetime(target.year - (target.year - start.year) % rule.interval, 1, 1)  # noqa: DTZ001  # local
        case "MONTHLY":
            begun, month = (12 * each.year + each.month - 1 for each in (start, target))
            month -= (month - begun) % rule.interval
            return datetime(month // 12, month % 12 + 1, 1)  # noqa: DTZ001  # local
        case "WEEKLY":
            begin = start.date() - timedelta(days=(start.weekday() - rule.week_start) % 7)
            days = 7 * rule.interval
        case _:
            begin, days = start.date(), rule.interval
    passed = (target.date() - begin).days
    return datetime.combine(begin + timedelta(days=passed - passed % days), time.min)


def filled(rule: Rule, start: datetime) -> Rule:
    """Return the rule with what it leaves to its start written out."""
    whole = replace(
        rule,
        by_hour=rule.by_hour or (start.hour,),
        by_minute=rule.by_minute or (start.minute,),
        by_day=in_full(rule),
    )
    if rule.by_day or rule.by_month_day or rule.by_year_day or rule.by_week or rule.freq == "DAILY":
        return whole
    if rule.freq == "WEEKLY":
        return replace(whole, by_day=(Day(start.weekday()),))
    if rule.freq == "YEARLY" and not rule.by_month:
        whole = replace(whole, by_month=(start.month,))
    return replace(whole, by_month_day=(start.day,))


def in_full(rule: Rule) -> tuple[Day, ...]:
    """Return BYDAY with `MO` as `1MO,2MO,…` where it stands beside such: dateutil wants a date to be both."""
    if not any(day.nth for day in rule.by_day):
        return rule.by_day
    most = 5 if rule.freq == "MONTHLY" or rule.by_month else 53
    plain = (Day(day.weekday, nth) for day in rule.by_day if not day.nth for nth in range(1, most + 1))
    return tuple(sorted({*(day for day in rule.by_day if day.nth), *plain}))


def _walk(rule: Rule, anchor: datetime) -> Iterator[datetime]:
    dates = rrule.rrule(
        _FREQ[rule.freq],
        dtstart=anchor,
        interval=rule.interval,
        wkst=rule.week_start,
        bysetpos=rule.by_set_pos or None,
        bymonth=rule.by_month or None,
        bymonthday=rule.by_month_day or None,
        byyearday=rule.by_year_day or None,
        byweekno=rule.by_week or None,
        byweekday=[rrule.weekday(day.weekday, day.nth or None) for day in rule.by_day] or None,
        byhour=rule.by_hour,
        byminute=rule.by_minute,
        bysecond=0,
    )
    try:
        yield from dates
    except (ValueError, OverflowError):  # it looks for days after the last that a datetime can hold
        return


def day_bounds(when: date | datetime) -> tuple[datetime, datetime]:
    """Return the first and the last local time that a date means; a datetime means itself."""
    if isinstance(when, datetime):
        return when, when
    return datetime.combine(when, time.min), datetime.combine(when, time.max)
