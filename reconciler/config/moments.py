"""Dates and local times as the config writes them."""

from __future__ import annotations

import re
from datetime import date, datetime

from reconciler.config.document import Findings, Path

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2})?")


def read_moment(value: object, path: Path, findings: Findings, *, on_key: bool = False) -> date | datetime | None:
    """Return the date or local time that is written there; note one that no calendar has."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None  # the schema has said so
    try:
        if "T" in value:
            return datetime.fromisoformat(value)
        return date.fromisoformat(value)
    except ValueError:
        message = f"{value!r} is not a date that exists"
        findings.error(path, message, "write a day that the month and year have", on_key=on_key)
        return None
