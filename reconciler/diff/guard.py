"""What is left undone on purpose: disabled meetings, protected occurrences, everything during a freeze."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from reconciler.config.model import Config
from reconciler.diff.change import Action, Change, Diff
from reconciler.errors import Frozen


def disabled(config: Config) -> frozenset[str]:
    """Return the meetings of which nothing is to be created, changed or cancelled."""
    return frozenset(name for name, meeting in config.meetings.items() if not meeting.enabled)


def frozen(config: Config, now: datetime) -> str:
    """Return what to say of the freeze window that `now` is in, "" where it is in none."""
    for window in config.freezes:
        if window.holds(now):
            reason = f" ({window.reason})" if window.reason else ""
            return f"frozen until {window.end:%Y-%m-%d %H:%M} {window.end.tzname()}{reason}"
    return ""


def refuse_frozen(config: Config, now: datetime) -> None:
    """Raise Frozen where `now` is in a freeze window."""
    told = frozen(config, now)
    if told:
        raise Frozen(f"{told}: nothing is applied", fix="wait, or add --override-freeze if it has to be now")


def spare(found: Diff, config: Config) -> tuple[Diff, tuple[str, ...]]:
    """Return `found` without cancellations of what is protected, and a warning for each meeting that has some.

    A meeting that is declared no more is protected if it was when it was last applied. Superfluous copies still go:
    the occurrence itself stays.
    """
    spared = [change for change in found.changes if _is_protected(change, config)]
    if not spared:
        return found, ()
    # What would be cancelled and made anew for another organiser stays as it is.
    held = {(change.meeting, change.reason) for change in spared}
    stays = {change.address for change in spared}  # and what was to take its place is not made beside it
    kept = tuple(
        change
        for change in found.changes
        if not _is_protected(change, config)
        and not stays & {*change.follows}
        and not (change.action is Action.CREATE and (change.meeting, change.reason) in held)
    )
    counts = Counter(change.meeting for change in spared)
    warnings = tuple(_warning(meeting, number, config) for meeting, number in sorted(counts.items()))
    return replace(found, changes=kept), warnings


def gone_before_adoption(found: Diff, config: Config) -> tuple[str, ...]:
    """Return a warning for each meeting that was to adopt events which are not there any more: it makes new ones."""
    counts = Counter(
        change.after.key.meeting
        for change in found.changes
        if change.action is Action.CREATE and change.before is None and change.after is not None
        if change.after.key.original in config.meetings[change.after.key.meeting].adopt
    )
    return tuple(
        f"{meeting}: {number} of the events to adopt {'is' if number == 1 else 'are'} gone, and will be made anew\n"
        "  if they are not to take place, add them to `skip`"
        for meeting, number in sorted(counts.items())
    )


def _is_protected(change: Change, config: Config) -> bool:
    if change.action is not Action.CANCEL or change.duplicate or change.before is None:
        return False
    declared = config.meetings.get(change.before.key.meeting)
    if declared is not None:
        return declared.protect
    last = change.before.applied
    return last is not None and last.protect


def _warning(meeting: str, number: int, config: Config) -> str:
    what = "occurrence is" if number == 1 else "occurrences are"
    fix = "set protect: false" if meeting in config.meetings else "declare it with protect: false, apply, and remove it"
    return f"{meeting}: {number} {what} protected and not cancelled\n  to cancel anyway, {fix}"
