"""The pace of calls: for each API at most so many in any second, evenly spread."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from pyrate_limiter import InMemoryBucket

from reconciler.dingtalk import pace
from reconciler.dingtalk.pace import Shared, Unreachable

log = logging.getLogger("reconciler.dingtalk")

_SLOWER = 0.75
_RECOVERY = 0.025  # of the full pace, regained in each second without a complaint
_CALM_S = 10.0  # after which a complaint is the first again: calls may have met on the way for once
_SHARE = 0.5  # of the pace, for one who can't ask the others


class Limiter:
    """Lets calls pass, per key, one after the other: never more than `qps` in any sliding second, and no bursts.

    `clock` is monotonic, in seconds. `shared` is asked as well, where several processes keep one pace; while it
    can't be, half of the pace is kept. InMemoryBucket's default algorithm keeps a log of what passed and counts a
    rolling window, which is what DingTalk does; a token bucket would let twice as many pass in the first second.
    """

    def __init__(
        self, qps: float, *, clock: Callable[[], float], sleep: Callable[[float], None], shared: Shared | None = None
    ) -> None:
        self._qps = qps
        self._clock = clock
        self._sleep = sleep
        self._shared = shared
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def wait(self, key: str) -> None:
        """Return when the next call of `key` may be sent."""
        lane = self._lane(key)
        # Waiting inside the lock makes a queue of it: one thread looks at the clock, the others look at the lock.
        with lane.lock:
            while (pause := lane.enter(self._clock())) > 0:
                self._sleep(pause)
            while (pause := self._ask_others(lane)) > 0:
                self._sleep(pause)

    def slow_down(self, key: str, pause: float) -> None:
        """Send nothing of `key` for `pause` seconds: the server has complained.

        Where it complains again soon, less goes out per second from then on; the full pace comes back little by little.
        """
        self._lane(key).slow_down(self._clock() + pause)

    def close(self) -> None:
        """Let go of what is shared; the pace is kept alone from now on."""
        with self._lock:
            lanes, self._shared = tuple(self._lanes.values()), None
        for lane in lanes:
            with lane.lock:
                others, lane.others = lane.others, None
                if others is not None:
                    others.close()

    def _ask_others(self, lane: _Lane) -> float:
        if lane.others is None:
            return 0
        try:
            return lane.others.enter()
        except Unreachable as error:
            lane.others.close()
            lane.others = None
            self._go_alone(error)
            return 0

    def _go_alone(self, error: Unreachable) -> None:
        """Keep a share of the pace, on every lane, for as long as this limiter lives."""
        with self._lock:
            if self._shared is None:
                return
            self._shared, self._qps = None, self._qps * _SHARE
            for lane in self._lanes.values():
                lane.share(self._qps)
        log.warning(
            "the shared limiter can't be used: %s\n  this run goes on alone, at %g calls per second and API",
            error,
            self._qps,
        )

    def _lane(self, key: str) -> _Lane:
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                lane = self._lanes[key] = _Lane(self._qps)
                lane.others = None if self._shared is None else self._shared.lane(key, self._qps)
            return lane


class _Lane:
    def __init__(self, qps: float) -> None:
        self.lock = threading.Lock()  # held while waiting
        self.others: pace.Lane | None = None
        self._pace = threading.Lock()  # so changing the pace needs another
        self._full = self._qps = qps
        self._closed_until = -math.inf
        self._bucket = InMemoryBucket(pace.rates(qps))

    def enter(self, now: float) -> float:
        """Return 0 where a call may pass now, and count it; else the seconds to wait before asking again."""
        if now < self._closed_until:
            return self._closed_until - now
        with self._pace:
            self._bucket.rates = pace.rates(self._allowed(now))
        return pace.ask(self._bucket, math.floor(now * 1000))

    def share(self, qps: float) -> None:
        """Keep to `qps` at most from now on."""
        with self._pace:
            self._full, self._qps = qps, min(self._qps, qps)

    def slow_down(self, until: float) -> None:
        """Close the lane, and lower its pace if this happens again, once however many complain at the same time."""
        with self._pace:
            if self._closed_until >= until - 0.5:
                return
            allowed, again = self._allowed(until), until - self._closed_until < _CALM_S
            self._closed_until = until
            self._qps = min(allowed, max(1.0, allowed * _SLOWER)) if again else allowed

    def _allowed(self, now: float) -> float:
        """Return the calls per second at `now`: what the last complaint left, and what was regained since."""
        if self._qps >= self._full:
            return self._full
        regained = self._full * _RECOVERY * math.floor(max(0.0, now - self._closed_until))
        return min(self._full, self._qps + regained)
