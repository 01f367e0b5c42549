"""What a plan means for people: by how much occurrences move, and how many different people hear of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from reconciler.diff import Action
from reconciler.operations import PlannedChange
from reconciler.report.lines import counted

_SHOWN = 3  # different moves of one meeting


def summary(changes: Iterable[PlannedChange]) -> str:
    """Return what changes of one meeting mean, as in `moves 11 occurrences by +30 min, notifies 43 people`; or ""."""
    changes = list(changes)
    moved = Counter(shift for planned in changes if (shift := _shift(planned)))
    told = [f"{counted(count, 'occurrence')} by {duration(shift)}" for shift, count in moved.most_common(_SHOWN)]
    if more := sum(moved.values()) - sum(count for _, count in moved.most_common(_SHOWN)):
        told.append(f"{more} by other spans")
    parts = ["moves " + ", ".join(told)] if told else []
    if people := len(notified(changes)):
        parts.append(f"notifies {people:,} {'person' if people == 1 else 'people'}")
    return ", ".join(parts)


def notified(changes: Iterable[PlannedChange]) -> frozenset[str]:
    """Return the union ids of all who get a message, each once however many messages that are."""
    return frozenset(who for planned in changes if planned.notifies for who in _people(planned))


def duration(span: timedelta) -> str:
    """Return a shift with its sign, as in `+30 min`, `-1 day 2 h`."""
    minutes = abs(int(span.total_seconds())) // 60
    days, hours = divmod(minutes // 60, 24)
    parts = [counted(days, "day")] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes % 60} min"] if minutes % 60 or not parts else []
    return ("-" if span < timedelta() else "+") + " ".join(parts)


def _shift(planned: PlannedChange) -> timedelta:
    """Return by how much the local start moves, zero where it does not."""
    change = planned.change
    was = change.was
    if change.action is not Action.UPDATE or was is None:
        return timedelta()
    assert change.after is not None  # noqa: S101  # an update has both sides
    zone = change.after.start.tzinfo
    return change.after.start.replace(tzinfo=None) - was.astimezone(zone).replace(tzinfo=None)


def _people(planned: PlannedChange) -> Iterator[str]:
    before, after = planned.change.before, planned.change.after
    if before is not None and before.event is not None:
        yield from (who.union_id for who in before.event.attendees)
    if after is not None:
        yield from (who.union_id for who in after.attendees or ())
