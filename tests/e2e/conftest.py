from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from team import Team, a_team

from reconciler.cli import interrupt


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with a_team(tmp_path) as found:
        yield found


@pytest.fixture
def _listening() -> Iterator[None]:
    """Let signals end a run in this process as they end one in a process of its own."""
    before = [(number, signal.getsignal(number)) for number in interrupt.SIGNALS]
    interrupt.listen()
    yield
    interrupt.HALT.clear()
    for number, handler in before:
        signal.signal(number, handler)
