"""Events that people made and that a meeting is to take over: `adopt`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import Config
from reconciler.config.moments import read_moment
from reconciler.config.registry import section
from reconciler.config.semantics import write_moment
from reconciler.model.occurrence import Link
from reconciler.schedule.expand import originals


def read_adoptions(tree: dict[str, Any], path: Path, findings: Findings) -> Mapping[datetime, str]:
    """Return the ids of events by the original local starts of the occurrences that they are to be."""
    found = {}
    for key, value in section(tree, "adopt").items():
        when = read_moment(key, (*path, key), findings, on_key=True)
        if isinstance(when, datetime) and isinstance(value, str):
            found[when] = value
    if found and tree.get("link", Link.PER_OCCURRENCE) not in {Link.EVENT, None}:
        findings.error(path, "only a meeting with link: event can adopt events", "write link: event", on_key=True)
    return found


def check_adoptions(config: Config, findings: Findings) -> None:
    """Note events that two occurrences want, and those that no occurrence wants."""
    wanted: dict[str, Path] = {}
    for meeting in config.meetings.values():
        for when, event_id in meeting.adopt.items():
            path: Path = ("meetings", meeting.name, "adopt", write_moment(when))
            if event_id in wanted:
                first = findings.document.at(wanted[event_id])
                findings.error(path, f"the same event is adopted at {first}, too", "keep one of the two")
            elif not originals(meeting.schedule, first=when, last=when):
                message = f"there is no occurrence at {write_moment(when)}: the event stays as it is, unmanaged"
                findings.warn(path, message, "take it out, or let the schedule have it", on_key=True)
            wanted.setdefault(event_id, path)
