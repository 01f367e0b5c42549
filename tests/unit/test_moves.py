from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, observation, occurrence

from reconciler.config import check, load
from reconciler.diff.change import Action
from reconciler.diff.changes import diff
from reconciler.errors import UsageError
from reconciler.model.occurrence import Key
from reconciler.model.state import Opened, State
from reconciler.plan.making import plan
from reconciler.plan.operations import Call
from reconciler.report.fields_text import told_fields
from reconciler.report.names import Names
from reconciler.state.codec import dumps, loads
from reconciler.state.edit import moved, moves, renamed, without_undone

HEAD = """\
version: 1
workspace: acme
defaults: {timezone: Asia/Shanghai, organizer: alice}
people: {alice: A1}
meetings:
  new: {title: New, schedule: {start: 2026-12-01T10:00, duration: 1h}}
  other: {title: Other, schedule: {start: 2026-12-02T10:00, duration: 1h}}
"""
DAY = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "meetings.yaml"


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("moved: {from: old, to: new}", {"old": "new"}),
        ("moved: [{from: old, to: new}, {from: past, to: other}]", {"old": "new", "past": "other"}),
        ("moved: [{from: oldest, to: old}, {from: old, to: new}]", {"oldest": "new", "old": "new"}),
        ("moved: []", {}),
    ],
)
def test_moves_lead_to_the_name_of_today(file: Path, text: str, moved: dict[str, str]) -> None:
    file.write_text(HEAD + text, encoding="utf-8")
    assert load(file, now=DAY).moved == moved


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("moved: {from: other, to: new}", "is still declared"),
        ("moved: {from: old, to: newer}", "no meeting 'newer'"),
        ("moved: [{from: old, to: new}, {from: old, to: other}]", "is moved twice"),
        ("moved: [{from: old, to: new}, {from: past, to: new}]", "another meeting is also moved to 'new'"),
        ("moved: {from: old, to: old}", "is moved to itself"),
        ("moved: [{from: a, to: b}, {from: b, to: a}]", "is moved to itself"),
        ("moved: {from: old}", "has no to"),
        ("moved: old", "moved must be"),
    ],
)
def test_moves_that_lead_nowhere_are_told(file: Path, text: str, told: str) -> None:
    file.write_text(HEAD + text, encoding="utf-8")
    problems = check(file, now=DAY)
    assert any(told in problem.message for problem in problems), problems
    assert all(problem.hint for problem in problems)


def test_a_renamed_meeting_keeps_everything_and_gets_its_marker_written() -> None:
    old, new = occurrence(meeting="old"), occurrence(meeting="new")
    seen = replace(booked(old), key=new.key)
    found = diff([new], observation(seen), now=NOW, create_before=UNTIL)
    (change,) = found.changes
    assert (change.action, change.reason) == (Action.UPDATE, "renamed: was old")
    assert [told.plain for told in told_fields(change, Names())] == ["renamed from old"]
    assert not any(field.drift for field in change.comparison.fields)
    made = plan(found, observation(seen), workspace=WORKSPACE, now=NOW, until=UNTIL)
    assert [operation.call for operation in made.operations] == [Call.EVENT_UPDATE]


def test_the_state_knows_a_renamed_meeting_by_its_new_name() -> None:
    entry = booked(occurrence(meeting="old")).entry
    there = booked(occurrence(meeting="new"), number=2).entry
    assert entry is not None
    assert there is not None
    opened = Opened(address="old@2026-12-02T10:00", conference_id="c", url="u", room_code="", at=NOW)
    state = State(workspace="acme", lineage="l", entries={entry.key: entry}, opened={opened.address: opened})
    moved = renamed(state, {"old": "new"})
    new = Key("new", entry.key.original)
    assert list(moved.entries) == [new]
    assert moved.entries[new].applied == occurrence(meeting="new")
    assert list(moved.opened) == ["new@2026-12-02T10:00"]
    assert renamed(moved, {"old": "new"}) == moved
    both = renamed(replace(state, entries={entry.key: entry, there.key: there}), {"old": "new"})
    assert both.entries == {entry.key: entry, there.key: there}


def with_entries(*meetings: str) -> State:
    entries = [booked(occurrence(meeting=name), number=at).entry for at, name in enumerate(meetings)]
    return State(workspace="acme", lineage="l", entries={one.key: one for one in entries if one is not None})


def test_a_meeting_renamed_in_the_state_alone_is_remembered_until_its_old_name_is_declared(file: Path) -> None:
    file.write_text(HEAD, encoding="utf-8")
    config = load(file, now=DAY)
    state, count = moved(with_entries("old"), "old", "new")
    assert (count, {key.meeting for key in state.entries}) == (1, {"new"})
    assert not any(entry.intact for entry in state.entries.values())
    state = loads(dumps(state), where="file")
    assert moves(config, state) == {"old": "new"}
    assert without_undone(state, config.meetings) == state
    both = replace(config, meetings={**config.meetings, "old": config.meetings["new"]})
    assert moves(both, state) == {}
    assert without_undone(state, both.meetings).moved == {}
    gone = replace(config, meetings={"other": config.meetings["other"]})
    assert moves(gone, state) == {}
    assert moves(replace(gone, moved={"new": "other"}), state) == {"new": "other", "old": "other"}
    assert moves(replace(config, moved={"old": "other"}), state) == {"old": "other"}


def test_moves_in_the_state_lead_to_the_last_name_and_back() -> None:
    state, _ = moved(with_entries("a"), "a", "b")
    state, _ = moved(state, "b", "c")
    assert state.moved == {"a": "c", "b": "c"}
    state, _ = moved(state, "c", "a")
    assert state.moved == {"b": "a", "c": "a"}


def test_nothing_is_merged_into_a_meeting_that_the_state_knows() -> None:
    state = with_entries("a", "z")
    with pytest.raises(UsageError, match="1 of 'z' already"):
        moved(state, "a", "z")
    (taken,) = [str(key) for key in state.entries if key.meeting == "z"]
    with pytest.raises(UsageError, match="already"):
        moved(state, next(str(key) for key in state.entries if key.meeting == "a"), taken)
    free, count = moved(state, next(str(key) for key in state.entries if key.meeting == "a"), "z@2031-01-01T10:00")
    assert (count, {key.meeting for key in free.entries}, free.moved) == (1, {"z"}, {})


@pytest.mark.parametrize("name", ["Z", "a b", "", "ü", "z" * 61, "-z"])
def test_what_no_meeting_can_be_called_is_no_new_name(name: str) -> None:
    with pytest.raises(UsageError, match="can't be the name"):
        moved(with_entries("a"), "a", name)
