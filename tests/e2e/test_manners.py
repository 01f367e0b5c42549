"""Results on stdout, everything else on stderr, and exit codes. All in this process."""

from __future__ import annotations

import json

import pytest
from inprocess import Cli
from team import Team

from reconciler.runs import RUN_ID


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def test_results_are_on_stdout_and_progress_on_stderr(cli: Cli) -> None:
    cli("apply", "-y")
    told = {
        "validate": (0, "valid", ""),
        "plan": (0, "Nothing to do: 6", "Reading DingTalk: 2 of 2\n"),
        "apply -y": (0, "nothing to do", "Reading DingTalk: 2 of 2\n"),
        "drift": (0, "No drift", "Reading DingTalk: 8 of 8\n"),
        "doctor": (0, "Doctor: 11 ok", "Asking DingTalk: 4 of 4\n"),
        "agenda": (0, "Weekly sync", ""),
        "state list": (0, "weekly-sync@", ""),
        "state unlock": (0, "", "the state was not locked\n"),
        "version": (0, "reconciler ", ""),
    }
    for line, (code, out, err) in told.items():
        done = cli(*line.split())
        assert (done.code, done.err) == (code, err), line
        assert out.lower() in done.out.lower(), line
        assert bool(done.out) is bool(out), line


def test_wrong_usage_ends_with_64_and_prints_no_result(cli: Cli) -> None:
    for line in (
        "plan --nonsense",
        "plan --json --markdown",
        "plan --target a --exclude b",
        "apply",
        "start",
        "start nobody",
        "state show weekly-sync@2031-01-01T10:00",
        "completion tcsh",
        "schema nonsense",
        "doctor --lock=perhaps",
        "--log-format xml plan",
        "--now yesterday plan",
    ):
        done = cli(*line.split())
        assert (done.code, "Traceback" in done.err) == (64, False), (line, done.err)
        assert line == "apply" or not done.out, line
        assert done.err, line


def test_with_json_logs_every_line_on_stderr_is_an_object_with_the_run(cli: Cli) -> None:
    def lines(*arguments: str) -> list[dict[str, object]]:
        found = [json.loads(line) for line in cli(*arguments).err.splitlines()]
        assert {line["run"] for line in found} == {RUN_ID}
        return found

    called = lines("-vv", "--log-format", "json", "plan")
    assert {"call", "status", "ms"} <= called[0].keys()
    assert called[-1]["@message"] == "Reading DingTalk: 2 of 2"
    assert cli("plan", "--nonsense").err.startswith("Usage: ")
    assert lines("plan", "--nonsense", "--log-format", "json")[0]["@level"] == "error"
    cli.team.config["meetings"]["retro"]["rooms"] = ["borealiss"]
    (mistake,) = lines("plan", "--log-format", "json")
    assert mistake["file"] == "meetings.yaml"
    cli.setenv("RECONCILER_LOG_FORMAT", "json")
    assert lines("plan")[0]["path"] == mistake["path"]
    (wrong,) = lines("state", "show", "nonsense")
    assert wrong["@level"] == "error"


def test_v_stands_before_or_after_the_command(cli: Cli) -> None:
    for arguments in (["-vv", "plan"], ["plan", "-vv"]):
        assert f"D {RUN_ID} reconciler.dingtalk: GET /v1.0/calendar" in cli(*arguments).err
    assert "D " not in cli("plan", "-v").err


def test_the_versions_of_all_formats_are_told(cli: Cli) -> None:
    document = cli("version", "--json").json
    assert document["formats"].keys() == {"config", "documents", "marker", "plan", "state"}


def test_a_mistyped_name_is_answered_with_what_was_meant(cli: Cli) -> None:
    for line, meant in {
        "paln": "plan",
        "state lst": "list",
        "start weekly": "weekly-sync",
        "plan --target weekly_sync": "weekly-sync",
        "agenda --room aurrora": "aurora",
        "agenda --person alise": "alice",
        "import --organizer alise": "alice",
    }.items():
        done = cli(*line.split())
        assert (done.code, done.out) == (64, ""), line
        assert f"id you mean {meant!r}?" in done.err, (line, done.err)


def test_a_missing_file_is_told_in_words(cli: Cli) -> None:
    for line in ("show nothing.json", "apply nothing.json -y", "-c nothing.yaml validate"):
        done = cli(*line.split())
        assert done.code == 1, line
        assert "Errno" not in done.err, line
        assert "nothing." in done.err + done.out, line
