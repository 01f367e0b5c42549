"""An instant conference, for the person who opened it. Its passwords are shown this once."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType

from reconciler.model.occurrence import InstantConference, Occurrence
from reconciler.model.state import Opened
from reconciler.report.lines import Line, counted, line, link
from reconciler.report.times import day, in_zone, span


def opening_text(
    occurrence: Occurrence, opened: Opened, conference: InstantConference | None, *, running: bool = True
) -> RenderableType:
    """Return title, link and code; `conference` is None where it was opened before and nobody was rung."""
    return Group(*_lines(occurrence, opened, conference, running=running))


def _lines(
    occurrence: Occurrence, opened: Opened, conference: InstantConference | None, *, running: bool
) -> Iterator[Line]:
    start, end = (in_zone(instant, occurrence.timezone) for instant in (occurrence.start, occurrence.end))
    when = f"{day(start)} {span(start, end)} {occurrence.timezone}"
    yield line((occurrence.title, "bold"), f"  {when}", (f"  {opened.address}", "dim"), hang=2)
    if conference is not None:
        rung = counted(len(occurrence.attendees or ()), "person", "people")
        yield line(("Opened", "bold green"), f" and rang {rung}.", indent=2)
    else:
        at = f"{in_zone(opened.at, occurrence.timezone):%Y-%m-%d %H:%M}"
        now = "it is still running" if running else "it has ended; --again opens another"
        yield line(("Opened before", "bold yellow"), f", at {at}: {now}. Nobody was rung.", indent=2)
    yield link(opened.url, indent=2)
    yield line(("code ", "dim"), opened.room_code, indent=2)
    if conference is None:
        return
    for label, value in (("password", conference.password), ("host password", conference.host_password)):
        if value:
            yield line((f"{label} ", "dim"), value, indent=2)
    for phone in conference.phones:
        yield line(("phone ", "dim"), phone, indent=2)
