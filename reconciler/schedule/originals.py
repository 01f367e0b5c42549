"""The starts that rule and additions give, before anything moves them."""

from __future__ import annotations

from datetime import date, datetime, time

from reconciler.schedule.dates import day_bounds, end_of, first_date, rule_dates
from reconciler.schedule.model import Schedule
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.workdays import made_up
from reconciler.schedule.zones import LATEST, zone


def originals(schedule: Schedule, *, first: datetime, last: datetime) -> tuple[datetime, ...]:
    """Return the naive local starts from `first` through `last` that rule and additions give, without the skipped.

    Changes and holidays do not matter here: an original start is where an occurrence was before them.
    """
    skipped = frozenset(schedule.skip)
    starts = planned(schedule, first, last)
    return tuple(sorted(start for start in starts if start not in skipped and start.date() not in skipped))


def is_occurrence(schedule: Schedule, when: date | datetime) -> bool:
    """Return whether `when`, local, is the date or the start of an occurrence before anything is skipped."""
    first, last = day_bounds(when)
    return bool(planned(schedule, first, last))


def first_occurrence(schedule: Schedule) -> datetime | None:
    """Return the local start that comes first by the rule alone; None if it has none, as when it ended before.

    Where it is not `schedule.start`, that start only anchors the rule.
    """
    if schedule.rule is None:
        return schedule.start
    return first_date(parse_rule(schedule.rule), schedule.start, zone(schedule.timezone))


def planned(schedule: Schedule, first: datetime, last: datetime) -> set[datetime]:
    """Return the naive local starts from `first` through `last`, also those that are skipped."""
    once = [schedule.start] if schedule.rule is None else []
    starts = {start for start in (*once, *schedule.add) if first <= start <= last}
    if schedule.rule is not None:
        where = zone(schedule.timezone)
        starts.update(rule_dates(parse_rule(schedule.rule), schedule.start, where, first=first, last=last))
        if schedule.days_off.make_up:
            starts.update(_made_up(schedule, first, last))
    return starts


def _made_up(schedule: Schedule, first: datetime, last: datetime) -> set[datetime]:
    """Return the starts on weekend days that are worked, as long as the rule goes on."""
    if schedule.rule is None or last < schedule.start:
        return set()
    rule, where = parse_rule(schedule.rule), zone(schedule.timezone)
    times = {time(hour, minute) for hour in rule.by_hour for minute in rule.by_minute} or {schedule.start.time()}
    begin, end = max(first, schedule.start), min(last, end_of(rule, where))
    found = {datetime.combine(day, at) for day in made_up(begin, end, schedule.days_off) for at in times}
    return {
        start
        for start in found
        if begin <= start <= end
        and (rule.count is None or any(rule_dates(rule, schedule.start, where, first=start, last=LATEST)))
    }
