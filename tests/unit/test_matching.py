"""Old occurrences matched to new ones when a schedule changes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.match import match

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


def test_occurrences_of_one_date_are_matched_in_order_of_time() -> None:
    old = [MONDAY, MONDAY + timedelta(hours=4)]
    new = [MONDAY + timedelta(hours=5), MONDAY + timedelta(hours=6)]
    assert match(old, new) == dict(zip(new, old, strict=True))


def test_from_every_week_to_every_other_one_keeps_what_is_nearest() -> None:
    new = _every(14, 5, MONDAY + timedelta(days=1))
    assert match(_every(7, 10), new) == {start: start - timedelta(days=1) for start in new}


def test_what_is_added_or_removed_matches_nothing() -> None:
    old, new = _every(7, 3), _every(7, 6, MONDAY + timedelta(days=1))
    assert match(old, new) == {start: start - timedelta(days=1) for start in new[:3]}
    assert match(old, []) == {}
    assert match([], new) == {}


def test_what_lies_further_than_half_a_period_is_another_occurrence() -> None:
    assert match(_every(7, 4), _every(7, 4, MONDAY + timedelta(days=40))) == {}


@pytest.mark.parametrize(("days", "kept"), [(3, True), (-3.5, True), (3.6, False), (-4, False)])
def test_single_occurrences_match_within_half_a_week(days: float, *, kept: bool) -> None:
    moved = MONDAY + timedelta(days=days)
    assert match([MONDAY], [moved]) == ({moved: MONDAY} if kept else {})


def test_a_single_new_occurrence_is_measured_by_the_old_period() -> None:
    moved = MONDAY + timedelta(days=6)
    assert match(_every(14, 3), [moved]) == {moved: MONDAY}


def test_of_two_equally_near_the_later_is_taken() -> None:
    new = [MONDAY - timedelta(hours=36), MONDAY + timedelta(hours=36)]
    assert match([MONDAY], new) == {new[1]: MONDAY}


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
