"""Which old occurrence of a meeting a new one is, when its schedule was changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

_PERIOD_OF_ONE: Final = timedelta(days=7)
_LONGEST_PERIOD_DAYS: Final = 35  # a month, by date or by weekday; what is further away is another occurrence


def match(old: Sequence[datetime], new: Sequence[datetime]) -> dict[datetime, datetime]:
    """Return new original → old original, both naive local starts of one meeting, in the order of the new ones.

    The same start first; of what is left as many as can be, none by a period or more, and of those matchings the one
    that moves least in total. A meeting with a single occurrence on either side moves however far. No old start
    comes twice, and the order of the arguments does not matter.
    """
    before, after = sorted(set(old)), sorted(set(new))
    if len(before) == len(after) == 1:
        return {after[0]: before[0]}
    found = {start: start for start in after if start in set(before)}
    olds, news = _left(before, found.values()), _left(after, found)
    if olds and news:
        period = min(filter(None, (_period(before), _period(after))), default=_PERIOD_OF_ONE)
        for some_olds, some_news in _clusters(olds, news, period):
            found |= _nearest(some_olds, some_news, period)
    return dict(sorted(found.items()))


def _left(starts: Iterable[datetime], taken: Iterable[datetime]) -> list[datetime]:
    gone = set(taken)
    return [start for start in starts if start not in gone]


def _period(starts: Sequence[datetime]) -> timedelta | None:
    """Return after how many whole days most of these sorted starts come again, None where they don't within weeks.

    The gap between neighbours would not do: two meetings on one day, or Monday and Wednesday, have a period of a week.
    """
    known = set(starts)
    for days in range(1, _LONGEST_PERIOD_DAYS + 1):
        period = timedelta(days=days)
        could = [start for start in starts if start + period <= starts[-1]]
        if not could:
            return None
        if 2 * sum(start + period in known for start in could) > len(could):
            return period
    return None


def _clusters(
    old: Sequence[datetime], new: Sequence[datetime], period: timedelta
) -> Iterator[tuple[list[datetime], list[datetime]]]:
    """Yield groups between which nothing can match, so that each is settled by itself."""
    everyone = sorted([(start, False) for start in old] + [(start, True) for start in new])
    olds: list[datetime] = []
    news: list[datetime] = []
    for (start, is_new), following in zip_longest(everyone, everyone[1:]):
        (news if is_new else olds).append(start)
        if following is None or following[0] - start >= period:
            yield olds, news
            olds, news = [], []


def _nearest(old: Sequence[datetime], new: Sequence[datetime], period: timedelta) -> dict[datetime, datetime]:
    """Return the matching in order that keeps most, and of those the one that moves least.

    Some matching that moves least is in order: two pairs that cross move no less than the two that don't.
    """
    # best[i][j]: pairs among old[i:] and new[j:], and by how much they move, negated so that more is better
    nothing = (0, timedelta())
    best = [[nothing] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            distance = abs(old[i] - new[j])
            if distance < period:
                pairs, moved = best[i + 1][j + 1]
                best[i][j] = max(best[i][j], (pairs + 1, moved - distance))
    found: dict[datetime, datetime] = {}
    i = j = 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            found[new[j]] = old[i]
            i, j = i + 1, j + 1
    return found
