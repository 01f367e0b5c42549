"""What `plan`, `apply` and `destroy` share: making a plan with a progress bar, showing it, carrying it out."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from reconciler.apply.applying import Stop
from reconciler.apply.outcome import Failure, Outcome, Status
from reconciler.cli import documents
from reconciler.cli.console import progress, show, tell
from reconciler.cli.files import print_utf8, unwritable
from reconciler.cli.interrupt import SIGNALS, Interrupted
from reconciler.cli.notify import notify
from reconciler.cli.options import Globals
from reconciler.cli.project import Project, open_project
from reconciler.diff.guard import refuse_frozen
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import QuotaExhausted
from reconciler.errors import NotApproved, PlanUnreadable, ReconcilerError, StateError, UsageError
from reconciler.plan.operations import NO_ROOM, Operation, Plan
from reconciler.plan.policy import refuse_mass_cancellation, refuse_over_quota
from reconciler.report.document import apply_document, plan_document
from reconciler.report.lines import counted
from reconciler.report.names import Names
from reconciler.report.times import lasting
from reconciler.workflow.bookkeeping import remember_look
from reconciler.workflow.carrying import apply_plan, wait_for_approvals
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan
from reconciler.workflow.saved import check_saved

FAILED, DEFERRED = 1, 3
ROOMS_MISSING = "rooms-missing"  # why a run fails, where it is that alone
STOPPED = {"SIGINT": 130, "SIGTERM": 143}


def planned(project: Project, client: Client, question: Question, settings: Globals, *, quiet: bool) -> Planned:
    """Return the plan for `question`, telling how the reading goes."""
    with progress("Reading DingTalk", no_color=settings.no_color, quiet=quiet or settings.concise) as tick:
        made = make_plan(project.config, client, project.store, question, now=project.clock(), progress=tick)
    if project.store.notice:
        tell(f"warning: {project.store.notice}")
    return made


def names_for(project: Project, made: Planned) -> Names:
    """Return people and rooms as the config calls them."""
    rooms = {room.id: room.alias for room in project.config.rooms.values()}
    titles = {name: meeting.title for name, meeting in project.config.meetings.items()}
    people = {union_id: alias for alias, union_id in made.people.items()}
    return Names(people=people, rooms=rooms, titles=titles, aliases=made.people)


def shown(plan: Plan, names: Names, *, hide_people: bool) -> tuple[Plan, Names]:
    """Return a plan and the names to show it with: as they are, or so that they name nobody."""
    if not hide_people:
        return plan, names
    from reconciler.report.hiding import without_people

    return without_people(plan, names)


def print_plan(
    plan: Plan, names: Names, settings: Globals, *, qps: int, as_json: bool, markdown_limit: int | None = None
) -> None:
    """Print a plan to stdout, new or saved. A `markdown_limit`, in characters, asks for Markdown."""
    documents.publish(lambda: plan_document(plan))
    if not as_json:
        print_text(plan, names, settings, qps=qps, markdown_limit=markdown_limit)


def print_text(plan: Plan, names: Names, settings: Globals, *, qps: int, markdown_limit: int | None = None) -> None:
    """Print a plan to stdout for people: as text, or as Markdown where there is a `markdown_limit`."""
    if markdown_limit is not None:
        from reconciler.report.plan_markdown import plan_markdown

        print_utf8(plan_markdown(plan, names, limit=markdown_limit))
        return
    from reconciler.report.plan_text import plan_text

    text = plan_text(
        plan,
        names,
        qps=qps,
        verbose=settings.verbose > 0,
        compact_warnings=settings.compact_warnings,
        concise=settings.concise,
    )
    show(text, no_color=settings.no_color)


def save_plan(made: Planned, project: Project, path: Path, *, refresh: str) -> None:
    """Write the plan to `path`, readable by nobody else: whole, or not at all."""
    from reconciler.plan.file import dumps
    from reconciler.plan.staying import touches_rooms
    from reconciler.state.lines import parted

    state = project.store.load()
    settled = parted(state.entries, made.settled.meetings)[0].values() if touches_rooms(made.plan) else ()
    text = dumps(made.plan, config=project.config, people=made.people, state=state, refresh=refresh, settled=settled)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise unwritable("the plan", path, error) from error


def read_plan(path: Path) -> tuple[Plan, dict[str, Any]]:
    """Return a saved plan and what it was made from. Raises PlanUnreadable, also where others could have written it."""
    from reconciler.plan.file import loads
    from reconciler.state.folder import check_file

    try:
        check_file(path)
        text = path.read_text(encoding="utf-8")
    except StateError as error:
        raise PlanUnreadable(error.what, where=error.where, fix=error.fix) from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        fix = "name a file that `plan --out FILE` wrote"
        raise PlanUnreadable(f"the plan can't be read: {why}", where=str(path), fix=fix) from error
    return loads(text, where=str(path))


def confirmed(
    question: str, *, auto_approve: bool, may_ask: bool, count: int, fix: str = "check the plan, then run with -y"
) -> bool:
    """Return whether a person agrees. Raises UsageError, with `fix`, where nobody can be asked, or may be."""
    if auto_approve or count == 0:
        return True
    if not may_ask:
        raise UsageError("this needs approval, and --input=false never asks", fix=fix)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask for approval", fix=fix)
    try:
        answer = click.prompt(f"{question}\nOnly 'yes' will be accepted", default="no", show_default=False, err=True)
    except (click.Abort, Interrupted):
        click.echo(err=True)  # what is told next begins a line
        raise
    return bool(answer.strip() == "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """How a plan is to be carried out. `allow_cancel` None: cancelling is what was asked for."""

    operation: str
    title: str  # of the bar
    ask: str
    auto_approve: bool
    may_ask: bool
    as_json: bool
    lock_timeout_s: float
    allow_cancel: int | None = None
    saved: Path | None = None
    ignore_quota: bool = False
    override_freeze: bool = False
    wait_s: float = 0  # for approvals of rooms


def plan_and_apply(
    question: Question,
    how: Applying,
    settings: Globals,
    project: Project | None = None,
    why: Callable[[str], None] = lambda _reason: None,
) -> int:
    """Plan, show, ask, carry out, print what came of it; return the exit code. The state is locked all the while.

    `project` is what the settings name, where that was opened already. `why` is told the reason of a failure, in a
    word, where it is a particular one.

    A saved plan has been looked at and agreed to: it is checked against what has moved since, and carried out.
    """
    project = project or open_project(settings)
    if not how.override_freeze:
        refuse_frozen(project.config, project.clock())
    lock = project.store.lock.held(how.operation, now=project.clock(), timeout_s=how.lock_timeout_s)
    with project.client() as client:
        with lock:
            if how.saved is not None:
                plan, ground = read_plan(how.saved)
                made = check_saved(plan, ground, project.config, client, project.store, now=project.clock())
            else:
                made = planned(project, client, question, settings, quiet=how.as_json)
            if not how.as_json:
                print_text(made.plan, names_for(project, made), settings, qps=project.config.provider.qps)
            agreed = False
            try:
                agreed = _agreed(made, how)
            finally:
                if not agreed:  # what the look has shown, and cost, is kept all the same
                    remember_look(project.store, client, now=project.clock(), rooms=made.state.rooms, planned=made)
            if not agreed:
                tell("Nothing was changed.")
                documents.refuse(NotApproved("the plan was not approved"))
                return FAILED
            outcome = _carry_out(made, project, client, settings, how, parallelism=question.parallelism)
        if how.wait_s and outcome.pending and outcome.stopped is None:
            outcome = _wait(made, outcome, project, client, limit_s=how.wait_s)
    documents.publish(lambda: apply_document(outcome, made.plan))
    if not how.as_json:
        from reconciler.report.apply_text import apply_text

        allowed = {name: meeting.max_conflicts for name, meeting in project.config.meetings.items()}
        text = apply_text(outcome, made.plan, names_for(project, made), allowed, operation=how.operation)
        show(text, no_color=settings.no_color)
    if outcome.unsaved is not None:
        tell(f"error: {outcome.unsaved.message}\n  {outcome.unsaved.hint}")
    notify(outcome, made.plan, names_for(project, made), operation=how.operation)
    if only_rooms_missing(made, outcome):
        why(ROOMS_MISSING)
    return exit_code(made, outcome)


def _agreed(made: Planned, how: Applying) -> bool:
    """Return whether the plan may be carried out. Raises ReconcilerError where it is refused or nobody can be asked."""
    if how.allow_cancel is not None:
        refuse_mass_cancellation(made.plan, allowed=how.allow_cancel)
    if not how.ignore_quota:
        refuse_over_quota(made.plan)
    auto = how.auto_approve or how.saved is not None
    return confirmed(how.ask, auto_approve=auto, may_ask=how.may_ask, count=len(made.plan.changes))


def _carry_out(
    made: Planned, project: Project, client: Client, settings: Globals, how: Applying, *, parallelism: int
) -> Outcome:
    stop, total, done = Stop(), made.plan.api_calls, 0
    with (
        stopping(stop),
        progress(how.title, no_color=settings.no_color, quiet=how.as_json or settings.concise) as tick,
    ):

        def ended(operation: Operation, error: ReconcilerError | None, /) -> None:
            nonlocal done
            done += 1
            tick(done, total, "" if error is None else f"{operation.call}: {error.what}")

        return apply_plan(
            made, client, project.store, clock=project.clock, parallelism=parallelism, stop=stop, progress=ended
        )


def _wait(made: Planned, outcome: Outcome, project: Project, client: Client, *, limit_s: float) -> Outcome:
    """Wait until all rooms are approved or declined, at most `limit_s` seconds, or until a signal asks to stop."""
    stop = Stop()

    def sleep(seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not stop.requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 1))
        return not stop.requested

    organizers = len({one.organizer for one in outcome.pending})
    tell(
        f"waiting for the approval of {counted(len(outcome.pending), 'room')}, {lasting(limit_s)} at most;"
        f" a look now and then costs {organizers} {'call' if organizers == 1 else 'calls'}"
    )
    with stopping(stop), client.session.halting(stop.event):
        return wait_for_approvals(
            made, outcome, client, project.store, limit_s=limit_s, clock=project.clock, sleep=sleep
        )


def exit_code(made: Planned, outcome: Outcome) -> int:
    """Return 1 where anything failed, was declined, could not be read or not be saved, else 0.

    3 where nothing but a limit put something off.
    A run that a signal stopped ends as shells expect it: 130 for SIGINT, 143 for SIGTERM.
    """
    if outcome.stopped is not None and outcome.stopped.code in STOPPED:
        return STOPPED[outcome.stopped.code]
    if outcome.count(Status.FAILED) or outcome.unsaved is not None or outcome.declined:
        return FAILED
    return reading_code(made) or (DEFERRED if outcome.count(Status.DEFERRED) else 0)


def only_rooms_missing(made: Planned, outcome: Outcome) -> bool:
    """Return whether nothing is wrong but that more rooms are missing than the config bears."""
    failed = {one.error.code for one in outcome.results if one.status is Status.FAILED and one.error is not None}
    rooms = any(problem.is_error for problem in made.plan.problems) or bool(failed)
    else_ = outcome.unsaved is not None or outcome.declined or outcome.stopped is not None or made.plan.failures
    return rooms and failed <= {NO_ROOM} and not else_


def reading_code(made: Planned) -> int:
    """Return 1 where anything could not be read or more rooms are missing than the config bears, else 0.

    3 where nothing but the monthly quota stood in the way.
    """
    if any(problem.is_error for problem in made.plan.problems):
        return FAILED
    codes = {failure.code for failure in made.plan.failures}
    return (DEFERRED if codes == {QuotaExhausted.code} else FAILED) if codes else 0


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the run after the calls in flight; a second SIGINT stops it at once."""

    def ask(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if stop.requested:
            os._exit(STOPPED[name])  # the journal knows what was under way
        stop.request(Failure(code=name, message=f"stopped by {name}", hint="the next run continues"))
        tell(f"{name}: finishing the calls in flight; a second Ctrl-C stops at once")

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
