"""Runs one after the other, in this process, each asked what it called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from adopting import Hands

from reconciler.apply.outcome import Status
from reconciler.config import load
from reconciler.dingtalk.events import EventList, EventReader
from reconciler.model.occurrence import Event
from reconciler.state.store import Store, local_store
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.carrying import apply_plan
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan


@dataclass
class Runs:
    """Runs one after the other, each with a client of its own as a process would have."""

    hands: Hands

    @property
    def store(self) -> Store:
        return local_store(self.hands.team.folder, "acme-platform")

    def plan(self, **question: Any) -> tuple[Planned, Counter[str]]:
        """Return a plan, and the calls that it took."""
        self.hands.team.write()
        config = load(self.hands.team.folder / "meetings.yaml", now=self.hands.now)
        before = len(self.hands.calls())
        store = self.store
        planned = make_plan(config, self.hands.team.client, store, Question(**question), now=self.hands.now)
        remember_calls(store, self.hands.team.client, now=self.hands.now, planned=planned)
        return planned, Counter(self.hands.calls()[before:])

    def apply(self) -> None:
        planned, _ = self.plan()
        outcome = apply_plan(planned, self.hands.team.client, self.store, clock=lambda: self.hands.now)
        assert outcome.count(Status.DONE) == len(outcome.results), outcome


def shown_as(monkeypatch: pytest.MonkeyPatch, change: Callable[[Event], Event]) -> None:
    """Have lists show events as `change` returns them."""
    real = EventReader.list

    def odd(self: EventReader, **question: Any) -> EventList:
        found = real(self, **question)
        return replace(found, events=tuple(change(event) for event in found.events))

    monkeypatch.setattr(EventReader, "list", odd)


def lagging(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have lists go on to show the events of now."""
    before = {event.id: event for event in runs.hands.team.events("alice")}
    shown_as(monkeypatch, lambda event: before.get(event.id, event))
