"""Wishes to rooms: what is held where that is enough, else the best that the solver at hand can find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from reconciler.model.occurrence import Key
from reconciler.rooms.pools import cpsat, greedy
from reconciler.rooms.pools.problem import Assignment, Problem, Wish, cost, parts

Solve = Callable[[Problem], Assignment]
KEPT = "kept"


def assign(wishes: Sequence[Wish], solve: Solve | None = None) -> Assignment:
    """Return rooms for `wishes`, which are by start: no room twice at a time, as `problem.cost` wants it.

    What needs nothing keeps what it has. `solve` is how the rest is found, by default with the solver if there is one.
    """
    chosen = solve or best
    rooms: dict[Key, tuple[str, ...]] = {}
    names: set[str] = set()
    proven = True
    for part in parts(wishes):
        found = kept(part) or chosen(part)
        rooms |= found.rooms
        if found.solver != KEPT:
            names.add(found.solver)
        proven = proven and found.proven
    return Assignment(rooms=rooms, solver=", ".join(sorted(names)) or KEPT, proven=proven)


def kept(problem: Problem) -> Assignment | None:
    """Return what is held, where that is all that is wished for and nobody is in another's way; else None."""
    rooms: Mapping[Key, tuple[str, ...]] = {
        wish.key: tuple(room for room in wish.rooms if room in wish.held) for wish in problem.wishes
    }
    if any(len(rooms[wish.key]) != wish.count for wish in problem.wishes):
        return None
    return None if in_conflict(problem.wishes, rooms) else Assignment(rooms=rooms, solver=KEPT)


def in_conflict(wishes: Sequence[Wish], rooms: Mapping[Key, Sequence[str]]) -> bool:
    """Return whether two of the wishes have a room at the same time."""
    by_room: dict[str, list[Wish]] = {}
    for wish in sorted(wishes, key=lambda one: (one.start, one.key)):
        for room in rooms[wish.key]:
            users = by_room.setdefault(room, [])
            if any(one.overlaps(wish) for one in users):
                return True
            users.append(wish)
    return False


def best(problem: Problem) -> Assignment:
    """Return what CP-SAT finds, or the greedy where it is not installed or has found nothing better in its time."""
    quick = greedy.assign(problem)
    if not has_solver():
        return quick
    found = cpsat.assign(problem, quick.rooms)
    if found is None or cost(problem, found.rooms) > cost(problem, quick.rooms):
        return quick
    return found


@cache
def has_solver() -> bool:
    """Return whether OR-tools is installed."""
    from importlib.util import find_spec

    return find_spec("ortools") is not None
