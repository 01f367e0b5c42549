"""After how long a schedule repeats: how far one of its occurrences may move and still be the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from reconciler.schedule.dates import rule_dates
from reconciler.schedule.recurrence import parse_rule

LONGEST: Final = timedelta(days=35)  # a month, by date or by weekday; what is further away is another occurrence
_SAMPLE: Final = timedelta(days=400)
_LEAST_SPAN: Final = timedelta(days=7)  # of a day or two of one week nobody can tell what they repeat
_CLEARLY: Final = 0.9  # of the best step that there is: a date may be skipped


@lru_cache(maxsize=4096)
def period_of_rule(rule: str, start: datetime) -> timedelta:
    """Return after how long the dates of an RRULE value repeat, LONGEST at most; `start`, local, is one of them.

    That they come to an end makes no difference.
    """
    endless = replace(parse_rule(rule), count=None, until=None)
    dates = [*rule_dates(endless, start, ZoneInfo("UTC"), first=start, last=start + _SAMPLE)]
    return period_of(dates) or LONGEST


def period_of(starts: Sequence[datetime]) -> timedelta | None:
    """Return after how many whole days sorted starts come again; None where too few are there to tell, or don't.

    It is the smallest step that takes about as many of them to another one as the best step does. More than half would
    not do: of Mondays and Tuesdays that many have another one a day later. Nor would the gap between neighbours: two
    meetings on one day have a period of a week.
    """
    if not starts or starts[-1] - starts[0] < _LEAST_SPAN:
        return None
    known, hits = set(starts), dict[timedelta, float]()
    for days in range(1, LONGEST.days + 1):
        step = timedelta(days=days)
        could = [start for start in starts if starts[-1] - start >= step]
        if could:
            hits[step] = sum(start + step in known for start in could) / len(could)
    best = max(hits.values())
    return next((step for step, share in hits.items() if share >= _CLEARLY * best), None) if best else None
