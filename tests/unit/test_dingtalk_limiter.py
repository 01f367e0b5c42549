from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.dingtalk.limiter import Limiter


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def _limiter(qps: float, clock: Clock) -> Limiter:
    return Limiter(qps, clock=clock, sleep=clock.sleep)


def _most_in_a_second(times: list[float]) -> int:
    return max(sum(start <= time < start + 1 for time in times) for start in times)


@pytest.mark.parametrize("qps", [0.5, 1, 3, 19.5, 20, 60, 5000])
def test_no_sliding_second_holds_more_calls_than_allowed(qps: float) -> None:
    clock, times = Clock(), []
    limiter = _limiter(qps, clock)
    for _ in range(150):
        limiter.wait("a")
        times.append(clock.now)
    assert _most_in_a_second(times) <= max(1, qps)


@settings(deadline=None, max_examples=50)
@given(gaps=st.lists(st.floats(0, 1.5), max_size=80), start=st.floats(0, 1e6))
def test_pauses_of_the_caller_earn_no_burst(gaps: list[float], start: float) -> None:
    clock, times = Clock(start), []
    limiter = _limiter(5, clock)
    for gap in [*gaps, 0.0]:
        clock.now += gap
        limiter.wait("a")
        times.append(clock.now)
    assert _most_in_a_second(times) <= 5


def test_calls_are_spread_over_the_second() -> None:
    clock = Clock()
    limiter = _limiter(20, clock)
    for _ in range(2):
        limiter.wait("a")
    assert clock.now - 1000 == pytest.approx(0.05, abs=0.01)


def test_each_api_has_a_pace_of_its_own() -> None:
    clock = Clock()
    limiter = _limiter(1, clock)
    limiter.wait("a")
    limiter.wait("b")
    assert clock.now == 1000


def test_a_complaint_closes_the_api_for_a_while_and_lowers_its_pace() -> None:
    clock = Clock()
    limiter = _limiter(20, clock)
    limiter.slow_down("a", 1.0)
    limiter.slow_down("a", 1.0)
    times = []
    for _ in range(40):
        limiter.wait("a")
        times.append(clock.now)
    assert times[0] >= 1001
    assert _most_in_a_second(times) == 15


def test_threads_share_the_pace() -> None:
    clock, lock, times = Clock(), threading.Lock(), list[float]()
    limiter = _limiter(10, clock)

    def work() -> None:
        for _ in range(10):
            limiter.wait("a")
            with lock:
                times.append(clock.now)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 40
    assert clock.now - 1000 >= 3.9
