"""Old occurrences matched to new ones when a schedule changes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.match import _period, match

MONDAY = datetime(2026, 11, 30, 10)  # noqa: DTZ001  # local
LOCALS = st.lists(
    st.integers(0, 40 * 48).map(lambda halves: MONDAY + timedelta(minutes=30 * halves)), unique=True, max_size=30
)


def _every(days: float, count: int, start: datetime = MONDAY) -> list[datetime]:
    return [start + timedelta(days=days * i) for i in range(count)]


@pytest.mark.parametrize(
    "shift",
    [
        timedelta(),
        timedelta(minutes=30),
        timedelta(minutes=-30),
        timedelta(days=1),
        timedelta(days=-3),
        timedelta(days=3, hours=2),
    ],
)
def test_half_a_year_of_mondays_moves_as_a_whole(shift: timedelta) -> None:
    old = _every(7, 26)
    assert match(old, [start + shift for start in old]) == {start + shift: start for start in old}


@pytest.mark.parametrize("minutes", [-600, -30, 30, 719])
def test_a_daily_meeting_moves_as_a_whole(minutes: int) -> None:
    old = _every(1, 60)
    moved = [start + timedelta(minutes=minutes) for start in old]
    assert match(old, moved) == dict(zip(moved, old, strict=True))


def test_the_same_start_is_kept_before_anything_else() -> None:
    early, late = MONDAY, MONDAY + timedelta(hours=1)
    assert match([early, late], [late]) == {late: late}


def test_from_every_week_to_every_other_one_keeps_what_is_nearest() -> None:
    new = _every(14, 5, MONDAY + timedelta(days=1))
    assert match(_every(7, 10), new) == {start: start - timedelta(days=1) for start in new}


def test_what_is_added_or_removed_matches_nothing() -> None:
    old, new = _every(7, 3), _every(7, 6, MONDAY + timedelta(days=1))
    assert match(old, new) == {start: start - timedelta(days=1) for start in new[:3]}
    assert match(old, []) == {}
    assert match([], new) == {}


def test_what_lies_a_period_away_is_another_occurrence() -> None:
    assert match(_every(7, 4), _every(7, 4, MONDAY + timedelta(days=40))) == {}
    assert match(_every(7, 4)[:3], [*_every(7, 2), MONDAY + timedelta(days=21)]) == {one: one for one in _every(7, 2)}


@pytest.mark.parametrize("days", [-40, -3.5, 3, 40])
def test_a_single_meeting_is_the_same_wherever_it_moves(days: float) -> None:
    moved = MONDAY + timedelta(days=days)
    assert match([MONDAY], [moved]) == {moved: MONDAY}


def test_a_single_new_occurrence_is_measured_by_the_old_period() -> None:
    moved = MONDAY + timedelta(days=6)
    assert match(_every(14, 3), [moved]) == {moved: MONDAY}


def test_of_two_on_one_day_the_one_that_moves_less_is_kept() -> None:
    evening = MONDAY.replace(hour=18)
    later = evening - timedelta(minutes=30)
    assert match([MONDAY, evening], [later]) == {later: evening}


def test_two_slots_of_a_day_move_to_another_day_together() -> None:
    old = sorted([*_every(7, 8), *_every(7, 8, MONDAY + timedelta(hours=4))])
    new = [start + timedelta(days=1) for start in old]
    assert match(old, new) == dict(zip(new, old, strict=True))


@pytest.mark.parametrize("days", [1, 2, 3, 4, 5, 6])
def test_another_weekday_stays_in_its_week(days: int) -> None:
    """However near the next week's is: to go there would cancel one."""
    old = _every(7, 5)
    new = _every(7, 9, MONDAY + timedelta(days=days))
    assert match(old, new) == dict(zip(new, old, strict=False))


def test_of_two_equally_near_the_later_is_taken() -> None:
    new = [MONDAY - timedelta(hours=36), MONDAY + timedelta(hours=36)]
    assert match([MONDAY], new) == {new[1]: MONDAY}


DAYS = st.lists(st.integers(0, 30).map(lambda day: MONDAY + timedelta(hours=12 * day)), unique=True, max_size=5)


@given(old=DAYS, new=DAYS)
def test_nothing_else_keeps_more_or_moves_less(old: list[datetime], new: list[datetime]) -> None:
    found = match(old, new)
    moved = {after: before for after, before in found.items() if after != before}
    if len(old) == len(new) == 1:
        return
    olds = [start for start in old if start not in new]
    news = [start for start in new if start not in old]
    reach = min(filter(None, (_period(sorted(new)), _period(sorted(old)))), default=timedelta(days=7))
    best = max(_score(pairs, reach) for pairs in _pairings(olds, news))
    assert _score(list(moved.items()), reach) == best


def _score(pairs: list[tuple[datetime, datetime]], reach: timedelta) -> tuple[int, timedelta]:
    near = [abs(after - before) for after, before in pairs if abs(after - before) < reach]
    return (len(near), -sum(near, timedelta())) if len(near) == len(pairs) else (-1, timedelta())


def _pairings(olds: list[datetime], news: list[datetime]) -> Iterator[list[tuple[datetime, datetime]]]:
    """Yield every way to give some of the new ones an old one."""
    for kept in range(min(len(olds), len(news)) + 1):
        for some_new in combinations(news, kept):
            for some_old in permutations(olds, kept):
                yield list(zip(some_new, some_old, strict=True))


@given(old=LOCALS, new=LOCALS, seed=st.integers())
def test_a_matching_is_injective_and_does_not_depend_on_the_order_of_input(
    old: list[datetime], new: list[datetime], seed: int
) -> None:
    found = match(old, new)
    assert set(found) <= set(new)
    assert set(found.values()) <= set(old)
    assert len(set(found.values())) == len(found)
    assert all(found[start] == start for start in set(old) & set(new))
    shuffle = random.Random(seed)  # no secret
    assert match(shuffle.sample(old, len(old)), shuffle.sample(new, len(new))) == found
    assert list(found) == sorted(found)


@given(old=LOCALS, new=LOCALS)
def test_what_is_matched_across_dates_stays_in_order(old: list[datetime], new: list[datetime]) -> None:
    moved = [(after, before) for after, before in match(old, new).items() if after.date() != before.date()]
    assert [before for _, before in moved] == sorted(before for _, before in moved)


@given(old=LOCALS)
def test_nothing_changed_matches_itself(old: list[datetime]) -> None:
    assert match(old, old) == {start: start for start in sorted(old)}
