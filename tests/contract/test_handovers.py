"""A meeting that changes hands: what is left of the former organiser's events stands in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from roomteam import RoomTeam, meeting, room_team

from reconciler.apply.outcome import Status
from reconciler.sandbox.limits import Limits


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path, limits=Limits(qps=None, address_calls=None), qps=1000) as found:
        found.declare(meeting("one"), meeting("two", start="2026-01-06T10:00"))
        found.apply()
        yield found


def hand_over(team: RoomTeam) -> None:
    team.declare(meeting("one", organizer="bob", attendees=()), meeting("two", start="2026-01-06T10:00"))


def finished(team: RoomTeam) -> None:
    """See the next run do what is left, and the one after it find nothing to do."""
    planned = team.plan()
    assert planned.plan.failures == ()
    outcome = team.apply(planned)
    assert outcome.count(Status.DONE) == len(outcome.results)
    assert outcome.orphans == ()
    assert team.plan().plan.changes == ()
    listed = team.client.events.list(organizer="union-bob", since=team.now, show_deleted=False).events
    assert sorted(event.organizer for event in listed) == ["union-alice"] * 2 + ["union-bob"] * 2
    conferences = team.sandbox.control("conferences")["conferences"]
    assert len([one for one in conferences if not one["cancelled"]]) == 4


@pytest.mark.parametrize("known", [True, False], ids=["with its state", "without a state"])
def test_a_handover_that_broke_off_half_done_is_finished(team: RoomTeam, *, known: bool) -> None:
    hand_over(team)
    team.sandbox.control("faults", {"api": "conference.create", "kind": "quota", "times": None})
    assert team.apply().count(Status.DONE) == 2  # what was there is cancelled, and nothing is made
    team.sandbox.control("faults", method="DELETE")
    if not known:
        (team.store.folder / "state.json").unlink()
    finished(team)


@pytest.mark.parametrize("known", [True, False], ids=["with its state", "without a state"])
def test_what_a_person_deleted_before_a_handover_leaves_no_conference_behind(team: RoomTeam, *, known: bool) -> None:
    for event in team.events():
        if event.title == "One":
            team.edit("delete_event", event=event.id)
    hand_over(team)
    if not known:
        (team.store.folder / "state.json").unlink()
    finished(team)
