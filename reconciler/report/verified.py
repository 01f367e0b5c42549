"""How much of what a plan says was asked for just now, and how old the rest is."""

from __future__ import annotations

from datetime import timedelta

from reconciler.operations import Plan
from reconciler.report.lines import counted


def told_verification(plan: Plan) -> str:
    """Return as in `2 asked for, 6 taken as they were left, up to 3 h ago`; "" where all were asked for."""
    looked = plan.verification
    if not looked.presumed:
        return ""
    since = "some of them never looked at"
    if looked.oldest is not None:
        since = f"up to {_age(plan.generated_at - looked.oldest)} ago"
    return f"{looked.asked:,} asked for, {looked.presumed:,} taken as they were left, {since}"


def _age(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 2 * 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 2 * 24 else counted(hours // 24, "day")
