"""Killed in other commands than `apply -y`, and with a state that is shared: the next run ends as declared."""

from __future__ import annotations

import json
import signal

import pytest
import statehttp
from chaos import workload
from chaos.interceptor import Kill
from chaos.oracle import converge
from chaos.world import World

EVERY = [Kill(index, after) for index in range(1, 33) for after in (False, True)]
SHARED = [Kill(index, after) for index in range(14, 33, 2) for after in (False, True)]


def kill(world: World, at: Kill, *arguments: str) -> int:
    """Run the command line, die at `at`, and return the exit code."""
    world.interceptor.arm(at)
    run = world.start(*arguments)
    world.interceptor.aim(run.pid)
    code = world.runner.wait(run).code
    world.interceptor.arm(None)
    return code


def sample(cases: list[Kill], number: int) -> list[object]:
    """Return `cases`, all but one of them for the long run only."""
    return [one if place == number else pytest.param(one, marks=pytest.mark.chaos) for place, one in enumerate(cases)]


@pytest.mark.parametrize("at", sample(EVERY[::3], 5), ids=str)
def test_killed_while_everything_is_being_cancelled(world: World, at: Kill) -> None:
    kill(world, at, "destroy", "-y")
    assert world.run("destroy", "-y").code == 0
    assert json.dumps(world.events(), sort_keys=True) == world.foreign
    assert world.conferences() == []
    assert converge(world).faults == ()


@pytest.mark.parametrize("at", sample(EVERY[1::4], 5), ids=str)
def test_killed_while_a_saved_plan_is_carried_out(world: World, at: Kill) -> None:
    world.config = workload.edited(world.config)
    assert world.run("plan", "--out", "plan.json").code == 0
    kill(world, at, "apply", "plan.json")
    assert world.run("apply", "plan.json").code in {0, 1}  # what has moved on makes the plan stale
    assert converge(world).faults == ()


@pytest.mark.chaos
@pytest.mark.parametrize("at", EVERY[:24:5], ids=str)
def test_killed_while_planning(world: World, at: Kill) -> None:
    world.config = workload.edited(world.config)
    before, writes = world.events(), world.writes()
    kill(world, at, "plan", "--out", "plan.json")
    assert (world.events(), world.writes()) == (before, writes)
    assert converge(world).faults == ()


@pytest.mark.parametrize("at", sample(SHARED, 7), ids=str)
def test_killed_with_a_shared_state(world: World, at: Kill) -> None:
    """The lock stays; once a person has taken it away, a runner that has nothing but the shared state goes on."""
    with statehttp.state_server() as server:
        share(world, server)
        assert world.apply().code == 0
        world.config = workload.edited(world.config)
        assert world.killed(at).code == -signal.SIGKILL
        refused = world.apply()
        assert refused.code == 1
        assert "locked" in refused.err
        assert world.run("state", "unlock").code == 0
        assert converge(world).faults == ()


@pytest.mark.parametrize("at", sample(SHARED, 8), ids=str)
def test_killed_on_a_runner_that_is_gone(world: World, at: Kill) -> None:
    """Not even the journal is left: what DingTalk shows is enough, but for conferences whose answer was in it."""
    with statehttp.state_server() as server:
        share(world, server)
        assert world.apply().code == 0
        world.config = workload.edited(world.config)
        world.killed(at)
        world.journal.unlink(missing_ok=True)
        server.lock = None
        verdict = converge(world)
        assert [one for one in verdict.faults if "left behind" not in one] == []
        assert len(verdict.faults) <= 2, verdict.faults  # at most what was in flight


def share(world: World, server: statehttp.StateServer) -> None:
    """Let the state of `world` be kept by `server` from now on."""
    world.config["state"] = {"kind": "http", "address": server.address}
    world.environment |= {
        "TF_HTTP_LOCK_ADDRESS": f"{server.address}/lock",
        "TF_HTTP_UNLOCK_ADDRESS": f"{server.address}/lock",
        "TF_HTTP_LOCK_METHOD": "POST",
        "TF_HTTP_UNLOCK_METHOD": "DELETE",
        "TF_HTTP_USERNAME": statehttp.USER,
        "TF_HTTP_PASSWORD": statehttp.PASSWORD,
    }
