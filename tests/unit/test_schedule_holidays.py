"""Days off: what they take, where it goes, and what counts as a workday."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.expand import expand, originals, taken_between
from reconciler.schedule.holidays import HolidaysMissing, UnknownCalendar, check_calendar, year_of
from reconciler.schedule.model import Change, Closure, DaysOff, Schedule, Shift
from reconciler.schedule.workdays import day_off, is_workday, unpublished

CHINA = DaysOff(calendars=("CN",))
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
# The arrangements that the State Council published: periods off, and weekend days worked in their place.
CHINESE_YEARS = [
    (
        2024,
        ["01-01 01-01", "02-10 02-17", "04-04 04-06", "05-01 05-05", "06-10 06-10", "09-15 09-17", "10-01 10-07"],
        ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    ),
    (
        2025,
        ["01-01 01-01", "01-28 02-04", "04-04 04-06", "05-01 05-05", "05-31 06-02", "10-01 10-08"],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    (
        2026,
        ["01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21", "09-25 09-27", "10-01 10-07"],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=far) for far in range((last - first).days + 1)]


def _schedule(rule: str, days_off: DaysOff, start: str = "2024-01-01T10:00") -> Schedule:
    return Schedule(
        start=datetime.fromisoformat(start),
        duration=timedelta(hours=1),
        timezone="Asia/Shanghai",
        rule=rule,
        days_off=days_off,
    )


def _held(schedule: Schedule, first: str, last: str) -> list[str]:
    """Return the local starts from one date through another, where they were moved with the original date behind."""
    after = datetime.fromisoformat(f"{first}T00:00+08:00")
    before = datetime.fromisoformat(f"{last}T00:00+08:00") + timedelta(days=1)
    return [
        f"{slot.start:%m-%d}" + (f"<{slot.original:%m-%d}" if slot.holiday else "")
        for slot in expand(schedule, after=after, before=before)
    ]


@pytest.mark.parametrize(("year", "periods", "worked"), CHINESE_YEARS)
def test_china_is_off_and_works_as_the_state_council_arranged_it(
    year: int, periods: list[str], worked: list[str]
) -> None:
    spans = [[date.fromisoformat(f"{year}-{day}") for day in period.split()] for period in periods]
    off = {day for first, last in spans for day in _days(first, last)}
    made_up = {date.fromisoformat(f"{year}-{day}") for day in worked}
    whole = _days(date(year, 1, 1), date(year, 12, 31))
    assert {day for day in whole if day_off(day, CHINA)} == off
    assert {day for day in whole if is_workday(day, CHINA)} == {
        day for day in whole if day in made_up or (day.weekday() < 5 and day not in off)
    }
    assert all(day.weekday() >= 5 for day in made_up)
    schedule = _schedule("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", replace(CHINA, make_up=True))
    slots = expand(schedule, after=datetime(year, 1, 1, tzinfo=UTC), before=datetime(year + 1, 1, 1, tzinfo=UTC))
    assert {slot.start.date() for slot in slots} == {day for day in whole if is_workday(day, CHINA)}


@pytest.mark.parametrize(
    ("rule", "shift", "first", "last", "held"),
    [
        # Labour Day 2026: Friday 1 to Tuesday 5 May are off, Saturday 9 is worked.
        ("FREQ=WEEKLY;BYDAY=MO", Shift.NONE, "2026-04-27", "2026-05-11", ["04-27", "05-11"]),
        ("FREQ=WEEKLY;BYDAY=MO", Shift.NEXT, "2026-04-27", "2026-05-11", ["04-27", "05-06<05-04", "05-11"]),
        ("FREQ=WEEKLY;BYDAY=MO", Shift.PREVIOUS, "2026-04-27", "2026-05-11", ["04-27", "04-30<05-04", "05-11"]),
        # Spring Festival 2026: 15 to 23 February, a worked Saturday before it.
        ("FREQ=WEEKLY;BYDAY=MO", Shift.PREVIOUS, "2026-02-09", "2026-02-23", ["02-09", "02-14<02-16"]),
        ("FREQ=WEEKLY;BYDAY=MO", Shift.NEXT, "2026-02-09", "2026-02-28", ["02-09", "02-24<02-23"]),
        # A day that has an occurrence already takes no second at the same time.
        (WEEKDAYS, Shift.NEXT, "2026-04-29", "2026-05-07", ["04-29", "04-30", "05-06", "05-07"]),
        # Sundays: one is worked, one is plain, both were meant; the one inside the festival is off.
        ("FREQ=WEEKLY;BYDAY=SU", Shift.NONE, "2026-09-20", "2026-10-11", ["09-20", "10-11"]),
        ("FREQ=WEEKLY;BYDAY=SU", Shift.NONE, "2026-01-04", "2026-01-18", ["01-04", "01-11", "01-18"]),
    ],
)
def test_what_a_holiday_takes_goes_where_the_shift_says(
    rule: str, shift: Shift, first: str, last: str, held: list[str]
) -> None:
    assert _held(_schedule(rule, replace(CHINA, shift=shift)), first, last) == held


def test_a_taken_occurrence_says_why_and_keeps_its_identity() -> None:
    schedule = _schedule("FREQ=WEEKLY;BYDAY=TH", replace(CHINA, shift=Shift.NEXT))
    day = datetime(2026, 9, 28, tzinfo=UTC)
    (found,) = taken_between(schedule, after=day, before=day + timedelta(days=7))
    assert (found.original.date(), found.reason, found.moved_to) == (date(2026, 10, 1), "holiday: National Day", None)
    alone = replace(schedule, rule="FREQ=MONTHLY;BYMONTHDAY=1")
    (moved,) = taken_between(alone, after=day, before=day + timedelta(days=7))
    assert moved.moved_to == datetime(2026, 10, 8, 10)  # noqa: DTZ001  # local
    (slot,) = expand(alone, after=day, before=day + timedelta(days=14))
    assert (slot.original.date(), slot.start.date(), slot.holiday) == (
        date(2026, 10, 1),
        date(2026, 10, 8),
        "holiday: National Day",
    )


def test_several_on_one_day_keep_their_times_when_they_move() -> None:
    schedule = _schedule("FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=9,15", replace(CHINA, shift=Shift.NEXT))
    day = datetime(2026, 10, 1, tzinfo=UTC)
    assert [f"{slot.start:%d %H}" for slot in expand(schedule, after=day, before=day + timedelta(days=9))] == [
        "08 09",
        "08 15",
    ]


def test_of_two_that_would_meet_the_nearer_moves() -> None:
    schedule = _schedule("FREQ=WEEKLY;BYDAY=TH,FR", replace(CHINA, shift=Shift.PREVIOUS), "2026-09-28T10:00")
    assert _held(schedule, "2026-09-28", "2026-10-09") == ["09-30<10-01", "10-08", "10-09"]


def test_what_a_person_put_on_a_holiday_stays_there() -> None:
    schedule = replace(
        _schedule("FREQ=WEEKLY;BYDAY=TH", CHINA),
        add=(datetime(2026, 10, 2, 10),),  # noqa: DTZ001  # local
        changes={date(2026, 10, 1): Change(start=time(11))},
    )
    assert _held(schedule, "2026-10-01", "2026-10-08") == ["10-01", "10-02", "10-08"]
    retitled = replace(schedule, add=(), changes={date(2026, 10, 1): Change(duration=timedelta(hours=2))})
    assert _held(retitled, "2026-10-01", "2026-10-08") == ["10-08"]


def test_the_company_closes_with_a_reason() -> None:
    closed = DaysOff(closures=(Closure(first=date(2026, 12, 24), last=date(2027, 1, 2), reason="end of year"),))
    schedule = _schedule("FREQ=WEEKLY;BYDAY=MO,FR", replace(closed, shift=Shift.NEXT))
    assert _held(schedule, "2026-12-21", "2027-01-08") == ["12-21", "01-04", "01-08"]
    assert day_off(date(2026, 12, 24), closed) == "closed: end of year"


def test_a_day_off_in_one_calendar_of_several_is_off_and_named() -> None:
    both = DaysOff(calendars=("CN", "DE-BY"), shift=Shift.NEXT)
    assert day_off(date(2026, 1, 6), both) == "holiday: Epiphany (DE-BY)"
    assert day_off(date(2026, 10, 5), both) == "holiday: National Day (CN)"
    assert not is_workday(date(2026, 10, 10), both)  # worked in China, a weekend in Bavaria
    assert is_workday(date(2026, 10, 10), replace(both, calendars=("CN",)))


def test_elsewhere_weekends_are_those_of_the_country() -> None:
    israel = DaysOff(calendars=("IL",))
    assert (is_workday(date(2026, 11, 20), israel), is_workday(date(2026, 11, 22), israel)) == (False, True)


def test_every_workday_ends_with_its_rule() -> None:
    days = replace(CHINA, make_up=True)
    rule = "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"
    until = _schedule(f"{rule};UNTIL=20261010T235959", days, "2026-10-08T10:00")
    counted = _schedule(f"{rule};COUNT=2", days, "2026-10-08T10:00")
    first, last = datetime(2026, 10, 1), datetime(2026, 10, 31)  # noqa: DTZ001  # local
    assert [one.day for one in originals(until, first=first, last=last)] == [8, 9, 10]
    assert [one.day for one in originals(counted, first=first, last=last)] == [8, 9]


def test_a_year_that_is_not_published_takes_nothing_and_is_named() -> None:
    far = DaysOff(calendars=("CN", "DE"))
    assert [*unpublished(far, range(2026, 2028))] == [("CN", 2027)]
    assert not day_off(date(2027, 10, 1), CHINA)
    assert is_workday(date(2027, 10, 1), CHINA)
    assert not year_of("DE", 2300).published


@pytest.mark.parametrize("code", ["XX", "DE-QQ", "CN-31", "", "de", "DE-BY-1", "ZZ-TOP"])
def test_an_unknown_calendar_is_refused(code: str) -> None:
    with pytest.raises(UnknownCalendar) as caught:
        check_calendar(code)
    assert caught.value.fix


@pytest.mark.parametrize(("code", "module"), [("CN", "chinese_calendar"), ("DE", "holidays")])
def test_a_missing_library_is_told_with_what_to_install(
    code: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(HolidaysMissing, match="need") as caught:
        check_calendar(code)
    assert caught.value.fix == "pip install chinesecalendar holidays"


CALENDARS = st.sampled_from([(), ("CN",), ("DE-BY",), ("US",), ("CN", "DE-BY"), ("HU",)])
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zone given


@given(
    calendars=CALENDARS,
    shift=st.sampled_from(Shift),
    rule=st.sampled_from([WEEKDAYS, "FREQ=WEEKLY;BYDAY=TH", "FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=DAILY;BYHOUR=9,15"]),
    closed=st.integers(0, 700),
    edges=st.tuples(INSTANTS, INSTANTS, INSTANTS).map(sorted),
)
def test_windows_compose_whatever_moves(
    calendars: tuple[str, ...], shift: Shift, rule: str, closed: int, edges: list[datetime]
) -> None:
    day = date(2024, 6, 1) + timedelta(days=closed)
    closures = (Closure(first=day, last=day + timedelta(days=4), reason="off-site"),)
    off = DaysOff(calendars=calendars, shift=shift, closures=closures)
    schedule = _schedule(rule, off)
    edges = [edges[0], min(edges[1], edges[0] + timedelta(days=90)), min(edges[2], edges[0] + timedelta(days=200))]
    first, middle, last = sorted(edges)
    whole = expand(schedule, after=first, before=last)
    assert whole == expand(schedule, after=first, before=middle) + expand(schedule, after=middle, before=last)
    assert all(not day_off(slot.start.date(), off) for slot in whole)
    assert len({slot.original for slot in whole}) == len(whole)
    assert len({slot.start for slot in whole}) == len(whole)
