"""What stands in the folder of the state is believed only where nobody else could have put it there."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, booked, occurrence

from reconciler.errors import StateError
from reconciler.model.state import Opened, Orphan, State
from reconciler.sandbox.embedded import Sandbox
from reconciler.state import folder as folders
from reconciler.state.codec import dumps, loads
from reconciler.state.journal import Intent
from reconciler.state.store import Store, local_store

FILES = ["state.json", "journal.jsonl", "state.lock", "state.lock.json", "sandbox.db", "sandbox.db-wal"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "repository"
    root.mkdir()
    made = local_store(root, "acme")
    made.save(made.load())
    return made


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_folder_is_refused_and_what_it_points_at_is_left_alone(store: Store, name: str) -> None:
    target = store.folder.parent.parent / "target"
    target.write_text("precious", encoding="utf-8")
    target.chmod(0o644)
    place = (store.folder / "state.json").with_name(name)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    with pytest.raises(StateError, match="symbolic link"):
        store.load()
    assert target.read_text(encoding="utf-8") == "precious"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_folder_that_is_a_link_is_refused(store: Store) -> None:
    folder = store.folder
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))
    with pytest.raises(StateError, match="symbolic link") as caught:
        store.load()
    assert caught.value.where == str(folder)


@pytest.mark.parametrize("name", ["state.json", "journal.jsonl"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_plain_file_is_refused_and_never_waited_for(
    store: Store, name: str, make: Callable[[Path], None]
) -> None:
    place = (store.folder / "state.json").with_name(name)
    place.unlink(missing_ok=True)
    make(place)
    with pytest.raises(StateError, match="not a plain"):
        store.load()


@pytest.mark.parametrize("name", ["", "state.json", "journal.jsonl"])
def test_what_everybody_may_write_is_refused(store: Store, name: str) -> None:
    place = store.folder / name
    place.touch()
    place.chmod(0o777)
    with pytest.raises(StateError, match="everybody may write this") as caught:
        store.load()
    assert "chmod" in caught.value.fix


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["", "state.json", "journal.jsonl"])
def test_what_belongs_to_a_stranger_is_refused(store: Store, name: str) -> None:
    place = store.folder / name
    place.touch()
    os.chown(place, 12345, -1)
    with pytest.raises(StateError, match="uid 12345"):
        store.load()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_whoever_owns_the_folder_of_the_config_is_no_stranger(store: Store) -> None:
    for place in (store.folder.parent, store.folder, (store.folder / "state.json")):
        os.chown(place, 12345, -1)
    assert store.load().serial == 1


def test_a_huge_file_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_BYTES", 10)
    with pytest.raises(StateError, match="larger than 10 bytes"):
        store.load()


def test_nothing_of_ours_is_for_others_however_generous_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = local_store(tmp_path, "acme")
        with store.lock.held("apply", now=NOW), Sandbox((store.folder / "state.json").with_name("sandbox.db")):
            store.journal.begin(intent())
            store.save(store.load())
            store.journal.begin(intent())
            store.load()
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()}
            folder = stat.S_IMODE(store.folder.stat().st_mode)
    finally:
        os.umask(before)
    assert modes.keys() >= {"state.json", "journal.jsonl", "state.lock", "state.lock.json", "sandbox.db"}
    assert set(modes.values()) == {0o600}
    assert folder == 0o700


# What is written there, by whoever may write it


def intent() -> Intent:
    key = occurrence().key
    return Intent(id="i", call="conference.create", key=key, organizer="alice", title="t", start=NOW, at=NOW)


def document() -> dict[str, Any]:
    entry = booked(occurrence()).entry
    assert entry is not None
    orphan = Orphan(address="a@b", organizer="alice", title="t", start=NOW, asked_at=NOW)
    opened = Opened(address="x", conference_id="c", url="u", room_code="1", at=NOW)
    state = State(workspace="acme", lineage="l", entries={entry.key: entry}, orphans=(orphan,), opened={"x": opened})
    found: dict[str, Any] = json.loads(dumps(state))
    return found


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, one in inner for found in places(one, (*path, step)))]


def replaced(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


ODD: list[object] = [
    None,
    True,
    -1,
    10**18,
    10**400,
    1e308,
    float("inf"),
    "",
    "\ud800",
    "\x1b[2J",
    "9999-12-31T23:59:59+00:00",
]
ODD += ["0001-01-01T00:00:00+00:00", "../../etc/passwd", [], [[]], {}, {"a": [None]}]


@pytest.mark.parametrize("path", places(document()), ids=lambda path: ".".join(map(str, path)) or "all")
def test_a_state_that_was_tampered_with_is_refused_with_a_reason_or_can_be_saved_again(
    path: tuple[str | int, ...],
) -> None:
    for new in ODD:
        text = json.dumps(replaced(document(), path, new)).encode()
        with suppress(StateError):
            dumps(loads(text, where="state.json"))


@pytest.mark.parametrize("name", ["begin", "call", "address", "organizer", "title", "start", "at"])
def test_a_journal_that_was_tampered_with_tells_nothing(store: Store, name: str) -> None:
    store.journal.begin(intent())
    journal = (store.folder / "state.json").with_name("journal.jsonl")
    record = json.loads(journal.read_bytes())
    lines = [json.dumps(record | {name: new}) for new in (*ODD, "2026-12-01T10:00:00")]
    journal.write_text("\n".join(lines), encoding="utf-8")
    state = local_store(store.folder.parent, "acme").load()
    dumps(state)
