"""A plan says which rooms will work before any is booked, and asks as little as it can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from roomteam import RoomTeam, meeting, room_team

from reconciler.apply.outcome import Status
from reconciler.plan.operations import RoomProblem

READS = ("rooms.busy", "rooms.get")


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path) as found:
        found.declare(meeting(rooms=("aurora",)))
        yield found


def problems(team: RoomTeam, **question: Any) -> tuple[RoomProblem, ...]:
    return team.plan(**question).plan.problems


def test_a_plan_names_who_holds_a_room_until_when_and_what_is_free_instead(team: RoomTeam) -> None:
    team.occupy("aurora", "2026-11-30T10:30", "2026-11-30T12:00")
    team.occupy("borealis", "2026-11-30T09:00", "2026-11-30T10:15", who="dave")
    (found,) = problems(team)
    assert (found.address, found.room, found.code) == ("sync@2026-11-30T10:00", "room-aurora", "taken")
    assert (found.holder, found.until) == ("union-carol", datetime(2026, 11, 30, 4, 0, tzinfo=UTC))
    assert found.alternatives == ("room-cirrus",)  # dune has no video
    outcome = team.apply()
    assert (outcome.count(Status.DONE), outcome.count(Status.FAILED)) == (1, 1)


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"status": 1}, "not-allowed"),
        ({"status": 2, "members": ["union-bob"]}, "not-allowed"),
        ({"open": False}, "not-open"),
        ({"closed_from": 1_700_000_000_000, "close_reason": "renovation"}, "closed"),
        ({"least_minutes": 60}, "too-short"),
        ({"most_minutes": 30}, "too-long"),
        ({"advance_days": 1}, "too-early"),
    ],
)
def test_each_rule_of_a_room_that_will_refuse_is_foreseen(team: RoomTeam, rules: dict[str, Any], code: str) -> None:
    team.rules("aurora", **rules)
    found = problems(team)
    assert {one.code for one in found} == {code}
    outcome = team.apply()
    assert outcome.count(Status.FAILED) == len(found)


@pytest.mark.parametrize(("rules", "codes"), [({"most_minutes": 150}, ["too-long"]), ({"least_minutes": 150}, [])])
def test_a_meeting_is_as_long_as_it_lasts_when_clocks_are_put_back(
    team: RoomTeam, rules: dict[str, Any], codes: list[str]
) -> None:
    night = meeting("night", "2026-10-25T01:30", rooms=("aurora",), minutes=180, rule="FREQ=DAILY;COUNT=1")
    team.declare(replace(night, schedule=replace(night.schedule, timezone="Europe/Berlin")))
    team.now = datetime(2026, 10, 20, tzinfo=UTC)
    team.rules("aurora", **rules)
    assert [one.code for one in problems(team)] == codes


def test_who_may_book_is_warned_of_nothing(team: RoomTeam) -> None:
    team.rules("aurora", status=2, members=["union-alice"], least_minutes=45, most_minutes=45, advance_days=14)
    assert problems(team) == ()
    assert team.apply().count(Status.FAILED) == 0


def test_a_room_that_does_not_exist_is_told(team: RoomTeam) -> None:
    rooms = {**team.config.rooms, "aurora": replace(team.config.rooms["aurora"], id="room-nowhere")}
    team.config = replace(team.config, rooms=rooms)
    assert {one.code for one in problems(team)} == {"unknown"}


def test_two_meetings_that_want_one_room_are_told_of_each_other(team: RoomTeam) -> None:
    team.declare(meeting(rooms=("aurora",)), meeting("retro", "2026-01-05T10:30", rooms=("aurora",)))
    found = problems(team)
    assert [one.holder for one in found[:2]] == ["retro@2026-11-30T10:30", "sync@2026-11-30T10:00"]


def test_what_the_plan_itself_frees_counts_as_free(team: RoomTeam) -> None:
    team.declare(meeting(rooms=("aurora",)), meeting("gone", "2026-01-06T10:00", rooms=("borealis",)))
    assert team.apply().count(Status.FAILED) == 0
    # One lets go of its room, one is cancelled, and one moves away: all three rooms are taken by others at once.
    team.declare(
        meeting(rooms=("borealis",)),
        meeting("new", "2026-01-05T10:00", rooms=("aurora",)),
        meeting("other", "2026-01-06T10:00", rooms=("borealis",)),
    )
    assert problems(team) == ()
    assert team.apply().count(Status.FAILED) == 0
    assert team.plan().plan.changes == ()


def test_an_event_that_moves_with_its_room_is_checked_where_it_goes(team: RoomTeam) -> None:
    team.apply()
    team.occupy("aurora", "2026-12-07T15:00", "2026-12-07T16:00")
    team.declare(meeting(start="2026-01-05T15:00", rooms=("aurora",)))
    found = problems(team)
    assert [(one.start.day, one.code) for one in found] == [(7, "taken")]


def test_four_weeks_of_three_rooms_take_four_calls_and_the_rules_are_remembered(team: RoomTeam) -> None:
    team.config = replace(team.config, horizon=timedelta(days=28))
    team.declare(
        *(
            meeting(f"m{number}", f"2026-01-0{5 + number}T10:00", rooms=(room,))
            for number, room in enumerate(["aurora", "borealis", "dune"])
        )
    )
    team.plan()
    assert sorted(team.calls(*READS)) == ["rooms.busy", *["rooms.get"] * 3]
    team.plan()
    assert sorted(team.calls(*READS)) == ["rooms.busy"] * 2 + ["rooms.get"] * 3
    team.now += timedelta(days=4)
    team.plan()
    assert team.calls("rooms.get") == ["rooms.get"] * 6


def test_nothing_is_asked_where_nothing_is_booked_or_nobody_wants_to_know(team: RoomTeam) -> None:
    team.plan(foresight=False)
    assert team.calls(*READS) == []
    team.apply(team.plan(foresight=False))
    team.declare(meeting(title="Another title", rooms=("aurora",)))
    team.plan()
    assert team.calls(*READS) == []


def test_an_app_that_may_not_read_rooms_is_told_once_and_plans_all_the_same(team: RoomTeam) -> None:
    team.sandbox.control(
        "permissions",
        {"permissions": ["VideoConference.Conference.Write", "Calendar.Event.Write", "Calendar.Event.Read"]},
    )
    team.declare(meeting(rooms=("aurora",)), meeting("retro", "2026-01-06T10:00", rooms=("borealis",)))
    planned = team.plan().plan
    assert len(planned.changes) == 4
    (warning,) = planned.warnings
    assert "the rules of rooms could not be read" in warning
    assert "VideoConference.Conference.Read" in warning


def test_what_asks_for_approval_is_told_before_and_counted_after(team: RoomTeam) -> None:
    team.rules("aurora", approval=True)
    planned = team.plan()
    assert [one.booked for one in planned.plan.pending] == [False, False]
    team.apply(planned)
    again = team.plan().plan
    assert again.changes == ()
    assert [one.booked for one in again.pending] == [True, True]


def test_a_room_that_is_lost_by_a_move_is_reported_and_tried_again(team: RoomTeam) -> None:
    team.apply()
    theirs = team.occupy("aurora", "2026-11-30T15:00", "2026-11-30T16:00")
    team.declare(meeting(start="2026-01-05T15:00", rooms=("aurora",)))
    outcome = team.apply()
    (failed,) = [result.error for result in outcome.results if result.error is not None]
    assert "room aurora is held by carol until 2026-11-30 16:00" in failed.message
    team.edit("delete_event", event=theirs)
    assert team.apply().count(Status.FAILED) == 0
    assert team.rooms() == {"Sync": ["aurora", "aurora"]}
    assert team.plan().plan.changes == ()


def test_a_room_that_nobody_has_and_that_refuses_is_not_told_to_be_held(team: RoomTeam) -> None:
    team.rules("aurora", most_minutes=30)
    team.declare(meeting(rooms=("aurora",), rule="FREQ=WEEKLY;COUNT=48"))
    error = team.apply(team.plan(foresight=False)).results[0].error
    assert error is not None
    assert error.message.startswith("room aurora is free then, and can't be booked: DingTalk refused: ")
    assert (error.code, error.message.count(error.code)) == ("meetingRoomNotAvailable", 0)
    assert "who holds it" not in error.hint


@pytest.mark.parametrize("others", [(), ("dune",)])
def test_a_room_that_refuses_costs_a_meeting_none_of_its_other_rooms(team: RoomTeam, others: tuple[str, ...]) -> None:
    for room in others:
        team.occupy(room, "2026-11-30T10:00", "2026-11-30T11:00")
    team.rules("borealis", status=1)
    team.declare(
        meeting(rooms=("aurora", "borealis", "cirrus", *others), rule="FREQ=DAILY;COUNT=1", start="2026-11-30T10:00")
    )
    outcome = team.apply(team.plan(foresight=False))
    assert team.rooms() == {"Sync": ["aurora cirrus"]}
    [told] = [one.error.message for one in outcome.results if one.error is not None]
    assert "room borealis is free then, and can't be booked" in told
    assert ("room dune is held by carol" in told) is bool(others)
    assert "aurora" not in told


def test_who_waits_for_a_room_that_is_not_let_go_after_all_is_told_so(team: RoomTeam) -> None:
    def declare(**rooms: str) -> None:
        rule = "FREQ=DAILY;COUNT=1"
        team.declare(*(meeting(name, "2026-12-01T10:00", rooms=(one,), rule=rule) for name, one in rooms.items()))

    declare(first="aurora", second="borealis", third="cirrus")
    team.apply()
    declare(first="dune", second="aurora", third="borealis")
    team.occupy("dune", "2026-12-01T10:00", "2026-12-01T11:00")
    found = {one.address.partition("@")[0]: (one.room, one.holder) for one in problems(team)}
    assert found == {
        "first": ("room-dune", "union-carol"),
        "second": ("room-aurora", "first@2026-12-01T10:00"),
        "third": ("room-borealis", "second@2026-12-01T10:00"),
    }
    assert team.apply().count(Status.FAILED) == 3
    assert team.rooms() == {"First": ["aurora"], "Second": ["borealis"], "Third": ["cirrus"]}
