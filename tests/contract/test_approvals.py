"""Rooms that somebody has to approve: shown, counted, waited for, and no drift."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from roomteam import RoomTeam, meeting, room_team

from reconciler.apply.outcome import Outcome, Status
from reconciler.errors import PlanStale
from reconciler.report.apply_text import apply_text
from reconciler.report.document import apply_document, plan_document
from reconciler.report.names import Names
from reconciler.rooms.waiting import looks
from reconciler.workflow.carrying import wait_for_approvals
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.looking import Question


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path) as found:
        found.rules("aurora", approval=True)
        found.declare(meeting(rooms=("aurora",)))
        yield found


def waited(team: RoomTeam, happens: Callable[[int], None], limit_s: float = 600) -> Outcome:
    """Apply and wait; `happens` is told the number of each rest."""
    planned = team.plan()
    outcome = team.apply(planned)
    rests = 0

    def sleep(_seconds: float) -> bool:
        nonlocal rests
        rests += 1
        happens(rests)
        return True

    return wait_for_approvals(
        planned, outcome, team.client, team.store, limit_s=limit_s, clock=lambda: team.now, sleep=sleep
    )


def test_what_waits_is_counted_and_neither_drift_nor_booked_anew(team: RoomTeam) -> None:
    planned = team.plan()
    outcome = team.apply(planned)
    assert apply_document(outcome, planned.plan)["summary"]["pending"] == 2
    again = team.plan().plan
    assert (again.changes, plan_document(again)["summary"]["pending"]) == ((), 2)
    drift = look_for_drift(team.config, team.client, team.store, Question(), now=team.now)
    assert {one.cause for one in drift.findings} <= {"approval"}


def test_who_waits_for_an_answer_or_was_refused_is_told_whom_to_ask(team: RoomTeam) -> None:
    team.rules("aurora", contact="union-dave")
    outcome = waited(team, lambda _rest: team.respond(team.events()[0].id, "aurora", "declined"), limit_s=60)
    planned = team.plan().plan
    assert [one.contact for one in (*outcome.pending, *outcome.declined)] == ["union-dave"] * 2
    assert [one.contact for one in planned.pending] == ["union-dave"]
    told = io.StringIO()
    Console(file=told, width=120).print(apply_text(outcome, planned, Names(people={"union-dave": "dave"})))
    assert "declined sync@2026-11-30T10:00 room room-aurora; ask dave" in told.getvalue()


def test_waiting_ends_with_the_last_answer(team: RoomTeam) -> None:
    def happens(rest: int) -> None:
        for event in team.events()[:rest]:
            team.respond(event.id, "aurora", "accepted")

    outcome = waited(team, happens)
    assert (outcome.pending, outcome.declined) == ((), ())
    assert team.calls("event.list") == ["event.list"] * 5  # the plan, this test twice, and two looks
    assert sum(team.store.load().calls.values()) > 0


def test_what_is_declined_while_waiting_is_told_apart(team: RoomTeam) -> None:
    outcome = waited(team, lambda _rest: team.respond(team.events()[0].id, "aurora", "declined"), limit_s=60)
    assert [one.address for one in outcome.declined] == ["sync@2026-11-30T10:00"]
    assert [one.address for one in outcome.pending] == ["sync@2026-12-07T10:00"]


def test_nothing_is_asked_where_nothing_waits(team: RoomTeam) -> None:
    team.rules("aurora", approval=False)
    assert waited(team, lambda _rest: pytest.fail("there is nothing to wait for")).pending == ()


def test_looks_get_rarer_and_end_with_the_time() -> None:
    assert list(looks(600)) == [30, 60, 120, 240, 150]
    assert list(looks(10)) == [10]
    assert list(looks(0)) == []
    assert max(looks(7200)) <= 330


def test_who_has_declined_is_asked_again_only_when_the_booking_changes(team: RoomTeam) -> None:
    team.rules("aurora", contact="union-dave")
    team.apply()
    first = team.events()[0]
    team.respond(first.id, "aurora", "declined")
    for _ in range(2):
        planned = team.plan()
        (problem,) = planned.plan.problems
        assert problem.message == "was declined, and is not asked for again until the booking changes"
        assert problem.contact == "union-dave"
        assert problem.alternatives
        assert planned.plan.changes == ()
        team.apply(planned)
    assert team.rooms() == {"Sync": ["", "aurora"]}
    team.declare(meeting(start="2026-01-05T15:00", rooms=("aurora",)))
    team.apply()
    assert team.rooms() == {"Sync": ["aurora", "aurora"]}


def test_a_named_room_that_was_lost_by_a_move_is_asked_for_again(team: RoomTeam) -> None:
    team.declare(meeting(rooms=("borealis",)))
    team.apply()
    team.declare(meeting(start="2026-01-05T15:00", rooms=("borealis",)))
    theirs = team.occupy("borealis", "2026-11-30T15:00", "2026-11-30T16:00")
    team.apply()
    assert team.rooms() == {"Sync": ["", "borealis"]}
    assert [len(one.operations) for one in team.plan().plan.changes] == [1]
    team.edit("delete_event", event=theirs)
    assert [one.message for one in team.plan().plan.problems] == ["was lost, and is asked for again"]
    team.apply()
    assert team.rooms() == {"Sync": ["borealis", "borealis"]}


def test_a_saved_plan_leaves_out_a_room_that_was_declined(team: RoomTeam) -> None:
    team.declare(meeting(rooms=("aurora", "borealis"), rule="FREQ=DAILY;COUNT=1", start="2026-11-30T10:00"))
    team.apply()
    team.respond(team.events()[0].id, "aurora", "declined")
    team.declare(replace(team.config.meetings["sync"], title="Another title"))
    planned = team.plan()
    assert [one.code for one in planned.plan.problems] == ["declined"]
    assert team.apply(team.saved(planned)).count(Status.FAILED) == 0
    assert team.rooms() == {"Another title": ["borealis"]}


def test_a_saved_plan_that_leaves_out_a_room_which_nobody_has_declined_is_refused(team: RoomTeam) -> None:
    team.apply()
    team.declare(replace(team.config.meetings["sync"], title="Another title", rooms=("aurora", "borealis")))
    planned = team.plan()
    changes = [
        replace(one, change=replace(one.change, after=replace(one.change.after, rooms=())), operations=one.operations)
        for one in planned.plan.changes
        if one.change.after is not None
    ]
    with pytest.raises(PlanStale, match="rooms is not as the config asks for"):
        team.saved(replace(planned, plan=replace(planned.plan, changes=tuple(changes))))
