"""Files of other times: older ones are brought up to date, newer ones refused in words."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import PlanUnreadable, ReconcilerError, StateError
from reconciler.model.state import FORMAT_VERSION, State
from reconciler.plan.file import loads as load_plan
from reconciler.sandbox.store import Store as SandboxStore
from reconciler.state.codec import dumps, loads
from reconciler.state.journal import Journal
from reconciler.state.store import local_store
from reconciler.state.versions import STEPS, upgraded

STATE: dict[str, Any] = json.loads(dumps(State(workspace="acme", lineage="l")))


def test_a_state_of_this_format_says_so_and_every_older_one_has_a_step() -> None:
    assert STATE["version"] == FORMAT_VERSION
    assert set(STEPS) == set(range(1, FORMAT_VERSION))


def test_an_older_state_takes_every_step_up_to_the_newest() -> None:
    steps = {1: lambda old: old | {"calls": {}}, 2: lambda old: old | {"serial": old["serial"] + 1}}
    found = upgraded({"version": 1, "serial": 6}, where="x", steps=steps, newest=3)
    assert found == {"version": 1, "serial": 7, "calls": {}}


@pytest.mark.parametrize("version", [None, "1", True, 0, -1, 1.0, [1]])
def test_a_state_without_a_proper_format_is_damaged(version: object) -> None:
    with pytest.raises(StateError, match="can't be read"):
        loads(json.dumps(STATE | {"version": version}).encode(), where="state.json")


def test_a_newer_state_is_refused_however_it_looks_inside() -> None:
    with pytest.raises(StateError, match="format 9, this program reads up to 1") as refused:
        loads(b'{"version": 9, "meetings": []}', where="state.json")
    assert "newer reconciler" in refused.value.fix


def test_a_newer_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"journal": 2}\n{"begin": "x"}\n', encoding="utf-8")
    with pytest.raises(StateError, match="journal has format 2"):
        Journal(path).replay()
    assert path.exists()


@pytest.mark.parametrize(("version", "fix"), [("2.0", "newer"), ("10.0", "newer"), ("0.9", "plan again")])
def test_a_plan_of_another_major_format_is_refused(version: str, fix: str) -> None:
    with pytest.raises(PlanUnreadable, match=rf"format {version}, this program (reads|knows) 1\.0") as refused:
        load_plan(json.dumps({"format_version": version}), where="plan")
    assert fix in refused.value.fix


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\nmeetings: {}", "it is not JSON"),
        ("[]", "does not say its format"),
        ("{}", "does not say its format"),
        ('{"format_version": "new"}', "its format is 'new'"),
        ('{"format_version": null}', "its format is 'None'"),
        ('{"format_version": "1.0", "summary": {}}', "what --json prints"),
        ('{"format_version": "1.0"}', "edited after it was made"),
    ],
)
def test_what_is_no_plan_is_told_in_words(text: str, told: str) -> None:
    with pytest.raises(PlanUnreadable, match=told) as refused:
        load_plan(text, where="meetings.yaml")
    assert "Error" not in str(refused.value)
    assert "--out" in refused.value.fix or "plan again" in refused.value.fix


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"version: 1", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[]", "does not say its version"),
        (b'{"version": 1}', "is missing, or of another kind"),
        (b'{\n "occurrences": {\n  "x@2026-01-01T10:00": {}\n },\n "version": 1\n}', "is missing, or"),
    ],
)
def test_what_is_no_state_is_not_pushed_and_told_in_words(tmp_path: Path, body: bytes, told: str) -> None:
    store = local_store(tmp_path, "acme")
    saved = store.save(store.load())
    with pytest.raises(StateError, match=told) as refused:
        store.push(body, where="backup.json", force=True)
    assert refused.value.where == "backup.json"
    assert "Error" not in str(refused.value)
    assert "away" not in refused.value.fix
    assert local_store(tmp_path, "acme").load() == saved


def test_newer_data_of_the_sandbox_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    SandboxStore(path).close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(ReconcilerError, match="format 2"):
        SandboxStore(path)
