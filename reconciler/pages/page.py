"""A page as a value: what the templates render, with every word and every place decided."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.pages.model import Entry, Heading, Mark, State

MARKS = {
    Mark.PENDING: "pending approval",
    Mark.DECLINED: "declined",
    Mark.MISSING: "not booked",
    Mark.BOOKING: "to be booked",
    Mark.LEAVING: "to be released",
}
STATES = {
    State.BOOKED: "",
    State.OPEN: "not booked yet",
    State.ELSEWHERE: "booked at another time",
    State.NEW: "new",
    State.CHANGED: "changed",
    State.CANCELLED: "cancelled",
    State.STAYS: "stays",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A chip in a cell. `x` and `width` are minutes of the day shown; `kinds` are classes, `tags` say them in words.

    `anchor` is "" where the list has nothing more of it.
    """

    anchor: str
    hue: int
    time: str
    title: str
    kinds: str
    tags: tuple[str, ...]
    x: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    name: str
    iso: str
    today: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    day: Day
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str
    detail: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    anchor: str
    name: str
    number: int
    count: str
    days: tuple[Day, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One occurrence in the list. `rooms` are name, class and what to say of it; `own` is the meeting's own time.

    `minutes` is how long it lasts by any clock, which `length` has in words.
    """

    entry: Entry
    anchor: str
    day: str
    iso: str
    time: str
    length: str
    minutes: int
    own: str
    was: str
    state: str
    rooms: tuple[tuple[str, str, str], ...]
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    anchor: str
    name: str
    title: str
    hue: int
    organizer: str
    count: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that needs a look: `kind` is conflict, declined, pending or missing."""

    kind: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    heading: Heading
    zone: str
    generated: str
    hours: tuple[int, int]
    ticks: tuple[int, ...]
    summary: tuple[tuple[str, str], ...]  # number and noun
    notices: tuple[Notice, ...]
    weeks: tuple[Week, ...]
    meetings: tuple[Meeting, ...]
    legend: frozenset[str]  # kinds of chips that there are
