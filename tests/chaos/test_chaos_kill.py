"""Killed at any call, or at any moment that makes something last on the disk: the next run ends as declared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from chaos import workload
from chaos.interceptor import Kill
from chaos.oracle import Verdict, converge
from chaos.world import World

CALLS = 34  # of the whole workload, the token among them
UNDISTURBED_WRITES = 21
SYNCS = 60  # more than one run has: each write is announced and settled
EVERY = [Kill(index, after) for index in range(1, CALLS + 1) for after in (False, True)]
SAMPLE = [Kill(12, after=True), Kill(19, after=False), Kill(23, after=True), Kill(30, after=True)]


def check(world: World, kill: Kill, *arguments: str) -> Verdict:
    world.config = workload.edited(world.config)
    done = world.killed(kill, *arguments)
    assert done.code == -signal.SIGKILL, done.err + done.out
    verdict = converge(world)
    show(verdict)
    return verdict


@pytest.mark.chaos
def test_the_workload_has_as_many_calls_as_the_cases_say(world: World) -> None:
    world.config = workload.edited(world.config)
    world.interceptor.arm(None)
    before = world.writes()
    assert world.apply("--parallelism", "1").code == 0
    assert len(world.interceptor.calls) == CALLS, world.interceptor.calls
    assert world.writes() - before == UNDISTURBED_WRITES
    assert converge(world) == Verdict()


@pytest.mark.parametrize("kill", SAMPLE, ids=str)
def test_killed_at_some_calls(world: World, kill: Kill) -> None:
    check(world, kill)


@pytest.mark.chaos
@pytest.mark.parametrize("kill", EVERY, ids=str)
def test_killed_at_every_call(world: World, kill: Kill) -> None:
    check(world, kill, "--parallelism", "1")


@pytest.mark.chaos
@pytest.mark.parametrize("kill", EVERY, ids=str)
def test_killed_at_every_call_with_others_in_flight(world: World, kill: Kill) -> None:
    check(world, kill)


@pytest.mark.chaos
@pytest.mark.parametrize("kill", EVERY[::4], ids=str)
def test_killed_again_and_again(world: World, kill: Kill) -> None:
    world.config = workload.edited(world.config)
    for index in (kill.index, kill.index // 2 + 1, 14):
        world.killed(Kill(index, kill.after))
    verdict = converge(world)
    show(verdict)


@pytest.mark.chaos
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("sync", range(1, SYNCS + 1))
def test_killed_wherever_something_is_made_to_last(world: World, sync: int, *, late: bool) -> None:
    world.config = workload.edited(world.config)
    world.apply("--parallelism", "1", sync=sync, late=late)
    show(converge(world))


@pytest.mark.chaos
@pytest.mark.parametrize("kill", EVERY[24::9], ids=str)
def test_killed_as_a_process_of_its_own(world: World, kill: Kill) -> None:
    world.config = workload.edited(world.config)
    world.write()
    world.interceptor.arm(kill)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER", "DINGTALK"))}
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "apply", "-y", "--json"],
        cwd=world.folder,
        env=environment
        | {
            "DINGTALK_APP_KEY": world.sandbox.credentials.app_key,
            "DINGTALK_APP_SECRET": world.sandbox.credentials.app_secret,
            "RECONCILER_NOW": world.now.isoformat(),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ) as process:
        world.interceptor.aim(process.pid)
        assert process.wait() == -signal.SIGKILL
    show(converge(world))


def show(verdict: Verdict) -> None:
    assert verdict.faults == (), "\n".join(verdict.faults)
