"""Changes of the clocks in over forty zones, by table and against the zone database itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.schedule.expand import expand
from reconciler.schedule.model import Schedule
from reconciler.schedule.seams import Seam, seams
from reconciler.schedule.zones import localise, zone

# Odd offsets, half-hour changes, changes at midnight, a day left out, changes for Ramadan, changes given up.
ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Lagos", "Africa/Monrovia", "America/Anchorage",
    "America/Argentina/Buenos_Aires", "America/Asuncion", "America/Bogota", "America/Caracas", "America/Chicago",
    "America/Denver", "America/Havana", "America/Los_Angeles", "America/Mexico_City", "America/New_York",
    "America/Nuuk", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll", "Asia/Amman",
    "Asia/Beirut", "Asia/Colombo", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang",
    "Asia/Shanghai", "Asia/Tehran", "Asia/Tokyo", "Asia/Yangon", "Atlantic/Azores", "Australia/Adelaide",
    "Australia/Eucla", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin", "Europe/Istanbul", "Europe/London",
    "Europe/Moscow", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Marquesas", "Pacific/Niue",
    "Pacific/Norfolk",
]  # fmt: skip
MINUTES = st.datetimes(datetime(2005, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001  # local
    lambda moment: moment.replace(second=0, microsecond=0)
)


@pytest.mark.parametrize(
    ("name", "year", "expected"),
    [
        ("Europe/Berlin", 2026, ["gap 03-29 02:00–03:00", "twice 10-25 02:00–03:00"]),
        ("America/New_York", 2026, ["gap 03-08 02:00–03:00", "twice 11-01 01:00–02:00"]),
        ("Australia/Lord_Howe", 2026, ["twice 04-05 01:30–02:00", "gap 10-04 02:00–02:30"]),
        ("Pacific/Chatham", 2026, ["twice 04-05 02:45–03:45", "gap 09-27 02:45–03:45"]),
        ("America/Santiago", 2024, ["twice 04-06 23:00–00:00", "gap 09-08 00:00–01:00"]),
        ("America/Havana", 2024, ["gap 03-10 00:00–01:00", "twice 11-03 00:00–01:00"]),
        ("Africa/Cairo", 2024, ["gap 04-26 00:00–01:00", "twice 10-31 23:00–00:00"]),
        ("Antarctica/Troll", 2026, ["gap 03-29 01:00–03:00", "twice 10-25 01:00–03:00"]),
        ("Pacific/Apia", 2011, ["twice 04-02 03:00–04:00", "gap 09-24 03:00–04:00", "gap 12-30 00:00–00:00"]),
        ("Asia/Pyongyang", 2015, ["twice 08-14 23:30–00:00"]),
        ("Asia/Pyongyang", 2018, ["gap 05-04 23:30–00:00"]),
        ("America/Caracas", 2016, ["gap 05-01 02:30–03:00"]),
        ("Europe/Istanbul", 2016, ["gap 03-27 03:00–04:00"]),
        ("Asia/Shanghai", 2026, []),
        ("Asia/Kolkata", 2026, []),
        ("UTC", 2026, []),
    ],
)
def test_a_zone_changes_its_clocks(name: str, year: int, expected: list[str]) -> None:
    found = seams(name, first=datetime(year, 1, 1), last=datetime(year, 12, 31))  # noqa: DTZ001  # local
    assert [f"{'gap' if one.gap else 'twice'} {one.first:%m-%d %H:%M}–{one.last:%H:%M}" for one in found] == expected


def test_there_are_more_than_forty_zones() -> None:
    assert len(set(ZONES)) > 40


@pytest.mark.parametrize("name", ZONES)
def test_outside_the_seams_a_local_time_is_just_itself(name: str) -> None:
    @settings(max_examples=40)
    @given(local=MINUTES)
    def check(local: datetime) -> None:
        _check_local(name, local)

    check()
    for seam in seams(name, first=datetime(2019, 1, 1), last=datetime(2028, 12, 31)):  # noqa: DTZ001  # local
        for local in (seam.first, seam.last, seam.first - timedelta(minutes=1), seam.last - timedelta(minutes=1)):
            _check_local(name, local)


def _check_local(name: str, local: datetime) -> None:
    """Hold what we know of a local time against what the zone database says of its two readings."""
    where = ZoneInfo(name)
    first, second = (local.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1))
    inside = [seam for seam in seams(name, first=local, last=local) if seam.first <= local < seam.last]
    assert [seam.gap for seam in inside] == ([] if first == second else [first > second])
    placed = localise(local, zone(name))
    assert placed.astimezone(UTC) == first
    wall = placed.replace(tzinfo=None)
    assert wall == (local + _length(inside[0]) if inside and inside[0].gap else local)


def _length(seam: Seam) -> timedelta:
    return seam.last - seam.first


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(
    ("start", "rule", "days"),
    [
        ("2027-12-30T00:00", "FREQ=DAILY", ["12-30", "12-31", "01-01", "01-02"]),
        ("2027-12-30T23:59", "FREQ=DAILY", ["12-30", "12-31", "01-01", "01-02"]),
        ("2028-02-27T00:00", "FREQ=DAILY", ["02-27", "02-28", "02-29", "03-01", "03-02"]),
        ("2028-02-29T12:00", "FREQ=YEARLY", ["02-29", "02-29"]),
        ("2028-01-31T12:00", "FREQ=MONTHLY", ["01-31", "03-31", "05-31", "07-31"]),
    ],
)
def test_midnight_year_end_and_leap_day_keep_their_local_dates(
    name: str, start: str, rule: str, days: list[str]
) -> None:
    begin = datetime.fromisoformat(start)
    schedule = Schedule(start=begin, duration=timedelta(minutes=30), timezone=name, rule=f"{rule};COUNT={len(days)}")
    after = begin.replace(tzinfo=UTC) - timedelta(days=2)
    slots = expand(schedule, after=after, before=after + timedelta(days=1500))
    assert [f"{slot.start:%m-%d}" for slot in slots] == days
    assert {slot.start.time() for slot in slots} == {begin.time()}
    assert {slot.start.tzinfo for slot in slots} == {zone(name)}
    assert slots[0].start.date() == date.fromisoformat(start[:10])
