"""A recurring event holds its room on all of its dates, which free/busy alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands
from team import a_team

from reconciler.apply.outcome import Status


def weekly(start: str, rooms: Any, **more: Any) -> dict[str, Any]:
    schedule = {"start": start, "duration": "45m", "repeat": {"every": "week", "until": "2026-12-31"}}
    return {"title": "Sync", "attendees": ["bob"], "schedule": schedule, "rooms": rooms, **more}


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        yield Hands(team=team)


def test_a_room_of_a_series_is_given_to_nobody_else_on_any_of_its_dates(hands: Hands) -> None:
    series = weekly("2026-01-05T10:00", ["aurora"], calendar="series")
    hands.team.config["meetings"] = {"series": series}
    assert hands.apply(hands.plan()).count(Status.FAILED) == 0
    hands.team.config["meetings"]["pool"] = weekly("2026-01-05T10:30", {"any": ["borealis", "aurora"]})
    hands.team.config["meetings"]["other"] = weekly("2026-01-05T10:00", ["borealis"], organizer="bob")
    planned = hands.plan()
    short = [one for one in planned.plan.problems if one.code == "no-room"]
    assert [one.address for one in short] == [f"pool@2026-{day}T10:30" for day in ("11-30", "12-07", "12-14", "12-21")]


def test_a_room_that_takes_no_series_is_foreseen(hands: Hands) -> None:
    edit = {"action": "change_room", "room": "room-aurora", "rules": {"recurring": False}}
    hands.team.sandbox.control("edits", edit)
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", ["aurora"], calendar="series")}
    assert [one.code for one in hands.plan().plan.problems] == ["no-series"]
