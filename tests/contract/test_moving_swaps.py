"""Meetings that take each other's rooms and move in time as well: nobody is without a room that they could keep."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from roomteam import PEOPLE, RoomTeam, meeting, room_team

from reconciler.apply.outcome import Outcome
from reconciler.config.model import Room, RoomPool
from reconciler.errors import ReconcilerError
from reconciler.plan.operations import Call, Operation
from reconciler.state.store import local_store

STARTS = ("10:00", "10:15", "10:30", "11:00", "11:15", "12:00")
ROOMS = {f"r{number}": Room(alias=f"r{number}", id=f"room-r{number}", capacity=9) for number in range(3)}
REFUSED = {"kind": "error_before", "status": 400, "code": "meetingRoomNotAvailable", "message": "not available"}
DENIED = {**REFUSED, "code": "permissionDeny"}
WRITES = ("rooms.book", "rooms.release", "event.update")
Places = Mapping[str, tuple[str, tuple[str, ...]]]  # by meeting, when it starts and its rooms


class Crash(BaseException):
    pass


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomTeam]:
    with room_team(tmp_path_factory.mktemp("team"), ROOMS, qps=1000) as found:
        yield found


@pytest.fixture
def team(shared: RoomTeam, tmp_path: Path) -> RoomTeam:
    shared.sandbox.control("faults", method="DELETE")
    shared.sandbox.control("reset", {})
    shared.store = local_store(tmp_path, "acme")
    for room in ROOMS:
        shared.rules(room, status=0, members=[])
    return shared


def organizer(name: str) -> str:
    return PEOPLE[int(name[1:]) % len(PEOPLE)]


def declare(team: RoomTeam, places: Places) -> None:
    """Declare meetings of an hour that take place once, each of somebody else."""
    rule = "FREQ=DAILY;COUNT=1"
    team.declare(
        *(
            meeting(
                name,
                f"2026-12-01T{start}",
                organizer=organizer(name),
                attendees=(),
                rooms=rooms,
                rule=rule,
                minutes=60,
            )
            for name, (start, rooms) in places.items()
        )
    )


def there(team: RoomTeam) -> Places:
    """Return when each meeting is and which rooms it has, as the server tells."""
    return {
        event["summary"].lower(): (
            event["start"]["dateTime"][11:16],
            tuple(
                sorted(
                    one["roomId"].removeprefix("room-")
                    for one in event["meetingRooms"]
                    if one["responseStatus"] != "declined"
                )
            ),
        )
        for event in team.sandbox.control("events")["events"]
        if event["status"] != "cancelled"
    }


def meet(one: str, other: str) -> bool:
    first, second = (datetime.fromisoformat(f"2026-12-01T{start}") for start in (one, other))
    return abs(first - second) < timedelta(hours=1)


def is_held_once(places: Places) -> bool:
    return not any(
        set(rooms) & set(its_rooms) and meet(start, its_start)
        for (start, rooms), (its_start, its_rooms) in combinations(places.values(), 2)
    )


def drawn(rng: random.Random, size: int) -> Places:
    """Return places for `size` meetings of which no two have one room at one time."""
    while True:
        found = {
            f"m{number}": (rng.choice(STARTS), tuple(sorted(rng.sample(sorted(ROOMS), rng.choice((1, 1, 1, 2))))))
            for number in range(size)
        }
        if is_held_once(found):
            return found


def begin(team: RoomTeam, before: Places, after: Places) -> None:
    declare(team, before)
    team.apply(team.plan(foresight=False))
    assert there(team) == before
    declare(team, after)


def refuse(team: RoomTeam, room: str, who: str) -> None:
    """Let a room be for everybody but the organiser of the meeting `who`."""
    members = [f"union-{one}" for one in PEOPLE if one != organizer(who)]
    team.rules(room, status=2, members=members)


def forget_rules(team: RoomTeam) -> None:
    """Let the rules of rooms be asked for again, as they are after three days."""
    team.store.save(replace(team.store.load(), rooms={}))


def told(outcome: Outcome) -> dict[str, str]:
    results = ((one.planned.change.address.partition("@")[0], one.error) for one in outcome.results)
    return {name: error.message for name, error in results if error is not None}


SWAP = {"m0": ("10:00", ("r0",)), "m1": ("10:00", ("r1",))}
LATER = {"m0": ("10:00", ("r1",)), "m1": ("10:15", ("r0",))}


@pytest.mark.parametrize(("who", "room"), [("m0", "r1"), ("m1", "r0")])
def test_who_moves_keeps_the_room_of_a_swap_that_is_known_to_be_refused(team: RoomTeam, who: str, room: str) -> None:
    begin(team, SWAP, LATER)
    refuse(team, room, who)
    forget_rules(team)
    planned = team.plan()
    assert {one.code for one in planned.plan.problems} == {"not-allowed", "halted"}
    assert all(one.is_error for one in planned.plan.problems)
    assert not {Call.ROOMS_BOOK, Call.ROOMS_RELEASE} & {one.call for one in planned.plan.operations}
    team.apply(team.saved(planned))
    assert there(team) == {"m0": ("10:00", ("r0",)), "m1": ("10:15", ("r1",))}
    assert team.plan().plan.changes == ()


@pytest.mark.parametrize(("who", "room"), [("m0", "r1"), ("m1", "r0")])
def test_who_moves_gets_its_room_back_where_a_swap_turns_out_to_be_refused(team: RoomTeam, who: str, room: str) -> None:
    begin(team, SWAP, LATER)
    planned = team.plan(foresight=False)
    refuse(team, room, who)
    outcome = team.apply(planned, parallelism=1)
    assert there(team) == {"m0": ("10:00", ("r0",)), "m1": ("10:15", ("r1",))}
    assert told(outcome)["m1"].endswith("r1 is booked again")
    assert outcome.rooms(Call.ROOMS_BOOK) == outcome.rooms(Call.ROOMS_RELEASE) == 0
    team.apply()
    assert there(team) == {"m0": ("10:00", ("r0",)), "m1": ("10:15", ("r1",))}


def test_who_moves_alone_keeps_its_room_where_another_is_refused(team: RoomTeam) -> None:
    begin(team, {"m0": ("10:00", ("r0",))}, {"m0": ("12:00", ("r1",))})
    refuse(team, "r1", "m0")
    assert told(team.apply())["m0"].endswith("r0 is booked again")
    assert there(team) == {"m0": ("12:00", ("r0",))}


def test_the_room_is_not_kept_where_somebody_else_has_it(team: RoomTeam) -> None:
    begin(team, {"m0": ("10:00", ("r0",))}, {"m0": ("12:00", ("r1",))})
    team.occupy("r0", "2026-12-01T12:00", "2026-12-01T12:30")
    refuse(team, "r1", "m0")
    team.apply()
    assert there(team)["m0"] == ("12:00", ())


def test_a_swap_is_opened_where_to_keep_a_room_would_take_it_from_another(team: RoomTeam) -> None:
    after = {"m0": ("10:30", ("r1",)), "m1": ("10:00", ("r0",)), "m2": ("11:00", ("r0",))}
    begin(team, SWAP, after)
    refuse(team, "r1", "m0")
    forget_rules(team)
    assert [one.code for one in team.plan().plan.problems] == ["not-allowed"]
    team.apply()
    assert there(team) == {"m0": ("10:30", ()), "m1": ("10:00", ("r0",)), "m2": ("11:00", ("r0",))}


def test_who_can_not_move_gets_back_the_room_that_it_let_go_of(team: RoomTeam) -> None:
    begin(team, {"m0": ("10:00", ("r0",))}, {"m0": ("12:00", ("r1",))})
    team.sandbox.control("faults", {"api": "event.update", "times": 1, **DENIED})
    assert told(team.apply())["m0"].endswith("r0 is booked again")
    assert there(team) == {"m0": ("10:00", ("r0",))}
    team.apply()
    assert there(team) == {"m0": ("12:00", ("r1",))}


def fail_once(team: RoomTeam, folder: Path, rng: random.Random) -> None:
    """Apply once, with a refusal or a crash at any of its steps."""
    planned = team.plan(foresight=False)
    last = rng.randrange(1, 2 + len([*planned.plan.operations]))
    done = 0

    def crash(_operation: Operation, _error: ReconcilerError | None, /) -> None:
        nonlocal done
        done += 1
        if done == last:
            raise Crash

    if rng.random() < 0.5:  # every other one
        fault: dict[str, Any] = {"api": "rooms.book", **REFUSED}
        if rng.random() < 0.5:
            fault = {"api": rng.choice(WRITES), **DENIED}
        team.sandbox.control("faults", {"after_calls": rng.randrange(4), "times": 1, **fault})
        team.apply(planned, parallelism=1)
        team.sandbox.control("faults", method="DELETE")
        return
    try:
        team.apply(planned, parallelism=1, progress=crash)
    except Crash:
        team.store = local_store(folder, "acme")


SEEDS: list[Any] = [*range(6), *(pytest.param(seed, marks=pytest.mark.chaos) for seed in range(6, 150))]


@pytest.mark.parametrize("seed", SEEDS)
def test_after_one_that_failed_the_next_run_brings_everybody_to_their_room(
    team: RoomTeam, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)  # the same each time
    size = rng.choice((2, 3, 4))
    before, after = drawn(rng, size), drawn(rng, size)
    begin(team, before, after)
    fail_once(team, tmp_path, rng)
    assert is_held_once(there(team))
    team.apply(team.plan(foresight=False))
    assert there(team) == after
    assert team.plan().plan.changes == ()


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_without_a_room_that_they_had_and_that_is_free(team: RoomTeam, seed: int, is_known: bool) -> None:
    rng = random.Random(seed)
    size = rng.choice((2, 3, 4))
    before, after = drawn(rng, size), drawn(rng, size)
    begin(team, before, after)
    who = rng.choice(sorted(after))
    room = rng.choice(after[who][1])
    if is_known:
        refuse(team, room, who)
        forget_rules(team)
    planned = team.plan()
    refuse(team, room, who)
    seen = []
    for _ in range(3):
        team.apply(planned, parallelism=1)
        seen.append(there(team))
        assert is_held_once(seen[-1])
        planned = team.plan()
    assert seen[1] == seen[2]
    for name, (start, rooms) in seen[-1].items():
        could = [
            one
            for one in before[name][1]
            if (name, one) != (who, room) and is_held_once({**seen[-1], name: (start, (one,))})
        ]
        assert rooms or not could, (name, could)


def test_a_room_that_somebody_took_meanwhile_costs_nobody_the_other(team: RoomTeam) -> None:
    before = {"m0": ("10:00", ("r0", "r1")), "m1": ("10:00", ("r2",))}
    begin(team, before, {"m0": ("10:00", ("r2",)), "m1": ("10:00", ("r1",))})
    planned = team.plan(foresight=False)
    refuse(team, "r2", "m0")

    def occupy(operation: Operation, _error: ReconcilerError | None, /) -> None:
        if operation.call is Call.ROOMS_RELEASE and "room-r0" in operation.rooms:
            team.occupy("r0", "2026-12-01T10:00", "2026-12-01T11:00")

    team.apply(planned, parallelism=1, progress=occupy)
    found = there(team)
    assert (found["m0"], found["m1"]) == (("10:00", ("r1",)), ("10:00", ("r2",)))


def test_a_room_that_is_kept_is_booked_again_where_another_is_refused(team: RoomTeam) -> None:
    before = {"m0": ("10:00", ("r0",)), "m1": ("11:00", ("r0",))}
    begin(team, before, {"m0": ("11:00", ("r0", "r1")), "m1": ("10:00", ("r0",))})
    planned = team.plan(foresight=False)
    refuse(team, "r1", "m0")
    team.apply(planned, parallelism=1)
    assert there(team) == {"m0": ("11:00", ("r0",)), "m1": ("10:00", ("r0",))}


def test_who_has_moved_takes_no_room_back_from_where_it_was(team: RoomTeam) -> None:
    before = {"m0": ("10:00", ("r0", "r1")), "m1": ("10:00", ("r2",))}
    begin(team, before, {"m0": ("12:00", ("r0",)), "m1": ("10:00", ("r1",))})
    declare(team, {"m0": ("12:00", ("r0", "r2")), "m1": ("10:00", ("r1",))})
    team.occupy("r0", "2026-12-01T12:00", "2026-12-01T13:00")
    assert "m1" not in told(team.apply())
    assert there(team)["m1"] == ("10:00", ("r1",))


def test_who_moves_alone_is_refused_once(team: RoomTeam) -> None:
    begin(team, {"m0": ("10:00", ("r0",))}, {"m0": ("12:00", ("r1",))})
    team.occupy("r1", "2026-12-01T12:00", "2026-12-01T13:00")
    planned = team.plan()
    calls = len(team.calls("rooms.book"))
    team.apply(planned)
    assert len(team.calls("rooms.book")) == calls + 2  # what is wanted, and what it had


def test_a_saved_plan_leaves_a_swap_alone_whose_member_has_a_pool_by_now(team: RoomTeam) -> None:
    begin(team, SWAP, {"m0": ("10:00", ()), "m1": ("10:00", ("r0",))})
    refuse(team, "r0", "m1")
    forget_rules(team)
    one = team.config.meetings["m0"]
    pooled = replace(one, title="New", rooms=None, pool=RoomPool(any=("r1",)))
    team.declare(pooled, team.config.meetings["m1"])
    team.apply(team.saved(team.plan()))
    assert there(team) == {"new": ("10:00", ("r0",)), "m1": ("10:00", ("r1",))}
