"""A schedule as data. Local times are naive datetimes: wall-clock time in the schedule's zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different about one occurrence; None: as in the schedule. `start` may name another day."""

    start: datetime | time | None = None
    duration: timedelta | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One occurrence of a schedule.

    `original` is the local start that the rule gives; `start` and `end` are aware, in the schedule's zone, after
    `change`, which is the key in `Schedule.changes` that applied.
    """

    original: datetime
    start: datetime
    end: datetime
    change: date | datetime | None = None
