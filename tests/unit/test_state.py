from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, booked, local, occurrence
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import StateError, UnreadableState
from reconciler.model.occurrence import ExtensionApp, Key
from reconciler.model.state import Entry, EventDay, Opened, Orphan, State, pruned
from reconciler.state.codec import dumps, loads
from reconciler.state.journal import Intent, Journal
from reconciler.state.store import local_store

WANT = occurrence(
    settings={
        "host": "bob",
        "cohosts": ("bob", "carol"),
        "mute_on_join": "over_6",
        "waiting_room": True,
        "apps": (ExtensionApp("cool", "everyone", "{}"),),
    },
)


def entry() -> Entry:
    remembered = booked(WANT).entry
    assert remembered is not None
    return remembered


def whole() -> State:
    one = entry()
    return State(
        workspace="acme",
        lineage="l",
        serial=3,
        entries={one.key: one},
        organizers=frozenset({"alice"}),
        people={"userid:u": "carol"},
        orphans=(Orphan(address="a@b", organizer="alice", title="t", start=NOW, asked_at=NOW),),
        opened={"x": Opened(address="x", conference_id="c", url="u", room_code="1", at=NOW)},
        calls={"2026-11": 7},
    )


def intent(call: str = "conference.create", name: str = "i1") -> Intent:
    return Intent(id=name, call=call, key=WANT.key, organizer="alice", title="t", start=NOW, at=NOW)


def test_a_state_reads_back_as_it_was_written() -> None:
    assert loads(dumps(whole()), where="x") == whole()


def test_a_newer_format_is_refused() -> None:
    document = json.loads(dumps(whole())) | {"version": 2}
    with pytest.raises(StateError, match="format 2"):
        loads(json.dumps(document).encode(), where="state.json")


@given(st.text(max_size=200).map(lambda text: text.encode(errors="replace")) | st.binary(max_size=200))
@settings(deadline=None)
def test_any_other_text_is_refused_with_a_reason(text: bytes) -> None:
    with pytest.raises(StateError):
        loads(text, where="state.json")


def test_an_occurrence_is_a_line_without_what_is_as_it_mostly_is() -> None:
    (line,) = [line for line in dumps(whole()).decode().splitlines() if f'"{WANT.key}": {{"applied"' in line]
    assert "null" not in line
    assert "ui_lock" not in line


@pytest.mark.parametrize("indent", [None, 4])
def test_a_state_that_something_else_has_laid_out_anew_is_the_same(indent: int | None) -> None:
    text = json.dumps(json.loads(dumps(whole())), indent=indent).encode()
    assert loads(text, where="x") == whole()


def test_a_damaged_line_is_told_when_it_is_read(tmp_path: Path) -> None:
    store = local_store(tmp_path, "acme")
    store.save(whole())
    path = tmp_path / ".reconciler" / "state.json"
    path.write_bytes(path.read_bytes().replace(b'"end": "2026', b'"end": "x026'))
    again = local_store(tmp_path, "acme")
    with pytest.raises(UnreadableState, match="can't be read"):
        again.load(unread=True).entries.get(WANT.key)
    assert again.load().entries == {}
    assert "going on without it" in again.notice


@pytest.mark.parametrize("path", ["workspace", "serial", "occurrences", "people"])
@pytest.mark.parametrize("value", [None, 7, "x", [1], {"a": 1}])
def test_a_state_with_a_wrong_part_is_refused_or_understood_but_never_crashes(path: str, value: object) -> None:
    document = json.loads(dumps(whole())) | {path: value}
    with suppress(StateError):
        assert loads(json.dumps(document).encode(), where="state.json").lineage == "l"


def test_saving_counts_the_serial_and_keeps_the_lineage(tmp_path: Path) -> None:
    store = local_store(tmp_path, "acme")
    fresh = store.load()
    first = store.save(fresh)
    second = store.save(replace(first, calls={"2026-11": 1}))
    assert (first.serial, second.serial) == (1, 2)
    assert store.load() == second
    assert second.lineage == fresh.lineage
    assert stat.S_IMODE((tmp_path / ".reconciler" / "state.json").stat().st_mode) == 0o600
    assert list((tmp_path / ".reconciler").glob("*.tmp")) == []


def test_a_state_of_another_workspace_is_refused(tmp_path: Path) -> None:
    local_store(tmp_path, "acme").save(whole())
    with pytest.raises(StateError, match="workspace 'acme'"):
        local_store(tmp_path, "other").load()


def test_what_was_done_is_known_though_nothing_was_saved(tmp_path: Path) -> None:
    store, one = local_store(tmp_path, "acme"), entry()
    store.journal.begin(intent("event.create"))
    store.journal.done(intent("event.create"), one.key, one)
    again = local_store(tmp_path, "acme").load()
    assert again.entries == {one.key: one}
    assert again.orphans == ()


def test_what_was_cancelled_is_gone_though_nothing_was_saved(tmp_path: Path) -> None:
    store, one = local_store(tmp_path, "acme"), entry()
    store.save(whole())
    store.journal.begin(intent("event.delete"))
    store.journal.done(intent("event.delete"), one.key, None)
    assert local_store(tmp_path, "acme").load().entries == {}


def test_a_creation_that_was_never_answered_is_an_orphan(tmp_path: Path) -> None:
    store = local_store(tmp_path, "acme")
    store.journal.begin(intent())
    store.journal.begin(intent("event.update", "i2"))
    assert [orphan.title for orphan in local_store(tmp_path, "acme").load().orphans] == ["t"]


def test_a_creation_that_was_refused_is_none(tmp_path: Path) -> None:
    store = local_store(tmp_path, "acme")
    store.journal.begin(intent())
    store.journal.settled(intent())
    assert local_store(tmp_path, "acme").load().orphans == ()


@given(cut=st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_a_journal_cut_anywhere_is_read_as_far_as_it_goes(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal, one = Journal(path), entry()
    journal.begin(intent())
    journal.done(intent(), one.key, one)
    data = path.read_bytes()
    path.write_bytes(data[: min(cut, len(data))])
    replay = Journal(path).replay()
    assert len(replay.entries) + len(replay.open) <= 1
    later = Journal(path)
    later.begin(intent("conference.create", "i9"))
    assert "i9" in {one.id for one in Journal(path).replay().open}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_creation_whose_intent_was_damaged_is_reported_all_the_same(cut: int, tmp_path: Path) -> None:
    store = local_store(tmp_path, "acme")
    store.journal.begin(intent())
    path = tmp_path / ".reconciler" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    orphans = local_store(tmp_path, "acme").load().orphans
    assert [(one.address, one.organizer) for one in orphans] == [(str(WANT.key), "alice")]


def test_a_saved_state_leaves_no_journal(tmp_path: Path) -> None:
    store = local_store(tmp_path, "acme")
    store.journal.begin(intent())
    store.save(store.load())
    assert not (tmp_path / ".reconciler" / "journal.jsonl").exists()
    assert len(local_store(tmp_path, "acme").load().orphans) == 1


def test_old_occurrences_are_forgotten_a_week_after_their_end() -> None:
    state = whole()
    end = WANT.end
    assert pruned(state, end + timedelta(days=6)).entries == state.entries
    assert pruned(state, end + timedelta(days=8)).entries == {}


def test_a_series_that_was_never_finished_is_not_forgotten_with_the_event_that_it_replaced() -> None:
    series = Key(WANT.key.meeting, WANT.key.original, series=True)
    entry = replace(whole().entries[WANT.key], key=series, event_id="master")  # applied: the single event of before
    state = replace(whole(), entries={series: entry})
    assert pruned(state, WANT.end + timedelta(days=8)).entries == {series: entry}


def test_the_key_is_the_original_start() -> None:
    assert Key("a", local("2026-12-02T10:00")) < Key("a", local("2026-12-02T10:30"))


def _full(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("function", ["write", "fsync"])
def test_a_full_disk_is_told_and_what_is_written_later_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.begin(intent(name="first"))
    with monkeypatch.context() as patched:
        patched.setattr(os, function, _full)
        with pytest.raises(StateError, match="No space left on device") as caught:
            journal.begin(intent(name="second"))
    assert "make room" in caught.value.fix
    assert journal.replay().open == (intent(name="first"),)
    journal.settled(intent(name="first"))
    assert journal.replay().open == ()


def test_a_line_that_the_disk_takes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, write = Journal(tmp_path / "journal.jsonl"), os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    journal.begin(intent())
    assert journal.replay().open == (intent(),)


def test_a_line_that_a_full_disk_cut_spoils_none_that_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, write = Journal(tmp_path / "journal.jsonl"), os.write
    with monkeypatch.context() as patched:
        sizes = [7]
        patched.setattr(os, "write", lambda file, data: write(file, data[: sizes.pop()]) if sizes else _full())
        with pytest.raises(StateError):
            journal.settled(intent(name="lost"))
    journal.begin(intent())
    assert journal.replay().open == (intent(),)


def test_a_state_that_finds_no_room_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = local_store(tmp_path, "acme")
    saved = store.save(store.load())
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _full)
        with pytest.raises(StateError, match="No space left on device"):
            store.save(saved)
        with pytest.raises(StateError, match="No space left on device"), store.lock.held("apply", now=NOW):
            pass
    assert [path.name for path in store.folder.iterdir() if "tmp" in path.name] == []
    assert store.load().serial == saved.serial


def test_what_waits_for_a_limit_is_kept_in_a_state() -> None:
    """A conference whose event is yet to come, and who can create no further event today."""
    want = occurrence()
    bare = Entry(key=want.key, organizer="alice", conference_id="c", made=want, verified=NOW)
    days = {"alice": EventDay(day="2026-11-29", made=100, refused=True)}
    state = State(workspace="acme", lineage="one", entries={want.key: bare}, event_days=days)
    found = loads(dumps(state), where="x")
    assert found.event_days == days
    assert dict(found.entries) == {want.key: bare}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[]", "something in it has a value that no state has"),
        (b'{"version": 1}', "'occurrences' is missing"),
        (b'{"version": 1,\n "work', "it is not JSON: line 2, column 2"),
        (b"\xff\xfe{", "can't be read: it is no"),
    ],
)
def test_a_damaged_state_says_what_is_wrong_without_the_words_of_a_program(body: bytes, told: str) -> None:
    with pytest.raises(UnreadableState) as caught:
        loads(body, where="x")
    assert told in str(caught.value)
    assert "Error" not in str(caught.value)


def test_a_state_of_before_has_no_such_thing() -> None:
    document = json.loads(dumps(State(workspace="acme", lineage="one")))
    del document["event_days"]
    document["orphans"] = [
        {
            "address": "a@2026-12-02T10:00",
            "organizer": "o",
            "title": "t",
            "start": NOW.isoformat(),
            "asked_at": NOW.isoformat(),
        }
    ]
    found = loads(json.dumps(document).encode(), where="x")
    assert found.event_days == {}
    assert found.orphans[0].conference_id == ""
