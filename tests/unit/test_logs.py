"""What stands on stderr, and how."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inprocess import quiet_again

from reconciler.cli import logs
from reconciler.cli.console import console, progress, show_problems, tell
from reconciler.errors import Position, Problem, ReconcilerError
from reconciler.runs import RUN_ID, job_url, new_run_id
from reconciler.state.backend import LockInfo, lock_info

log = logging.getLogger("reconciler.dingtalk")


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "TERM", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    with quiet_again():
        yield


def test_every_line_bears_the_run_and_no_terminal_obeys_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(2, "text", {})
    log.debug("GET %s\n\x1b[31mforged", "/v1.0")
    monkeypatch.setattr(logging.getLogger("botocore"), "level", logging.DEBUG)
    logging.getLogger("botocore").info("Authorization: secret")
    assert capsys.readouterr().err == (
        f"D {RUN_ID} reconciler.dingtalk: GET /v1.0\nD {RUN_ID} reconciler.dingtalk: \\x1b[31mforged\n"
    )


def test_json_lines_have_the_keys_of_terraforms(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(2, "json", {})
    log.warning("slow", extra={"fields": {"call": "event.list", "ms": 900}})
    tell("warning: the state is damaged\n  go on")
    show_problems((Problem(Position("meetings.yaml", 3, 5), "meetings.x", "no such person\x1b", "add it"),))
    first, second, third = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["@level"], first["@module"], first["@message"]) == ("warn", "reconciler.dingtalk", "slow")
    assert (first["run"], first["call"], first["ms"]) == (RUN_ID, "event.list", 900)
    assert datetime.fromisoformat(first["@timestamp"]).tzinfo == UTC
    assert (second["@level"], second["run"]) == ("warn", RUN_ID)
    assert (third["@level"], third["file"], third["line"]) == ("error", "meetings.yaml", 3)


@pytest.mark.parametrize(
    ("verbose", "variable", "told"),
    [
        (0, "", "W"),
        (1, "", "IW"),
        (2, "", "DIW"),
        (0, "debug", "DIW"),
        (0, "OFF", ""),
        (0, "error", ""),
        (1, "debug", "DIW"),
    ],
)
def test_v_and_a_variable_say_how_much_is_told(
    capsys: pytest.CaptureFixture[str], verbose: int, variable: str, told: str
) -> None:
    logs.set_up(verbose, "text", {"RECONCILER_LOG": variable})
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        log.log(level, "x")
    assert "".join(line[0] for line in capsys.readouterr().err.splitlines()) == told


def test_a_log_may_go_to_a_file_that_nobody_else_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.log"
    for _ in range(2):
        logs.set_up(0, "text", {"RECONCILER_LOG_PATH": str(path)})
        log.warning("x")
    logs.set_up(0, "text", {})
    assert path.read_text(encoding="utf-8") == f"W {RUN_ID} reconciler.dingtalk: x\n" * 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().err == ""
    with pytest.raises(ReconcilerError, match="can't be written"):
        logs.set_up(0, "text", {"RECONCILER_LOG_PATH": str(tmp_path / "no" / "such.log")})


def test_a_run_has_an_id_of_its_own_or_that_of_its_pipeline() -> None:
    assert new_run_id({}) != new_run_id({})
    assert new_run_id({"RECONCILER_RUN_ID": "deploy-7"}) == "deploy-7"
    assert new_run_id({"RECONCILER_RUN_ID": "\x1b[31m"}).isalnum()


def test_a_lock_names_the_run_and_the_job() -> None:
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/m", "GITHUB_RUN_ID": "7"}
    now = datetime(2026, 11, 29, tzinfo=UTC)
    assert lock_info("apply", now=now, real=now, environment=github).info == (
        f"https://github.com/acme/m/actions/runs/7, run {RUN_ID}"
    )
    assert lock_info("apply", now=now, environment={}).info.startswith("process ")


def test_a_lock_is_dated_by_the_real_clock_and_says_which_moment_the_run_goes_by() -> None:
    real, now = datetime(2026, 11, 21, 8, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC)
    taken = lock_info("state push", now=now, real=real, environment={})
    assert (taken.operation, taken.created) == ("OperationTypeStatePush", "2026-11-21T08:00:00Z")
    assert taken.info.endswith(f"run {RUN_ID}, as of 2026-11-29T00:00:00Z")
    assert ", state push) since 2026-11-21T08:00:00Z" in str(taken)
    assert "as of" not in lock_info("plan", now=real, real=real, environment={}).info


def test_a_lock_of_terraform_is_told_in_words() -> None:
    assert str(LockInfo(id="x", operation="OperationTypeApply", who="ci@runner")) == "ci@runner (apply)"
    assert str(LockInfo(id="x", operation="migration")) == "somebody (migration)"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://ci.example/](http://evil)\n# x", "https://ci.example/ x"]
)
def test_only_a_plain_url_is_a_job(url: str) -> None:
    assert job_url({"CI_JOB_URL": url}) == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, *, no_color: bool = False, **environment: str) -> str:
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    file = Terminal()
    console(file, no_color=no_color).print("words", style="bold red")
    return file.getvalue()


def test_a_terminal_has_colours_unless_somebody_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1;31m" in shown(monkeypatch)
    assert "\x1b" not in shown(monkeypatch, no_color=True)
    assert "\x1b[1;31m" in shown(monkeypatch, NO_COLOR="")
    assert "\x1b" not in shown(monkeypatch, NO_COLOR="1", FORCE_COLOR="1")
    assert "\x1b" not in shown(monkeypatch, NO_COLOR="", FORCE_COLOR="", TERM="dumb")


def test_a_pipe_has_none_unless_they_are_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    for forced in ("", "1"):
        monkeypatch.setenv("FORCE_COLOR", forced)
        monkeypatch.setenv("TERM", "xterm")
        file = io.StringIO()
        console(file).print("words", style="bold")
        assert ("\x1b" in file.getvalue()) is bool(forced)


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"TERM": "dumb"}])
def test_nothing_moves_in_a_pipeline_or_on_a_dumb_terminal(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    with progress("Reading") as tick:
        tick(1, 3)
        tick(3, 3)
    assert terminal.getvalue() == "Reading: 3 of 3\n"


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress("Reading") as tick:
        tick(1, 3)
    assert "\x1b[" in terminal.getvalue()
