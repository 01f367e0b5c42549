"""What each command prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from team import Done, Team, clean_environment

from reconciler.dingtalk import EventPatch
from reconciler.resources import schema

ROOT = Path(__file__).resolve().parent.parent.parent


def local(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run the command line in `folder`, with the embedded sandbox and no credentials."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER", "DINGTALK"))}
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=folder,
        env=inherited | {"NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "meetings.yaml", tmp_path)
    return tmp_path


DAYS = [
    "2026-11-21T03:00:00Z",
    *(pytest.param(day, marks=pytest.mark.chaos) for day in ("2027-03-28T00:30:00Z", "2031-10-26T00:00:00Z")),
]


@pytest.mark.parametrize("now", DAYS)
def test_the_example_is_booked_on_any_day_and_then_there_is_nothing_to_do(folder: Path, now: str) -> None:
    first = local(folder, "apply", "-y", "--json", RECONCILER_NOW=now)
    assert first.code == 0, first.err
    assert first.json["summary"]["created"] > 30
    second = local(folder, "apply", "-y", "--json", RECONCILER_NOW=now)
    assert (second.code, second.json["summary"]["api_calls"]) == (0, 0)
    assert local(folder, "plan", "--detailed-exitcode", RECONCILER_NOW=now).code == 0


def test_documents_are_as_their_schemas_say_and_alone_on_stdout(team: Team) -> None:
    for name, arguments in {
        "validate": ["validate", "--json"],
        "plan": ["plan", "--json"],
        "apply": ["apply", "-y", "--json"],
        "agenda": ["agenda", "--json"],
    }.items():
        done = team.run(*arguments)
        jsonschema.validate(json.loads(done.out), schema(name))
    team.config["meetings"]["weekly-sync"]["title"] = "New"
    jsonschema.validate(team.plan(), schema("plan"))
    team.config["meetings"]["weekly-sync"]["titel"] = "New"
    done = team.run("validate", "--json")
    assert done.code == 1
    jsonschema.validate(done.json, schema("validate"))
    assert done.json["errors"][0]["message"]


def test_documents_of_a_recurring_event_are_as_their_schemas_say(team: Team) -> None:
    team.config["meetings"]["weekly-sync"] |= {"calendar": "series", "rooms": []}
    team.config["meetings"]["retro"] |= {"rooms": {"any": ["aurora", "borealis"]}, "link": "stable"}
    jsonschema.validate(team.plan(), schema("plan"))
    jsonschema.validate(team.apply(), schema("apply"))
    (series,) = (event for event in team.events("alice") if event.recurring)
    team.sandbox.control("edits", {"action": "change_event", "event": series.id, "summary": "By hand"})
    drift = team.run("drift", "--json").json
    jsonschema.validate(drift, schema("drift"))
    assert [one["address"] for one in drift["findings"] if one["class"] == "edited"] == [
        "weekly-sync@2026-01-05T10:00+"
    ]
    for command in (["agenda", "--json"], ["start", "weekly-sync", "--json"]):
        jsonschema.validate(team.run(*command).json, schema(command[0]))
    team.config["meetings"] = {}
    jsonschema.validate(team.plan(), schema("plan"))
    jsonschema.validate(team.apply(), schema("apply"))


def test_a_plan_for_people_names_what_will_happen_and_what_it_costs(team: Team) -> None:
    out = team.run("plan").out
    assert "+ Mon 2026-11-30 10:00–10:45" in out
    assert "aurora" in out
    assert "Plan: 6 to create, 0 to update, 0 to cancel, 0 unchanged." in out
    assert "18 API calls" in out
    team.apply()
    team.config["meetings"]["weekly-sync"]["title"] = "Platform sync"
    assert "Weekly sync → Platform sync" in team.run("plan").out


def test_applying_without_a_terminal_needs_an_agreement(team: Team) -> None:
    done = team.run("apply")
    assert done.code == 64
    assert "-y" in done.err
    assert team.events() == []


def test_wrong_usage_is_64(team: Team) -> None:
    for arguments in (["plan", "--nonsense"], ["nonsense"], ["state", "show", "weekly-sync@2031-01-01T10:00"]):
        done = team.run(*arguments)
        assert done.code == 64
        assert "Traceback" not in done.err
    assert team.run("state", "show", "nonsense").code == 1


def test_a_config_with_mistakes_calls_nobody(team: Team) -> None:
    team.config["meetings"]["weekly-sync"]["rooms"] = ["aurorra"]
    for command in (["validate"], ["plan"], ["apply", "-y"], ["destroy", "-y"], ["start", "weekly-sync"]):
        done = team.run(*command)
        assert done.code == 1
        assert "meetings.yaml:" in done.out + done.err
        assert "aurora" in done.out + done.err
    assert team.sandbox.control("calls")["calls"] == []


def test_missing_credentials_are_told(team: Team) -> None:
    done = team.run("plan", DINGTALK_APP_KEY="", DINGTALK_APP_SECRET="")
    assert done.code == 1
    assert "DINGTALK_APP_KEY" in done.err


def test_wrong_credentials_are_told_without_the_secret(team: Team) -> None:
    done = team.run("-vv", "plan", DINGTALK_APP_SECRET="a-secret-of-ours")
    assert done.code == 1
    assert "check the app key and secret" in done.err
    assert "a-secret-of-ours" not in done.out + done.err


def test_no_secret_is_ever_printed_or_kept(team: Team) -> None:
    team.apply()
    started = team.run("-vv", "start", "weekly-sync")
    assert "password" in started.out
    told = team.run("-vv", "plan").err + started.err
    kept = "".join(path.read_text() for path in (team.folder / ".reconciler").iterdir() if path.is_file())
    secrets = [team.sandbox.credentials.app_secret, *_tokens(team), *_passwords(started.out)]
    assert len(secrets) >= 3
    for secret in secrets:
        assert secret not in told
        assert secret not in kept


def _tokens(team: Team) -> list[str]:
    rows = team.sandbox.gateway.store.rows("SELECT * FROM tokens")
    return [str(row["token"]) for row in rows]


def _passwords(out: str) -> list[str]:
    return [line.split()[-1] for line in out.splitlines() if "password" in line]


def test_text_from_remote_cannot_drive_the_terminal(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    patch = EventPatch(title="\x1b]0;owned\x07[red]x[/red]\u202e\n+ fake")
    team.client.events.patch(organizer="union-alice", event_id=event.id, patch=patch, token="t")
    done = team.run("plan", FORCE_COLOR="1", NO_COLOR="")
    assert "\x1b]0;" not in done.out
    assert "\u202e" not in done.out
    assert "[red]x[/red]" in done.out
    assert "\n+ fake" not in done.out


def test_a_folder_of_files_is_one_config(team: Team) -> None:
    team.write()
    retro = team.config["meetings"].pop("retro")
    folder = team.folder / "teams"
    folder.mkdir()
    for name, document in {"all.yaml": team.config, "retro.yaml": {"meetings": {"retro": retro}}}.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    done = team.run("-c", "teams", "plan", "--json")
    assert done.code == 0, done.err
    assert {change["meeting"] for change in done.json["changes"]} == {"weekly-sync", "retro"}


def test_the_state_can_be_looked_at(team: Team) -> None:
    team.apply()
    addresses = team.run("state", "list").out.split()
    assert "weekly-sync@2026-11-30T10:00" in addresses
    shown = team.run("state", "show", addresses[-1]).json
    assert shown["conference_id"] in team.conferences()
    assert team.run("state", "orphans").out == ""
    team.write()
    (team.folder / ".reconciler" / "state.json").write_text("damaged", encoding="utf-8")
    done = team.run("state", "rebuild")
    assert done.code == 0, done.err
    assert team.run("state", "list").out.split() == addresses
    team.sandbox.control("faults", {"api": "event.list", "kind": "error_before", "times": None})
    done = team.run("state", "rebuild")
    assert done.code == 1
    assert "not read, and kept: the calendar of alice" in done.err
    assert team.run("state", "list").out.split() == addresses


def test_the_agenda_tells_times_rooms_and_links(team: Team) -> None:
    team.apply()
    out = team.run("agenda", "--days", "7", "--timezone", "Europe/Berlin").out
    assert "Mon 2026-11-30" in out
    assert "03:00–03:45" in out
    assert "aurora" in out
    assert "https://" in out


def test_starting_rings_once(team: Team) -> None:
    first = team.run("start", "weekly-sync")
    second = team.run("start", "weekly-sync")
    assert (first.code, second.code) == (0, 0)
    assert "Nobody was rung" in second.out
    assert len(team.sandbox.control("conferences")["instants"]) == 1


def test_a_second_run_is_told_who_holds_the_state(team: Team) -> None:
    from reconciler.state.store import local_store

    team.write()
    store = local_store(team.folder, "acme-platform")
    from datetime import UTC, datetime

    with store.lock.held("apply", now=datetime.now(UTC)):
        done = team.run("apply", "-y", "--lock-timeout", "0.1s")
        assert done.code == 1
        assert f"process {os.getpid()}, run " in done.err
    assert team.run("apply", "-y").code == 0


def test_a_terminated_run_ends_what_it_began_and_the_next_one_continues(team: Team) -> None:
    team.write()
    team.sandbox.control("faults", {"api": "event.create", "kind": "delay", "delay_s": 1.0, "times": None})
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "apply", "-y", "--parallelism", "1"],
        cwd=team.folder,
        env=clean_environment(team.sandbox) | {"RECONCILER_NOW": "2026-11-29T00:00:00Z"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = team.folder / ".reconciler" / "journal.jsonl"
    while process.poll() is None and not (journal.exists() and "event.create" in journal.read_text(encoding="utf-8")):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143, err
    team.sandbox.control("faults", {}, method="DELETE")
    team.apply()
    assert len(team.events()) == 6
    assert len(team.sandbox.control("conferences")["conferences"]) == 6


def test_help_and_version_are_there_for_every_command(team: Team) -> None:
    assert team.run("--version").out.startswith("reconciler ")
    names = ("validate", "plan", "apply", "destroy", "agenda", "start", "state", "sandbox", "schema")
    for name in names:
        done = team.run(name, "--help")
        assert done.code == 0
        assert "Usage:" in done.out
    assert all(name in team.run("--help").out for name in names)


def test_the_schemas_are_printed(team: Team) -> None:
    for name in ("meetings", "plan", "apply", "validate", "agenda"):
        jsonschema.Draft202012Validator.check_schema(team.run("schema", name).json)
