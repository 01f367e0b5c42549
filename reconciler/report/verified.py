"""How much of what a plan says was asked for just now, and how old the rest is."""

from __future__ import annotations

from datetime import timedelta

from reconciler.plan.operations import Plan
from reconciler.report.lines import counted


def told_verification(plan: Plan) -> str:
    """Return as in `2 checked now, 6 as they were up to 3 h ago`; "" where all were checked."""
    looked = plan.verification
    if not looked.presumed:
        return ""
    since = "not checked" if looked.presumed == 1 else "not all checked before"
    if looked.oldest is not None:
        since = f"as they were {_age(plan.generated_at - looked.oldest)} ago"
    return f"{looked.asked:,} checked now, {looked.presumed:,} {since}"


def _age(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 2:  # noqa: PLR2004  # said as people say it
        return "a moment"
    if minutes < 2 * 60:
        return f"up to {minutes} min"
    hours = minutes // 60
    return f"up to {hours} h" if hours < 2 * 24 else f"up to {counted(hours // 24, 'day')}"
