"""`recurrence` of a calendar event: wire to model and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.schedule.pattern import DAYS, INDEXES, Kind, Pattern, Recurrence, weekly

Answer = Mapping[str, Any]

_INDEX_OF = {name: index for index, name in INDEXES.items()}
_LAST_SECOND = time(23, 59, 59)


def to_recurrence(recurrence: Recurrence, timezone: str) -> dict[str, Any]:
    """Return the body of `recurrence`. An end is the last second of its day in that IANA zone, however it is read."""
    pattern = recurrence.pattern
    body: dict[str, Any] = {"type": pattern.kind.value, "interval": pattern.interval}
    if pattern.days:
        body["daysOfWeek"] = ",".join(DAYS[day] for day in pattern.days)
    if pattern.kind is Kind.WEEKLY:
        body["firstDayOfWeek"] = DAYS[pattern.first_day]
    if pattern.index:
        body["index"] = INDEXES[pattern.index]
    if pattern.day_of_month:
        body["dayOfMonth"] = pattern.day_of_month
    return {"pattern": body, "range": _to_range(recurrence, timezone)}


def _to_range(recurrence: Recurrence, timezone: str) -> dict[str, Any]:
    if recurrence.until is not None:
        end = datetime.combine(recurrence.until, _LAST_SECOND, ZoneInfo(timezone))
        return {"type": "endDate", "endDate": end.isoformat(timespec="seconds")}
    if recurrence.count:
        return {"type": "numbered", "numberOfOccurrences": recurrence.count}
    return {"type": "noEnd"}


def from_recurrence(answer: Answer, zone: tzinfo | None) -> Recurrence | None:
    """Return what `recurrence` says of an event in that zone; None where it says nothing that we know."""
    try:
        pattern, bounds = _from_pattern(answer["pattern"]), answer["range"]
        match bounds["type"]:
            case "endDate":
                end = datetime.fromisoformat(bounds["endDate"])
                return Recurrence(pattern=pattern, until=end.astimezone(zone if end.tzinfo else None).date())
            case "numbered":
                return Recurrence(pattern=pattern, count=int(bounds["numberOfOccurrences"]))
            case _:
                return Recurrence(pattern=pattern)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _from_pattern(answer: Answer) -> Pattern:
    kind = Kind(answer["type"])
    named = (answer.get("daysOfWeek") or "").lower().replace(" ", "").split(",")
    days = tuple(DAYS.index(name) for name in named if name)
    first = DAYS.index((answer.get("firstDayOfWeek") or "sunday").lower())
    index = _INDEX_OF[answer["index"].lower()] if kind is Kind.RELATIVE_MONTHLY else 0
    interval = int(answer.get("interval") or 1)
    if kind is Kind.WEEKLY:
        return weekly(days, interval=interval, first_day=first)
    chosen = tuple(sorted(set(days))) if kind is Kind.RELATIVE_MONTHLY else ()
    dated = kind in {Kind.ABSOLUTE_MONTHLY, Kind.ABSOLUTE_YEARLY}
    day = int(answer.get("dayOfMonth") or 0) if dated else 0
    return Pattern(kind=kind, interval=interval, days=chosen, day_of_month=day, index=index)
