"""The calendar's recurrence: its checks, and the instances of a series."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from reconciler.sandbox.clock import from_ms, to_ms
from reconciler.sandbox.fields import Fields

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
TYPES: Mapping[str, Literal[0, 1, 2, 3]] = {
    "daily": DAILY,
    "weekly": WEEKLY,
    "absoluteMonthly": MONTHLY,
    "relativeMonthly": MONTHLY,
    "absoluteYearly": YEARLY,
}
FOREVER_MS = 253_370_764_800_000  # the year 9999
MOST_INTERVAL = 365
MOST_OCCURRENCES = 99

Recurrence = Mapping[str, Any]
Span = tuple[int, int]  # start and end, UTC milliseconds


def read_recurrence(fields: Fields) -> dict[str, Any]:
    """Return the recurrence that a request gives, checked."""
    pattern, bounds = fields.block("pattern"), fields.block("range")
    if pattern is None or bounds is None:
        raise fields.fail("pattern" if pattern is None else "range", "must be provided.")
    return {"pattern": _read_pattern(pattern), "range": _read_range(bounds)}


def _read_pattern(fields: Fields) -> dict[str, Any]:
    kind = fields.one_of("type", tuple(TYPES))
    interval = fields.integer("interval") if fields.has("interval") else 1
    if not 1 <= interval <= MOST_INTERVAL:
        raise fields.fail("interval", f"must be between 1 and {MOST_INTERVAL}.")
    pattern = {"type": kind, "interval": interval}
    if kind in {"weekly", "relativeMonthly"}:
        days = fields.text("daysOfWeek")
        if not set(days.split(",")) <= set(DAYS):
            raise fields.fail("daysOfWeek", "must be names of days, separated by commas.")
        pattern["daysOfWeek"] = days
    if kind == "relativeMonthly":
        pattern["index"] = fields.one_of("index", tuple(INDEXES))
    if kind in {"absoluteMonthly", "absoluteYearly"} and (fields.has("dayOfMonth") or kind == "absoluteMonthly"):
        pattern["dayOfMonth"] = fields.one_of("dayOfMonth", range(1, 32))
    if kind == "weekly":
        first = fields.one_of("firstDayOfWeek", DAYS) if fields.has("firstDayOfWeek") else "sunday"
        pattern["firstDayOfWeek"] = first
    return pattern


def _read_range(fields: Fields) -> dict[str, Any]:
    kind = fields.one_of("type", ("noEnd", "endDate", "numbered"))
    if fields.has("endDate") and fields.has("numberOfOccurrences"):
        raise fields.fail("endDate", "and numberOfOccurrences exclude each other.")
    if kind == "endDate":
        return {"type": kind, "endDate": fields.text("endDate"), "until": to_ms(read_moment(fields, "endDate"))}
    if kind == "numbered":
        count = fields.integer("numberOfOccurrences")
        if not 1 <= count <= MOST_OCCURRENCES:
            raise fields.fail("numberOfOccurrences", f"must be between 1 and {MOST_OCCURRENCES}.")
        return {"type": kind, "numberOfOccurrences": count}
    return {"type": kind}


def read_moment(fields: Fields, name: str) -> datetime:
    """Return an ISO-8601 date-time with an offset, as aware UTC."""
    try:
        moment = datetime.fromisoformat(fields.text(name))
        if moment.tzinfo is None:
            raise ValueError(name)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise fields.fail(name, "must be an ISO 8601 date-time with an offset.") from None


def shown_recurrence(recurrence: Recurrence) -> dict[str, Any]:
    bounds = {name: value for name, value in recurrence["range"].items() if name != "until"}
    return {"pattern": recurrence["pattern"], "range": bounds}


def instances(recurrence: Recurrence, first: Span, zone: str, *, after: int, before: int) -> list[Span]:
    """Return the spans of a series that end after `after` and start before `before`, oldest first.

    The wall-clock time in `zone` stays the same; so does the length in real time.
    """
    where, length = ZoneInfo(zone), first[1] - first[0]
    limit = from_ms(min(before, to_ms(datetime(9000, 1, 1, tzinfo=UTC))))
    spans = []
    for local in _rule(recurrence, from_ms(first[0]).astimezone(where).replace(tzinfo=None), where):
        start = local.replace(tzinfo=where).astimezone(UTC)
        if start >= limit:
            break
        if to_ms(start) + length > after:
            spans.append((to_ms(start), to_ms(start) + length))
    return spans


def last_end(recurrence: Recurrence | None, first: Span, zone: str) -> int:
    """Return when the last instance ends; `FOREVER_MS` for a series without an end."""
    if recurrence is None:
        return first[1]
    if recurrence["range"]["type"] == "noEnd":
        return FOREVER_MS
    spans = instances(recurrence, first, zone, after=0, before=FOREVER_MS)
    return spans[-1][1] if spans else first[1]


def _rule(recurrence: Recurrence, start: datetime, zone: ZoneInfo) -> rrule:
    pattern, bounds = recurrence["pattern"], recurrence["range"]
    options: dict[str, Any] = {"interval": pattern["interval"]}
    days = [DAYS.index(name) for name in str(pattern.get("daysOfWeek", "")).split(",") if name]
    if pattern["type"] == "weekly":
        options |= {"byweekday": days, "wkst": DAYS.index(pattern["firstDayOfWeek"])}
    if pattern["type"] == "relativeMonthly":
        options["byweekday"] = [weekday(day, INDEXES[pattern["index"]]) for day in days]
    if "dayOfMonth" in pattern:
        options["bymonthday"] = pattern["dayOfMonth"]
    if "numberOfOccurrences" in bounds:
        options["count"] = bounds["numberOfOccurrences"]
    if "until" in bounds:
        options["until"] = from_ms(bounds["until"]).astimezone(zone).replace(tzinfo=None) + timedelta(milliseconds=1)
    if pattern["type"] == "absoluteYearly":
        options["bymonth"] = start.month
    return rrule(TYPES[pattern["type"]], dtstart=start, **options)
