from __future__ import annotations

import threading
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.dingtalk.limiter import Limiter
from reconciler.dingtalk.pace import Unreachable


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


def _call(limiter: Limiter, key: str = "a") -> None:
    """Make a call that is answered at once."""
    passage = limiter.enter(key)
    passage.leaving()
    passage.sent()
    passage.answered(200)


def _most_in_a_second(times: list[float]) -> int:
    return max(sum(start <= time < start + 1 for time in times) for start in times)


def _calls(limiter: Limiter, clock: Clock, count: int) -> list[float]:
    """Return when each of `count` calls passes that come one after the other."""
    times = []
    for _ in range(count):
        _call(limiter)
        times.append(clock.now)
    return times


def _share(times: list[float], qps: int) -> float:
    """Return the share of the allowed rate: each call but the first `qps` could come a second after one before."""
    return 1 / mean(later - earlier for earlier, later in zip(times, times[qps:], strict=False))


@pytest.mark.parametrize("qps", [0.5, 1, 3, 19.5, 20, 60, 5000])
def test_no_sliding_second_holds_more_calls_than_allowed(qps: float) -> None:
    clock, times = Clock(), []
    limiter = _limiter(qps, clock)
    for _ in range(150):
        _call(limiter)
        times.append(clock.now)
    assert _most_in_a_second(times) <= max(1, qps)


@settings(deadline=None, max_examples=50)
@given(gaps=st.lists(st.floats(0, 1.5), max_size=80), start=st.floats(0, 1e6))
def test_pauses_of_the_caller_earn_no_burst(gaps: list[float], start: float) -> None:
    clock, times = Clock(start), []
    limiter = _limiter(5, clock)
    for gap in [*gaps, 0.0]:
        clock.now += gap
        _call(limiter)
        times.append(clock.now)
    assert _most_in_a_second(times) <= 5


def test_calls_are_evenly_spread_once_the_server_has_complained() -> None:
    clock = Clock()
    limiter = _limiter(20, clock)
    soon = _calls(limiter, clock, 20)
    limiter.slow_down("a", 1.0)
    late = _calls(limiter, clock, 20)
    assert soon[-1] - soon[0] < 0.3
    assert late[-1] - late[0] == pytest.approx(0.95, abs=0.01)


def test_each_api_has_a_pace_of_its_own() -> None:
    clock = Clock()
    limiter = _limiter(1, clock)
    _call(limiter)
    _call(limiter, "b")
    assert clock.now == 1000


def test_a_complaint_closes_the_api_for_a_while() -> None:
    clock = Clock()
    limiter = _limiter(20, clock)
    limiter.slow_down("a", 1.0)
    limiter.slow_down("a", 1.0)
    times = _calls(limiter, clock, 60)
    assert times[0] >= 1001
    assert _share(times, 20) >= 0.95
    assert _most_in_a_second(times) <= 20


def test_complaints_that_go_on_lower_the_pace_which_comes_back() -> None:
    clock = Clock()
    limiter = _limiter(20, clock)
    limiter.slow_down("a", 1.0)
    _calls(limiter, clock, 20)
    limiter.slow_down("a", 1.0)
    assert 15 <= _most_in_a_second(_calls(limiter, clock, 30)) <= 16
    _calls(limiter, clock, 300)
    times = _calls(limiter, clock, 100)
    assert _share(times, 20) >= 0.95
    assert _most_in_a_second(times) <= 20


@pytest.mark.parametrize("qps", [2, 10, 20, 60])
def test_the_rate_is_nearly_all_of_what_is_allowed(qps: int) -> None:
    clock = Clock()
    times = _calls(_limiter(qps, clock), clock, 50 * qps)
    assert _share(times, qps) >= 0.95


class Neighbours:
    """A shared lane that asks to wait, then fails."""

    def __init__(self, *answers: float) -> None:
        self.answers = list(answers)
        self.closed = 0

    def lane(self, _call: str, _qps: float) -> Neighbours:
        return self

    def enter(self) -> float:
        if not self.answers:
            raise Unreachable("nobody is there")
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed += 1


def test_others_have_a_say() -> None:
    clock, others = Clock(), Neighbours(0.5, 0.25, 0, 0)
    limiter = Limiter(20, clock=clock, sleep=clock.sleep, shared=others)
    _call(limiter)
    assert clock.now == 1000.75
    limiter.close()
    assert others.closed == 1


def test_a_call_that_was_held_up_before_it_left_asks_the_others_again() -> None:
    clock, others = Clock(), Neighbours(0, 0.25, 0, 0)
    limiter = Limiter(20, clock=clock, sleep=clock.sleep, shared=others)
    passage = limiter.enter("a")
    clock.now += 0.2
    passage.leaving()
    assert clock.now == pytest.approx(1000.45)
    limiter.enter("a").leaving()
    assert others.answers == []


def test_without_the_others_half_of_the_pace_is_kept_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    limiter = Limiter(20, clock=clock, sleep=clock.sleep, shared=Neighbours(0, 0))
    times = _calls(limiter, clock, 60)
    _call(limiter, "b")
    assert _most_in_a_second(times[25:]) == 10
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "nobody is there" in told[0]
    assert "10 calls per second" in told[0]


def test_threads_share_the_pace() -> None:
    clock, lock, times = Clock(), threading.Lock(), list[float]()
    limiter = _limiter(10, clock)

    def work() -> None:
        for _ in range(10):
            _call(limiter)
            with lock:
                times.append(clock.now)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 40
    assert _most_in_a_second(times) <= 10
