"""`drift`: what people changed in DingTalk since it was last applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.documents import publish
from reconciler.cli.options import Globals, Selection, global_options, looking_options, option, planning_options

if TYPE_CHECKING:
    from reconciler.config.model import Config
    from reconciler.workflow.drift import Drift

DRIFTED = 2


@click.command("drift")
@planning_options
@option("--adopt", is_flag=True, help="Print the YAML that accepts the drift, as a merge patch of the config.")
@looking_options
@global_options
def command(
    settings: Globals,
    *,
    as_json: bool,
    selection: Selection,
    adopt: bool,
    lock: bool,
    lock_timeout: float,
) -> int:
    """Show what people changed in DingTalk since the last apply. It cannot write there.

    Only what a person edited is drift. With -v it also lists what is not drift: rooms that wait for approval, answers
    to invitations, values of what is not declared, and changes of the config that are not applied yet.

    It locks the state while it looks, because a running apply would look like drift, and remembers there which
    conferences were changed, so that the next plan asks for them. A run that may only read the state uses
    --lock=false; `plan --refresh full` finds the changed conferences as well.

    Exit codes: 0 no drift; 2 drift; 1 an error, or not everything could be read.

    \b
    Examples:
      reconciler drift
      reconciler drift --json | jq '.findings[] | select(.class == "edited")'
      reconciler drift --adopt > patch.yaml
    """
    from reconciler.cli.console import progress, tell
    from reconciler.cli.exits import unread_code
    from reconciler.cli.project import open_project
    from reconciler.diff.drift import has_drift
    from reconciler.errors import UsageError
    from reconciler.workflow.bookkeeping import remember_look
    from reconciler.workflow.drift import look_for_drift
    from reconciler.workflow.looking import Question

    if adopt and as_json:
        raise UsageError("--adopt and --json can't be used together", fix="use one of the two")
    project = open_project(settings)
    question = Question(targets=selection.targets, excluded=selection.excluded, parallelism=selection.parallelism)
    now = project.clock()
    quiet = as_json or adopt
    with project.reader(counts=lock) as reader, project.looking("drift", lock=lock, timeout_s=lock_timeout):
        with progress("Reading DingTalk", no_color=settings.no_color, quiet=quiet) as tick:
            found = look_for_drift(project.config, reader, project.store, question, now=now, progress=tick)
        if lock:
            remember_look(project.store, reader, now=project.clock(), doubted=found.edited)
    if project.store.notice:
        tell(f"warning: {project.store.notice}")
    if as_json:
        from reconciler.report.drift_document import drift_document

        workspace = project.config.workspace
        publish(lambda: drift_document(found.findings, found.seen.failures, workspace=workspace, now=now))
    elif adopt:
        _print_patch(found, project.config)
    else:
        _print_text(found, project.config, settings)
    return unread_code(found.seen.failures) or (DRIFTED if has_drift(found.findings) else 0)


def _print_patch(found: Drift, config: Config) -> None:
    """Print what accepts the drift, and tell what can't be accepted and what could not be read."""
    from reconciler.cli.console import tell
    from reconciler.desired import aliases_of
    from reconciler.diff.accepting import accept
    from reconciler.report.patch_text import patch_text

    acceptance = accept(found.findings, found.seen, config, found.people)
    for left in acceptance.left:
        tell(left)
    aliases = aliases_of(found.people)
    for failure in found.seen.failures:
        tell(f"not read: {failure.place(aliases)}: {failure.message}")
    if acceptance.patch:
        click.echo(patch_text(acceptance.patch), nl=False)


def _print_text(found: Drift, config: Config, settings: Globals) -> None:
    from reconciler.cli.console import show
    from reconciler.report.drift_text import drift_text
    from reconciler.report.names import names_in

    text = drift_text(found.findings, found.seen.failures, names_in(config, found.people), verbose=settings.verbose > 0)
    show(text, no_color=settings.no_color)
