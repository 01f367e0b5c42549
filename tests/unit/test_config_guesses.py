"""What other calendars call things is understood well enough to say what to write here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.config import check

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TEXT = """\
version: 1
workspace: acme
defaults: {{timezone: Asia/Shanghai, organizer: alice}}
people: {{alice: a1}}
meetings:
  {name}:
    title: Sync
    schedule: {{start: {start}, duration: {duration}, repeat: {{every: {every}, on: [{on}]}}}}
"""
GOOD = {"name": "sync", "start": "2026-11-30T10:00", "duration": "45m", "every": "week", "on": "mon"}


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("name", "Weekly Sync", "weekly-sync"),
        ("name", "weekly_sync", "weekly-sync"),
        ("start", "2026-11-30 10:00", "2026-11-30T10:00"),
        ("start", "2026-11-30 10:00:00", "2026-11-30T10:00"),
        ("duration", "45 min", "45m"),
        ("duration", "1 hour", "1h"),
        ("duration", "1.5h", "1h30m"),
        ("duration", "0.25 hours", "15m"),
        ("duration", "'1:30'", "1h30m"),
        ("duration", "４５m", "45m"),
        ("start", "2026-11-30T10:00:00", "2026-11-30T10:00"),
        ("start", "2026-11-30T10：00", "2026-11-30T10:00"),
    ],
)
def test_the_hint_says_what_to_write_instead(field: str, written: str, meant: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(TEXT.format(**GOOD | {field: written}), encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert problem.hint.startswith(f"did you mean {meant!r}? ")
    path.write_text(TEXT.format(**GOOD | {field: meant}), encoding="utf-8")
    assert check(path, now=NOW) == ()


@pytest.mark.parametrize(
    ("field", "written", "write"),
    [
        ("every", "weekly", "write week"),
        ("every", "Biweekly", "write 2 weeks for every second week, or week with two days"),
        ("on", "wensday", "did you mean 'wed'? "),
        ("on", "last weekday", "write last workday"),
    ],
)
def test_the_hint_for_another_period_or_day_says_what_to_write(
    field: str, written: str, write: str, tmp_path: Path
) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(TEXT.format(**GOOD | {field: written}), encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert problem.hint.startswith(write)


@pytest.mark.parametrize(("field", "written"), [("name", "…"), ("duration", "long"), ("start", "next week")])
def test_nothing_is_guessed_where_nothing_suggests_itself(field: str, written: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(TEXT.format(**GOOD | {field: written}), encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert "did you mean" not in problem.hint


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("America/New York", "America/New_York"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("china standard time", "Asia/Shanghai"),
    ],
)
def test_a_zone_by_the_name_that_other_programs_give_it_is_told(written: str, meant: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(TEXT.format(**GOOD).replace("Asia/Shanghai", f'"{written}"'), encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert problem.hint.startswith(f"did you mean {meant}")


@pytest.mark.parametrize("start", ["2026-11-30T10:00+08:00", "2026-11-30T02:00Z", "2026-11-30 10:00:00+0800"])
def test_a_time_with_an_offset_is_told_where_the_zone_goes(start: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(TEXT.format(**GOOD | {"start": start}), encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert problem.hint.startswith("leave out the offset: times are local, and `timezone` says where; ")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("    attendees: [alice，alice]", "is not an attendee", "put an ASCII comma in place of ，; "),
        ("    attendees: ［alice］", "attendees must be a list", "use ASCII brackets and commas: [alice]"),
    ],
)
def test_punctuation_of_a_chinese_keyboard_is_recognised(line: str, message: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(f"{TEXT.format(**GOOD)}{line}\n", encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert message in problem.message
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("before", "written", "hint"),
    [
        ("workspace: acme", "workspace: 'Acme，Platform'", "write, for example, acme-platform"),
        ("    title: Sync", "    title: Sync\n    attendees: '[alice]'", "take it out of the quotes: [alice]"),
        (
            "people:",
            "provider: {kind: dingtalk, app_secret: x}\npeople:",
            "credentials come from the environment: DINGTALK_APP_KEY and DINGTALK_APP_SECRET",
        ),
    ],
)
def test_a_hint_leads_to_what_is_right(before: str, written: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(TEXT.format(**GOOD).replace(before, written), encoding="utf-8")
    (problem,) = check(path, now=NOW)
    assert problem.hint == hint
