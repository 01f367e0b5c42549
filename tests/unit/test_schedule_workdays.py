"""Rules of workdays, where holidays say on which days people work."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.config import load
from reconciler.config.model import Config
from reconciler.schedule.expand import next_slots

YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def config(folder: Path, start: str, repeat: dict[str, Any], zone: str, **fields: Any) -> Config:
    meeting = {"title": "Sync", "schedule": {"start": start, "duration": "1h", "repeat": repeat}}
    document = {
        "version": 1,
        "workspace": "acme",
        "people": {"alice": "union-alice"},
        "defaults": {"timezone": zone, "organizer": "alice"},
        "meetings": {"sync": meeting},
        **fields,
    }
    path = folder / "meetings.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load(path, now=YEAR)


def dates(found: Config, number: int) -> list[str]:
    slots = next_slots(found.meetings["sync"].schedule, number, after=YEAR)
    return [f"{slot.start:%a %m-%d}" for slot in slots]


def holidays(*codes: str, shift: str = "none") -> dict[str, Any]:
    return {"holidays": {"skip": [*codes], "shift": shift}}


@pytest.mark.parametrize(
    ("on", "zone", "codes", "expected"),
    [
        ("last workday", "Asia/Shanghai", ["CN"], ["Fri 01-30", "Sat 02-28", "Tue 03-31"]),
        ("first workday", "America/New_York", ["US"], ["Fri 01-02", "Mon 02-02", "Mon 03-02"]),
        ("second workday", "America/New_York", ["US"], ["Mon 01-05", "Tue 02-03", "Tue 03-03"]),
        (["first workday", "last workday"], "Asia/Shanghai", ["CN"],
         ["Sun 01-04", "Fri 01-30", "Mon 02-02", "Sat 02-28"]),
        ("first workday", "Europe/Berlin", ["CN", "DE"], ["Mon 01-05", "Mon 02-02", "Mon 03-02"]),
        ("last workday", "Asia/Jerusalem", ["IL"], ["Thu 01-29", "Thu 02-26", "Tue 03-31"]),
        ("last workday", "Asia/Shanghai", [], ["Fri 01-30", "Fri 02-27", "Tue 03-31"]),
    ],
)  # fmt: skip
def test_a_workday_of_the_month_is_one_on_which_people_work(
    tmp_path: Path, on: Any, zone: str, codes: list[str], expected: list[str]
) -> None:
    found = config(tmp_path, "2026-01-01T10:00", {"every": "month", "on": on}, zone, **holidays(*codes))
    assert dates(found, len(expected)) == expected
    shifted = holidays(*codes, shift="next-workday")
    assert dates(
        config(tmp_path, "2026-01-01T10:00", {"every": "month", "on": on}, zone, **shifted), len(expected)
    ) == (expected)


def test_a_closed_day_is_no_workday(tmp_path: Path) -> None:
    closed = {"closures": [{"from": "2026-01-28", "to": "2026-02-10", "reason": "moving house"}]}
    repeat = {"every": "month", "on": ["first workday", "last workday"]}
    found = config(tmp_path, "2026-01-01T10:00", repeat, "Asia/Shanghai", **closed)
    assert dates(found, 4) == ["Thu 01-01", "Tue 01-27", "Wed 02-11", "Fri 02-27"]


def test_a_month_without_a_workday_has_no_occurrence(tmp_path: Path) -> None:
    closed = {"closures": [{"from": "2026-02-01", "to": "2026-02-28", "reason": "moving house"}]}
    found = config(tmp_path, "2026-01-01T10:00", {"every": "month", "on": "last workday"}, "Asia/Shanghai", **closed)
    assert dates(found, 2) == ["Fri 01-30", "Tue 03-31"]


def test_one_workday_is_not_two(tmp_path: Path) -> None:
    closed = {"closures": [{"from": "2026-02-01", "to": "2026-02-26", "reason": "moving house"}]}
    repeat = {"every": "month", "on": ["first workday", "last workday"]}
    found = config(tmp_path, "2026-01-26T10:00", repeat, "Asia/Shanghai", **closed)
    assert dates(found, 3) == ["Fri 01-30", "Fri 02-27", "Mon 03-02"]


def test_every_workday_is_where_people_work_on_sundays_too(tmp_path: Path) -> None:
    found = config(tmp_path, "2026-01-01T10:00", {"every": "workday"}, "Asia/Jerusalem", **holidays("IL"))
    assert dates(found, 7) == [
        "Thu 01-01", "Sun 01-04", "Mon 01-05", "Tue 01-06", "Wed 01-07", "Thu 01-08", "Sun 01-11"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "on", "code", "original"),
    [
        ("2026-02-28T10:00", "last workday", "CN", date(2026, 2, 27)),
        ("2026-01-02T10:00", "first workday", "US", date(2026, 1, 1)),
    ],
)
def test_a_meeting_begins_on_the_workday_that_its_start_names(
    tmp_path: Path, start: str, on: str, code: str, original: date
) -> None:
    """And its address is the day that it would be whatever the holidays turn out to be."""
    found = config(tmp_path, start, {"every": "month", "on": on}, "Asia/Shanghai", **holidays(code))
    (first,) = next_slots(found.meetings["sync"].schedule, 1, after=YEAR)
    assert first.start.replace(tzinfo=None) == datetime.fromisoformat(start)
    assert first.original.date() == original
    assert first.holiday.startswith("holiday: ")
    assert found.warnings == ()
