"""Waiting for somebody to approve bookings: looks now and then, less and less often, as each look costs calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.dingtalk import ApiError, Reader
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Key, RoomStatus
from reconciler.plan.operations import Pending

FIRST_S, LONGEST_S = 30.0, 300.0  # between two looks; each is twice as long as the one before
LOOKBACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What came of bookings that waited: what still does, and what was declined."""

    pending: tuple[Pending, ...] = ()
    declined: tuple[Pending, ...] = ()


def looks(limit_s: float) -> Iterator[float]:
    """Yield how long to wait before each look, in seconds: `limit_s` in sum, the last look at its end."""
    step, left = FIRST_S, limit_s
    while left > 0:
        # A short rest is not worth a look of its own.
        wait = left if left - step < FIRST_S else step
        yield wait
        left, step = left - wait, min(2 * step, LONGEST_S)


def wait_for_answers(
    reader: Reader,
    pending: Iterable[Pending],
    *,
    workspace: str,
    limit_s: float,
    clock: Callable[[], datetime],
    sleep: Callable[[float], bool],
) -> Answers:
    """Return what came of `pending` within `limit_s` seconds, as soon as nothing waits any more.

    A look takes one call for each organiser of whom anything waits. `sleep` returns whether to go on. A look that fails
    is left out.
    """
    known = Answers(pending=tuple(pending))
    for seconds in looks(limit_s):
        if not known.pending or not sleep(seconds):
            break
        who = sorted({one.organizer for one in known.pending})
        try:
            seen = {key: status for one in who for key, status in _look(reader, one, workspace, clock())}
        except ApiError:
            continue
        known = _sorted_out(known, seen)
    return known


def _look(
    reader: Reader, organizer: str, workspace: str, now: datetime
) -> Iterator[tuple[tuple[str, str], RoomStatus]]:
    found = reader.events.list(organizer=organizer, since=now - LOOKBACK, show_deleted=False)
    for event in found.events:
        marker = parse_description(event.description).marker
        if event.organizer == organizer and marker is not None and marker.workspace == workspace:
            for room in event.rooms:
                yield (str(marker.key), room.room_id), room.status


def _sorted_out(known: Answers, seen: Mapping[tuple[str, str], RoomStatus]) -> Answers:
    # A list does not show a recurring event that has begun: of that nothing is known yet.
    status = {
        one: seen.get(
            (one.address, one.room),
            RoomStatus.TENTATIVE if Key.parse(one.address).series else RoomStatus.ACCEPTED,
        )
        for one in known.pending
    }
    return replace(
        known,
        pending=tuple(one for one, is_ in status.items() if is_ is RoomStatus.TENTATIVE),
        declined=(*known.declined, *(one for one, is_ in status.items() if is_ is RoomStatus.DECLINED)),
    )
