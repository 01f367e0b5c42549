"""What came of an apply, as a message to a group: short, and harmless whatever titles say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.apply.outcome import Outcome, Result, Status
from reconciler.diff.change import Action
from reconciler.plan.operations import Plan
from reconciler.report.clean import for_markdown, shortened
from reconciler.report.failures_text import place_of
from reconciler.report.lines import counted
from reconciler.report.names import Names
from reconciler.report.times import clock, day, in_zone

MOST_LINES = 20
_NAMELESS = Names()
_DONE = {Action.CREATE: "created", Action.UPDATE: "updated", Action.CANCEL: "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    title: str
    markdown: str


def robot_message(
    outcome: Outcome, plan: Plan, names: Names = _NAMELESS, *, operation: str = "apply", job: str = ""
) -> Message | None:
    """Return the message, None where nothing happened. `job` is the URL of the CI job, "" where there is none."""
    if not outcome.results and not plan.failures:
        return None
    title = f"reconciler {operation}: {plan.workspace}"
    told = ", ".join(_sum(outcome, plan))
    lines = [*_lines(outcome, plan, names)]
    left = len(lines) - MOST_LINES
    shown = lines[:MOST_LINES] + ([f"- … and {left} more"] if left > 0 else [])
    link = [f"[CI job]({job.replace('(', '%28').replace(')', '%29')})"] if job else []
    paragraphs = (f"#### {for_markdown(title)}", f"**{told}**", "\n".join(shown), *link)
    return Message(title=f"{title}: {told}", markdown="\n\n".join(part for part in paragraphs if part) + "\n")


def _sum(outcome: Outcome, plan: Plan) -> Iterator[str]:
    counts = {word: outcome.count(Status.DONE, action) for action, word in _DONE.items()}
    counts |= {status.value: outcome.count(status) for status in (Status.FAILED, Status.DEFERRED)}
    yield from (f"{count} {word}" for word, count in counts.items() if count)
    if plan.failures:
        yield f"{len(plan.failures)} not read"
    if outcome.unsaved is not None:
        yield "state not saved"


def _lines(outcome: Outcome, plan: Plan, names: Names) -> Iterator[str]:
    for failure in plan.failures:
        yield f"- not read: {for_markdown(place_of(failure, names))}: {_short(failure.message)}"
    for status in (Status.FAILED, Status.DEFERRED, Status.DONE):
        yield from (_line(result) for result in outcome.results if result.status is status)
    if outcome.orphans:
        left = counted(len(outcome.orphans), "conference")
        yield f"- {left} may have been left behind: `reconciler state orphans` tells"


def _line(result: Result) -> str:
    change = result.planned.change
    if result.status is Status.DONE:
        return f"- {_DONE[change.action]}: {_what(result)}"
    reason = f": {_short(result.error.message)}" if result.error is not None else ""
    return f"- {result.status.value} to {change.action.value}: {_what(result)}{reason}"


def _what(result: Result) -> str:
    change = result.planned.change
    seen = change.event
    title = change.after.title if change.after is not None else seen.title if seen is not None else ""
    zone = change.after.timezone if change.after is not None else seen.timezone if seen is not None else ""
    if change.start is None:
        return for_markdown(change.address)
    start = in_zone(change.start, zone)
    return f"{_short(title) or for_markdown(change.address)}, {day(start)} {clock(start)}"


def _short(text: str) -> str:
    return for_markdown(shortened(text, 120))
