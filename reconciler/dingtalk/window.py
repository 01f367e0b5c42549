"""Which calls of one API the server may still count in its last second: a value that is told the time, and never waits.

The server counts a call between the moment that it was handed to the network and the moment that its answer was there.
So a call gives its place back a second after it was handed over, however late that was after it was let pass, and as
much later as its answer took longer than the quickest of late: so much later it may have been counted. Of any two calls
that follow each other on one of `qps` places the second is counted at least a second after the first; so no sliding
second of the server has more than `qps`.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_MARGIN_S = 0.004  # of a second: clocks differ, and the quickest answer seen is not quite the quickest possible
_SOON_S = 0.005  # how soon to look again at a call that is yet to be handed over, or answered
_OF_LATE = 100  # answers, whose quickest counts
_EARNED_S = 0.04  # how much longer answers may take on average before that is taken for the server's work: see `_late`
_MOST_S = 1.0  # how much of it is kept for a server that stalls
_FILLING = 0.1  # of its second, in which an empty window is filled


@dataclass(slots=True, eq=False)
class Place:
    """A call that was let pass. `free_at` is when the server is sure not to count it any more."""

    taken: float
    sent: float | None = None
    free_at: float = math.inf
    settled: bool = False


class Window:
    """At most `qps` calls in any second of the server's. `even` spreads them over it; else they may come together.

    All times are of one monotonic clock, in seconds. Not safe to use from many threads at once.
    """

    def __init__(self, qps: float, *, even: bool = False) -> None:
        self.even = even
        self._places: list[Place] = []
        self._latest = -math.inf
        self._latencies: deque[float] = deque(maxlen=_OF_LATE)
        self._credit = _MOST_S
        self.set_rate(qps)

    def set_rate(self, qps: float) -> None:
        """Let `qps` calls pass in a second from now on; of less than one, one in 1 / `qps` seconds."""
        self._most = max(1, math.floor(qps))
        self._second = max(1.0, 1 / qps)

    def pause(self, now: float) -> float:
        """Return 0 where a call may pass at `now`, else the seconds to wait before asking again."""
        self._let_go(now)
        if len(self._places) < self._most:
            gap = self._second / self._most * (1 if self.even else _FILLING)
            return max(0.0, self._latest + gap - now)
        return max(0.0, sorted(self._soonest(one, now) for one in self._places)[len(self._places) - self._most] - now)

    def take(self, now: float) -> Place:
        """Count a call that passes at `now`."""
        place = Place(now)
        self._places.append(place)
        self._latest = now
        self._credit = min(_MOST_S, self._credit + _EARNED_S)
        return place

    def sent(self, place: Place, now: float) -> None:
        """Take note that the call was handed to the network at `now`. Until its answer comes it may be a late one."""
        place.sent = now
        late = 0.0 if self._latencies and min(self._latencies) >= self._second else self._credit
        place.free_at = now + self._second + _MARGIN_S + late

    def answered(self, place: Place, now: float, *, typical: bool = True) -> None:
        """Take note that the call was answered at `now`, or never will be.

        Refusals are not `typical`: they are quick.
        """
        if place.settled:
            return
        place.settled = True
        sent = now if place.sent is None else place.sent
        if typical:
            self._latencies.append(now - sent)
        if place in self._places:
            place.free_at = sent + self._second + _MARGIN_S + self._late(now - sent)

    def _late(self, latency: float) -> float:
        """Return how much later than at once a call may have been counted, by how long its answer took.

        What answers take longer than the quickest may be time on the way, or of the server's work after it has counted.
        Nothing tells which: it is all taken for the former, except where it goes on: then it costs 4 % of the rate.
        """
        late = max(0.0, latency - min(self._latencies, default=latency))
        late = min(late, self._credit)
        self._credit -= late
        return late

    def _let_go(self, now: float) -> None:
        for one in self._places:
            if one.free_at <= now and not one.settled and one.sent is not None:  # its answer is long in coming
                self._credit = max(0.0, self._credit - (one.free_at - one.sent - self._second - _MARGIN_S))
        self._places = [one for one in self._places if one.free_at > now]

    def _soonest(self, place: Place, now: float) -> float:
        """Return when `place` may be free at the earliest: what is to be learned of it may bring that forward."""
        if place.settled:
            return place.free_at
        began = place.taken if place.sent is None else place.sent
        return min(place.free_at, max(began + self._second + _MARGIN_S, now + _SOON_S))
