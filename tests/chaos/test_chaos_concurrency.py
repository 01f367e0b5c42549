"""Many runs at once: of one workspace they queue or say who is at work, of several they share rooms and organisers."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos import workload
from chaos.oracle import converge
from chaos.world import World

from reconciler.model.marker import parse_description


def at_once(world: World, runs: int, *arguments: str) -> list[int]:
    world.config = workload.edited(world.config)
    world.interceptor.arm(None)
    started = [world.start("apply", "-y", "--json", *arguments) for _ in range(runs)]
    ended = [world.runner.wait(run) for run in started]
    for done in ended:
        assert "Traceback" not in done.err
        assert done.code == 0 or "the state is locked by" in done.err, done.err
    return sorted(done.code for done in ended)


@pytest.mark.parametrize("runs", [2, 5])
def test_one_works_and_the_others_say_who(world: World, runs: int) -> None:
    codes = at_once(world, runs)
    assert codes[0] == 0
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)
    assert verdict.writes == 0


@pytest.mark.parametrize("runs", [2, 5])
def test_all_work_one_after_the_other(world: World, runs: int) -> None:
    before = world.writes()
    assert at_once(world, runs, "--lock-timeout", "30s") == [0] * runs
    assert world.writes() - before == 21
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)
    assert verdict.writes == 0


def checkout(world: World, name: str) -> World:
    """Return another checkout of the same workspace: the same server, a state of its own."""
    folder = world.folder.with_name(name)
    folder.mkdir()
    return World(
        folder=Path(folder),
        sandbox=world.sandbox,
        interceptor=world.interceptor,
        runner=world.runner,
        config=world.config,
        foreign=world.foreign,
    )


@pytest.mark.parametrize("seed", range(3))
def test_two_checkouts_of_one_workspace_make_no_event_twice(fresh: World, seed: int) -> None:
    """Their locks know nothing of each other: two runners of a CI, each with its own disk."""
    other = checkout(fresh, f"other{seed}")
    runs = [one.start("apply", "-y", "--json") for one in (fresh, other)]
    for run in runs:
        fresh.runner.wait(run)
    orphans = converge(fresh)
    assert orphans.duplicates == 0
    assert orphans.faults == (), "\n".join(orphans.faults)


@pytest.mark.parametrize("link", ["stable", "series"])
@pytest.mark.parametrize("seed", range(3))
def test_two_checkouts_that_share_a_conference_leave_none_behind(fresh: World, link: str, seed: int) -> None:
    """Each makes a conference for all occurrences; nothing leads to the one that comes second."""
    schedule = workload.at("2026-11-30T10:00", "mon", "wed", "fri")
    how = {"link": "stable"} if link == "stable" else {"calendar": "series"}
    fresh.config["meetings"] = {"standup": {"title": "Stand-up", "attendees": ["bob"], "schedule": schedule} | how}
    other = checkout(fresh, f"other{seed}")
    runs = [one.start("apply", "-y", "--json") for one in (fresh, other)]
    for run in runs:
        fresh.runner.wait(run)
    assert fresh.apply().code == 0
    assert fresh.run("plan", "--detailed-exitcode").code == 0
    events = [event for event in fresh.events() if event["id"] not in fresh.foreign]
    led = {found.conference for event in events if (found := parse_description(event["description"]).marker)}
    reported = [line for world in (fresh, other) for line in world.run("state", "orphans").out.splitlines()]
    left = {one["id"] for one in fresh.conferences()} - led
    assert len(led) == 1
    assert all(any(name in line for line in reported) for name in left), (left, reported)


def test_two_workspaces_share_rooms_and_an_organizer(fresh: World) -> None:
    """Each room has one winner; the loser says so, and nothing of the other's is touched."""
    other = checkout(fresh, "other")
    other.config = {**fresh.config, "workspace": "other-team"}
    runs = [one.start("apply", "-y", "--json") for one in (fresh, other)]
    ended = [fresh.runner.wait(run) for run in runs]
    assert {done.code for done in ended} <= {0, 1}
    failed = [one for done in ended for one in done.json["results"] if one["status"] == "failed"]
    assert {one["error"]["code"] for one in failed} == {"meetingRoomNotAvailable"}
    assert len(failed) == len(workload.MEETINGS)
    events = fresh.events()
    held = [(room["roomId"], event["start"]["dateTime"]) for event in events for room in event["meetingRooms"]]
    assert len(held) == len(set(held))
    other.config = {**other.config, "meetings": {}}
    assert other.apply().code == 0
    verdict = converge(fresh)
    assert verdict.faults == (), "\n".join(verdict.faults)
