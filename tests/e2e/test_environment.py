"""What the environment and the flags of a pipeline change. In this process."""

from __future__ import annotations

import json

import pytest
from inprocess import Cli
from team import Team


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def test_arguments_of_the_environment_come_first_so_that_the_line_wins(cli: Cli) -> None:
    cli.setenv("RECONCILER_CLI_ARGS", "--verbose")
    cli.setenv("RECONCILER_CLI_ARGS_plan", "--json '--target=weekly-sync' --refresh none")
    planned = cli("plan")
    assert {change["meeting"] for change in planned.json["changes"]} == {"weekly-sync"}
    more = cli("-c", "meetings.yaml", "plan", "--target", "retro", "--refresh", "full")
    assert {change["meeting"] for change in more.json["changes"]} == {"weekly-sync", "retro"}
    assert cli("validate").out.startswith("Valid"), "what is meant for plan is not for validate"


def test_the_config_on_the_line_wins_over_that_of_the_environment_wherever_it_stands(cli: Cli) -> None:
    cli.team.write()
    text = (cli.team.folder / "meetings.yaml").read_text(encoding="utf-8")
    (cli.team.folder / "other.yaml").write_text(text.replace("acme-platform", "other"), encoding="utf-8")
    cli.setenv("RECONCILER_CONFIG", "meetings.yaml")
    assert cli("-c", "other.yaml", "plan", "--json").json["workspace"] == "other"
    assert cli("plan", "-c", "other.yaml", "--json").json["workspace"] == "other"
    assert cli("plan", "--json").json["workspace"] == "acme-platform"
    assert "nope.yaml" in cli("state", "-c", "nope.yaml", "list").err


def test_arguments_of_the_environment_reach_the_commands_of_a_group(cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    cli.setenv("RECONCILER_CLI_ARGS_rooms_list", "--json")
    assert json.loads(cli("rooms", "list").out)["rooms"]
    cli.setenv("RECONCILER_CLI_ARGS_state_list", "--nonsense")
    assert cli("state", "list").code == 64


def test_arguments_that_can_not_be_taken_apart_are_wrong_usage(cli: Cli) -> None:
    done = cli("plan", RECONCILER_CLI_ARGS_plan="--target 'weekly")
    assert (done.code, done.out) == (64, "")
    assert "RECONCILER_CLI_ARGS_plan" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("told", ["0", "false", "no"])
def test_nothing_is_asked_where_the_environment_forbids_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    cli.setenv("RECONCILER_INPUT", told)
    done = cli("apply")
    assert done.code == 64
    assert "--input=false" in done.err
    assert cli("apply", "-y").code == 0
    assert cli("destroy").code == 64
    assert cli("sandbox", "reset").code == 64
    assert cli("apply").code == 0, "where nothing is to be done nothing has to be asked"


def test_input_false_is_the_same_as_the_variable(cli: Cli) -> None:
    done = cli("apply", "--input=false")
    assert done.code == 64
    assert "--input=false" in done.err


def test_another_folder_takes_the_place_of_the_one_beside_the_config(cli: Cli) -> None:
    cli.setenv("RECONCILER_DATA_DIR", "elsewhere/kept")
    assert cli("apply", "-y").code == 0
    folder = cli.team.folder
    assert not (folder / ".reconciler").exists()
    assert (folder / "elsewhere" / "kept" / "state.json").exists()
    assert "weekly-sync@" in cli("state", "list").out
    assert cli("plan", "--detailed-exitcode").code == 0
    (folder / "elsewhere" / "kept").chmod(0o777)
    done = cli("plan")
    assert done.code == 1
    assert "everybody may write this" in done.err


def test_an_unknown_level_of_the_log_is_wrong_usage(cli: Cli) -> None:
    done = cli("plan", RECONCILER_LOG="loud")
    assert (done.code, done.out) == (64, "")
    assert "RECONCILER_LOG has no level 'loud'" in done.err
    assert cli("plan", RECONCILER_LOG="WARN").code == 0


def test_a_plan_can_be_told_briefly(cli: Cli) -> None:
    cli.team.config["meetings"]["retro"]["schedule"]["start"] = "2026-01-06T15:00"  # no date of the rule: a warning
    full = cli("plan", "--lock=false")
    compact = cli("plan", "--lock=false", "--compact-warnings")
    concise = cli("plan", "--lock=false", "--concise")
    lines = full.out.splitlines()
    hints = [line for line in lines if "the first occurrence is on" in line]
    assert len(hints) == 1
    assert compact.out.splitlines() == [line for line in lines if line not in hints]
    assert (full.err, concise.err) == ("Reading DingTalk: 2 of 2\n", "")
    assert concise.out == full.out
    assert cli("apply", "-y", "--concise").err == ""
