"""What people changed, found by a reader that can't write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.config.model import Config
from reconciler.desired import People
from reconciler.diff.drift import Cause, Finding, find_drift
from reconciler.diff.guard import disabled
from reconciler.dingtalk import Reader
from reconciler.model.observed import Observation
from reconciler.observe import Refresh
from reconciler.rooms.wishing import as_applied
from reconciler.state.edit import moves, renamed
from reconciler.state.store import Store
from reconciler.workflow.looking import (
    Ground,
    Question,
    idle,
    look_at,
    with_names_of_today,
)
from reconciler.workflow.people import farewells, resolve_people, waiting, without


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What was found to differ from what was last applied, and what was seen."""

    findings: tuple[Finding, ...]
    seen: Observation
    people: People

    @property
    def edited(self) -> frozenset[str]:
        """Return the ids of the conferences and events that people changed."""
        seen = [one.observed for one in self.findings if one.cause is Cause.EDITED and one.observed is not None]
        events = {one.event.id for one in seen if one.event is not None}
        return frozenset(events | {one.conference_id for one in seen} - {""})


def look_for_drift(
    config: Config,
    reader: Reader,
    store: Store,
    question: Question,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Drift:
    """Return what differs from what was last applied as of `now`. It has no client that could write.

    Raises UsageError for a target that is no meeting, StateError, and ApiError where people can't be resolved.
    """
    question = with_names_of_today(config, store, question)
    state = store.load()
    whole = replace(config, moved=moves(config, state))
    state = renamed(state, whole.moved)
    who = resolve_people(whole, reader, state)
    held = waiting(whole, who, idle=idle(whole, question))
    config, people = without(whole, held.meetings), who.people
    if question.refresh is Refresh.AUTO:
        question = replace(question, refresh=Refresh.FULL)  # who asks for drift wants to know all of it
    look = look_at(
        Ground(config=config, reader=reader, state=state, people=people, question=question, now=now, progress=progress)
    )
    findings = find_drift(
        as_applied(look.wanted, look.seen.occurrences),
        look.seen,
        now=now,
        create_before=look.until,
        targets=question.targets,
        excluded=question.excluded | disabled(whole) | held.meetings,
    )
    failures = (*held.failures, *farewells(look.seen.failures, config, people))
    return Drift(findings=findings, seen=replace(look.seen, failures=failures), people=people)
