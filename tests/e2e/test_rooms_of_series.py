"""Rooms that pass between recurring events and single ones, by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from team import Team, a_team, later


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with a_team(tmp_path) as found:
        yield found


def _meeting(every: str, **more: Any) -> dict[str, Any]:
    schedule = {"start": "2026-11-30T10:00", "duration": "45m", "repeat": {"every": every, "until": "2026-12-28"}}
    return {"title": "Series", "calendar": "series", "schedule": schedule} | more


def _single() -> dict[str, Any]:
    schedule = {"start": "2026-12-14T10:00", "duration": "45m"}
    return {"title": "Once", "organizer": "bob", "schedule": schedule, "rooms": ["borealis"]}


def test_a_series_waits_for_all_that_free_its_room(team: Team) -> None:
    singles = _meeting("day", calendar="occurrences", rooms=["aurora"])
    series = _meeting("day", organizer="bob", rooms=["cirrus"])
    team.config["meetings"] = {"b": singles, "a": series}
    team.apply()
    singles["rooms"], series["rooms"] = ["borealis"], ["aurora"]
    team.apply()
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_an_event_waits_for_the_date_of_a_series_that_is_taken_out(team: Team) -> None:
    series, single = _meeting("week", rooms=["aurora"]), _single()
    team.config["meetings"] = {"a": series, "b": single}
    team.apply()
    series["title"], series["schedule"]["skip"], single["rooms"] = "New", ["2026-12-14"], ["aurora"]
    team.apply()
    assert team.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("edit", [{"rooms": ["cirrus"]}, {"skip": ["2026-12-14"]}], ids=["room", "date"])
def test_a_room_that_a_series_lets_go_of_is_foreseen_to_be_free(team: Team, edit: dict[str, Any]) -> None:
    series, single = _meeting("week", rooms=["aurora"]), _single()
    team.config["meetings"] = {"a": series, "b": single}
    team.apply()
    (series if "rooms" in edit else series["schedule"]).update(edit)
    single["rooms"] = ["aurora"]
    planned = team.run("plan", "--out", "plan.json")
    assert "is held by" not in planned.out
    assert team.run("apply", "-y", "plan.json").code == 0


def test_a_series_that_goes_on_gets_a_room_that_others_had_on_dates_of_the_past(team: Team) -> None:
    series, other = _meeting("week", rooms=["aurora"]), _meeting("week", organizer="bob", rooms=["borealis"])
    team.config["meetings"] = {"a": series, "b": other}
    team.apply()
    del team.config["meetings"]["b"]
    series["rooms"] = ["borealis"]
    now = later(days=9)
    team.sandbox.control("clock", {"now": now.isoformat()})
    assert team.run("apply", "-y", now=now).code == 0
    assert team.run("plan", "--detailed-exitcode", now=now).code == 0


def test_a_saved_plan_cancels_what_had_been_put_off_from_a_day_that_is_over(team: Team) -> None:
    schedule = team.config["meetings"]["weekly-sync"]["schedule"]
    schedule["change"] = {"2026-12-07": {"start": "2026-12-09T10:00"}}
    team.apply()
    now = later(days=9, hours=12)
    del schedule["change"]
    assert team.run("plan", "--out", "plan.json", now=now).code == 0
    assert team.run("apply", "plan.json", "-y", now=now).code == 0
