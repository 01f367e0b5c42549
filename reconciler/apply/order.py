"""Which call comes next."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from graphlib import TopologicalSorter

from reconciler.plan.operations import Call, Operation

_OF_ONE_API = 20


class Order:
    """Which call comes next: the nearest first of those that wait for none, and whose API has a place left.

    An API has a quarter of all places, or 20. Calls go by their ids.
    """

    def __init__(self, operations: Mapping[str, Operation], ranks: Mapping[str, int], places: int) -> None:
        self._operations, self._ranks = operations, ranks
        self._most = max(_OF_ONE_API, places // 4)
        self._queues: dict[Call, list[tuple[int, str]]] = defaultdict(list)
        self._running: Counter[Call] = Counter()
        self._sorter = TopologicalSorter({one.id: one.needs for one in operations.values()})
        self._sorter.prepare()
        self._line_up()

    def take(self) -> str | None:
        """Return the call to begin now, None where there is none; it runs until it is said to have ended."""
        able = [(queue[0], call) for call, queue in self._queues.items() if queue and self._running[call] < self._most]
        if not able:
            return None
        _, call = min(able)
        self._running[call] += 1
        return heapq.heappop(self._queues[call])[1]

    def ended(self, task: str) -> None:
        """Take note that a call has ended, well or not: those that waited for it may begin."""
        self._running[self._operations[task].call] -= 1
        self._sorter.done(task)
        self._line_up()

    def _line_up(self) -> None:
        for name in self._sorter.get_ready():
            heapq.heappush(self._queues[self._operations[name].call], (self._ranks[name], name))
