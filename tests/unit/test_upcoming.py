"""Reasons that name the day off, and which rules are new or changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from builders import NOW, UNTIL, booked, local, observation, occurrence

from reconciler.diff.changes import diff
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key, Occurrence
from reconciler.plan.upcoming import DayOff, NextDates, ahead, explained
from reconciler.report.ahead import told_dates, told_days_off
from reconciler.schedule.rules import Repeat, rule_from_repeat

HOLIDAY = "holiday: National Day"
AT = occurrence("2026-12-02T10:00")


def _off(moved: bool = False) -> DayOff:  # noqa: FBT002  # a flag of a test
    start = AT.start.replace(day=3) if moved else None
    return DayOff(key=Key("sync", local("2026-12-02T10:00")), start=AT.start, reason=HOLIDAY, moved_to=start)


def _reasons(
    wanted: list[Occurrence], seen: list[Observed], off: list[DayOff], before: dict[str, str] | None = None
) -> list[str]:
    found = diff(wanted, observation(*seen), now=NOW, create_before=UNTIL)
    return [change.reason for change in explained(found, off, before or {}).changes]


@pytest.mark.parametrize(
    ("wanted", "seen", "off", "before", "reasons"),
    [
        ([], [booked(AT)], [_off()], {}, [HOLIDAY]),
        ([], [booked(AT)], [], {}, ["no longer declared"]),
        ([AT], [], [], {str(AT.key): HOLIDAY}, ["no longer a holiday: National Day"]),
        ([AT], [], [], {str(AT.key): "closed: off-site"}, ["no longer closed: off-site"]),
        ([AT], [], [_off(moved=True)], {}, [f"new occurrence; {HOLIDAY}"]),
        ([AT], [], [], {}, ["new occurrence"]),
    ],
)
def test_a_day_off_is_the_reason_of_what_it_changes(
    wanted: list[Occurrence], seen: list[Observed], off: list[DayOff], before: dict[str, str], reasons: list[str]
) -> None:
    assert _reasons(wanted, seen, off, before) == reasons


def test_a_move_names_the_holiday_and_what_else_changed() -> None:
    moved = occurrence("2026-12-02T10:00", start="2026-12-03T10:00")
    assert _reasons([moved], [booked(AT)], [_off(moved=True)]) == [HOLIDAY]
    both = replace(moved, title="Sync, moved")
    (reason,) = _reasons([both], [booked(AT)], [_off(moved=True)])
    assert reason.startswith(f"{HOLIDAY}; config: ")
    retitled = replace(AT, title="Sync, again")
    (reason,) = _reasons([retitled], [booked(AT)], [_off(moved=True)])
    assert reason.startswith("config: ")


def test_another_organiser_stays_the_reason() -> None:
    other = replace(AT, organizer="bob")
    reasons = _reasons([other], [booked(AT)], [_off(moved=True)])
    assert len(reasons) == 2
    assert all("organiser" in reason for reason in reasons)


def test_what_lies_ahead_ends_with_the_horizon_and_begins_now() -> None:
    moved = replace(_off(), moved_to=AT.start.replace(day=9))
    edge = datetime(2026, 12, 5, tzinfo=UTC)
    assert ahead([_off(), moved], now=edge, before=UNTIL) == (moved,)
    assert ahead([_off()], now=NOW, before=AT.start) == ()


def test_days_off_are_told_by_meeting_and_in_rows() -> None:
    days = [
        replace(_off(), key=Key("daily", local(f"2026-12-0{day}T10:00")), start=AT.start.replace(day=day))
        for day in (3, 4)
    ]
    assert [*told_days_off([_off(moved=True), *days])] == [
        ("daily", f"2 occurrences from Thu 2026-12-03 to Fri 2026-12-04: {HOLIDAY}, left out"),
        ("sync", f"Wed 2026-12-02 10:00: {HOLIDAY}, moved to Thu 2026-12-03 10:00"),
    ]


def test_a_rule_is_told_with_its_dates_and_without_a_list_of_weeks() -> None:
    rule = rule_from_repeat(Repeat(unit="odd-weeks", on=("tue",)), local("2026-12-01T10:00"))
    assert told_dates(NextDates(meeting="sync", rule=rule, dates=(AT.start,))) == (
        "Wed 2026-12-02 10:00 (FREQ=YEARLY;odd weeks;BYDAY=TU)"
    )
    assert told_dates(NextDates(meeting="sync", rule="", dates=())) == "none"


def test_a_weekend_day_that_is_worked_says_so() -> None:
    saturday = occurrence("2026-12-05T10:00")
    found = diff([saturday, AT], observation(), now=NOW, create_before=UNTIL)
    assert [one.reason for one in explained(found, [], {}, on_workdays={"sync"}).changes] == [
        "new occurrence",
        "new occurrence; worked in place of a holiday",
    ]
    gone = diff([AT], observation(booked(AT), booked(saturday)), now=NOW, create_before=UNTIL)
    assert [one.reason for one in explained(gone, [], {}, on_workdays={"sync"}).changes] == ["no longer a workday"]
    assert [one.reason for one in explained(gone, [], {}).changes] == ["no longer declared"]
