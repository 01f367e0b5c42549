"""Days and times in words, in English whatever the locale of the process."""

from __future__ import annotations

from datetime import date, datetime, timedelta

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def short_day(day: date) -> str:
    """Return `Mon 30 Nov`."""
    return f"{_DAYS[day.weekday()][:3]} {day.day} {_MONTHS[day.month - 1][:3]}"


def long_day(day: date) -> str:
    """Return `Monday 30 November 2026`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def week(monday: date) -> str:
    """Return `30 November – 6 December 2026`, with what both days share said once."""
    sunday = monday + timedelta(days=6)
    month, year = _MONTHS[monday.month - 1], monday.year
    first = f"{monday.day}"
    if (month, year) != (_MONTHS[sunday.month - 1], sunday.year):
        first += f" {month}"
    if year != sunday.year:
        first += f" {year}"
    return f"{first} – {sunday.day} {_MONTHS[sunday.month - 1]} {sunday.year}"


def span(start: datetime, end: datetime) -> str:
    """Return `10:00–10:45`; an end on a later day says how many days later."""
    later = (end.date() - start.date()).days
    return f"{start:%H:%M}–{end:%H:%M}" + (f" (+{later} d)" if later else "")


def length(start: datetime, end: datetime) -> str:
    """Return `45 min`, `1 h`, `1 h 30 min`."""
    minutes = minutes_between(start, end)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))


def minutes_between(start: datetime, end: datetime) -> int:
    """Return how many minutes pass, also where the clock is put forward or back in between."""
    return round((end.timestamp() - start.timestamp()) / 60)


def moment(instant: datetime) -> str:
    """Return `Mon 30 Nov 2026, 09:30`."""
    return f"{short_day(instant.date())} {instant.year}, {instant:%H:%M}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 room`, `2 rooms`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
