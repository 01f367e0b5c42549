"""Rules as people write them: `repeat` made an RRULE value, and an RRULE checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from reconciler.schedule.dates import filled, first_date, rule_dates
from reconciler.schedule.recurrence import WEEKDAYS, Rule, RuleError, parse_rule
from reconciler.schedule.words import Unit, parse_day
from reconciler.schedule.zones import LATEST

__all__ = [
    "Repeat",
    "RuleError",
    "check_rule",
    "rule_from_repeat",
    "start_from_anchor",
    "start_where_each_counts",
]

_FREQ: Final[dict[Unit, str]] = {
    "day": "DAILY",
    "workday": "DAILY",
    "week": "WEEKLY",
    "odd-weeks": "YEARLY",
    "even-weeks": "YEARLY",
    "month": "MONTHLY",
    "quarter": "MONTHLY",
    "year": "YEARLY",
}
_MONTHS_OF_QUARTER: Final = 3
# ISO 8601 counts the weeks of a year as RFC 5545 does, so a parity is a list of numbers.
_PARITY: Final[dict[Unit, tuple[int, ...]]] = {
    "odd-weeks": tuple(range(1, 54, 2)),
    "even-weeks": tuple(range(2, 54, 2)),
}
MONDAY_TO_FRIDAY: Final = frozenset(range(5))
_UTC: Final = ZoneInfo("UTC")
_LEAP_YEAR: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # local; a rule without its start is tried from here


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """`repeat` of a schedule. `on` are days as in `mo`, `-1fr` or `last workday`; of `until` and `count` one is set.

    `days` are days of the month, from its end if negative. `until` is inclusive and local: a date means through the
    whole of that day.
    """

    interval: int = 1
    unit: Unit = "week"
    on: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    until: date | datetime | None = None
    count: int | None = None


@dataclass(slots=True)
class _Days:
    """The days that a rule is on, of three kinds that no rule has at once."""

    week: set[tuple[int, int]] = field(default_factory=set)  # weekday, which of them; 0: each
    month: set[int] = field(default_factory=set)
    workdays: str = ""
    work: set[int] = field(default_factory=set)

    def parts(self) -> list[str]:
        if sum(map(bool, (self.week, self.month, self.work))) > 1:
            fix = "write two meetings, or keep days of one kind"
            raise RuleError("weekdays, workdays and days of the month can't be combined", where="on", fix=fix)
        if self.week:
            days = (f"{nth or ''}{WEEKDAYS[day]}" for day, nth in sorted(self.week))
            return [f"BYDAY={','.join(days)}"]
        if self.month:
            return [f"BYMONTHDAY={_listed(self.month)}"]
        return [f"BYDAY={self.workdays}", f"BYSETPOS={_listed(self.work)}"] if self.work else []


def rule_from_repeat(repeat: Repeat, start: datetime, *, workdays: frozenset[int] = MONDAY_TO_FRIDAY) -> str:
    """Return the RRULE value that `repeat` means for a meeting that starts at the local time `start`.

    What `start` says already (the day of the week or of the month) is not repeated. Days of a yearly meeting are
    those in the month of `start`, those of a quarterly one in each third month from it. `workdays` are the days of the
    week on which people work, 0 for Monday. Raises RuleError if it has no dates; its `where` names the
    part at fault, if it is one.
    """
    parts = [f"FREQ={_FREQ[repeat.unit]}"]
    interval = repeat.interval * (_MONTHS_OF_QUARTER if repeat.unit == "quarter" else 1)
    if interval != 1:
        parts.append(f"INTERVAL={interval}")
    if repeat.count is not None:
        parts.append(f"COUNT={repeat.count}")
    if repeat.until is not None:
        parts.append(f"UNTIL={_last_moment(repeat.until):%Y%m%dT%H%M%S}")
    if repeat.unit in _PARITY:
        parts.append(f"BYWEEKNO={_listed(_PARITY[repeat.unit])}")
    days = _day_parts(repeat, start, ",".join(WEEKDAYS[day] for day in sorted(workdays)))
    if days and repeat.unit == "year":
        parts.append(f"BYMONTH={start.month}")
    rule = ";".join(parts + days)
    if not _fires(replace(parse_rule(rule), until=None), start):
        raise _never(repeat, start)
    return rule


def _never(repeat: Repeat, start: datetime) -> RuleError:
    """Return why a repetition has no dates, in the words in which it is written."""
    if not repeat.days:
        part = "on" if repeat.on else "every"
        fix = "begin on one of its days, or write every: week or month with these days"
        return RuleError("the rule never has a date", where=part, fix=fix)
    day = _listed(repeat.days)
    if repeat.unit == "year":
        why = f"{start:%B} has no day {day}"
        fix = (
            "write a day of that month, or begin in the month that is meant; on: last day is the last one of any month"
        )
    else:
        why = f"none of its months has a day {day}"
        fix = "write another day; on: last day is the last one of any month"
    return RuleError(f"the rule never has a date: {why}", where="day", fix=fix)


def _last_moment(until: date | datetime) -> datetime:
    return until if isinstance(until, datetime) else datetime.combine(until, time(23, 59, 59))


def _day_parts(repeat: Repeat, start: datetime, workdays: str) -> list[str]:
    """Return the parts of a rule that say on which days it is."""
    unit = repeat.unit
    if unit == "workday":
        if repeat.on or repeat.days:
            raise RuleError("every: workday already says the days", where="on", fix="write every: week with these days")
        return [f"BYDAY={workdays}"]
    if repeat.on and repeat.days:
        raise RuleError("on and day can't both be given", where="day", fix="keep one of them")
    days = _Days(month=set(repeat.days), workdays=workdays)
    for each in repeat.on:
        _read_day(each, days)
    counted = any(nth for _, nth in days.week)
    if (days.month or days.work or counted) and unit not in {"month", "quarter", "year"}:
        shown, part = (f"day {_listed(repeat.days)}", "day") if repeat.days else (" and ".join(repeat.on), "on")
        raise RuleError(
            f"{shown} has no meaning with every: {unit}", where=part, fix="write every: month, or plain days"
        )
    if unit in _PARITY and not days.week:
        days.week.add((start.weekday(), 0))
    return days.parts()


def _read_day(text: str, days: _Days) -> None:
    """Put a day as in `mon`, `-1fri`, `first mon`, `last day` or `last workday` among `days`."""
    day = parse_day(text)
    if day.kind == "day":
        days.month.add(day.number)
    elif day.kind == "workday":
        days.work.add(day.number)
    else:
        days.week.add((day.weekday, day.number))


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


def start_from_anchor(rule: str, start: datetime, anchor: date) -> datetime | None:
    """Return the first date of the rule from the local `start` on, where the period of `anchor` is one that counts.

    None where the rule has ended by then. Raises RuleError where each period counts: there is nothing to anchor.
    """
    parsed = parse_rule(rule)
    if parsed.interval == 1:
        fix = "leave it out, or write every: 2 weeks and the like"
        raise RuleError("every period counts, so an anchor changes nothing", where="anchor", fix=fix)
    counted = replace(filled(parsed, start), count=None)
    begin = _not_after(parsed, datetime.combine(anchor, start.time()), start)
    return next(rule_dates(counted, begin, _UTC, first=start, last=LATEST), None)


def start_where_each_counts(rule: str, start: datetime) -> datetime | None:
    """Return the first date from `start` on if every period counted, None where that is the rule's own first date.

    Where there is one, `start` does not tell which of several weeks, months or years count.
    """
    parsed = replace(parse_rule(rule), until=None, count=None)
    if parsed.interval == 1:
        return None
    own = first_date(parsed, start, _UTC)
    nearest = first_date(replace(parsed, interval=1), start, _UTC)
    return nearest if nearest != own else None


def _not_after(rule: Rule, anchor: datetime, start: datetime) -> datetime:
    """Return a time in a period of the rule that counts, the anchor's or one before it, that is not after `start`."""
    match rule.freq:
        case "YEARLY":
            step = rule.interval * max(0, -(-(anchor.year - start.year) // rule.interval))
            return anchor.replace(year=anchor.year - step, month=1, day=1)
        case "MONTHLY":
            months = 12 * anchor.year + anchor.month - 1
            ahead = months - (12 * start.year + start.month - 1)
            months -= rule.interval * max(0, -(-ahead // rule.interval))
            return anchor.replace(year=months // 12, month=months % 12 + 1, day=1)
        case _:
            days = rule.interval * (7 if rule.freq == "WEEKLY" else 1)
            ahead = (anchor - start).days + 1
            return datetime.fromordinal(anchor.toordinal() - days * max(0, -(-ahead // days)))


def check_rule(rule: str, *, start: datetime | None = None) -> None:
    """Raise RuleError if `rule` is no RRULE value for a meeting, or can never have a date.

    With the local `start` given, its interval and what it takes from there count too. UNTIL does not: a rule that
    has ended was not wrong.
    """
    if not _fires(replace(parse_rule(rule), until=None), start):
        raise RuleError(
            "the rule never has a date",
            fix="look for parts that exclude each other, such as BYMONTH=2 and BYMONTHDAY=30",
        )


@lru_cache(maxsize=1024)
def _fires(rule: Rule, start: datetime | None) -> bool:
    if start is None:
        rule, start = replace(rule, interval=1), _LEAP_YEAR
    return first_date(replace(rule, count=None), start, _UTC) is not None


def parity(rule: str) -> Literal["", "odd", "even"]:
    """Return whether the rule is on odd or on even weeks of ISO 8601 alone; "" where it is on neither."""
    weeks = parse_rule(rule).by_week
    return "odd" if weeks == _PARITY["odd-weeks"] else "even" if weeks == _PARITY["even-weeks"] else ""
