"""Schedules expanded: rules, exceptions, changes, windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.expand import expand, first_occurrence, is_occurrence, originals
from reconciler.schedule.model import Change, Schedule

HOUR = timedelta(hours=1)
RULES = [
    None,
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;BYHOUR=9,15",
    "FREQ=DAILY;INTERVAL=5;COUNT=40",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=FR;COUNT=30",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR",
    "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;INTERVAL=2",
    "FREQ=YEARLY",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=3,10;BYDAY=-1SU",
    "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO",
    "FREQ=YEARLY;BYYEARDAY=1,-1",
    "FREQ=DAILY;UNTIL=20271231",
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _schedule(
    start: str = "2026-11-30T10:00", rule: str | None = "FREQ=WEEKLY", zone: str = "Europe/Berlin"
) -> Schedule:
    return Schedule(start=_local(start), duration=HOUR, timezone=zone, rule=rule)


def _starts(schedule: Schedule, after: str, before: str) -> list[str]:
    slots = expand(schedule, after=_local(after).replace(tzinfo=UTC), before=_local(before).replace(tzinfo=UTC))
    return [slot.start.isoformat() for slot in slots]


def _originals(schedule: Schedule, first: str, last: str) -> list[str]:
    return [start.isoformat("T", "minutes") for start in originals(schedule, first=_local(first), last=_local(last))]


def test_a_single_occurrence_is_its_start() -> None:
    assert _starts(_schedule(rule=None), "2026-01-01", "2028-01-01") == ["2026-11-30T10:00:00+01:00"]


def test_local_time_stays_through_daylight_saving() -> None:
    assert _starts(_schedule("2026-03-22T02:30"), "2026-03-01", "2026-04-06") == [
        "2026-03-22T02:30:00+01:00",
        "2026-03-29T03:30:00+02:00",
        "2026-04-05T02:30:00+02:00",
    ]


def test_a_slot_keeps_the_start_that_the_rule_gives_and_lasts_as_long_as_it_says() -> None:
    slots = expand(
        _schedule("2026-03-29T01:30"),
        after=datetime(2026, 3, 29, tzinfo=UTC),
        before=datetime(2026, 3, 30, tzinfo=UTC),
    )
    assert [(slot.original, slot.end.isoformat(), slot.change) for slot in slots] == [
        (_local("2026-03-29T01:30"), "2026-03-29T03:30:00+02:00", None)
    ]


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    assert _starts(_schedule(), "2026-11-30T09:00", "2026-12-14T09:00") == [
        "2026-11-30T10:00:00+01:00",
        "2026-12-07T10:00:00+01:00",
    ]
    assert _starts(_schedule(), "2026-12-07", "2026-12-07") == []
    assert _starts(_schedule(), "2026-12-08", "2026-12-07") == []


def test_a_day_that_a_zone_left_out_moves_to_the_next() -> None:
    schedule = _schedule("2011-12-29T10:00", "FREQ=DAILY;COUNT=3", "Pacific/Apia")
    assert _starts(schedule, "2011-12-01", "2012-02-01") == [
        "2011-12-29T10:00:00-10:00",
        "2011-12-31T10:00:00+14:00",
        "2011-12-31T10:00:00+14:00",
    ]


def test_a_window_in_the_repeated_hour_is_one_of_instants() -> None:
    schedule = _schedule("2026-10-25T02:30", "FREQ=DAILY")
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert len(expand(schedule, after=first, before=second)) == 1
    assert expand(schedule, after=second, before=second + HOUR) == ()


def test_skipped_occurrences_are_left_out_by_date_or_by_start() -> None:
    schedule = replace(_schedule(rule="FREQ=DAILY;BYHOUR=9,15"), skip=(date(2026, 12, 1), _local("2026-12-02T15:00")))
    assert _originals(schedule, "2026-12-01", "2026-12-03") == ["2026-12-02T09:00"]


def test_added_occurrences_join_those_of_the_rule_once() -> None:
    schedule = replace(_schedule(), add=(_local("2026-12-07T10:00"), _local("2026-12-09T15:00")))
    assert _originals(schedule, "2026-12-01", "2026-12-10") == ["2026-12-07T10:00", "2026-12-09T15:00"]


def test_an_added_occurrence_can_be_skipped_and_does_not_count() -> None:
    schedule = replace(
        _schedule(rule="FREQ=WEEKLY;COUNT=2"),
        add=(_local("2026-12-09T15:00"), _local("2026-12-10T15:00")),
        skip=(date(2026, 12, 10),),
    )
    assert _originals(schedule, "2026-11-01", "2027-11-01") == [
        "2026-11-30T10:00",
        "2026-12-07T10:00",
        "2026-12-09T15:00",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({date(2026, 12, 7): Change(start=time(14))}, ("2026-12-07T14:00", "2026-12-07T15:00")),
        ({date(2026, 12, 7): Change(start=_local("2026-12-09T08:00"))}, ("2026-12-09T08:00", "2026-12-09T09:00")),
        ({_local("2026-12-07T10:00"): Change(duration=2 * HOUR)}, ("2026-12-07T10:00", "2026-12-07T12:00")),
        (
            {_local("2026-12-07T10:00"): Change(start=time(11)), date(2026, 12, 7): Change(start=time(18))},
            ("2026-12-07T11:00", "2026-12-07T12:00"),
        ),
    ],
)
def test_a_change_moves_one_occurrence_and_is_named(
    changes: Mapping[date | datetime, Change], expected: tuple[str, str]
) -> None:
    schedule = replace(_schedule(), changes=changes)
    (slot,) = expand(schedule, after=datetime(2026, 12, 6, tzinfo=UTC), before=datetime(2026, 12, 13, tzinfo=UTC))
    assert (slot.start.isoformat()[:16], slot.end.isoformat()[:16]) == expected
    assert slot.original == _local("2026-12-07T10:00")
    assert slot.change == next(iter(changes))


def test_an_occurrence_is_found_where_it_was_moved_to_and_not_where_it_was() -> None:
    schedule = replace(_schedule(), changes={date(2026, 12, 7): Change(start=_local("2027-06-01T10:00"))})
    assert _starts(schedule, "2026-12-06", "2026-12-13") == []
    assert _starts(schedule, "2027-06-01", "2027-06-02") == ["2027-06-01T10:00:00+02:00"]


def test_a_skipped_occurrence_is_not_brought_back_by_a_change() -> None:
    day = date(2026, 12, 7)
    schedule = replace(_schedule(), skip=(day,), changes={day: Change(start=time(14))})
    assert _starts(schedule, "2026-12-06", "2026-12-13") == []


def test_a_change_for_no_occurrence_changes_nothing() -> None:
    schedule = replace(_schedule(), changes={date(2026, 12, 8): Change(start=time(14))})
    assert _starts(schedule, "2026-12-08", "2026-12-09") == []


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY;UNTIL=20261203", "2026-12-03T23:30"),
        ("FREQ=DAILY;UNTIL=20261203T233000", "2026-12-03T23:30"),
        ("FREQ=DAILY;UNTIL=20261203T232959", "2026-12-02T23:30"),
        ("FREQ=DAILY;UNTIL=20261203T223000Z", "2026-12-03T23:30"),
        ("FREQ=DAILY;UNTIL=20261203T222959Z", "2026-12-02T23:30"),
        ("FREQ=DAILY;COUNT=4", "2026-12-03T23:30"),
    ],
)
def test_until_is_inclusive_in_the_time_of_the_schedule(rule: str, last: str) -> None:
    assert _originals(_schedule("2026-11-30T23:30", rule), "2026-01-01", "2030-01-01")[-1] == last


def test_a_start_that_is_no_date_of_the_rule_only_anchors_it() -> None:
    schedule = _schedule("2026-12-01T10:00", "FREQ=WEEKLY;BYDAY=MO;COUNT=2")
    assert _originals(schedule, "2026-01-01", "2027-12-01") == ["2026-12-07T10:00", "2026-12-14T10:00"]
    assert first_occurrence(schedule) == _local("2026-12-07T10:00")


def test_the_position_in_a_week_counts_in_all_of_the_first_week() -> None:
    schedule = _schedule("2026-12-02T10:00", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1")
    assert first_occurrence(schedule) == _local("2026-12-07T10:00")


def test_plain_days_and_counted_days_add_up() -> None:
    monthly = _schedule("2026-12-01T10:00", "FREQ=MONTHLY;BYDAY=MO,1FR")
    assert [day[:10] for day in _originals(monthly, "2026-12-01", "2026-12-31")] == [
        "2026-12-04", "2026-12-07", "2026-12-14", "2026-12-21", "2026-12-28",
    ]  # fmt: skip
    yearly = _schedule("2026-01-01T10:00", "FREQ=YEARLY;BYDAY=MO,1FR")
    assert len(_originals(yearly, "2026-01-01", "2026-12-31")) == 53


def test_the_first_occurrence_is_none_where_the_rule_has_none() -> None:
    assert first_occurrence(_schedule(rule=None)) == _local("2026-11-30T10:00")
    assert first_occurrence(_schedule(rule="FREQ=DAILY;UNTIL=20200101")) is None
    assert first_occurrence(_schedule(rule="FREQ=DAILY;UNTIL=00010101T000000Z")) is None
    assert first_occurrence(_schedule(rule="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")) is None


def test_an_end_beyond_the_calendar_is_no_end() -> None:
    schedule = _schedule(rule="FREQ=DAILY;UNTIL=99991231T235959Z")
    assert first_occurrence(schedule) == _local("2026-11-30T10:00")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (date(2026, 12, 7), True),
        (_local("2026-12-07T10:00"), True),
        (_local("2026-12-07T10:30"), False),
        (date(2026, 12, 8), False),
        (date(2026, 12, 14), True),
        (date(2026, 12, 16), True),
        (date(2026, 11, 23), False),
        (date.max, False),
        (date.min, False),
    ],
)
def test_an_occurrence_is_known_by_date_or_start_even_if_skipped(when: date, *, expected: bool) -> None:
    schedule = replace(_schedule(), skip=(date(2026, 12, 14),), add=(_local("2026-12-16T09:00"),))
    assert is_occurrence(schedule, when) is expected


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("start", ["0001-01-01T00:00", "9998-12-01T10:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_the_ends_of_the_calendar_are_no_error(rule: str | None, start: str, zone: str) -> None:
    schedule = replace(
        _schedule(start, rule, zone), changes={_local(start).date(): Change(start=_local("9999-12-31T23:59"))}
    )
    first_occurrence(schedule)
    for year in (1, 2, 9998):
        edge = datetime(year, 1, 1, tzinfo=UTC)
        assert all(
            slot.start >= edge
            for slot in expand(schedule, after=edge, before=edge + timedelta(days=400 * (year < 9998) + 364))
        )
    assert expand(schedule, after=datetime.max.replace(tzinfo=UTC), before=datetime.max.replace(tzinfo=UTC)) == ()


def test_a_rule_that_runs_to_the_end_of_time_stops_there() -> None:
    weekly = _schedule("9998-12-01T10:00", "FREQ=WEEKLY;BYMONTH=11")
    assert _originals(weekly, "9998-12-01", "9999-12-31") == []
    # its second week ends in the year 10000
    start = datetime(9999, 12, 27, 10) - timedelta(days=7000)  # noqa: DTZ001  # local
    last_week = replace(weekly, start=start, rule="FREQ=WEEKLY;INTERVAL=1000;BYMONTH=1;BYDAY=SA")
    assert first_occurrence(last_week) is None


STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001  # local
    lambda start: start.replace(second=0, microsecond=0)
)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zone given


@given(
    start=STARTS,
    rule=st.sampled_from(RULES),
    zone=st.sampled_from(ZONES),
    edges=st.tuples(INSTANTS, INSTANTS, INSTANTS).map(sorted),
    moved=st.dictionaries(st.integers(0, 60), st.integers(-2000, 2000), max_size=3),
)
def test_windows_compose(
    start: datetime, rule: str | None, zone: str, edges: list[datetime], moved: dict[int, int]
) -> None:
    day = start.date()
    changes: dict[date | datetime, Change] = {
        day + timedelta(days=key): Change(start=start + timedelta(days=key, hours=by)) for key, by in moved.items()
    }
    schedule = Schedule(start=start, duration=HOUR, timezone=zone, rule=rule, changes=changes)
    first, middle, last = edges
    whole = expand(schedule, after=first, before=last)
    assert whole == expand(schedule, after=first, before=middle) + expand(schedule, after=middle, before=last)
    instants = [slot.start.astimezone(UTC) for slot in whole]
    assert instants == sorted(instants)
    assert len({slot.original for slot in whole}) == len(whole)
    assert all(slot.end.astimezone(UTC) - slot.start.astimezone(UTC) == HOUR for slot in whole)
    for slot in whole[:2]:
        assert is_occurrence(schedule, slot.original)
        assert is_occurrence(schedule, slot.original.date())


@given(
    start=STARTS,
    rule=st.sampled_from(RULES),
    zone=st.sampled_from(ZONES),
    edges=st.tuples(INSTANTS, INSTANTS).map(sorted),
)
def test_what_is_plain_comes_out_as_by_the_long_way(
    start: datetime, rule: str | None, zone: str, edges: list[datetime]
) -> None:
    schedule = Schedule(start=start, duration=HOUR, timezone=zone, rule=rule)
    long_way = replace(schedule, skip=(date(1999, 1, 1),))
    first, last = edges
    assert expand(schedule, after=first, before=last) == expand(long_way, after=first, before=last)


@given(
    start=STARTS,
    rule=st.sampled_from([rule for rule in RULES if rule]),
    edges=st.tuples(INSTANTS, INSTANTS).map(sorted),
)
def test_in_utc_the_dates_are_those_of_dateutil(start: datetime, rule: str, edges: list[datetime]) -> None:
    schedule = Schedule(start=start, duration=HOUR, timezone="UTC", rule=rule)
    first, last = (edge.replace(tzinfo=None) for edge in edges)
    theirs = rrule.rrulestr(rule.replace("UNTIL=20271231", "UNTIL=20271231T235959"), dtstart=start)
    ours = [slot.start.replace(tzinfo=None) for slot in expand(schedule, after=edges[0], before=edges[1])]
    assert ours == [each for each in theirs.between(first, last, inc=True) if each < last]


@given(start=STARTS, rule=st.sampled_from(RULES), zone=st.sampled_from(ZONES))
def test_the_first_occurrence_is_the_first(start: datetime, rule: str | None, zone: str) -> None:
    schedule = Schedule(start=start, duration=HOUR, timezone=zone, rule=rule)
    first = first_occurrence(schedule)
    found = originals(schedule, first=start - timedelta(days=400), last=start + timedelta(days=4000))
    assert found[:1] == ((first,) if first else ())
