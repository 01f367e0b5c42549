"""From dates back to the rule that people had in mind."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.schedule.expand import expand
from reconciler.schedule.fit import Fit, fit, in_words
from reconciler.schedule.model import Schedule
from reconciler.schedule.rules import Repeat

AT = time(10, 30)
WINDOW = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))


def schedule(found: Fit) -> Schedule:
    return Schedule(
        start=datetime.combine(found.first, AT),
        duration=timedelta(hours=1),
        timezone="Asia/Shanghai",
        rule=found.rule(AT),
        skip=found.skip,
        add=tuple(datetime.combine(day, AT) for day in found.add),
    )


def expanded(found: Fit) -> list[date]:
    after, before = WINDOW
    return [slot.original.date() for slot in expand(schedule(found), after=after, before=before)]


def dates_of(rule: str, start: date, count: int = 6) -> list[date]:
    one = Schedule(
        start=datetime.combine(start, AT),
        duration=timedelta(hours=1),
        timezone="Asia/Shanghai",
        rule=f"{rule};COUNT={count}",
    )
    return [slot.original.date() for slot in expand(one, after=WINDOW[0], before=WINDOW[1])]


MONDAY = date(2026, 11, 30)
RULES = [
    ("FREQ=DAILY", "day", ()),
    ("FREQ=DAILY;INTERVAL=3", "3 days", ()),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "week", ("mon", "tue", "wed", "thu", "fri")),
    ("FREQ=WEEKLY;BYDAY=MO,WE", "week", ("mon", "wed")),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2 weeks", ("mon",)),
    ("FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,FR", "3 weeks", ("tue", "fri")),
    ("FREQ=MONTHLY;BYMONTHDAY=15", "month", ()),
    ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15", "2 months", ()),
    ("FREQ=MONTHLY;BYDAY=1MO", "month", ("1mon",)),
    ("FREQ=MONTHLY;BYDAY=2TU,4TU", "month", ("2tue", "4tue")),
    ("FREQ=MONTHLY;BYDAY=-1FR", "month", ("-1fri",)),
    ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "year", ()),
]


@pytest.mark.parametrize(("rule", "every", "on"), RULES)
def test_the_rule_that_people_had_in_mind_is_found(rule: str, every: str, on: tuple[str, ...]) -> None:
    found = fit(dates_of(rule, MONDAY, 8))
    assert found.repeat is not None
    assert (in_words(found.repeat), found.repeat.on, found.exceptions) == (every, on, 0)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
    ],
)
def test_what_has_no_words_is_an_rrule(rule: str) -> None:
    found = fit(dates_of(rule, MONDAY, 12))
    assert found.rrule is not None
    assert found.rrule.startswith(rule)
    assert found.exceptions == 0


def test_odd_and_even_weeks_are_told_apart() -> None:
    even = fit(dates_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", MONDAY))
    odd = fit(dates_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", MONDAY + timedelta(weeks=1)))
    assert (even.first, odd.first) == (date(2026, 12, 2), date(2026, 12, 9))


@pytest.mark.parametrize("first", [date(2027, 1, 11), date(2027, 1, 4), date(2027, 2, 3)])
@pytest.mark.parametrize("count", [4, 5])
def test_a_fortnight_is_no_second_and_fourth_monday(first: date, count: int) -> None:
    """For a while these are the same; every second week goes on otherwise than the second and the fourth one."""
    found = fit(first + timedelta(weeks=2 * number) for number in range(count))
    assert found.repeat is not None
    assert (in_words(found.repeat), found.exceptions) == ("2 weeks", 0)


def test_missing_and_further_dates_are_exceptions() -> None:
    days = dates_of("FREQ=WEEKLY;BYDAY=MO", MONDAY, 10)
    missing, further = days[4], days[6] + timedelta(days=3)
    found = fit([day for day in days if day != missing] + [further])
    assert (found.skip, found.add) == ((missing,), (further,))
    assert found.repeat == Repeat(interval=1, unit="week", on=("mon",), until=days[-1])


def test_of_two_rules_alike_the_one_of_which_a_date_was_called_off_is_meant() -> None:
    """Two weeks of a daily stand-up, one of them without its Tuesday: nobody called the other Tuesday in."""
    days = [date(2026, 11, 30) + timedelta(days=n) for n in range(12)]
    fitted = fit(day for day in days if day.weekday() < 5 and day != date(2026, 12, 8))
    assert fitted.repeat is not None
    assert fitted.repeat.on == ("mon", "tue", "wed", "thu", "fri")
    assert fitted.skip == (date(2026, 12, 8),)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_dates_are_no_rule(count: int) -> None:
    days = [MONDAY, MONDAY + timedelta(weeks=1)][:count]
    found = fit(days)
    assert (found.rule(AT), found.first, list(found.add)) == (None, MONDAY, days[1:])


def test_dates_without_a_pattern_are_listed() -> None:
    days = [MONDAY + timedelta(days=number) for number in (0, 3, 17, 18, 40)]
    assert fit(days).rule(AT) is None


DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@settings(deadline=None, max_examples=60)
@given(st.sets(DAYS, min_size=1, max_size=25))
def test_whatever_the_dates_the_fitted_rule_has_exactly_them(days: set[date]) -> None:
    assert expanded(fit(days)) == sorted(days)


@st.composite
def recurring(draw: st.DrawFn) -> tuple[list[date], int]:
    """Return dates of a rule with some changes to them, and how many."""
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
    interval = draw(st.integers(1, 3))
    rule = f"FREQ={freq};INTERVAL={interval}"
    if freq == "WEEKLY":
        rule += f";BYDAY={','.join(draw(st.sets(st.sampled_from(['MO', 'TU', 'WE', 'TH', 'FR']), min_size=1)))}"
    days = dates_of(rule, draw(DAYS), draw(st.integers(6, 14)))
    without = draw(st.sets(st.sampled_from(days[1:-1]), max_size=2))
    further = draw(st.sets(st.sampled_from([day + timedelta(days=1) for day in days]), max_size=1)) - set(days)
    return [day for day in days if day not in without] + sorted(further), len(without) + len(further)


@settings(deadline=None, max_examples=60)
@given(recurring())
def test_a_rule_with_exceptions_is_never_told_with_more_of_them(made: tuple[list[date], int]) -> None:
    days, exceptions = made
    found = fit(days)
    assert expanded(found) == sorted(set(days))
    assert found.exceptions <= max(exceptions + 1, len(days) - 1)
