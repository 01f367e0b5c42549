from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.config import check, load
from reconciler.diff.guard import frozen, refuse_frozen
from reconciler.errors import Frozen

HEAD = """\
version: 1
workspace: acme
defaults: {timezone: Asia/Shanghai, organizer: alice}
people: {alice: A1}
meetings:
  new: {title: New, schedule: {start: 2026-12-01T10:00, duration: 1h, timezone: Asia/Shanghai}}
"""
DAY = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "meetings.yaml"


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("{from: 2026-12-24, to: 2026-12-24}", "2026-12-23T16:00", "2026-12-24T16:00"),
        ("{from: 2026-12-24, to: 2027-01-02}", "2027-01-02T15:59", "2026-12-23T15:59"),
        ("{from: 2026-12-24T18:00, to: 2026-12-24T19:00}", "2026-12-24T10:00", "2026-12-24T11:00"),
        (
            "[{from: 2026-11-01, to: 2026-11-02}, {from: 2026-12-24, to: 2026-12-24}]",
            "2026-11-01T00:00",
            "2026-12-01T00:00",
        ),
    ],
)
def test_a_freeze_is_from_its_first_to_its_last_moment(file: Path, window: str, inside: str, outside: str) -> None:
    file.write_text(f"{HEAD}freeze: {window}", encoding="utf-8")
    config = load(file, now=DAY)
    with pytest.raises(Frozen, match="nothing is applied") as caught:
        refuse_frozen(config, datetime.fromisoformat(inside).replace(tzinfo=UTC))
    assert (caught.value.code, caught.value.exit_code) == ("frozen", 1)
    refuse_frozen(config, datetime.fromisoformat(outside).replace(tzinfo=UTC))


def test_the_reason_and_the_end_are_told(file: Path) -> None:
    file.write_text(f"{HEAD}freeze: {{from: 2026-12-24, to: 2026-12-31, reason: end of year}}", encoding="utf-8")
    told = frozen(load(file, now=DAY), datetime(2026, 12, 25, tzinfo=UTC))
    assert told == "frozen until 2027-01-01 00:00 CST (end of year)"


@pytest.mark.parametrize(
    ("freeze", "told"),
    [
        ("{from: 2026-12-24, to: 2026-12-23}", "would end before it begins"),
        ("{from: 2026-12-24T10:00, to: 2026-12-24T10:00}", "would end before it begins"),
        ("{from: 2026-11-31, to: 2026-12-23}", "not a date that exists"),
        ("{from: 2026-12-24}", "has no to"),
        ("{from: tomorrow, to: 2026-12-23}", "'tomorrow'"),
        ("[{from: 2026-12-24, to: 2026-12-25, why: holidays}]", "no field 'why'"),
    ],
)
def test_a_window_that_is_none_is_told(file: Path, freeze: str, told: str) -> None:
    file.write_text(f"{HEAD}freeze: {freeze}", encoding="utf-8")
    problems = check(file, now=DAY)
    assert any(told in problem.message for problem in problems), problems
    assert all(problem.hint for problem in problems)


def test_a_freeze_needs_a_timezone(file: Path) -> None:
    text = HEAD.replace("timezone: Asia/Shanghai, organizer", "organizer")
    file.write_text(f"{text}freeze: {{from: 2026-12-24, to: 2026-12-25}}", encoding="utf-8")
    assert [problem.message for problem in check(file, now=DAY)] == ["the freeze has no timezone"]
