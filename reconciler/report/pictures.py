"""What is on, and what a plan would change, as pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from reconciler.config.model import Config
from reconciler.config.model import Room as DeclaredRoom
from reconciler.diff.change import Action, Change
from reconciler.model.observed import Observed
from reconciler.model.occurrence import RoomBooking, RoomStatus, meeting_of
from reconciler.pages.chips import UNPLACED
from reconciler.pages.layout import lay_out
from reconciler.pages.model import Earlier, Entry, Heading, Mark, Place, Room, State
from reconciler.pages.render import agenda_page
from reconciler.pages.words import counted, long_day
from reconciler.plan.operations import NO_ROOM, Plan, PlannedChange, Staying
from reconciler.report.agenda import AgendaItem
from reconciler.report.failures_text import place_of
from reconciler.report.fields import times_of, timezone_of, title_of
from reconciler.report.fields_text import told_fields
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_pending, told_problems

_MARKS = {RoomStatus.ACCEPTED: Mark.HELD, RoomStatus.TENTATIVE: Mark.PENDING, RoomStatus.DECLINED: Mark.DECLINED}
_STATES = {Action.CREATE: State.NEW, Action.UPDATE: State.CHANGED, Action.CANCEL: State.CANCELLED}
_UNPLACED = Place(room=UNPLACED, name="a room of its pool", mark=Mark.MISSING)
_SHOWN_ELSEWHERE = {"start", "end", "rooms"}  # by the page itself


def agenda_html(
    items: Sequence[AgendaItem], config: Config, names: Names, *, now: datetime, until: datetime, zone: ZoneInfo | None
) -> str:
    """Return the agenda as a page, with all times in `zone`, or in the one that most of it lives in."""
    chosen = zone or common_zone(item.timezone for item in items)
    first, last = (moment.astimezone(chosen).date() for moment in (now, until))
    heading = Heading(
        kind="Agenda",
        title=config.workspace,
        generated_at=now,
        lead=(f"What is declared from {long_day(first)} to {long_day(last)}, and what is known of its booking.",),
    )
    rooms = [Room(id=room.id, name=room.alias, detail=_detail(room)) for room in config.rooms.values()]
    return agenda_page(lay_out([_entry(item, names) for item in items], rooms, heading=heading, zone=chosen))


def plan_html(plan: Plan, names: Names, *, zone: ZoneInfo | None = None) -> str:
    """Return a plan as a page: what is new, and of what changes both how it is and how it would be."""
    chosen = zone or common_zone(timezone_of(planned.change) for planned in plan.changes)
    rest = f"{counted(plan.kept, 'further occurrence')} {'stays as it is' if plan.kept == 1 else 'stay as they are'}."
    heading = Heading(
        kind="Plan",
        title=plan.workspace,
        generated_at=plan.generated_at,
        lead=(f"Applying it takes {counted(plan.api_calls, 'API call')}. {rest}",),
        errors=tuple(_errors(plan, names)),
        warnings=tuple(_warnings(plan, names)),
    )
    short = {one.address for one in plan.problems if one.code == NO_ROOM}
    found = [
        replace(entry, places=(*entry.places, _UNPLACED))
        if planned.change.action is not Action.CANCEL and planned.change.address in short
        else entry
        for planned in plan.changes
        for entry in _planned(planned, names)
    ]
    stays = [_staying(one, names) for one in plan.stays]
    rooms = [Room(id=room.id, name=room.alias, detail=_detail(room)) for room in plan.declared_rooms]
    return agenda_page(lay_out([*found, *stays], rooms, heading=heading, zone=chosen))


def _staying(one: Staying, names: Names) -> Entry:
    return Entry(
        id=f"stays {one.address}",
        meeting=meeting_of(one.address),
        title=one.title,
        start=one.start,
        end=one.end,
        timezone=one.timezone,
        places=tuple(_place(room, names) for room in one.rooms),
        state=State.STAYS,
    )


def _errors(plan: Plan, names: Names) -> Iterator[str]:
    yield from (f"not read: {place_of(one, names)}: {one.message}" for one in plan.failures)
    yield from (
        f"error: {meeting} {told}" for is_error, meeting, told in told_problems(plan.problems, names) if is_error
    )


def _warnings(plan: Plan, names: Names) -> Iterator[str]:
    yield from (f"{meeting} {told}" for is_error, meeting, told in told_problems(plan.problems, names) if not is_error)
    yield from (f"room {room} {told}" for room, told in told_pending(plan.pending, names))
    yield from plan.warnings


def common_zone(timezones: Iterable[str]) -> ZoneInfo:
    """Return the zone that most of these name, the first by name among equals; UTC where none does."""
    counts = Counter(name for name in timezones if name)
    for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue  # the name may come from DingTalk
    return ZoneInfo("UTC")


def _detail(room: DeclaredRoom) -> str:
    told = [counted(room.capacity, "seat")] if room.capacity else []
    return " · ".join([*told, *([room.location] if room.location else []), *room.tags])


def _entry(item: AgendaItem, names: Names) -> Entry:
    held = tuple(
        replace(_place(room, names), mark=Mark.LEAVING) if room.room_id in item.leaving else _place(room, names)
        for room in item.rooms
    )
    missing = tuple(Place(room=room, name=names.room(room), mark=Mark.MISSING) for room in item.missing)
    other = item.elsewhere
    before = None
    if other is not None:
        places = tuple(_place(room, names) for room in other.rooms)
        before = Earlier(start=other.start, end=other.end, title=item.title, places=places)
    return Entry(
        id=item.address,
        meeting=item.meeting,
        title=item.title,
        start=item.start,
        end=item.end,
        timezone=item.timezone,
        organizer=names.person(item.organizer),
        places=held + missing + (_UNPLACED,) * (item.lacking > 0),
        state=State.BOOKED if item.booked else State.ELSEWHERE if before is not None else State.OPEN,
        before=before,
        url=item.url,
        room_code=item.room_code,
    )


def _place(room: RoomBooking, names: Names) -> Place:
    known = names.room(room.room_id)
    name = room.name if known == room.room_id and room.name else known
    return Place(room=room.room_id, name=name, mark=_MARKS[room.status])


def _planned(planned: PlannedChange, names: Names) -> Iterator[Entry]:
    change = planned.change
    times = times_of(change)
    if times is None:
        return
    before = _earlier(change.before, names) if change.action is Action.UPDATE else None
    yield Entry(
        id=f"{change.action} {change.address} {'again' if change.duplicate else ''}",
        meeting=change.meeting,
        title=title_of(change) or change.address,
        start=times[0],
        end=times[1],
        timezone=timezone_of(change),
        organizer=names.person(
            change.after.organizer if change.after else change.before.organizer if change.before else ""
        ),
        places=tuple(_places(change, names)),
        state=_STATES[change.action],
        notes=tuple(_notes(change, names)),
        before=before,
    )


def _places(change: Change, names: Names) -> Iterator[Place]:
    """Yield the rooms that it would have; of a cancellation those that it has."""
    event = change.event
    seen = event.rooms if event is not None else ()
    if change.after is None or change.after.rooms is None:
        yield from (_place(room, names) for room in seen)
        return
    held = {room.room_id: room for room in seen}
    for room in change.after.rooms:
        if room in held and held[room].status is not RoomStatus.DECLINED:
            yield _place(held[room], names)
        else:
            yield Place(room=room, name=names.room(room), mark=Mark.BOOKING)


def _earlier(before: Observed | None, names: Names) -> Earlier | None:
    if before is None or before.event is None:
        return None
    event = before.event
    return Earlier(
        start=event.start,
        end=event.end,
        title=event.title,
        places=tuple(_place(room, names) for room in event.rooms),
    )


def _notes(change: Change, names: Names) -> Iterator[str]:
    """Yield what the page does not show by itself: other fields, and whose doing it was."""
    told = [one for one in told_fields(change, names) if one.drift or one.label not in _SHOWN_ELSEWHERE]
    if change.action is not Action.CREATE and not change.comparison.fields:
        yield change.reason
    for one in told:
        yield f"{one.label}: {one.plain}" + (" (changed in DingTalk)" if one.drift else "")
