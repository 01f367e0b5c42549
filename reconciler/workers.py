"""Threads that carry out tasks, begun as they are needed."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Workers(Generic[T]):
    """Carries out what is submitted, `most` tasks at a time; tells which have ended, one after the other.

    As ThreadPoolExecutor, but that who waits for any of the tasks to end looks at one queue, and not at all of them.
    """

    def __init__(self, run: Callable[[T], None], *, most: int, name: str) -> None:
        self._run, self._most, self._name = run, most, name
        self._threads: list[Thread] = []
        self._tasks: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[T, BaseException | None]] = SimpleQueue()
        self.running = 0

    def submit(self, task: T) -> None:
        """Carry out `task`, as soon as a thread is free. Only one thread may submit and wait."""
        self.running += 1
        if len(self._threads) < min(self.running, self._most):
            thread = Thread(target=self._work, name=f"{self._name}-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()
        self._tasks.put((task,))

    def wait(self) -> T:
        """Return a task that has ended, once there is one. Raises what it raised."""
        task, error = self._ended.get()
        self.running -= 1
        if error is not None:
            raise error
        return task

    def _work(self) -> None:
        while (given := self._tasks.get()) is not None:
            try:
                self._run(*given)
            except BaseException as error:  # noqa: BLE001  # raised again by who waits for it
                self._ended.put((*given, error))
            else:
                self._ended.put((*given, None))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Return when all tasks have ended."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
