"""A tree of plain values, and where in which file each of them stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.config.words import did_you_mean
from reconciler.errors import Position, Problem, Severity

Path = tuple[str | int, ...]
_SUGGESTIONS = 100
SECTIONS = frozenset({"people", "groups", "rooms", "meetings"})
Mark = tuple[str, int, int]  # file, line and column, both from 1


class Spot(NamedTuple):
    """Where a value stands, and what is in it: of a mapping its `fields` and their `keys`, of a list its `items`."""

    mark: Mark
    fields: Mapping[str, Spot] = {}
    keys: Mapping[str, Mark] = {}
    items: Sequence[Spot] = ()

    def inside(self, step: str | int) -> Spot | None:
        """Return where the field or the item that `step` names stands, None where there is none."""
        if isinstance(step, str):
            return self.fields.get(step)
        return self.items[step] if step < len(self.items) else None


def render(path: Path) -> str:
    """Return `path` as people write it, as in `meetings.weekly-sync.attendees[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The values of one file, or of all files of a folder merged."""

    value: object
    spot: Spot

    def at(self, path: Path) -> Position:
        """Return where the value at `path` stands; where there is none, the nearest that holds it."""
        spot = self.spot
        for step in path:
            found = spot.inside(step)
            if found is None:
                break
            spot = found
        return Position(*spot.mark)

    def has(self, path: Path) -> bool:
        """Return whether a value stands at `path`, a path of keys."""
        value = self.value
        for step in path:
            if not isinstance(value, dict) or step not in value:
                return False
            value = value[step]
        return True

    def key(self, path: Path) -> Position:
        """Return where the last key of `path` stands; of a list's item, the item."""
        spot, mark = self.spot, self.spot.mark
        for step in path:
            found = spot.inside(step)
            if found is None:
                break
            mark = spot.keys[step] if isinstance(step, str) else found.mark
            spot = found
        return Position(*mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The problems of one document, as they are found. The one thing here that grows."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def error(self, path: Path, message: str, hint: str, *, on_key: bool = False) -> None:
        """Note an error at the value of `path`, or at its key."""
        self._add(path, message, hint, Severity.ERROR, on_key=on_key)

    def warn(self, path: Path, message: str, hint: str, *, on_key: bool = False) -> None:
        """Note something bearable at the value of `path`, or at its key."""
        self._add(path, message, hint, Severity.WARNING, on_key=on_key)

    def suggest(self, word: str, known: Iterable[str], *, otherwise: str) -> str:
        """Return the hint for an unknown name. It takes time to find: the hundredth of a file does without."""
        return otherwise if len(self.problems) > _SUGGESTIONS else did_you_mean(word, known, otherwise=otherwise)

    def _add(self, path: Path, message: str, hint: str, severity: Severity, *, on_key: bool) -> None:
        place = self.document.key(path) if on_key else self.document.at(path)
        self.problems.append(Problem(place, render(path), message, hint, severity))
