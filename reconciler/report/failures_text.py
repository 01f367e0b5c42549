"""What could not be read, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.observed import ReadFailure
from reconciler.report.lines import Line, line


def failure_lines(failures: Iterable[ReadFailure]) -> Iterator[Line]:
    """Yield a few lines for each; what was not read is left as it is."""
    for failure in failures:
        yield line(("not read", "bold red"), " ", (failure.where, "bold"))
        yield line(f"{failure.message} ", (f"[{failure.code}]", "dim"), indent=2)
        if failure.hint:
            yield line((failure.hint, "dim"), indent=2)
