"""`apply`: make DingTalk be as the config says."""

from __future__ import annotations

import click

from reconciler.cli.options import Globals, global_options, option
from reconciler.observe import Refresh


@click.command("apply")
@option("-y", "--auto-approve", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@option("--target", "targets", multiple=True, metavar="MEETING", help="Only this meeting; may be repeated.")
@option(
    "--refresh",
    type=click.Choice([one.value for one in Refresh]),
    default=Refresh.AUTO.value,
    show_default=True,
    help="How much to ask of DingTalk before.",
)
@option("--parallelism", type=click.IntRange(1, 64), default=16, show_default=True, help="Calls at a time.")
@global_options
def command(
    settings: Globals,
    *,
    auto_approve: bool,
    as_json: bool,
    targets: tuple[str, ...],
    refresh: str,
    parallelism: int,
) -> int:
    """Make DingTalk be as the config says: plan, ask, carry out. A second apply finds nothing to do.

    \b
    Examples:
      reconciler apply
      reconciler apply -y --json
    """
    from reconciler.cli.planning import carry_out, confirmed, declined, planned, show_plan
    from reconciler.cli.project import open_project
    from reconciler.workflow import Question

    project = open_project(settings)
    question = Question(refresh=Refresh(refresh), targets=frozenset(targets), parallelism=parallelism)
    with project.client() as client:
        made = planned(project, client, question, settings, quiet=as_json)
        if not as_json:
            show_plan(made, project, settings, as_json=False)
        if not confirmed("Apply these changes?", auto_approve=auto_approve, count=len(made.plan.changes)):
            return declined()
        return carry_out(made, project, client, settings, parallelism=parallelism, as_json=as_json)
