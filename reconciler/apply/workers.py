"""Threads that carry out tasks which they fetch themselves, begun as they are needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition, Lock, Thread
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Tasks(Protocol[T]):
    """What is to be done, in which order. Asked by one thread at a time."""

    def take(self) -> T | None:
        """Return what is to be begun now; None where nothing can be, before something else has ended."""

    def ended(self, task: T) -> None:
        """Take note that `task` has ended."""


def carry_out(tasks: Tasks[T], run: Callable[[T], None], *, most: int, name: str) -> None:
    """Run all tasks, `most` at a time, and return when nothing runs and nothing can be begun.

    Who ends a task fetches the next itself, so that going on costs no change of threads. What a task raises is raised
    here, once those that run have ended; no further one is begun then.
    """
    crew = _Crew(tasks, run, most, name)
    try:
        crew.work()
    finally:
        crew.disband()
    if crew.failure is not None:
        raise crew.failure


class _Crew(Generic[T]):
    def __init__(self, tasks: Tasks[T], run: Callable[[T], None], most: int, name: str) -> None:
        self.failure: BaseException | None = None
        self._tasks, self._run, self._most, self._name = tasks, run, most, name
        self._threads: list[Thread] = []
        self._dealt: deque[T] = deque()  # taken, and not begun yet
        self._running = 0  # with those dealt
        self._idle = 0  # threads that nobody has called
        self._called = 0  # threads on the way to what is dealt
        self._dismissed = False
        lock = Lock()
        self._changed, self._over = Condition(lock), Condition(lock)

    def work(self) -> None:
        """Begin what can be begun, and return when nothing runs any more."""
        with self._over:
            self._deal()
            self._call()
            while self._running:
                self._over.wait()

    def disband(self) -> None:
        """Let the threads end after what they do, and wait for them."""
        with self._changed:
            self._dismissed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _deal(self) -> None:
        while self._running < self._most and self.failure is None and not self._dismissed:
            task = self._tasks.take()
            if task is None:
                return
            self._dealt.append(task)
            self._running += 1

    def _call(self) -> None:
        """Call a thread for each task that is dealt and that nobody is on the way to: an idle one, else a new one."""
        while self._called < len(self._dealt):
            self._called += 1
            if self._idle:
                self._idle -= 1
                self._changed.notify()
            else:
                thread = Thread(target=self._serve, name=f"{self._name}-{len(self._threads)}")
                try:
                    thread.start()
                except RuntimeError:  # the system gives no more of them: those that are there do it all
                    self._called -= 1
                    if not self._threads:
                        raise
                    return
                self._threads.append(thread)

    def _serve(self) -> None:
        with self._changed:
            task = self._arrived()
        while task is not None:
            failure: BaseException | None = None
            try:
                self._run(task)
            except BaseException as error:  # noqa: BLE001  # raised again by who waits for the whole
                failure = error
            with self._changed:
                self._tasks.ended(task)
                self._running -= 1
                if failure is not None:
                    self._give_up(failure)
                self._deal()
                task = self._next()

    def _give_up(self, failure: BaseException) -> None:
        self.failure = self.failure or failure
        self._running -= len(self._dealt)
        self._dealt.clear()

    def _arrived(self) -> T | None:
        self._called -= 1
        return self._next()

    def _next(self) -> T | None:
        """Return what this thread does next, once there is something; None where it may go."""
        while not self._dealt:
            if self._running == 0:
                self._over.notify()
            if self._dismissed:
                return None
            self._idle += 1
            self._changed.wait()
            self._called -= 1
        task = self._dealt.popleft()
        self._call()
        return task
