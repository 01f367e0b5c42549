"""`apply`: make DingTalk be as the config says."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from reconciler.cli.options import (
    Consent,
    Globals,
    Seconds,
    Selection,
    brief_options,
    ci_outputs_option,
    foresight_option,
    global_options,
    json_into_option,
    option,
    refresh_option,
    writing_options,
)
from reconciler.errors import UsageError


@click.command("apply")
@click.argument("planfile", required=False, type=click.Path(path_type=Path, dir_okay=False))
@writing_options
@option("--allow-cancel", type=click.IntRange(0), default=0, metavar="N", help="Agree to N cancellations in this run.")
@refresh_option
@foresight_option
@option(
    "--wait",
    type=Seconds(),
    default="0s",
    metavar="DURATION",
    help="Wait up to this long for approvals of rooms. Each look costs a call for each organiser.",
)
@ci_outputs_option
@json_into_option
@global_options
@brief_options
def command(
    settings: Globals,
    *,
    planfile: Path | None,
    consent: Consent,
    selection: Selection,
    as_json: bool,
    refresh: str,
    foresight: bool,
    allow_cancel: int,
    wait: float,
    ci_outputs: bool,
) -> int:
    """Make DingTalk match the config: plan, ask, carry out. A second apply finds nothing to do.

    With PLANFILE, made by `plan --out`, it carries out exactly that plan without asking, or refuses and says what has
    changed since. What to plan was said when it was made: --target, --exclude, --refresh and --foresight are refused
    beside it.

    If more than 10 and more than 30 % of the future occurrences would be cancelled, it refuses unless --allow-cancel
    names that many.

    \b
    Examples:
      reconciler apply
      reconciler apply -y --json
      reconciler plan --out plan.json && reconciler apply plan.json
    """
    from reconciler.cli.ahead import logged_in_ahead

    if planfile is not None:
        _refuse_planning()
    with logged_in_ahead(settings, override_freeze=consent.override_freeze) as project:
        from reconciler.cli.applying import Applying, plan_and_apply
        from reconciler.cli.ci import Told
        from reconciler.observe import Refresh
        from reconciler.workflow.looking import Question

        question = Question(
            refresh=Refresh(refresh),
            targets=selection.targets,
            excluded=selection.excluded,
            foresight=foresight,
            parallelism=selection.parallelism,
        )
        how = Applying(
            operation="apply",
            title="Applying",
            ask="Apply these changes?",
            consent=consent,
            as_json=as_json,
            allow_cancel=allow_cancel,
            saved=planfile,
            wait_s=wait,
        )
        told = Told(annotate=False, outputs=ci_outputs, document=as_json, planning=False)
        with told.failing():
            ended = plan_and_apply(question, how, settings, project)
        told.tell_code(ended.code, ended.reason)
        return ended.code


def _refuse_planning() -> None:
    """Raise UsageError where the line says what to plan: a saved plan is done as it is. Variables may be for `plan`."""
    context = click.get_current_context()
    for name in ("targets", "excludes", "refresh", "foresight"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = next(one.opts[0] for one in context.command.params if one.name == name)
            raise UsageError(
                f"{flag} says what to plan, and the plan is made already",
                fix=f"leave {flag} out, or give it to the `plan` that saves the file",
            )
