"""What was refused in a run that knew nothing before: the next run knows of it, although no list tells of it again."""

from __future__ import annotations

from pathlib import Path

from roomteam import RoomTeam, meeting, room_team

from reconciler.apply.outcome import Status
from reconciler.sandbox.limits import Limits


def refuse(team: RoomTeam, api: str) -> None:
    """Apply without a state, with every call of one API refused; see nothing done."""
    (team.store.folder / "state.json").unlink()
    team.sandbox.control(
        "faults", {"api": api, "kind": "error_before", "status": 400, "code": "invalidParameter", "times": None}
    )
    assert team.apply().count(Status.FAILED) == 2
    team.sandbox.control("faults", method="DELETE")


def test_a_cancellation_and_a_change_that_were_refused_are_tried_again(tmp_path: Path) -> None:
    limits = Limits(qps=None, address_calls=None)
    with room_team(tmp_path, limits=limits, qps=1000) as team:
        two = meeting("two", start="2026-01-06T10:00")
        team.declare(meeting("one"), two)
        team.apply()
        team.declare(two)
        refuse(team, "conference.cancel")
        assert {one.change.address.partition("@")[0] for one in team.plan().plan.changes} == {"one"}
        team.declare(meeting("one"), meeting("two", start="2026-01-06T10:00", description="New"))
        refuse(team, "event.update")
        made = len(team.calls("event.create", "conference.create"))
        assert team.apply().count(Status.FAILED) == 0
        assert len(team.calls("event.create", "conference.create")) == made
        assert team.plan().plan.changes == ()
        assert len(team.events()) == 4
