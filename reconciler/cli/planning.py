"""What commands with a plan share: making it with a progress bar, and showing it."""

from __future__ import annotations

from reconciler.cli import documents
from reconciler.cli.console import progress, show, tell
from reconciler.cli.files import print_utf8
from reconciler.cli.options import Globals
from reconciler.cli.project import Project
from reconciler.dingtalk import Client
from reconciler.plan.operations import Plan
from reconciler.report.document import plan_document
from reconciler.report.names import Names, names_in
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan


def planned(project: Project, client: Client, question: Question, settings: Globals, *, quiet: bool) -> Planned:
    """Return the plan for `question`, telling how the reading goes."""
    with progress("Reading DingTalk", no_color=settings.no_color, quiet=quiet or settings.concise) as tick:
        made = make_plan(project.config, client, project.store, question, now=project.clock(), progress=tick)
    if project.store.notice:
        tell(f"warning: {project.store.notice}")
    return made


def names_for(project: Project, made: Planned) -> Names:
    """Return people and rooms as the config calls them."""
    return names_in(project.config, made.people)


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
