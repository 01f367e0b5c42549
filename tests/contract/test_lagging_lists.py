"""Lists that lag, repeat or respell, and editors that alter our lines: nothing is done twice for any of them."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands
from runs import Runs, lagging, shown_as
from team import a_team

from reconciler.diff.change import Action
from reconciler.dingtalk import EventPatch
from reconciler.dingtalk.calls import EVENT_LIST
from reconciler.dingtalk.session import ReadSession
from reconciler.model.occurrence import Event

WEEKLY = {"every": "week", "on": ["mon"]}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with a_team(tmp_path) as team:
        found = Runs(hands=Hands(team=team))
        declare(found, title="Stand-up")
        found.apply()
        found.plan()
        yield found


def declare(runs: Runs, **fields: Any) -> None:
    schedule = {"start": "2026-01-05T10:00", "duration": "15m", "repeat": WEEKLY}
    runs.hands.declare(standup={"schedule": schedule, "description": 'R&D, "first"\nand last', **fields})


def test_what_a_list_does_not_know_yet_is_no_drift(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    lagging(runs, monkeypatch)
    declare(runs, title="Daily", attendees=["bob"])
    runs.apply()
    planned, calls = runs.plan()
    assert (planned.plan.changes, planned.plan.kept) == ((), 4)
    assert calls == {"event.list": 1, "event.get": 4}


def test_what_was_deleted_a_moment_ago_is_not_deleted_again(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    lagging(runs, monkeypatch)
    declare(runs, title="Stand-up", protect=False)
    runs.hands.team.config["meetings"]["standup"]["schedule"]["skip"] = ["2026-12-07"]
    runs.apply()
    planned, _ = runs.plan()
    assert (planned.plan.changes, planned.plan.kept) == ((), 3)


def test_lists_are_believed_again_once_they_have_shown_what_was_written(runs: Runs) -> None:
    declare(runs, title="Daily")
    runs.apply()
    assert runs.plan()[1] == {"event.list": 1}
    event = runs.hands.team.events("alice")[0]
    runs.hands.team.client.events.patch(
        organizer="union-alice", event_id=event.id, patch=EventPatch(title="By hand"), token="hand"
    )
    planned, calls = runs.plan()
    assert len(planned.plan.changes) == 1
    assert "event.get" not in calls


def test_of_an_event_that_a_list_shows_twice_the_later_version_counts(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ReadSession.read

    def twice(self: ReadSession, call: Any, **asked: Any) -> Any:
        answer = dict(real(self, call, **asked))
        if call is EVENT_LIST:
            old = {"summary": "Once", "updateTime": "2026-01-01T00:00:00.000Z"}
            answer["events"] = [*answer["events"], *({**event, **old} for event in answer["events"])]
        return answer

    monkeypatch.setattr(ReadSession, "read", twice)
    for lost in (False, True):
        if lost:
            runs.store.save(replace(runs.store.load(), entries={}, calendars={}))
        planned, _ = runs.plan()
        assert (planned.plan.changes, planned.plan.kept) == ((), 4)


SPELLINGS: dict[str, Callable[[Event], Event]] = {
    "line ends": lambda event: replace(event, description=event.description.replace("\n", "\r\n") + "\r\n"),
    "breaks": lambda event: replace(event, description=event.description.replace("\n", "<br>")),
    "escaped": lambda event: replace(event, description=event.description.replace("&", "&amp;")),
    "no zone": lambda event: replace(event, timezone=""),
    "zone": lambda event: replace(event, timezone="PRC"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_server_with_a_spelling_of_its_own_costs_no_further_calls(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    declare(runs, title="R&D")
    runs.apply()
    shown_as(monkeypatch, SPELLINGS[spelling])
    for _ in range(2):
        planned, calls = runs.plan()
        assert planned.plan.changes == ()
        assert calls == {"event.list": 1}


EDITORS: dict[str, Callable[[str], str]] = {
    "paragraphs": lambda text: "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n")),
    "bullet": lambda text: text.replace("reconciler:1/", "• reconciler:1/"),
    "joined": lambda text: text.replace("\n", " "),
    "wrapped": lambda text: text.replace("&revision", "\n&revision"),
    "unseen": lambda text: text.replace("reconciler:1/", "\u200breconciler:1/") + "\u200b",
}


@pytest.mark.parametrize("editor", EDITORS)
def test_a_marker_that_an_editor_has_altered_is_found_without_a_state(runs: Runs, editor: str) -> None:
    client, before = runs.hands.team.client, runs.hands.team.events("alice")
    for event in before:
        client.events.patch(
            organizer="union-alice",
            event_id=event.id,
            patch=EventPatch(description=EDITORS[editor](event.description)),
            token=f"hand-{event.id}",
        )
    runs.store.save(replace(runs.store.load(), entries={}, calendars={}))
    planned, _ = runs.plan()
    assert {planned.change.action for planned in planned.plan.changes} == {Action.UPDATE}
    runs.apply()
    after = runs.hands.team.events("alice")
    assert [(one.id, one.description) for one in after] == [(one.id, one.description) for one in before]
    assert runs.plan()[0].plan.changes == ()
