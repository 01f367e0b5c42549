"""The state is a cache: lost, cut or old after a crash, the next run ends as declared all the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos import workload
from chaos.interceptor import Kill
from chaos.oracle import converge
from chaos.world import World


def deleted(world: World, _old: Path) -> None:
    world.state.unlink()


def cut_short(world: World, _old: Path) -> None:
    text = world.state.read_bytes()
    world.state.write_bytes(text[: len(text) // 2])


def emptied(world: World, _old: Path) -> None:
    world.state.write_bytes(b"")


def one_run_old(world: World, old: Path) -> None:
    shutil.copy(old, world.state)


def journal_cut_short(world: World, _old: Path) -> None:
    if world.journal.exists():
        text = world.journal.read_bytes()
        world.journal.write_bytes(text[: len(text) - 20])


LOSSES = (deleted, cut_short, emptied, one_run_old, journal_cut_short)
KILLS = [Kill(index, after) for index in range(12, 33, 3) for after in (False, True)]


def check(world: World, lose: Callable[[World, Path], None], kill: Kill | None) -> None:
    old = world.folder / "old.json"
    shutil.copy(world.state, old)
    world.config["meetings"]["retro"]["title"] = "Look back"
    assert world.apply().code == 0
    world.config = workload.edited(world.config)
    if kill is None:
        world.apply()
    else:
        world.killed(kill)
    lose(world, old)
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)


@pytest.mark.parametrize("lose", LOSSES[:4])
def test_a_state_that_is_lost_between_two_runs(world: World, lose: Callable[[World, Path], None]) -> None:
    check(world, lose, None)


@pytest.mark.chaos
@pytest.mark.parametrize("kill", KILLS, ids=str)
@pytest.mark.parametrize("lose", LOSSES)
def test_a_state_that_is_lost_after_a_crash(world: World, lose: Callable[[World, Path], None], kill: Kill) -> None:
    check(world, lose, kill)
