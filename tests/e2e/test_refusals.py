"""What a program learns of a run that was refused: a document says why, where one was asked for. In this process."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from inprocess import Cli
from team import NOW, Done, Team

from reconciler.resources import schema
from reconciler.state.store import local_store

COMMANDS = (
    "plan",
    "apply -y",
    "destroy -y",
    "drift",
    "agenda",
    "doctor",
    "import --organizer alice",
    "rooms list",
    "start retro",
)


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def refusal(done: Done, code: int = 1) -> dict[str, Any]:
    """Return the document of a run that was refused, after a look at its form."""
    assert (done.code, bool(done.err)) == (code, True), done.err
    jsonschema.validate(done.json, schema("error"))
    assert done.json["errored"] is True
    return done.json


@pytest.mark.parametrize("line", COMMANDS)
def test_an_invalid_config_is_told_as_data_with_its_lines(cli: Cli, line: str) -> None:
    cli.team.config["meetings"]["retro"]["rooms"] = ["borealiss"]
    found = refusal(cli(*line.split(), "--json"))
    assert found["failure_reason"] == "validation-failed"
    assert found["errors"][0]["path"] == "meetings.retro.rooms[0]"
    assert "workspace" not in found


@pytest.mark.parametrize("line", ["plan", "apply -y", "destroy -y", "drift", "start retro"])
def test_a_held_lock_is_told_as_data_with_its_holder(cli: Cli, line: str) -> None:
    cli.team.write()
    with local_store(cli.team.folder, "acme-platform").lock.held("apply", now=NOW):
        found = refusal(cli(*line.split(), "--json"))
    assert (found["failure_reason"], found["workspace"]) == ("state-locked", "acme-platform")
    assert found["lock_info"]["Operation"] == "OperationTypeApply"
    assert f"process {os.getpid()}" in found["lock_info"]["Info"]
    assert "--lock-timeout" in found["error"]["hint"]


def test_a_stale_plan_a_freeze_and_an_unsafe_plan_are_told_apart(cli: Cli) -> None:
    assert cli("plan", "--out", "plan.json").code == 0
    assert cli("apply", "-y").code == 0
    assert refusal(cli("apply", "plan.json", "--json"))["failure_reason"] == "plan-changed"
    cli.team.config["freeze"] = {"from": "2026-11-01", "to": "2026-12-31"}
    assert refusal(cli("apply", "-y", "--json"))["failure_reason"] == "frozen"
    assert refusal(cli("apply", "plan.json", "--json", "--override-freeze"))["failure_reason"] == "plan-changed"
    assert refusal(cli("apply", "nothing.json", "--json", "--override-freeze"))["failure_reason"] == "plan-unreadable"


def test_what_can_not_be_asked_is_told_as_data(cli: Cli) -> None:
    assert refusal(cli("apply", "--json"), 64)["failure_reason"] == "usage"
    assert refusal(cli("plan", "--json", "--target", "nobody"), 64)["failure_reason"] == "usage"


@pytest.mark.usefixtures("_listening")
def test_who_ends_a_run_gets_the_document_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.cli.planning.make_plan", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    assert refusal(cli("plan", "--json"), 143)["failure_reason"] == "interrupted"


def test_a_fault_of_ours_is_data_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_settings: object) -> None:
        raise KeyError("nothing")

    monkeypatch.setattr("reconciler.cli.planning.make_plan", fail)
    assert refusal(cli("plan", "--json"))["failure_reason"] == "unexpected"


def test_without_json_nothing_is_on_stdout(cli: Cli) -> None:
    cli.team.config["meetings"]["retro"]["rooms"] = ["borealiss"]
    for line in COMMANDS:
        done = cli(*line.split())
        assert (done.code, done.out) == (1, ""), line


def test_the_document_goes_into_a_file_besides_the_text(cli: Cli, tmp_path: Path) -> None:
    into = tmp_path / "document.json"

    def written() -> dict[str, Any]:
        return dict(json.loads(into.read_text(encoding="utf-8")))

    done = cli("plan", "--json-into", str(into))
    assert (done.code, "6 to create" in done.out) == (0, True)
    jsonschema.validate(written(), schema("plan"))
    assert written()["summary"]["create"] == 6
    done = cli("apply", "-y", "--json-into", str(into))
    assert (done.code, "6 created" in done.out) == (0, True)
    jsonschema.validate(written(), schema("apply"))
    both = cli("plan", "--json", "--json-into", str(into))
    assert both.json == written()
    cli.team.config["meetings"]["retro"]["rooms"] = ["borealiss"]
    done = cli("plan", "--json-into", str(into))
    assert (done.code, done.out) == (1, "")
    assert written()["failure_reason"] == "validation-failed"


def test_a_file_that_can_not_be_written_is_an_error(cli: Cli) -> None:
    done = cli("plan", "--json-into", "no/such/folder.json")
    assert done.code == 1
    assert "no/such/folder.json: the file can't be written" in done.err
    assert refusal(cli("plan", "--json", "--json-into", "no/such/folder.json"))["error"]["code"] == "error"
