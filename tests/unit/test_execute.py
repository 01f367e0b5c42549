from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from builders import NOW, booked, occurrence

from reconciler.apply.execute import Executor, client_token
from reconciler.apply.work import Work
from reconciler.diff.change import Action, Change
from reconciler.dingtalk import Client, NoAnswer
from reconciler.model.state import Entry, State
from reconciler.plan.operations import Call, Operation, PlannedChange
from reconciler.state.journal import Journal


def test_what_is_made_anew_belongs_to_the_declared_organizer() -> None:
    """A run that died while an occurrence changed hands leaves a memory of the organiser before."""
    gone = replace(booked(occurrence(organizer="alice")), event=None, conference=None)
    want = occurrence(organizer="dave")
    work = Work.begin(
        PlannedChange(change=Change(action=Action.CREATE, before=gone, after=want), operations=(), notifies=0),
        at=NOW,
    )
    assert work.entry.organizer == "dave"


class _Mute:
    """A client whose creations are never answered."""

    def __init__(self) -> None:
        self.conferences = self

    def create(self, **_fields: Any) -> None:
        error = NoAnswer("the connection broke", call="POST /")
        error.unclear_before = False
        raise error


def test_an_unanswered_creation_stays_in_the_journal_until_the_state_tells_it(tmp_path: Path) -> None:
    """The run may be killed before it saves its state."""
    journal = Journal(tmp_path / "journal.jsonl")
    executor = Executor(cast("Client", _Mute()), journal, workspace="acme", clock=lambda: NOW, names={})
    want = occurrence()
    change = Change(action=Action.CREATE, before=None, after=want)
    work = Work.begin(PlannedChange(change=change, operations=(), notifies=0), at=NOW)
    with pytest.raises(NoAnswer):
        executor.execute(Operation(id="o1", call=Call.CONFERENCE_CREATE), work)
    empty = State(workspace="acme", lineage="one")
    killed = journal.replay().onto(empty)
    assert [orphan.address for orphan in killed.orphans] == [str(want.key)]
    saved = journal.replay().onto(replace(empty, orphans=tuple(executor.orphans)))
    assert saved.orphans == tuple(executor.orphans)
    assert saved.orphans[0].start - want.start == timedelta()


def test_what_changes_hands_gets_an_event_of_its_own() -> None:
    """Else the server would answer with the event of the organiser before."""
    key = occurrence().key
    tokens = {client_token("acme", Entry(key=key, organizer=who)) for who in ("alice", "dave")}
    assert len(tokens) == 2
