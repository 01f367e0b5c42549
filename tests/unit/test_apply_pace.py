"""An apply in simulated time: its own choice of what goes next, its own limiter, a server that takes a while."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable

import pytest

from reconciler.apply.applying import PARALLELISM
from reconciler.apply.order import Order
from reconciler.dingtalk.limiter import _Lane
from reconciler.plan.operations import Call, Operation

CREATION = (Call.CONFERENCE_CREATE, Call.EVENT_CREATE, Call.ROOMS_BOOK)
CANCELLATION = (Call.CONFERENCE_CANCEL, Call.EVENT_DELETE)


def _changes(count: int, calls: Iterable[Call], name: str = "c") -> list[Operation]:
    made: list[Operation] = []
    for number in range(count):
        before: tuple[str, ...] = ()
        for call in calls:
            made.append(Operation(id=f"{name}{number}-{call}", call=call, needs=before))
            before = (made[-1].id,)
    return made


def _simulated(operations: list[Operation], *, parallelism: int, latency_s: float) -> dict[Call, list[float]]:
    """Return when the calls of each API leave, where those of the first operations are the nearest."""
    by_id = {one.id: one for one in operations}
    rank = {one.id: number for number, one in enumerate(operations)}
    lanes, left = defaultdict[Call, _Lane](lambda: _Lane(20)), defaultdict[Call, list[float]](list)
    order, running, now = Order(by_id, rank, parallelism), list[tuple[float, str]](), 0.0
    while True:
        while len(running) < parallelism and (taken := order.take()) is not None:
            call = by_id[taken].call
            at = max([now, *left[call][-1:]])
            while pause := lanes[call].pause(at):
                at += pause
            place = lanes[call].take(at)
            assert place is not None
            lanes[call].sent(place, at)
            lanes[call].answered(place, at + latency_s, typical=True)
            left[call].append(at)
            heapq.heappush(running, (at + latency_s, taken))
        if not running:
            return left
        now, name = heapq.heappop(running)
        order.ended(name)


def _share(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0]) / 20


@pytest.mark.parametrize("latency_s", [0.0, 0.3, 0.7])
def test_every_api_of_a_creation_is_busy_at_nearly_the_full_rate(latency_s: float) -> None:
    left = _simulated(_changes(300, CREATION), parallelism=PARALLELISM, latency_s=latency_s)
    assert {call: len(times) for call, times in left.items()} == dict.fromkeys(CREATION, 300)
    for times in left.values():
        assert _share(times) >= 0.95
        assert all(later - earlier > 1 for earlier, later in zip(times, times[20:], strict=False))


def test_near_changes_keep_no_other_api_from_being_busy() -> None:
    near, far = _changes(300, [Call.EVENT_UPDATE], "near"), _changes(300, CREATION, "far")
    gone = _changes(300, CANCELLATION, "gone")
    left = _simulated([*near, *gone, *far], parallelism=PARALLELISM, latency_s=0.3)
    assert max(times[-1] for times in left.values()) < 1.05 * 300 / 20 + 3 * 0.3
    assert all(_share(times) >= 0.95 for times in left.values())


def test_what_is_begun_is_finished_before_more_is_begun() -> None:
    left = _simulated(_changes(100, CREATION), parallelism=PARALLELISM, latency_s=0.3)
    for begun, booked in zip(left[Call.CONFERENCE_CREATE], left[Call.ROOMS_BOOK], strict=True):
        assert booked - begun < 2 * 0.3 + 0.3


def test_one_call_at_a_time_is_in_order() -> None:
    left = _simulated(_changes(5, CREATION), parallelism=1, latency_s=0.3)
    times = sorted((time, call) for call, times in left.items() for time in times)
    assert [call for _, call in times] == [*CREATION] * 5
