"""The ways through the program: what a command does, from the config to a plan, and from a plan to an outcome.

Everything here can be called without a command line: it reads and writes what it is given, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler import apply as applying
from reconciler.config.model import Config
from reconciler.desired import People, desired
from reconciler.diff import Action, Change, Diff, diff
from reconciler.dingtalk import Client, Reader
from reconciler.drift import Finding, find_drift
from reconciler.errors import PlanStale, StateError, UnreadableState, UsageError
from reconciler.gathering import address_of, gathered, not_to_be_adopted, with_instances
from reconciler.guard import disabled, frozen, gone_before_adoption, spare
from reconciler.lastseen import last_seen
from reconciler.models import Key, Link, Occurrence
from reconciler.observe import Heard, Refresh, Scope, listen, observe, remembered, verify
from reconciler.observed import Observation, Observed, Told
from reconciler.operations import Plan, Quota, verification_of
from reconciler.outcome import Outcome, waiting_now
from reconciler.plan import plan
from reconciler.planfile import config_digest, seen_digest, state_digest
from reconciler.policy import verification_budget
from reconciler.provider import resolve_people
from reconciler.remembering import with_calendars
from reconciler.room import RoomNote
from reconciler.rooming import assign_rooms, foresee, with_spares
from reconciler.roomreads import RoomReads
from reconciler.schedule.workdays import REACH
from reconciler.settings import readable
from reconciler.settled import Settled, settle
from reconciler.sharing import AHEAD
from reconciler.state.edit import renamed
from reconciler.state.lines import joined, parted, without_past
from reconciler.state.model import State, pruned
from reconciler.state.store import Store
from reconciler.upcoming import ahead, days_off, explained, made_up, next_dates
from reconciler.waiting import wait_for_answers
from reconciler.wishing import as_applied

SLACK = timedelta(days=31)  # how far around what was seen the schedule is expanded, so that old finds its new
NEAR = timedelta(days=REACH)  # an occurrence that a day off moved ahead may be gone by its own date
FARTHEST = timedelta(days=732)  # beyond, nothing seen is looked for: a marker is but text, and may name any year


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a plan is asked for.

    `targets` are names of meetings, none: all; or all but those `excluded`. `destroy` wants nothing to be left.
    `forget` goes by the markers alone, as if there were no state, and looks for them in the calendars of all people.
    With `foresight` it is asked what will come of each booking.
    """

    refresh: Refresh = Refresh.AUTO
    targets: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    destroy: bool = False
    forget: bool = False
    foresight: bool = True
    parallelism: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with what it was made from. `names` are people and rooms as the config calls them, by their ids."""

    plan: Plan
    state: State
    people: People
    names: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)  # what the calendars told, by organiser
    settled: Settled = field(default_factory=Settled)  # what needs no look, and is kept in the state as it stands


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
    _check_targets(config, store, question)
    state = store.load(unread=True)
    people, known = resolve_people(config, client, state)
    state = replace(renamed(state, config.moved), people=known)
    if question.forget:
        state, question = replace(state, entries={}, calendars={}), replace(question, refresh=Refresh.FULL)
    heard, settled = _heard(config, client, state, people, question, now=now, progress=progress)
    try:
        rest = replace(state, entries=parted(state.entries, settled.meetings)[1])
    except UnreadableState as error:
        store.give_up(error)
        return make_plan(config, client, store, question, now=now, progress=progress)
    names, excluded = names_of(config, people), question.excluded | disabled(config)
    open_ = replace(config, meetings={k: one for k, one in config.meetings.items() if k not in settled.meetings})
    look = _look(open_, client, rest, people, question, heard, now=now, progress=progress)
    reads = _room_reads(config, client, state, people, question, now=now)

    def is_meant(name: str) -> bool:
        return name not in excluded and (not question.targets or name in question.targets)

    rooming = assign_rooms(
        look.wanted,
        look.seen,
        reads,
        now=now,
        until=look.until,
        is_meant=is_meant,
        rules=question.foresight,
    )
    found, seen = _differences(client, look, rooming.wanted, question, excluded, now=now, progress=progress)
    found, spared = spare(found, config)
    off = () if question.destroy else days_off(config, after=now - NEAR, before=look.until + SLACK)
    found = explained(found, off, state.days_off, on_workdays=made_up(config))
    made = with_spares(plan(found, seen, workspace=config.workspace, now=now, until=look.until), rooming.spares)
    made = foresee(config, made, rooming.shortages, reads if question.foresight else None, names=names, now=now)
    freeze = (f"{told}\n  apply refuses without --override-freeze",) if (told := frozen(config, now)) else ()
    gone = gone_before_adoption(found, config)
    unread = (*rooming.warnings, *(reads.warnings if reads is not None else ()))
    warnings = (*freeze, *spared, *unread, *gone, *(str(problem) for problem in config.warnings))
    return Planned(
        plan=replace(
            made,
            warnings=warnings,
            quota=_quota(config, state, client, now),
            kept=made.kept + sum(many for name, many in settled.kept.items() if is_meant(name)),
            verification=verification_of(seen, now=now) + settled.verification,
            days_off=ahead(off, now=now, before=look.until),
            rules=() if question.destroy else next_dates(config, found, now=now),
        ),
        state=state if reads is None else replace(state, rooms=reads.notes),
        people=people,
        names=names,
        told=seen.calendars,
        settled=settled,
    )


def _heard(
    config: Config,
    reader: Reader,
    state: State,
    people: People,
    question: Question,
    *,
    now: datetime,
    progress: Callable[[int, int], None],
) -> tuple[Heard | None, Settled]:
    """Return what the calendars tell, and which meetings therefore need no look; None and none where all is asked."""
    if question.refresh is not Refresh.AUTO or question.destroy or question.forget:
        return None, Settled()
    scope = _scope(config, people, (), question)
    heard = listen(reader, state, scope, now=now, parallelism=question.parallelism, progress=progress)
    budget = verification_budget(config.verify, _quota(config, state, reader, now), now)
    return heard, settle(config, people, state, heard, now=now, budget=budget)


def _differences(
    reader: Reader,
    look: _Look,
    wanted: tuple[Occurrence, ...],
    question: Question,
    excluded: frozenset[str],
    *,
    now: datetime,
    progress: Callable[[int, int], None],
) -> tuple[Diff, Observation]:
    """Return what differs, and what was seen: what is about to change as it is, and not only as it should be."""

    def found(seen: Observation) -> Diff:
        return diff(wanted, seen, now=now, create_before=look.until, targets=question.targets, excluded=excluded)

    first = found(look.seen)
    keys = [change.before.key for change in first.changes if change.before is not None]
    if not keys:
        return first, look.seen
    seen = verify(reader, look.seen, look.scope, keys, now=now, parallelism=question.parallelism, progress=progress)
    return found(seen), seen


def _room_reads(
    config: Config, client: Reader, state: State, people: People, question: Question, *, now: datetime
) -> RoomReads | None:
    """Return what can ask about rooms, None where nobody is to be asked."""
    if question.refresh is Refresh.NONE or not config.meetings:
        return None
    requester = people[min(config.meetings.values(), key=lambda meeting: meeting.name).organizer]
    return RoomReads(client, state.rooms, requester=requester, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Both sides of a comparison: what is wanted before `until` (and as far around as was seen), and what is there."""

    wanted: tuple[Occurrence, ...]
    seen: Observation
    until: datetime
    scope: Scope


def _look(  # noqa: PLR0917  # all of it is what a look takes
    config: Config,
    reader: Reader,
    state: State,
    people: People,
    question: Question,
    heard: Heard | None = None,
    *,
    now: datetime,
    progress: Callable[[int, int], None],
) -> _Look:
    until = now + config.horizon
    expected = () if question.destroy else desired(config, people, after=now, before=until)
    scope = _scope(config, people, expected, question)
    spend = verification_budget(config.verify, _quota(config, state, reader, now), now)
    scope = replace(scope, budget=spend, every=config.verify.every, until=until)
    everybody = frozenset(people.values())
    if question.forget:
        scope = replace(scope, organizers=everybody)
    elif not state.organizers:  # none was ever applied, even if a look has counted its calls
        scope = replace(scope, trusted=everybody)  # nobody remembers who else was an organiser
    seen = observe(reader, state, scope, now=now, heard=heard, parallelism=question.parallelism, progress=progress)
    wanted = () if question.destroy else _wanted(config, people, seen, now=now, until=until)
    wanted = gathered(wanted, config, seen, now=now, before=until)
    return _Look(wanted=wanted, seen=not_to_be_adopted(wanted, seen), until=until, scope=scope)


def check_saved(
    plan: Plan, ground: Mapping[str, Any], config: Config, client: Client, store: Store, *, now: datetime
) -> Planned:
    """Return a saved plan ready to be applied, after looking at all that it will touch, and at nothing else.

    `ground` is what the plan's file says it was made from. Raises PlanStale, naming all that has moved: the config, the
    state, an occurrence that has begun or was changed in DingTalk; and where something could not be read.
    """
    state = store.load()
    people, known = resolve_people(config, client, state)
    state = replace(state, people=known)
    touched = [planned.change for planned in plan.changes]
    keys = frozenset(one.key for change in touched for one in (change.before, change.after) if one is not None)
    scope = replace(_scope(config, people, (), Question(refresh=Refresh(ground["refresh"]))), only=keys, expected=keys)
    moved = [*_moved_ground(plan, ground, config, state)]
    state = renamed(state, config.moved)
    seen = verify(client, observe(client, state, scope, now=now), scope, keys, now=now)
    moved += [*_moved_occurrences(touched, seen, now)]
    if moved:
        fix = "plan again, and look at what is different now"
        raise PlanStale("the plan is stale: " + "; ".join(moved), fix=fix)
    return Planned(
        plan=replace(plan, quota=_quota(config, state, client, now)),
        state=state,
        people=people,
        names=names_of(config, people),
        told=seen.calendars,
    )


def _moved_ground(plan: Plan, ground: Mapping[str, Any], config: Config, state: State) -> Iterator[str]:
    if plan.workspace != config.workspace:
        yield f"it is of workspace {plan.workspace}, the config of {config.workspace}"
    if ground["config_digest"] != config_digest(config):
        yield "the config has changed"
    known = ground["state"]
    if state.serial == 0:
        return  # a runner that keeps nothing: what is in DingTalk decides
    if state.lineage != known["lineage"]:
        yield "the state is another one"
    elif state_digest(state) != known["digest"]:
        yield f"the state has moved on from serial {known['serial']} to {state.serial}"


def _moved_occurrences(touched: Iterable[Change], seen: Observation, now: datetime) -> Iterator[str]:
    duplicates = {_identity(one): one for one in seen.duplicates}
    again = {change.address for change in touched if change.action is Action.CANCEL}
    for change in touched:
        key = change.before.key if change.before is not None else change.after.key if change.after is not None else None
        if key is None:
            continue
        have = seen.occurrences.get(key)
        if change.duplicate and change.before is not None:
            have = duplicates.get(_identity(change.before))
        if key.meeting in seen.unresolved:
            yield f"{change.address} could not be read"
        elif _has_begun(change, have, now):
            yield f"{change.address} has begun"
        elif change.before is None and change.address in again:
            continue  # its predecessor is looked at
        elif seen_digest(have) != seen_digest(change.before):
            event = have.event if have is not None else None
            at = f" (last changed {event.updated})" if event is not None and event.updated else ""
            yield f"{change.address} was {'changed' if event is not None else 'removed'} in DingTalk{at}"


def _has_begun(change: Change, have: Observed | None, now: datetime) -> bool:
    if change.action is Action.CANCEL and change.before is not None and change.before.key.series:
        return have is not None and have.has_started(now)
    return change.start is not None and change.start <= now


def _identity(duplicate: Observed) -> str:
    if duplicate.event is not None:
        return duplicate.event.id
    return duplicate.conference.id if duplicate.conference is not None else ""


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
    before = calls_made(client)
    outcome = applying.apply(
        planned.plan,
        client,
        store.journal,
        clock=clock,
        names=planned.names,
        parallelism=parallelism,
        stop=stop,
        progress=progress,
    )
    kept, others = parted(planned.state.entries, planned.settled.meetings)
    state = applying.remembered(replace(planned.state, entries=others), planned.plan, outcome)
    state = pruned(with_calendars(state, planned.told, touched=outcome.touched), clock())
    kept = without_past(kept, clock())
    organizers = state.organizers | planned.settled.organizers
    state = replace(state, entries=joined(kept, state.entries), organizers=organizers)
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
        _count(store, made, now=clock())
    return replace(outcome, pending=found.pending, declined=found.declined, api_calls=outcome.api_calls + made)


def _count(store: Store, made: int, *, now: datetime) -> None:
    month = now.strftime("%Y-%m")
    try:
        with store.lock.held("apply", now=now):
            state = store.load(unread=True)
            store.save(replace(state, calls={month: state.calls.get(month, 0) + made}), rescue=False)
    except StateError:
        return  # the count is no promise


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


def calls_made(client: Reader) -> int:
    """Return how many calls `client` has made that count in the monthly quota."""
    return sum(client.session.calls.values())


def counted(state: State, client: Reader, now: datetime) -> State:
    """Return `state` with the calls of `client` added to those of this month; older months are forgotten."""
    month = now.strftime("%Y-%m")
    return replace(state, calls={month: state.calls.get(month, 0) + calls_made(client)})


def remember_calls(
    store: Store,
    client: Reader,
    *,
    now: datetime,
    rooms: Mapping[str, RoomNote] | None = None,
    planned: Planned | None = None,
) -> None:
    """Add the calls that a mere look took to those of this month, whom it has met, and what it learned of `rooms`.

    Of what was `planned` what the calendars told and which conferences were verified, so that it need not be asked
    again, unless another run has saved since. As far as the state can be written.
    """
    try:
        with store.lock.held("plan", now=now):
            state = store.load(unread=True)
            met = replace(state, people={**state.people, **client.people.learned}, rooms=rooms or state.rooms)
            if planned is not None and planned.state.serial == state.serial:
                kept, others = parted(met.entries, planned.settled.meetings)
                met = applying.looked_after(replace(met, entries=others), planned.plan)
                met = with_calendars(met, planned.told)
                met = replace(met, entries=joined(kept, met.entries))
            store.save(counted(met, client, now), rescue=False)
    except StateError:
        return  # a reader may have a state that it can't write, or that is in use: the count is no promise


def _quota(config: Config, state: State, client: Reader, now: datetime) -> Quota:
    month = now.strftime("%Y-%m")
    used = state.calls.get(month, 0) + calls_made(client)
    return Quota(month=month, used=used, limit=config.provider.monthly_quota)


def names_of(config: Config, people: People) -> dict[str, str]:
    """Return the aliases of people and rooms by their ids."""
    return {union_id: alias for alias, union_id in people.items()} | {
        room.id: room.alias for room in config.rooms.values()
    }


def _check_targets(config: Config, store: Store, question: Question) -> None:
    if question.targets and question.excluded:
        raise UsageError("--target and --exclude exclude each other", fix="use one of the two")
    named = question.targets | question.excluded
    known = config.meetings.keys() | {key.meeting for key in store.load().entries} if named else frozenset()
    for name in sorted(named - known):
        raise UsageError(f"there is no meeting {name!r}", fix=f"choose of: {', '.join(sorted(config.meetings))}")


def _scope(config: Config, people: People, expected: tuple[Occurrence, ...], question: Question) -> Scope:
    organizers = {meeting.name: people[meeting.organizer] for meeting in config.meetings.values()}
    meetings = {} if question.destroy else organizers
    return Scope(
        workspace=config.workspace,
        meetings=meetings,
        organizers=frozenset(organizers.values()),
        with_settings=frozenset(name for name in meetings if readable(config.meetings[name].settings)),
        with_attendees=frozenset(
            name
            for name in meetings
            if config.meetings[name].attendees is not None
            or any(override.attendees is not None for override in config.meetings[name].overrides.values())
        ),
        expected=frozenset(occurrence.key for occurrence in expected if not occurrence.serial)
        | _series_of(config, expected),
        refresh=question.refresh,
        adopt={
            event_id: Key(name, original, series=config.meetings[name].pattern is not None)
            for name in meetings
            for original, event_id in config.meetings[name].adopt.items()
        },
        moved=config.moved,
    )


def _series_of(config: Config, expected: Iterable[Occurrence]) -> frozenset[Key]:
    """Return the keys of the recurring events that have one of the expected dates."""
    names = {one.key.meeting for one in expected if one.serial}
    return frozenset(key for name in names if (key := address_of(config.meetings[name])) is not None)


def _wanted(
    config: Config, people: People, seen: Observation, *, now: datetime, until: datetime
) -> tuple[Occurrence, ...]:
    """Return the declared occurrences of a window that is wide enough for all that was seen to find its own."""
    originals = [key.original.replace(tzinfo=UTC) for key in seen.occurrences if not key.series]
    series = (one.event for one in seen.occurrences.values() if one.key.series)
    originals += [event.start for event in series if event is not None and event.start > now]  # it has not begun yet
    near = [one for one in originals if now - FARTHEST < one < until + FARTHEST]
    first = min([now, *near]) - timedelta(days=2)
    last = max([until, *near]) + SLACK
    return (*desired(config, people, after=first, before=last), *_far(config, people, after=last, until=now + FARTHEST))


def _far(config: Config, people: People, *, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """Yield the next occurrences beyond a window, of meetings that book them however far away they are."""
    for name, meeting in config.meetings.items():
        if meeting.link is Link.STABLE or meeting.pattern is not None:
            yield from desired(replace(config, meetings={name: meeting}), people, after=after, before=until)[:AHEAD]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is declared in a window, and what the state remembers of it."""

    wanted: tuple[Occurrence, ...]
    observed: Mapping[Key, Observed]
    people: People


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
    observed = last_seen(state, remembered(renamed(state, config.moved)), config.moved)
    wanted = as_applied(desired(config, people, after=now - timedelta(days=1), before=until), observed)
    return Agenda(
        wanted=tuple(occurrence for occurrence in wanted if occurrence.end > now),
        observed=with_instances(observed, wanted),
        people=people,
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
    _check_targets(config, store, question)
    state = store.load()
    state = renamed(state, config.moved)
    people, _ = resolve_people(config, reader, state)
    if question.refresh is Refresh.AUTO:
        question = replace(question, refresh=Refresh.FULL)  # who asks for drift wants to know all of it
    look = _look(config, reader, state, people, question, now=now, progress=progress)
    findings = find_drift(
        as_applied(look.wanted, look.seen.occurrences),
        look.seen,
        now=now,
        create_before=look.until,
        targets=question.targets,
        excluded=question.excluded | disabled(config),
    )
    return Drift(findings=findings, seen=look.seen, people=people)
