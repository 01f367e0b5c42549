"""Rules: what people write becomes an RRULE, and what is none is refused with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.rules import Repeat, RuleError, check_rule, rule_from_repeat
from reconciler.schedule.words import Unit, parse_every

START = datetime(2026, 11, 30, 10)  # noqa: DTZ001  # local; a Monday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day", (1, "day")),
        ("week", (1, "week")),
        ("2 weeks", (2, "week")),
        ("1 week", (1, "week")),
        ("3 months", (3, "month")),
        ("YEAR", (1, "year")),
        ("2weeks", (2, "week")),
        ("weeks", (1, "week")),
        ("10days", (10, "day")),
    ],
)
def test_an_interval_is_read(text: str, expected: tuple[int, Unit]) -> None:
    assert parse_every(text) == expected


@pytest.mark.parametrize("text", ["", "0 weeks", "fortnight", "-1 day", "1.5 weeks", "1000 days", "2", "week 2"])
def test_what_is_no_interval_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RuleError, match="2 weeks"):
        parse_every(text)


@pytest.mark.parametrize(
    ("repeat", "rule"),
    [
        (Repeat(), "FREQ=WEEKLY"),
        (Repeat(unit="day", count=5), "FREQ=DAILY;COUNT=5"),
        (Repeat(interval=2, on=("we", "mo", "mo")), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"),
        (Repeat(on=("Mon", "sunday", "tues")), "FREQ=WEEKLY;BYDAY=MO,TU,SU"),
        (Repeat(unit="day", on=("mo", "fr")), "FREQ=DAILY;BYDAY=MO,FR"),
        (Repeat(unit="month", on=("-1fr", "1mo")), "FREQ=MONTHLY;BYDAY=1MO,-1FR"),
        (Repeat(unit="month"), "FREQ=MONTHLY"),
        (Repeat(unit="year", on=("-1mo",)), "FREQ=YEARLY;BYMONTH=11;BYDAY=-1MO"),
        (Repeat(until=date(2027, 3, 31)), "FREQ=WEEKLY;UNTIL=20270331T235959"),
        (Repeat(until=datetime(2027, 3, 31, 9, 30)), "FREQ=WEEKLY;UNTIL=20270331T093000"),  # noqa: DTZ001  # local
    ],
)
def test_a_repetition_becomes_a_rule(repeat: Repeat, rule: str) -> None:
    assert rule_from_repeat(repeat, START) == rule


@pytest.mark.parametrize(
    "repeat",
    [
        Repeat(interval=0),
        Repeat(interval=1001),
        Repeat(count=0),
        Repeat(count=3, until=date(2027, 3, 31)),
        Repeat(on=("1mo",)),
        Repeat(unit="day", on=("-1fr",)),
        Repeat(unit="month", on=("6mo",)),
        Repeat(unit="month", on=("0mo",)),
        Repeat(on=("m",)),
        Repeat(on=("xy",)),
        Repeat(on=("",)),
        Repeat(on=("montag",)),
    ],
)
def test_a_repetition_that_can_not_be_is_refused(repeat: Repeat) -> None:
    with pytest.raises(RuleError):
        rule_from_repeat(repeat, START)


@given(
    interval=st.integers(1, 6),
    unit=st.sampled_from(["day", "week", "month", "year"]),
    on=st.lists(st.sampled_from(["mo", "tu", "we", "th", "fr", "sa", "su"]), max_size=7),
    start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  # local
)
def test_the_order_of_days_does_not_change_the_rule(interval: int, unit: Unit, on: list[str], start: datetime) -> None:
    forth = rule_from_repeat(Repeat(interval=interval, unit=unit, on=tuple(on)), start)
    assert rule_from_repeat(Repeat(interval=interval, unit=unit, on=tuple(reversed(on))), start) == forth


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        " freq=monthly;byday=-1fr ",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;WKST=SU",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYYEARDAY=-1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=DAILY;BYHOUR=9,15;BYMINUTE=0,30;BYSECOND=0",
        "FREQ=DAILY;UNTIL=20270331",
        "FREQ=DAILY;UNTIL=20270331T100000",
        "FREQ=DAILY;UNTIL=20270331T100000Z",
        "FREQ=DAILY;UNTIL=19990101",
        "FREQ=WEEKLY;INTERVAL=1000;COUNT=10000",
    ],
)
def test_a_rule_is_accepted(rule: str) -> None:
    check_rule(rule)
    check_rule(rule, start=START)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "empty"),
        ("RRULE:", "empty"),
        ("every monday", "NAME=VALUE"),
        ("FREQ=DAILY;", "NAME=VALUE"),
        ("FREQ=", "NAME=VALUE"),
        ("RRULE:RRULE:FREQ=DAILY", "no part 'RRULE:FREQ'"),
        ("DTSTART:20261130T100000\nRRULE:FREQ=DAILY", "no part"),
        ("INTERVAL=2", "no FREQ"),
        ("FREQ=FORTNIGHTLY", "unknown"),
        ("FREQ=HOURLY", "can't recur HOURLY"),
        ("FREQ=MINUTELY", "can't recur MINUTELY"),
        ("FREQ=SECONDLY", "can't recur SECONDLY"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;BYEASTER=1", "no part 'BYEASTER'"),
        ("FREQ=DAILY;X-FOO=1", "no part 'X-FOO'"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270331", "both COUNT and UNTIL"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 is out of range"),
        ("FREQ=DAILY;COUNT=10001", "out of range"),
        ("FREQ=DAILY;COUNT=9999999999", "not a whole number"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is out of range"),
        ("FREQ=DAILY;INTERVAL=-1", "out of range"),
        ("FREQ=DAILY;INTERVAL=1001", "out of range"),
        ("FREQ=DAILY;INTERVAL=x", "not a whole number"),
        ("FREQ=DAILY;INTERVAL=٢", "not a whole number"),
        ("FREQ=DAILY;BYMONTH=13", "out of range"),
        ("FREQ=DAILY;BYMONTH=-1", "out of range"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "out of range"),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "out of range"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "not a whole number"),
        ("FREQ=DAILY;BYHOUR=24", "out of range"),
        ("FREQ=DAILY;BYSECOND=30", "whole minute"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "no meaning with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "no meaning with FREQ=MONTHLY"),
        ("FREQ=DAILY;BYYEARDAY=1", "no meaning with FREQ=DAILY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "nothing to choose from"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "out of range"),
        ("FREQ=WEEKLY;BYDAY=XX", "not a day"),
        ("FREQ=WEEKLY;BYDAY=MON", "not a day"),
        ("FREQ=WEEKLY;BYDAY=1MO", "no meaning with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "counts out of range"),
        ("FREQ=MONTHLY;BYDAY=0MO", "counts out of range"),
        ("FREQ=YEARLY;BYDAY=54MO", "counts out of range"),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=1MO", "beside BYWEEKNO"),
        ("FREQ=DAILY;WKST=XX", "WKST=XX is not a day"),
        ("FREQ=DAILY;UNTIL=tomorrow", "neither a date nor a time"),
        ("FREQ=DAILY;UNTIL=2027-03-31", "neither a date nor a time"),
        ("FREQ=DAILY;UNTIL=20270231", "not a date that exists"),
        ("FREQ=DAILY;UNTIL=20270331T250000Z", "not a date that exists"),
        ("FREQ=DAILY;UNTIL=00000101", "not a date that exists"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(rule: str, message: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        check_rule(rule)
    assert caught.value.fix


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=2,4;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=6;BYWEEKNO=53",
        "FREQ=YEARLY;BYMONTH=1;BYYEARDAY=366",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=DAILY;BYSETPOS=2;BYHOUR=9",
    ],
)
def test_a_rule_that_never_has_a_date_is_refused(rule: str) -> None:
    with pytest.raises(RuleError, match="never has a date"):
        check_rule(rule)


def test_a_frequency_of_another_name_tells_how_rfc_5545_says_it() -> None:
    with pytest.raises(RuleError) as caught:
        check_rule("FREQ=FORTNIGHTLY;BYDAY=MO")
    assert caught.value.fix == "write FREQ=WEEKLY;INTERVAL=2"


def test_a_rule_that_never_has_a_date_because_of_its_start_is_refused() -> None:
    leap_day = "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29"
    check_rule(leap_day)
    check_rule(leap_day, start=START)
    with pytest.raises(RuleError, match="never has a date"):
        check_rule(leap_day, start=START.replace(year=2027))
    with pytest.raises(RuleError, match="never has a date"):
        check_rule("FREQ=YEARLY;BYMONTH=2", start=START)
    with pytest.raises(RuleError, match="never has a date"):
        check_rule("FREQ=DAILY;INTERVAL=7;BYDAY=TU", start=START)
    with pytest.raises(RuleError, match="never has a date"):
        check_rule("FREQ=DAILY", start=START.replace(year=9999, month=12))


def test_until_in_utc_is_kept_as_an_instant() -> None:
    assert parse_rule("FREQ=DAILY;UNTIL=20270331T100000Z").until == datetime(2027, 3, 31, 10, tzinfo=UTC)


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.tuples(
                st.sampled_from(["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"]),
                st.one_of(
                    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "MO", "-1FR", "20270331"]),
                    st.integers(-40, 400).map(str),
                    st.text(max_size=5),
                ),
            ),
            max_size=5,
        ).map(lambda parts: ";".join("=".join(part) for part in parts)),
    )
)
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        check_rule(text, start=START)
    except RuleError as error:
        assert error.what  # noqa: PT017  # which of both it is, is not the question
