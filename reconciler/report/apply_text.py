"""What came of an apply, for people: what went wrong first, the sum last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from rich.console import Group, RenderableType

from reconciler.apply.outcome import Outcome, Result, Status, short_of_rooms
from reconciler.diff.change import Action
from reconciler.model.state import Orphan
from reconciler.plan.operations import NO_ROOM, Call, Plan
from reconciler.report.failures_text import failure_lines
from reconciler.report.lines import Line, blank, counted, line
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_pending
from reconciler.report.times import clock, day, utc

NAMELESS = Names()
_STYLE = {Status.FAILED: "bold red", Status.DEFERRED: "yellow"}


def apply_text(
    outcome: Outcome,
    plan: Plan,
    names: Names = NAMELESS,
    allowed: Mapping[str, int] = MappingProxyType({}),
    *,
    operation: str = "apply",
) -> RenderableType:
    """Return what failed, what was put off, what may have been left behind, what waits, the sum, and missing rooms.

    `allowed` is how many occurrences of a meeting may go without a room of its pool; more are an error. `operation` is
    what was carried out: apply, destroy.
    """
    lines = [
        *failure_lines(plan.failures, names),
        *_unfinished(outcome),
        *_short(outcome),
        *_mismatches(outcome),
        *_orphans(outcome.orphans),
    ]
    lines += [*_answers(outcome, names)]
    if lines:
        lines.append(blank())
    return Group(*lines, _sum(outcome, plan, operation.capitalize()), *_too_many(outcome, plan, allowed))


def _too_many(outcome: Outcome, plan: Plan, allowed: Mapping[str, int]) -> Iterator[Line]:
    for meeting, addresses in short_of_rooms(outcome.results, plan).items():
        if meeting in allowed and len(addresses) > allowed[meeting]:
            many = f"{counted(len(addresses), 'occurrence')} of it {'has' if len(addresses) == 1 else 'have'} no room"
            told = f"{many}, or too few, and max_conflicts allows {allowed[meeting]}"
            yield line(("error", "bold red"), " ", (meeting, "bold"), f": {told}")
    other = sum(one.is_error and one.code != NO_ROOM for one in plan.problems)
    if other:
        yield line(("error", "bold red"), f": {counted(other, 'room')} of a swap can't be had; the plan says why")


def _unfinished(outcome: Outcome) -> Iterator[Line]:
    for status in (Status.FAILED, Status.DEFERRED):
        results = [one for one in outcome.results if one.status is status]
        for error, same in groupby(results, key=lambda one: one.error):
            yield from map(_head, same)
            if error is not None:  # what stopped many is told once
                yield line(f"{error.message} ", (f"[{error.code}]", "dim"), indent=2)
                if error.hint:
                    yield line((error.hint, "dim"), indent=2)


def _head(result: Result) -> Line:
    change = result.planned.change
    return line((result.status.value, _STYLE[result.status]), f" {change.action.value} ", (change.address, "bold"))


def _short(outcome: Outcome) -> Iterator[Line]:
    for result in outcome.results:
        if result.short is not None and result.status is not Status.FAILED:
            yield line(
                ("no room" if _is_roomless(result) else "short", "yellow"), " ", (result.planned.change.address, "bold")
            )
            yield line(f"{result.short.message} ", (f"[{result.short.code}]", "dim"), indent=2)
            yield line((result.short.hint, "dim"), indent=2)


def _is_roomless(result: Result) -> bool:
    after = result.planned.change.after
    return after is not None and result.lost >= frozenset(after.rooms or ())


def _answers(outcome: Outcome, names: Names) -> Iterator[Line]:
    for one in outcome.declined:
        ask = f"; ask {names.person(one.contact)}" if one.contact else ""
        yield line(("declined", "bold red"), " ", (one.address, "bold"), f" room {names.room(one.room)}{ask}")
    for room, told in told_pending(outcome.pending, names):
        yield line(("pending", "cyan"), f" room {room} {told}", hang=2)


def _mismatches(outcome: Outcome) -> Iterator[Line]:
    for result in outcome.results:
        for one in result.mismatches:
            yield line(("differs", "bold yellow"), " ", (result.planned.change.address, "bold"), f" {one.path}")
            if one.path == "rooms":
                yield line(f"{one.wanted} could not be had; {one.answered} of its pool is booked instead", indent=2)
                continue
            yield line(f"wanted {one.wanted}, DingTalk answered {one.answered}", indent=2)


def _orphans(orphans: tuple[Orphan, ...]) -> Iterator[Line]:
    nameless = [one for one in orphans if not one.conference_id]
    known = [one for one in orphans if one.conference_id]
    if nameless:
        verb = "conference that may have been" if len(nameless) == 1 else "conferences that may have been"
        yield line(("left behind", "bold magenta"), f" {len(nameless)} {verb} created; the answer was lost on its way")
        yield from map(_orphan, nameless)
    if known:
        verb = (
            "conference that may still be there, and" if len(known) == 1 else "conferences that may still be there, and"
        )
        yield line(("left behind", "bold magenta"), f" {len(known)} {verb} nothing leads to any more")
        yield from map(_orphan, known)
    if orphans:
        yield line(("Look for it in the organiser's DingTalk and end it there.", "dim"), indent=2)


def _orphan(orphan: Orphan) -> Line:
    title = f" “{orphan.title}”" if orphan.title else ""
    start = f"{day(orphan.start)} {clock(orphan.start)}"
    return line((orphan.address, "bold"), f"{title}, {start}, asked {utc(orphan.asked_at)}", indent=2)


def _sum(outcome: Outcome, plan: Plan, title: str) -> Line:
    failed, deferred = outcome.count(Status.FAILED), outcome.count(Status.DEFERRED)
    if not outcome.results:
        sound = not plan.failures
        return line((title, "bold green" if sound else "bold red"), ": nothing to do.")
    parts = (
        f"{outcome.count(Status.DONE, Action.CREATE)} created",
        f"{outcome.count(Status.DONE, Action.UPDATE)} updated",
        f"{outcome.count(Status.DONE, Action.CANCEL)} cancelled",
        f"{counted(outcome.rooms(Call.ROOMS_BOOK), 'room')} booked",
        f"{outcome.rooms(Call.ROOMS_RELEASE)} released",
        f"{failed} failed",
        *([f"{deferred} deferred to a later run"] if deferred else []),
    )
    style = "bold red" if failed or plan.failures else "bold yellow" if deferred else "bold green"
    return line((title, style), f": {', '.join(parts)}.")
