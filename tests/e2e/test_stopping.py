"""Signals that come while nothing is written: said, counted, the lock given back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from team import Team, clean_environment

from reconciler.state.store import local_store

_TWICE = """
import os, signal
from reconciler.cli import interrupt
interrupt.listen()
try:
    os.kill(os.getpid(), signal.SIGINT)
except interrupt.Interrupted as stop:
    assert stop.exit_code == 130, stop.exit_code
    os.kill(os.getpid(), signal.{second})
"""

_IMPORTING = """
import os, signal, time
class Field:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
class Table:
    field = Field()
whole = True
"""
_CLEANING = """
class Thing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
Thing()
"""
_WAITING = """
import os, signal, sys, time
from reconciler.cli import interrupt
interrupt.listen()
try:
    {doing}
    time.sleep(60)
except interrupt.Interrupted as stop:
    sys.exit(stop.exit_code)
"""


def _seen(team: Team, api: str) -> int:
    return [one["api"] for one in team.sandbox.control("calls")["calls"]].count(api)


def _wait_for(team: Team, api: str, *, seen: int = 0) -> None:
    while _seen(team, api) == seen:
        time.sleep(0.01)


def _interrupted(team: Team, *arguments: str, api: str, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Run a command that is told to call again in a minute, and send it a signal then."""
    team.write()
    team.sandbox.control("faults", {"api": api, "kind": "ban", "times": None})
    seen = _seen(team, api)
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=team.folder,
        env=clean_environment(team.sandbox) | {"RECONCILER_NOW": "2026-11-29T00:00:00Z"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for(team, api, seen=seen)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    team.sandbox.control("faults", {}, method="DELETE")
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.mark.parametrize(
    ("arguments", "api", "number"),
    [
        (("plan",), "event.list", signal.SIGTERM),
        (("plan",), "event.list", signal.SIGINT),
        (("apply", "-y"), "event.list", signal.SIGTERM),
        (("apply", "-y"), "token", signal.SIGTERM),
        (("drift",), "event.list", signal.SIGTERM),
        (("state", "rebuild"), "event.list", signal.SIGINT),
    ],
)
def test_a_run_that_is_stopped_while_it_reads_says_so_and_gives_back_the_lock(
    team: Team, arguments: tuple[str, ...], api: str, number: signal.Signals
) -> None:
    done = _interrupted(team, *arguments, api=api, number=number)
    assert done.returncode == 128 + number, done.stderr
    told = "interrupted" if number is signal.SIGINT else "stopped by SIGTERM"
    assert done.stderr.splitlines()[-1] == f"error: {told}"
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert team.run("state", "unlock").err == "the state was not locked\n"


def test_the_calls_of_a_run_that_was_stopped_while_it_read_are_counted(team: Team) -> None:
    team.apply()
    before = json.loads((team.folder / ".reconciler" / "state.json").read_text(encoding="utf-8"))["calls"]
    _interrupted(team, "plan", "--refresh", "full", api="conference.info", number=signal.SIGTERM)
    after = json.loads((team.folder / ".reconciler" / "state.json").read_text(encoding="utf-8"))["calls"]
    assert after["2026-11"] > before["2026-11"]


def test_a_run_that_may_not_write_the_state_counts_nothing_when_it_is_stopped(team: Team) -> None:
    team.apply()
    before = (team.folder / ".reconciler" / "state.json").read_bytes()
    arguments = ("plan", "--lock=false", "--refresh", "full")
    _interrupted(team, *arguments, api="conference.info", number=signal.SIGTERM)
    assert (team.folder / ".reconciler" / "state.json").read_bytes() == before


def test_a_run_that_waits_for_the_lock_can_be_stopped(team: Team) -> None:
    team.write()
    with local_store(team.folder, "acme").lock.held("test", now=datetime.now(UTC)):
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "apply", "-y", "--lock-timeout", "1h"],
            cwd=team.folder,
            env=clean_environment(team.sandbox) | {"RECONCILER_NOW": "2026-11-29T00:00:00Z"},
            stderr=subprocess.PIPE,
            text=True,
        )
        _wait_for(team, "token")  # it is fetched ahead
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, "error: stopped by SIGTERM\n")


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
def test_a_second_signal_ends_it_at_once_and_without_a_traceback(second: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWICE.format(second=second)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (128 + getattr(signal, second), "")


@pytest.mark.parametrize("what", ["an import", "a finalizer"])
def test_a_signal_is_not_lost_where_python_would_pass_over_it(tmp_path: Path, what: str) -> None:
    (tmp_path / "importing.py").write_text(_IMPORTING, encoding="utf-8")
    (tmp_path / "cleaning.py").write_text(f"import os, signal, time\n{_CLEANING}", encoding="utf-8")
    doing = "import importing" if what == "an import" else "exec(open('cleaning.py').read())"
    done = subprocess.run(
        [sys.executable, "-c", _WAITING.format(doing=doing)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (143, "")
