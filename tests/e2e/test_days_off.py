"""Holidays and new rules as a plan tells them, in this process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from inprocess import Cli
from team import Team

from reconciler.schedule import workdays
from reconciler.schedule.holidays import Year, year_of

FRIDAYS = {"start": "2026-12-04T10:00", "duration": "30m", "repeat": {"every": "week", "on": ["fri"]}}


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    team.config["meetings"] = {"friday": {"title": "Friday", "schedule": dict(FRIDAYS)}}
    return Cli(team, monkeypatch, capsys)


def _changes(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["action"], one["address"][-16:], one["reason"]) for one in plan["changes"]]


def test_a_plan_says_what_a_holiday_takes_and_what_it_gives_back(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    friday = cli.team.config["meetings"]["friday"]
    assert cli("apply", "-y").code == 0
    friday["holidays"] = {"skip": ["DE"]}
    plan = cli("plan", "--json").json
    assert _changes(plan) == [("cancel", "2026-12-25T10:00", "holiday: Christmas Day")]
    assert plan["days_off"] == [
        {
            "address": "friday@2026-12-25T10:00",
            "meeting": "friday",
            "start": "2026-12-25T10:00:00+08:00",
            "reason": "holiday: Christmas Day",
            "moved_to": None,
        }
    ]
    friday["holidays"]["shift"] = "previous-workday"
    plan = cli("plan", "--json").json
    assert _changes(plan) == [("update", "2026-12-25T10:00", "holiday: Christmas Day")]
    assert "Fri 2026-12-25 10:00: holiday: Christmas Day, moved to Thu 2026-12-24 10:00" in cli("plan").out
    assert "~ Thu 2026-12-24 10:00–10:30  holiday: Christmas Day" in cli("plan").out
    assert "**Days off**\n\n- friday: Fri 2026-12-25 10:00" in cli("plan", "--markdown").out
    assert "| holiday: Christmas Day<br>start: Fri 2026-12-25 10:00" in cli("plan", "--markdown").out
    assert cli("apply", "-y").code == 0
    assert "Nothing to do: 4" in cli("plan").out

    # the next release of the holidays knows better
    monkeypatch.setattr(
        workdays, "year_of", lambda code, year: Year(published=True) if code == "DE" else year_of(code, year)
    )
    workdays.is_workday.cache_clear()
    assert _changes(cli("plan", "--json").json) == [
        ("update", "2026-12-25T10:00", "no longer a holiday: Christmas Day")
    ]
    workdays.is_workday.cache_clear()


def test_what_was_left_out_comes_back_with_the_reason(cli: Cli) -> None:
    cli.team.config["closures"] = [{"from": "2026-12-18", "to": "2026-12-31", "reason": "end of year"}]
    assert cli("apply", "-y").code == 0
    assert "2 occurrences from Fri 2026-12-18 to Fri 2026-12-25: closed: end of year, left out" in cli("plan").out
    cli.team.config["closures"][0]["to"] = "2026-12-24"
    assert _changes(cli("plan", "--json").json) == [("create", "2026-12-25T10:00", "no longer closed: end of year")]


def test_a_plan_tells_the_next_dates_of_a_rule_that_is_new_or_changed(cli: Cli) -> None:
    schedule = cli.team.config["meetings"]["friday"]["schedule"]
    plan = cli("plan", "--json").json
    assert plan["rules"] == [
        {
            "meeting": "friday",
            "rule": "FREQ=WEEKLY;BYDAY=FR",
            "next": [f"2026-12-{day:02}T10:00:00+08:00" for day in (4, 11, 18, 25)] + ["2027-01-01T10:00:00+08:00"],
        }
    ]
    assert "next Fri 2026-12-04 10:00, Fri 2026-12-11 10:00" in cli("plan").out
    assert cli("apply", "-y").code == 0
    later = datetime(2026, 12, 8, tzinfo=UTC).isoformat()
    plan = cli("plan", "--json", RECONCILER_NOW=later).json
    assert [change[0] for change in _changes(plan)] == ["create"]
    assert plan["rules"] == []
    schedule["repeat"] = {"every": "week", "on": ["fri"], "until": "2027-06-30"}
    assert cli("apply", "-y", RECONCILER_NOW=later).code == 0
    schedule["repeat"] = {"every": "week", "on": ["fri"], "until": "2027-05-31"}  # nothing to do, as yet
    assert "next Fri 2026-12-11 10:00" in cli("plan", RECONCILER_NOW=later).out
    assert "**Next dates**\n\n- friday: Fri 2026-12-11" in cli("plan", "--markdown", RECONCILER_NOW=later).out
    schedule["start"] = "2026-12-04T10:30"
    plan = cli("plan", "--json", RECONCILER_NOW=later).json
    assert plan["rules"][0]["next"][0] == "2026-12-11T10:30:00+08:00"
    assert "Next: Fri 2026-12-11 10:30" in cli("plan", "--markdown", RECONCILER_NOW=later).out


def test_a_plan_heads_a_meeting_with_its_own_title_whatever_one_occurrence_has(cli: Cli) -> None:
    friday = cli.team.config["meetings"]["friday"]
    assert cli("apply", "-y").code == 0
    friday["schedule"]["change"] = {"2026-12-11": {"title": "Off-site"}}
    plan = cli("plan", "--out", "saved.plan").out
    assert "friday  Friday  1 change" in plan
    assert "friday  Friday  1 change" in cli("show", "saved.plan").out
    assert "| friday | Friday |" in cli("show", "saved.plan", "--markdown").out


def test_a_saved_plan_keeps_what_lies_ahead(cli: Cli) -> None:
    cli.team.config["closures"] = [{"from": "2026-12-18", "reason": "off-site"}]
    assert cli("plan", "--out", "plan.json").code == 0
    shown = cli("show", "plan.json").out
    assert "Fri 2026-12-18 10:00: closed: off-site, left out" in shown
    assert "next Fri 2026-12-04 10:00" in shown
    assert cli("apply", "plan.json", "-y").code == 0
