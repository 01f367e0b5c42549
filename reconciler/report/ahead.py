"""What lies ahead, in words: the next dates of a rule, and what days off take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from reconciler.plan.upcoming import DayOff, NextDates
from reconciler.report.times import clock, day
from reconciler.schedule.rules import parity


def told_dates(rule: NextDates) -> str:
    """Return the next dates, as in `Tue 2026-12-01 10:00, Tue 2026-12-15 10:00`; the rule behind them."""
    dates = ", ".join(f"{day(each)} {clock(each)}" for each in rule.dates) or "none"
    return f"{dates} ({_short(rule.rule)})" if rule.rule else dates


def _short(rule: str) -> str:
    """Return the rule as it is, but for the numbers of all odd or all even weeks."""
    which = parity(rule)
    return re.sub("BYWEEKNO=[0-9,]+", f"{which} weeks", rule) if which else rule


def told_days_off(days: Iterable[DayOff]) -> Iterator[tuple[str, str]]:
    """Yield meeting and what a day off takes of it; what is left out in a row, for the same reason, at once."""

    def alike(one: DayOff) -> tuple[str, str, bool]:
        return one.key.meeting, one.reason, one.moved_to is None

    ordered = sorted(days, key=lambda one: (one.key.meeting, one.start.timestamp()))
    for (meeting, reason, is_left_out), run in groupby(ordered, key=alike):
        together = list(run)
        if is_left_out and len(together) > 1:
            first, last = day(together[0].start), day(together[-1].start)
            yield meeting, f"{len(together)} occurrences from {first} to {last}: {reason}, left out"
            continue
        for one in together:
            what = "left out" if one.moved_to is None else f"moved to {day(one.moved_to)} {clock(one.moved_to)}"
            yield meeting, f"{day(one.start)} {clock(one.start)}: {reason}, {what}"
