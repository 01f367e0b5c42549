"""How a recurring event of DingTalk's repeats, as values: what `recurrence` of the calendar API says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

MAX_INTERVAL = 365
MAX_COUNT = 99
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}


class Kind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    ABSOLUTE_MONTHLY = "absoluteMonthly"
    RELATIVE_MONTHLY = "relativeMonthly"
    ABSOLUTE_YEARLY = "absoluteYearly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """`recurrence.pattern`; a part that its kind does not have is as by default, so that equal patterns are equal.

    `days` are of the week, 0 for Monday, sorted. `index` counts weekdays of the month, -1: the last. `first_day` begins
    the week of a weekly pattern where that matters, else it is 0. A yearly pattern is in the month of its start.
    """

    kind: Kind
    interval: int = 1
    days: tuple[int, ...] = ()
    day_of_month: int = 0
    index: int = 0
    first_day: int = 0

    @property
    def longest_gap(self) -> int:
        """Return the most days that may lie between two of its dates."""
        each = {Kind.DAILY: 1, Kind.WEEKLY: 7, Kind.ABSOLUTE_YEARLY: 366}
        return self.interval * each.get(self.kind, 35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A pattern and its range: through the day `until` in the event's zone, or `count` dates; neither: for ever."""

    pattern: Pattern
    until: date | None = None
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One date of a recurring event. `id` is "" where nobody has looked yet; `origin` is the start by the pattern."""

    start: datetime
    origin: datetime
    id: str = ""
    quiet: bool = False  # of one that is to be deleted: people hear of it otherwise


def weekly(days: tuple[int, ...], *, interval: int = 1, first_day: int = 0) -> Pattern:
    """Return a weekly pattern; the day on which a week begins counts only where a week with two days is left out."""
    matters = interval > 1 and len(set(days)) > 1
    days = tuple(sorted(set(days)))
    return Pattern(kind=Kind.WEEKLY, interval=interval, days=days, first_day=first_day if matters else 0)


def spoken(pattern: Pattern) -> str:
    """Return the pattern in words; two that differ read differently."""
    number = pattern.interval
    unit = {Kind.DAILY: "day", Kind.WEEKLY: "week", Kind.ABSOLUTE_YEARLY: "year"}.get(pattern.kind, "month")
    every = f"every {unit}" if number == 1 else f"every {number} {unit}s"
    days = " and ".join(DAYS[day].capitalize() for day in pattern.days)
    if pattern.kind is Kind.WEEKLY:
        begins = f", weeks from {DAYS[pattern.first_day].capitalize()}" if pattern.first_day else ""
        return f"{every} on {days}{begins}"
    if pattern.kind is Kind.RELATIVE_MONTHLY:
        return f"{every} on the {INDEXES.get(pattern.index, pattern.index)} {days}"
    return f"{every} on day {pattern.day_of_month}" if pattern.day_of_month else every
