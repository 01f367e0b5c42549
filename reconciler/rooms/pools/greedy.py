"""An assignment in one pass, without looking back: quick, never in conflict, and not always the best there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from reconciler.model.occurrence import Key
from reconciler.rooms.pools.problem import Assignment, Problem, Wish

NAME = "greedy"


def assign(problem: Problem) -> Assignment:
    """Return an assignment: what is held stays, then series by series, those with the least choice first."""
    board = _Board()
    for wish in problem.wishes:
        for room in wish.rooms:
            if room in wish.held and len(board.of(wish)) < wish.count and board.is_free(room, wish):
                board.put(room, wish)
    for series in _by_need(problem.wishes):
        for place, wish in enumerate(series):
            while len(board.of(wish)) < wish.count:
                before = board.of(series[place - 1]) if place else []
                found = _best(wish, series[place + 1 :], before, board)
                if found is None:
                    break
                board.put(found, wish)
    rooms = {wish.key: tuple(sorted(board.of(wish), key=wish.rooms.index)) for wish in problem.wishes}
    return Assignment(rooms=rooms, solver=NAME, proven=False)


class _Board:
    """Who has what so far."""

    def __init__(self) -> None:
        self._rooms: dict[Key, list[str]] = defaultdict(list)
        self._users: dict[str, list[Wish]] = defaultdict(list)

    def of(self, wish: Wish) -> list[str]:
        return self._rooms[wish.key]

    def put(self, room: str, wish: Wish) -> None:
        self._rooms[wish.key].append(room)
        self._users[room].append(wish)

    def is_free(self, room: str, wish: Wish) -> bool:
        return not any(one.overlaps(wish) for one in self._users[room])


def _by_need(wishes: Sequence[Wish]) -> list[list[Wish]]:
    series: dict[str, list[Wish]] = defaultdict(list)
    for wish in wishes:
        series[wish.key.meeting].append(wish)
    least = {name: min(len(one.rooms) - one.count for one in of) for name, of in series.items()}
    return [series[name] for name in sorted(series, key=lambda name: (least[name], name))]


def _best(wish: Wish, later: Sequence[Wish], before: Sequence[str], board: _Board) -> str | None:
    """Return the room that the occurrence before has, else the one that can be kept longest, else the best; or None."""
    free = [room for room in wish.rooms if room not in board.of(wish) and board.is_free(room, wish)]

    def kept(room: str) -> int:
        count = 0
        for one in later:
            if room not in one.rooms or not board.is_free(room, one):
                break
            count += 1
        return count

    ranks: Mapping[str, int] = {room: rank for rank, room in enumerate(wish.rooms)}
    return min(free, key=lambda room: (room not in before, -kept(room), ranks[room]), default=None)
