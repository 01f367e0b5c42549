"""The fields of a change for people: before → after, people and rooms as + and −, times as short as they can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from reconciler.diff.change import OWN, SHARED, Action, Change
from reconciler.diff.compare import Field
from reconciler.report.clean import for_terminal, shortened
from reconciler.report.fields import fields_of
from reconciler.report.lines import Line, Part, line
from reconciler.report.names import Names
from reconciler.report.times import clock, day

_INDENT = 6
_LABEL = 12  # columns for the name of a field
_LONG = 40
_OF_CONFERENCE = "conference."  # where the one that several occurrences share stands
_CONTEXT = 10  # characters shown before the place where two texts part
_TEXTS = {"title", "description", "link", "marker", "event", "conference", "timezone"}


@dataclass(frozen=True, slots=True)
class Told:
    """A field in words: its name, what is said of it, and whether somebody changed it in DingTalk."""

    label: str
    parts: tuple[Part, ...]
    drift: bool

    @property
    def plain(self) -> str:
        """Return the parts without their style."""
        return "".join(part if isinstance(part, str) else part[0] for part in self.parts)


def field_lines(change: Change, names: Names, *, verbose: bool = False) -> Iterator[Line]:
    """Yield a line for each field that is worth one; `verbose` shortens and leaves out nothing."""
    yield from map(_line, told_fields(change, names, verbose=verbose))


def told_fields(change: Change, names: Names, *, verbose: bool = False) -> Iterator[Told]:
    """Yield each field that is worth a line; `verbose` shortens and leaves out nothing."""
    if change.action is Action.CANCEL:
        return
    fields = fields_of(change)
    said_already = frozenset() if verbose else frozenset(_said_already(fields))
    for field in fields:
        if change.action is Action.UPDATE:
            if field.path in said_already:
                continue
            yield _changed(field, names, verbose=verbose)
        elif _worth_a_line(field, verbose=verbose):
            limit = None if verbose else 2 * _LONG
            yield _told(field, [_short(_text(field.path, field.after, names), limit)])


def _said_already(fields: Sequence[Field]) -> Iterator[str]:
    """Yield the paths of which another field says all: an end by its start, a shared conference by its event."""
    by_path = {field.path: (field.before, field.after) for field in fields}
    for whose in ("", _OF_CONFERENCE):
        if _moved_whole(fields, whose):
            yield f"{whose}end"
    for path, change in by_path.items():
        if path.startswith(_OF_CONFERENCE) and by_path.get(path.removeprefix(_OF_CONFERENCE)) == change:
            yield path


def _moved_whole(fields: Iterable[Field], whose: str) -> bool:
    """Return whether it lasts as long as before: then its start says all."""
    names = {f"{whose}start": "start", f"{whose}end": "end"}
    times = {names[field.path]: field for field in fields if field.path in names}
    if len(times) < 2 or times["start"].drift is not times["end"].drift:  # noqa: PLR2004  # a start and an end
        return False
    by = [
        datetime.fromisoformat(one.after) - datetime.fromisoformat(one.before)
        for one in times.values()
        if one.before and one.after
    ]
    return len(by) == 2 and by[0] == by[1]  # noqa: PLR2004  # as above


def _worth_a_line(field: Field, *, verbose: bool) -> bool:
    if verbose:
        return True
    # Settings of a new occurrence are many and all in the config; who and where is what a reader looks for.
    return field.path in {"recurrence", "until", "attendees", "rooms"} and bool(field.after)


def _changed(field: Field, names: Names, *, verbose: bool) -> Told:
    limit = None if verbose else _LONG
    match field.path.removeprefix(_OF_CONFERENCE):
        case "attendees":
            return _told(field, _people(field, names))
        case "rooms":
            return _told(field, _set_change([names.room(one) for one in field.before or ()], _rooms(field, names)))
        case "start" | "end":
            return _told(field, [_times(field.before, field.after)])
        case "instances":
            days = (f"{day(start)} {clock(start)}" for start in map(datetime.fromisoformat, field.before))
            return _told(field, [(f"−{', −'.join(days)}", "red")])
        case "marker" if field.after:
            return _told(field, [for_terminal(str(field.after))])
        case "marker" if not verbose:
            return _told(field, ["missing or moved: put back"])
        case "link" if not verbose and field.after not in {OWN, SHARED}:
            return _told(field, ["put into the description"])
        case "event" | "conference":
            return _told(field, [f"{field.before or 'missing'} → made anew"])
        case _:
            before, after = (_text(field.path, value, names) for value in (field.before, field.after))
            skipped = 0 if limit is None else _alike(before, after, limit)
            old, new = (_short("…" * (skipped > 0) + text[skipped:], limit) for text in (before, after))
            return _told(field, [(old, "red"), " → ", (new, "green")])


def _told(field: Field, parts: Iterable[Part]) -> Told:
    label = "conference" if field.path == f"{_OF_CONFERENCE}start" else field.path.removeprefix("settings.")
    return Told(label, tuple(parts), field.drift)


def _line(told: Told) -> Line:
    drift: list[Part] = [("  drift: changed in DingTalk", "bold magenta")] if told.drift else []
    return line((f"{told.label:<{_LABEL}} ", "dim"), *told.parts, *drift, indent=_INDENT, hang=_LABEL + 1)


def _text(path: str, value: Any, names: Names) -> str:
    if path in _TEXTS:
        return "(none)" if value is None or value == "" else f"{value}"
    if path in {"start", "end"} and isinstance(value, str):
        instant = datetime.fromisoformat(value)
        return f"{day(instant)} {clock(instant)}"
    if path == "attendees" and isinstance(value, list):
        # Those who have to come first, and each half by the names that are shown.
        value = sorted(value, key=lambda one: (one["optional"], names.person(one["person"])))
    return names.text(value)


def _alike(before: str, after: str, limit: int) -> int:
    """Return how many characters to leave out so that, shortened, long texts still show where they part."""
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    return max(common - _CONTEXT, 0) if common > limit - _CONTEXT else 0


def _short(text: str, limit: int | None) -> str:
    clean = for_terminal(text)
    return clean if limit is None else shortened(clean, limit)


def _times(before: Any, after: Any) -> str:
    if not (isinstance(before, str) and isinstance(after, str)):
        return f"{before or '(none)'} → {after or '(none)'}"
    old, new = datetime.fromisoformat(before), datetime.fromisoformat(after)
    if old.date() == new.date():
        return f"{clock(old)} → {clock(new)}"
    return f"{day(old)} {clock(old)} → {day(new)} {clock(new)}"


def _rooms(field: Field, names: Names) -> list[str]:
    return [names.room(one) for one in field.after or ()]


def _people(field: Field, names: Names) -> list[Part]:
    """Return who comes, who goes, and whose presence is no longer or newly optional."""
    before = {one["person"]: one for one in field.before or ()}
    after = {one["person"]: one for one in field.after or ()}
    parts: list[Part] = []
    for person, one in after.items():
        if person not in before:
            parts += [(f"+{names.text(one)}", "green"), " "]
        elif before[person] != one:
            parts += [f"~{names.person(person)} ({'optional' if one['optional'] else 'required'})", " "]
    for person in before:
        if person not in after:
            parts += [(f"−{names.person(person)}", "red"), " "]
    return parts[:-1]


def _set_change(before: Iterable[str], after: Iterable[str]) -> list[Part]:
    old, new = list(before), list(after)
    parts: list[Part] = []
    for name in new:
        if name not in old:
            parts += [(f"+{name}", "green"), " "]
    for name in old:
        if name not in new:
            parts += [(f"−{name}", "red"), " "]
    return parts[:-1]
