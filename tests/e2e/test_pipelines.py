"""What a pipeline learns, and what becomes of a run that may only read the state. All in this process."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest
from inprocess import Cli
from statehttp import PASSWORD, USER, StateServer, state_server
from team import NOW, Team

from reconciler.state.store import local_store


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def outputs(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\S+)<<(?:\S+)\n(.*?)\nend-", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))


def shared(state: StateServer) -> dict[str, str]:
    return {
        "TF_HTTP_ADDRESS": state.address,
        "TF_HTTP_LOCK_ADDRESS": f"{state.address}/lock",
        "TF_HTTP_LOCK_METHOD": "POST",
        "TF_HTTP_UNLOCK_METHOD": "DELETE",
        "TF_HTTP_USERNAME": USER,
        "TF_HTTP_PASSWORD": PASSWORD,
    }


def test_a_plan_tells_how_many_occurrences_get_another_address(cli: Cli, tmp_path: Path) -> None:
    assert cli("apply", "-y").code == 0
    meetings = cli.team.config["meetings"]
    meetings["platform-sync"] = meetings.pop("weekly-sync")
    cli.team.config["moved"] = [{"from": "weekly-sync", "to": "platform-sync"}]
    done = cli("plan", "--ci-outputs", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.code == 0, done.err
    found = outputs(tmp_path / "output")
    assert [found[name] for name in ("to_add", "to_change", "to_destroy", "to_move", "to_import")] == [
        "0", "4", "0", "4", "0",
    ]  # fmt: skip


def test_an_apply_tells_why_it_did_not(cli: Cli, tmp_path: Path) -> None:
    output = tmp_path / "output"
    store = local_store(cli.team.folder, "acme-platform")
    cli.team.write()
    with store.lock.held("apply", now=NOW):
        assert cli("apply", "-y", "--ci-outputs", GITHUB_OUTPUT=str(output)).code == 1
    found = outputs(output)
    assert found["failure-reason"] == "state-locked"
    assert json.loads(found["lock-info"])["Operation"] == "OperationTypeApply"
    output.unlink()
    assert cli("apply", "-y", "--ci-outputs").code == 0
    assert outputs(output) == {"failure-reason": ""}


LOOKS = (("plan", "--detailed-exitcode"), ("drift",))


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_without_the_lock_needs_no_right_to_write_the_state(cli: Cli, look: tuple[str, ...]) -> None:
    cli.team.config["state"] = {"kind": "http"}
    with state_server() as state:
        assert cli("apply", "-y", **shared(state)).code == 0
        state.refusals = {"POST lock": [(403, "")] * 9, "POST state": [(403, "")] * 9, "DELETE lock": [(403, "")] * 9}
        refused = cli(*look)
        state.seen.clear()
        done = cli(*look, "--lock=false")
    assert refused.code == 1
    assert "--lock=false" in refused.err
    assert done.code == 0
    assert re.fullmatch(r"Reading DingTalk: \d of \d\n", done.err)
    assert {kind for kind, _, _ in state.seen} == {"GET state"}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_is_refused_while_another_run_holds_the_state(cli: Cli, look: tuple[str, ...], tmp_path: Path) -> None:
    assert cli("apply", "-y").code == 0
    with local_store(cli.team.folder, "acme-platform").lock.held("apply", now=NOW):
        held = cli(*look)
        assert held.code == 1
        assert f"(process {os.getpid()}, run " in held.err
        assert "--lock-timeout" in held.err
        assert cli(*look, "--lock-timeout", "0.1s").code == 1
        assert cli(*look, "--lock=false").code == 0
        if look[0] == "plan":
            output = tmp_path / "output"
            assert cli(*look, "--ci-outputs", GITHUB_OUTPUT=str(output)).code == 1
            found = outputs(output)
            assert found["failure-reason"] == "state-locked"
            assert json.loads(found["lock-info"])["Operation"] == "OperationTypeApply"
    assert cli(*look).code == 0


def test_a_plan_waits_for_the_state_as_long_as_it_is_told_to(cli: Cli) -> None:
    cli.team.write()
    with ExitStack() as running:
        running.enter_context(local_store(cli.team.folder, "acme-platform").lock.held("apply", now=NOW))
        timer = Timer(0.3, running.close)
        timer.start()
        assert cli("plan", "--lock-timeout", "1m").code == 0
        timer.join()


@pytest.mark.usefixtures("_listening")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("line", ["plan", "apply -y", "drift"])
def test_a_run_that_is_told_to_end_while_it_looks_gives_the_lock_back(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, line: str, number: int, code: int
) -> None:
    def end(*_arguments: object, **_settings: object) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr("reconciler.cli.planning.make_plan", end)
    monkeypatch.setattr("reconciler.workflow.drift.look_for_drift", end)
    cli.team.config["state"] = {"kind": "http"}
    with state_server() as state:
        assert cli(*line.split(), **shared(state)).code == code
        assert ("POST lock" in {kind for kind, _, _ in state.seen}, state.lock) == (True, None)


@pytest.mark.parametrize("line", ["plan --target nobody", f"plan --out {'long' * 100}", "drift --target nobody"])
def test_a_look_that_fails_gives_the_lock_back(cli: Cli, line: str) -> None:
    cli.team.config["state"] = {"kind": "http"}
    with state_server() as state:
        assert cli(*line.split(), **shared(state)).code in {1, 64}
        assert ("POST lock" in {kind for kind, _, _ in state.seen}, state.lock) == (True, None)


def test_a_folder_that_may_not_be_written_to_is_told_with_the_way_out(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_settings: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    done = cli("plan")
    assert done.code == 1
    assert "the lock can't be written: Permission denied" in done.err
    assert "--lock=false" in done.err


def test_a_group_is_told_after_the_result_and_its_failure_changes_no_exit_code(cli: Cli) -> None:
    done = cli("apply", "-y", RECONCILER_ROBOT_WEBHOOK="http://127.0.0.1:9/robot/send?access_token=a-token-of-ours")
    assert done.code == 0
    assert "6 created" in done.out
    assert "warning: the DingTalk group was not told" in done.err
    assert "a-token-of-ours" not in done.err + done.out
