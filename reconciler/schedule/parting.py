"""A series on odd or even weeks as several on every second week, one for each stretch between years of 53 weeks.

BYWEEKNO says such a rule in one, but not all calendars know it: ical.js, by which Thunderbird and Nextcloud read, shows
each week. Every second week they all know.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Final

from reconciler.schedule.dates import rule_dates
from reconciler.schedule.model import Schedule
from reconciler.schedule.recurrence import WEEKDAYS, Rule, parse_rule
from reconciler.schedule.rules import parity
from reconciler.schedule.series import Series
from reconciler.schedule.zones import LATEST, localise, zone

_LONG: Final = 53  # weeks of some years


def parted(whole: Series, schedule: Schedule, *, through: int) -> tuple[Series, ...]:
    """Return the series of a schedule on odd or even weeks in parts, through the year `through`; any other as it is.

    What is left out, added or moved goes with the part in whose time it was to be.
    """
    if schedule.rule is None or not _is_plain_parity(schedule.rule):
        return (whole,)
    rule, where = parse_rule(schedule.rule), zone(schedule.timezone)
    end = datetime(min(through, LATEST.year - 1), 12, 31, 23, 59)  # noqa: DTZ001  # local
    dates = [*rule_dates(rule, schedule.start, where, first=whole.first, last=max(end, whole.first))]
    parts = _between([_first_of(year) for year in _after_long_years(dates[0].year - 1, dates[-1].year)], dates)
    firsts = [part[0] for part in parts]
    return tuple(
        replace(
            whole,
            first=part[0],
            last=following,
            rule=_every_second_week(rule, localise(part[-1], where)),
            left_out=tuple(one for one in whole.left_out if bisect_right(firsts, one) == number),
            added=tuple(one for one in whole.added if bisect_right(firsts, one) == number),
            moved=tuple(one for one in whole.moved if bisect_right(firsts, one.original) == number),
            before=whole.before if number == 1 else (),
        )
        for number, (part, following) in enumerate(zip(parts, [*firsts[1:], LATEST], strict=True), start=1)
    )


def _is_plain_parity(text: str) -> bool:
    rule = parse_rule(text)
    plain = Rule(
        freq="YEARLY",
        by_week=rule.by_week,
        by_day=rule.by_day,
        count=rule.count,
        until=rule.until,
        by_hour=rule.by_hour,
        by_minute=rule.by_minute,
    )
    return bool(parity(text)) and rule == plain and not any(day.nth for day in rule.by_day)


def _after_long_years(first: int, last: int) -> Iterator[int]:
    """Yield the years from `first` on that follow one of 53 weeks, through the one after `last`."""
    for year in range(first, last + 1):
        if date(year, 12, 28).isocalendar().week == _LONG:  # that day is always in the last week
            yield year + 1


def _first_of(year: int) -> datetime:
    """Return the midnight on which the first week of a year begins."""
    return datetime.fromordinal(date.fromisocalendar(year, 1, 1).toordinal())


def _between(bounds: Sequence[datetime], dates: Sequence[datetime]) -> list[Sequence[datetime]]:
    """Return sorted `dates` in groups that `bounds` part, without the empty ones."""
    cuts = [0, *(sum(one < bound for one in dates) for bound in bounds), len(dates)]
    return [dates[low:high] for low, high in pairwise(cuts) if low < high]


def _every_second_week(rule: Rule, last: datetime) -> str:
    """Return the rule of one part, which ends at the aware `last`."""
    parts = ["FREQ=WEEKLY", "INTERVAL=2", f"UNTIL={last.astimezone(UTC):%Y%m%dT%H%M%SZ}"]
    days = [WEEKDAYS[day.weekday] for day in rule.by_day] or [*WEEKDAYS]
    lists = {"BYDAY": days, "BYHOUR": rule.by_hour, "BYMINUTE": rule.by_minute}
    return ";".join([*parts, *(f"{name}={','.join(map(str, values))}" for name, values in lists.items() if values)])
