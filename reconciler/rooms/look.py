"""What there is to say of rooms: which would do, which are free, how much they are used. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from reconciler.config.model import Room
from reconciler.config.words import did_you_mean
from reconciler.model.occurrence import Busy
from reconciler.model.room import RoomDetail
from reconciler.pages.words import counted
from reconciler.rooms.bookings import Booking
from reconciler.rooms.rules import refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomView:
    """A room as DingTalk knows it and as the config does. `rules` None: they were not asked for."""

    id: str
    name: str
    alias: str = ""
    capacity: int | None = None
    location: str = ""
    tags: tuple[str, ...] = ()
    rules: RoomDetail | None = None
    known: bool = True  # False: the config names it, DingTalk does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a room is wanted for. Both ends aware; `organizer` is a union id."""

    start: datetime
    end: datetime
    organizer: str
    capacity: int = 0
    tags: frozenset[str] = frozenset()
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a room can be had: `refused` is its own rule against it, `holder` who has it, until when."""

    room: RoomView
    refused: str = ""
    holder: str = ""
    until: datetime | None = None

    @property
    def free(self) -> bool:
        return not self.refused and self.until is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much a room is booked within a window; overlapping bookings count once."""

    room: RoomView
    hours: float
    pending_hours: float
    bookings: int


def views(details: Iterable[RoomDetail], declared: Mapping[str, Room]) -> tuple[RoomView, ...]:
    """Return all rooms, those of the config first, each part by name; what either side lacks comes from the other."""
    by_id = {room.id: room for room in declared.values()}
    found = {one.id: _view(one, by_id.get(one.id)) for one in details}
    for room in declared.values():
        if room.id not in found:
            found[room.id] = RoomView(
                id=room.id,
                name=room.alias,
                alias=room.alias,
                capacity=room.capacity,
                location=room.location or "",
                tags=room.tags,
                known=False,
            )
    return tuple(sorted(found.values(), key=lambda one: (not one.alias, one.alias or one.name, one.id)))


def _view(detail: RoomDetail, room: Room | None) -> RoomView:
    tags = dict.fromkeys((*(room.tags if room is not None else ()), *detail.labels))
    return RoomView(
        id=detail.id,
        name=detail.name,
        alias=room.alias if room is not None else "",
        capacity=room.capacity if room is not None and room.capacity else detail.capacity,
        location=(room.location if room is not None else "") or detail.location,
        tags=tuple(tags),
    )


def fitting(rooms: Iterable[RoomView], wanted: Wanted) -> tuple[RoomView, ...]:
    """Return the rooms that are large enough, have the tags and stand where asked for; the smallest first."""
    found = [room for room in rooms if room.known and _fits(room, wanted)]
    return tuple(sorted(found, key=lambda one: (one.capacity or 0, not one.alias, one.alias or one.name, one.id)))


def why_none_fits(rooms: Iterable[RoomView], wanted: Wanted) -> str:
    """Return what no room has of what is wanted, or that none has all of it."""
    known = [room for room in rooms if room.known]
    tags = {tag for room in known for tag in room.tags}
    told = [f"no room has the tag {tag!r}; {_instead(tag, tags)}" for tag in sorted(wanted.tags - tags)]
    places = {room.location for room in known if room.location}
    if not any(wanted.location.casefold() in place.casefold() for place in places | {""}):
        told.append(f"no room is in {wanted.location!r}; {_instead(wanted.location, places)}")
    seats = max((room.capacity or 0 for room in known), default=0)
    if seats < wanted.capacity:
        told.append(f"no room has {counted(wanted.capacity, 'seat')}: the largest has {seats}")
    return "\n".join(told or ["no room has all of it at once"])


def _instead(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known, otherwise="`reconciler rooms list` shows them")


def _fits(room: RoomView, wanted: Wanted) -> bool:
    seats = not wanted.capacity or (room.capacity or 0) >= wanted.capacity
    return seats and wanted.tags <= set(room.tags) and wanted.location.casefold() in room.location.casefold()


def availability(
    rooms: Sequence[RoomView], busy: Iterable[Busy], wanted: Wanted, *, now: datetime
) -> tuple[Availability, ...]:
    """Return whether each of `rooms` can be had, the free ones first, else in the order given."""
    holds = [one for one in busy if one.start < wanted.end and wanted.start < one.end]
    found = [_availability(room, holds, wanted, now) for room in rooms]
    return tuple(sorted(found, key=lambda one: not one.free))


def _availability(room: RoomView, holds: Iterable[Busy], wanted: Wanted, now: datetime) -> Availability:
    own = sorted((one for one in holds if one.room_id == room.id), key=lambda one: one.end)
    if own:
        return Availability(room=room, holder=own[-1].organizer, until=own[-1].end)
    told = refusal(_booking(room, wanted), room.rules, now) if room.rules is not None else None
    return Availability(room=room, refused=told[1] if told is not None else "")


def _booking(room: RoomView, wanted: Wanted) -> Booking:
    return Booking(address="", organizer=wanted.organizer, room=room.id, start=wanted.start, end=wanted.end)


def usage(rooms: Iterable[RoomView], busy: Iterable[Busy], *, start: datetime, end: datetime) -> tuple[Usage, ...]:
    """Return how much each room is booked between, the most used first; what reaches over an end is cut there."""
    holds = [one for one in busy if one.start < end and start < one.end]
    found = [_usage(room, [one for one in holds if one.room_id == room.id], start, end) for room in rooms]
    return tuple(sorted(found, key=lambda one: (-one.hours, one.room.alias or one.room.name, one.room.id)))


def _usage(room: RoomView, holds: Sequence[Busy], start: datetime, end: datetime) -> Usage:
    pending = [one for one in holds if one.status == "TENTATIVE"]
    return Usage(
        room=room,
        hours=_hours(holds, start, end),
        pending_hours=_hours(pending, start, end),
        bookings=len(holds),
    )


def _hours(holds: Iterable[Busy], start: datetime, end: datetime) -> float:
    total, last = timedelta(), start
    for one in sorted(holds, key=lambda one: one.start):
        first, until = max(one.start, last), min(one.end, end)
        if until > first:
            total += until - first
            last = until
    return total / timedelta(hours=1)


def rules_in_words(rules: RoomDetail, *, now: datetime, zone: tzinfo) -> Iterator[str]:
    """Yield the rules by which a room refuses bookings, as people say them, with all times in `zone`."""
    if rules.status == 1:
        yield "only administrators may book it"
    elif rules.status:
        who = [counted(len(rules.members), "person", "people")] * bool(rules.members)
        who += [counted(len(rules.departments), "department")] * bool(rules.departments)
        yield f"only {' and '.join(who) or 'some people'} may book it"
    if rules.open is False:
        yield "not open for bookings"
    if rules.approval:
        yield "bookings need approval"
    if rules.min_minutes:
        yield f"at least {rules.min_minutes} min"
    if rules.max_minutes:
        yield f"at most {rules.max_minutes} min"
    if rules.advance and rules.advance_unit:
        yield f"up to {rules.advance} {rules.advance_unit} ahead"
    if rules.recurring is False:
        yield "no series"
    if rules.closed_from is not None and (rules.closed_until is None or rules.closed_until > now):
        until = (
            "for good" if rules.closed_until is None else f"until {rules.closed_until.astimezone(zone):%Y-%m-%d %H:%M}"
        )
        yield f"closed from {rules.closed_from.astimezone(zone):%Y-%m-%d %H:%M} {until}" + (
            f" ({rules.closed_reason})" if rules.closed_reason else ""
        )
