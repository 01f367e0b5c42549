"""The pace of calls: for each API at most so many in any second."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from reconciler.dingtalk import pace
from reconciler.dingtalk.pace import Shared, Unreachable
from reconciler.dingtalk.window import Place, Window

log = logging.getLogger("reconciler.dingtalk")

_OK = 200
_SLOWER = 0.75
_RECOVERY = 0.025  # of the full pace, regained in each second without a complaint
_CALM_S = 10.0  # after which a complaint is the first again: calls may have met on the way for once
_SHARE = 0.5  # of the pace, for one who can't ask the others
_LATE_S = 0.03  # after which a call that was let pass asks the others again: they count from when it passed


class Passage:
    """A call that was let pass, to be told when it was sent and answered: as long as it wasn't, it counts."""

    __slots__ = ("_lane", "_limiter", "_place")

    def __init__(self, limiter: Limiter, lane: _Lane, place: Place) -> None:
        self._limiter, self._lane, self._place = limiter, lane, place

    def leaving(self) -> None:
        """Take note that the call is handed to the network next: who was held up meanwhile asks the others again."""
        self._limiter.ask_again(self._lane, self._place)

    def sent(self) -> None:
        """Take note that the call was handed to the network just now."""
        self._lane.sent(self._place, self._limiter.now())

    def answered(self, status: int) -> None:
        """Take note that an answer is there. One that is no success tells nothing of how long they take."""
        self._lane.answered(self._place, self._limiter.now(), typical=status == _OK)

    def over(self) -> None:
        """Take note that there was an answer, or will be none."""
        self._lane.answered(self._place, self._limiter.now(), typical=False)


class Limiter:
    """Lets calls pass, per key: never more than `qps` of them reach the server in any sliding second.

    `clock` is monotonic, in seconds. `shared` is asked as well, where several processes keep one pace; while it
    can't be, half of the pace is kept.
    """

    def __init__(
        self, qps: float, *, clock: Callable[[], float], sleep: Callable[[float], None], shared: Shared | None = None
    ) -> None:
        self._qps = qps
        self.now = clock
        self._sleep = sleep
        self._shared = shared
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def enter(self, key: str) -> Passage:
        """Return when the next call of `key` may be sent; the passage must be told what becomes of it."""
        lane = self._lane(key)
        # Waiting inside the lock makes a queue of it: one thread looks at the clock, the others look at the lock.
        with lane.lock:
            while True:
                while (pause := lane.pause(self.now())) > 0:
                    self._sleep(pause)
                while (pause := self._ask_others(lane)) > 0:
                    self._sleep(pause)
                place = lane.take(self.now())
                if place is not None:
                    return Passage(self, lane, place)

    def ask_again(self, lane: _Lane, place: Place) -> None:
        """Return when a call may be sent that passed at `place`: at once, unless the others count it too early."""
        if lane.others is None or self.now() - place.taken <= _LATE_S:
            return
        with lane.lock:
            while (pause := self._ask_others(lane)) > 0:
                self._sleep(pause)

    def slow_down(self, key: str, pause: float) -> None:
        """Send nothing of `key` for `pause` seconds: the server has complained. From then on calls are evenly spread.

        Where it complains again soon, less goes out per second from then on; the full pace comes back little by little.
        """
        self._lane(key).slow_down(self.now() + pause)

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
        self._pace = threading.Lock()  # so what becomes of calls, and changing the pace, needs another
        self._full = self._qps = qps
        self._closed_until = -math.inf
        self._window = Window(qps)

    def pause(self, now: float) -> float:
        """Return 0 where a call may pass now; else the seconds to wait before asking again."""
        with self._pace:
            if now < self._closed_until:
                return self._closed_until - now
            self._window.set_rate(self._allowed(now))
            return self._window.pause(now)

    def take(self, now: float) -> Place | None:
        """Count a call that passes now, unless the server has complained meanwhile."""
        with self._pace:
            return None if now < self._closed_until else self._window.take(now)

    def sent(self, place: Place, now: float) -> None:
        with self._pace:
            self._window.sent(place, now)

    def answered(self, place: Place, now: float, *, typical: bool) -> None:
        with self._pace:
            self._window.answered(place, now, typical=typical)

    def share(self, qps: float) -> None:
        """Keep to `qps` at most from now on."""
        with self._pace:
            self._full, self._qps = qps, min(self._qps, qps)

    def slow_down(self, until: float) -> None:
        """Close the lane, and lower its pace if this happens again, once however many complain at the same time."""
        with self._pace:
            self._window.even = True
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
