"""Times in which nothing is applied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import Freeze
from reconciler.config.moments import read_moment
from reconciler.schedule.zones import localise, zone


def read_freezes(tree: Mapping[str, Any], timezone: str | None, findings: Findings) -> tuple[Freeze, ...]:
    """Return the windows, oldest first.

    `timezone` is that of the defaults: None where there is none, "" where it is broken.
    """
    value = tree.get("freeze")
    places: list[tuple[Path, object]] = [(("freeze",), value)]
    if isinstance(value, list):
        places = [(("freeze", index), one) for index, one in enumerate(value)]
    found = [_window(one, path, timezone, findings) for path, one in places if isinstance(one, dict)]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.start))


def _window(tree: Mapping[str, Any], path: Path, timezone: str | None, findings: Findings) -> Freeze | None:
    if timezone is None:
        message, hint = "the freeze has no timezone", "add timezone: Asia/Shanghai to `defaults`"
        findings.error(path, message, hint)
    start = read_moment(tree.get("from"), (*path, "from"), findings)
    end = read_moment(tree.get("to"), (*path, "to"), findings)
    if start is None or end is None or not timezone:
        return None
    first, last = _instant(start, timezone), _instant(end, timezone, days=1)
    if last <= first:
        findings.error((*path, "to"), f"it would end before it begins, on {start}", "write a later `to`")
        return None
    reason = tree.get("reason")
    return Freeze(start=first, end=last, reason=reason if isinstance(reason, str) else "")


def _instant(when: date | datetime, timezone: str, *, days: int = 0) -> datetime:
    """Return the instant of a local time; of a date its midnight, or that of so many days later."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time()) + timedelta(days=days)
    return localise(when, zone(timezone))
