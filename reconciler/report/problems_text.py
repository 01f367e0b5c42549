"""What is wrong with a config, for people and for editors: they jump to `file:line:column`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType

from reconciler.errors import Problem, Severity
from reconciler.report.lines import Line, blank, counted, line

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def problems_text(problems: Sequence[Problem]) -> RenderableType:
    """Return every problem with its place and its hint, and how many there are."""
    return Group(*_lines(problems))


def _lines(problems: Sequence[Problem]) -> Iterator[Line]:
    for problem in problems:
        path = f"{problem.path}: " if problem.path else ""
        style = _STYLE[problem.severity]
        word = "" if problem.severity is Severity.ERROR else f"{problem.severity.value}: "
        yield line((f"{problem.position}: ", "bold"), (f"{word}{path}{problem.message}", style), hang=2)
        if problem.hint:
            yield line((problem.hint, "dim"), indent=2)
    if problems:
        yield blank()
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    told = f", {counted(warnings, 'warning')}" if warnings else ""
    if errors:
        yield line(("Invalid", _STYLE[Severity.ERROR]), f": {counted(errors, 'error')}{told}.")
    else:
        yield line(("Valid", "bold green"), f": no errors{told}.")
