"""Problems as GitHub shows them beside a line of a file: workflow commands, one a line.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from reconciler.errors import Position, Problem, Severity
from reconciler.model.occurrence import meeting_of
from reconciler.plan.operations import Plan
from reconciler.report.clean import for_terminal
from reconciler.report.failures_text import place_of
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_problems

Located = Callable[[str], str]  # a file as the config names it → relative to the root of the repository
Places = Mapping[str, Position]  # where something of a meeting stands in the config, by the meeting's name
_NAMELESS = Names()
_NO_PLACE = Position("", 0, 0)
_NOWHERE: Places = MappingProxyType({})
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
    meetings: Places = _NOWHERE,
    rooms: Places = _NOWHERE,
    people: Places = _NOWHERE,
) -> Iterator[str]:
    """Yield a command for each thing that could not be read, for missing rooms that are errors, for each warning.

    `meetings`, `rooms` and `people` are where each meeting, its rooms, and each person stand in the config.
    """
    problems = plan_problems(plan, names=names, meetings=meetings, rooms=rooms, people=people)
    yield from problem_annotations(problems, located=located)
    for warning in plan.warnings:
        found = _PLACED.match(warning)
        if found is None:
            yield _command(Severity.WARNING, warning)
        else:
            position = Position(found["file"], int(found["line"]), int(found["column"]))
            yield _command(Severity.WARNING, found["text"], position, located)


def plan_problems(
    plan: Plan,
    *,
    names: Names = _NAMELESS,
    meetings: Places = _NOWHERE,
    rooms: Places = _NOWHERE,
    people: Places = _NOWHERE,
) -> Iterator[Problem]:
    """Yield what is wrong with a plan that a config alone does not tell, on the lines of what it is about.

    What is about no meeting and no person of the config has no file.
    """
    persons = {f"people.{alias}": place for alias, place in people.items()}
    for failure in plan.failures:
        message = f"not read: {place_of(failure, names)}: {failure.message} [{failure.code}]"
        of_person = persons.get(f"people.{names.person(failure.who)}" if failure.who else failure.where, _NO_PLACE)
        yield Problem(meetings.get(meeting_of(failure.where), of_person), "", message, failure.hint)
    for _, meeting, told in told_problems((one for one in plan.problems if one.is_error), names):
        yield Problem(rooms.get(meeting, _NO_PLACE), "", f"{meeting} {told}")


def error_annotation(message: str) -> str:
    """Return the command for an error that has no place in a file."""
    return _command(Severity.ERROR, message)


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
