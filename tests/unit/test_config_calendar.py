"""What a config says of days: anchors, holidays of a meeting, a team or all, and warnings of what is coming."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from reconciler.config import check, load
from reconciler.config.model import Config
from reconciler.errors import Severity
from reconciler.schedule.expand import expand
from reconciler.schedule.model import Closure, Shift

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BASE = """\
version: 1
workspace: acme
defaults: {timezone: Asia/Shanghai, organizer: alice%s}
people: {alice: A1}
%smeetings:
"""
MEETING = """\
  %s:
    title: Sync
    schedule: {start: %s, duration: 30m%s}
%s"""


def _file(
    folder: Path,
    schedule: str,
    *,
    start: str = "2026-12-01T10:00",
    defaults: str = "",
    top: str = "",
    own: str = "",
    name: str = "sync",
) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(BASE % (defaults, top) + MEETING % (name, start, f", {schedule}" if schedule else "", own))
    return path


def _dates(config: Config, days: int = 60) -> list[str]:
    before = NOW.replace(year=2027) if days > 60 else NOW.replace(year=2027, month=1)
    slots = expand(config.meetings["sync"].schedule, after=NOW, before=before)
    return [f"{slot.start:%m-%d}" for slot in slots]


def _warnings(path: Path, now: datetime = NOW) -> list[str]:
    problems = check(path, now=now)
    assert all(problem.severity is Severity.WARNING and problem.hint for problem in problems), problems
    return [f"{problem.path}: {problem.message}" for problem in problems]


@pytest.mark.parametrize(
    ("repeat", "dates"),
    [
        ("{every: 2 weeks, on: [tue], anchor: 2026-W49}", ["12-01", "12-15", "12-29", "01-12"]),
        ("{every: 2 weeks, on: [tue], anchor: 2026-W50}", ["12-08", "12-22", "01-05", "01-19"]),
        ("{every: 2 weeks, on: tue, anchor: 2026-12-08}", ["12-08", "12-22", "01-05", "01-19"]),
        ("{every: odd-weeks, on: [thu]}", ["12-03", "12-17", "12-31", "01-07"]),
        ("{every: even-weeks}", ["12-08", "12-22", "01-12"]),
        ("{every: month, on: last workday}", ["12-31"]),
        ("{every: month, on: first mon}", ["12-07", "01-04"]),
        ("{every: month, day: [15, -1]}", ["12-15", "12-31", "01-15"]),
        ("{every: 2 months, anchor: 2027-01, day: 5}", ["01-05"]),
        ("{every: quarter}", ["12-01"]),
    ],
)
def test_repeat_reads_as_people_say_it(repeat: str, dates: list[str], tmp_path: Path) -> None:
    config = load(_file(tmp_path, f"repeat: {repeat}"), now=NOW)
    assert _dates(config)[: len(dates)] == dates


def test_with_an_anchor_a_start_that_is_no_date_is_but_warned_of(tmp_path: Path) -> None:
    path = _file(tmp_path, "repeat: {every: 2 weeks, on: [tue], anchor: 2026-W49}", start="2026-11-25T10:00")
    (told,) = _warnings(path)
    assert "Wednesday 2026-11-25T10:00 is not a date of the rule" in told
    assert _dates(load(path, now=NOW))[:2] == ["12-01", "12-15"]
    told_of = _file(tmp_path, "repeat: {every: 2 weeks, on: [tue], anchor: 2026-W49}", start="2026-12-01T10:00")
    assert _warnings(told_of) == []


def test_holidays_are_those_of_the_meeting_over_those_of_the_file_over_the_defaults(tmp_path: Path) -> None:
    defaults = ", holidays: {skip: [CN], shift: next-workday}"
    for name, top, own in [
        ("plain", "", ""),
        ("team", "holidays: {skip: [DE-BY]}\n", ""),
        ("meeting", "holidays: {skip: [DE-BY]}\n", "    holidays: {skip: [US], closures: false}\n"),
        ("none", "", "    holidays: {skip: [], shift: none}\n"),
    ]:
        path = _file(tmp_path, "repeat: {every: week}", defaults=defaults, top=top, own=own, name=name)
        path.write_text(path.read_text().replace("people: {alice: A1}\n", ""))
    (tmp_path / "common.yaml").write_text(
        "people: {alice: A1}\nclosures: [{from: 2026-12-24, to: 2027-01-02, reason: end of year}]\n"
    )
    meetings = load(tmp_path, now=NOW).meetings
    found = {name: meeting.schedule.days_off for name, meeting in meetings.items()}
    closed = (Closure(first=date(2026, 12, 24), last=date(2027, 1, 2), reason="end of year"),)
    assert {name: (one.calendars, one.shift, one.closures) for name, one in found.items()} == {
        "plain": (("CN",), Shift.NEXT, closed),
        "team": (("DE-BY",), Shift.NEXT, closed),
        "meeting": (("US",), Shift.NEXT, ()),
        "none": ((), Shift.NONE, closed),
    }


def test_what_is_wrong_with_a_team_s_holidays_is_told_once(tmp_path: Path) -> None:
    path = _file(tmp_path, "repeat: {every: week}", top="holidays: {skip: [QQ], shift: sometimes}\n")
    path.write_text(path.read_text() + MEETING % ("other", "2026-12-01T15:00", "", ""))
    found = [(problem.position.line, problem.position.column) for problem in check(path, now=NOW)]
    assert found == [(5, 19), (5, 31)]


def test_every_workday_follows_the_calendar(tmp_path: Path) -> None:
    path = _file(tmp_path, "repeat: {every: workday}", start="2026-09-18T10:00", defaults=", holidays: {skip: [CN]}")
    schedule = load(path, now=NOW).meetings["sync"].schedule
    slots = expand(schedule, after=datetime(2026, 9, 18, tzinfo=UTC), before=datetime(2026, 9, 29, tzinfo=UTC))
    assert [slot.start.day for slot in slots] == [18, 20, 21, 22, 23, 24, 28]


@pytest.mark.parametrize(
    ("schedule", "start", "warning"),
    [
        (
            "timezone: Europe/Berlin, repeat: {every: day}",
            "2026-12-01T02:30",
            "Sunday 2027-03-28T02:30 does not exist in Europe/Berlin: it starts at 03:30",
        ),
        (
            "timezone: America/New_York, repeat: {every: week, on: [sun]}",
            "2027-04-04T01:30",
            "Sunday 2027-11-07T01:30 comes twice in America/New_York; the first one counts",
        ),
        (
            "repeat: {every: odd-weeks, on: [tue]}",
            "2026-12-01T10:00",
            "2026 has 53 weeks: two odd weeks follow each other, 2026-W53 and 2027-W01",
        ),
        (
            "repeat: {every: even-weeks, on: [tue]}",
            "2026-12-08T10:00",
            "2026 has 53 weeks: there are two weeks between 2026-W52 and 2027-W02 instead of one",
        ),
        ("repeat: {every: month, day: 31}", "2026-12-31T10:00", "a month without a day 31 has no occurrence"),
        ("rrule: FREQ=MONTHLY;BYMONTHDAY=30", "2026-12-30T10:00", "a month without a day 30 has no occurrence"),
        ("repeat: {every: year}", "2028-02-29T10:00", "it takes place only in leap years"),
    ],
)
def test_what_people_may_not_expect_is_told_with_its_date(
    schedule: str, start: str, warning: str, tmp_path: Path
) -> None:
    (told,) = _warnings(_file(tmp_path, schedule, start=start))
    assert told.endswith(f": {warning}")


@pytest.mark.parametrize(
    ("schedule", "start"),
    [
        ("timezone: Europe/Berlin, repeat: {every: week, on: [mon]}", "2026-11-30T02:30"),
        ("timezone: Europe/Berlin, repeat: {every: day, until: 2027-03-01}", "2026-12-01T02:30"),
        ("timezone: Europe/Berlin, repeat: {every: day}, skip: [2027-03-28, 2027-10-31]", "2026-12-01T02:30"),
        ("repeat: {every: odd-weeks, on: [tue], until: 2026-12-20}", "2026-12-01T10:00"),
        ("repeat: {every: odd-weeks, on: [tue]}", "2027-02-02T10:00"),
        ("repeat: {every: month, on: last day}", "2026-12-31T10:00"),
        ("repeat: {every: year}", "2026-12-31T10:00"),
        ("repeat: {every: month, day: 28}", "2026-12-28T10:00"),
    ],
)
def test_what_meets_nothing_of_the_kind_has_no_warning(schedule: str, start: str, tmp_path: Path) -> None:
    assert _warnings(_file(tmp_path, schedule, start=start)) == []


def test_a_change_into_a_gap_is_told_where_it_stands(tmp_path: Path) -> None:
    schedule = "timezone: Europe/Berlin, repeat: {every: day}, change: {2027-03-28: {start: 02:15}}"
    (told,) = _warnings(_file(tmp_path, schedule))
    assert told.startswith("meetings.sync.schedule.change.2027-03-28.start: Sunday 2027-03-28T02:15")


@pytest.mark.parametrize(
    ("schedule", "top", "told"),
    [
        (
            "repeat: {every: week, count: 2}, skip: [2026-12-01, 2026-12-08]",
            "",
            "skip: it does not take place: all 2 dates",
        ),
        ("skip: [2026-12-01]", "", "skip: it does not take place: its date 2026-12-01T10:00 is skipped"),
        ("", "closures: [{from: 2026-12-01, reason: off-site}]\n", "is on a day off (closed: off-site)"),
        (
            "repeat: {every: week, until: 2026-12-08}, skip: [2026-12-01]",
            "closures: [{from: 2026-12-08}]\n",
            "all 2 dates through 2026-12-08 are skipped or on days off",
        ),
        (
            "repeat: {every: week}",
            "closures: [{from: 2026-11-01, to: 2028-01-01}]\n",
            "all 53 dates through 2027-11-30",
        ),
    ],
)
def test_a_meeting_of_which_nothing_is_left_is_told(schedule: str, top: str, told: str, tmp_path: Path) -> None:
    (warning,) = _warnings(_file(tmp_path, schedule, top=top))
    assert told in warning


@pytest.mark.parametrize(
    ("schedule", "top", "now"),
    [
        ("skip: [2026-12-01], add: [2026-12-02T10:00]", "", NOW),
        ("", "closures: [{from: 2026-12-01}]\nholidays: {shift: next-workday}\n", NOW),
        ("repeat: {every: week, count: 3}, skip: [2026-12-08, 2026-12-15]", "", datetime(2026, 12, 2, tzinfo=UTC)),
        ("repeat: {every: week}, skip: [2026-12-01, 2026-12-08, 2026-12-15]", "", NOW),
        ("skip: [2026-12-01]", "", datetime(2026, 12, 2, tzinfo=UTC)),
    ],
)
def test_a_meeting_that_takes_place_or_did_is_not(schedule: str, top: str, now: datetime, tmp_path: Path) -> None:
    assert _warnings(_file(tmp_path, schedule, top=top), now) == []


@pytest.mark.parametrize(
    "repeat",
    [
        "{every: yeer, on: [tue]}",
        "{every: month, on: someday}",
        "{every: 2 weeks, on: [tue, someday]}",
        "{evry: week}",
        "{every: week, until: soon}",
    ],
)
def test_a_rule_that_can_not_be_read_has_no_warnings_of_its_dates(repeat: str, tmp_path: Path) -> None:
    path = _file(tmp_path, f"repeat: {repeat}, skip: [2026-12-15], change: {{2026-12-16: {{start: '11:00'}}}}")
    problems = check(path, now=NOW)
    assert [problem.severity for problem in problems] == [Severity.ERROR]
    assert ".repeat" in problems[0].path


def test_an_editor_and_the_program_take_full_names_and_any_case(tmp_path: Path) -> None:
    one = load(_file(tmp_path, "repeat: {every: 2Weeks, on: [Tuesday, THU]}"), now=NOW)
    other = load(_file(tmp_path, "repeat: {every: 2 weeks, on: [tue, thu]}"), now=NOW)
    assert one.meetings["sync"].schedule == other.meetings["sync"].schedule


def test_several_days_without_brackets_are_told_to_get_some(tmp_path: Path) -> None:
    problems = check(_file(tmp_path, "repeat: {every: week, on: tue, thu}"), now=NOW)
    assert "put the days in [ ]" in problems[0].hint


def test_a_zone_without_summer_time_that_people_hardly_mean_is_told(tmp_path: Path) -> None:
    path = _file(tmp_path, "repeat: {every: week}, timezone: EST")
    (warning,) = _warnings(path)
    assert "EST has no summer time" in warning
    assert load(path, now=NOW).meetings["sync"].schedule.timezone == "EST"


def test_holidays_that_are_not_published_are_told_and_do_no_harm(tmp_path: Path) -> None:
    path = _file(tmp_path, "repeat: {every: week}", defaults=", holidays: {skip: [DE, CN]}")
    (told,) = _warnings(path, NOW.replace(month=12, day=20))
    assert (
        told
        == "defaults.holidays.skip[1]: the holidays of CN in 2027 are not published yet, so none are kept free then"
    )
    assert _warnings(path) == []


def test_a_long_year_is_told_once_for_all_meetings(tmp_path: Path) -> None:
    path = _file(tmp_path, "repeat: {every: odd-weeks}")
    others = [
        MEETING % (f"other-{hour}", f"2026-12-01T{hour}:00", ", repeat: {every: odd-weeks}", "") for hour in (12, 15)
    ]
    path.write_text(path.read_text() + "".join(others))
    (told,) = _warnings(path)
    assert told.startswith("meetings.sync.schedule.repeat.every: 2026 has 53 weeks")
    assert told.endswith("(also in 2 more)")


def test_a_start_that_leaves_open_which_months_count_needs_an_anchor(tmp_path: Path) -> None:
    (found,) = check(_file(tmp_path, "repeat: {every: 2 months, on: first mon}", start="2026-12-10T10:00"), now=NOW)
    assert found.severity is Severity.ERROR
    assert "write 2027-02-01T10:00 as the start, or 2027-01-04T10:00 if the rule is to count from then" in found.hint
    anchored = _file(tmp_path, "repeat: {every: 2 months, on: first mon, anchor: 2027-01}", start="2026-12-10T10:00")
    assert _dates(load(anchored, now=NOW))[0] == "01-04"


DOCUMENTED = re.findall(r"`({every: [^`…]*})`", (Path(__file__).parents[2] / "docs" / "recurrence.md").read_text())


@pytest.mark.parametrize("repeat", DOCUMENTED)
def test_what_the_documentation_writes_is_understood(repeat: str, tmp_path: Path) -> None:
    assert load(_file(tmp_path, f"repeat: {repeat}", start="2026-12-01T10:00"), now=NOW).meetings


def test_the_documentation_has_examples() -> None:
    assert len(DOCUMENTED) >= 8
