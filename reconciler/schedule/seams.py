"""Where a zone's clocks are changed: local times that are left out, and those that come twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from reconciler.schedule.zones import EARLIEST, LATEST, zone

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Local times from `first` to `last`, which is not part of it, that are left out (`gap`) or come twice."""

    first: datetime
    last: datetime
    gap: bool


def seams(timezone: str, *, first: datetime, last: datetime) -> Iterator[Seam]:
    """Yield the seams of a zone that lie between two naive local times, oldest first. Raises UnknownZone."""
    for year in range(max(first.year, EARLIEST.year), min(last.year, LATEST.year - 1) + 1):
        yield from (seam for seam in _of_year(timezone, year) if seam.last > first and seam.first <= last)


@lru_cache(maxsize=1024)
def _of_year(timezone: str, year: int) -> tuple[Seam, ...]:
    """Return the seams whose change of offset, as an instant, lies in a year of UTC."""
    found: list[Seam] = []
    instant = datetime(year, 1, 1, tzinfo=UTC)
    while instant.year == year:
        before, after = _offset(timezone, instant), _offset(timezone, instant + _DAY)
        if before != after:
            found.append(_seam(timezone, instant, before, after))
        instant += _DAY
    return tuple(found)


def _seam(timezone: str, instant: datetime, before: timedelta, after: timedelta) -> Seam:
    low, high = 0, _DAY // _MINUTE  # minutes: at low the old offset holds, at high no more
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(timezone, instant + middle * _MINUTE) == before:
            low = middle
        else:
            high = middle
    change = (instant + high * _MINUTE).replace(tzinfo=None)
    return Seam(first=change + min(before, after), last=change + max(before, after), gap=after > before)


def _offset(timezone: str, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone(timezone)).utcoffset()
    assert offset is not None  # noqa: S101  # an aware datetime has one
    return offset
