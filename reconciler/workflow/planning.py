"""From the config to a plan: both sides are looked at, compared, and all is told. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.apply.daily import told_deferrals
from reconciler.config.model import Config
from reconciler.desired import People, aliases_of
from reconciler.diff.change import Diff
from reconciler.diff.gathering import rooms_of_growing
from reconciler.diff.guard import disabled, frozen, gone_before_adoption, spare
from reconciler.diff.renames import unsaid_renames
from reconciler.dingtalk import Client, Reader
from reconciler.errors import UnreadableState
from reconciler.model.occurrence import Key
from reconciler.model.state import Entry, State
from reconciler.observe import Heard, Refresh
from reconciler.plan.making import plan
from reconciler.plan.operations import Plan, verification_of
from reconciler.plan.policy import foretold_refusal
from reconciler.plan.swaps import halted_swaps, without_swaps
from reconciler.plan.upcoming import ahead, days_off, destroyed, explained, made_up, next_dates, rules_of
from reconciler.rooms.assigning import Rooming, assign_rooms
from reconciler.rooms.checking import foresee, refused_by_rules, with_halted, with_pools
from reconciler.rooms.reads import RoomReads
from reconciler.rooms.rules import latest_end
from reconciler.schedule.workdays import REACH
from reconciler.state.edit import moves, renamed, without_undone
from reconciler.state.lines import parted
from reconciler.state.store import Store
from reconciler.workflow.counting import quota_of
from reconciler.workflow.differing import Differences, differences
from reconciler.workflow.looking import (
    SLACK,
    Ground,
    Hearing,
    Planned,
    Question,
    Sides,
    heard_of,
    idle,
    look_at,
    looked_again,
    shortened,
    with_names_of_today,
)
from reconciler.workflow.people import Waiting, farewells, resolve_people, unasked, waiting, without

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
    start = _begun(config, client, store, with_names_of_today(config, store, question))
    config, people, question = start.config, start.people, start.question
    look = start.ground(client, now, progress)
    try:
        hearing = heard_of(look)
        rest = parted(hearing.state.entries, hearing.settled.meetings)[1]
    except UnreadableState as error:
        store.give_up(error)
        return make_plan(start.whole, client, store, question, now=now, progress=progress)
    state, settled = hearing.state, hearing.settled
    ground = _ground_of(look, start, hearing, rest)
    sides = _compared(ground, settled.meetings)
    found, spared = spare(sides.difference.found, start.whole)
    off = () if question.destroy else days_off(start.whole, after=now - NEAR, before=sides.look.until + SLACK)
    workdays = made_up(config)
    found = destroyed(found) if question.destroy else explained(found, off, state.days_off, on_workdays=workdays)
    declared = () if question.destroy else tuple(filter(ground.is_meant, config.meetings))
    made = _made(found, sides, config, ground.reads if question.foresight else None, now=now)
    made = replace(
        made,
        quota=quota_of(config, state, client, now),
        kept=made.kept + sum(many for name, many in settled.kept.items() if ground.is_meant(name)),
        verification=verification_of(sides.look.seen, now=now) + settled.verification,
        days_off=ahead(off, now=now, before=sides.look.until),
        rules=next_dates(config, found, state.rules, meetings=declared, now=now),
        failures=(*start.held.failures, *farewells(made.failures, config, people)),
    )
    names = names_of(config, people)
    warnings = (
        *(() if question.destroy else foretold_refusal(made)),
        *told_deferrals(made, state, names, now),
        *_freeze(config, now),
        *spared,
        *_of_the_looking(start, ground, sides),
        *_of_the_config(found, config, question),
    )
    kept_rules = {name: rule for name, rule in state.rules.items() if not ground.is_meant(name)}
    notes = ground.reads.notes if ground.reads is not None else state.rooms
    return Planned(
        plan=replace(made, warnings=warnings),
        state=replace(state, rooms=notes, rules=kept_rules | rules_of(config, declared)),
        people=people,
        names=names,
        told=sides.look.seen.calendars,
        settled=settled,
        intact=hearing.intact,
        held=start.held.meetings,
        moved=config.moved,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """What a plan begins with: who is who, which meetings have to wait for that, and the state by the names of today.

    `whole` is the config with the meetings that have to wait, and `config` without them.
    """

    whole: Config
    config: Config
    held: Waiting
    people: People
    state: State
    question: Question

    @property
    def excluded(self) -> frozenset[str]:
        """Return the meetings that are on neither side."""
        waiting = frozenset[str]() if self.question.destroy else self.held.meetings
        return self.question.excluded | disabled(self.whole) | waiting

    def ground(self, reader: Reader, now: datetime, progress: Callable[[int, int], None]) -> Ground:
        """Return what a look at all of it goes by."""
        return Ground(
            config=self.config,
            reader=reader,
            state=self.state,
            people=self.people,
            question=self.question,
            now=now,
            progress=progress,
        )


def _begun(config: Config, client: Client, store: Store, question: Question) -> _Start:
    state = without_undone(store.load(unread=True), config.meetings)
    who = resolve_people(config, client, state)
    whole = replace(config, moved=moves(config, state))
    held = waiting(whole, who, idle=idle(whole, question), destroy=question.destroy)
    state = replace(renamed(state, whole.moved), people=who.known)
    if question.forget:
        state, question = replace(state, entries={}, calendars={}), replace(question, refresh=Refresh.FULL)
    return _Start(
        whole=whole,
        config=without(whole, held.meetings),
        held=held,
        people=who.people,
        state=state,
        question=question,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlanGround(Ground):
    """What a plan goes by, of the meetings that have to be looked at: also what can ask for rooms, what was heard."""

    excluded: frozenset[str]
    reads: RoomReads | None
    heard: Heard | None

    def is_meant(self, name: str) -> bool:
        """Return whether the plan is about the meeting."""
        return name not in self.excluded and self.question.is_about(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """Both sides with the rooms that pools give, what differs, and what is to be told of the looking."""

    look: Sides
    rooming: Rooming
    difference: Differences
    warnings: tuple[str, ...]


def _ground_of(look: Ground, start: _Start, hearing: Hearing, rest: Mapping[Key, Entry]) -> _PlanGround:
    """Return what a plan goes by after the calendars were heard; `rest` are the entries of what has to be looked at."""
    config, state = look.config, hearing.state
    unsettled = {name: one for name, one in config.meetings.items() if name not in hearing.settled.meetings}
    return _PlanGround(
        config=replace(config, meetings=unsettled),
        reader=look.reader,
        state=replace(state, entries=rest),
        people=look.people,
        question=look.question,
        excluded=start.excluded,
        reads=_room_reads(config, look.reader, state, look.people, look.question, now=look.now),
        heard=hearing.heard,
        now=look.now,
        progress=look.progress,
    )


def _compared(on: _PlanGround, settled: frozenset[str]) -> _Compared:
    """Look at both sides, and again at what is about to change by what was only presumed, until all of it was seen."""
    look = look_at(on, on.heard, settled)
    if on.reads is not None and (requester := _who_may_ask(on, look)) is not None:
        on.reads.ask_as(requester)
    found = _compared_once(on, look)
    while found.difference.doubted:
        doubted = look.scope.doubted | found.difference.doubted
        look = replace(look, seen=found.difference.seen, scope=replace(look.scope, doubted=doubted))
        look = looked_again(on, on.heard or {}, look)
        found = _compared_once(on, look)
    return replace(found, look=replace(look, seen=found.difference.seen))


def _who_may_ask(on: _PlanGround, look: Sides) -> str | None:
    """Return the first organiser whose calendar DingTalk has shown: somebody who left would be refused."""
    organizers = (on.people[meeting.organizer] for _, meeting in sorted(on.config.meetings.items()))
    known = look.seen.calendars.keys()
    return next((who for who in organizers if who in known), min(known, default=None))


def _compared_once(on: _PlanGround, whole: Sides) -> _Compared:
    asks = on.question.foresight
    look = _as_far_as_rooms_go(whole, on.config, on.people, on.reads, ask=asks, now=on.now)
    rooming = assign_rooms(
        look.wanted, look.seen, on.reads, now=on.now, until=look.until, is_meant=on.is_meant, rules=asks
    )
    difference = differences(
        on.reader, look, rooming.wanted, on.question, on.excluded, now=on.now, progress=on.progress
    )
    return _Compared(
        look=look, rooming=rooming, difference=difference, warnings=(*_told_of_ends(whole, look), *rooming.warnings)
    )


def _as_far_as_rooms_go(
    look: Sides, config: Config, people: People, reads: RoomReads | None, *, ask: bool, now: datetime
) -> Sides:
    """Return `look` whose recurring events end where a room of theirs can't be booked any more, as far as is known."""
    rooms = rooms_of_growing(look.wanted, look.seen)
    if reads is None or not rooms:
        return look
    details = reads.details(rooms) if ask else reads.remembered()
    known = ((room, details.get(room)) for room in rooms)
    ends = {room: latest_end(detail, now) for room, detail in known if detail is not None}
    latest = {room: end for room, end in ends.items() if end is not None}
    return shortened(look, config, people, latest, now=now) if latest else look


def _told_of_ends(whole: Sides, look: Sides) -> Iterator[str]:
    """Yield which recurring events of `look` end earlier than they are to, because of their rooms."""
    ends = {one.key: one.recurrence.until for one in whole.wanted if one.recurrence is not None}
    for one in look.wanted:
        if one.recurrence is not None and one.recurrence.until != ends[one.key]:
            yield (
                f"{one.key.meeting}: its series ends on {one.recurrence.until} for now\n"
                "  a room of it can't be booked further ahead yet; each run lets it go on"
            )


def _made(found: Diff, sides: _Compared, config: Config, reads: RoomReads | None, *, now: datetime) -> Plan:
    """Return the plan of the changes `found`, without the swaps of rooms that would come to a halt half way."""
    look, rooming = sides.look, sides.rooming

    def foreseen(found: Diff) -> Plan:
        made = plan(found, look.seen, workspace=config.workspace, now=now, until=look.until)
        return foresee(config, with_pools(made, rooming, config), rooming, reads, now=now)

    made = foreseen(found)
    refused = refused_by_rules(made)
    swaps = halted_swaps(found, refused) if refused else ()
    return with_halted(foreseen(without_swaps(found, swaps)), made, swaps) if swaps else made


def _of_the_looking(start: _Start, on: _PlanGround, sides: _Compared) -> Iterator[str]:
    """Yield what could not be looked at, or only in part."""
    yield from unasked(start.config, start.people)
    yield from start.held.warnings
    yield from sides.warnings
    yield from () if on.reads is None else on.reads.warnings


def _of_the_config(found: Diff, config: Config, question: Question) -> Iterator[str]:
    """Yield what is odd about the config, by itself or for what would come of it."""
    yield from gone_before_adoption(found, config)
    if not question.destroy:
        yield from unsaid_renames(found, config.meetings)
    yield from (str(problem) for problem in config.warnings)


def _freeze(config: Config, now: datetime) -> Iterator[str]:
    if told := frozen(config, now):
        yield f"{told}\n  apply refuses without --override-freeze"


def _room_reads(
    config: Config, client: Reader, state: State, people: People, question: Question, *, now: datetime
) -> RoomReads | None:
    """Return what can ask about rooms, None where nobody is to be asked."""
    if question.refresh in {Refresh.NONE, Refresh.CALENDAR} or not config.meetings:
        return None
    requester = people[min(config.meetings.values(), key=lambda meeting: meeting.name).organizer]
    return RoomReads(client, state.rooms, requester=requester, now=now)


def names_of(config: Config, people: People) -> dict[str, str]:
    """Return the aliases of people and rooms by their ids."""
    return aliases_of(people) | config.room_aliases
