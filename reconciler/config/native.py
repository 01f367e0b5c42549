"""`calendar: series`: whether DingTalk's own recurring event can say what the schedule says."""

from __future__ import annotations

from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.semantics import write_moment
from reconciler.model.occurrence import Link
from reconciler.schedule.expand import first_occurrence
from reconciler.schedule.model import Schedule
from reconciler.schedule.pattern import Pattern
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.translation import NotExpressible, pattern_of

LONGEST_GAP = 35  # days: what is rarer is not seen by a look at the weeks around now


def read_link(tree: dict[str, Any], path: Path, findings: Findings) -> Link:
    """Return where people join: a recurring event has one link for all of its dates."""
    said = tree.get("link")
    if tree.get("calendar") != "series":
        return Link(said or Link.PER_OCCURRENCE)
    if said == Link.PER_OCCURRENCE:
        message = "with calendar: series all occurrences have one event, and so one link"
        findings.error((*path, "link"), message, "write link: stable or link: event, or remove calendar: series")
    return Link.EVENT if said == Link.EVENT else Link.STABLE


def read_pattern(
    tree: dict[str, Any], schedule: Schedule, path: Path, findings: Findings, *, pooled: bool
) -> Pattern | None:
    """Return the pattern of a meeting that is to be one recurring event; None where each occurrence has its own.

    Where a series is asked for and can't be, that is noted with the reason.
    """
    if tree.get("calendar") != "series":
        return None
    first = first_occurrence(schedule)
    if first is None:
        return None  # noted with the schedule
    reason = "it takes place once" if schedule.rule is None else ""
    found = None
    if schedule.rule is not None:
        try:
            found = pattern_of(parse_rule(schedule.rule), first)
        except NotExpressible as refusal:
            reason = refusal.what
    if found is not None and found.longest_gap > LONGEST_GAP:
        reason = "it is rarer than once a month, where an event for each occurrence costs no more"
    if "time" in (tree.get("ignore") or ()):
        reason = "ignore: time leaves its time to people"
    if pooled:
        reason = "its rooms are chosen for each occurrence"
    if not reason:
        _check_adoption(tree.get("adopt"), write_moment(first), (*path, "adopt"), findings)
        return found
    hint = "remove calendar: series, or keep to rules that a recurring event in DingTalk can express"
    findings.warn((*path, "calendar"), f"each occurrence gets an event of its own, because {reason}", hint)
    return None


def _check_adoption(adopt: Any, first: str, path: Path, findings: Findings) -> None:
    """Note whatever else than the one recurring event, by the first date of the rule, is to be adopted."""
    if adopt and isinstance(adopt, dict) and list(adopt) != [first]:
        message = "with calendar: series there is one event to adopt: the recurring one, by the first date of the rule"
        findings.error(path, message, f"name it at {first}, or take calendar: series out", on_key=True)
