"""Exit codes: how a run says to a shell what came of it."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.apply.outcome import Outcome, Status
from reconciler.cli.interrupt import STOPPED
from reconciler.dingtalk.errors import QuotaExhausted
from reconciler.model.observed import ReadFailure
from reconciler.plan.operations import NO_ROOM
from reconciler.workflow.looking import Planned

FAILED, PENDING, DEFERRED = 1, 2, 3


def exit_code(made: Planned, outcome: Outcome) -> int:
    """Return 1 where anything failed, was declined, could not be read or not be saved, else 0.

    3 where nothing but a limit put something off.
    A run that a signal stopped ends as shells expect it: 130 for SIGINT, 143 for SIGTERM.
    """
    if outcome.stopped is not None and outcome.stopped.code in STOPPED:
        return STOPPED[outcome.stopped.code]
    if outcome.count(Status.FAILED) or outcome.unsaved is not None or outcome.declined:
        return FAILED
    return reading_code(made) or (DEFERRED if outcome.count(Status.DEFERRED) else 0)


def only_rooms_missing(made: Planned, outcome: Outcome) -> bool:
    """Return whether nothing is wrong but that more rooms are missing than the config bears."""
    failed = {one.error.code for one in outcome.results if one.status is Status.FAILED and one.error is not None}
    rooms = any(problem.is_error for problem in made.plan.problems) or bool(failed)
    else_ = outcome.unsaved is not None or outcome.declined or outcome.stopped is not None or made.plan.failures
    return rooms and failed <= {NO_ROOM} and not else_


def reading_code(made: Planned) -> int:
    """Return 1 where anything could not be read or more rooms are missing than the config bears, else 0.

    3 where nothing but the monthly quota stood in the way.
    """
    if any(problem.is_error for problem in made.plan.problems):
        return FAILED
    return unread_code(made.plan.failures)


def unread_code(failures: Iterable[ReadFailure]) -> int:
    """Return 1 where anything could not be read, else 0; 3 where nothing but the monthly quota stood in the way."""
    codes = {failure.code for failure in failures}
    return (DEFERRED if codes == {QuotaExhausted.code} else FAILED) if codes else 0
