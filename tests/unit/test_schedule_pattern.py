"""Rules as patterns of DingTalk's recurring events: the same dates, by the sandbox's own expansion, or a refusal."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.dingtalk.wire import zone
from reconciler.dingtalk.wire_recurrence import from_recurrence, to_recurrence
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.recurrence import instances, read_recurrence
from reconciler.schedule.dates import first_date, rule_dates
from reconciler.schedule.pattern import Kind, Pattern, Recurrence, spoken, weekly
from reconciler.schedule.recurrence import WEEKDAYS, parse_rule
from reconciler.schedule.translation import NotExpressible, dates, is_in_step, last_date, pattern_of, rule_of

UTC_ZONE = ZoneInfo("UTC")
SOME = 12
starts = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(  # noqa: DTZ001  # local
    lambda when: when.replace(second=0, microsecond=0)
)
day_lists = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True).map(",".join)
nths = st.sampled_from([1, 2, 3, 4, -1])


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw rules of every kind, of those that have a pattern more than of others."""
    step = f"INTERVAL={draw(st.integers(1, 6))}"
    body = draw(
        st.one_of(
            st.just("FREQ=DAILY"),
            day_lists.map(lambda days: f"FREQ=DAILY;BYDAY={days}"),
            st.just("FREQ=WEEKLY"),
            st.tuples(day_lists, st.sampled_from(WEEKDAYS)).map(lambda of: f"FREQ=WEEKLY;BYDAY={of[0]};WKST={of[1]}"),
            st.integers(1, 31).map(lambda day: f"FREQ=MONTHLY;BYMONTHDAY={day}"),
            st.tuples(nths, st.sampled_from(WEEKDAYS)).map(lambda of: f"FREQ=MONTHLY;BYDAY={of[0]}{of[1]}"),
            st.tuples(nths, st.sampled_from(WEEKDAYS)).map(lambda of: f"FREQ=MONTHLY;BYDAY={of[1]};BYSETPOS={of[0]}"),
            st.just("FREQ=YEARLY"),
            st.tuples(st.integers(1, 12), nths).map(lambda of: f"FREQ=YEARLY;BYMONTH={of[0]};BYDAY={of[1]}TU"),
            st.just("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
            st.just("FREQ=YEARLY;BYWEEKNO=1,3,5;BYDAY=MO"),
        )
    )
    return f"{body};{step}"


def shown(recurrence: Recurrence) -> dict[str, Any]:
    return read_recurrence(Fields(to_recurrence(recurrence, "UTC"), "invalidParameter"))


def by_sandbox(recurrence: Recurrence, first: datetime, last: datetime) -> list[datetime]:
    """Return the starts that the sandbox gives a recurring event."""
    begin = int(first.replace(tzinfo=UTC).timestamp() * 1000)
    before = int(last.replace(tzinfo=UTC).timestamp() * 1000) + 1
    spans = instances(shown(recurrence), (begin, begin + 60_000), "UTC", after=0, before=before)
    return [datetime.fromtimestamp(start / 1000, UTC).replace(tzinfo=None) for start, _ in spans]


@settings(deadline=None, max_examples=100)
@given(rules(), starts)
def test_a_rule_and_its_pattern_have_the_same_dates(text: str, start: datetime) -> None:
    rule = parse_rule(text)
    first = first_date(rule, start, UTC_ZONE)
    if first is None:
        return
    last = first + timedelta(days=900)
    wanted = list(rule_dates(rule, start, UTC_ZONE, first=first, last=last))
    try:
        recurrence = Recurrence(pattern=pattern_of(rule, first))
    except NotExpressible:
        return
    assert by_sandbox(recurrence, first, last) == wanted
    for next_first in wanted[:SOME:5]:  # a series that is made later goes on in step
        assert by_sandbox(recurrence, next_first, last) == [one for one in wanted if one >= next_first]
        assert is_in_step(recurrence, first, recurrence.pattern, next_first)
    gaps = [(after - before).days for before, after in pairwise(wanted)]
    assert max(gaps, default=0) <= recurrence.pattern.longest_gap


patterns = st.one_of(
    st.integers(1, 365).map(lambda n: Pattern(kind=Kind.DAILY, interval=n)),
    st.builds(
        lambda days, n, first: weekly(tuple(days), interval=n, first_day=first),
        st.sets(st.integers(0, 6), min_size=1),
        st.integers(1, 5),
        st.integers(0, 6),
    ),
    st.builds(
        lambda day, n: Pattern(kind=Kind.ABSOLUTE_MONTHLY, interval=n, day_of_month=day),
        st.integers(1, 28),
        st.integers(1, 24),
    ),
    st.builds(
        lambda day, n, index: Pattern(kind=Kind.RELATIVE_MONTHLY, interval=n, days=(day,), index=index),
        st.integers(0, 6),
        st.integers(1, 24),
        nths,
    ),
    st.builds(
        lambda day, n: Pattern(kind=Kind.ABSOLUTE_YEARLY, interval=n, day_of_month=day),
        st.integers(1, 28),
        st.integers(1, 5),
    ),
)
ends = st.one_of(st.none(), st.integers(1, 99), st.dates(date(2026, 6, 1), date(2029, 1, 1)))


@settings(deadline=None, max_examples=60)
@given(patterns, ends, starts)
def test_a_pattern_and_its_rule_have_the_same_dates(pattern: Pattern, end: date | int | None, start: datetime) -> None:
    recurrence = Recurrence(
        pattern=pattern,
        until=end if isinstance(end, date) else None,
        count=end if isinstance(end, int) else 0,
    )
    last = start + timedelta(days=800)
    rule = rule_of(recurrence, start)
    ours = list(dates(recurrence, start, UTC_ZONE, first=start, last=last))
    assert by_sandbox(recurrence, start, last) == ours
    if ours:
        again = pattern_of(rule, ours[0])
        same = {pattern, weekly(tuple(range(7))) if pattern == Pattern(kind=Kind.DAILY) else pattern}
        assert again in same
        assert last_date(rule, start, UTC_ZONE) is None or end is not None


@settings(deadline=None, max_examples=50)
@given(patterns, ends)
def test_a_recurrence_comes_back_from_the_wire_as_it_was(pattern: Pattern, end: date | int | None) -> None:
    until, count = (end, 0) if isinstance(end, date) else (None, end or 0)
    recurrence = Recurrence(pattern=pattern, until=until, count=count)
    assert from_recurrence(to_recurrence(recurrence, "Asia/Shanghai"), zone("Asia/Shanghai")) == recurrence


@settings(deadline=None, max_examples=50)
@given(patterns, patterns)
def test_two_patterns_that_differ_read_differently(one: Pattern, other: Pattern) -> None:
    assert (spoken(one) == spoken(other)) == (one == other)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=31", "without a day 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "from the end"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "several days of the month"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "several weekdays"),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", "several times a month"),
        ("FREQ=MONTHLY;BYDAY=5MO", "first four and the last"),
        ("FREQ=MONTHLY;BYMONTH=3,6;BYDAY=1MO", "some months"),
        ("FREQ=WEEKLY;BYMONTH=3", "some months"),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU", "leaves weekdays out"),
        ("FREQ=DAILY;BYHOUR=9,15", "several times a day"),
        ("FREQ=YEARLY;BYWEEKNO=1,3;BYDAY=MO", "numbers of weeks"),
        ("FREQ=YEARLY;BYYEARDAY=100", "days of the year"),
        ("FREQ=DAILY;INTERVAL=400", "365"),
    ],
)
def test_what_a_pattern_can_not_say_is_refused_with_the_reason(rule: str, reason: str) -> None:
    parsed = parse_rule(rule)
    first = first_date(parsed, datetime(2026, 1, 5, 10), UTC_ZONE)  # noqa: DTZ001  # local
    assert first is not None
    with pytest.raises(NotExpressible, match=reason):
        pattern_of(parsed, first)
