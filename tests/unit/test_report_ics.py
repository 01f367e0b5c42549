"""The exported calendar: other programs find in it the very occurrences that are booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import recurring_ical_events
from builders import booked, occurrence
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Timezone

from reconciler.config.model import Config, Meeting, Override, Person, Provider, Room
from reconciler.errors import Position
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key, RoomStatus
from reconciler.report.ics import calendar
from reconciler.report.vtimezone import vtimezone
from reconciler.schedule.expand import expand, first_occurrence
from reconciler.schedule.model import Change, Closure, DaysOff, Schedule, Shift
from reconciler.schedule.zones import zone

NOW = datetime(2026, 11, 29, tzinfo=UTC)
START = datetime(2026, 11, 30, 10)  # noqa: DTZ001  # local; a Monday
RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;BYHOUR=9,15;COUNT=30",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
    "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270301",
    "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270226T100000Z",
    "FREQ=YEARLY;BYWEEKNO=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53;BYDAY=TU,TH",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR",
    "FREQ=MONTHLY;BYDAY=MO,1FR",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15,31",
    "FREQ=YEARLY;BYMONTH=2,12;BYMONTHDAY=28,29",
    "FREQ=YEARLY;BYYEARDAY=1,-1",
]
ZONES = [
    "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
    "Asia/Kathmandu", "Pacific/Chatham", "Africa/Cairo", "Europe/Dublin",
]  # fmt: skip


def _config(schedule: Schedule, **fields: object) -> Config:
    base = Meeting(
        name="sync",
        title="Weekly sync",
        organizer="alice",
        schedule=schedule,
        position=Position("meetings.yaml", 1, 1),
        description="What shipped,\nwhat is stuck; and more.",
        rooms=("aurora",),
    )
    return Config(
        root=Path(),
        workspace="acme",
        provider=Provider(),
        horizon=timedelta(days=28),
        people={"alice": Person(alias="alice", union_id="A1")},
        rooms={one: Room(alias=one, id=one, location="Hangzhou 3F") for one in ("aurora", "borealis")},
        meetings={"sync": replace(base, **fields)},  # type: ignore[arg-type]  # a test names fields that there are
    )


def _schedule(rule: str | None = "FREQ=WEEKLY", start: datetime = START, timezone: str = "Europe/Berlin") -> Schedule:
    return Schedule(start=start, duration=timedelta(minutes=45), timezone=timezone, rule=rule)


def _read(text: str, first: datetime, last: datetime) -> list[tuple[str, str]]:
    """Return start and end, in UTC, of what another program makes of the file."""
    found = recurring_ical_events.of(Calendar.from_ical(text)).between(first, last)
    times = [(one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in found]
    return sorted((f"{start:%F %H:%M}", f"{end:%F %H:%M}") for start, end in times if first <= start < last)


def _ours(schedule: Schedule, first: datetime, last: datetime) -> list[tuple[str, str]]:
    slots = expand(schedule, after=first, before=last)
    times = [(slot.start.astimezone(UTC), slot.end.astimezone(UTC)) for slot in slots]
    return sorted((f"{start:%F %H:%M}", f"{end:%F %H:%M}") for start, end in times)


def _agree(schedule: Schedule, first: datetime, last: datetime) -> None:
    text = calendar(_config(schedule), ["sync"], {}, now=min(first, NOW))
    assert _read(text, first, last) == _ours(schedule, first, last)


STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 30)).map(  # noqa: DTZ001  # local
    lambda start: start.replace(second=0, microsecond=0, minute=start.minute // 15 * 15)
)
DAYS_OFF = st.sampled_from(
    [
        DaysOff(),
        DaysOff(calendars=("DE-BY",)),
        DaysOff(calendars=("CN",), shift=Shift.NEXT),
        DaysOff(closures=(Closure(first=date(2026, 12, 21), last=date(2027, 1, 5)),), shift=Shift.PREVIOUS),
    ]
)
SCHEDULES = st.builds(
    lambda start, rule, timezone, off, skip, moves, extra: Schedule(
        start=start,
        duration=timedelta(minutes=45),
        timezone=timezone,
        rule=rule,
        skip=tuple(start.date() + timedelta(days=far) for far in skip),
        add=tuple({start + timedelta(days=far, hours=2) for far in extra}),
        changes={start.date() + timedelta(days=far): Change(start=time(hour)) for far, hour in moves.items()},
        days_off=off,
    ),
    STARTS,
    st.sampled_from([*RULES, None]),
    st.sampled_from(ZONES),
    DAYS_OFF,
    st.sets(st.integers(0, 200), max_size=20),
    st.dictionaries(st.integers(0, 200), st.integers(6, 20), max_size=20),
    st.sets(st.integers(-20, 200), max_size=3),
)


def _agree_around(schedule: Schedule, far: int, length: int) -> None:
    assume(first_occurrence(schedule) is not None)  # validation refuses a rule that has ended before
    first = schedule.start.replace(tzinfo=UTC) + timedelta(days=far)
    _agree(schedule, first, first + timedelta(days=length))


@settings(max_examples=60)
@given(schedule=SCHEDULES, far=st.integers(-30, 250), length=st.integers(1, 150))
def test_other_programs_read_the_occurrences_that_are_booked(schedule: Schedule, far: int, length: int) -> None:
    _agree_around(schedule, far, length)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@settings(max_examples=2000)
@given(schedule=SCHEDULES, far=st.integers(-30, 350), length=st.integers(1, 150))
def test_other_programs_read_thousands_of_schedules_alike(schedule: Schedule, far: int, length: int) -> None:
    _agree_around(schedule, far, length)


@pytest.mark.parametrize("rule", RULES)
def test_each_kind_of_rule_is_exported_whole(rule: str) -> None:
    _agree(_schedule(rule), NOW, NOW + timedelta(days=400))


def test_a_series_is_one_master_with_its_exceptions() -> None:
    schedule = replace(
        _schedule("FREQ=WEEKLY;UNTIL=20270301"),
        skip=(date(2026, 12, 7),),
        add=(datetime(2026, 12, 9, 15),),  # noqa: DTZ001  # local
        changes={date(2026, 12, 14): Change(start=time(14)), date(2026, 12, 21): Change()},
    )
    overrides = {date(2026, 12, 14): Override(rooms=("borealis",)), date(2026, 12, 21): Override(title="Year-end sync")}
    text = calendar(_config(schedule, overrides=overrides), ["sync"], {}, now=NOW).replace("\r\n", "\n")
    for line in [
        "UID:sync@acme.reconciler",
        "DTSTART;TZID=Europe/Berlin:20261130T100000",
        "DURATION:PT45M",
        "RRULE:FREQ=WEEKLY;UNTIL=20270301T225959Z",
        "EXDATE;TZID=Europe/Berlin:20261207T100000",
        "RDATE;TZID=Europe/Berlin:20261209T150000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261214T100000",
        "DTSTART;TZID=Europe/Berlin:20261214T140000",
        "LOCATION:borealis (Hangzhou 3F)",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261221T100000",
        "SUMMARY:Year-end sync",
        "DESCRIPTION:What shipped\\,\\nwhat is stuck\\; and more.",
        "BEGIN:VTIMEZONE",
    ]:
        assert f"\n{line}\n" in text, line
    assert text.count("BEGIN:VEVENT") == 3
    assert text == calendar(_config(schedule, overrides=overrides), ["sync"], {}, now=NOW).replace("\r\n", "\n")


def test_a_skipped_day_stays_free_where_rule_and_addition_name_the_same_start() -> None:
    schedule = replace(
        _schedule("FREQ=DAILY;INTERVAL=3;BYHOUR=9,15", timezone="UTC", start=datetime(2026, 12, 1, 13)),  # noqa: DTZ001
        skip=(date(2026, 12, 1),),
        add=(datetime(2026, 12, 1, 15),),  # noqa: DTZ001  # local
    )
    _agree(schedule, NOW, NOW + timedelta(days=10))


def test_a_booked_occurrence_carries_its_link_and_no_other_does() -> None:
    want = occurrence("2026-12-07T10:00", timezone="Europe/Berlin")
    have = booked(want)
    seen = {want.key: have, Key("sync", datetime(2026, 12, 8, 10)): replace(have, key=want.key)}  # noqa: DTZ001  # local
    events = Calendar.from_ical(calendar(_config(_schedule()), ["sync"], seen, now=NOW)).walk("VEVENT")
    assert have.conference is not None
    assert [str(one.get("URL", "")) for one in events] == ["", have.conference.url]
    assert have.conference.url in str(events[1]["DESCRIPTION"])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://a.example", "https://a.example/\r\nATTENDEE:x", ""])
def test_a_link_that_one_should_not_click_on_is_left_out(url: str) -> None:
    have = booked(occurrence("2026-12-07T10:00"))
    assert have.conference is not None
    seen: dict[Key, Observed] = {have.key: replace(have, conference=replace(have.conference, url=url))}
    assert "\r\nURL" not in calendar(_config(_schedule()), ["sync"], seen, now=NOW)


def test_text_can_t_break_out_of_its_line() -> None:
    hostile = "x\r\nATTENDEE:mailto:eve@example.com\n\nEND:VEVENT"
    text = calendar(_config(_schedule(), title=hostile, description=hostile), ["sync"], {}, now=NOW)
    assert text.count("\nEND:VEVENT") == 1
    assert "\nATTENDEE" not in text


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        ("2026-03-29T02:30", 60),  # left out: it begins at 03:30
        ("2026-03-29T01:30", 60),  # it ends at 03:30
        ("2026-03-28T22:00", 360),
        ("2026-10-25T02:30", 60),  # comes twice
        ("2026-10-25T01:45", 30),  # ends at a time that comes twice
        ("2026-10-25T01:30", 90),
        ("2026-10-24T23:00", 480),
    ],
)
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY", None])
def test_what_is_on_while_the_clocks_are_changed_ends_when_it_does(start: str, minutes: int, rule: str | None) -> None:
    begin = datetime.fromisoformat(start)
    days = 14 if rule else 0
    for far in range(0, days + 1, 7):
        schedule = replace(
            _schedule(rule, begin - timedelta(days=far)), duration=timedelta(minutes=minutes), add=(begin,) * bool(far)
        )
        around = begin.replace(tzinfo=UTC)
        text = calendar(_config(schedule), ["sync"], {}, now=around - timedelta(days=60))
        first, last = around - timedelta(days=3), around + timedelta(days=9)
        assert _read(text, first, last) == _ours(schedule, first, last)


def test_the_room_is_the_one_that_is_booked() -> None:
    want = replace(occurrence("2026-12-07T10:00", timezone="Europe/Berlin"), rooms=("borealis",))
    have = booked(want)
    assert have.event is not None
    config = _config(_schedule(), rooms=None)
    alone = replace(have, conference=None)
    for seen in (have, alone):
        events = Calendar.from_ical(calendar(config, ["sync"], {want.key: seen}, now=NOW)).walk("VEVENT")
        assert [str(one.get("LOCATION", "")) for one in events] == ["", "borealis (Hangzhou 3F)"]
    (room,) = have.event.rooms
    refused = replace(have, event=replace(have.event, rooms=(replace(room, status=RoomStatus.DECLINED),)))
    text = calendar(config, ["sync"], {want.key: refused}, now=NOW)
    assert "LOCATION" not in text


ODD = ",".join(map(str, range(1, 54, 2)))


def test_odd_weeks_are_every_second_week_between_long_years_for_programs_that_count_no_weeks() -> None:
    schedule = replace(
        _schedule(f"FREQ=YEARLY;BYWEEKNO={ODD};BYDAY=TU,TH"),
        start=datetime(2026, 12, 1, 10),  # noqa: DTZ001  # local; of week 49
        skip=(date(2027, 1, 5),),
        add=(datetime(2027, 1, 13, 15),),  # noqa: DTZ001  # local
        changes={date(2027, 1, 7): Change(start=time(14)), date(2026, 12, 29): Change(start=time(9))},
    )
    text = calendar(_config(schedule), ["sync"], {}, now=NOW)
    assert "BYWEEKNO" not in text
    masters = [one for one in Calendar.from_ical(text).walk("VEVENT") if "RECURRENCE-ID" not in one]
    assert [str(one["UID"]) for one in masters] == [
        "sync@acme.reconciler",
        "sync.2027W01@acme.reconciler",
        "sync.2033W01@acme.reconciler",
    ]
    assert text.count("RRULE:FREQ=WEEKLY;UNTIL=") == text.count(";INTERVAL=2") == 3
    _agree(schedule, NOW, NOW + timedelta(days=3000))


@pytest.mark.parametrize("more", [";COUNT=9", ";UNTIL=20270112", ";UNTIL=20261231T090000Z", ";BYHOUR=9,15", ""])
@pytest.mark.parametrize("first", [1, 2])
def test_odd_and_even_weeks_end_where_they_do(first: int, more: str) -> None:
    weeks = ",".join(map(str, range(first, 54, 2)))
    schedule = _schedule(f"FREQ=YEARLY;BYWEEKNO={weeks};BYDAY=MO,SU{more}", timezone="Pacific/Auckland")
    _agree(schedule, NOW, NOW + timedelta(days=400))


def test_the_link_of_a_later_part_is_on_its_own_instance() -> None:
    schedule = _schedule(f"FREQ=YEARLY;BYWEEKNO={ODD};BYDAY=MO")
    want = occurrence("2027-01-04T10:00", timezone="Europe/Berlin")
    events = Calendar.from_ical(calendar(_config(schedule), ["sync"], {want.key: booked(want)}, now=NOW)).walk("VEVENT")
    assert [str(one["UID"]) for one in events if "URL" in one] == ["sync.2027W01@acme.reconciler"]


def test_what_is_over_or_disabled_is_not_exported() -> None:
    for config in (_config(_schedule("FREQ=WEEKLY;UNTIL=20260101")), _config(_schedule(), enabled=False)):
        assert "VEVENT" not in calendar(config, ["sync"], {}, now=NOW)


@pytest.mark.parametrize("name", [name for name in ZONES if name != "UTC"])
def test_a_zone_is_exported_as_it_is(name: str) -> None:
    (part,) = Calendar.from_ical(
        b"BEGIN:VCALENDAR\r\n" + vtimezone(name, since=2024, through=2030).to_ical() + b"END:VCALENDAR\r\n"
    ).walk("VTIMEZONE")
    assert isinstance(part, Timezone)
    assert not any("RDATE" in one for one in part.subcomponents)  # programs that read but the first one are many
    theirs = part.to_tz(lookup_tzid=False)
    instant = datetime(2024, 1, 2, tzinfo=UTC)
    while instant.year < 2030:
        wall = instant.astimezone(zone(name))
        if wall.utcoffset() == (wall + timedelta(hours=2)).utcoffset() == (wall - timedelta(hours=2)).utcoffset():
            assert wall.replace(tzinfo=theirs).utcoffset() == wall.utcoffset(), wall
        instant += timedelta(hours=7)
