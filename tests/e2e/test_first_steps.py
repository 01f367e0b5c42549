"""What newcomers run into: second thoughts, folders they may not write, half-made environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from inprocess import Cli
from team import Team

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def counted_calls(team: Team) -> int:
    state = json.loads((team.folder / ".reconciler/state.json").read_text(encoding="utf-8"))
    return sum(state["calls"].values())


def test_a_plan_that_nobody_agreed_to_is_counted_and_remembered(cli: Cli) -> None:
    assert cli("apply").code == 64, "there is no terminal to ask on"
    first = counted_calls(cli.team)
    assert first > 0
    assert cli("apply", "--input=false").code == 64
    assert counted_calls(cli.team) > first


@pytest.mark.parametrize("command", [["destroy"], ["apply"]])
def test_a_refused_run_keeps_what_its_look_has_shown(cli: Cli, command: list[str]) -> None:
    cli("apply", "-y")
    if command == ["apply"]:
        cli.team.config["meetings"]["retro"]["title"] = "Look back"
    before = counted_calls(cli.team)
    assert cli(*command).code == 64
    assert counted_calls(cli.team) > before


def test_make_replaces_an_environment_that_is_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    old = tmp_path / "old"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 10); exec(sys.argv[1])" "$2"\n',
        encoding="utf-8",
    )
    old.chmod(0o755)
    # A stand-in for Python that notes what it was asked to do.
    new = tmp_path / "new"
    new.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\necho "$@" >> asked\n', encoding="utf-8")
    new.chmod(0o755)

    def make(python: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        line = ["make", ".venv/.tool", f"PYTHON={python}"]
        return subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    refused = make("./old")
    assert refused.returncode != 0
    assert "Python 3.11 or newer is needed" in refused.stderr
    assert not (tmp_path / ".venv").exists()
    half = tmp_path / ".venv/bin"
    half.mkdir(parents=True)
    (half / "python").symlink_to(old)
    make("./new")
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "-m venv --clear .venv\n"
