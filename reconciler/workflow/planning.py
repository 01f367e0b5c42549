"""From the config to a plan: both sides are looked at, compared, and all is told. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.apply.daily import told_deferrals
from reconciler.config.model import Config
from reconciler.desired import People
from reconciler.diff.change import Diff
from reconciler.diff.gathering import rooms_of_growing
from reconciler.diff.guard import disabled, frozen, gone_before_adoption, spare
from reconciler.diff.renames import unsaid_renames
from reconciler.dingtalk import Client, Reader
from reconciler.errors import UnreadableState
from reconciler.model.state import State
from reconciler.observe import Refresh
from reconciler.plan.making import halted_swaps, plan, without_swaps
from reconciler.plan.operations import Plan, verification_of
from reconciler.plan.policy import foretold_refusal
from reconciler.plan.upcoming import ahead, days_off, explained, made_up, next_dates, rules_of
from reconciler.rooms.assigning import Rooming, assign_rooms
from reconciler.rooms.checking import foresee, refused_by_rules, with_halted, with_pools
from reconciler.rooms.foresight import latest_end
from reconciler.rooms.reads import RoomReads
from reconciler.schedule.workdays import REACH
from reconciler.state.edit import moves, renamed, without_undone
from reconciler.state.lines import parted
from reconciler.state.store import Store
from reconciler.workflow.counting import quota_of
from reconciler.workflow.differing import Differences, differences
from reconciler.workflow.looking import (
    SLACK,
    Planned,
    Question,
    Sides,
    check_targets,
    heard_of,
    look_at,
    looked_again,
    shortened,
)
from reconciler.workflow.provider import resolve_people, unasked

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
    try:
        hearing = heard_of(config, client, state, people, question, now=now, progress=progress)
        state, heard, settled = hearing.state, hearing.heard, hearing.settled
        rest = replace(state, entries=parted(state.entries, settled.meetings)[1])
    except UnreadableState as error:
        store.give_up(error)
        return make_plan(config, client, store, question, now=now, progress=progress)
    open_ = replace(config, meetings={k: one for k, one in config.meetings.items() if k not in settled.meetings})
    look = look_at(open_, client, rest, people, question, heard, settled.meetings, now=now, progress=progress)
    reads = _room_reads(config, client, state, people, question, now=now)
    excluded = question.excluded | disabled(config)

    def is_meant(name: str) -> bool:
        return name not in excluded and (not question.targets or name in question.targets)

    def compared(whole: Sides) -> tuple[Rooming, Differences, tuple[str, ...]]:
        look = _as_far_as_rooms_go(whole, open_, people, reads, ask=question.foresight, now=now)
        rooming = assign_rooms(
            look.wanted, look.seen, reads, now=now, until=look.until, is_meant=is_meant, rules=question.foresight
        )
        found = differences(client, look, rooming.wanted, question, excluded, now=now, progress=progress)
        return rooming, found, tuple(_told_of_ends(whole, look))

    rooming, difference, ends = compared(look)
    while difference.doubted:
        doubted = look.scope.doubted | difference.doubted
        look = replace(look, seen=difference.seen, scope=replace(look.scope, doubted=doubted))
        look = looked_again(open_, client, rest, people, question, heard or {}, look, now=now, progress=progress)
        rooming, difference, ends = compared(look)
    seen = difference.seen
    found, spared = spare(difference.found, config)
    off = () if question.destroy else days_off(config, after=now - NEAR, before=look.until + SLACK)
    found = explained(found, off, state.days_off, on_workdays=made_up(config))
    made = _made(found, replace(look, seen=seen), rooming, config, reads if question.foresight else None, now=now)
    declared = () if question.destroy else tuple(filter(is_meant, config.meetings))
    made = replace(
        made,
        quota=quota_of(config, state, client, now),
        kept=made.kept + sum(many for name, many in settled.kept.items() if is_meant(name)),
        verification=verification_of(seen, now=now) + settled.verification,
        days_off=ahead(off, now=now, before=look.until),
        rules=next_dates(config, found, state.rules, meetings=declared, now=now),
    )
    names = names_of(config, people)
    warnings = (
        *(() if question.destroy else foretold_refusal(made)),
        *told_deferrals(made, state, names, now),
        *_freeze(config, now),
        *spared,
        *unasked(config, people),
        *ends,
        *rooming.warnings,
        *(reads.warnings if reads is not None else ()),
        *gone_before_adoption(found, config),
        *(() if question.destroy else unsaid_renames(found, config.meetings)),
        *(str(problem) for problem in config.warnings),
    )
    kept_rules = {name: rule for name, rule in state.rules.items() if not is_meant(name)}
    notes = reads.notes if reads is not None else state.rooms
    return Planned(
        plan=replace(made, warnings=warnings),
        state=replace(state, rooms=notes, rules=kept_rules | rules_of(config, declared)),
        people=people,
        names=names,
        told=seen.calendars,
        settled=settled,
        intact=hearing.intact,
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


def _made(
    found: Diff, look: Sides, rooming: Rooming, config: Config, reads: RoomReads | None, *, now: datetime
) -> Plan:
    """Return the plan of the changes `found`, without the swaps of rooms that would come to a halt half way."""

    def foreseen(found: Diff) -> Plan:
        made = plan(found, look.seen, workspace=config.workspace, now=now, until=look.until)
        return foresee(config, with_pools(made, rooming, config), rooming, reads, now=now)

    made = foreseen(found)
    refused = refused_by_rules(made)
    swaps = halted_swaps(found, refused) if refused else ()
    return with_halted(foreseen(without_swaps(found, swaps)), made, swaps) if swaps else made


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
    return {union_id: alias for alias, union_id in people.items()} | {
        room.id: room.alias for room in config.rooms.values()
    }
