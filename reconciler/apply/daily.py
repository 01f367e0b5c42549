"""The events that one person may create in a day: how many are left, as far as we know, and what has to wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.apply.outcome import Outcome
from reconciler.beijing import beijing_day
from reconciler.model.state import EventDay, State
from reconciler.plan.operations import Call, Plan

MOST = 100  # a person and day; source: DingTalk's table of limits


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
    return Counter(
        planned.change.after.organizer
        for planned in plan.changes
        if planned.change.after is not None and any(one.call is Call.EVENT_CREATE for one in planned.operations)
    )
