"""The ways through the program: what a command does, from the config to a plan, and from a plan to an outcome.

Everything here can be called without a command line: it reads and writes what it is given, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from reconciler import apply as applying
from reconciler.agreement import disagreements, without_instances
from reconciler.config.model import Config
from reconciler.counting import calls_made, count_calls, counted, quota_of
from reconciler.daily import events_left, told_deferrals, with_events
from reconciler.desired import People, desired
from reconciler.diff import Diff
from reconciler.differing import Differences, differences
from reconciler.dingtalk import Client, Reader
from reconciler.drift import Finding, find_drift
from reconciler.errors import PlanStale, StateError, UnreadableState
from reconciler.gathering import with_instances
from reconciler.guard import disabled, frozen, gone_before_adoption, spare
from reconciler.lastseen import last_seen
from reconciler.looking import (
    FARTHEST,
    SLACK,
    Planned,
    Question,
    Sides,
    check_targets,
    heard_of,
    look_at,
    looked_again,
    scope_of,
)
from reconciler.models import Key, Occurrence
from reconciler.observe import Refresh, observe, remembered, verify
from reconciler.observed import Observation, Observed
from reconciler.operations import Plan, verification_of
from reconciler.outcome import Outcome, waiting_now
from reconciler.plan import halted_swaps, plan, without_swaps
from reconciler.planfile import check_format
from reconciler.policy import foretold_refusal
from reconciler.provider import resolve_people
from reconciler.remembering import with_calendars
from reconciler.rooming import Rooming, assign_rooms, foresee, refused_by_rules, with_halted, with_pools
from reconciler.roomreads import RoomReads
from reconciler.schedule.workdays import REACH
from reconciler.staleness import capped, moved_ground, moved_occurrences
from reconciler.state.edit import moves, renamed, without_undone
from reconciler.state.lines import joined, parted, without_past
from reconciler.state.model import State, pruned
from reconciler.state.store import Store
from reconciler.upcoming import ahead, days_off, explained, made_up, next_dates, rules_of
from reconciler.waiting import wait_for_answers
from reconciler.wishing import as_applied

NEAR = timedelta(days=REACH)  # an occurrence that a day off moved ahead may be gone by its own date


def make_plan(
    config: Config,
    client: Client,
    store: Store,
    question: Question,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Planned:
    """Return what has to be done as of `now`. Reads DingTalk and the state, writes neither.

    Raises UsageError for a target that is no meeting, StateError, and ApiError where people can't be resolved.
    """
    check_targets(config, store, question)
    state = without_undone(store.load(unread=True), config.meetings)
    people, known = resolve_people(config, client, state)
    config = replace(config, moved=moves(config, state))
    state = replace(renamed(state, config.moved), people=known)
    if question.forget:
        state, question = replace(state, entries={}, calendars={}), replace(question, refresh=Refresh.FULL)
    heard, settled = heard_of(config, client, state, people, question, now=now, progress=progress)
    try:
        rest = replace(state, entries=parted(state.entries, settled.meetings)[1])
    except UnreadableState as error:
        store.give_up(error)
        return make_plan(config, client, store, question, now=now, progress=progress)
    names, excluded = names_of(config, people), question.excluded | disabled(config)
    open_ = replace(config, meetings={k: one for k, one in config.meetings.items() if k not in settled.meetings})
    look = look_at(open_, client, rest, people, question, heard, now=now, progress=progress)
    reads = _room_reads(config, client, state, people, question, now=now)

    def is_meant(name: str) -> bool:
        return name not in excluded and (not question.targets or name in question.targets)

    def compared(look: Sides) -> tuple[Rooming, Differences]:
        rooming = assign_rooms(
            look.wanted, look.seen, reads, now=now, until=look.until, is_meant=is_meant, rules=question.foresight
        )
        return rooming, differences(client, look, rooming.wanted, question, excluded, now=now, progress=progress)

    rooming, difference = compared(look)
    while difference.doubted:
        doubted = look.scope.doubted | difference.doubted
        look = replace(look, seen=difference.seen, scope=replace(look.scope, doubted=doubted))
        look = looked_again(open_, client, rest, people, question, heard or {}, look, now=now, progress=progress)
        rooming, difference = compared(look)
    found, seen = difference.found, difference.seen
    found, spared = spare(found, config)
    off = () if question.destroy else days_off(config, after=now - NEAR, before=look.until + SLACK)
    declared = () if question.destroy else tuple(filter(is_meant, config.meetings))
    rules = rules_of(config, declared)
    kept_rules = {name: rule for name, rule in state.rules.items() if not is_meant(name)}
    found = explained(found, off, state.days_off, on_workdays=made_up(config))
    asks = reads if question.foresight else None

    def foreseen(found: Diff) -> Plan:
        made = plan(found, seen, workspace=config.workspace, now=now, until=look.until)
        return foresee(config, with_pools(made, rooming, config), rooming, asks, now=now)

    made = foreseen(found)
    swaps = halted_swaps(found, refused) if (refused := refused_by_rules(made)) else ()
    if swaps:
        made = with_halted(foreseen(without_swaps(found, swaps)), made, swaps)
    freeze = (f"{told}\n  apply refuses without --override-freeze",) if (told := frozen(config, now)) else ()
    gone = gone_before_adoption(found, config)
    unread = (*rooming.warnings, *(reads.warnings if reads is not None else ()))
    warnings = (*freeze, *spared, *unread, *gone, *(str(problem) for problem in config.warnings))
    made = replace(
        made,
        quota=quota_of(config, state, client, now),
        kept=made.kept + sum(many for name, many in settled.kept.items() if is_meant(name)),
        verification=verification_of(seen, now=now) + settled.verification,
        days_off=ahead(off, now=now, before=look.until),
        rules=next_dates(config, found, state.rules, meetings=declared, now=now),
    )
    foretold = () if question.destroy else foretold_refusal(made)
    deferred = told_deferrals(made, state, names, now)
    return Planned(
        plan=replace(made, warnings=(*foretold, *deferred, *warnings)),
        state=replace(state, rooms=reads.notes if reads is not None else state.rooms, rules=kept_rules | rules),
        people=people,
        names=names,
        told=seen.calendars,
        settled=settled,
    )


def _room_reads(
    config: Config, client: Reader, state: State, people: People, question: Question, *, now: datetime
) -> RoomReads | None:
    """Return what can ask about rooms, None where nobody is to be asked."""
    if question.refresh is Refresh.NONE or not config.meetings:
        return None
    requester = people[min(config.meetings.values(), key=lambda meeting: meeting.name).organizer]
    return RoomReads(client, state.rooms, requester=requester, now=now)


def names_of(config: Config, people: People) -> dict[str, str]:
    """Return the aliases of people and rooms by their ids."""
    return {union_id: alias for alias, union_id in people.items()} | {
        room.id: room.alias for room in config.rooms.values()
    }


def check_saved(
    plan: Plan, ground: Mapping[str, Any], config: Config, client: Client, store: Store, *, now: datetime
) -> Planned:
    """Return a saved plan ready to be applied, after looking at all that it will touch, and at nothing else.

    `ground` is what the plan's file says it was made from. Raises PlanStale, naming all that has moved: the config, the
    state, an occurrence that has begun or was changed in DingTalk; where something could not be read; and all in the
    plan that is not what the config asks for. Raises PlanUnreadable where a newer program made it.
    """
    check_format(ground)
    state = store.load()
    people, known = resolve_people(config, client, state)
    state = replace(state, people=known)
    touched = [planned.change for planned in plan.changes]
    keys = frozenset(one.key for change in touched for one in (change.before, change.after) if one is not None)
    moved = [*moved_ground(plan, ground, config, state)]
    config = replace(config, moved=moves(config, state))
    scope = replace(
        scope_of(config, people, (), Question(refresh=Refresh(ground["refresh"]))), only=keys, expected=keys
    )
    state = renamed(state, config.moved)
    seen = verify(client, observe(client, state, scope, now=now), scope, keys, now=now)
    moved += [*moved_occurrences(touched, seen, names_of(config, people), now)]
    if moved:
        fix = "plan again, and look at what is different now"
        raise PlanStale(f"the plan is stale: {capped(moved)}", fix=fix)
    odd = [*disagreements(plan, config, people, state, seen, now=now, reach=FARTHEST)]
    if odd:
        fix = "plan again: somebody may have edited the file, or another version of the program made it"
        raise PlanStale("the plan is not what the config asks for: " + "; ".join(odd[:10]), fix=fix)
    changed = {one.meeting for one in plan.rules} | {key.meeting for key in keys}
    return Planned(
        plan=replace(without_instances(plan), quota=quota_of(config, state, client, now)),
        state=replace(state, rules={**state.rules, **rules_of(config, changed)}),
        people=people,
        names=names_of(config, people),
        told=seen.calendars,
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
    outcome = applying.apply(
        planned.plan,
        client,
        store.journal,
        clock=clock,
        names=planned.names,
        left=events_left(planned.state, began),
        parallelism=parallelism,
        stop=stop,
        progress=progress,
    )
    kept, others = parted(planned.state.entries, planned.settled.meetings)
    state = applying.remembered(replace(planned.state, entries=others), planned.plan, outcome)
    state = with_events(state, outcome, began)
    state = pruned(with_calendars(state, planned.told, touched=outcome.touched), clock())
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
    """Save, and return, a state made of what a plan saw: what is as declared, and what is there but differs."""
    state = applying.remembered(planned.state, planned.plan, None)
    seen = {
        change.before.key: applying.entry_of(change.before)
        for change in (one.change for one in planned.plan.changes)
        if change.before is not None and not change.duplicate and not change.before.adopting
    }
    known = with_calendars(replace(state, entries={**seen, **state.entries}), planned.told)
    return store.save(counted(known, client, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is declared in a window, and what the state remembers of it."""

    wanted: tuple[Occurrence, ...]
    observed: Mapping[Key, Observed]
    people: People
    pools: Mapping[Key, int]  # how many rooms those want that would take any of several


def remembered_agenda(config: Config, store: Store, *, now: datetime, until: datetime) -> Agenda:
    """Return the declared occurrences that are on at `now` or start before `until`, and our memory of them.

    Asks nobody: a person whose union id was never resolved goes by the alias.
    """
    state = store.load()
    people = {
        person.alias: person.union_id
        or state.people.get(f"userid:{person.userid}")
        or state.people.get(f"mobile:{person.mobile}")
        or person.alias
        for person in config.people.values()
    }
    names = moves(config, state)
    observed = last_seen(state, remembered(renamed(state, names)), names)
    declared = desired(config, people, after=now - timedelta(days=1), before=until)
    wanted = as_applied(declared, observed)
    return Agenda(
        wanted=tuple(occurrence for occurrence in wanted if occurrence.end > now),
        observed=with_instances(observed, wanted),
        people=people,
        pools={one.key: one.pool.count for one in declared if one.pool is not None},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What was found to differ from what was last applied, and what was seen."""

    findings: tuple[Finding, ...]
    seen: Observation
    people: People


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
    check_targets(config, store, question)
    state = store.load()
    config = replace(config, moved=moves(config, state))
    state = renamed(state, config.moved)
    people, _ = resolve_people(config, reader, state)
    if question.refresh is Refresh.AUTO:
        question = replace(question, refresh=Refresh.FULL)  # who asks for drift wants to know all of it
    look = look_at(config, reader, state, people, question, now=now, progress=progress)
    findings = find_drift(
        as_applied(look.wanted, look.seen.occurrences),
        look.seen,
        now=now,
        create_before=look.until,
        targets=question.targets,
        excluded=question.excluded | disabled(config),
    )
    return Drift(findings=findings, seen=look.seen, people=people)
