"""A recurring event holds its room on all of its dates, which free/busy alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands
from team import NOW, a_team, later

from reconciler.apply.outcome import Status
from reconciler.plan.operations import Call


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


def test_a_room_that_somebody_has_on_a_later_date_of_a_series_is_foreseen(hands: Hands) -> None:
    hands.create("Theirs", "2026-12-14T10:30", organizer="carol", rooms=["aurora"])
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", ["aurora"], calendar="series")}
    planned = hands.plan()
    [found] = planned.plan.problems
    assert (found.code, found.holder, found.start.date().isoformat()) == ("taken", "union-carol", "2026-12-14")
    assert found.alternatives == ("room-cirrus", "room-borealis")
    [told] = [one.error.message for one in hands.apply(planned).results if one.error is not None]
    assert told.startswith("room aurora is held by carol until 2026-12-14 11:30")


def test_an_alternative_for_a_series_is_free_on_all_of_its_dates(hands: Hands) -> None:
    hands.create("Theirs", "2026-11-30T10:00", organizer="carol", rooms=["aurora"])
    hands.create("Theirs", "2026-12-21T10:00", organizer="carol", rooms=["cirrus"])
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", ["aurora"], calendar="series")}
    assert [one.alternatives for one in hands.plan().plan.problems] == [("room-borealis",)]


def test_a_date_that_the_config_leaves_out_of_a_series_is_in_nobodys_way(hands: Hands) -> None:
    hands.create("Theirs", "2026-12-14T10:30", organizer="carol", rooms=["aurora"])
    series = weekly("2026-01-05T10:00", ["aurora"], calendar="series")
    series["schedule"]["skip"] = ["2026-12-14"]
    hands.team.config["meetings"] = {"series": series}
    planned = hands.plan()
    assert planned.plan.problems == ()
    assert hands.apply(planned).count(Status.FAILED) == 0


def test_a_series_ends_where_its_room_can_not_be_booked_yet_and_goes_on_by_and_by(hands: Hands) -> None:
    edit = {"action": "change_room", "room": "room-aurora", "rules": {"advance_days": 20}}
    hands.team.sandbox.control("edits", edit)
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", ["aurora"], calendar="series")}
    for day, last in ((0, "2026-12-14"), (1, "2026-12-14"), (2, "2026-12-21"), (9, "2026-12-28")):
        hands.now = NOW + timedelta(days=day, hours=12)
        hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
        planned = hands.plan()
        assert [one.code for one in planned.plan.problems] == []
        told = f"series: its series ends on {last} for now" in " ".join(planned.plan.warnings)
        assert told is (last != "2026-12-28")  # there the rule ends
        assert hands.apply(planned).count(Status.FAILED) == 0
        assert hands.plan().plan.changes == ()
        [event_id] = {one.event_id for key, one in hands.store().load().entries.items() if key.series}
        event = hands.event(event_id)
        assert event.recurrence is not None
        assert (str(event.recurrence.until), [room.room_id for room in event.rooms]) == (last, ["room-aurora"])


def test_a_room_that_can_not_be_booked_for_the_next_date_of_a_series_is_foreseen(hands: Hands) -> None:
    edit = {"action": "change_room", "room": "room-aurora", "rules": {"advance_days": 1}}
    hands.team.sandbox.control("edits", edit)
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", ["aurora"], calendar="series")}
    assert [one.code for one in hands.plan().plan.problems] == ["too-early"]


def test_a_pool_gives_nobody_a_room_that_a_new_series_names_on_a_later_date(hands: Hands) -> None:
    series = weekly("2026-01-05T10:00", ["borealis"], calendar="series")
    pool = weekly("2026-12-07T10:30", {"any": ["borealis", "aurora"]})
    hands.team.config["meetings"] = {"series": series, "pool": pool}
    planned = hands.plan()
    assert planned.plan.problems == ()
    given = {room for one in planned.plan.operations if one.call is Call.ROOMS_BOOK for room in one.rooms}
    assert given == {"room-aurora", "room-borealis"}
    outcome = hands.apply(planned)
    assert outcome.count(Status.FAILED) == 0
    assert [one.mismatches for one in outcome.results if one.mismatches] == []


def test_a_date_that_has_left_its_series_is_not_in_the_way_of_the_series(hands: Hands) -> None:
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", ["aurora"], calendar="series")}
    hands.apply(hands.plan())
    view = hands.team.client.events.view(organizer="union-alice", since=NOW, until=later(days=28))
    [gone] = [one.id for one in view.events if one.start.date().isoformat() == "2026-12-14"]
    hands.team.client.events.delete(organizer="union-alice", event_id=gone, notify=False, token="gone")
    hands.team.config["meetings"]["series"]["rooms"] = ["borealis"]
    planned = hands.plan()
    assert planned.plan.problems == ()
    assert hands.apply(planned).count(Status.FAILED) == 0


def test_a_room_that_takes_no_series_costs_the_series_none_of_its_other_rooms(hands: Hands) -> None:
    edit = {"action": "change_room", "room": "room-aurora", "rules": {"recurring": False}}
    hands.team.sandbox.control("edits", edit)
    rooms = ["aurora", "borealis", "cirrus"]
    hands.team.config["meetings"] = {"series": weekly("2026-01-05T10:00", rooms, calendar="series")}
    hands.create("Theirs", "2026-12-14T10:30", organizer="carol", rooms=["cirrus"])
    [told] = [one.error.message for one in hands.apply(hands.plan()).results if one.error is not None]
    assert "room aurora: " in told
    assert "; room cirrus is held by carol until 2026-12-14 11:30" in told
    [held] = {tuple(room.room_id for room in one.rooms) for one in hands.team.events()}
    assert held == ("room-borealis",)
