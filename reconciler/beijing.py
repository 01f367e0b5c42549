"""DingTalk's days and months: they begin at midnight in Beijing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))  # all year round


def beijing_month(moment: datetime) -> str:
    """Return the month (YYYY-MM) of the quota that a call at `moment`, aware, counts in."""
    return moment.astimezone(BEIJING).strftime("%Y-%m")


def beijing_day(moment: datetime) -> str:
    """Return the day (YYYY-MM-DD) of the limit of events that one made at `moment`, aware, counts in."""
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d")
