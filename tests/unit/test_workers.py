from __future__ import annotations

import threading

import pytest

from reconciler.workers import Workers


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

    with Workers(work, most=3, name="test") as workers:
        for task in range(9):
            workers.submit(task)
        assert {workers.wait() for _ in range(9)} == {*range(9)}
    assert most == 3
    assert workers.running == 0


def test_what_a_task_raises_is_raised_to_who_waits() -> None:
    def work(task: int) -> None:
        if task:
            raise ValueError(task)

    with Workers(work, most=2, name="test") as workers:
        workers.submit(1)
        with pytest.raises(ValueError, match="1"):
            workers.wait()
        workers.submit(0)
        assert workers.wait() == 0
