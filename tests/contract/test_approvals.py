"""Rooms that somebody has to approve: shown, counted, waited for, and no drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from roomteam import RoomTeam, meeting, room_team

from reconciler.looking import Question
from reconciler.outcome import Outcome
from reconciler.report.document import apply_document, plan_document
from reconciler.waiting import looks
from reconciler.workflow import look_for_drift, wait_for_approvals


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
