"""The whole program under attack: what it prints and keeps, whom it believes, where it listens: docs/security.md."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from team import NOW, Done, Team, clean_environment

from reconciler.cli.main import run
from reconciler.dingtalk import EventDraft, EventPatch
from reconciler.errors import ReconcilerError
from reconciler.model.occurrence import Attendee
from reconciler.sandbox.embedded import Sandbox

SECRET = "an-app-secret-of-ours"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066[red]x[/red]\r\n+ fake <b>&amp;</b>"


def state_file(team: Team) -> Path:
    return team.folder / ".reconciler" / "state.json"


def writes(team: Team, since: int = 0) -> list[str]:
    """Return the calls after the first `since` that change something."""
    reading = {"token", "event.list", "event.get", "conference.info", "conference.settings.get", "attendees.list"}
    return [one["api"] for one in team.sandbox.control("calls")["calls"][since:] if one["api"] not in reading]


def harmless(text: str) -> bool:
    return not any(char in text for char in "\x1b\x07\x9b\r\u202e\u2066")


# Secrets


def test_no_secret_is_in_what_is_told_kept_or_saved(team: Team) -> None:
    planned = team.run("-vv", "plan")
    applied = team.run("-vv", "apply", "-y", "--json")
    started = team.run("-vv", "start", "weekly-sync", "--json")
    again = team.run("-vv", "start", "weekly-sync")
    shown = team.run("state", "show", "weekly-sync@2026-11-30T10:00")
    team.sandbox.control("faults", {"api": "*", "kind": "error_before", "times": 3, "status": 500})
    failed = team.run("-vv", "plan")
    store = team.sandbox.gateway.store
    tokens = [str(row["token"]) for row in store.rows("SELECT token FROM tokens")]
    passwords = [value for name, value in flat(started.json) if "assword" in name and value]
    assert tokens
    assert len(passwords) == 2
    secrets = [team.sandbox.credentials.app_secret, *tokens, *passwords]
    done = (planned, applied, started, again, shown, failed)
    told = "".join(one.err for one in done) + "".join(one.out for one in (planned, applied, again, shown, failed))
    assert "attempt 1 of" in told
    kept = "".join(path.read_text(encoding="utf-8") for path in team.folder.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in told
        assert secret not in kept


def flat(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in flat(one, key)]
    return [(name, value)]


def test_the_secret_is_no_argument_and_no_file_that_others_read(team: Team) -> None:
    """The environment of a process is for its own user alone; its arguments are for everybody."""
    team.write()
    team.sandbox.control("faults", {"api": "event.list", "kind": "delay", "delay_s": 0.5, "times": None})
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "plan"],
        cwd=team.folder,
        env=clean_environment(team.sandbox) | {"RECONCILER_NOW": NOW.isoformat()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    seen = b""
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen += path.read_bytes()
            except OSError:
                continue
    process.communicate()
    assert b"reconciler" in seen
    assert team.sandbox.credentials.app_secret.encode() not in seen


@pytest.fixture
def quick(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Team:
    """Return a team whose command line runs in this process: what a new one costs would be most of these tests."""

    def run_here(self: Team, *arguments: str, now: datetime = NOW, **environment: str) -> Done:
        self.write()
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in clean_environment(self.sandbox).items():
                patch.setenv(name, value)
            for name, value in (environment | {"RECONCILER_NOW": now.isoformat()}).items():
                patch.setenv(name, value)
            code = run(arguments)
        told = capsys.readouterr()
        return Done(code=code, out=told.out, err=told.err)

    monkeypatch.setattr(Team, "run", run_here)
    return team


def test_an_endpoint_in_clear_text_is_refused_before_a_secret_is_looked_for(quick: Team) -> None:
    for endpoint in ("http://dingtalk.example", "http://127.0.0.1.example", "http://10.0.0.1", "ftp://127.0.0.1"):
        quick.config["provider"]["endpoint"] = endpoint
        done = quick.run("plan", DINGTALK_APP_SECRET=SECRET)
        assert done.code == 1, endpoint
        assert "meetings.yaml:" in done.err
        assert SECRET not in done.err + done.out


# Text of others


@pytest.fixture
def hostile(quick: Team) -> Team:
    """Return a team whose organiser has a hostile title, and whose state and lock say hostile things."""
    quick.apply()
    event = quick.events()[0]
    patch = EventPatch(title=HOSTILE)
    quick.client.events.patch(organizer=event.organizer, event_id=event.id, patch=patch, token="t")
    state = json.loads(state_file(quick).read_text(encoding="utf-8"))
    moment = NOW.isoformat()
    orphan = {"address": HOSTILE, "organizer": HOSTILE, "title": HOSTILE, "start": moment, "asked_at": moment}
    state["orphans"] = [orphan]
    address, entry = next(iter(state["occurrences"].items()))
    state["occurrences"][f"{HOSTILE}@2026-12-09T10:00"] = entry
    for name in ("url", "room_code"):
        state["occurrences"][address][name] = HOSTILE
    state_file(quick).write_text(json.dumps(state), encoding="utf-8")
    note = {"who": HOSTILE, "host": HOSTILE, "pid": 1, "operation": HOSTILE, "since": HOSTILE}
    state_file(quick).with_name("state.lock.json").write_text(json.dumps(note), encoding="utf-8")
    state_file(quick).with_name("state.lock.json").chmod(0o600)
    return quick


def test_no_command_lets_foreign_text_drive_the_terminal(hostile: Team) -> None:
    commands = ["plan", "plan --json", "agenda", "agenda --json", "state list", "state orphans", "apply -y"]
    commands += ["state unlock", "state show weekly-sync@2026-11-30T10:00"]
    told = ""
    for command in commands:
        done = hostile.run(*command.split())
        assert harmless(done.out), command
        assert harmless(done.err), command
        assert "\n+ fake" not in done.out + done.err
        told += done.out + done.err
    assert "\\x1b]0;owned" in told


def test_a_config_can_not_drive_the_terminal_of_who_validates_it(quick: Team) -> None:
    quick.config["meetings"]["weekly-sync"]["title"] = HOSTILE * 3
    quick.config["meetings"]["weekly-sync"]["rooms"] = [HOSTILE]
    quick.config["people"][HOSTILE] = HOSTILE
    quick.config[HOSTILE] = 1
    for command in (["validate"], ["validate", "--json"], ["plan"]):
        done = quick.run(*command)
        assert done.code == 1
        assert harmless(done.out)
        assert harmless(done.err)
    (quick.folder / "many").mkdir()
    (quick.folder / "many" / f"{HOSTILE.replace('/', '')}.yaml").write_text("a: [", encoding="utf-8")
    done = quick.run("-c", "many", "validate")
    assert done.code == 1
    assert harmless(done.out + done.err)


# Whom it believes


def test_a_marker_in_the_event_of_an_invited_person_is_not_believed(quick: Team) -> None:
    """Everybody who is invited can read the marker, copy the event, and invite the organiser to the copy."""
    quick.apply()
    ours = quick.events()
    copies = [_copied(quick, event.description, event.start, event.end) for event in ours[:2]]
    assert quick.plan()["changes"] == []
    state_file(quick).unlink()
    assert quick.plan()["changes"] == []
    quick.apply()
    assert quick.events() == ours
    assert quick.events("carol") == copies


def _copied(team: Team, description: str, start: Any, end: Any) -> Any:
    draft = EventDraft(
        title="Mine",
        description=description,
        start=start,
        end=end,
        timezone="UTC",
        attendees=(Attendee("union-alice"), Attendee("union-bob")),
    )
    made = team.client.events.create(organizer="union-carol", draft=draft, token=start.isoformat())
    return next(event for event in team.events("carol") if event.id == made.id)


@pytest.mark.parametrize("year", ["0001", "1970", "9999"])
def test_a_marker_of_any_year_neither_ends_nor_stalls_a_run(quick: Team, year: str) -> None:
    quick.apply()
    marker = f"reconciler:1/acme-platform/weekly-sync/{year}-12-01T10:00?conference=x&revision=999999999&applied=0"
    start = NOW + timedelta(days=1)
    end = start + timedelta(hours=1)
    draft = EventDraft(title="x", description=marker, start=start, end=end, timezone="UTC")
    quick.client.events.create(organizer="union-alice", draft=draft, token=year)
    done = quick.run("plan", "--json")
    assert done.code in {0, 1}, done.err
    assert "unexpected" not in done.err
    assert {one["action"] for one in done.json["changes"]} <= {"cancel"}


TAMPERED: dict[str, str | dict[str, object]] = {
    "no JSON": "{",
    "a list": "[]",
    "deep": "[" * 100_000,
    "long number": '{"version": 1, "serial": ' + "9" * 100_000 + "}",
    "wrong types": {"occurrences": {"a@2026-12-01T10:00": 7}},
    "huge serial": {"serial": 10**400},
    "infinite calls": {"calls": {"2026-11": float("inf")}},
    "negative calls": {"calls": {"2026-11": -5000}},
    "surrogates": {"organizers": ["\ud800"]},
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_tampered_state_is_left_aside_with_a_reason_and_writes_nothing(quick: Team, kind: str) -> None:
    quick.apply()
    before = len(quick.sandbox.control("calls")["calls"])
    change = TAMPERED[kind]
    document = json.loads(state_file(quick).read_text(encoding="utf-8"))
    text = change if isinstance(change, str) else json.dumps({**document, **change})
    state_file(quick).write_text(text, encoding="utf-8")
    done = quick.run("apply", "-y", "--json")
    assert done.code == 0, done.err
    assert "state.json: the state can't be read" in done.err
    assert "Traceback" not in done.err
    assert writes(quick, before) == []
    assert quick.run("state", "list").out.count("\n") == 6


def test_a_state_of_another_workspace_or_a_newer_program_is_refused(quick: Team) -> None:
    quick.apply()

    def asked() -> list[str]:
        return [call["api"] for call in quick.sandbox.control("calls")["calls"] if call["api"] != "token"]

    before = asked()
    document = json.loads(state_file(quick).read_text(encoding="utf-8"))
    for change in ({"workspace": "other"}, {"version": 10**30}):
        state_file(quick).write_text(json.dumps(document | change), encoding="utf-8")
        for command in (["plan"], ["apply", "-y"], ["state", "list"]):
            done = quick.run(*command)
            assert done.code == 1
            assert "state.json" in done.err
            assert "Traceback" not in done.err
    assert asked() == before


def test_a_state_that_a_commit_links_elsewhere_is_refused(quick: Team) -> None:
    elsewhere = quick.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (quick.folder / ".reconciler").symlink_to(elsewhere)
    for command in (["plan"], ["apply", "-y"], ["destroy", "-y"], ["state", "unlock"], ["sandbox", "reset", "-y"]):
        done = quick.run(*command)
        assert done.code == 1
        assert "symbolic link" in done.err
    assert list(elsewhere.iterdir()) == []
    assert quick.sandbox.control("calls")["calls"] == []


# Where the sandbox listens


def test_the_sandbox_listens_on_loopback_alone(quick: Team) -> None:
    port = int(quick.sandbox.endpoint.rsplit(":", 1)[1])
    listening = {line.split()[1] for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]}
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_the_sandbox_is_controlled_by_no_other_name(quick: Team) -> None:
    port = quick.sandbox.endpoint.rsplit(":", 1)[1]
    hosts = ["evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""]
    for host in hosts:
        for path in ("reset", "clock", "faults", "edits"):
            answer = requests.post(
                f"{quick.sandbox.endpoint}/_sandbox/{path}", json={}, headers={"Host": host}, timeout=10
            )
            assert answer.status_code in {400, 403}, host
        read = requests.get(f"{quick.sandbox.endpoint}/_sandbox/events", headers={"Host": host}, timeout=10)
        assert read.status_code in {400, 403}
        assert "events" not in read.text


def test_a_sandbox_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target.db"
    sqlite3.connect(target).close()
    os.chmod(target, 0o644)  # noqa: PTH101  # the mode is what the test looks at
    (tmp_path / "sandbox.db").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        Sandbox(tmp_path / "sandbox.db")
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_sandbox_that_others_can_reach_lets_none_of_them_control_it(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "sandbox.db", host="0.0.0.0") as sandbox:  # noqa: S104  # what this test is about
        port = sandbox.endpoint.rsplit(":", 1)[1]
        here = f"http://127.0.0.1:{port}"
        assert requests.get(f"{here}/_sandbox/events", timeout=10).status_code == 200
        assert requests.get(f"{here}/", timeout=10).status_code == 200
        with sandbox.app.test_client() as elsewhere:
            for path in ("/", "/_sandbox/events", "/_sandbox/calls"):
                answer = elsewhere.get(path, environ_base={"REMOTE_ADDR": "192.0.2.7"}, headers={"Host": "localhost"})
                assert answer.status_code == 403, path
            keys = {"appKey": sandbox.credentials.app_key, "appSecret": sandbox.credentials.app_secret}
            token = elsewhere.post("/v1.0/oauth2/accessToken", json=keys, environ_base={"REMOTE_ADDR": "192.0.2.7"})
            assert token.status_code == 200


def test_a_sandbox_that_finds_its_port_taken_says_so(tmp_path: Path, quick: Team) -> None:
    port = int(quick.sandbox.endpoint.rsplit(":", 1)[1])
    with pytest.raises(ReconcilerError, match=f"can't listen on port {port} of 127.0.0.1"):
        Sandbox(tmp_path / "sandbox.db", port=port)
