"""A setting that can't be read, and is declared no more: it stays as it is, and nothing is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from roomteam import RoomTeam, meeting, room_team

from reconciler.observe import Refresh
from reconciler.sandbox.limits import Limits


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path, limits=Limits(qps=None, address_calls=None), qps=1000) as found:
        found.declare(meeting("one", settings={"recording.layout": "speech", "waiting_room": True}))
        found.apply()
        yield found


def calls(team: RoomTeam) -> list[str]:
    planned = team.plan(refresh=Refresh.FULL)
    return [call.call for one in planned.plan.changes for call in one.operations]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"settings": {"waiting_room": True}}, []),
        ({"settings": {"waiting_room": False}}, ["conference.settings"] * 2),
        ({"settings": {}, "rooms": ("dune",)}, ["rooms.book"] * 2),
        ({"settings": {}, "description": "What shipped."}, ["event.update"] * 2),
    ],
)
def test_what_is_declared_no_more_is_never_planned(team: RoomTeam, fields: dict[str, Any], expected: list[str]) -> None:
    team.declare(meeting("one", **fields))
    assert calls(team) == expected
    team.apply()
    assert calls(team) == []
    team.apply()
    assert calls(team) == []


def test_what_is_declared_again_as_it_was_is_there_already(team: RoomTeam) -> None:
    team.declare(meeting("one", settings={"waiting_room": True}))
    team.apply()
    team.declare(meeting("one", settings={"recording.layout": "speech"}))
    assert calls(team) == []
    team.declare(meeting("one", settings={"recording.layout": "grid"}))
    assert sorted(set(calls(team))) == ["conference.settings", "event.update"]
