"""The best assignment there is, by OR-tools' CP-SAT: one thread, a fixed seed, a limit that no clock decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.model.occurrence import Key
from reconciler.rooms.pools.problem import Assignment, Problem, Wish, at_once, neighbours

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel, IntVar, LinearExpr

NAME = "CP-SAT"
EFFORT = 8.0  # of CP-SAT's deterministic time, roughly seconds, for wishes that have to do with each other


def assign(problem: Problem, hint: Mapping[Key, tuple[str, ...]]) -> Assignment | None:
    """Return the best assignment, or None where the limit came before any; it starts from `hint`.

    Raises ImportError where OR-tools is not installed.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    has = {
        (wish.key, room): model.new_bool_var("") for wish in problem.wishes for room in wish.rooms
    }  # whether the wish gets the room
    for wish in problem.wishes:
        model.add(cp_model.LinearExpr.sum([has[wish.key, room] for room in wish.rooms]) <= wish.count)
    for group in at_once(problem.wishes):
        for room in sorted({room for wish in group for room in wish.rooms}):
            model.add_at_most_one(has[wish.key, room] for wish in group if room in wish.rooms)
    _aim(model, problem, has)
    for (key, room), variable in has.items():
        model.add_hint(variable, room in hint[key])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = 2  # the relaxation is tight; without it three series may take minutes
    solver.parameters.max_deterministic_time = EFFORT
    status = solver.solve(model)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    found = {
        wish.key: tuple(room for room in wish.rooms if solver.boolean_value(has[wish.key, room]))
        for wish in problem.wishes
    }
    return Assignment(rooms=found, solver=NAME, proven=status == cp_model.OPTIMAL)


def _aim(model: CpModel, problem: Problem, has: Mapping[tuple[Key, str], IntVar]) -> None:
    """Minimise `problem.cost`: each kind weighs more than all that comes after it can together."""
    changes: list[IntVar] = []
    for earlier, later in neighbours(problem.wishes):
        for room in later.rooms:
            change = model.new_bool_var("")
            before = has[earlier.key, room] if room in earlier.rooms else 0
            model.add(change >= has[later.key, room] - before)
            changes.append(change)
    a_change = 1 + sum(_worst(wish) for wish in problem.wishes)
    giving_up = a_change * (1 + sum(wish.count for wish in problem.wishes))
    missing = giving_up * (1 + sum(len(wish.held) for wish in problem.wishes))
    variables: list[IntVar] = [*changes]
    weights: list[int] = [a_change] * len(changes)
    for wish in problem.wishes:
        for rank, room in enumerate(wish.rooms):
            variables.append(has[wish.key, room])
            weights.append(rank - missing - (giving_up if room in wish.held else 0))
    total: LinearExpr | int = _weighted(variables, weights)
    model.minimize(total)


def _worst(wish: Wish) -> int:
    return sum(sorted(range(len(wish.rooms)))[-wish.count :])


def _weighted(variables: list[IntVar], weights: list[int]) -> LinearExpr | int:
    from ortools.sat.python import cp_model

    return cp_model.LinearExpr.weighted_sum(variables, weights)
