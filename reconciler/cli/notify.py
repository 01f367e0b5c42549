"""Telling a DingTalk group what an apply did, where the environment names its robot."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from reconciler.apply.outcome import Outcome
from reconciler.cli.console import tell
from reconciler.errors import ReconcilerError
from reconciler.plan.operations import Plan
from reconciler.report.names import Names
from reconciler.runs import job_url


def notify(outcome: Outcome, plan: Plan, names: Names, *, operation: str) -> None:
    """Send a message if something happened. That it can't be sent is a warning: what was done is done."""
    from reconciler.dingtalk.robot import robot_from_environment
    from reconciler.report.robot_markdown import robot_message

    try:
        robot = robot_from_environment(os.environ)
        message = robot_message(outcome, plan, names, operation=operation, job=job_url(os.environ))
        if robot is not None and message is not None:
            # The signature is valid for an hour by the real clock, whatever --now says.
            robot.send(message.title, message.markdown, now=datetime.now(UTC))
    except ReconcilerError as error:
        tell(f"warning: the DingTalk group was not told: {error}")
