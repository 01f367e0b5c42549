"""The files of a folder as one document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.config.document import SECTIONS, Document, Mark, Spot, render
from reconciler.errors import Position, Problem


def merge(documents: Iterable[Document]) -> tuple[Document, tuple[Problem, ...]]:
    """Return the documents, whose values are mappings, as one, and where two say different things.

    People, groups, rooms and meetings are put together, each name in one file alone. Anything else may stand in
    several files if it is the same in all.
    """
    value: dict[str, Any] = {}
    fields: dict[str, Spot] = {}
    keys: dict[str, Mark] = {}
    problems: list[Problem] = []
    mark: Mark | None = None
    for document in documents:
        mark = mark or document.spot.mark
        for key, one in _pairs(document):
            spot = document.spot.fields[key]
            if key not in value:
                keys[key] = document.spot.keys[key]
                value[key], fields[key] = one, spot
                if key in SECTIONS and isinstance(one, dict):
                    value[key], fields[key] = {}, Spot(spot.mark)
            if key in SECTIONS and isinstance(one, dict) and isinstance(value[key], dict):
                fields[key] = _add(key, value[key], fields[key], (one, spot), problems)
            elif value[key] != one:
                first = Position(*fields[key].mark)
                message = f"{key} differs from {first}"
                hint = "declare it in one file, or the same in all of them"
                problems.append(Problem(Position(*spot.mark), key, message, hint))
    return Document(value=value, spot=Spot(mark or ("", 1, 1), fields, keys)), tuple(problems)


def _pairs(document: Document) -> Iterable[tuple[str, Any]]:
    return document.value.items() if isinstance(document.value, dict) else ()


def _add(
    section: str, value: dict[str, Any], spot: Spot, further: tuple[dict[str, Any], Spot], problems: list[Problem]
) -> Spot:
    """Put a file's entries into a section and return its grown spot."""
    entries, place = further
    fields, keys = dict(spot.fields), dict(spot.keys)
    for name, entry in entries.items():
        mark = place.keys[name]
        if name in value:
            message = f"{name!r} is also in {Position(*keys[name])}"
            problems.append(Problem(Position(*mark), render((section, name)), message, "keep one of the two"))
        else:
            value[name] = entry
            fields[name] = place.fields[name]
            keys[name] = mark
    return Spot(spot.mark, fields, keys)
