"""What a file says for all its meetings, so that each team of a folder has its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reconciler.config.document import Document, Mark, Spot
from reconciler.errors import Problem

_OF_A_MEETING = re.compile(r"meetings\..*\.holidays(\W.*)?")


def spread_holidays(document: Document) -> Document:
    """Return a file's document with its `holidays` laid beneath those of each of its meetings.

    Where there is nothing to lay them beneath, or they are no mapping, they stay where they are.
    """
    value, places = document.value, document.spot.fields
    if not isinstance(value, dict):
        return document
    shared, meetings = value.get("holidays"), value.get("meetings")
    if not isinstance(shared, dict) or not isinstance(meetings, dict) or not meetings:
        return document
    base, mark, spots = places["holidays"], document.spot.keys["holidays"], places["meetings"]
    laid = {name: _laid(one, spots.fields[name], shared, base, mark) for name, one in meetings.items()}
    value = {key: one for key, one in value.items() if key != "holidays"}
    value["meetings"] = {name: one for name, (one, _) in laid.items()}
    places = {key: spot for key, spot in places.items() if key != "holidays"}
    places["meetings"] = spots._replace(fields={name: spot for name, (_, spot) in laid.items()})
    return replace(document, value=value, spot=document.spot._replace(fields=places))


def told_once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems in file order, each once: what is wrong with a file's holidays is so for all its meetings."""
    told: dict[tuple[object, ...], Problem] = {}
    for problem in sorted(set(problems)):
        shared = _OF_A_MEETING.fullmatch(problem.path) is not None
        told.setdefault((problem.position, problem.message, "" if shared else problem), problem)
    return tuple(told.values())


def _laid(meeting: Any, spot: Spot, shared: dict[str, Any], base: Spot, mark: Mark) -> tuple[Any, Spot]:
    """Return a meeting and its place with the file's holidays beneath its own."""
    if not isinstance(meeting, dict):
        return meeting, spot
    own = meeting.get("holidays")
    if "holidays" not in meeting:
        whole, place = shared, base
    elif isinstance(own, dict):
        own_place = spot.fields["holidays"]
        places, keys = {**base.fields, **own_place.fields}, {**base.keys, **own_place.keys}
        whole, place = {**shared, **own}, own_place._replace(fields=places, keys=keys)
        mark = spot.keys["holidays"]
    else:
        return meeting, spot
    fields = {**spot.fields, "holidays": place}
    return {**meeting, "holidays": whole}, spot._replace(fields=fields, keys={**spot.keys, "holidays": mark})
