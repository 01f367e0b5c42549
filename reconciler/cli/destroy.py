"""`destroy`: cancel every future occurrence of this workspace."""

from __future__ import annotations

import click

from reconciler.cli.options import Globals, global_options, option


@click.command("destroy")
@option("-y", "--auto-approve", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@option("--target", "targets", multiple=True, metavar="MEETING", help="Only this meeting; may be repeated.")
@option("--parallelism", type=click.IntRange(1, 64), default=16, show_default=True, help="Calls at a time.")
@global_options
def command(settings: Globals, *, auto_approve: bool, as_json: bool, targets: tuple[str, ...], parallelism: int) -> int:
    """Cancel every future occurrence of this workspace, conference and event. What has started is left alone.

    \b
    Examples:
      reconciler destroy
      reconciler destroy --target weekly-sync
    """
    from reconciler.cli.planning import carry_out, confirmed, declined, planned, show_plan
    from reconciler.cli.project import open_project
    from reconciler.workflow import Question

    project = open_project(settings)
    question = Question(destroy=True, targets=frozenset(targets), parallelism=parallelism)
    with project.client() as client:
        made = planned(project, client, question, settings, quiet=as_json)
        if not as_json:
            show_plan(made, project, settings, as_json=False)
        if not confirmed("Cancel all of these?", auto_approve=auto_approve, count=len(made.plan.changes)):
            return declined()
        return carry_out(made, project, client, settings, parallelism=parallelism, as_json=as_json)
