"""Many reads at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from reconciler.dingtalk.errors import ApiError, QuotaExhausted

T = TypeVar("T")
R = TypeVar("R")


class Reads:
    """Runs many reads at once, tells the progress, and returns errors of the API beside the values."""

    def __init__(self, pool: ThreadPoolExecutor, progress: Callable[[int, int], None]) -> None:
        self._pool = pool
        self._progress = progress
        self._done = 0
        self._total = 0
        self._exhausted: QuotaExhausted | None = None

    def all(self, read: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | ApiError]]:
        """Yield each of `items` with what `read` answers, or its error; all of them are asked for side by side."""
        items = list(items)
        self._total += len(items)

        def guarded(item: T) -> R | ApiError:
            if self._exhausted is not None:
                return self._exhausted  # no call will be answered any more
            try:
                return read(item)
            except QuotaExhausted as error:
                self._exhausted = error
                return error
            except ApiError as error:
                return error

        for item, result in zip(items, self._pool.map(guarded, items), strict=True):
            self._done += 1
            self._progress(self._done, self._total)
            yield item, result
