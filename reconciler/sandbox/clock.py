"""The sandbox's clock, which can be moved, and its notation of instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]  # returns an aware UTC datetime

BEIJING = timezone(timedelta(hours=8))  # DingTalk's days and months begin here
DAY_MS = 86_400_000


def utc_now() -> datetime:
    return datetime.now(UTC)


class MovableClock:
    """A clock that follows `base`, shifted by as much as the last `move` asked for."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._shift = timedelta()

    def __call__(self) -> datetime:
        return (self._base() + self._shift).astimezone(UTC)

    def move(self, to: datetime | None) -> None:
        """Make it `to` now; None: back to the base."""
        self._shift = timedelta() if to is None else to - self._base()


def to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """Return the instant `value` UTC milliseconds after the epoch."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def iso(value: int, zone: str = "UTC") -> str:
    """Return the instant in `zone`, as `2026-12-01T10:00:00+08:00`; with a `Z` in UTC."""
    return from_ms(value).astimezone(ZoneInfo(zone)).isoformat(timespec="seconds").replace("+00:00", "Z")


def beijing_day(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d")


def beijing_month(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%Y-%m")
