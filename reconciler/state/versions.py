"""Formats over time: an older one is brought up to date as it is read, a newer one is refused.

A format that older programs would misread gets the next number, and here the step that leads to it from the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.errors import StateError
from reconciler.model.state import FORMAT_VERSION

Json = dict[str, Any]
Step = Callable[[Json], Json]
STEPS: Mapping[int, Step] = {}  # from the format of that number to the next
JOURNAL_VERSION = 1  # a journal that does not say has this one


def upgraded(document: Json, *, where: str, steps: Mapping[int, Step] = STEPS, newest: int = FORMAT_VERSION) -> Json:
    """Return the document of a state in the newest format.

    Raises StateError where a newer program wrote it, KeyError, TypeError or ValueError where it is none.
    """
    version = document["version"]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"{str(version)[:20]!r} is not a format of a state")
    refuse_newer("state", version, newest, where=where)
    while version < newest:
        document = steps[version](document)
        version += 1
    return document


def refuse_newer(what: str, version: int, newest: int, *, where: str) -> None:
    """Raise StateError where `version` is beyond `newest`: what it says would be misread, or lost."""
    if version > newest:
        raise StateError(
            f"the {what} has format {version}, this program reads up to {newest}",
            where=where,
            fix="use the newer reconciler that wrote it",
        )
