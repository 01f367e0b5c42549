"""Worlds to break things in: one prepared for all tests of a process, copied for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.runner import Runner
from chaos.world import Snapshot, World, opened, snapshot_of


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    runner = Runner(tmp_path_factory.mktemp("runs"))
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Snapshot:
    return snapshot_of(tmp_path_factory.mktemp("base") / "world", runner)


@pytest.fixture
def world(tmp_path: Path, runner: Runner, applied: Snapshot) -> Iterator[World]:
    """A world in which the base config has been applied."""
    world = opened(tmp_path / "world", runner, snapshot=applied)
    with world.sandbox:
        yield world
    assert not world.sandbox.app.extensions.get("sandbox-errors")


@pytest.fixture
def fresh(tmp_path: Path, runner: Runner) -> Iterator[World]:
    """A world in which nothing has been applied."""
    world = opened(tmp_path / "fresh", runner)
    with world.sandbox:
        yield world
    assert not world.sandbox.app.extensions.get("sandbox-errors")
