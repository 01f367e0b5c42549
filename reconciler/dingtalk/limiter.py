"""The pace of calls: for each API at most so many in any second, evenly spread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from pyrate_limiter import InMemoryBucket, Rate, RateItem

_SECOND_MS = 1035  # a little over a second: calls arrive less evenly than they leave
_SLOWER = 0.75


class Limiter:
    """Lets calls pass, per key, one after the other: never more than `qps` in any sliding second, and no bursts.

    `clock` is monotonic, in seconds. InMemoryBucket's default algorithm keeps a log of what passed and counts a
    rolling window, which is what DingTalk does; a token bucket would let twice as many pass in the first second.
    """

    def __init__(self, qps: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._qps = qps
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def wait(self, key: str) -> None:
        """Return when the next call of `key` may be sent."""
        lane = self._lane(key)
        # Waiting inside the lock makes a queue of it: one thread looks at the clock, the others look at the lock.
        with lane.lock:
            while (pause := lane.enter(self._clock())) > 0:
                self._sleep(pause)

    def slow_down(self, key: str, pause: float) -> None:
        """Send nothing of `key` for `pause` seconds, and less per second from then on: the server has complained."""
        self._lane(key).slow_down(self._clock() + pause)

    def _lane(self, key: str) -> _Lane:
        with self._lock:
            return self._lanes.setdefault(key, _Lane(self._qps))


class _Lane:
    def __init__(self, qps: float) -> None:
        self.lock = threading.Lock()  # held while waiting
        self._pace = threading.Lock()  # so changing the pace needs another
        self._qps = qps
        self._closed_until = -math.inf
        self._bucket = InMemoryBucket(_rates(qps))

    def enter(self, now: float) -> float:
        """Return 0 where a call may pass now, and count it; else the seconds to wait before asking again."""
        if now < self._closed_until:
            return self._closed_until - now
        item = RateItem("call", math.floor(now * 1000))
        self._bucket.leak(item.timestamp)
        if self._bucket.put(item):
            return 0
        pause = self._bucket.waiting(item)
        return max(1, pause if isinstance(pause, int) else 1) / 1000  # an awaitable is for other kinds of bucket

    def slow_down(self, until: float) -> None:
        """Close the lane and lower its pace, once however many calls complain at the same time."""
        with self._pace:
            if self._closed_until >= until - 0.5:
                return
            self._closed_until = until
            self._qps = min(self._qps, max(1.0, self._qps * _SLOWER))
            self._bucket.rates = _rates(self._qps)


def _rates(qps: float) -> list[Rate]:
    if qps < 1:
        return [Rate(1, math.ceil(_SECOND_MS / qps))]
    whole = math.floor(qps)
    spread = [Rate(1, 1000 // whole)] if 1 < whole <= 1000 else []  # noqa: PLR2004  # the bucket counts milliseconds
    return [*spread, Rate(whole, _SECOND_MS)]
