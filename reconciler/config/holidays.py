"""Days off: the holidays that a meeting keeps clear of, and the days on which the company is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.moments import read_moment
from reconciler.config.registry import words
from reconciler.errors import ReconcilerError
from reconciler.schedule.holidays import check_calendar
from reconciler.schedule.model import Closure, DaysOff, Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """What one place says of holidays; None: nothing."""

    calendars: tuple[str, ...] | None = None
    shift: Shift | None = None
    closures: bool | None = None


def read_holidays(tree: object, path: Path, findings: Findings) -> Holidays:
    """Return what is said there; note calendars that there are not, or that need a package."""
    if not isinstance(tree, dict):
        return Holidays()
    known = []
    for index, code in words(tree.get("skip")):
        try:
            check_calendar(code)
            known.append(code)
        except ReconcilerError as error:
            findings.error((*path, "skip", index), error.what, error.fix)
    shift, closures = tree.get("shift"), tree.get("closures")
    return Holidays(
        calendars=None if tree.get("skip") is None else tuple(known),
        shift=Shift(shift) if isinstance(shift, str) else None,
        closures=closures if isinstance(closures, bool) else None,
    )


def days_off(own: Holidays, defaults: Holidays, closures: tuple[Closure, ...]) -> DaysOff:
    """Return the days off of a meeting: what it says itself laid over the defaults, each by itself."""
    calendars = own.calendars if own.calendars is not None else defaults.calendars
    heeds = own.closures if own.closures is not None else defaults.closures
    return DaysOff(
        calendars=calendars or (),
        shift=own.shift or defaults.shift or Shift.NONE,
        closures=() if heeds is False else closures,
    )


def read_closures(tree: Mapping[str, Any], findings: Findings) -> tuple[Closure, ...]:
    """Return the days on which the company is closed, oldest first."""
    value = tree.get("closures")
    found = []
    for index, one in enumerate(value if isinstance(value, list) else ()):
        path: Path = ("closures", index)
        if not isinstance(one, dict):
            continue
        first = _day(one.get("from"), (*path, "from"), findings)
        last = _day(one.get("to"), (*path, "to"), findings) if one.get("to") is not None else first
        if first is None or last is None:
            continue
        if last < first:
            findings.error((*path, "to"), f"it would end before it begins, on {first}", "write a later `to`")
            continue
        reason = one.get("reason")
        found.append(Closure(first=first, last=last, reason=reason if isinstance(reason, str) else ""))
    return tuple(sorted(found, key=lambda closure: (closure.first, closure.last)))


def _day(value: object, path: Path, findings: Findings) -> date | None:
    return read_moment(value, path, findings)
