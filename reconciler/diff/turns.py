"""A recurring event beside single ones of its meeting: never both on the same day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from reconciler.diff.change import Action, Change
from reconciler.model.native import follows, too_many, yet_to_come
from reconciler.model.occurrence import Occurrence
from reconciler.schedule.pattern import Instance


def in_turn(changes: Sequence[Change], wants: Sequence[Occurrence], now: datetime) -> Iterator[Change]:
    """Yield the changes of one meeting so that a recurring event and single ones never stand on the same day.

    What a recurring event takes the place of goes first, and a single event is made once the series has left its day.
    """
    if not any(_is_serial(change) for change in changes):
        yield from changes
        return
    cancels = tuple(one.address for one in changes if one.action is Action.CANCEL and not one.duplicate)
    series = tuple(one.address for one in changes if _is_serial(one) and not one.duplicate)
    comes = any(one.after is not None and one.after.recurrence is not None and _makes_event(one) for one in changes)
    goes = any(one.before is not None and one.before.key.series and one.replaces for one in changes)
    days = frozenset(want.key.original.date() for want in wants if want.recurrence is None)
    for change in changes:
        serial = change.after is not None and change.after.recurrence is not None
        follows_them = (cancels if serial else series) if _makes_event(change) else ()
        yield replace(
            change,
            ends=_has_begun(change, now),
            quiet=change.action is Action.CANCEL and (comes or goes) and not change.duplicate,
            follows=tuple(one for one in follows_them if one != change.address or change.before is None),
            instances=tuple(_taken(change, days)) if serial else (),
        )


def _is_serial(change: Change) -> bool:
    after = change.after is not None and change.after.recurrence is not None
    return after or (change.before is not None and change.before.key.series)


def _makes_event(change: Change) -> bool:
    if change.after is None:
        return False
    return change.replaces or change.before is None or change.before.event is None


def _has_begun(change: Change, now: datetime) -> bool:
    event = change.event
    goes = change.replaces or change.action is Action.CANCEL
    return goes and event is not None and event.recurrence is not None and event.start <= now


def _taken(change: Change, days: frozenset[date]) -> Iterator[Instance]:
    """Yield what has to be taken out of a recurring event; people hear of a day's own event, where there is one."""
    want, have = change.want, change.before
    if have is not None and have.event is not None and not change.replaces and follows(want, have.event):
        yield from (replace(one, quiet=one.origin.date() in days) for one in too_many(want, have.instances))
        yield from (Instance(start=one, origin=one, quiet=True) for one in yet_to_come(want, have.event))
        return
    until = want.recurrence.until if want.recurrence is not None else None
    for start in want.left_out:
        if start >= want.start and (until is None or start.date() <= until):
            yield Instance(start=start, origin=start, quiet=True)
