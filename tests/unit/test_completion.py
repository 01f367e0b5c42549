"""What a shell completes, and that every command has its help."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli.main import cli, run
from reconciler.cli.names import keys_of

CONFIG = """\
version: 1
notes: [meetings: {no: 1}]
x: &x {meetings: {neither: {}}}
meetings:
  weekly-sync: {title: a, schedule: {meetings: 1}}
  "retro": *x
  ? winter
  : [a, {b: c}]
  evil`id`: {}
"""
ADDRESS = "weekly-sync@2026-12-02T10:00"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "meetings.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / ".reconciler").mkdir()
    (tmp_path / ".reconciler" / "state.json").write_text(json.dumps({"occurrences": {ADDRESS: {}}}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECONCILER_CONFIG", raising=False)
    return tmp_path


def completed(*arguments: str, incomplete: str = "") -> list[str]:
    complete = ShellComplete(cli, {}, "reconciler", "_RECONCILER_COMPLETE")
    return [item.value for item in complete.get_completions(list(arguments), incomplete)]


def test_the_keys_of_a_section_are_found_however_they_are_written() -> None:
    assert list(keys_of("meetings", CONFIG.encode())) == ["weekly-sync", "retro", "winter", "evil`id`"]
    deep = b"meetings: {a: " + b"[" * 100_000
    found = keys_of("meetings", deep)
    assert next(found) == "a"


@pytest.mark.usefixtures("folder")
def test_meetings_are_completed_where_one_is_wanted() -> None:
    for arguments in (
        ["start"],
        ["plan", "--target"],
        ["apply", "-y", "--exclude"],
        ["drift", "--target", "retro", "--target"],
        ["agenda", "--meeting"],
        ["destroy", "--exclude"],
    ):
        assert completed(*arguments, incomplete="w") == ["weekly-sync", "winter"], arguments
    assert completed("plan", incomplete="--target=re") == ["retro"]


def test_people_and_rooms_are_completed_where_they_are_wanted(folder: Path) -> None:
    more = "people: {alice: a, bob: b}\ngroups: {all: [alice]}\nrooms:\n  aurora: r\n"
    (folder / "meetings.yaml").write_text(CONFIG + more, encoding="utf-8")
    assert completed("import", "--organizer") == completed("rooms", "free", "--organizer") == ["alice", "bob"]
    assert completed("agenda", "--person", incomplete="al") == ["alice", "all"]
    assert completed("agenda", "--room") == ["aurora"]


@pytest.mark.usefixtures("folder")
def test_addresses_are_completed_from_the_state_beside_the_config() -> None:
    assert completed("state", "show") == [ADDRESS]
    assert completed("state", "mv", incomplete="week") == ["weekly-sync", ADDRESS]
    assert completed("state", "rm", ADDRESS, incomplete="re") == ["retro"]
    assert completed("state", "orphans", "--dismiss") == [ADDRESS]


def test_the_config_that_the_line_or_the_environment_names_counts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "teams"
    other.mkdir()
    (other / "a.yaml").write_text("meetings: {here: {}}", encoding="utf-8")
    (other / "b.yml").write_text("meetings: {there: {}}", encoding="utf-8")
    assert completed("-c", "teams", "start") == ["here", "there"]
    assert completed("start", "-c", "teams") == ["here", "there"]
    monkeypatch.setenv("RECONCILER_CONFIG", str(other / "a.yaml"))
    assert completed("start") == ["here"]
    assert folder.is_dir()


@pytest.mark.parametrize("text", ["meetings: {a: [", "- 1", "", "\x00", "meetings: 7", "meetings: *nobody"])
def test_a_broken_config_completes_nothing_and_says_nothing(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "meetings.yaml").write_text(text, encoding="utf-8")
    (folder / ".reconciler" / "state.json").write_text(text, encoding="utf-8")
    assert completed("start") == []
    assert completed("state", "show") == []
    assert completed("-c", "nowhere.yaml", "start") == []
    assert capsys.readouterr() == ("", "")


def test_a_completion_loads_nothing_heavy(folder: Path) -> None:
    script = (
        "import sys, atexit\n"
        "heavy = ('jsonschema', 'requests', 'flask', 'rich', 'deepdiff')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from reconciler.cli.main import run\n"
        "run([])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "_RECONCILER_COMPLETE": "bash_complete", "COMP_LINE": "reconciler plan --target we"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("plain,weekly-sync\n", "[]\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "at", "told"),
    [
        ("reconciler plan --target ", "3", "plain,retro\nplain,weekly-sync\nplain,winter\n"),
        ("reconciler dr", "1", "plain,drift\n"),
    ],
)
def test_bash_may_ask_as_any_program_of_click_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, at: str, told: str
) -> None:
    monkeypatch.delenv("COMP_LINE", raising=False)
    for name, value in (("_RECONCILER_COMPLETE", "bash_complete"), ("COMP_WORDS", words), ("COMP_CWORD", at)):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):  # as click ends what a shell has asked
        run([])
    assert capsys.readouterr() == (told, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("reconciler start we", ["weekly-sync"]),
        ("reconciler state show weekly-sync@2026-12-02T10:", ["00"]),
        ("reconciler state show weekly-sync@", ["2026-12-02T10:00"]),
        ("reconciler plan --target=ret", ["retro"]),
    ],
)
def test_bash_completes_addresses_with_colons(folder: Path, line: str, reply: list[str], tmp_path: Path) -> None:
    program = tmp_path / "reconciler"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "complete.bash").write_text(source("bash"), encoding="utf-8")
    breaks = " \t\n\"'@><=;|&(:"  # what bash sets
    script = (
        'source ./complete.bash; compopt() { :; }; COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDBREAKS="$2"\n'
        '_reconciler_completion "./reconciler"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", line, breaks], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == reply, done.stderr


def source(shell: str) -> str:
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    with redirect_stdout(out):
        assert run(["completion", shell]) == 0
    return out.getvalue()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    text = source(shell)
    assert f"_RECONCILER_COMPLETE={shell}_complete" in text
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=text, text=True, check=True)


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield " ".join((*path, name)), found
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)


@pytest.mark.parametrize(
    ("name", "found"), list(commands(cli)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_help_with_examples_and_every_option_says_what_it_does(
    name: str, found: click.Command
) -> None:
    text = found.get_help(click.Context(found, info_name=f"reconciler {name}"))
    assert "Example" in text
    assert f"\n    reconciler {name}" in text or f'"$(reconciler {name}' in text or f" reconciler {name}" in text
    for param in found.params:
        if isinstance(param, click.Option):
            assert param.help, f"{name} {param.name}"
