"""`repeat` as people say it: odd weeks, last workdays, quarters, anchors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.config.quick import matches
from reconciler.resources import schema
from reconciler.schedule.dates import rule_dates
from reconciler.schedule.expand import expand, originals
from reconciler.schedule.model import Schedule
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.rules import (
    Repeat,
    RuleError,
    parity,
    rule_from_repeat,
    start_from_anchor,
    start_where_each_counts,
)
from reconciler.schedule.words import Unit, parse_day, parse_every
from reconciler.schedule.zones import zone

START = datetime(2026, 12, 1, 10)  # noqa: DTZ001  # local; a Tuesday of week 49
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001  # local
    lambda start: start.replace(second=0, microsecond=0)
)


def _dates(rule: str, start: datetime = START, days: int = 400) -> list[date]:
    found = rule_dates(parse_rule(rule), start, zone("UTC"), first=start, last=start + timedelta(days=days))
    return [one.date() for one in found]


@pytest.mark.parametrize(
    ("repeat", "rule"),
    [
        (Repeat(unit="month", on=("first mon",)), "FREQ=MONTHLY;BYDAY=1MO"),
        (Repeat(unit="month", on=("last fri", "1fri")), "FREQ=MONTHLY;BYDAY=-1FR,1FR"),
        (Repeat(unit="month", days=(15,)), "FREQ=MONTHLY;BYMONTHDAY=15"),
        (Repeat(unit="month", days=(15, -1)), "FREQ=MONTHLY;BYMONTHDAY=-1,15"),
        (Repeat(unit="month", on=("last day",)), "FREQ=MONTHLY;BYMONTHDAY=-1"),
        (Repeat(unit="month", on=("last workday",)), "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        (Repeat(unit="month", on=("First Workday",)), "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1"),
        (Repeat(unit="quarter"), "FREQ=MONTHLY;INTERVAL=3"),
        (Repeat(unit="quarter", interval=2, on=("second thu",)), "FREQ=MONTHLY;INTERVAL=6;BYDAY=2TH"),
        (Repeat(unit="year", on=("last workday",)), "FREQ=YEARLY;BYMONTH=12;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        (Repeat(unit="year", days=(24,)), "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
        (Repeat(unit="month", on=("First Monday", "3rd THU")), "FREQ=MONTHLY;BYDAY=1MO,3TH"),
        (Repeat(on=("Monday", "MON", "thurs")), "FREQ=WEEKLY;BYDAY=MO,TH"),
        (Repeat(unit="workday", count=9), "FREQ=DAILY;COUNT=9;BYDAY=MO,TU,WE,TH,FR"),
    ],
)
def test_what_people_say_is_a_rule(repeat: Repeat, rule: str) -> None:
    assert rule_from_repeat(repeat, START) == rule


@pytest.mark.parametrize(
    ("repeat", "part"),
    [
        (Repeat(on=("first mon",)), "on"),
        (Repeat(unit="odd-weeks", on=("last day",)), "on"),
        (Repeat(unit="day", days=(3,)), "day"),
        (Repeat(unit="month", on=("mon", "last day")), "on"),
        (Repeat(unit="month", on=("last workday", "last day")), "on"),
        (Repeat(unit="month", on=("mon",), days=(3,)), "day"),
        (Repeat(unit="workday", on=("mon",)), "on"),
        (Repeat(unit="month", on=("sixth mon",)), "on"),
        (Repeat(unit="month", on=("last monsoon",)), "on"),
    ],
)
def test_what_has_no_meaning_is_refused_where_it_stands(repeat: Repeat, part: str) -> None:
    with pytest.raises(RuleError) as caught:
        rule_from_repeat(repeat, START)
    assert (caught.value.where, bool(caught.value.fix)) == (part, True)


@given(start=STARTS, unit=st.sampled_from(["odd-weeks", "even-weeks"]), days=st.sets(st.integers(0, 6), max_size=3))
def test_odd_and_even_weeks_are_those_of_iso_8601(start: datetime, unit: Unit, days: set[int]) -> None:
    names = tuple(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day] for day in sorted(days))
    rule = rule_from_repeat(Repeat(unit=unit, on=names), start)
    odd, meant = unit == "odd-weeks", days or {start.weekday()}
    assert parity(rule) == ("odd" if odd else "even")
    every_day = (start.date() + timedelta(days=far) for far in range(801))
    assert _dates(rule, start, 800) == [
        day for day in every_day if day.weekday() in meant and day.isocalendar().week % 2 == odd
    ]


@given(start=STARTS, week=st.integers(-150, 150), interval=st.integers(2, 6), day=st.integers(0, 6))
def test_an_anchor_says_which_weeks_count(start: datetime, week: int, interval: int, day: int) -> None:
    anchor = start.date() + timedelta(weeks=week)
    name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day]
    rule = rule_from_repeat(Repeat(interval=interval, on=(name,)), start)
    first = start_from_anchor(rule, start, anchor)
    assert first is not None
    assert start <= first < start + timedelta(weeks=interval)
    assert (first.weekday(), first.time()) == (day, start.time())
    monday = anchor - timedelta(days=anchor.weekday())
    assert all((date - monday).days // 7 % interval == 0 for date in _dates(rule, first, 200))


@given(start=STARTS, months=st.integers(-60, 60), interval=st.integers(2, 7), unit=st.sampled_from(["month", "year"]))
def test_an_anchor_says_which_months_and_years_count(start: datetime, months: int, interval: int, unit: Unit) -> None:
    start = start.replace(day=min(start.day, 28))
    ahead = 12 * start.year + start.month - 1 + months
    anchor = date(ahead // 12, ahead % 12 + 1, 17)
    rule = rule_from_repeat(Repeat(interval=interval, unit=unit), start)
    first = start_from_anchor(rule, start, anchor)
    assert first is not None
    assert (first.day, first.time(), first >= start) == (start.day, start.time(), True)
    if unit == "month":
        assert (12 * first.year + first.month - 1 - ahead) % interval == 0
    else:
        assert ((first.year - anchor.year) % interval, first.month) == (0, start.month)


def test_an_anchor_keeps_the_time_and_the_weekday_of_the_start() -> None:
    assert start_from_anchor("FREQ=WEEKLY;INTERVAL=2", START, date(2026, 12, 7)) == datetime(2026, 12, 8, 10)  # noqa: DTZ001  # local


def test_a_start_beside_the_rule_leaves_open_which_weeks_count() -> None:
    assert start_where_each_counts("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", START) is None
    assert start_where_each_counts("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", START) is None  # the same week's Friday
    assert start_where_each_counts("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", START) == datetime(2026, 12, 7, 10)  # noqa: DTZ001  # local
    assert start_where_each_counts("FREQ=WEEKLY;BYDAY=MO", START) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("odd-weeks", (1, "odd-weeks")),
        ("Even-Weeks", (1, "even-weeks")),
        ("quarter", (1, "quarter")),
        ("2 quarters", (2, "quarter")),
        ("workday", (1, "workday")),
    ],
)
def test_a_period_has_a_name(text: str, expected: tuple[int, Unit]) -> None:
    assert parse_every(text) == expected


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("weekly", "write week"),
        ("Daily", "write day"),
        ("fortnightly", "write 2 weeks"),
        ("biweekly", "write 2 weeks for every second week, or week with two days in `on` for twice a week"),
        ("bi-weekly", "write 2 weeks for every second week, or week with two days in `on` for twice a week"),
        ("biweekly-odd", "write odd-weeks"),
        ("other week", "write 2 weeks"),
        ("every month", "write month"),
        ("two weeks", "write 2 weeks"),
        ("weekday", "write workday"),
        ("monday", "write every: week, on: mon"),
        ("hour", "FREQ=DAILY;BYHOUR=9,15"),
        ("yeer", "did you mean 'year'?"),
        ("blue moon", "or a number up to 999, as in 2 weeks"),
    ],
)
def test_a_period_that_is_none_tells_what_to_write(text: str, write: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_every(text)
    assert write in caught.value.fix


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("mon, wed", "write [mon, wed]"),
        ("Tuesday and Thursday", "write [tue, thu]"),
        ("weekday", "write every: workday"),
        ("wensday", "did you mean 'wed'?"),
        ("sixth mon", "first mon, last fri"),
    ],
)
def test_a_day_that_is_none_tells_what_to_write(text: str, write: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_day(text)
    assert write in caught.value.fix


REPEAT = schema("meetings")["$defs"]["repeat"]["properties"]
WORDS = (
    "mo mon monday mond tues tuesday wed wednes thu thurs fri sat sunday sund day days workday workdays week weeks odd"
    " even odd-weeks even-week month months quarter year years first last second 1st 5th 6th weekly 1 2 5 6 10 999 1000"
)
SPELLINGS = st.lists(
    st.sampled_from([*WORDS.split(), " ", "  ", "-", "+", "-1", "\N{KELVIN SIGN}"]), min_size=1, max_size=4
).map("".join)


def _is_read(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except RuleError:
        return False
    return True


@settings(max_examples=1000)
@given(text=SPELLINGS, change=st.sampled_from([str.lower, str.upper, str.title]))
def test_editors_take_what_the_program_takes(text: str, change: Callable[[str], str]) -> None:
    written = change(text)
    assert matches(REPEAT["every"]["pattern"], written) == _is_read(parse_every, written)
    assert matches(REPEAT["on"]["pattern"], written) == _is_read(parse_day, written)
    assert REPEAT["on"]["items"]["pattern"] == REPEAT["on"]["pattern"]


@pytest.mark.parametrize(
    ("repeat", "start", "part", "why"),
    [
        (Repeat(unit="year", days=(31,)), datetime(2026, 11, 30, 10), "day", "November has no day 31"),  # noqa: DTZ001
        (Repeat(interval=12, unit="month", days=(30,)), datetime(2026, 2, 2, 10), "day", "none of its months"),  # noqa: DTZ001
        (Repeat(interval=7, unit="day", on=("wed",)), START, "on", "never has a date"),
    ],
)
def test_a_repetition_without_a_date_says_why_in_its_own_words(
    repeat: Repeat, start: datetime, part: str, why: str
) -> None:
    with pytest.raises(RuleError, match=why) as caught:
        rule_from_repeat(repeat, start)
    assert caught.value.where == part
    assert "BY" not in caught.value.what + caught.value.fix


PLAIN = st.builds(
    lambda freq, interval, days, wkst, end: ";".join(
        [f"FREQ={freq}", f"INTERVAL={interval}", *([f"BYDAY={','.join(sorted(days))}"] if days else []), wkst, *end]
    ),
    st.sampled_from(["DAILY", "WEEKLY"]),
    st.integers(1, 9),
    st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=4),
    st.sampled_from(["WKST=MO", "WKST=SU", "WKST=WE"]),
    st.sampled_from([[], ["COUNT=17"], ["UNTIL=20280229T235959"]]),
)
FULL = st.builds(
    lambda freq, interval, parts: ";".join([f"FREQ={freq}", f"INTERVAL={interval}", *dict.fromkeys(parts)]),
    st.sampled_from(["MONTHLY", "YEARLY"]),
    st.integers(1, 5),
    st.tuples(
        st.sampled_from(["BYMONTHDAY=-1,13", "BYMONTHDAY=31", "BYDAY=FR", "BYDAY=MO,TU,WE,TH,FR", "BYDAY=1MO,-1SU"]),
        st.sampled_from(["BYMONTH=2,3", "BYMONTH=12", "BYHOUR=9,15"]),
        st.sampled_from(["BYSETPOS=1", "BYSETPOS=-1,2", "COUNT=11", "WKST=SU"]),
    ),
)


@given(start=STARTS, rule=st.one_of(PLAIN, FULL), far=st.integers(-30, 1500), length=st.integers(0, 500))
def test_any_rule_has_the_dates_of_dateutil(start: datetime, rule: str, far: int, length: int) -> None:
    _agrees(start, rule, far, length)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@settings(max_examples=5000)
@given(start=STARTS, rule=st.one_of(PLAIN, FULL), far=st.integers(-30, 3000), length=st.integers(0, 900))
def test_thousands_of_rules_have_the_dates_of_dateutil(start: datetime, rule: str, far: int, length: int) -> None:
    _agrees(start, rule, far, length)


def _agrees(start: datetime, rule: str, far: int, length: int) -> None:
    first = start + timedelta(days=far)
    last = first + timedelta(days=length)
    schedule = Schedule(start=start, duration=timedelta(hours=1), timezone="UTC", rule=rule)
    theirs = rrule.rrulestr(rule, dtstart=start).between(first, last, inc=True)
    assert list(originals(schedule, first=first, last=last)) == theirs


def test_a_rule_of_many_years_is_read_from_its_middle() -> None:
    schedule = Schedule(start=datetime(1990, 1, 1, 9), duration=timedelta(hours=1), timezone="UTC", rule="FREQ=DAILY")  # noqa: DTZ001  # local
    found = expand(schedule, after=datetime(2026, 1, 1, tzinfo=UTC), before=datetime(2026, 1, 3, tzinfo=UTC))
    assert [slot.original.day for slot in found] == [1, 2]
