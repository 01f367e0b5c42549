"""Which old occurrence of a meeting a new one is, when its schedule was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

from reconciler.schedule.period import period_of

_PERIOD_OF_ONE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class _Start:
    at: datetime
    begun: bool = False


def match(
    old: Iterable[datetime],
    new: Iterable[datetime],
    *,
    begun_old: Iterable[datetime] = (),
    begun_new: Iterable[datetime] = (),
    period: Callable[[], timedelta | None] = lambda: None,
) -> dict[datetime, datetime]:
    """Return new original → old original, both naive local starts of one meeting, in the order of the new ones.

    The same start first; of what is left as many as can be, none by a period or more, and of those matchings the one
    that moves least in total. A meeting with a single occurrence on either side moves however far. No old start
    comes twice, and the order of the arguments does not matter.

    The period is the shorter one of both sides. `period` tells that of the new ones, if their rule is known; else the
    starts do. What has begun is given apart, and may take a partner, too: so what belongs to it does not take the
    place of another one, and that of the next, and so on. It has to be near: on the same day within half a period, else
    within a quarter, and then it counts like a move by two more periods, because its partner is cancelled or created.
    """
    before, after = sorted(set(old)), sorted(set(new))
    if len(before) == len(after) == 1:
        return {after[0]: before[0]}
    found = {start: start for start in after if start in set(before)}
    gone, past = _left(set(begun_old), {*after, *begun_new}), _left(set(begun_new), {*before, *begun_old})
    olds, news = _left(before, found), _left(after, found)
    if olds and (news or past):
        ours = period() or period_of(after)
        reach = min(filter(None, (period_of(before), ours)), default=_PERIOD_OF_ONE)
        for some_olds, some_news in _clusters(_starts(olds, gone), _starts(news, past), reach):
            found |= _nearest(some_olds, some_news, reach)
    return dict(sorted(found.items()))


def _left(starts: Iterable[datetime], taken: Iterable[datetime]) -> list[datetime]:
    gone = set(taken)
    return [start for start in starts if start not in gone]


def _starts(coming: Iterable[datetime], begun: Iterable[datetime]) -> list[_Start]:
    return sorted([_Start(at) for at in coming] + [_Start(at, begun=True) for at in begun])


def _clusters(
    old: Sequence[_Start], new: Sequence[_Start], period: timedelta
) -> Iterator[tuple[list[_Start], list[_Start]]]:
    """Yield groups between which nothing can match, so that each is settled by itself."""
    everyone = sorted([(start, False) for start in old] + [(start, True) for start in new])
    olds: list[_Start] = []
    news: list[_Start] = []
    for (start, is_new), following in zip_longest(everyone, everyone[1:]):
        (news if is_new else olds).append(start)
        if following is None or following[0].at - start.at >= period:
            yield olds, news
            olds, news = [], []


def _distance(old: _Start, new: _Start, period: timedelta) -> timedelta | None:
    """Return what it takes to match two starts, None where they can't be."""
    moved = abs(old.at - new.at)
    if not (old.begun or new.begun):
        return moved if moved < period else None
    if old.begun and new.begun:
        return None
    if old.at.date() == new.at.date():
        return moved if 2 * moved < period else None
    return moved + 2 * period if 4 * moved < period else None


def _nearest(old: Sequence[_Start], new: Sequence[_Start], period: timedelta) -> dict[datetime, datetime]:
    """Return the matching in order that keeps most, and of those the one that moves least.

    Some matching that moves least is in order: two pairs that cross move no less than the two that don't.
    """
    # best[i][j]: pairs among old[i:] and new[j:], and by how much they move, negated so that more is better
    nothing = (0, timedelta())
    best = [[nothing] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            distance = _distance(old[i], new[j], period)
            if distance is not None:
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
            found[new[j].at] = old[i].at
            i, j = i + 1, j + 1
    return found
