"""Meetings at one hour that take each other's rooms: in a circle, with a refusal or a crash at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from roomteam import NOW, PEOPLE, RoomTeam, meeting, room_team

from reconciler.apply.outcome import Outcome, Status
from reconciler.config.model import Room
from reconciler.errors import ReconcilerError
from reconciler.plan.operations import Call, Operation
from reconciler.state.store import local_store

STEPS: list[Any] = [(size, step) for size in (2, 3) for step in range(size)]
STEPS += [(10, 7), *(pytest.param(10, step, marks=pytest.mark.chaos) for step in range(10) if step != 7)]
REFUSAL = {"kind": "error_before", "status": 400, "code": "meetingRoomNotAvailable", "message": "not available"}


class Crash(BaseException):
    pass


def rotating(team: RoomTeam, size: int, by: int, organizers: Sequence[str] = ("alice",)) -> None:
    """Declare `size` meetings at one hour, each in the room `by` further on; the organizers take turns."""
    rule = "FREQ=DAILY;COUNT=1"
    team.declare(
        *(
            meeting(
                f"m{number}",
                "2026-12-01T10:00",
                organizer=organizers[number % len(organizers)],
                attendees=(),
                rooms=(f"r{(number + by) % size}",),
                rule=rule,
            )
            for number in range(size)
        )
    )


def rooms_of(size: int) -> dict[str, Room]:
    return {f"r{number}": Room(alias=f"r{number}", id=f"room-r{number}", capacity=9) for number in range(size)}


def held(team: RoomTeam) -> list[str]:
    return sorted(rooms[0] for rooms in team.rooms().values())


def by_title(team: RoomTeam) -> dict[str, str]:
    """Return the room of each meeting, whoever organises it."""
    found = {
        event.title: " ".join(room.room_id.removeprefix("room-") for room in event.rooms)
        for who in PEOPLE
        for event in team.client.events.list(organizer=f"union-{who}", since=NOW, show_deleted=False).events
    }
    return dict(sorted(found.items()))


def converges(team: RoomTeam, size: int) -> None:
    for _ in range(2):
        outcome = team.apply(team.plan(foresight=False))
        if outcome.count(Status.FAILED) == 0:
            break
    assert team.plan(foresight=False).plan.changes == ()
    assert held(team) == sorted(f"r{number}" for number in range(size))


@pytest.mark.parametrize(("size", "step"), STEPS)
def test_a_refusal_in_a_circle_leaves_everybody_a_room(tmp_path: Path, size: int, step: int) -> None:
    with room_team(tmp_path, rooms_of(size)) as team:
        rotating(team, size, 0)
        team.apply(team.plan(foresight=False))
        rotating(team, size, 1)
        planned = team.plan(foresight=False)
        team.sandbox.control("faults", {"api": "rooms.book", "after_calls": step, "times": 1, **REFUSAL})
        outcome: Outcome = team.apply(planned, parallelism=1)
        team.sandbox.control("faults", method="DELETE")
        found = held(team)
        assert outcome.count(Status.FAILED) == 0
        assert all(found), found
        converges(team, size)


@pytest.mark.parametrize(("size", "step"), STEPS)
def test_a_lasting_refusal_in_a_circle_leaves_everybody_the_room_they_had(tmp_path: Path, size: int, step: int) -> None:
    with room_team(tmp_path, rooms_of(size)) as team:
        rotating(team, size, 0, PEOPLE)
        team.apply(team.plan(foresight=False))
        before = by_title(team)
        rotating(team, size, 1, PEOPLE)
        team.rules(f"r{step}", status=2, members=[f"union-{PEOPLE[step % len(PEOPLE)]}"])
        for _ in range(2):
            outcome = team.apply(team.plan(foresight=False))
            assert outcome.count(Status.FAILED) == size
            assert outcome.rooms(Call.ROOMS_BOOK) == outcome.rooms(Call.ROOMS_RELEASE) == 0
            assert by_title(team) == before == {f"M{number}": f"r{number}" for number in range(size)}


def test_a_swap_that_was_refused_is_not_tried_again_by_the_next_run(tmp_path: Path) -> None:
    with room_team(tmp_path, rooms_of(2)) as team:
        rotating(team, 2, 0, PEOPLE)
        team.apply()
        rotating(team, 2, 1, PEOPLE)
        team.rules("r1", status=2, members=["union-bob"])  # after its rules were asked for
        assert team.apply().count(Status.FAILED) == 2
        assert [one.code for one in team.plan().plan.problems] == ["not-allowed", "halted"]
        assert team.plan().plan.changes == ()
        assert by_title(team) == {"M0": "r0", "M1": "r1"}


@pytest.mark.parametrize("size", [2, 3])
def test_a_swap_that_is_known_to_be_refused_is_left_alone_and_told(tmp_path: Path, size: int) -> None:
    with room_team(tmp_path, rooms_of(size)) as team:
        rotating(team, size, 0, PEOPLE)
        team.rules("r1", status=2, members=["union-bob"])
        team.apply()
        before = by_title(team)
        rotating(team, size, 1, PEOPLE)
        for _ in range(2):
            calls = len(team.calls("rooms.book", "rooms.release"))
            planned = team.plan()
            assert (planned.plan.changes, len(planned.plan.unchanged)) == ((), size)
            assert [one.is_error for one in planned.plan.problems] == [True] * size
            told = {one.room: (one.code, one.message) for one in planned.plan.problems}
            assert told["room-r1"][0] == "not-allowed"
            assert told["room-r1"][1].endswith("; everybody in its swap keeps their rooms")
            assert told["room-r0"] == ("halted", "stays where it is: its swap with others can't be done")
            team.apply(planned)
            assert by_title(team) == before
            assert len(team.calls("rooms.book", "rooms.release")) == calls
        team.rules("r1", status=0)
        team.store.save(replace(team.store.load(), rooms={}))  # else it is asked for again after three days
        assert team.apply().count(Status.DONE) == size
        assert by_title(team) == {f"M{number}": f"r{(number + 1) % size}" for number in range(size)}


@pytest.mark.parametrize(("size", "step"), STEPS)
def test_a_crash_in_a_circle_is_finished_by_the_next_run(tmp_path: Path, size: int, step: int) -> None:
    with room_team(tmp_path, rooms_of(size)) as team:
        rotating(team, size, 0)
        team.apply(team.plan(foresight=False))
        rotating(team, size, 1)
        done = 0

        def crash(_operation: Operation, _error: ReconcilerError | None, /) -> None:
            nonlocal done
            done += 1
            if done == step + 1:
                raise Crash

        with pytest.raises(Crash):
            team.apply(team.plan(foresight=False), parallelism=1, progress=crash)
        team.store = local_store(tmp_path, "acme")
        converges(team, size)


def test_what_lets_go_for_a_room_that_is_refused_for_good_gets_its_own_back(tmp_path: Path) -> None:
    def declare(team: RoomTeam, first: str, second: str) -> None:
        rule = "FREQ=DAILY;COUNT=1"
        late = meeting("late", "2026-12-01T10:15", rooms=(first,), rule=rule, minutes=30)
        team.declare(late, meeting("long", "2026-12-01T10:00", rooms=(second,), rule=rule))

    with room_team(tmp_path, rooms_of(2)) as team:
        team.rules("r0", most_minutes=30)
        declare(team, "r0", "r1")
        team.apply(team.plan(foresight=False))
        declare(team, "r1", "r0")
        outcome = team.apply(team.plan(foresight=False))
        assert outcome.count(Status.FAILED) == 2
        assert team.rooms() == {"Late": ["r0"], "Long": ["r1"]}
        told = [result.error.message for result in outcome.results if result.error is not None]
        assert sum("r0 is booked again" in one for one in told) == 1


def test_who_got_but_one_of_two_rooms_gives_it_back_to_who_let_go_of_it(tmp_path: Path) -> None:
    rule = "FREQ=DAILY;COUNT=1"

    def declare(team: RoomTeam, **rooms: Sequence[str]) -> None:
        team.declare(*(meeting(name, "2026-12-01T10:00", rooms=tuple(of), rule=rule) for name, of in rooms.items()))

    with room_team(tmp_path, rooms_of(5)) as team:
        declare(team, a=["r2"], b=["r0"], c=["r3"])
        team.apply(team.plan(foresight=False))
        declare(team, a=["r3"], b=["r2", "r4"], c=["r0", "r1"])
        planned = team.plan(foresight=False)
        team.occupy("r4", "2026-12-01T10:00", "2026-12-01T11:00")
        outcome = team.apply(planned)
        assert outcome.count(Status.FAILED) == 3
        assert team.rooms() == {"A": ["r2"], "B": ["r0"], "C": ["r1 r3"]}  # r1 is its own from now on
        told = {one.planned.change.address[0]: one.error.message for one in outcome.results if one.error is not None}
        assert "r2 is booked again" in told["a"]
        assert told["b"].startswith("room r4 is held by carol until")
        assert told["b"].endswith("; r2 is released again")


def test_a_saved_plan_leaves_the_rooms_of_a_swap_alone_that_can_not_be_done(tmp_path: Path) -> None:
    with room_team(tmp_path, rooms_of(2)) as team:
        rotating(team, 2, 0, PEOPLE)
        team.rules("r1", status=2, members=["union-bob"])
        team.apply()
        rotating(team, 2, 1, PEOPLE)
        team.declare(*(replace(one, title=one.title + "!") for one in team.config.meetings.values()))
        planned = team.plan()
        assert {each.path for one in planned.plan.changes for each in one.change.comparison.event} == {"title"}
        assert team.apply(team.saved(planned)).count(Status.DONE) == 2
        assert by_title(team) == {"M0!": "r0", "M1!": "r1"}
