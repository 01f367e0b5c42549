"""What is put on a page: occurrences and rooms as plain values. Texts may be anybody's; rendering escapes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mark(StrEnum):
    """What became of a room of an occurrence, or will, where a plan is shown."""

    HELD = "held"
    PENDING = "pending"  # waits for an approval
    DECLINED = "declined"
    MISSING = "missing"  # declared, not booked
    BOOKING = "booking"  # a plan would book it
    LEAVING = "leaving"  # a plan would release it


class State(StrEnum):
    """What an occurrence is, or what a plan would make of it."""

    BOOKED = "booked"
    OPEN = "open"  # declared, and there is no event yet
    ELSEWHERE = "elsewhere"  # there is an event, at another time: `before` tells
    NEW = "new"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    STAYS = "stays"  # beside what a plan changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A room of an occurrence, by its id; `name` is what people call it."""

    room: str
    name: str
    mark: Mark = Mark.HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Where and when a changed occurrence has been, or one that is booked at another time still is."""

    start: datetime
    end: datetime
    title: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One occurrence. Instants are aware; `timezone` is the meeting's own, "" where nothing tells.

    `id` is unique on the page, `meeting` is the name that it goes and is coloured by.
    """

    id: str
    meeting: str
    title: str
    start: datetime
    end: datetime
    timezone: str = ""
    organizer: str = ""
    places: tuple[Place, ...] = ()
    state: State = State.BOOKED
    url: str = ""
    room_code: str = ""
    notes: tuple[str, ...] = ()
    before: Earlier | None = None
    editable: bool = False  # on a page that can edit
    serial: bool = False  # a date of a series: it can only be cancelled, and its rooms are those of all dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room that has a row on the page even where nothing takes place in it."""

    id: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands over a page: who made it from what.

    `lead` are sentences, `errors` and `warnings` what a reader must not miss.
    """

    title: str
    kind: str  # as in "Agenda" or "Plan"
    generated_at: datetime
    lead: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
