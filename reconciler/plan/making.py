"""changes → plan: a DAG of calls, the fewest that do it, in an order that never loses a room it could keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from reconciler.diff.change import Action, Change, Diff
from reconciler.diff.compare import CONFERENCE_PARTS, held_rooms, wanted_attendees, wanted_rooms
from reconciler.model.marker import Marker
from reconciler.model.observed import Observation
from reconciler.model.occurrence import Event, Link
from reconciler.plan.operations import MAX_ROOMS, Call, Operation, Plan, PlannedChange
from reconciler.plan.ordering import halted, ordered


def plan(found: Diff, seen: Observation, *, workspace: str, now: datetime, until: datetime) -> Plan:
    """Return the calls that carry out `found`, in an order that is a DAG within and across occurrences."""
    ids = _Ids()
    changes = _planned(found, ids)
    return Plan(
        workspace=workspace,
        generated_at=now,
        window_from=now,
        window_to=until,
        changes=ordered(changes, ids.draw),
        unchanged=found.unchanged,
        kept=len(found.unchanged),
        gone=found.gone,
        failures=seen.failures,
        organizers=seen.organizers,
    )


def halted_swaps(found: Diff, refused: Collection[tuple[str, str]]) -> tuple[frozenset[str], ...]:
    """Return the swaps of rooms, as addresses, that can't be done: a room will be `refused` to one who takes part."""
    ids = _Ids()
    return halted(_planned(found, ids), refused, ids.draw)


def without_swaps(found: Diff, swaps: Iterable[frozenset[str]]) -> Diff:
    """Return `found` with the rooms of all who take part in `swaps` as they are; what else differs is done."""
    addresses = frozenset[str]().union(*swaps)
    changes, unchanged = [], [*found.unchanged]
    for change in found.changes:
        before, after = change.before, change.after
        if change.address not in addresses or before is None or before.event is None or after is None:
            changes.append(change)
            continue
        after = replace(after, rooms=tuple(sorted(held_rooms(before.event))))
        event = tuple(one for one in change.comparison.event if one.path != "rooms")
        left = replace(change, after=after, comparison=replace(change.comparison, event=event))
        if left.comparison.fields:
            changes.append(left)
        else:
            unchanged.append((after, before))
    return replace(found, changes=tuple(changes), unchanged=tuple(unchanged))


def _planned(found: Diff, ids: _Ids) -> list[PlannedChange]:
    """Return the changes with their calls, which wait for none of another change yet."""
    return [
        PlannedChange(change=change, operations=tuple(_operations(change, ids)), notifies=_notifies(change))
        for change in found.changes
    ]


class _Ids:
    def __init__(self) -> None:
        self._last = 0

    def draw(self) -> str:
        self._last += 1
        return f"o{self._last}"


def _operations(change: Change, ids: _Ids) -> Iterator[Operation]:
    match change.action:
        case Action.CREATE:
            yield from _create(change, ids)
        case Action.CANCEL:
            yield from _cancel(change, ids)
        case Action.UPDATE:
            yield from _update(change, ids)


def _create(change: Change, ids: _Ids) -> Iterator[Operation]:
    conference = tuple(_update_conference(change, ids)) if change.want.link is not Link.EVENT else ()
    yield from conference
    needs = tuple(one.id for one in conference if one.call is not Call.CONFERENCE_UPDATE)
    yield from _create_event(change, ids, needs)


def _create_event(change: Change, ids: _Ids, needs: tuple[str, ...]) -> Iterator[Operation]:
    event = Operation(id=ids.draw(), call=Call.EVENT_CREATE, needs=needs)
    yield event
    taken = tuple(_take_out(change, ids, (event.id,)))
    yield from taken
    if change.want.rooms:  # on days that are taken out somebody else may have them
        free = tuple(one.id for one in taken) or (event.id,)
        yield Operation(id=ids.draw(), call=Call.ROOMS_BOOK, needs=free, rooms=change.want.rooms)


def _take_out(change: Change, ids: _Ids, needs: tuple[str, ...]) -> Iterator[Operation]:
    for instance in change.instances:
        yield Operation(id=ids.draw(), call=Call.EVENT_DELETE, needs=needs, instance=instance)


def _remove_event(change: Change, ids: _Ids, needs: tuple[str, ...]) -> Operation:
    """Return the call that makes the event go, for what is still to come of it."""
    if change.ends:
        return Operation(id=ids.draw(), call=Call.EVENT_UPDATE, needs=needs, parts=("end",))
    return Operation(id=ids.draw(), call=Call.EVENT_DELETE, needs=needs)


def _cancel(change: Change, ids: _Ids) -> Iterator[Operation]:
    needs: tuple[str, ...] = ()
    if change.conference is not None and not change.keeps_conference:
        conference = Operation(id=ids.draw(), call=Call.CONFERENCE_CANCEL)
        needs = (conference.id,)
        yield conference
    if change.event is not None:
        yield _remove_event(change, ids, needs)


def _update(change: Change, ids: _Ids) -> Iterator[Operation]:
    managed = change.want.link is not Link.EVENT
    conference = tuple(_update_conference(change, ids)) if managed else ()
    yield from conference
    # The event's marker tells which conference it has and what was written to it: it is true only afterwards.
    needs = tuple(one.id for one in conference if one.call is not Call.CONFERENCE_UPDATE)
    if change.replaces:
        gone = _remove_event(change, ids, needs)
        yield gone
        yield from _create_event(change, ids, (gone.id,))
    elif change.event is None:
        yield from _create_event(change, ids, needs)
    else:
        yield from _update_event(change, change.event, ids, needs)


def _update_conference(change: Change, ids: _Ids) -> Iterator[Operation]:
    role = change.role
    if role is not None and role.ends:
        # Before the event leads elsewhere: after a crash between the two nothing would lead here any more.
        yield Operation(id=ids.draw(), call=Call.CONFERENCE_CANCEL, conference=role.ends)
    if change.makes_conference:
        yield Operation(id=ids.draw(), call=Call.CONFERENCE_CREATE)
    if change.conference is None or (role is not None and not role.carries):
        return
    paths = {one.path for one in change.comparison.conference}
    if paths & (CONFERENCE_PARTS | {f"conference.{part}" for part in CONFERENCE_PARTS}):
        yield Operation(id=ids.draw(), call=Call.CONFERENCE_UPDATE)
    if any(path.startswith("settings.") for path in paths | {one.path for one in change.comparison.event}):
        yield Operation(id=ids.draw(), call=Call.CONFERENCE_SETTINGS)


def _update_event(change: Change, event: Event, ids: _Ids, needs: tuple[str, ...]) -> Iterator[Operation]:
    parts = _event_parts(change)
    moves = bool({"time", "recurrence"} & {*parts})
    gets_dates = moves and any(not one.id for one in change.instances)
    book, release = _room_calls(change, event, ids, again=gets_dates)
    if moves and release is not None:
        # An event takes its rooms along, and where it goes they may be somebody else's.
        yield release
        needs = (*needs, release.id)
    if parts:
        update = Operation(id=ids.draw(), call=Call.EVENT_UPDATE, needs=needs, parts=parts)
        yield update
        needs = (update.id,)
    else:
        needs = ()
    taken = tuple(_take_out(change, ids, needs))
    yield from taken
    if moves and book is not None:  # on days that are taken out somebody else may have them
        book = replace(book, needs=tuple(one.id for one in taken) or needs)
    yield from _update_people(change, event, ids)
    if not moves and book is not None and release is not None:
        book, release = _exchange(book, release, held=len(held_rooms(event)))
    yield from (one for one in (book, None if moves else release) if one is not None)


def _exchange(book: Operation, release: Operation, *, held: int) -> tuple[Operation, Operation]:
    """Let the new rooms be booked before the old ones are released, as far as the limit of rooms allows."""
    if held + len(book.rooms) > MAX_ROOMS:
        return replace(book, needs=(release.id,)), release
    return book, replace(release, needs=(book.id,))


def _event_parts(change: Change) -> tuple[str, ...]:
    """Return what an event.update has to send, () where the event may stay as it is."""
    after, paths = change.want, {one.path for one in change.comparison.event}
    marker = change.have.description.marker
    parts = ["title"] if "title" in paths else []
    if paths & {"start", "end", "timezone"}:
        parts.append("time")
    if paths & {"recurrence", "until"}:
        parts.append("recurrence")
    if (
        paths & {"description", "link", "marker", "ui_lock"}
        or any(path.startswith("settings.") for path in paths)
        or (after.link is not Link.EVENT and not _leads(marker, change))
        or marker is None
        or marker.key != after.key
    ):
        parts.append("description")
    if "ui_lock" in paths:
        parts.append("ui_lock")
    return tuple(parts)


def _leads(marker: Marker | None, change: Change) -> bool:
    """Return whether the event's marker leads to the conference that the occurrence has from now on."""
    return change.conference is not None and marker is not None and marker.conference == change.conference.id


def _update_people(change: Change, event: Event, ids: _Ids) -> Iterator[Operation]:
    want, have = wanted_attendees(change.want, event, change.applied), frozenset(event.attendees)
    added = tuple(sorted(want - have))
    removed = {who.union_id for who in have} - {who.union_id for who in want}
    needs: tuple[str, ...] = ()
    if added:
        add = Operation(id=ids.draw(), call=Call.ATTENDEES_ADD, people=added)
        needs = (add.id,)
        yield add
    if removed:
        people = tuple(who for who in event.attendees if who.union_id in removed)
        yield Operation(id=ids.draw(), call=Call.ATTENDEES_REMOVE, needs=needs, people=people)


def _room_calls(change: Change, event: Event, ids: _Ids, *, again: bool) -> tuple[Operation | None, Operation | None]:
    """Return the calls that book and release what differs, None where there is nothing to do.

    All are booked `again` where a series gets dates that are then taken out of it: it would lose each room that
    somebody else has on one of them.
    """
    want, have = wanted_rooms(change.want, event, change.applied), held_rooms(event)
    kept = frozenset() if again else want & have
    added = tuple(room for room in change.want.rooms or () if room not in kept)
    added += tuple(sorted((want & have) - kept - {*added}))  # of people's making: it stays
    removed = tuple(sorted(have - kept))
    book = Operation(id=ids.draw(), call=Call.ROOMS_BOOK, rooms=added) if added else None
    return book, Operation(id=ids.draw(), call=Call.ROOMS_RELEASE, rooms=removed) if removed else None


def _is_cut(change: Change) -> bool:
    """Return whether a series is to end earlier. With rooms its end is but as far as rooms can be had."""
    until = next((one for one in change.comparison.event if one.path == "until"), None)
    rooms = change.after is not None and bool(change.after.rooms)
    return (
        until is not None
        and until.after is not None
        and not rooms
        and (until.before is None or until.after < until.before)
    )


def _notifies(change: Change) -> int:
    """Return how many people will get a message: the attendees, where anything changes that an invitation shows."""
    after, event, last = change.after, change.event, change.applied
    if change.quiet or (after is not None and not after.notify):
        return 0
    if after is None:
        return len(event.attendees) if event is not None and (last is None or last.notify) else 0
    want = wanted_attendees(after, event, last)
    told = {"title", "start", "end", "description", "timezone", "recurrence", "calendar"}
    if (
        event is None
        or change.replaces
        or told & {one.path for one in change.comparison.event}
        or any(not one.quiet for one in change.instances)
        or _is_cut(change)
    ):
        return len(want | frozenset(event.attendees if event else ()))
    return len(want ^ frozenset(event.attendees))
