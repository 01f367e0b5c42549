"""What a pipeline learns, and what becomes of a run that may only read the state. All in this process."""

from __future__ import annotations

import json
import re
from pathlib import Path

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
    assert json.loads(found["lock-info"])["Operation"] == "apply"
    output.unlink()
    assert cli("apply", "-y", "--ci-outputs").code == 0
    assert outputs(output) == {"failure-reason": ""}


@pytest.mark.parametrize("lock", ["--lock=false", "--lock=true"])
def test_a_plan_needs_no_right_to_write_the_state(cli: Cli, lock: str) -> None:
    cli.team.config["state"] = {"kind": "http"}
    with state_server() as state:
        assert cli("apply", "-y", **shared(state)).code == 0
        state.refusals = {"POST lock": [(403, "")] * 9, "POST state": [(403, "")] * 9, "DELETE lock": [(403, "")] * 9}
        state.seen.clear()
        done = cli("plan", "--detailed-exitcode", lock)
    assert (done.code, done.err) == (0, "Reading DingTalk: 2 of 2\n")
    asked = {kind for kind, _, _ in state.seen}
    assert asked == ({"GET state"} if lock == "--lock=false" else {"GET state", "POST lock"})


def test_a_group_is_told_after_the_result_and_its_failure_changes_no_exit_code(cli: Cli) -> None:
    done = cli("apply", "-y", RECONCILER_ROBOT_WEBHOOK="http://127.0.0.1:9/robot/send?access_token=a-token-of-ours")
    assert done.code == 0
    assert "6 created" in done.out
    assert "warning: the DingTalk group was not told" in done.err
    assert "a-token-of-ours" not in done.err + done.out
