"""What the state keeps of a run besides what was applied: calls, tokens, what was looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from reconciler.apply.remembering import looked_after
from reconciler.dingtalk import Reader
from reconciler.errors import StateError
from reconciler.model.room import RoomNote
from reconciler.model.state import State
from reconciler.state.lines import joined, organizers, parted
from reconciler.state.remembering import in_doubt, with_calendars, with_intact
from reconciler.state.store import Store
from reconciler.workflow.counting import counted
from reconciler.workflow.looking import Planned


def remember_calls(
    store: Store,
    client: Reader,
    *,
    now: datetime,
    rooms: Mapping[str, RoomNote] | None = None,
    planned: Planned | None = None,
) -> None:
    """Do as `remember_look`, under a lock of its own: where that is held, or can't be taken, nothing is remembered."""
    with suppress(StateError), store.lock.held("count calls", now=now):
        remember_look(store, client, now=now, rooms=rooms, planned=planned)


def remember_look(
    store: Store,
    client: Reader,
    *,
    now: datetime,
    rooms: Mapping[str, RoomNote] | None = None,
    planned: Planned | None = None,
    doubted: Collection[str] = (),
) -> None:
    """Add the calls that a mere look took to those of this month, whom it has met, and what it learned of `rooms`.

    Of what was `planned` what the calendars told and which conferences were verified, so that it need not be asked
    again, unless another run has saved since. Conferences and recurring events whose ids are `doubted` were seen to be
    otherwise than they should be: the next run asks for them. Who calls this holds the lock. A state that can't be
    written is no failure of a look: the count is no promise.
    """
    with suppress(StateError):
        state = store.load(unread=True)
        met = replace(state, people={**state.people, **client.people.learned}, rooms=rooms or state.rooms)
        if planned is not None and planned.state.serial == state.serial:
            met = with_intact(met, planned.intact)
            kept, others = parted(met.entries, planned.settled.meetings)
            met = looked_after(replace(met, entries=others), planned.plan)
            met = with_calendars(met, planned.told)
            met = _without_former(replace(met, entries=joined(kept, met.entries)), planned)
        if doubted:
            met = in_doubt(met, doubted)
        store.save(counted(met, client, now), rescue=False)


def _without_former(state: State, planned: Planned) -> State:
    """Return `state` without the organisers in whose calendars nothing of ours was left: they need not be asked again.

    Who else there may be is for an apply to say: as long as it knows of nobody, all people are looked for. So the last
    ones stay.
    """
    left = planned.plan.organizers | planned.settled.organizers
    left |= organizers(state.entries, besides=left, after=planned.plan.window_from)
    return replace(state, organizers=state.organizers & left or state.organizers)
