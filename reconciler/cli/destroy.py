"""`destroy`: cancel every future occurrence of this workspace."""

from __future__ import annotations

import click

from reconciler.cli.options import Consent, Globals, Selection, global_options, writing_options


@click.command("destroy")
@writing_options
@global_options
def command(
    settings: Globals,
    *,
    consent: Consent,
    selection: Selection,
    as_json: bool,
) -> int:
    """Cancel every future occurrence of this workspace: conference and event. What has started is left alone.

    \b
    Examples:
      reconciler destroy
      reconciler destroy --target weekly-sync
    """
    from reconciler.cli.applying import Applying, plan_and_apply
    from reconciler.workflow.looking import Question

    question = Question(
        destroy=True,
        targets=selection.targets,
        excluded=selection.excluded,
        parallelism=selection.parallelism,
    )
    how = Applying(
        operation="destroy", title="Cancelling", ask="Cancel all of these?", consent=consent, as_json=as_json
    )
    return plan_and_apply(question, how, settings).code
