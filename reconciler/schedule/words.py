"""The words of a `repeat`: periods and days as people write them, and what those mean that are none.

The patterns of `every` and `on` in the JSON Schema say the same, so that an editor and the program agree.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final, Literal

from reconciler.schedule.recurrence import RuleError

Unit = Literal["day", "workday", "week", "odd-weeks", "even-weeks", "month", "quarter", "year"]
Kind = Literal["weekday", "day", "workday"]

_UNITS: Final[dict[str, Unit]] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
_EVERY: Final = re.compile(
    r"(?P<workday>workdays?)|(?P<parity>odd|even)[- ]weeks?"
    r"|((?P<number>[1-9][0-9]{0,2}) *)?(?P<unit>day|week|month|quarter|year)s?"
)
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT: Final = ("mo|mon", "tu|tue|tues", "we|wed|weds", "th|thu|thur|thurs", "fr|fri", "sa|sat", "su|sun")
_DAYS: Final = {
    word: day
    for day, (name, short) in enumerate(zip(_NAMES, _SHORT, strict=True))
    for word in (name, *short.split("|"))
}
_FIRST_TO_FIFTH: Final = ("first|1st", "second|2nd", "third|3rd", "fourth|4th", "fifth|5th")
_ORDINALS: Final = {"last": -1} | {
    word: number for number, words in enumerate(_FIRST_TO_FIFTH, start=1) for word in words.split("|")
}
_COUNTED: Final = re.compile(r"([+-]?[1-5])([a-z]+)")

# What people also say, and what to write for it. Where it means two things to two people, both.
_MEANT: Final = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "weekday": "workday",
    "weekdays": "workday",
    "fortnight": "2 weeks",
    "fortnightly": "2 weeks",
    "biweekly": "2 weeks for every second week, or week with two days in `on` for twice a week",
    "bimonthly": "2 months for every second month, or month with two days for twice a month",
    "semimonthly": "month with two days, as in day: [1, 15]",
    "biweekly-odd": "odd-weeks",
    "biweekly-even": "even-weeks",
    "odd": "odd-weeks",
    "even": "even-weeks",
    "semiannual": "6 months",
    "semiannually": "6 months",
    "half year": "6 months",
    "biannual": "6 months for twice a year, or 2 years for every second year",
}
_NUMBERS: Final = {
    "other": 2,
    "alternate": 2,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "two": 2,
    "three": 3,
    "four": 4,
    "six": 6,
}
_SPOKEN: Final = re.compile(rf"({'|'.join(_NUMBERS)})[ -](day|week|month|quarter|year)s?")
_SUB_DAILY: Final = ("hour", "minute", "second")
_EVERY_EXAMPLE: Final = (
    "write day, workday, week, odd-weeks, even-weeks, month, quarter or year, or a number up to 999, as in 2 weeks"
)
_ON_EXAMPLE: Final = "write mon to sun; with months also first mon, last fri, last day, last workday, 1mon or -1fri"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A named day: each `weekday`, 0 for Monday, or that of this `number` in the month, from its end if negative.

    Where it is a day or a workday of the month, there always is a number.
    """

    kind: Kind
    weekday: int = 0
    number: int = 0


def parse_every(text: str) -> tuple[int, Unit]:
    """Return interval and unit of `week`, `2 weeks`, `odd-weeks` and the like; raise RuleError for anything else."""
    found = _EVERY.fullmatch(text.lower()) if text.isascii() else None
    if found is None:
        raise RuleError(f"{text!r} is not a valid value for every", where="every", fix=_meant(text))
    if found["workday"]:
        return 1, "workday"
    if found["parity"]:
        return 1, "odd-weeks" if found["parity"] == "odd" else "even-weeks"
    return int(found["number"] or 1), _UNITS[found["unit"]]


def parse_day(text: str) -> Day:
    """Return what day `mon`, `Monday`, `-1fri`, `first mon` or `last workday` is; raise RuleError for anything else."""
    word = text.lower() if text.isascii() else ""
    if word in _DAYS:
        return Day(kind="weekday", weekday=_DAYS[word])
    ordinal, _, name = word.partition(" ")
    name = name.lstrip(" ")
    if ordinal in _ORDINALS and name in _DAYS:
        return Day(kind="weekday", weekday=_DAYS[name], number=_ORDINALS[ordinal])
    if ordinal in _ORDINALS and name in {"day", "workday"}:
        return Day(kind="day" if name == "day" else "workday", number=_ORDINALS[ordinal])
    counted = _COUNTED.fullmatch(word)
    if counted is None or counted[2] not in _DAYS:
        raise RuleError(f"{text!r} is not a day", where="on", fix=_day_meant(text.lower()))
    return Day(kind="weekday", weekday=_DAYS[counted[2]], number=int(counted[1]))


def is_day(text: str) -> bool:
    """Return whether `text` is the name of a day of the week, short or in full."""
    return text.lower() in _DAYS


def _meant(text: str) -> str:
    """Return what to write instead of a period that is none."""
    word = " ".join(text.lower().split()).removeprefix("every ")
    meant = _MEANT.get(word) or _MEANT.get(word.replace("-", ""))
    if meant is not None:
        return f"write {meant}"
    if spoken := _SPOKEN.fullmatch(word):
        return f"write {_NUMBERS[spoken[1]]} {spoken[2]}s"
    if any(word.rstrip("s").endswith(unit) or word == f"{unit}ly" for unit in _SUB_DAILY):
        return "a meeting recurs every day at most; for several times a day, write rrule: FREQ=DAILY;BYHOUR=9,15"
    if word in _DAYS:
        return f"write every: week, on: {_NAMES[_DAYS[word]][:3]}"
    if _EVERY.fullmatch(word):
        return f"write {word}"
    near = difflib.get_close_matches(word, [*_UNITS, "workday", "odd-weeks", "even-weeks"], n=1)
    return f"did you mean {near[0]!r}? {_EVERY_EXAMPLE}" if near else _EVERY_EXAMPLE


def _day_meant(word: str) -> str:
    """Return what to write instead of a day that is none."""
    several = [one for one in re.split(r"[,; ]+|\band\b", word) if one]
    if len(several) > 1 and all(one in _DAYS for one in several):
        return f"write [{', '.join(_NAMES[_DAYS[one]][:3] for one in several)}]"
    if word in {"weekday", "weekdays", "workday", "workdays"}:
        return "write every: workday, or with months first workday or last workday"
    counted, _, last = word.rpartition(" ")
    if counted and last in {"weekday", "weekdays", "workdays"}:
        return f"write {counted} workday"
    near = difflib.get_close_matches(last, _NAMES, n=1, cutoff=0.75)
    return f"did you mean {near[0][:3]!r}? {_ON_EXAMPLE}" if near else _ON_EXAMPLE
