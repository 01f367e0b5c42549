"""What `apply` and `destroy` share: a plan is made or read, shown, agreed to, carried out, and its outcome told."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click

from reconciler.apply.applying import Stop
from reconciler.apply.outcome import Outcome
from reconciler.cli import documents
from reconciler.cli.ci import APPLY_FAILED, ROOMS_MISSING
from reconciler.cli.console import progress, show, tell
from reconciler.cli.exits import FAILED, exit_code, only_rooms_missing
from reconciler.cli.interrupt import Interrupted
from reconciler.cli.notify import notify
from reconciler.cli.options import Consent, Globals
from reconciler.cli.planfile import read_plan
from reconciler.cli.planning import names_for, planned, print_text
from reconciler.cli.project import Project, open_project
from reconciler.cli.stopping import stopping
from reconciler.diff.guard import refuse_frozen
from reconciler.dingtalk import Client
from reconciler.errors import NotApproved, ReconcilerError, UsageError
from reconciler.plan.operations import Operation, Plan
from reconciler.plan.policy import refuse_mass_cancellation, refuse_over_quota
from reconciler.report.document import apply_document
from reconciler.report.lines import counted
from reconciler.report.times import lasting
from reconciler.workflow.bookkeeping import remember_look
from reconciler.workflow.carrying import apply_plan, wait_for_approvals
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.people import with_strangers
from reconciler.workflow.saved import check_saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """How a plan is to be carried out. `allow_cancel` None: cancelling is what was asked for."""

    operation: str
    title: str  # of the bar
    ask: str
    consent: Consent
    as_json: bool
    allow_cancel: int | None = None
    saved: Path | None = None
    wait_s: float = 0  # for approvals of rooms


class Ended(NamedTuple):
    """How a run that writes has ended. `reason` is why it failed, in a word, where it did."""

    code: int
    reason: str


def plan_and_apply(question: Question, how: Applying, settings: Globals, project: Project | None = None) -> Ended:
    """Plan, show, ask, carry out, print what came of it. The state is locked all the while.

    `project` is what the settings name, where that was opened already.

    A saved plan has been looked at and agreed to: it is checked against what has moved since, and carried out.
    """
    project = project or open_project(settings)
    if not how.consent.override_freeze:
        refuse_frozen(project.config, project.clock())
    lock = project.store.lock.held(how.operation, now=project.clock(), timeout_s=how.consent.lock_timeout_s)
    with project.client() as client:
        with lock:
            made = _made(question, how, settings, project, client)
            agreed = False
            try:
                agreed = _agreed(made.plan, how)
            finally:
                if not agreed:  # what the look has shown, and cost, is kept all the same
                    look = None if how.saved is not None else made  # to check a plan is no whole look
                    remember_look(project.store, client, now=project.clock(), rooms=made.state.rooms, planned=look)
            if not agreed:
                tell("Nothing was changed.")
                documents.refuse(NotApproved("the plan was not approved"))
                return Ended(FAILED, APPLY_FAILED)
            outcome = _carry_out(made, project, client, settings, how, parallelism=question.parallelism)
            outcome = with_strangers(outcome, project.config, made.people)
        if how.wait_s and outcome.pending and outcome.stopped is None:
            outcome = _wait(made, outcome, project, client, limit_s=how.wait_s)
    _tell(outcome, made, how, settings, project)
    reason = ROOMS_MISSING if only_rooms_missing(made, outcome) else APPLY_FAILED
    return Ended(exit_code(made, outcome), reason)


def _made(question: Question, how: Applying, settings: Globals, project: Project, client: Client) -> Planned:
    """Return the plan to carry out, new or saved, once it is shown."""
    if how.saved is not None:
        plan, ground = read_plan(how.saved)
        made = check_saved(plan, ground, project.config, client, project.store, now=project.clock())
    else:
        made = planned(project, client, question, settings, quiet=how.as_json)
    if not how.as_json:
        print_text(made.plan, names_for(project, made), settings, qps=project.config.provider.qps)
    return made


def _agreed(plan: Plan, how: Applying) -> bool:
    """Return whether a person agrees to the plan, or need not be asked. Raises ReconcilerError where it is unsafe."""
    if how.allow_cancel is not None:
        refuse_mass_cancellation(plan, allowed=how.allow_cancel)
    if not how.consent.ignore_quota:
        refuse_over_quota(plan)
    agreed = how.consent.auto_approve or how.saved is not None
    return confirmed(how.ask, auto_approve=agreed, may_ask=how.consent.may_ask, count=len(plan.changes))


def _tell(outcome: Outcome, made: Planned, how: Applying, settings: Globals, project: Project) -> None:
    """Tell what came of it: the document, the terminal, the group."""
    names = names_for(project, made)
    documents.publish(lambda: apply_document(outcome, made.plan))
    if not how.as_json:
        from reconciler.report.apply_text import apply_text

        allowed = {name: meeting.max_conflicts for name, meeting in project.config.meetings.items()}
        text = apply_text(outcome, made.plan, names, allowed, operation=how.operation)
        show(text, no_color=settings.no_color)
    if outcome.unsaved is not None:
        tell(f"error: {outcome.unsaved.message}\n  {outcome.unsaved.hint}")
    notify(outcome, made.plan, names, operation=how.operation)


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
        f" a look now and then costs {counted(organizers, 'call')}"
    )
    with stopping(stop), client.session.halting(stop.event):
        return wait_for_approvals(
            made, outcome, client, project.store, limit_s=limit_s, clock=project.clock, sleep=sleep
        )
