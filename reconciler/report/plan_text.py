"""A plan for people: by meeting, what happens to which occurrence and why, and what it costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import ceil

from rich.console import Group, RenderableType

from reconciler.diff.change import Action
from reconciler.plan.operations import Call, Plan, PlannedChange, Quota
from reconciler.plan.upcoming import DayOff, NextDates, day_off_of
from reconciler.report.ahead import told_dates, told_days_off
from reconciler.report.failures_text import failure_lines
from reconciler.report.fields import times_of, timezone_of, title_of, title_of_meeting
from reconciler.report.fields_text import Told, told_fields, told_line
from reconciler.report.lines import Line, Part, blank, counted, line
from reconciler.report.moves import notified, summary
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_pending, told_problems
from reconciler.report.times import day, span
from reconciler.report.verified import told_verification
from reconciler.rooms.approval import counted as counted_pending

_SIGN = {Action.CREATE: ("+", "bold green"), Action.UPDATE: ("~", "bold yellow"), Action.CANCEL: ("-", "bold red")}
_SHOWN = 3  # of a run of changes that are alike
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class _Block:
    """One change as it is shown. Blocks whose `body` reads the same are alike, whatever their dates."""

    planned: PlannedChange
    body: tuple[Told, ...]

    def signature(self) -> tuple[object, ...]:
        change = self.planned.change
        times = times_of(change)
        what = day_off_of(change) if change.action is Action.UPDATE else f"{change.reason} {title_of(change)}"
        fields = ((one.label, one.plain, one.drift) for one in self.body)
        return (change.action, what, span(*times) if times else "", *fields)


def plan_text(
    plan: Plan,
    names: Names,
    *,
    qps: int,
    verbose: bool = False,
    compact_warnings: bool = False,
    concise: bool = False,
) -> RenderableType:
    """Return the plan. `qps` is calls per second and API; `verbose` folds and shortens nothing.

    `compact_warnings` leaves the first line of each warning, `concise` leaves out what nothing is to be done about:
    days off, and how conferences were verified.
    """
    lines: list[Line] = []
    by_meeting: dict[str, list[PlannedChange]] = defaultdict(list)
    for planned in plan.changes:
        by_meeting[planned.change.meeting].append(planned)
    rules = {one.meeting: one for one in plan.rules}
    for meeting, changes in by_meeting.items():
        rule = rules.get(meeting)
        lines += [*_meeting(meeting, changes, names, rule, until=plan.window_to, verbose=verbose), blank()]
    for one in plan.rules:
        if one.meeting not in by_meeting:
            lines += [line((one.meeting, "bold")), _next(one), blank()]
    if plan.days_off and not concise:
        lines += [*_days_off(plan.days_off), blank()]
    told = [*failure_lines(plan.failures, names), *_rooms(plan, names)]
    for warning in plan.warnings:
        told += _warning(warning, compact=compact_warnings)
    if told:
        lines += [*told, blank()]
    return Group(*lines, *_totals(plan, qps, concise=concise))


def _rooms(plan: Plan, names: Names) -> Iterator[Line]:
    for is_error, meeting, told in told_problems(plan.problems, names):
        sign = ("error", "bold red") if is_error else ("warning", "yellow")
        yield line(sign, " ", (meeting, "bold"), f" {told}", hang=2)
    for room, told in told_pending(plan.pending, names):
        yield line(("pending", "cyan"), f" room {room} {told}", hang=2)


def _days_off(days: Sequence[DayOff]) -> Iterator[Line]:
    yield line(("Days off", "bold"))
    for meeting, told in told_days_off(days):
        yield line(meeting, (f"  {told}", "dim"), indent=2, hang=4)


def _meeting(
    meeting: str,
    changes: Sequence[PlannedChange],
    names: Names,
    rule: NextDates | None,
    *,
    until: datetime,
    verbose: bool,
) -> Iterator[Line]:
    zone = timezone_of(changes[0].change)
    title = title_of_meeting(meeting, changes, names)
    yield line(
        (meeting, "bold"),
        f"  {title}",
        (f"  {counted(len(changes), 'change')}" + (f", {zone}" if zone else ""), "dim"),
        hang=2,
    )
    if meant := summary(changes, until=until):
        yield line((meant, "italic"), indent=2)
    if rule is not None:
        yield _next(rule)
    for run in _runs([_Block(one, tuple(told_fields(one.change, names, verbose=verbose))) for one in changes]):
        yield from _run(run, title, zone, verbose=verbose)


def _next(rule: NextDates) -> Line:
    return line(("next ", "italic"), (told_dates(rule), "dim"), indent=2, hang=5)


def _runs(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Yield blocks that are alike and follow each other together."""
    for _, run in groupby(blocks, _Block.signature):
        yield list(run)


def _run(run: Sequence[_Block], title: str, zone: str, *, verbose: bool) -> Iterator[Line]:
    # "1 more" would take as much room as the one itself.
    shown = run if verbose or len(run) <= _SHOWN + 1 else run[:_SHOWN]
    for block in shown:
        yield _occurrence(block.planned, title, zone)
        yield from map(told_line, block.body)
    if len(shown) < len(run):
        last = times_of(run[-1].planned.change)
        until = f", the last on {day(last[0])}" if last is not None else ""
        sign, style = _SIGN[run[0].planned.change.action]
        yield line((sign, style), (f" … and {len(run) - len(shown)} more like these{until}", "italic"), indent=2)


def _occurrence(planned: PlannedChange, title: str, zone: str) -> Line:
    change = planned.change
    times = times_of(change)
    when = f"{day(times[0])} {span(*times)}" if times is not None else change.address
    other = timezone_of(change)
    zoned = f" {other}" if other != zone else ""
    parts: list[Part] = [_SIGN[change.action], f" {when}{zoned}"]
    # What an update is for is told field by field beneath it, but for the day off that moves it.
    reason = day_off_of(change) if change.action is Action.UPDATE else change.reason
    if change.action is not Action.UPDATE and title_of(change) != title:
        parts.append(f"  {title_of(change)}")
    if reason:
        parts.append((f"  {reason}", "dim"))
    return line(*parts, indent=2, hang=4)


def _warning(warning: str, *, compact: bool) -> Iterator[Line]:
    first, *rest = warning.splitlines() or [""]
    yield line(("warning", "yellow"), f" {first}", hang=2)
    for more in () if compact else rest:
        yield line((more.strip(), "dim"), indent=2)


def _totals(plan: Plan, qps: int, *, concise: bool) -> Iterator[Line]:
    unchanged = plan.kept
    if not plan.changes:
        are = "occurrence is" if unchanged == 1 else "occurrences are"
        if plan.failures:
            yield line(("Incomplete", "bold red"), f": {unchanged} {are} as declared; not everything could be read.")
        elif unchanged:
            yield line(("Nothing to do", "bold green"), f": {unchanged} {are} as declared.")
        else:
            yield line(("Nothing to do", "bold green"), ": there are no occurrences.")
        if plan.quota is not None:
            yield _quota(plan.quota, plan.api_calls)
        if not concise:
            yield from _verification(plan)
        return
    create, update, cancel = (plan.count(action) for action in Action)
    counts = f"{create} to create, {update} to update, {cancel} to cancel, {unchanged} unchanged."
    yield line(("Plan", "bold"), f": {counts}")
    book, release = plan.rooms(Call.ROOMS_BOOK), plan.rooms(Call.ROOMS_RELEASE)
    if book or release:
        waits = f", {waiting} waiting for approval" if (waiting := counted_pending(plan.pending)) else ""
        yield line(("Rooms", "bold"), f": {book} to book, {release} to release{waits}.")
    told = sum(planned.notifies for planned in plan.changes)
    if told:
        people = len(notified(plan.changes))
        yield line(("Messages", "bold"), f": {told:,} to {people:,} {'person' if people == 1 else 'people'} invited.")
    yield line(("Cost", "bold"), f": {counted(plan.api_calls, 'API call')}, about {_duration(plan, qps)} at {qps}/s.")
    if plan.quota is not None:
        yield _quota(plan.quota, plan.api_calls)
    if not concise:
        yield from _verification(plan)
    if plan.failures:
        yield line(("Incomplete", "bold red"), ": not everything could be read; what was not is left as it is.")


def _verification(plan: Plan) -> Iterator[Line]:
    if told := told_verification(plan):
        yield line(("Conferences", "dim"), (f": {told}.", "dim"))


def _quota(quota: Quota, needed: int) -> Line:
    told = f": {quota.used:,} of {quota.limit:,} calls used in {quota.month}, {quota.left:,} left"
    if needed > quota.left:
        return line(("Quota", "bold red"), told, (": too few for this plan.", "bold red"))
    return line(("Quota", "bold"), f"{told}.")


def _duration(plan: Plan, qps: int) -> str:
    """Return how long the busiest API takes: each has a limit of its own."""
    busiest = max(Counter(operation.call for operation in plan.operations).values(), default=0)
    seconds = max(1, ceil(busiest / qps))
    return f"{seconds} s" if seconds < 2 * _MINUTE_S else f"{ceil(seconds / _MINUTE_S)} min"
