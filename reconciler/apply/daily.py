"""The events that one person may create in a day: how many are left, as far as we know, and what has to wait."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from reconciler.apply.outcome import Outcome
from reconciler.beijing import beijing_day
from reconciler.model.state import EventDay, State
from reconciler.plan.operations import Call, Operation, Plan, PlannedChange

MOST = 100  # a person and day; source: DingTalk's table of limits
CREATIONS = frozenset({Call.CONFERENCE_CREATE, Call.EVENT_CREATE})  # what is not done where the limit is reached


def events_left(state: State, now: datetime) -> Mapping[str, int]:
    """Return how many events can be created today for those organisers of whom anything is known, at most."""
    today = beijing_day(now)
    return {
        who: 0 if one.refused else max(0, MOST - one.made) for who, one in state.event_days.items() if one.day == today
    }


def with_events(state: State, outcome: Outcome, began: datetime) -> State:
    """Return `state` with the events that a run has created which `began` then; other days are forgotten.

    What it was refused counts for the day that it began on.
    """
    today = beijing_day(began)
    days = {who: one for who, one in state.event_days.items() if one.day == today}
    for who in outcome.created.keys() | outcome.refused:
        known = days.get(who, EventDay(day=today))
        made = known.made + outcome.created.get(who, 0)
        days[who] = replace(known, made=made, refused=known.refused or who in outcome.refused)
    return replace(state, event_days=days)


def told_deferrals(plan: Plan, state: State, names: Mapping[str, str], now: datetime) -> Iterator[str]:
    """Yield a warning for each organiser who can't get all the events of `plan` today."""
    left = events_left(state, now)
    for who, wanted in sorted(created_by(plan).items()):
        able = left.get(who, MOST)
        if wanted > able:
            later = f"{wanted - able:,} of {wanted:,} new events of {names.get(who, who)} have to wait for a later day"
            yield f"{later}\n  one person can create {MOST} events a day; {able} are left today, the nearest go first"


def created_by(plan: Plan) -> Counter[str]:
    """Return how many events `plan` creates, by organiser."""
    return Counter({who: len(changes) for who, changes in _creating(plan).items()})


def held_back(plan: Plan, left: Mapping[str, int]) -> Mapping[str, Operation]:
    """Return the calls of `plan` by their ids; what will surely be refused today waits for who learns whether it is.

    `left` is how many events can be created today for an organiser, where that is known. Only DingTalk knows for sure.
    So of those beyond the limit one goes when all within it are through, and the others of its organiser wait for what
    comes of it: if it is refused, no conference is made for them.
    """
    operations = {one.id: one for one in plan.operations}
    held = dict(operations)
    for who, changes in _creating(plan).items():
        able = left.get(who, MOST)
        within, beyond = changes[:able], changes[able:]
        if not beyond:
            continue
        probe = _creation(beyond[0])
        held[probe.id] = replace(probe, needs=(*probe.needs, *(_creation(one).id for one in within)))
        for one in (one for planned in beyond[1:] for one in planned.operations if one.call in CREATIONS):
            held[one.id] = replace(one, needs=(*one.needs, probe.id))
    with suppress(CycleError):  # what waits for each other across changes goes as it did
        TopologicalSorter({one.id: one.needs for one in held.values()}).prepare()
        return held
    return operations


def _creating(plan: Plan) -> Mapping[str, list[PlannedChange]]:
    """Return the changes that create an event, by organiser, in the order of the plan."""
    found: dict[str, list[PlannedChange]] = defaultdict(list)
    for planned in plan.changes:
        if planned.change.after is not None and any(one.call is Call.EVENT_CREATE for one in planned.operations):
            found[planned.change.after.organizer].append(planned)
    return found


def _creation(planned: PlannedChange) -> Operation:
    return next(one for one in planned.operations if one.call is Call.EVENT_CREATE)
