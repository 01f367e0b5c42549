"""Local time placed in zones: gaps, overlaps, and names that are none."""

from __future__ import annotations

import os
import zoneinfo
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.zones import UnknownZone, later, localise, zone

ZONES = [
    "Africa/Casablanca",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:30:00+02:00"),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T03:00:00+02:00"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T03:00:00+02:00"),
        ("Europe/London", "2026-03-29T01:15", "2026-03-29T02:15:00+01:00"),
        ("Europe/Dublin", "2026-03-29T01:15", "2026-03-29T02:15:00+01:00"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T03:30:00-04:00"),
        ("America/Los_Angeles", "2026-03-08T02:59", "2026-03-08T03:59:00-07:00"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T01:00:00-02:00"),
        ("America/Santiago", "2026-09-06T00:30", "2026-09-06T01:30:00-03:00"),
        ("Australia/Sydney", "2026-10-04T02:30", "2026-10-04T03:30:00+11:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-04T02:40:00+11:00"),
        ("Pacific/Chatham", "2026-09-27T03:00", "2026-09-27T04:00:00+13:45"),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-31T10:00:00+14:00"),
        ("Asia/Shanghai", "1986-05-04T02:30", "1986-05-04T03:30:00+09:00"),
    ],
)
def test_a_time_in_a_gap_moves_forward_by_the_gap(name: str, local: str, expected: str) -> None:
    assert localise(_local(local), zone(name)).isoformat() == expected


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30:00+02:00"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T03:00:00+01:00"),
        ("Europe/London", "2026-10-25T01:30", "2026-10-25T01:30:00+01:00"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T01:30:00-04:00"),
        ("America/New_York", "2026-11-01T02:00", "2026-11-01T02:00:00-05:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45:00+11:00"),
        ("Pacific/Chatham", "2026-04-05T03:00", "2026-04-05T03:00:00+13:45"),
        ("Asia/Kolkata", "2026-10-25T02:30", "2026-10-25T02:30:00+05:30"),
        ("Asia/Kathmandu", "2026-10-25T02:30", "2026-10-25T02:30:00+05:45"),
        ("Asia/Shanghai", "2026-11-30T10:00", "2026-11-30T10:00:00+08:00"),
    ],
)
def test_of_a_time_that_comes_twice_the_first_counts(name: str, local: str, expected: str) -> None:
    assert localise(_local(local), zone(name)).isoformat() == expected


@pytest.mark.parametrize("name", ZONES)
@given(local=st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), fold=st.sampled_from([0, 1]))  # noqa: DTZ001  # local
def test_a_placed_time_exists_and_is_never_before_what_was_written(name: str, local: datetime, fold: int) -> None:
    placed = localise(local.replace(fold=fold), zone(name))
    assert placed.astimezone(UTC).astimezone(zone(name)).isoformat() == placed.isoformat()
    assert placed.replace(tzinfo=None) >= local
    assert placed == localise(local, zone(name))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-29T01:30", "2026-03-29T03:30:00+02:00"),
        ("2026-10-25T02:30", "2026-10-25T02:30:00+01:00"),
        ("2026-11-30T10:00", "2026-11-30T11:00:00+01:00"),
    ],
)
def test_a_duration_is_elapsed_time(start: str, end: str) -> None:
    assert later(localise(_local(start), zone("Europe/Berlin")), timedelta(hours=1)).isoformat() == end


def test_a_zone_is_known_by_its_name() -> None:
    assert zone("Europe/Berlin") is zone("Europe/Berlin")
    assert isinstance(zone("UTC"), ZoneInfo)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Asia/Beijing", "Asia/Shanghai"),
        ("PT", "America/Los_Angeles"),
        ("CST", "Asia/Shanghai"),
        ("cest", "Europe/Berlin"),
        ("IST", "Asia/Kolkata"),
        ("America/New York", "America/New_York"),
        ("US/Pacfic", "US/Pacific"),
    ],
)
def test_an_unknown_zone_comes_with_the_one_that_is_meant(name: str, meant: str) -> None:
    with pytest.raises(UnknownZone, match="did you mean") as caught:
        zone(name)
    assert caught.value.suggestions[0] == meant
    assert meant in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/localtime",
        "../Europe/Berlin",
        "Europe/../Europe/Berlin",
        "Europe",
        "Europe/",
        "a\0b",
        "tzdata.zi",
        "Ж",
    ],
)
def test_what_names_a_path_is_no_zone(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_a_zone_like_no_other_says_what_a_name_looks_like() -> None:
    with pytest.raises(UnknownZone, match="IANA name"):
        zone("qqqqqqqq")


def test_zones_are_those_of_the_package_and_not_of_the_machine() -> None:
    assert os.environ.get("PYTHONTZPATH") is not None or zoneinfo.TZPATH == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GMT+8", ("Asia/Shanghai", "Etc/GMT-8")),
        ("UTC+08:00", ("Asia/Shanghai", "Etc/GMT-8")),
        ("UTC-5", ("Etc/GMT+5",)),
    ],
)
def test_an_offset_is_answered_with_the_zone_of_that_offset(name: str, expected: tuple[str, ...]) -> None:
    with pytest.raises(UnknownZone, match=r"there is no time zone") as error:
        zone(name)
    assert error.value.suggestions == expected
    assert "other way round" in error.value.fix
