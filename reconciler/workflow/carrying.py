"""From a plan to an outcome, and to the state that remembers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from reconciler.apply import applying
from reconciler.apply.daily import events_left, with_events
from reconciler.apply.outcome import Outcome, waiting_now
from reconciler.apply.remembering import entry_of, remembered
from reconciler.dingtalk import Client
from reconciler.errors import StateError
from reconciler.model.state import State, pruned
from reconciler.rooms.waiting import wait_for_answers
from reconciler.state.edit import renamed
from reconciler.state.lines import joined, parted, without_past
from reconciler.state.remembering import with_calendars
from reconciler.state.store import Store
from reconciler.workflow.counting import calls_made, count_calls, counted
from reconciler.workflow.looking import (
    Planned,
)


def apply_plan(
    planned: Planned,
    client: Client,
    store: Store,
    *,
    clock: Callable[[], datetime],
    parallelism: int = 64,
    stop: applying.Stop | None = None,
    progress: applying.Progress = applying.untold,
) -> Outcome:
    """Carry out a plan, and save what is known afterwards."""
    before, began = calls_made(client), clock()
    kept, others = parted(planned.state.entries, planned.settled.meetings)
    changing = {one.change.address for one in planned.plan.changes}
    outcome = applying.apply(
        planned.plan,
        client,
        store.journal,
        clock=clock,
        names=planned.names,
        left=events_left(planned.state, began),
        known=frozenset(one.event_id for key, one in others.items() if str(key) not in changing),
        parallelism=parallelism,
        stop=stop,
        progress=progress,
    )
    state = remembered(replace(planned.state, entries=others), planned.plan, outcome)
    state = with_events(state, outcome, began)
    ended = clock()
    state = with_calendars(state, planned.told, touched=outcome.touched, deleted=outcome.deleted, now=ended)
    state = pruned(state, ended)
    kept = without_past(kept, clock())
    organizers = state.organizers | planned.settled.organizers
    rooms = {room: note for room, note in state.rooms.items() if room not in outcome.refused_rooms}
    state = replace(state, entries=joined(kept, state.entries), organizers=organizers, rooms=rooms)
    unsaved = None
    try:
        store.save(counted(state, client, clock()))
    except StateError as error:  # what was done is told all the same
        unsaved = applying.failure(error)
    orphans = planned.state.orphans + outcome.orphans  # what nobody has dismissed is told again
    return replace(
        outcome,
        orphans=orphans,
        api_calls=calls_made(client) - before,
        unsaved=unsaved,
        pending=waiting_now(planned.plan, outcome),
    )


def wait_for_approvals(
    planned: Planned,
    outcome: Outcome,
    client: Client,
    store: Store,
    *,
    limit_s: float,
    clock: Callable[[], datetime],
    sleep: Callable[[float], bool],
) -> Outcome:
    """Return `outcome` with what came of its bookings that wait for an approval, within `limit_s` seconds.

    `sleep` returns whether to go on. The state is not locked meanwhile; the calls that it takes are counted in it.
    """
    before = calls_made(client)
    found = wait_for_answers(
        client, outcome.pending, workspace=planned.plan.workspace, limit_s=limit_s, clock=clock, sleep=sleep
    )
    made = calls_made(client) - before
    if made:
        count_calls(store, made, now=clock())
    return replace(outcome, pending=found.pending, declined=found.declined, api_calls=outcome.api_calls + made)


def rebuild_state(planned: Planned, store: Store, client: Client, *, now: datetime) -> State:
    """Save, and return, a state made of what a plan saw: what is as declared, and what is there but differs.

    What could not be read stays as it was remembered.
    """
    unread = {one.who for one in planned.plan.failures} | {one.where for one in planned.plan.failures}
    known = renamed(store.load(), planned.moved).entries
    meetings = {key.meeting for key, entry in known.items() if entry.organizer in unread or str(key) in unread}
    meetings |= planned.held
    kept = {key: entry for key, entry in known.items() if key.meeting in meetings}  # a plan leaves out all of it
    state = remembered(planned.state, planned.plan, None)
    seen = {
        change.before.key: entry_of(change.before)
        for change in (one.change for one in planned.plan.changes)
        if change.before is not None and not change.duplicate and not change.before.adopting
    }
    whole = with_calendars(replace(state, entries={**kept, **seen, **state.entries}), planned.told)
    return store.save(counted(whole, client, now))
