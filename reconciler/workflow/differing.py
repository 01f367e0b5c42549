"""What differs, by what was really seen: of what is about to change nothing is taken for granted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.diff.change import Diff
from reconciler.diff.changes import diff
from reconciler.dingtalk import Reader
from reconciler.model.observed import Observation
from reconciler.model.occurrence import Occurrence
from reconciler.observe import Scope, verify
from reconciler.workflow.looking import Question, Sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What differs, and what was seen. Of `doubted` meetings more has to be looked at before anything is planned."""

    found: Diff
    seen: Observation
    doubted: frozenset[str] = frozenset()


def differences(
    reader: Reader,
    sides: Sides,
    wanted: tuple[Occurrence, ...],
    question: Question,
    excluded: frozenset[str],
    *,
    now: datetime,
    progress: Callable[[int, int], None],
) -> Differences:
    """Return what differs, and what was seen: what is about to change as it is, and not only as it should be."""

    def compared(seen: Observation) -> Differences:
        found = diff(wanted, seen, now=now, create_before=sides.until, targets=question.targets, excluded=excluded)
        return Differences(found=found, seen=seen, doubted=_doubted(found, seen, sides.scope))

    first = compared(sides.seen)
    keys = [change.before.key for change in first.found.changes if change.before is not None]
    if not keys or first.doubted:
        return first
    return compared(
        verify(reader, sides.seen, sides.scope, keys, now=now, parallelism=question.parallelism, progress=progress)
    )


def _doubted(found: Diff, seen: Observation, scope: Scope) -> frozenset[str]:
    """Return the meetings with a recurring event that are about to change, by what is only presumed of calendars."""
    presumed = [one for one in seen.occurrences.values() if one.presumed]
    if not presumed:
        return frozenset()
    unseen = {one.organizer for one in presumed} - seen.viewed
    own = {one.key.meeting for one in presumed}
    who: dict[str, set[str]] = defaultdict(set)
    for one in seen.occurrences.values():
        if one.key.series:
            who[one.key.meeting].add(one.organizer)
    changed: set[str] = set()
    for change in found.changes:
        sides = (change.before, change.after)
        changed |= {one.key.meeting for one in sides if one is not None}
        if change.after is not None and (change.after.serial or change.after.recurrence is not None):
            who[change.after.key.meeting].add(change.after.organizer)
    return frozenset(name for name in changed - scope.doubted if name in own or not unseen.isdisjoint(who[name]))
