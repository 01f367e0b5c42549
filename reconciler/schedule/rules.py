"""Rules as people write them: `repeat` made an RRULE value, and an RRULE checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from reconciler.schedule.dates import first_date
from reconciler.schedule.recurrence import MAX_INTERVAL, WEEKDAYS, Rule, RuleError, parse_rule

__all__ = ["Repeat", "RuleError", "Unit", "check_rule", "parse_every", "rule_from_repeat"]

Unit = Literal["day", "week", "month", "year"]

_UNITS: Final[dict[str, Unit]] = {"day": "day", "week": "week", "month": "month", "year": "year"}
_FREQ: Final[dict[Unit, str]] = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_EVERY: Final = re.compile(r"(?:([0-9]{1,9})\s*)?(day|week|month|year)s?", re.IGNORECASE)
_ON: Final = re.compile(r"([+-]?[0-9]{1,2})?([a-z]{2,9})", re.IGNORECASE)
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UTC: Final = ZoneInfo("UTC")
_LEAP_YEAR: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # local; a rule without its start is tried from here


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """`repeat` of a schedule. `on` are days as in `mo` or `-1fr`; of `until` and `count` at most one is set.

    `until` is inclusive and local: a date means through the whole of that day.
    """

    interval: int = 1
    unit: Unit = "week"
    on: tuple[str, ...] = ()
    until: date | datetime | None = None
    count: int | None = None


def parse_every(text: str) -> tuple[int, Unit]:
    """Return interval and unit of `week`, `2 weeks`, `3 months` and the like; raise RuleError for anything else."""
    found = _EVERY.fullmatch(text.strip())
    interval = int(found[1] or 1) if found else 0
    if not found or not 1 <= interval <= MAX_INTERVAL:
        fix = f"write day, week, month or year, or a number of them up to {MAX_INTERVAL}, as in 2 weeks"
        raise RuleError(f"{text!r} is no interval", fix=fix)
    return interval, _UNITS[found[2].lower()]


def rule_from_repeat(repeat: Repeat, start: datetime) -> str:
    """Return the RRULE value that `repeat` means for a meeting that starts at the local time `start`.

    What `start` says already (the day of the week or of the month) is not repeated. Days of a yearly meeting are
    those in the month of `start`. Raises RuleError if it has no dates.
    """
    parts = [f"FREQ={_FREQ[repeat.unit]}"]
    if repeat.interval != 1:
        parts.append(f"INTERVAL={repeat.interval}")
    if repeat.count is not None:
        parts.append(f"COUNT={repeat.count}")
    if repeat.until is not None:
        parts.append(f"UNTIL={_last_moment(repeat.until):%Y%m%dT%H%M%S}")
    if repeat.on:
        if repeat.unit == "year":
            parts.append(f"BYMONTH={start.month}")
        parts.append(f"BYDAY={','.join(_by_day(repeat.on))}")
    rule = ";".join(parts)
    check_rule(rule, start=start)
    return rule


def _last_moment(until: date | datetime) -> datetime:
    return until if isinstance(until, datetime) else datetime.combine(until, time(23, 59, 59))


def _by_day(on: tuple[str, ...]) -> list[str]:
    days = set()
    for each in on:
        found = _ON.fullmatch(each.strip())
        named = [i for i, name in enumerate(_NAMES) if found and name.startswith(found[2].lower())]
        if not found or not named:
            raise RuleError(f"{each!r} is no day of the week", fix="write mon to sun, or 1mon, -1fri and the like")
        days.add((named[0], int(found[1] or 0), found[1] is not None))
    return [f"{nth if counted else ''}{WEEKDAYS[weekday]}" for weekday, nth, counted in sorted(days)]


def check_rule(rule: str, *, start: datetime | None = None) -> None:
    """Raise RuleError if `rule` is no RRULE value for a meeting, or can never have a date.

    With the local `start` given, its interval and what it takes from there count too. UNTIL does not: a rule that
    has ended was not wrong.
    """
    if not _fires(replace(parse_rule(rule), until=None), start):
        raise RuleError(
            "the rule never has a date",
            fix="look for parts that exclude each other, as BYMONTH=2 and BYMONTHDAY=30 do",
        )


@lru_cache(maxsize=1024)
def _fires(rule: Rule, start: datetime | None) -> bool:
    if start is None:
        rule, start = replace(rule, interval=1), _LEAP_YEAR
    return first_date(replace(rule, count=None), start, _UTC) is not None
