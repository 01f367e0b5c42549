from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest

from reconciler.apply.workers import carry_out


class _Listed:
    """Tasks in a row; `needs` names, for a task, those that must have ended before."""

    def __init__(self, tasks: Iterable[int], needs: Callable[[int], set[int]] = lambda _task: set()) -> None:
        self._waiting, self._needs = list(tasks), needs
        self.finished: set[int] = set()

    def take(self) -> int | None:
        able = [one for one in self._waiting if self._needs(one) <= self.finished]
        if not able:
            return None
        self._waiting.remove(able[0])
        return able[0]

    def ended(self, task: int) -> None:
        self.finished.add(task)


def test_tasks_are_carried_out_side_by_side_but_no_more_than_allowed() -> None:
    together, most, now = threading.Barrier(3, timeout=10), 0, 0
    lock = threading.Lock()

    def work(_task: int) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1

    tasks = _Listed(range(9))
    carry_out(tasks, work, most=3, name="test")
    assert tasks.finished == {*range(9)}
    assert most == 3


def test_a_task_begins_once_those_that_it_needs_have_ended() -> None:
    order: list[int] = []

    def work(task: int) -> None:
        order.append(task)

    tasks = _Listed([5, 4, 3, 2, 1, 0], lambda task: {task - 1} if task else set())
    carry_out(tasks, work, most=3, name="test")
    assert order == [0, 1, 2, 3, 4, 5]


def test_many_tasks_on_few_threads_all_end() -> None:
    names: set[str] = set()
    tasks = _Listed(range(2_000), lambda task: {task // 3} if task else set())
    carry_out(tasks, lambda _task: names.add(threading.current_thread().name), most=8, name="test")
    assert tasks.finished == {*range(2_000)}
    assert names <= {f"test-{number}" for number in range(8)}


def test_nothing_to_do_begins_no_thread() -> None:
    def work(_task: int) -> None:
        raise AssertionError

    before = threading.active_count()
    carry_out(_Listed([]), work, most=4, name="test")
    assert threading.active_count() == before


def test_what_a_task_raises_is_raised_once_those_that_run_have_ended() -> None:
    begun = threading.Barrier(2, timeout=10)
    ended: list[int] = []

    def work(task: int) -> None:
        begun.wait()
        if task:
            raise ValueError(task)
        ended.append(task)

    with pytest.raises(ValueError, match="1"):
        carry_out(_Listed(range(50)), work, most=2, name="test")
    assert ended == [0]
    assert not [one for one in threading.enumerate() if one.name.startswith("test-")]


def test_where_no_more_threads_can_be_had_those_that_are_there_do_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, 0

    def refused(thread: threading.Thread) -> None:
        nonlocal started
        if thread.name.startswith("few-"):
            started += 1
            if started > 3:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refused)
    tasks = _Listed(range(8), lambda task: {0} if task else set())
    carry_out(tasks, lambda _task: None, most=6, name="few")
    assert tasks.finished == {*range(8)}
