"""Whether a saved plan says what its config asks for: anybody may have edited the file, and its checksum.

What the config wants is worked out anew, and so are the calls. What is there is what was looked at just now; ids that
neither the calendars nor the state know are nobody's that is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from reconciler.config.model import Config
from reconciler.desired import People, desired
from reconciler.diff.change import Action, Change, Diff
from reconciler.diff.compare import held_rooms, yielding
from reconciler.diff.gathering import address_of
from reconciler.diff.pairing import is_on_another_day
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Key, Occurrence, RoomStatus
from reconciler.model.state import Entry, State
from reconciler.plan.making import plan as planned_anew
from reconciler.plan.operations import Plan, PlannedChange

_AROUND = timedelta(days=2)  # a key is a local time, and a change may have another start


def disagreements(
    plan: Plan, config: Config, people: People, state: State, seen: Observation, *, now: datetime, reach: timedelta
) -> Iterator[str]:
    """Yield what in `plan` is not as `config` asks for, or names what neither `state` nor `seen` knows.

    `reach` is how far from `now` occurrences are looked for: beyond, nothing is wanted.
    """
    changes = [planned.change for planned in plan.changes]
    wanted = _wanted(changes, config, people, now=now, reach=reach)
    created = {one.address for one in changes if one.action is Action.CREATE}
    known = _conferences(state, seen)
    duplicates = {_event_id(one): one for one in seen.duplicates}
    for planned in plan.changes:
        change = planned.change
        have = None if change.before is None else seen.occurrences.get(change.before.key)
        if change.duplicate and change.before is not None:
            have = duplicates.get(_event_id(change.before))
        told = [*_after(planned, wanted, config, have), *_before(change, have, state, known)]
        if change.action is Action.CANCEL and not change.duplicate:
            goes_on = partial(_goes_on, config=config, people=people, now=now, reach=reach)
            due = {key: want for key, want in wanted.items() if not _has_passed(want, change, now)}
            told += _cancelled(change, due, config, created, goes_on)
        yield from (f"{change.address}: {one}" for one in told)
    anew = planned_anew(
        Diff(changes=tuple(changes)),
        Observation(occurrences={}),
        workspace=plan.workspace,
        now=now,
        until=plan.window_to,
    )
    for planned, other in zip(plan.changes, anew.changes, strict=True):
        if (planned.operations, planned.notifies) != (other.operations, other.notifies):
            yield f"{planned.change.address}: its calls are not those that it takes"


def without_instances(plan: Plan) -> Plan:
    """Return `plan` without the ids of the dates that are to go: nothing says whose they are. Apply looks for them."""

    def bare(planned: PlannedChange) -> PlannedChange:
        change = planned.change
        operations = tuple(
            one if one.instance is None else replace(one, instance=replace(one.instance, id=""))
            for one in planned.operations
        )
        instances = tuple(replace(one, id="") for one in change.instances)
        return replace(planned, change=replace(change, instances=instances), operations=operations)

    return replace(plan, changes=tuple(bare(one) if one.change.instances else one for one in plan.changes))


def _wanted(
    changes: list[Change], config: Config, people: People, *, now: datetime, reach: timedelta
) -> Mapping[Key, Occurrence]:
    sides = [one for change in changes for one in (change.before, change.after) if one is not None]
    moments = [one.key.original.replace(tzinfo=UTC) for one in sides] + [one.start for one in sides if one.start]
    near = [moment for moment in moments if abs(moment - now) < reach]
    if not near:
        return {}
    names = {one.key.meeting for one in sides} & config.meetings.keys()
    some = replace(config, meetings={name: config.meetings[name] for name in names})
    return {one.key: one for one in desired(some, people, after=min(near) - _AROUND, before=max(near) + _AROUND)}


def _after(
    planned: PlannedChange, wanted: Mapping[Key, Occurrence], config: Config, have: Observed | None
) -> Iterator[str]:
    after = planned.change.after
    if after is None:
        return
    want = _template(after, wanted, config) if after.key.series else wanted.get(after.key)
    if want is None:
        yield "the config asks for no such occurrence"
        return
    want = want if have is None or planned.change.action is Action.CREATE else yielding(want, have)
    pool = want.pool if want.pool is not None and "rooms" not in want.ignore else None
    if pool is not None:
        rooms, event = frozenset(after.rooms or ()), have.event if have is not None else None
        stays = event is not None and rooms == held_rooms(event)  # see swaps
        if not stays and (not rooms <= frozenset(pool.rooms) or len(rooms) > pool.count):
            yield "its rooms are none of those that the config lets it choose from"
        want = replace(want, rooms=after.rooms)
    elif have is not None and _are_left(after, want, have):
        want = replace(want, rooms=after.rooms)
    if not frozenset(planned.spares) <= frozenset(pool.rooms if pool is not None else ()):
        yield "its spare rooms are none of those that the config lets it choose from"
    want = replace(want, pool=None, serial=False)
    for field in fields(Occurrence):
        if field.compare and getattr(after, field.name) != getattr(want, field.name):
            yield f"{field.name} is not as the config asks for"


def _are_left(after: Occurrence, want: Occurrence, have: Observed) -> bool:
    """Return whether rooms are those that are wanted but for what was declined, or stay as they are (see swaps)."""
    rooms, wanted = frozenset(after.rooms or ()), frozenset(want.rooms or ())
    if have.event is None or after.rooms is None or want.rooms is None:
        return False
    declined = {one.room_id for one in have.event.rooms if one.status is RoomStatus.DECLINED}
    return rooms == held_rooms(have.event) or (rooms <= wanted and wanted - rooms <= declined)


def _template(after: Occurrence, wanted: Mapping[Key, Occurrence], config: Config) -> Occurrence | None:
    """Return the recurring event `after` as the config asks for it. Its dates and its end are as they are there."""
    meeting = config.meetings.get(after.key.meeting)
    if meeting is None or after.recurrence is None or address_of(meeting) != after.key:
        return None
    own = (one for one in wanted.values() if one.serial and one.key.meeting == after.key.meeting)
    date = next((one for one in own if one.start == after.start), None)
    if date is None or after.recurrence.pattern != meeting.pattern:
        return None
    return replace(date, key=after.key, recurrence=after.recurrence, left_out=after.left_out)


def _cancelled(
    change: Change,
    wanted: Mapping[Key, Occurrence],
    config: Config,
    created: Collection[str],
    goes_on: Callable[[str], bool],
) -> Iterator[str]:
    """Yield that the config wants what is cancelled; it may take another place, or be part of a recurring event."""
    if change.before is None or change.address in created:
        return
    key = change.before.key
    meeting = config.meetings.get(key.meeting)
    want = wanted.get(key)
    series = meeting is not None and key.series and address_of(meeting) == key
    if (series and goes_on(key.meeting)) or (want is not None and not want.serial):
        yield "it is cancelled, and the config asks for it"


def _has_passed(want: Occurrence, change: Change, now: datetime) -> bool:
    """Return whether an occurrence is wanted on another day than its event is on, which is over: that one goes."""
    return want.end <= now and is_on_another_day(want, change.before)


def _goes_on(name: str, *, config: Config, people: People, now: datetime, reach: timedelta) -> bool:
    """Return whether a recurring event of the meeting has a date to come: one whose rule has ended is to end, too."""
    alone = replace(config, meetings={name: config.meetings[name]})
    return any(one.serial and one.start > now for one in desired(alone, people, after=now, before=now + reach))


def _before(change: Change, have: Observed | None, state: State, known: frozenset[str]) -> Iterator[str]:
    before = change.before
    if before is not None and have is not None:
        if (before.marker, before.adopting) != (have.marker, have.adopting):
            yield "its marker is not the one that is there"
        if not _is_remembered(before.entry, have, state):
            yield "what it says was applied is not what the state remembers"
    role = change.role
    named = {role.ends, role.conference.id if role.conference is not None else ""} if role is not None else set()
    if named - known - {""}:
        yield "it names a conference that nothing of ours leads to"


def _is_remembered(entry: Entry | None, have: Observed, state: State) -> bool:
    """Return whether an entry is the state's, or, where none is kept, at least of what is there."""
    if entry is None:
        return True
    if state.serial == 0:
        event_id = have.event.id if have.event is not None else ""
        return (
            entry.event_id in {"", event_id}
            and entry.conference_id in {"", have.conference_id}
            and entry.organizer in {"", have.organizer}
        )
    kept = state.entries.get(entry.key)
    return kept is not None and _bare(kept) == _bare(entry)


def _bare(entry: Entry) -> Entry:
    return replace(entry, intact=False, verified=None)


def _conferences(state: State, seen: Observation) -> frozenset[str]:
    shown = (*seen.occurrences.values(), *seen.duplicates)
    return frozenset(one.conference_id for one in shown) | {one.conference_id for one in state.entries.values()}


def _event_id(seen: Observed) -> str:
    return seen.event.id if seen.event is not None else seen.conference_id
