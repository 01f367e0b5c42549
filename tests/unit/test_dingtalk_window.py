"""Calls of one API in simulated time, as they leave and as the server counts them: no delay makes them too many."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.dingtalk.window import Place, Window

QPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Of one call, in seconds: until it is sent, until the server counts it, until the answer is there."""

    held: float = 0.0
    way: float = 0.1
    back: float = 0.2


def _counted(
    calls: Iterable[Delays], *, qps: int = QPS, parallelism: int = 64, window: Window | None = None
) -> list[float]:
    """Return when a server counts calls that are made as early as the window allows, `parallelism` at a time."""
    window = window or Window(qps)
    now, running, counted = 1000.0, 0, list[float]()
    events: list[tuple[float, int, Callable[[float], None], bool]] = []
    waiting = list(calls)[::-1]
    number = 0
    while waiting or events:
        free = waiting and running < parallelism
        pause = window.pause(now) if free else float("inf")
        if pause == 0:
            one, place, number, running = waiting.pop(), window.take(now), number + 1, running + 1
            for at, told, last in _events(window, place, one, now):
                heapq.heappush(events, (at, 2 * number + last, told, last))
            counted.append(now + one.held + one.way)
            continue
        if events and events[0][0] <= now + pause:
            now, _, told, last = heapq.heappop(events)
            told(now)
            running -= last
        else:
            now += pause
    return sorted(counted)


def _events(window: Window, place: Place, one: Delays, now: float) -> list[tuple[float, Callable[[float], None], bool]]:
    sent = now + one.held
    return [
        (sent, lambda at: window.sent(place, at), False),
        (sent + one.way + one.back, lambda at: window.answered(place, at), True),
    ]


def _most_in_a_second(times: list[float]) -> int:
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _share(times: list[float], qps: int = QPS) -> float:
    """Return the share of the allowed rate: each call but the first `qps` could come a second after one before."""
    return 1 / mean(later - earlier for earlier, later in zip(times, times[qps:], strict=False))


held = st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 4))


@settings(deadline=None, max_examples=100)
@given(
    delays=st.lists(held, min_size=25, max_size=120),
    qps=st.integers(1, 30),
    way=st.floats(0, 2),
    back=st.floats(0, 2),
    parallelism=st.sampled_from([1, 16, 64]),
)
def test_however_late_a_call_is_sent_no_second_has_too_many(
    delays: list[float], qps: int, way: float, back: float, parallelism: int
) -> None:
    calls = [Delays(held=late, way=way, back=back) for late in delays]
    assert _most_in_a_second(_counted(calls, qps=qps, parallelism=parallelism)) <= qps


@settings(deadline=None, max_examples=100)
@given(late=st.lists(st.floats(0, 0.04), min_size=25, max_size=90), qps=st.integers(1, 30))
def test_calls_that_are_late_on_their_way_are_not_too_many(late: list[float], qps: int) -> None:
    calls = [Delays(), *(Delays(way=0.1 + one, back=0.2) for one in late)]
    assert _most_in_a_second(_counted(calls, qps=qps)) <= qps


@settings(deadline=None, max_examples=50)
@given(stalls=st.sets(st.integers(1, 99), max_size=3), length=st.floats(0, 0.25))
def test_a_server_that_stalls_now_and_then_is_not_overrun(stalls: set[int], length: float) -> None:
    calls = [Delays(way=0.1 + (length if number in stalls else 0)) for number in range(100)]
    assert _most_in_a_second(_counted(calls)) <= QPS


@pytest.mark.parametrize(("latency", "least"), [(0.0, 0.99), (0.3, 0.99), (0.9, 0.99), (1.5, 0.97), (3.0, 0.97)])
@pytest.mark.parametrize("qps", [2, 20, 60])
def test_the_rate_is_nearly_all_of_what_is_allowed(qps: int, latency: float, least: float) -> None:
    calls = [Delays(way=latency / 2, back=latency / 2)] * (50 * qps)
    assert _share(_counted(calls, qps=qps, parallelism=4 * qps), qps) >= least


def test_answers_that_take_as_long_as_they_like_cost_little() -> None:
    chance = random.Random(7)
    calls = [Delays(way=0.02, back=chance.uniform(0.1, 0.9)) for _ in range(2000)]
    assert _share(_counted(calls)) >= 0.95


def test_answers_of_20_ms_more_or_less_cost_next_to_nothing() -> None:
    chance = random.Random(7)
    calls = [Delays(way=0.02, back=chance.uniform(0.2, 0.22)) for _ in range(1000)]
    assert _share(_counted(calls)) >= 0.98


def test_a_call_that_is_never_answered_keeps_no_other_from_being_made() -> None:
    calls = [Delays(back=1000.0 if number == 30 else 0.2) for number in range(400)]
    assert _share(_counted(calls)) >= 0.98


def test_a_first_second_is_filled_soon_unless_it_is_to_be_even() -> None:
    calls = [Delays()] * QPS
    soon, even = _counted(calls), _counted(calls, window=Window(QPS, even=True))
    assert soon[-1] - soon[0] <= 0.25
    assert even[-1] - even[0] == pytest.approx(0.95)
