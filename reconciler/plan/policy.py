"""What a plan must not do unasked. Policies take a plan and refuse it, or say nothing."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime

from reconciler.beijing import BEIJING
from reconciler.config.model import Verify
from reconciler.diff.change import Action
from reconciler.errors import QuotaTooSmall, UnsafePlan
from reconciler.plan.operations import Plan, Quota

FEW = 10  # so many cancellations are never refused
SHARE = 0.3  # of the future occurrences
PACE = 0.9  # of the monthly quota, evenly over the month
MINUTES_A_DAY = 24 * 60


def refuse_mass_cancellation(plan: Plan, *, allowed: int = 0) -> None:
    """Raise UnsafePlan where more than 10 and more than 30 % of the future occurrences would be cancelled.

    That is what an emptied file or a lost folder looks like. `allowed` is how many a person has agreed to.
    """
    if told := mass_cancellation(plan, allowed=allowed):
        agreed = f"if you mean it, add --allow-cancel {cancellations(plan)}"
        raise UnsafePlan(told, fix=f"{agreed}; if not, check what is missing from the config")


def mass_cancellation(plan: Plan, *, allowed: int = 0) -> str:
    """Return what an apply will refuse about how many occurrences the plan cancels, "" where it won't."""
    cancelled = cancellations(plan)
    future = plan.kept + plan.count(Action.UPDATE) + cancelled
    refused = cancelled > max(FEW, allowed) and cancelled > SHARE * future
    return f"this would cancel {cancelled} of {future} future occurrences" if refused else ""


def foretold_refusal(plan: Plan) -> tuple[str, ...]:
    """Return the warning of a plan that an apply will refuse for all that it cancels, none where it won't."""
    told = mass_cancellation(plan)
    return (f"{told}\n  apply refuses without --allow-cancel {cancellations(plan)}",) if told else ()


def refuse_over_quota(plan: Plan) -> None:
    """Raise QuotaTooSmall where the calls that are left of this month don't suffice for the plan."""
    quota = plan.quota
    if quota is not None and plan.api_calls > quota.left:
        raise QuotaTooSmall(
            f"this takes {plan.api_calls} calls, and {quota.left} of {quota.limit} are left in {quota.month}",
            fix="narrow it with --target, wait for the next month, buy calls, or add --ignore-quota",
        )


def verification_budget(verify: Verify, quota: Quota, now: datetime) -> int:
    """Return how many calls may go into looking after conferences now, of those that the config allows for a run.

    The quota is the whole organisation's: a run that comes often must not use it up by looking. What is left for it
    grows with the month; the first day counts whole.
    """
    now = now.astimezone(BEIJING)
    days = monthrange(now.year, now.month)[1]
    gone = max(1.0, now.day - 1 + (now.hour * 60 + now.minute) / MINUTES_A_DAY) / days
    return max(0, min(verify.budget, int(quota.limit * PACE * gone) - quota.used))


def cancellations(plan: Plan) -> int:
    """Return how many occurrences end for their people: not those that are booked again, nor superfluous copies."""
    changes = [planned.change for planned in plan.changes]
    again = {change.address for change in changes if change.action is Action.CREATE}
    return sum(
        change.action is Action.CANCEL and not change.duplicate and change.address not in again for change in changes
    )
