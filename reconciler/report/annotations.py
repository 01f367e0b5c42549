"""Problems as GitHub shows them beside a line of a file: workflow commands, one a line.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from reconciler.errors import Position, Problem, Severity
from reconciler.model.observed import ReadFailure
from reconciler.plan.operations import Plan
from reconciler.report.clean import for_terminal
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_problems

Located = Callable[[str], str]  # a file as the config names it → relative to the root of the repository
_NAMELESS = Names()
_PLACED = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<text>.*)$", re.DOTALL)


def problem_annotations(problems: Iterable[Problem], *, located: Located = str) -> Iterator[str]:
    """Yield a command for each problem of the config."""
    for one in problems:
        path = f"{one.path}: " if one.path else ""
        text = f"{path}{one.message}" + (f"\n{one.hint}" if one.hint else "")
        yield _command(one.severity, text, one.position, located)


def plan_annotations(
    plan: Plan,
    *,
    located: Located = str,
    names: Names = _NAMELESS,
    places: Mapping[str, Position] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield a command for each thing that could not be read, for missing rooms that are errors, for each warning.

    `places` are where the rooms of each meeting stand in the config.
    """
    yield from map(_failure, plan.failures)
    errors = (one for one in plan.problems if one.is_error)
    for _, meeting, told in told_problems(errors, names):
        yield _command(Severity.ERROR, f"{meeting} {told}", places.get(meeting), located)
    for warning in plan.warnings:
        found = _PLACED.match(warning)
        if found is None:
            yield _command(Severity.WARNING, warning)
        else:
            position = Position(found["file"], int(found["line"]), int(found["column"]))
            yield _command(Severity.WARNING, found["text"], position, located)


def error_annotation(message: str) -> str:
    """Return the command for an error that has no place in a file."""
    return _command(Severity.ERROR, message)


def _failure(failure: ReadFailure) -> str:
    hint = f"\n{failure.hint}" if failure.hint else ""
    return _command(Severity.ERROR, f"not read: {failure.where}: {failure.message} [{failure.code}]{hint}")


def _command(severity: Severity, text: str, position: Position | None = None, located: Located = str) -> str:
    place = ""
    if position is not None and position.file:
        place = f" file={_property(located(position.file))},line={position.line},col={position.column}"
    lines = (for_terminal(line.strip()) for line in text.splitlines())
    return f"::{severity.value}{place}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(for_terminal(text)).replace(":", "%3A").replace(",", "%2C")
