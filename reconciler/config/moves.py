"""Meetings that have got another name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconciler.config.document import Findings, Path


def read_moves(tree: Mapping[str, Any], meetings: Collection[str], findings: Findings) -> dict[str, str]:
    """Return the names that `meetings` have now by their old names; of what was renamed twice both lead to the last."""
    moves: dict[str, str] = {}
    paths: dict[str, Path] = {}
    for path, old, new in _given(tree.get("moved")):
        if old in meetings:
            message = f"{old!r} is still declared, so it can't have been renamed"
            findings.error((*path, "from"), message, "remove this move, or the meeting")
        elif old in moves:
            findings.error((*path, "from"), f"{old!r} is moved twice", "keep one of the two")
        elif new in moves.values():
            findings.error((*path, "to"), f"another meeting is also moved to {new!r}", "keep one of the two")
        else:
            moves[old], paths[old] = new, (*path, "to")
    final: dict[str, str] = {}
    for old, new in moves.items():
        last = _last(old, moves)
        if last in meetings:
            final[old] = last
        elif new not in moves:
            hint = findings.suggest(last, meetings, otherwise="name a meeting that is declared")
            findings.error(paths[old], f"there is no meeting {last!r}", hint)
        elif last == old:
            findings.error(paths[old], f"{old!r} is moved to itself", "end at a meeting that is declared")
    return final


def _given(value: object) -> Iterator[tuple[Path, str, str]]:
    places: list[tuple[Path, object]] = [(("moved",), value)]
    if isinstance(value, list):
        places = [(("moved", index), one) for index, one in enumerate(value)]
    for path, one in places:
        if isinstance(one, dict) and isinstance(one.get("from"), str) and isinstance(one.get("to"), str):
            yield path, one["from"], one["to"]


def _last(name: str, moves: Mapping[str, str]) -> str:
    """Return where the moves of `name` end; a circle ends where it begins, because no two moves have one end."""
    last = moves[name]
    while last in moves and last != name:
        last = moves[last]
    return last
