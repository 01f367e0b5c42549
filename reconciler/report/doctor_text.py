"""What `doctor` found, for people: a line for each thing, below it what to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType

from reconciler.doctor.checkup import Checkup, Verdict
from reconciler.report.lines import Line, blank, counted, line

_STYLE = {Verdict.OK: "green", Verdict.WARNING: "bold yellow", Verdict.FAILED: "bold red"}
_WIDTH = 9


def doctor_text(checkup: Checkup) -> RenderableType:
    """Return all checks, and the sum."""
    return Group(*_lines(checkup))


def _lines(checkup: Checkup) -> Iterator[Line]:
    for check in checkup.checks:
        verdict = (f"{check.verdict.value:<{_WIDTH}}", _STYLE[check.verdict])
        yield line(verdict, (check.name, "bold"), f": {check.message}", hang=_WIDTH)
        if check.fix:
            yield line(check.fix, indent=_WIDTH)
    yield blank()
    failures, warnings = checkup.count(Verdict.FAILED), checkup.count(Verdict.WARNING)
    style = "bold red" if failures else "bold yellow" if warnings else "bold green"
    parts = (f"{checkup.count(Verdict.OK)} ok", counted(warnings, "warning"), f"{failures} failed")
    calls = counted(checkup.api_calls, "API call")
    yield line(("Doctor", style), f": {', '.join(parts)}. It took {calls} of the monthly quota.")
