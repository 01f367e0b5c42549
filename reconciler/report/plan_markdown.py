"""A plan as a comment on a pull request: the sum first, a table by meeting, details folded, never longer than allowed.

GitHub takes 65,536 characters, GitLab 1,000,000. What has no room is left out and counted, least important first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from reconciler.diff.change import Action
from reconciler.model.observed import ReadFailure
from reconciler.plan.operations import Call, Plan, PlannedChange, Quota
from reconciler.plan.upcoming import NextDates, day_off_of
from reconciler.report.ahead import told_dates, told_days_off
from reconciler.report.clean import for_markdown, for_markdown_html, for_terminal, shortened
from reconciler.report.failures_text import place_of
from reconciler.report.fields import times_of, timezone_of, title_of, title_of_meeting
from reconciler.report.fields_text import Told, told_fields
from reconciler.report.lines import counted
from reconciler.report.moves import notified, summary
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_pending, told_problems
from reconciler.report.times import day, span
from reconciler.report.verified import told_verification

LIMIT = 60_000  # characters; leaves room for what a workflow adds
SMALLEST_LIMIT = 4_000  # holds the sum, the cost and what was left out
_RESERVED = 1_000  # for the sentence that says what was left out
_SIGN = {Action.CREATE: "+", Action.UPDATE: "~", Action.CANCEL: "−"}
_SHOWN = 3  # of a run of changes that are alike
_SHORT, _LONG = 80, 400  # characters of a name, of a message


def marker(workspace: str) -> str:
    """Return the hidden line by which the comment of a workspace is found again."""
    # Two hyphens may not stand in an HTML comment.
    return f"<!-- reconciler plan: {quote(workspace[:100], safe='').replace('--', '-%2D')} -->"


def plan_markdown(plan: Plan, names: Names, *, limit: int = LIMIT) -> str:
    """Return the plan in at most `limit` characters. Raises ValueError where these are too few to say anything."""
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"a plan takes at least {SMALLEST_LIMIT} characters")
    page = _Page(limit - _RESERVED)
    page.add("\n".join([marker(plan.workspace), *_sum(plan)]) + "\n")
    by_meeting: dict[str, list[PlannedChange]] = defaultdict(list)
    for planned in plan.changes:
        by_meeting[planned.change.meeting].append(planned)
    left = Counter[str]()
    unread = (_failure(one, names) for one in plan.failures)
    left["failed read"] += page.fill("\n**Not read**, and left as it is:\n\n", unread, share=4)
    left["room"] += page.fill("\n**Rooms**\n\n", _rooms(plan, names), share=4)
    left["warning"] += page.fill("\n**Warnings**\n\n", map(_warning, plan.warnings), share=4)
    head = "\n| Meeting | Title | Create | Update | Cancel | When | Calls |\n|---|---|---:|---:|---:|---|---:|\n"
    left["meeting"] += page.fill(head, (_Row(_meeting(name, of, names)) for name, of in by_meeting.items()), share=3)
    rules = {one.meeting: one for one in plan.rules}
    others = (
        _Row(f"- {_cell(one.meeting)}: {_cell(told_dates(one), _LONG)}")
        for one in plan.rules
        if one.meeting not in by_meeting
    )
    left["rule"] += page.fill("\n**Next dates**\n\n", others, share=4)
    days = (_Row(f"- {_cell(meeting)}: {_cell(told, _LONG)}") for meeting, told in told_days_off(plan.days_off))
    left["day off"] += page.fill("\n**Days off**\n\n", days, share=4)
    for name, changes in by_meeting.items():
        left["change"] += page.fill(
            _opening(name, changes, rules.get(name), until=plan.window_to),
            _details(changes, names),
            closing="\n</details>\n",
        )
    return page.text + _left_out(left)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line; `stands_for` is how many things it tells of."""

    text: str
    stands_for: int = 1


@dataclass(slots=True)
class _Page:
    """Text that grows as long as there is room."""

    limit: int
    parts: list[str] = field(default_factory=list)
    used: int = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.used += len(text)

    def fill(self, opening: str, rows: Iterable[_Row], *, closing: str = "", share: int = 1) -> int:
        """Add rows between `opening` and `closing`, at most a `share`-th of the page; return what these left out."""
        room = min(self.limit - self.used, self.limit // share) - len(opening) - len(closing)
        taken: list[str] = []
        missing, full = 0, False
        for row in rows:
            full = full or len(row.text) + 1 > room
            if full:
                missing += row.stands_for
                continue
            room -= len(row.text) + 1
            taken.append(row.text + "\n")
        if taken:
            self.add(opening + "".join(taken) + closing)
        return missing

    @property
    def text(self) -> str:
        return "".join(self.parts)


def _sum(plan: Plan) -> Iterator[str]:
    unchanged = plan.kept
    told = "Plan (incomplete)" if plan.failures else "Plan"
    counts = f"{plan.count(Action.CREATE)} to create, {plan.count(Action.UPDATE)} to update"
    counts += f", {plan.count(Action.CANCEL)} to cancel, {unchanged} unchanged"
    if not plan.changes:
        are = "occurrence is" if unchanged == 1 else "occurrences are"
        told = "Incomplete" if plan.failures else "Nothing to do"
        counts = f"{unchanged} {are} as declared" if unchanged or plan.failures else "there are no occurrences"
    yield f"**{told}: {counts}.** Workspace {_cell(plan.workspace)}."
    if not plan.changes:
        yield from () if plan.quota is None else ("", _quota(plan.quota, plan.api_calls))
        return
    yield ""
    told = f"Cost: {counted(plan.api_calls, 'API call')}."
    book, release = plan.rooms(Call.ROOMS_BOOK), plan.rooms(Call.ROOMS_RELEASE)
    if book or release:
        told += f" Rooms: {book} to book, {release} to release."
    if messages := sum(planned.notifies for planned in plan.changes):
        people = len(notified(plan.changes))
        told += f" Messages: {messages:,} to {people:,} {'person' if people == 1 else 'people'} invited."
    told += f" Conferences: {looked}." if (looked := told_verification(plan)) else ""
    yield told if plan.quota is None else f"{told} {_quota(plan.quota, plan.api_calls)}"


def _quota(quota: Quota, needed: int) -> str:
    told = f"{quota.used:,} of {quota.limit:,} calls used in {_cell(quota.month)}, {quota.left:,} left"
    return f"**Quota: {told}: too few for this plan.**" if needed > quota.left else f"Quota: {told}."


def _failure(failure: ReadFailure, names: Names) -> _Row:
    hint = f" {_cell(failure.hint, _LONG)}" if failure.hint else ""
    code = f" \\[{_cell(failure.code)}\\]"
    return _Row(f"- {_cell(place_of(failure, names), _LONG)}: {_cell(failure.message, _LONG)}{code}{hint}")


def _rooms(plan: Plan, names: Names) -> Iterator[_Row]:
    for is_error, meeting, told in told_problems(plan.problems, names):
        sign = "**error** " if is_error else ""
        yield _Row(f"- {sign}{_cell(meeting)}: {_cell(told, _LONG)}")
    for room, told in told_pending(plan.pending, names):
        yield _Row(f"- pending: room {_cell(room)} {_cell(told, _LONG)}")


def _warning(warning: str) -> _Row:
    return _Row(f"- {_cell(' — '.join(line.strip() for line in warning.splitlines()), _LONG)}")


def _meeting(name: str, changes: Sequence[PlannedChange], names: Names) -> str:
    actions = Counter(planned.change.action for planned in changes)
    title = title_of_meeting(name, changes, names)
    calls = sum(len(planned.operations) for planned in changes)
    numbers = [str(actions[action] or "") for action in Action]
    return _table_row(_cell(name), _cell(title), *numbers, _cell(_period(changes)), f"{calls:,}")


def _period(changes: Sequence[PlannedChange]) -> str:
    starts = [times[0] for planned in changes if (times := times_of(planned.change)) is not None]
    if not starts:
        return ""
    first, last = day(min(starts)), day(max(starts))
    return first if first == last else f"{first} … {last}"


def _opening(name: str, changes: Sequence[PlannedChange], rule: NextDates | None, *, until: datetime) -> str:
    zone = timezone_of(changes[0].change)
    told = f"{counted(len(changes), 'change')}" + (f", {for_markdown_html(shortened(zone, _SHORT))}" if zone else "")
    told += f"; {meant}" if (meant := summary(changes, until=until)) else ""
    name = for_markdown_html(shortened(for_terminal(name), _SHORT))
    ahead = f"Next: {_cell(told_dates(rule), _LONG)}\n\n" if rule is not None else ""
    return f"\n<details><summary><b>{name}</b>: {told}</summary>\n\n{ahead}| | When | What |\n|---|---|---|\n"


def _details(changes: Sequence[PlannedChange], names: Names) -> Iterator[_Row]:
    """Yield a row for each change; of those that are alike and follow each other, for the first few."""
    zone = timezone_of(changes[0].change)
    blocks = [(planned, _what(planned, names)) for planned in changes]
    for (action, what, _), group in groupby(blocks, key=lambda block: _signature(*block)):
        run = [planned for planned, _ in group]
        shown = run if len(run) <= _SHOWN + 1 else run[:_SHOWN]
        for planned in shown:
            yield _Row(_table_row(_SIGN[action], _cell(_when(planned, zone), _LONG), what))
        if len(shown) < len(run):
            more = len(run) - len(shown)
            last = times_of(run[-1].change)
            until = f", the last on {day(last[0])}" if last is not None else ""
            yield _Row(_table_row(_SIGN[action], f"… and {more} more like these{until}", ""), more)


def _signature(planned: PlannedChange, what: str) -> tuple[Action, str, str]:
    times = times_of(planned.change)
    return planned.change.action, what, span(*times) if times is not None else ""


def _when(planned: PlannedChange, zone: str) -> str:
    times = times_of(planned.change)
    other = timezone_of(planned.change)
    zoned = f" {other}" if other != zone else ""
    return f"{day(times[0])} {span(*times)}{zoned}" if times is not None else planned.change.address


def _what(planned: PlannedChange, names: Names) -> str:
    change = planned.change
    told = [f"{_cell(title_of(change))}: {_cell(change.reason, _LONG)}"]
    if change.action is Action.UPDATE:
        told = [_cell(off, _LONG)] if (off := day_off_of(change)) else []
    return "<br>".join([*told, *(_field(one) for one in told_fields(change, names))])


def _field(told: Told) -> str:
    drift = " **(changed in DingTalk)**" if told.drift else ""
    return f"{_cell(told.label)}: {_cell(told.plain, _LONG)}{drift}"


def _left_out(left: Counter[str]) -> str:
    told = [counted(number, what) for what, number in left.items() if number]
    if not told:
        return ""
    return f"\n_Left out to keep this short: {', '.join(told)}. `reconciler plan` and the JSON document have all._\n"


def _table_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str, limit: int = _SHORT) -> str:
    return for_markdown(shortened(for_terminal(text), limit))
