"""What is on: declared occurrences with what is known of their booking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from reconciler.diff.compare import held_rooms, wanted_rooms, yielding
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key, Occurrence, RoomBooking


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """When the event of an occurrence takes place, both ends aware, where that is not when it should, and its rooms."""

    start: datetime
    end: datetime
    rooms: tuple[RoomBooking, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaItem:
    """One occurrence. `start` and `end` are in `timezone`; `organizer` is a union id.

    `rooms` are those that the event names, with what became of them; `missing` are declared ones that it does not have
    then, `leaving` those of `rooms` that are to be released, `lacking` how many rooms of its pool it is without.
    `booked` says whether there is an event at that time: one at another time is `elsewhere`. `url` and `room_code` are
    "" where there is no conference.
    """

    address: str
    meeting: str
    title: str
    start: datetime
    end: datetime
    timezone: str
    organizer: str
    rooms: tuple[RoomBooking, ...] = ()
    missing: tuple[str, ...] = ()
    leaving: frozenset[str] = frozenset()
    lacking: int = 0
    elsewhere: Elsewhere | None = None
    url: str = ""
    room_code: str = ""
    booked: bool = False


def agenda_items(
    occurrences: Iterable[Occurrence], observed: Mapping[Key, Observed], pools: Mapping[Key, int] | None = None
) -> tuple[AgendaItem, ...]:
    """Return the agenda of `occurrences`, by start. `pools` says how many rooms those want that would take any."""
    counts = pools or {}
    items = (_item(one, observed.get(one.key), counts.get(one.key, 0)) for one in occurrences)
    return tuple(sorted(items, key=lambda item: (item.start, item.address)))


def in_one_zone(items: Iterable[AgendaItem], where: ZoneInfo) -> tuple[AgendaItem, ...]:
    """Return `items` with all times in one zone."""
    return tuple(
        replace(item, start=item.start.astimezone(where), end=item.end.astimezone(where), timezone=where.key)
        for item in items
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an agenda is wanted of: names of meetings, ids of rooms and of people; of what is empty, all."""

    meetings: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


def chosen(
    occurrences: Iterable[Occurrence], observed: Mapping[Key, Observed], choice: Choice
) -> tuple[Occurrence, ...]:
    """Return the occurrences of a chosen meeting, in a chosen room, with a chosen person, organisers included.

    What is not declared is looked up in the event as it was last seen.
    """
    return tuple(
        one
        for one in occurrences
        if (not choice.meetings or one.key.meeting in choice.meetings)
        and (not choice.rooms or choice.rooms & _rooms(one, observed.get(one.key)))
        and (not choice.people or choice.people & _people(one, observed.get(one.key)))
    )


def _rooms(want: Occurrence, have: Observed | None) -> set[str]:
    booked = have.event.rooms if have is not None and have.event is not None else ()
    return {*(want.rooms or ()), *(room.room_id for room in booked)}


def _people(want: Occurrence, have: Observed | None) -> set[str]:
    invited = want.attendees
    if invited is None:
        invited = have.event.attendees if have is not None and have.event is not None else ()
    return {want.organizer, *(who.union_id for who in invited)}


def _item(want: Occurrence, have: Observed | None, count: int) -> AgendaItem:
    event = have.event if have is not None else None
    if have is not None:
        want = yielding(want, have)
    conference = have.conference if have is not None and have.alive else None
    last = have.applied if have is not None else None
    # A recurring event starts long before most of its dates.
    here = event is not None and (event.recurring or (event.start, event.end) == (want.start, want.end))
    rooms = event.rooms if event is not None and here else ()
    named = {room.room_id for room in rooms}
    kept = wanted_rooms(want, event, last)
    return AgendaItem(
        address=str(want.key),
        meeting=want.key.meeting,
        title=want.title,
        start=want.start,
        end=want.end,
        timezone=want.timezone,
        organizer=want.organizer,
        rooms=rooms,
        missing=tuple(room for room in want.rooms or () if room not in named),
        leaving=held_rooms(event) - kept if event is not None and here else frozenset(),
        lacking=max(0, count - len(want.rooms or ())),
        elsewhere=None if event is None or here else Elsewhere(start=event.start, end=event.end, rooms=event.rooms),
        url=conference.url if conference is not None else "",
        room_code=conference.room_code if conference is not None else "",
        booked=here,
    )
