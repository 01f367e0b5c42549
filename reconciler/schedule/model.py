"""A schedule as data. Local times are naive datetimes: wall-clock time in the schedule's zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different about one occurrence; None: as in the schedule. `start` may name another day."""

    start: datetime | time | None = None
    duration: timedelta | None = None


class Shift(StrEnum):
    """Where an occurrence goes that a day off takes; NONE: nowhere."""

    NONE = "none"
    NEXT = "next-workday"
    PREVIOUS = "previous-workday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which the company is closed, both ends included."""

    first: date
    last: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOff:
    """The days on which a meeting does not take place.

    `calendars` are names of `reconciler.schedule.holidays`. With `make_up`, weekend days that are worked in all of them
    are days of the rule, too. With `counted` the rule chooses workdays of a month by their number, and these are the
    days on which people work.
    """

    calendars: tuple[str, ...] = ()
    shift: Shift = Shift.NONE
    closures: tuple[Closure, ...] = ()
    make_up: bool = False
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a meeting takes place.

    `rule` is the value of an RRULE (RFC 5545 §3.3.10) without its `RRULE:`, None for a single occurrence. `skip`
    and the keys of `changes` name an occurrence by its original local start, or by its date alone.
    """

    start: datetime
    duration: timedelta
    timezone: str
    rule: str | None = None
    skip: tuple[date | datetime, ...] = ()
    add: tuple[datetime, ...] = ()
    changes: Mapping[date | datetime, Change] = field(default_factory=dict)
    days_off: DaysOff = DaysOff()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One occurrence of a schedule.

    `original` is the local start that the rule gives; `start` and `end` are aware, in the schedule's zone, after
    `change`, which is the key in `Schedule.changes` that applied. `holiday` says which day off moved it, "" if none.
    """

    original: datetime
    start: datetime
    end: datetime
    change: date | datetime | None = None
    holiday: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An occurrence that a day off takes: why, and where it goes instead, local; None: it is left out."""

    original: datetime
    reason: str
    moved_to: datetime | None = None
