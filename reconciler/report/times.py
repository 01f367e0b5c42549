"""Instants as people read them: in the zone of the meeting, with the weekday."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.pages.words import span as span  # noqa: PLC0414  # pages and texts say it alike

# strftime's %a follows the locale of the process; what we print does not.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def in_zone(instant: datetime, timezone: str) -> datetime:
    """Return `instant` in `timezone`, or as it is where there is no such zone: the name may come from DingTalk."""
    try:
        return instant.astimezone(ZoneInfo(timezone)) if timezone else instant
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return instant


def day(instant: datetime) -> str:
    """Return the weekday and the date, as in `Wed 2026-12-02`."""
    return f"{_WEEKDAYS[instant.weekday()]} {instant:%Y-%m-%d}"


def clock(instant: datetime) -> str:
    """Return the time of day, as in `10:00`."""
    return f"{instant:%H:%M}"


def utc(instant: datetime) -> str:
    """Return an instant as documents have it, as in `2026-12-02T02:00:00Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def lasting(seconds: float) -> str:
    """Return a length of time in seconds below a minute, else in minutes, as in `5 s` or `1.5 min`."""
    return f"{seconds:.3g} s" if seconds < 60 else f"{round(seconds / 60, 1):g} min"  # noqa: PLR2004  # of a minute
