"""Which old occurrence of a meeting a new one is, when its schedule was changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise, zip_longest
from typing import Final

_PERIOD_OF_ONE: Final = timedelta(days=7)


def match(old: Sequence[datetime], new: Sequence[datetime]) -> dict[datetime, datetime]:
    """Return new original → old original, both naive local starts of one meeting, in the order of the new ones.

    The same start first; else the same date, in order of time; else what is near, in order and within half a
    period: as many as can be, and of those matchings the one that moves least. No old start comes twice, and the
    order of the arguments does not matter.
    """
    before, after = sorted(set(old)), sorted(set(new))
    found = {start: start for start in after if start in set(before)}
    found |= _same_date(_left(before, found.values()), _left(after, found))
    reach = _period(before, after) / 2
    for olds, news in _clusters(_left(before, found.values()), _left(after, found), reach):
        found |= _nearest(olds, news, reach)
    return dict(sorted(found.items()))


def _left(starts: Iterable[datetime], taken: Iterable[datetime]) -> list[datetime]:
    gone = set(taken)
    return [start for start in starts if start not in gone]


def _same_date(old: Sequence[datetime], new: Sequence[datetime]) -> dict[datetime, datetime]:
    olds: dict[date, list[datetime]] = defaultdict(list)
    for start in old:
        olds[start.date()].append(start)
    news: dict[date, list[datetime]] = defaultdict(list)
    for start in new:
        news[start.date()].append(start)
    return {after: before for day in news for before, after in zip(olds.get(day, ()), news[day], strict=False)}


def _period(old: Sequence[datetime], new: Sequence[datetime]) -> timedelta:
    """Return the smallest gap between dates of the new schedule, or of the old where the new has none."""
    for starts in (new, old):
        if len(starts) > 1:
            return min(later - earlier for earlier, later in pairwise(starts))
    return _PERIOD_OF_ONE


def _clusters(
    old: Sequence[datetime], new: Sequence[datetime], reach: timedelta
) -> Iterator[tuple[list[datetime], list[datetime]]]:
    """Yield groups between which nothing can match, so that each is settled by itself."""
    everyone = sorted([(start, False) for start in old] + [(start, True) for start in new])
    olds: list[datetime] = []
    news: list[datetime] = []
    for (start, is_new), following in zip_longest(everyone, everyone[1:]):
        (news if is_new else olds).append(start)
        if following is None or following[0] - start > reach:
            yield olds, news
            olds, news = [], []


def _nearest(old: Sequence[datetime], new: Sequence[datetime], reach: timedelta) -> dict[datetime, datetime]:
    """Return the matching in order that keeps most, and of those the one that moves least."""
    # best[i][j]: pairs among old[i:] and new[j:], and by how much they move, negated so that more is better
    nothing = (0, timedelta())
    best = [[nothing] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            distance = abs(old[i] - new[j])
            if distance <= reach:
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
