"""Old occurrences matched to new ones when a schedule changes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.match import match
from reconciler.schedule.period import period_of, period_of_rule

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


HOURS = st.lists(st.integers(0, 27).map(lambda six: MONDAY + timedelta(hours=6 * six)), unique=True, max_size=5)


@given(old=HOURS, new=HOURS, days=st.integers(1, 7))
def test_nothing_else_keeps_more_or_moves_less(old: list[datetime], new: list[datetime], days: int) -> None:
    """All within a week, of which nobody can tell what it repeats but the rule."""
    reach = timedelta(days=days)
    found = match(old, new, period=lambda: reach)
    if len(old) != 1 or len(new) != 1:
        assert _score(_moved(found), reach) == _best(old, new, reach)


WEEKDAYS = st.sets(st.integers(0, 6), min_size=1, max_size=2)


@given(old=WEEKDAYS, new=WEEKDAYS, interval=st.integers(1, 2), minutes=st.integers(-600, 600), weeks=st.integers(2, 3))
def test_of_weekly_rules_nothing_else_keeps_more_or_moves_less(
    old: set[int], new: set[int], interval: int, minutes: int, weeks: int
) -> None:
    before, after = (
        _weekly(old, interval, weeks),
        [start + timedelta(minutes=minutes) for start in _weekly(new, interval, weeks)],
    )
    reach = timedelta(days=7 * interval)
    found = match(before, after, period=lambda: reach)
    assert _score(_moved(found), reach) == _best(before, after, reach)


def _weekly(weekdays: Iterable[int], interval: int = 1, weeks: int = 8) -> list[datetime]:
    """Return the starts of a weekly rule, 0 for Monday."""
    return sorted(MONDAY + timedelta(weeks=interval * week, days=day) for week in range(weeks) for day in weekdays)


def _moved(found: dict[datetime, datetime]) -> list[tuple[datetime, datetime]]:
    return [(after, before) for after, before in found.items() if after != before]


def _best(old: list[datetime], new: list[datetime], reach: timedelta) -> tuple[int, timedelta]:
    olds = [start for start in old if start not in new]
    news = [start for start in new if start not in old]
    return max(_score(pairs, reach) for pairs in _pairings(olds, news))


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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([0, 1], [2, 3]),
        ([0, 1], [3, 4]),
        ([0, 1, 2], [3, 4, 5]),
        ([0, 2], [3, 5]),
        ([0, 1, 2, 3], [1, 2, 3, 4]),
        ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5]),
    ],
)
@pytest.mark.parametrize("weeks", [2, 4, 8])
def test_weekdays_side_by_side_move_within_their_weeks(old: list[int], new: list[int], weeks: int) -> None:
    before, after = _weekly(old, weeks=weeks), _weekly(new, weeks=weeks)
    assert sorted(match(before, after)) == after


@given(
    weekdays=st.sets(st.integers(0, 5), min_size=1, max_size=5),
    data=st.data(),
    interval=st.integers(1, 3),
    weeks=st.integers(1, 9),
)
def test_a_weekly_rule_moves_within_its_weeks_as_a_whole(
    weekdays: set[int], data: st.DataObject, interval: int, weeks: int
) -> None:
    """Even where so little is booked that the starts alone could not tell it."""
    days = data.draw(st.integers(1, 6 - max(weekdays)))
    before, after = (
        _weekly(weekdays, interval, weeks),
        _weekly({weekday + days for weekday in weekdays}, interval, weeks),
    )
    rule = f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={','.join(WORDS[day + days] for day in sorted(weekdays))}"
    found = match(before, after, period=lambda: period_of_rule(rule, after[0]))
    assert sorted(found) == after
    assert sorted(found.values()) == before


WORDS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def test_every_other_week_moves_by_a_week() -> None:
    old = _weekly([0, 2], interval=2, weeks=4)
    new = [start + timedelta(days=7) for start in old]
    assert match(old, new) == dict(zip(new, old, strict=True))


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY", 1),
        ("FREQ=DAILY;BYHOUR=10,15", 1),
        ("FREQ=DAILY;INTERVAL=3;COUNT=2", 3),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 7),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", 1),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261203", 14),
        ("FREQ=MONTHLY;BYDAY=1MO", 28),
        ("FREQ=MONTHLY;BYMONTHDAY=15", 31),
        ("FREQ=MONTHLY;INTERVAL=3", 35),
        ("FREQ=YEARLY;BYWEEKNO=2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52;BYDAY=MO", 14),
    ],
)
def test_how_far_an_occurrence_may_move_follows_from_its_rule(rule: str, days: int) -> None:
    assert period_of_rule(rule, MONDAY) == timedelta(days=days)


def test_a_skipped_date_hides_no_period() -> None:
    daily = [start for start in _every(1, 28) if start.day != 8]
    weekly = [start for start in _weekly([0, 1]) if start.day != 15]
    assert period_of(daily) == timedelta(days=1)
    assert period_of(weekly) == timedelta(days=7)
    assert period_of(_weekly([0, 2], weeks=1)) is None  # for all that one knows


@pytest.mark.parametrize("weeks", [1, 2, 4, 26])
def test_where_todays_should_have_begun_by_now_the_others_do_not_move_into_its_place(weeks: int) -> None:
    """Planned on a Monday at 9:30: from 10:00 to 9:00."""
    old = _every(7, weeks)
    new = [start - timedelta(hours=1) for start in _every(7, weeks + 2)]
    assert match(old, new[1:], begun_new=new[:1]) == dict(zip(new, old, strict=False))


@pytest.mark.parametrize("weeks", [4, 9])
def test_where_this_weeks_is_over_on_the_new_day_the_others_move_by_a_day(weeks: int) -> None:
    """Planned on a Sunday evening: from Monday to Sunday."""
    old = _every(7, weeks)
    new = [start - timedelta(days=1) for start in _every(7, weeks + 2)]
    assert match(old, new[1:], begun_new=new[:1]) == dict(zip(new, old, strict=False))


def test_where_this_weeks_was_held_already_its_new_day_takes_no_other_one() -> None:
    """Planned on a Monday at noon: from Monday to Tuesday, for a week less."""
    old, new = _every(7, 9), [start + timedelta(days=1) for start in _every(7, 8)]
    assert match(old[1:], new, begun_old=old[:1]) == dict(zip(new, old, strict=False))


@given(old=LOCALS, new=LOCALS, begun=st.integers(0, 40 * 48), seed=st.integers())
def test_what_has_begun_takes_part_in_no_order_and_no_more_than_once(
    old: list[datetime], new: list[datetime], begun: int, seed: int
) -> None:
    now = MONDAY + timedelta(minutes=30 * begun)
    past_old, past_new = [one for one in old if one <= now], [one for one in new if one <= now]
    next_old, next_new = [one for one in old if one > now], [one for one in new if one > now]
    found = match(next_old, next_new, begun_old=past_old, begun_new=past_new)
    assert set(found) <= set(new)
    assert set(found.values()) <= set(old)
    assert len(set(found.values())) == len(found)
    assert all(before > now or after > now for after, before in found.items())
    shuffle = random.Random(seed)  # no secret
    assert found == match(
        shuffle.sample(next_old, len(next_old)),
        shuffle.sample(next_new, len(next_new)),
        begun_old=shuffle.sample(past_old, len(past_old)),
        begun_new=shuffle.sample(past_new, len(past_new)),
    )


def test_fridays_instead_of_mondays_cancel_nothing_on_a_sunday() -> None:
    """Though last Friday is nearer to each Monday than the next one."""
    old, new = _every(7, 26), _every(7, 30, MONDAY - timedelta(days=3))
    assert sorted(match(old, new[1:], begun_new=new[:1]).values()) == old
