"""Swaps of rooms that would come to a halt half way: which they are, and what is left of the changes without them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.diff.change import Change, Diff
from reconciler.diff.compare import held_rooms, wanted_rooms
from reconciler.model.native import times
from reconciler.model.occurrence import Occurrence
from reconciler.plan.making import Ids, planned
from reconciler.plan.ordering import FAR, halted


def halted_swaps(found: Diff, refused: Collection[tuple[str, str]]) -> tuple[frozenset[str], ...]:
    """Return the swaps of rooms, as addresses, that can't be done: a room will be `refused` to one who takes part.

    Not those where somebody would take their rooms along to a time at which another one wants them, or keeps them.
    """
    ids = Ids()
    swaps = halted(planned(found, ids), refused, ids.draw)
    return tuple(swap for swap in swaps if not _meet_others(found, swap))


def without_swaps(found: Diff, swaps: Iterable[frozenset[str]]) -> Diff:
    """Return `found` with the rooms of all who take part in `swaps` as they are; what else differs is done."""
    addresses = frozenset[str]().union(*swaps)
    changes, unchanged = [], [*found.unchanged]
    for change in found.changes:
        before, held = change.before, _kept(change)
        if change.address not in addresses or before is None or held is None or change.after is None:
            changes.append(change)
            continue
        after = replace(change.after, rooms=tuple(sorted(held)))
        event = tuple(one for one in change.comparison.event if one.path != "rooms")
        left = replace(change, after=after, comparison=replace(change.comparison, event=event))
        if left.comparison.fields:
            changes.append(left)
        else:
            unchanged.append((after, before))
    return replace(found, changes=tuple(changes), unchanged=tuple(unchanged))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """When an occurrence has `rooms` if a swap is left alone. `address` is that of its change, "" where it has none."""

    address: str
    rooms: frozenset[str]
    spans: tuple[tuple[datetime, datetime], ...]


def _meet_others(found: Diff, swap: frozenset[str]) -> bool:
    """Return whether a room would be held twice if all who take part in `swap` kept theirs, wherever they move."""
    movers = {one.address for one in found.changes if one.address in swap and _moves(one)}
    if not movers:
        return False
    stays = [*_stays(found, swap)]
    moved = [one for one in stays if one.address in movers]
    return any(_meet(one, other) for one in moved for other in stays if other is not one)


def _stays(found: Diff, swap: frozenset[str]) -> Iterator[_Stay]:
    for change in found.changes:
        if change.after is not None:
            kept = _kept(change) if change.address in swap else None
            rooms = wanted_rooms(change.after, change.event, change.applied) if kept is None else kept
            yield _stay(change.address, change.after, rooms)
    for want, have in found.unchanged:
        yield _stay("", want, held_rooms(have.event) if have.event is not None else frozenset())


def _stay(address: str, want: Occurrence, rooms: frozenset[str]) -> _Stay:
    return _Stay(address=address, rooms=rooms, spans=times(want, within=FAR) if rooms else ())


def _meet(one: _Stay, other: _Stay) -> bool:
    return not one.rooms.isdisjoint(other.rooms) and any(
        start.timestamp() < its_end.timestamp() and its_start.timestamp() < end.timestamp()
        for start, end in one.spans
        for its_start, its_end in other.spans
    )


def _kept(change: Change) -> frozenset[str] | None:
    """Return the rooms that an event keeps if it gets no others, None where there is no event."""
    return held_rooms(change.event) if change.event is not None and change.after is not None else None


def _moves(change: Change) -> bool:
    return bool({"start", "end", "timezone"} & {one.path for one in change.comparison.event})
