"""What newcomers run into: second thoughts, folders they may not write, half-made environments."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from inprocess import Cli
from team import Team, clean_environment

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


@pytest.mark.parametrize(
    "line",
    [
        "plan --out {0}",
        "plan --codequality {0}",
        "plan --json-into {0}",
        "apply -y --json-into {0}",
        "import --organizer alice --out {0}",
    ],
)
def test_a_file_that_can_not_be_written_is_told_before_any_call_is_made(cli: Cli, line: str) -> None:
    before = cli.team.sandbox.control("calls")
    done = cli(*line.format("nowhere/file").split())
    assert (done.code, done.out) == (1, "")
    assert "nowhere/file: " in done.err
    assert "can't be written: No such file or directory" in done.err
    assert "create the folder first" in done.err
    assert cli.team.sandbox.control("calls") == before


@pytest.mark.parametrize("line", ["agenda --html {0}", "agenda --ics {0}", "validate --codequality {0}"])
def test_every_file_that_can_not_be_written_is_told_with_what_to_do(cli: Cli, line: str) -> None:
    done = cli(*line.format("nowhere/file").split())
    assert done.code == 1
    assert "can't be written: No such file or directory\n  create the folder first" in done.err


def test_a_folder_that_may_not_be_written_is_no_bug_of_ours(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.team.config["provider"] = {"kind": "sandbox"}

    def refuse(path: Path, *_arguments: object, **_settings: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    for line in ("plan", "doctor", "sandbox serve --port 0"):
        done = cli(*line.split())
        assert done.code == 1
        assert "the sandbox's data can't be written: Permission denied" in done.err + done.out, line
        assert "let this user write there" in done.err + done.out
        assert "bug" not in done.err


def test_data_of_the_sandbox_that_are_damaged_are_told_with_what_to_do(cli: Cli) -> None:
    cli.team.config["provider"] = {"kind": "sandbox"}
    data = cli.team.folder / ".reconciler"
    data.mkdir(mode=0o700)
    (data / "sandbox.db").write_text("This is no database, and has never been one.\n" * 20, encoding="utf-8")
    (data / "sandbox.db").chmod(0o600)
    done = cli("plan")
    assert done.code == 1
    assert ".reconciler/sandbox.db: the sandbox's data are damaged: file is not a database" in done.err
    assert "move the file away" in done.err


def test_a_terminal_that_lacks_characters_gets_escapes_and_documents_are_utf_8(team: Team) -> None:
    team.config["meetings"]["retro"]["title"] = title = "回顾 – Rückblick"
    team.write()
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "RECONCILER_NOW": "2026-11-29T00:00:00Z"}
    environment["PYTHONPATH"] = str(ROOT)

    def printed(*arguments: str) -> bytes:
        command = [sys.executable, "-m", "reconciler", "agenda", *arguments]
        done = subprocess.run(command, cwd=team.folder, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert rb"\u56de\u987e \u2013 R\xfcckblick" in printed()
    for arguments in (["--json"], ["--html", "-"], ["--ics", "-"]):
        assert title in printed(*arguments).decode("utf-8"), arguments


def test_who_ends_a_run_at_the_question_gets_the_answer_on_a_line_of_its_own(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_arguments: object, **_settings: object) -> None:
        raise click.Abort

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", end)
    done = cli("apply")
    assert done.code == 130
    assert done.err.endswith("\nerror: interrupted\n")
    assert counted_calls(cli.team) > 0


def test_destroy_says_that_it_destroys_and_not_that_nothing_is_declared(cli: Cli) -> None:
    assert "Nothing to do: there are no occurrences.\n" in cli("destroy").out
    cli("apply", "-y")
    done = cli("destroy", "-y")
    assert "destroyed" in done.out
    assert "no longer declared" not in done.out
    assert done.out.endswith("\nDestroy: 0 created, 0 updated, 6 cancelled, 0 rooms booked, 0 released, 0 failed.\n")
    assert "Cancelling: 12 of 12" in done.err


def test_what_is_no_drift_is_told_for_what_it_is(cli: Cli) -> None:
    told = cli("drift").out
    assert "Besides: 6 changes of the config not applied yet; -v lists them." in told
    cli("apply", "-y")
    rest = cli("drift").out.splitlines()
    assert rest[0] == "No drift: nobody changed anything in DingTalk."
    assert re.fullmatch(r"Besides: \d+ values that the config does not declare; -v lists them\.", rest[1]), rest[1]


@pytest.mark.parametrize("group", ["rooms", "state", "sandbox"])
def test_the_overview_of_a_group_cuts_nothing_off(cli: Cli, group: str) -> None:
    told = cli(group, "--help", COLUMNS="80").out.partition("Commands:")[2]
    assert told
    assert "..." not in told


def test_the_config_may_be_named_anywhere_on_the_line(cli: Cli) -> None:
    cli("apply", "-y")
    before = cli.team.folder / "meetings.yaml"
    other = cli.team.folder / "other.yaml"
    other.write_bytes(before.read_bytes())
    listed = cli("state", "list").out
    for line in ("-c other.yaml state list", "state -c other.yaml list", "state list -c other.yaml"):
        assert cli(*line.split()).out == listed, line
    assert "nowhere.yaml" in cli("state", "-c", "nowhere.yaml", "list").err


def test_a_wrong_value_names_the_variable_that_it_comes_from(cli: Cli) -> None:
    done = cli("plan", RECONCILER_PARALLELISM="many")
    assert done.code == 64
    assert "'--parallelism'" in done.err
    assert "(set by RECONCILER_PARALLELISM)" in done.err
    assert "set by" not in cli("plan", "--parallelism", "many").err


def test_an_empty_list_says_that_it_is_empty(cli: Cli) -> None:
    assert (cli("state", "list").out, cli("state", "list").err) == ("", "the state knows no occurrence\n")
    assert (cli("state", "orphans").out, cli("state", "orphans").err) == ("", "there are none\n")


def test_to_reset_the_sandbox_no_plan_has_to_be_checked(cli: Cli) -> None:
    assert cli("sandbox", "reset").err == "error: there is no terminal to ask for approval\n  run with -y\n"


def test_where_no_room_fits_the_command_says_why(cli: Cli) -> None:
    done = cli("rooms", "free", "--at", "2026-12-02T10:00", "--capacity", "50")
    assert done.out.splitlines()[1:] == ["  no room has 50 seats: the largest has 12"]


def test_colours_that_are_forced_into_a_file_bring_no_moving_bar(cli: Cli) -> None:
    done = cli("plan", FORCE_COLOR="1", NO_COLOR="")
    assert "\x1b[1m" in done.out
    assert done.err == "Reading DingTalk: 2 of 2\n"


@pytest.mark.parametrize("columns", ["0", "1", "wide"])
def test_no_number_of_columns_makes_the_result_disappear(cli: Cli, columns: str) -> None:
    assert "Plan: 6 to create, 0 to update, 0 to cancel, 0 unchanged.\n" in cli("plan", COLUMNS=columns).out


@pytest.mark.parametrize("arguments", [["plan", "--json"], ["plan"], ["agenda", "--html", "-"], ["schema"]])
def test_a_full_disk_behind_stdout_is_told_in_a_sentence(team: Team, arguments: list[str]) -> None:
    team.write()
    environment = {**clean_environment(team.sandbox), "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=team.folder,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device\n  make room, then run again\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("plan --detailed-exitcode >&-", 2),
        ("plan --detailed-exitcode 2>&-", 2),
        ("plan --detailed-exitcode <&-", 2),
        ("apply <&-", 64),
    ],
)
def test_a_stream_that_is_closed_is_no_failure(team: Team, line: str, code: int) -> None:
    team.write()
    environment = {**clean_environment(team.sandbox), "PYTHONPATH": str(ROOT)}
    line = f"{sys.executable} -m reconciler --now 2026-11-29T00:00:00Z {line}"
    done = subprocess.run(line, shell=True, cwd=team.folder, env=environment, capture_output=True, check=False)  # noqa: S602  # only a shell closes streams
    assert done.returncode == code, done.stderr
    assert b"bug" not in done.stderr
