"""What `plan`, `apply` and `destroy` share: making a plan with a progress bar, showing it, carrying it out."""

from __future__ import annotations

import sys

import click

from reconciler.cli.console import progress, show, tell
from reconciler.cli.options import Globals
from reconciler.cli.project import Project
from reconciler.dingtalk import Client
from reconciler.errors import ReconcilerError, UsageError
from reconciler.operations import Operation
from reconciler.outcome import Outcome, Status
from reconciler.report.document import apply_document, dump, plan_document
from reconciler.report.names import Names
from reconciler.workflow import Planned, Question, apply_plan, make_plan

FAILED, DEFERRED = 1, 3


def planned(project: Project, client: Client, question: Question, settings: Globals, *, quiet: bool) -> Planned:
    """Return the plan for `question`, telling how the reading goes."""
    with progress("Reading DingTalk", no_color=settings.no_color, quiet=quiet) as tick:
        return make_plan(project.config, client, project.store, question, now=project.clock(), progress=tick)


def show_plan(made: Planned, project: Project, settings: Globals, *, as_json: bool) -> None:
    """Print the plan to stdout."""
    if as_json:
        click.echo(dump(plan_document(made.plan)), nl=False)
        return
    from reconciler.report.plan_text import plan_text

    names = names_for(project, made)
    text = plan_text(made.plan, names, qps=project.config.provider.qps, verbose=settings.verbose > 0)
    show(text, no_color=settings.no_color)


def names_for(project: Project, made: Planned) -> Names:
    """Return people and rooms as the config calls them."""
    rooms = {room.id: room.alias for room in project.config.rooms.values()}
    return Names(people={union_id: alias for alias, union_id in made.people.items()}, rooms=rooms)


def confirmed(question: str, *, auto_approve: bool, count: int) -> bool:
    """Return whether a person agrees. Raises UsageError where nobody can be asked."""
    if auto_approve or count == 0:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask for approval", fix="look at `plan`, then run with -y")
    answer = click.prompt(f"{question}\nOnly 'yes' will be accepted", default="no", show_default=False, err=True)
    return bool(answer.strip() == "yes")


def carry_out(
    made: Planned, project: Project, client: Client, settings: Globals, *, parallelism: int, as_json: bool
) -> int:
    """Apply the plan, print what came of it, and return the exit code."""
    total = made.plan.api_calls
    done = 0
    with progress("Applying", no_color=settings.no_color, quiet=as_json) as tick:

        def ended(operation: Operation, error: ReconcilerError | None, /) -> None:
            nonlocal done
            done += 1
            tick(done, total, "" if error is None else f"{operation.call}: {error.what}")

        outcome = apply_plan(made, client, project.store, clock=project.clock, parallelism=parallelism, progress=ended)
    if as_json:
        click.echo(dump(apply_document(outcome, made.plan)), nl=False)
    else:
        from reconciler.report.apply_text import apply_text

        show(apply_text(outcome, made.plan), no_color=settings.no_color)
    return exit_code(made, outcome)


def exit_code(made: Planned, outcome: Outcome) -> int:
    """Return 1 where anything failed or could not be read, 3 where a limit put something off, else 0."""
    if made.plan.failures or outcome.count(Status.FAILED):
        return FAILED
    return DEFERRED if outcome.count(Status.DEFERRED) else 0


def declined() -> int:
    """Say that nothing was done."""
    tell("Nothing was changed.")
    return FAILED
