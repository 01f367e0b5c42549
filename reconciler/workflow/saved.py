"""A saved plan, on the day it is to be applied: whether all is as it was, and as the config asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.config.model import Config
from reconciler.diff.change import Change
from reconciler.dingtalk import Client
from reconciler.errors import NotRead, PlanStale
from reconciler.model.observed import Observation
from reconciler.model.occurrence import RoomStatus
from reconciler.observe import Refresh, observe, verify
from reconciler.plan.agreement import disagreements, without_instances
from reconciler.plan.digests import config_digest
from reconciler.plan.file import check_format
from reconciler.plan.operations import Pending, Plan
from reconciler.plan.staleness import capped, moved_ground, moved_occurrences, unread
from reconciler.plan.upcoming import rules_of
from reconciler.state.edit import moves, renamed
from reconciler.state.store import Store
from reconciler.workflow.counting import quota_of
from reconciler.workflow.looking import (
    FARTHEST,
    Planned,
    Question,
    scope_of,
    trusting,
)
from reconciler.workflow.people import resolve_people, waiting, without
from reconciler.workflow.planning import names_of


def check_saved(
    plan: Plan, ground: Mapping[str, Any], config: Config, client: Client, store: Store, *, now: datetime
) -> Planned:
    """Return a saved plan ready to be applied, after looking at all that it will touch, and at nothing else.

    `ground` is what the plan's file says it was made from. Raises PlanStale, naming all that has moved: the config, the
    state, an occurrence that has begun or was changed in DingTalk; and all in the plan that is not what the config asks
    for. Raises NotRead where nothing has moved as far as could be read, and not all could; PlanUnreadable where a newer
    program made it.
    """
    check_format(ground)
    state = store.load()
    who = resolve_people(config, client, state)
    people, state = who.people, replace(state, people=who.known)
    touched = [planned.change for planned in plan.changes]
    keys = frozenset(one.key for change in touched for one in (change.before, change.after) if one is not None)
    moved, same_config = [*moved_ground(plan, ground, config, state)], ground["config_digest"] == config_digest(config)
    config = replace(config, moved=moves(config, state))
    held = waiting(config, who, idle=config.meetings.keys() - {key.meeting for key in keys})
    config = without(config, held.meetings)
    scope = scope_of(config, people, (), Question(refresh=Refresh(ground["refresh"])))
    scope = trusting(replace(scope, only=keys, expected=keys), people, state)
    if not scope.trusted:  # the state knows whose events are ours, so nobody else's calendar has to tell
        scope = replace(scope, alone=_organizers(touched))
    state = renamed(state, config.moved)
    seen = verify(client, observe(client, state, scope, now=now), scope, keys, now=now)
    seen = replace(seen, failures=(*held.failures, *seen.failures), unresolved=seen.unresolved | held.meetings)
    names = names_of(config, people)
    moved += [*moved_occurrences(touched, seen, names, now, same_config=same_config)]
    failures = unread(touched, seen, names)
    missing = [f"{one.where} could not be read: {one.message} [{one.code}]" for one in failures]
    if moved:
        fix = "plan again, and check what is different now"
        raise PlanStale(f"the plan is stale: {capped([*moved, *missing])}", fix=fix)
    if missing:
        code = ",".join(sorted({one.code for one in failures}))
        raise NotRead(
            f"the plan can't be checked: {capped(missing)}", code=code, fix="nothing was changed: run it again"
        )
    odd = [*disagreements(plan, config, people, state, seen, now=now, reach=FARTHEST)]
    if odd:
        fix = "plan again: somebody may have edited the file, or another version of the program made it"
        raise PlanStale("the plan is not what the config asks for: " + "; ".join(odd[:10]), fix=fix)
    changed = {one.meeting for one in plan.rules} | {key.meeting for key in keys}
    return Planned(
        plan=replace(
            without_instances(plan), pending=_still_pending(plan, seen), quota=quota_of(config, state, client, now)
        ),
        state=replace(state, rules={**state.rules, **rules_of(config, changed)}),
        people=people,
        names=names,
        told=seen.calendars,
    )


def _organizers(touched: Iterable[Change]) -> frozenset[str]:
    """Return in whose calendars a plan is going to change anything."""
    return frozenset(one.organizer for change in touched for one in (change.before, change.after) if one is not None)


def _still_pending(plan: Plan, seen: Observation) -> tuple[Pending, ...]:
    """Return what waits for an approval by now, of what the plan saw waiting."""
    waits = {
        (str(key), room.room_id): room.status is RoomStatus.TENTATIVE
        for key, one in seen.occurrences.items()
        if one.event is not None
        for room in one.event.rooms
    }
    return tuple(one for one in plan.pending if not one.booked or waits.get((one.address, one.room), True))
