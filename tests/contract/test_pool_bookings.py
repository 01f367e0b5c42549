"""Meetings that would take any of several rooms, from the config to the booking."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from roomteam import ROOMS, RoomTeam, meeting, room_team

from reconciler.apply.outcome import Status
from reconciler.cli.exits import exit_code, only_rooms_missing
from reconciler.config.model import Override, Room, RoomPool
from reconciler.plan.operations import Call
from reconciler.report.apply_text import apply_text
from reconciler.report.document import apply_document
from reconciler.schedule.model import Change
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.looking import Question

ANY = RoomPool(any=("aurora", "borealis"))
VIDEO = RoomPool(tags=("video",))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path) as found:
        yield found


def test_meetings_at_one_time_get_different_rooms_and_keep_them(team: RoomTeam) -> None:
    team.declare(meeting(pool=ANY), meeting("retro", pool=ANY), meeting("demo", pool=VIDEO))
    assert team.apply().count(Status.FAILED) == 0
    rooms = team.rooms()
    assert sorted(of[0] for of in rooms.values()) == ["aurora", "borealis", "cirrus"]
    assert all(len(set(of)) == 1 for of in rooms.values())
    calls = len(team.calls())
    assert team.plan().plan.changes == ()
    assert "rooms.busy" not in team.calls()[calls:]


def test_what_others_have_is_left_to_them(team: RoomTeam) -> None:
    team.occupy("aurora", "2026-12-07T10:00", "2026-12-07T11:00")
    team.declare(meeting(pool=ANY))
    assert team.apply().count(Status.FAILED) == 0
    assert team.rooms() == {"Sync": ["borealis", "borealis"]}  # one room for both, though one of them is larger


def test_a_new_meeting_changes_no_other_room_unless_it_must(team: RoomTeam) -> None:
    team.declare(meeting(pool=VIDEO))
    team.apply()
    team.declare(meeting(pool=VIDEO), meeting("also", pool=VIDEO))
    assert [one.change.address.partition("@")[0] for one in team.plan().plan.changes] == ["also", "also"]
    team.apply()
    team.declare(meeting(pool=VIDEO), meeting("also", pool=VIDEO), meeting("fixed", rooms=("aurora",)))
    planned = team.plan()
    assert {one.change.address.partition("@")[0] for one in planned.plan.changes} == {"fixed", "sync"}
    assert team.apply(planned).count(Status.FAILED) == 0
    assert team.rooms() == {"Also": ["cirrus"] * 2, "Fixed": ["aurora"] * 2, "Sync": ["borealis"] * 2}


def test_a_pool_too_small_says_who_has_its_rooms(team: RoomTeam) -> None:
    team.occupy("aurora", "2026-11-30T10:00", "2026-11-30T11:00")
    team.declare(meeting("sync", pool=replace(ANY, any=("aurora",)), max_conflicts=1))
    planned = team.plan().plan
    (problem,) = planned.problems
    assert (problem.code, problem.address, problem.is_error) == ("no-room", "sync@2026-11-30T10:00", False)
    (blocked,) = problem.blocked
    assert (blocked.room, blocked.holder) == ("room-aurora", "union-carol")
    assert blocked.until == datetime(2026, 11, 30, 3, tzinfo=UTC)
    assert set(problem.alternatives) == {"room-borealis", "room-cirrus", "room-dune"}
    assert team.apply().count(Status.DONE) == 2
    team.declare(meeting("sync", pool=replace(ANY, any=("aurora",))))
    assert team.plan().plan.problems[0].is_error


def test_a_pool_without_a_room_says_which_rule_forbids_each(team: RoomTeam) -> None:
    team.rules("aurora", least_minutes=90)
    team.rules("borealis", closed_from=1_700_000_000_000, close_reason="paint")
    team.rules("cirrus", status=2, members=["union-bob"])
    team.declare(meeting(pool=RoomPool(any=("aurora", "borealis", "cirrus"))))
    told = {one.room: one.reason for one in team.plan().plan.problems[0].blocked}
    assert told == {
        "room-aurora": "must be booked for at least 90 minutes",
        "room-borealis": "closed for good (paint)",
        "room-cirrus": "may be booked only by certain people, and the organiser is none of them",
    }


def test_what_is_free_instead_has_what_the_pool_asks_for(tmp_path: Path) -> None:
    far = Room(alias="elbe", id="room-elbe", capacity=12, location="Hamburg", tags=("video",))
    plain = Room(alias="fen", id="room-fen", capacity=12, location="Hangzhou 2F")
    with room_team(tmp_path, {**ROOMS, "elbe": far, "fen": plain}) as team:
        team.occupy("borealis", "2026-11-30T10:00", "2026-11-30T11:00")
        pool = RoomPool(tags=("video",), location="Hangzhou", capacity=8)
        team.declare(meeting(pool=pool, max_conflicts=1))
        (problem,) = team.plan().plan.problems
    assert problem.alternatives == ("room-elbe",)  # neither too small, nor without video


def test_a_named_room_is_kept_for_who_names_it_though_somebody_else_is_in_its_way(team: RoomTeam) -> None:
    theirs = team.occupy("aurora", "2026-11-30T11:00", "2026-11-30T11:40")
    named = meeting("named", "2026-01-05T10:30", rooms=("aurora",))
    team.declare(meeting(pool=replace(ANY, any=("aurora",)), max_conflicts=2), named)
    planned = team.plan()
    told = {one.address: one.code for one in planned.plan.problems}
    assert told == {"named@2026-11-30T10:30": "taken"} | dict.fromkeys(
        ("sync@2026-11-30T10:00", "sync@2026-12-07T10:00"), "no-room"
    )
    assert team.apply(planned).count(Status.FAILED) == 1
    assert team.rooms() == {"Named": ["", "aurora"], "Sync": ["", ""]}
    team.edit("delete_event", event=theirs)
    again = team.plan()
    assert [one.change.address for one in again.plan.changes] == ["named@2026-11-30T10:30"]
    assert team.apply(again).count(Status.DONE) == 1
    assert team.rooms()["Named"] == ["aurora", "aurora"]


def test_a_room_that_would_refuse_is_not_chosen(team: RoomTeam) -> None:
    team.rules("aurora", most_minutes=30)
    team.declare(meeting(pool=ANY))
    planned = team.plan()
    assert planned.plan.problems == ()
    team.apply(planned)
    assert team.rooms() == {"Sync": ["borealis", "borealis"]}


def test_a_declined_room_is_replaced(team: RoomTeam) -> None:
    team.rules("aurora", approval=True)
    team.declare(meeting(pool=ANY))
    team.apply()
    first = team.events()[0]
    team.respond(first.id, "aurora", "declined")
    planned = team.plan()
    assert [one.code for one in planned.plan.problems] == ["declined"]
    team.apply(planned)
    assert team.rooms() == {"Sync": ["borealis", "aurora"]}
    assert team.plan().plan.changes == ()


def test_a_room_that_was_lost_by_a_move_is_booked_again_once_it_is_free(team: RoomTeam) -> None:
    two = meeting(pool=replace(ANY, count=2), max_conflicts=1)
    team.declare(two)
    team.apply()
    day = date(2026, 11, 30)
    moved = replace(two.schedule, changes={day: Change(start=time(15))})
    team.declare(replace(two, schedule=moved, overrides={day: Override()}))
    theirs = team.occupy("aurora", "2026-11-30T15:00", "2026-11-30T16:00")
    team.apply()
    assert team.rooms() == {"Sync": ["borealis", "aurora borealis"]}
    (problem,) = [one for one in team.plan().plan.problems if one.code == "no-room"]
    (held,) = problem.blocked
    assert (held.room, held.holder) == ("room-aurora", "union-carol")
    assert held.until is not None
    assert f"{held.until:%H:%M}" == "16:00"
    assert "room-aurora" not in problem.alternatives
    team.edit("delete_event", event=theirs)
    assert team.apply().count(Status.DONE) == 1
    assert team.rooms() == {"Sync": ["aurora borealis", "aurora borealis"]}
    assert team.plan().plan.changes == ()


def test_a_declined_room_that_nothing_replaces_is_told_again_and_not_offered(team: RoomTeam) -> None:
    team.rules("aurora", approval=True, contact="union-dave")
    team.declare(meeting(pool=replace(ANY, count=2), max_conflicts=1))
    team.apply()
    team.respond(team.events()[0].id, "aurora", "declined")
    for _ in range(2):
        planned = team.plan()
        short, declined = sorted(planned.plan.problems, key=lambda one: one.room)
        assert (short.code, short.is_error) == ("no-room", False)
        assert [(one.room, one.reason) for one in short.blocked] == [("room-aurora", "declined")]
        assert set(short.alternatives) == {"room-cirrus", "room-dune"}
        assert (declined.message, declined.contact) == ("was declined", "union-dave")
        assert planned.plan.changes == ()
        team.apply(planned)
    assert team.rooms() == {"Sync": ["borealis", "aurora borealis"]}


def test_one_occurrence_may_have_a_pool_of_its_own(team: RoomTeam) -> None:
    day = date(2026, 12, 7)
    one = meeting(pool=ANY, overrides={day: Override(pool=RoomPool(any=("dune",)))})
    team.declare(replace(one, schedule=replace(one.schedule, changes={day: Change()})))
    team.apply()
    assert team.rooms() == {"Sync": ["aurora", "dune"]}


def test_a_saved_plan_books_the_rooms_that_it_shows(team: RoomTeam) -> None:
    team.declare(meeting(pool=ANY), meeting("retro", pool=ANY))
    made = team.plan()
    checked = team.saved(made)
    assert checked.plan.changes == made.plan.changes
    assert team.apply(checked).count(Status.FAILED) == 0
    assert sorted(of[0] for of in team.rooms().values()) == ["aurora", "borealis"]


def test_a_room_from_a_pool_is_no_drift_until_somebody_takes_it_away(team: RoomTeam) -> None:
    team.declare(meeting(pool=ANY))
    team.apply()

    def drift() -> list[str]:
        found = look_for_drift(team.config, team.client, team.store, Question(), now=team.now)
        return [one.path for one in found.findings]

    assert drift() == []
    first = team.events()[0]
    team.client.events.release_rooms(organizer="union-alice", event_id=first.id, rooms=["room-aurora"])
    assert drift() == ["rooms"]


def test_sixty_meetings_and_fifteen_rooms_are_planned_without_a_conflict(tmp_path: Path) -> None:
    rooms = {f"r{n:02}": Room(alias=f"r{n:02}", id=f"room-r{n:02}", capacity=4 + n) for n in range(15)}
    with room_team(tmp_path, rooms) as team:
        team.config = replace(team.config, horizon=timedelta(days=28))
        start = datetime(2026, 1, 5, 8, 0)  # noqa: DTZ001  # local, by design
        crowd = []
        for number in range(60):
            at = (start + timedelta(days=number % 5, minutes=30 * (number // 5))).isoformat()
            room = (
                {"pool": RoomPool(capacity=4 + number % 9)} if number % 3 == 0 else {"rooms": (f"r{number % 15:02}",)}
            )
            crowd.append(meeting(f"m{number:02}", at, **room))
        team.declare(*crowd)
        before = team.plan().plan
        assert len(before.changes) == 240
        assert before.problems == ()
        held = {one.change.address: one.change.after.rooms for one in before.changes if one.change.after}
        assert all(len(of or ()) == 1 for of in held.values())


def test_a_room_that_is_taken_between_plan_and_apply_is_replaced_at_once(team: RoomTeam) -> None:
    team.declare(meeting(pool=ANY))
    planned = team.plan()
    team.occupy("aurora", "2026-11-30T10:00", "2026-11-30T11:00")
    outcome = team.apply(planned)
    assert outcome.count(Status.FAILED) == 0
    (differs,) = [one for result in outcome.results for one in result.mismatches]
    assert (differs.path, differs.wanted, differs.answered) == ("rooms", "aurora", "borealis")
    assert team.rooms() == {"Sync": ["borealis", "aurora"]}
    assert team.plan().plan.changes == ()


@pytest.mark.parametrize(("bears", "status"), [(1, Status.DONE), (0, Status.FAILED)])
def test_a_pool_that_is_taken_between_plan_and_apply_says_so_and_is_borne(
    team: RoomTeam, bears: int, status: Status
) -> None:
    team.declare(meeting(pool=ANY, max_conflicts=bears))
    planned = team.plan()
    assert team.saved(planned).plan.changes == planned.plan.changes
    for room in ("aurora", "borealis"):
        team.occupy(room, "2026-11-30T10:00", "2026-11-30T12:00")
    outcome = team.apply(planned)
    result = outcome.results[0]
    assert (result.status, outcome.count(Status.DONE)) == (status, 1 + bears)
    assert result.short is not None
    why = "aurora: carol until 12:00; borealis: carol until 12:00"
    assert result.short.message == f"no room of its pool could be had ({why})"
    assert result.short.hint.endswith("the next run looks for any of aurora, borealis")
    assert outcome.rooms(Call.ROOMS_BOOK) == 1
    again = team.plan().plan
    assert again.changes == ()
    assert [one.is_error for one in again.problems] == [not bears]
    told = io.StringIO()
    Console(file=told, width=200).print(apply_text(outcome, planned.plan, allowed={"sync": bears}))
    assert told.getvalue().startswith("no room sync@" if bears else "failed create sync@")
    last = told.getvalue().splitlines()[-1]
    wrong = "error sync: 1 occurrence of it has no room, or too few, and max_conflicts allows 0"
    assert last.startswith("Apply: ") if bears else last == wrong
    assert (exit_code(planned, outcome), only_rooms_missing(planned, outcome)) == (not bears, not bears)
    assert apply_document(outcome, planned.plan)["results"][0]["room_shortage"]["code"] == "no-room"


def test_an_apply_that_fails_for_missing_rooms_alone_says_so(team: RoomTeam) -> None:
    team.occupy("aurora", "2026-11-30T10:00", "2026-11-30T11:00")
    team.declare(meeting(pool=replace(ANY, any=("aurora",))))
    planned = team.plan()
    outcome = team.apply(planned)
    assert (exit_code(planned, outcome), only_rooms_missing(planned, outcome)) == (1, True)
    (problem,) = apply_document(outcome, planned.plan)["room_problems"]
    assert (problem["code"], problem["is_error"]) == ("no-room", True)


def test_a_pool_that_gives_one_of_two_says_which(team: RoomTeam) -> None:
    team.declare(meeting(rule="FREQ=WEEKLY;COUNT=48", pool=replace(ANY, count=2), max_conflicts=1))
    planned = team.plan()
    team.occupy("aurora", "2026-11-30T10:00", "2026-11-30T11:00")
    outcome = team.apply(planned)
    assert outcome.count(Status.FAILED) == 0
    (short,) = [one.short for one in outcome.results if one.short is not None]
    assert short.message == "1 of 2 rooms of its pool could be had: borealis; aurora: carol until 11:00"
    assert team.rooms()["Sync"][0] == "borealis"


def test_a_room_that_is_lost_by_a_move_is_replaced_at_once(team: RoomTeam) -> None:
    team.declare(meeting(pool=ANY))
    team.apply()
    team.declare(meeting(start="2026-01-05T15:00", pool=ANY))
    planned = team.plan()
    team.occupy("aurora", "2026-11-30T15:00", "2026-11-30T16:00")
    assert team.apply(planned).count(Status.FAILED) == 0
    assert team.rooms() == {"Sync": ["borealis", "aurora"]}
    assert team.plan().plan.changes == ()
