"""Meetings that look renamed though the config does not say so: their events would go, and others be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from reconciler.diff.change import Action, Change, Diff


def unsaid_renames(found: Diff, declared: Collection[str]) -> tuple[str, ...]:
    """Return a warning for each meeting that is none of `declared` while one like it comes: `moved` keeps its events.

    Two are alike if they have one organiser, and at least half of the times that go are times that come.
    """
    gone = _starts(Action.CANCEL, found.changes)
    come = _starts(Action.CREATE, found.changes)
    touched = {change.meeting for change in found.changes if change.action is Action.UPDATE}
    come = {name: starts for name, starts in come.items() if name not in touched | gone.keys()}
    warnings = []
    for old in sorted(gone.keys() - set(declared)):
        new = max(come, key=lambda name: (len(gone[old] & come[name]), name), default="")
        if new and 2 * len(gone[old] & come[new]) >= len(gone[old]):
            del come[new]
            warnings.append(
                f"{old} is no longer declared, and {new} looks like it under a new name: its events are cancelled, "
                f"and others made\n  to keep events and links, add moved: {{from: {old}, to: {new}}}"
            )
    return tuple(warnings)


def _starts(action: Action, changes: Iterable[Change]) -> dict[str, set[tuple[str, datetime]]]:
    """Return organiser and start of every change of that kind, by meeting."""
    starts: dict[str, set[tuple[str, datetime]]] = defaultdict(set)
    for change in changes:
        side = change.after if action is Action.CREATE else change.before
        if change.action is action and not change.duplicate and side is not None and side.start is not None:
            starts[change.meeting].add((side.organizer, side.start))
    return dict(starts)
