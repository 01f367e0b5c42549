"""What a plan means for people: by how much occurrences move, and how many different people hear of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from reconciler.diff.change import OWN, SHARED, Action
from reconciler.model.native import starts
from reconciler.plan.operations import PlannedChange
from reconciler.report.lines import counted
from reconciler.schedule.zones import elapsed

_SHOWN = 3  # different moves of one meeting


def summary(changes: Iterable[PlannedChange], *, until: datetime) -> str:
    """Return what changes of one meeting mean, as in `moves 11 occurrences by +30 min, notifies 43 people`; or "".

    A recurring event counts as many as it has dates before `until`.
    """
    changes = list(changes)
    moved, longer = Counter[timedelta](), Counter[timedelta]()
    for planned in changes:
        moved[_shift(planned)] += _dates(planned, until)
        longer[_growth(planned)] += _dates(planned, until)
    told = _most(moved, lambda shift: f"by {duration(shift)}", "by other spans")
    parts = [f"moves {told}"] if told else []
    if told := _most(longer, _grown, "longer or shorter"):
        parts.append(f"makes {told}")
    if joining := sum(_dates(planned, until) for planned in changes if _joins_elsewhere(planned)):
        parts.append(f"the join link changes for {counted(joining, 'occurrence')}")
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


def _most(found: Counter[timedelta], what: Callable[[timedelta], str], other: str) -> str:
    """Return how many occurrences there are of each span, those of none left out."""
    spans = [(span, count) for span, count in found.most_common() if span and count]
    told = [f"{counted(count, 'occurrence')} {what(span)}" for span, count in spans[:_SHOWN]]
    if more := sum(count for _, count in spans[_SHOWN:]):
        told.append(f"{more} {other}")
    return ", ".join(told)


def _grown(span: timedelta) -> str:
    return f"{duration(abs(span)).removeprefix('+')} {'longer' if span > timedelta() else 'shorter'}"


def _dates(planned: PlannedChange, until: datetime) -> int:
    """Return how many occurrences a change is about."""
    want = planned.change.after
    if want is None or want.recurrence is None:
        return 1
    dates = starts(want.recurrence, want.start, after=want.start, before=max(until, want.end))
    return sum(each not in want.left_out for each in dates)


def _growth(planned: PlannedChange) -> timedelta:
    """Return by how much longer an occurrence lasts."""
    before, after = planned.change.before, planned.change.after
    if planned.change.action is not Action.UPDATE or before is None or before.event is None or after is None:
        return timedelta()
    return elapsed(after.start, after.end) - elapsed(before.event.start, before.event.end)


def _joins_elsewhere(planned: PlannedChange) -> bool:
    return any(one.path == "link" and one.after in {OWN, SHARED} for one in planned.change.comparison.fields)


def _shift(planned: PlannedChange) -> timedelta:
    """Return by how much the local start moves, zero where it does not."""
    change = planned.change
    was = change.was
    if change.action is not Action.UPDATE or was is None:
        return timedelta()
    zone = change.want.start.tzinfo
    return change.want.start.replace(tzinfo=None) - was.astimezone(zone).replace(tzinfo=None)


def _people(planned: PlannedChange) -> Iterator[str]:
    before, after = planned.change.before, planned.change.after
    if before is not None and before.event is not None:
        yield from (who.union_id for who in before.event.attendees)
    if after is not None:
        yield from (who.union_id for who in after.attendees or ())
