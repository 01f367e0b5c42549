"""A plan that names nobody: for artifacts and comments that more people can read than the plan concerns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from reconciler.errors import Problem
from reconciler.model.settings import SETTINGS, Kind
from reconciler.plan.operations import Plan
from reconciler.report.names import Names

T = TypeVar("T")
# The fields, and the keys of plain values, that hold union ids; `holder` may be an occurrence of ours as well.
_PEOPLE = frozenset({"organizer", "organizers", "who", "holder", "contact", "union_id", "people", "person", "owner"})
_PLACE = re.compile(r"(?:\S+:\d+:\d+: )?")  # of a warning of the config: whoever looks has to find that file
_OWNERS = frozenset(one.name for one in SETTINGS.values() if one.kind in {Kind.PERSON, Kind.PEOPLE})


def without_people(plan: Plan, names: Names) -> tuple[Plan, Names]:
    """Return `plan` with everybody called person-1, person-2, …, and the names to show it with: rooms alone.

    Titles and descriptions stay as people wrote them. What it takes to apply the plan is gone.
    """
    called, told = _calling(plan, names)
    shown = replace(
        plan,
        changes=_called(plan.changes, called),
        problems=_called(plan.problems, called),
        pending=_called(plan.pending, called),
        stays=_called(plan.stays, called),
        organizers=_called(plan.organizers, called),
        failures=tuple(
            replace(
                one,
                where=told(one.where),
                message=told(one.message),
                hint=_placed(one.hint, told),
                who=called.get(one.who, ""),
            )
            for one in plan.failures
        ),
        warnings=tuple(_placed(one, told) for one in plan.warnings),
    )
    return shown, replace(names, people={}, aliases={})


def _placed(warning: str, told: Callable[[str], str]) -> str:
    found = _PLACE.match(warning)
    place = found[0] if found is not None else ""
    return place + told(warning.removeprefix(place))


def problems_without_people(problems: Iterable[Problem], plan: Plan, names: Names) -> tuple[Problem, ...]:
    """Return problems of the config with everybody called as `without_people` calls them for the same plan."""
    _, told = _calling(plan, names)
    return tuple(replace(one, path=told(one.path), message=told(one.message), hint=told(one.hint)) for one in problems)


def called_aliases(aliases: Iterable[str], plan: Plan, names: Names) -> dict[str, str]:
    """Return what `without_people` calls these people in the same plan, by alias."""
    _, told = _calling(plan, names)
    return {alias: told(alias) for alias in aliases}


def _calling(plan: Plan, names: Names) -> tuple[Mapping[str, str], Callable[[str], str]]:
    """Return what to call everybody, by union id, and what puts that into a text."""
    parts = (plan.changes, plan.failures, plan.problems, plan.pending, plan.stays)
    ids = sorted({*names.people, *names.aliases.values(), *plan.organizers, *_mentioned(parts)})
    called = {union_id: f"person-{number}" for number, union_id in enumerate(ids, start=1)}
    words = called | {alias: called[union_id] for union_id, alias in names.people.items()}
    words |= {alias: called[union_id] for alias, union_id in names.aliases.items()}
    longest_first = sorted(words, key=len, reverse=True)
    known = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
    return called, lambda text: known.sub(lambda found: words[found[0]], text) if words else text


def _mentioned(value: object, name: str = "") -> Iterator[str]:
    """Yield the union ids in `value`, which is what the field, or the key, `name` holds."""
    match value:
        case Enum():
            pass
        case str():
            if value and (name in _PEOPLE or name in _OWNERS) and "@" not in value:
                yield value
        case tuple() | list() | frozenset():
            for one in value:
                yield from _mentioned(one, name)
        case Mapping():
            for key, one in value.items():
                yield from _mentioned(one, str(key))
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _mentioned(getattr(value, field.name), field.name)
        case _:
            pass


def _called(value: T, called: Mapping[str, str]) -> T:
    """Return `value` with every text in it that is a union id by what the person is `called`."""
    found: Any = value
    match found:
        case Enum():
            pass
        case str():
            found = called.get(found, found)
        case tuple() | list() | frozenset():
            found = type(found)(_called(one, called) for one in found)
        case Mapping():
            found = {key: _called(one, called) for key, one in found.items()}
        case _ if is_dataclass(found) and not isinstance(found, type):
            changed = {one.name: _called(getattr(found, one.name), called) for one in fields(found) if one.init}
            found = replace(found, **changed)
        case _:
            pass
    return found  # type: ignore[no-any-return]  # of the kind that it was
