"""What is to be assigned, what an assignment is, and what makes one better than another."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.model.occurrence import Key


def _instant(moment: datetime) -> float:
    """Return `moment` as it can be compared: two of one zone go by the clock, where an hour may come twice."""
    return moment.timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An occurrence that wants any `count` of `rooms`, ids, the best first, from `start` to `end`, both aware.

    `held` are those of them that it has.
    """

    key: Key
    start: datetime
    end: datetime
    rooms: tuple[str, ...]
    count: int = 1
    held: frozenset[str] = frozenset()

    def overlaps(self, other: Wish) -> bool:
        """Return whether the two take place at the same time, if only for a moment."""
        return _instant(self.start) < _instant(other.end) and _instant(other.start) < _instant(self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A room that none of the wishes can have for a time. `holder` is a person's union id, or an address of ours."""

    room: str
    start: datetime
    end: datetime
    holder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Wishes of one or several series, by start; of each wish, `rooms` are only those that it could have."""

    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The rooms of each wish, in its own order. `solver` says how they were found, `proven` that none is better."""

    rooms: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    solver: str = ""
    proven: bool = True


Cost = tuple[int, int, int, int]


def cost(problem: Problem, rooms: Mapping[Key, Sequence[str]]) -> Cost:
    """Return how bad it is, the worst first: rooms missing, rooms given up, changes inside a series, ranks of rooms.

    A change is a room that the occurrence before, of the same series, does not have.
    """
    missing = sum(wish.count - len(rooms[wish.key]) for wish in problem.wishes)
    given_up = sum(len(wish.held - set(rooms[wish.key])) for wish in problem.wishes)
    changes = sum(len(set(rooms[later.key]) - set(rooms[earlier.key])) for earlier, later in neighbours(problem.wishes))
    ranks = sum(wish.rooms.index(room) for wish in problem.wishes for room in rooms[wish.key])
    return missing, given_up, changes, ranks


def neighbours(wishes: Iterable[Wish]) -> Iterator[tuple[Wish, Wish]]:
    """Yield each wish of a series with the next one."""
    last: dict[str, Wish] = {}
    for wish in wishes:
        if wish.key.meeting in last:
            yield last[wish.key.meeting], wish
        last[wish.key.meeting] = wish


def at_once(wishes: Sequence[Wish]) -> Iterator[tuple[Wish, ...]]:
    """Yield the groups of wishes that all take place at one moment: of each group a room goes to one at most."""
    running: list[Wish] = []
    for wish in sorted(wishes, key=lambda one: (_instant(one.start), one.key)):
        running = [one for one in running if _instant(one.end) > _instant(wish.start)]
        running.append(wish)
        if len(running) > 1:
            yield tuple(running)


def parts(wishes: Sequence[Wish]) -> Iterator[Problem]:
    """Yield wishes that have to do with each other together: of one series, or at one time for a room of both."""
    leader = list(range(len(wishes)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    place = {wish.key: index for index, wish in enumerate(wishes)}
    for one, other in neighbours(wishes):
        leader[find(place[one.key])] = find(place[other.key])
    for group in at_once(wishes):
        for one in group[:-1]:
            if set(one.rooms) & set(group[-1].rooms):
                leader[find(place[one.key])] = find(place[group[-1].key])
    together: dict[int, list[Wish]] = defaultdict(list)
    for index, wish in enumerate(wishes):
        together[find(index)].append(wish)
    for part in together.values():
        yield Problem(wishes=tuple(part))


class Calendar:
    """Who has which room when, for questions about a room and a time."""

    def __init__(self, taken: Iterable[Taken]) -> None:
        self._by_room: dict[str, list[Taken]] = defaultdict(list)
        for one in taken:
            self._by_room[one.room].append(one)
        for found in self._by_room.values():
            found.sort(key=lambda one: (_instant(one.start), _instant(one.end), one.holder))
        self._starts = {room: [_instant(one.start) for one in found] for room, found in self._by_room.items()}
        self._longest = {
            room: max(_instant(one.end) - _instant(one.start) for one in found) for room, found in self._by_room.items()
        }

    def during(self, room: str, start: datetime, end: datetime) -> Iterator[Taken]:
        """Yield who has `room` at any moment from `start` to `end`, by start."""
        found, begin = self._by_room.get(room, []), _instant(start)
        first = bisect_left(self._starts.get(room, []), begin - self._longest.get(room, 0.0))
        for one in found[first:]:
            if _instant(one.start) >= _instant(end):
                return
            if _instant(one.end) > begin:
                yield one

    def is_free(self, room: str, start: datetime, end: datetime) -> bool:
        return next(self.during(room, start, end), None) is None


def possible(wish: Wish, calendar: Calendar, sure: frozenset[str] = frozenset()) -> Wish:
    """Return `wish` with those of its rooms alone that nobody else has then; the `sure` ones it has for certain."""
    rooms = tuple(room for room in wish.rooms if room in sure or calendar.is_free(room, wish.start, wish.end))
    return replace(wish, rooms=rooms, held=wish.held & frozenset(rooms))
