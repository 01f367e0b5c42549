"""`destroy`: cancel every future occurrence of this workspace."""

from __future__ import annotations

import click

from reconciler.cli.options import Globals, global_options, writing_options


@click.command("destroy")
@writing_options
@global_options
def command(
    settings: Globals,
    *,
    auto_approve: bool,
    may_ask: bool,
    as_json: bool,
    targets: tuple[str, ...],
    excludes: tuple[str, ...],
    parallelism: int,
    lock_timeout: float,
    ignore_quota: bool,
    override_freeze: bool,
) -> int:
    """Cancel every future occurrence of this workspace: conference and event. What has started is left alone.

    \b
    Examples:
      reconciler destroy
      reconciler destroy --target weekly-sync
    """
    from reconciler.cli.planning import Applying, plan_and_apply
    from reconciler.workflow.looking import Question

    question = Question(destroy=True, targets=frozenset(targets), excluded=frozenset(excludes), parallelism=parallelism)
    how = Applying(
        operation="destroy",
        title="Cancelling",
        ask="Cancel all of these?",
        auto_approve=auto_approve,
        may_ask=may_ask,
        as_json=as_json,
        lock_timeout_s=lock_timeout,
        ignore_quota=ignore_quota,
        override_freeze=override_freeze,
    )
    return plan_and_apply(question, how, settings)
