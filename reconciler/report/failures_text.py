"""What could not be read, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.observed import ReadFailure
from reconciler.report.lines import Line, line
from reconciler.report.names import Names


def place_of(failure: ReadFailure, names: Names) -> str:
    """Return what could not be read, the person in it as the config calls them."""
    return failure.place(names.people)


def failure_lines(failures: Iterable[ReadFailure], names: Names) -> Iterator[Line]:
    """Yield a few lines for each; what was not read is left as it is."""
    for failure in failures:
        yield line(("not read", "bold red"), " ", (place_of(failure, names), "bold"))
        yield line(f"{failure.message} ", (f"[{failure.code}]", "dim"), indent=2)
        if failure.hint:
            yield line((failure.hint, "dim"), indent=2)
