"""An RRULE value read strictly, and why it is none where it is not. Source: RFC 5545 §3.3.10."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from reconciler.errors import ReconcilerError

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
MAX_INTERVAL: Final = 1000
MAX_COUNT: Final = 10_000

_SUB_DAILY: Final = ("HOURLY", "MINUTELY", "SECONDLY")
# What people write for a frequency that RFC 5545 says otherwise.
_ALSO_CALLED: Final = {
    "BIWEEKLY": "WEEKLY;INTERVAL=2 for every second week",
    "FORTNIGHTLY": "WEEKLY;INTERVAL=2",
    "QUARTERLY": "MONTHLY;INTERVAL=3",
    "ANNUALLY": "YEARLY",
}
_EXAMPLE: Final = "write a rule such as FREQ=WEEKLY;BYDAY=MO,WE"
_BY_DAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}")
_UNTIL: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
# part: the greatest number it takes, the least, whether as many may be counted from the end
_LISTS: Final[Mapping[str, tuple[int, int, bool]]] = {
    "BYMONTH": (12, 1, False),
    "BYMONTHDAY": (31, 1, True),
    "BYYEARDAY": (366, 1, True),
    "BYWEEKNO": (53, 1, True),
    "BYSETPOS": (366, 1, True),
    "BYHOUR": (23, 0, False),
    "BYMINUTE": (59, 0, False),
    "BYSECOND": (0, 0, False),
}
# part: the frequencies it has a meaning for
_ONLY_WITH: Final[Mapping[str, tuple[str, ...]]] = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("YEARLY", "MONTHLY", "DAILY"),
}


class RuleError(ReconcilerError):
    """What is written is no rule that a meeting can follow."""

    code = "invalid-rule"


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """A day of the week, 0 for Monday; `nth` of the month or year, from its end if negative, 0: each."""

    weekday: int
    nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An RRULE; an empty tuple is a part that is not there.

    `until` is inclusive: a date through the whole of it, a naive datetime in local time, an aware one in UTC.
    """

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    week_start: int = 0
    by_day: tuple[Day, ...] = ()
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """Return the rule that an RRULE value says, with or without `RRULE:`; raise RuleError where it says none."""
    parts = _parts(text)
    freq = _freq(parts)
    _check_combination(freq, parts)
    numbers = {name: _numbers(name, parts[name]) if name in parts else () for name in _LISTS}
    return Rule(
        freq=freq,
        interval=_one(parts, "INTERVAL", MAX_INTERVAL) or 1,
        count=_one(parts, "COUNT", MAX_COUNT),
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        week_start=_week_start(parts.get("WKST", "MO")),
        by_day=_days(freq, parts) if "BYDAY" in parts else (),
        by_month=numbers["BYMONTH"],
        by_month_day=numbers["BYMONTHDAY"],
        by_year_day=numbers["BYYEARDAY"],
        by_week=numbers["BYWEEKNO"],
        by_set_pos=numbers["BYSETPOS"],
        by_hour=numbers["BYHOUR"],
        by_minute=numbers["BYMINUTE"],
    )


_KNOWN: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_LISTS)


def _parts(text: str) -> dict[str, str]:
    value = text.strip().upper().removeprefix("RRULE:")
    if not value:
        raise RuleError("the rule is empty", fix=_EXAMPLE)
    parts: dict[str, str] = {}
    for part in value.split(";"):
        name, equals, content = part.partition("=")
        if not equals or not content:
            raise RuleError(f"{part!r} in the rule is not NAME=VALUE", fix=_EXAMPLE)
        if name not in _KNOWN:
            raise RuleError(f"a rule has no part {name!r}", fix=f"it has {', '.join(_KNOWN)}")
        if name in parts:
            raise RuleError(f"{name} is in the rule twice", fix=f"write {name} once, its values with commas")
        parts[name] = content
    return parts


def _freq(parts: Mapping[str, str]) -> str:
    freq = parts.get("FREQ")
    if freq is None:
        raise RuleError("the rule has no FREQ", fix=_EXAMPLE)
    if freq in _SUB_DAILY:
        fix = "use DAILY or slower; for several times a day, FREQ=DAILY;BYHOUR=9,15"
        raise RuleError(f"a meeting can't recur {freq}", fix=fix)
    if freq not in FREQUENCIES:
        meant = _ALSO_CALLED.get(freq)
        fix = f"write FREQ={meant}" if meant else f"it is one of {', '.join(FREQUENCIES)}"
        raise RuleError(f"FREQ={freq} is unknown", fix=fix)
    return freq


def _check_combination(freq: str, parts: Mapping[str, str]) -> None:
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleError("the rule has both COUNT and UNTIL", fix="keep the one that should end it")
    for name, frequencies in _ONLY_WITH.items():
        if name in parts and freq not in frequencies:
            raise RuleError(f"{name} has no meaning with FREQ={freq}", fix=f"use it with {' or '.join(frequencies)}")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise RuleError("BYSETPOS has nothing to choose from", fix="add the days to choose from, as in BYDAY=MO,TU")


def _whole(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise RuleError(f"{name} has {text!r}, which is not a whole number", fix=_EXAMPLE)
    return int(text)


def _one(parts: Mapping[str, str], name: str, most: int) -> int | None:
    if name not in parts:
        return None
    number = _whole(name, parts[name])
    if not 1 <= number <= most:
        raise RuleError(f"{name}={number} is out of range", fix=f"write a number from 1 to {most}")
    return number


def _numbers(name: str, text: str) -> tuple[int, ...]:
    most, least, signed = _LISTS[name]
    numbers = {_whole(name, each) for each in text.split(",")}
    for number in sorted(numbers):
        if not least <= (abs(number) if signed else number) <= most:
            if name == "BYSECOND":
                raise RuleError("a meeting starts on a whole minute", fix="leave BYSECOND out")
            behind = f", or from -{most} to -{least}" if signed else ""
            raise RuleError(f"{name} has {number}, out of range", fix=f"write numbers from {least} to {most}{behind}")
    return tuple(sorted(numbers))


def _days(freq: str, parts: Mapping[str, str]) -> tuple[Day, ...]:
    days = set()
    for each in parts["BYDAY"].split(","):
        found = _BY_DAY.fullmatch(each)
        if found is None:
            raise RuleError(f"BYDAY has {each!r}, which is not a day", fix=f"it is one of {', '.join(WEEKDAYS)}")
        nth = int(found[1] or 0)
        if found[1] and freq not in {"MONTHLY", "YEARLY"}:
            raise RuleError(f"BYDAY={each} has no meaning with FREQ={freq}", fix=f"write BYDAY={found[2]}")
        if found[1] and "BYWEEKNO" in parts:
            raise RuleError(f"BYDAY={each} has no meaning beside BYWEEKNO", fix=f"write BYDAY={found[2]}")
        most = 5 if freq == "MONTHLY" or "BYMONTH" in parts else 53
        if found[1] and not 1 <= abs(nth) <= most:
            raise RuleError(f"BYDAY={each} counts out of range", fix=f"count from 1 to {most} or -1 to -{most}")
        days.add(Day(WEEKDAYS.index(found[2]), nth))
    return tuple(sorted(days))


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise RuleError(f"WKST={text} is not a day", fix=f"it is one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(text)


def _until(text: str) -> date | datetime:
    fix = "write UNTIL=20271231, or UNTIL=20271231T180000"
    if not _UNTIL.fullmatch(text):
        raise RuleError(f"UNTIL={text} is neither a date nor a time", fix=fix)
    try:
        if "T" not in text:
            return date.fromisoformat(text)
        when = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise RuleError(f"UNTIL={text} is not a date that exists", fix=fix) from None
    return when.replace(tzinfo=UTC) if text.endswith("Z") else when
