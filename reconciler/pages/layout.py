"""Entries → a page: weeks by rooms, a list by meeting, and what needs a look. Pure; all times end up in one zone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from reconciler.pages import words
from reconciler.pages.chips import NOWHERE, UNPLACED, chips
from reconciler.pages.colours import hues
from reconciler.pages.grid import Frame, hours_of, weeks
from reconciler.pages.listing import figures, meetings, notices
from reconciler.pages.model import Entry, Heading, Room, State
from reconciler.pages.page import Page, Week


def lay_out(entries: Iterable[Entry], rooms: Sequence[Room], *, heading: Heading, zone: ZoneInfo) -> Page:
    """Return the page of `entries`, with all times in `zone` and a row for each of `rooms` and each other in use."""
    local = sorted(
        (_local(entry, zone) for entry in entries), key=lambda one: (one.start.timestamp(), one.title, one.id)
    )
    found = chips(local)
    now = heading.generated_at.astimezone(zone)
    hours = hours_of(found)
    listed = [entry for entry in local if entry.state is not State.STAYS]
    main = [chip for chip in found if chip.entry.state is not State.STAYS]
    anchors = {entry.id: anchor(entry.id) for entry in listed}
    frame = Frame(colours=hues(entry.meeting for entry in local), anchors=anchors, hours=hours, today=now.date())
    everything = [*rooms, *_further_rooms(local, rooms)]
    names = {room.id: room.name for room in everything} | {UNPLACED: "a room of its pool"}
    drawn = weeks(found, everything, frame)
    return Page(
        heading=heading,
        zone=str(zone),
        generated=words.moment(now),
        hours=hours,
        ticks=tuple(range(hours[0] + 2 - hours[0] % 2, hours[1], 2)),
        summary=figures(listed, main),
        notices=tuple(notices(main, anchors, names)),
        weeks=drawn,
        meetings=tuple(meetings(listed, main, frame.colours, anchors)),
        legend=frozenset(kind for week in drawn for kind in _kinds_of(week)),
    )


def anchor(entry_id: str) -> str:
    """Return where an entry stands in the list: the same on every page that has it."""
    return f"o-{hashlib.sha256(entry_id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _local(entry: Entry, zone: ZoneInfo) -> Entry:
    before = entry.before
    moved = (
        None
        if before is None
        else replace(before, start=before.start.astimezone(zone), end=before.end.astimezone(zone))
    )
    return replace(entry, start=entry.start.astimezone(zone), end=entry.end.astimezone(zone), before=moved)


def _further_rooms(entries: Iterable[Entry], rooms: Sequence[Room]) -> list[Room]:
    """Return the rooms that only entries name, by name, and last the rows of what has none: yet, or at all."""
    known = {room.id for room in rooms}
    found = {
        place.room: place.name
        for entry in entries
        for place in (*entry.places, *(entry.before.places if entry.before else ()))
        if place.room not in {*known, UNPLACED}
    }
    further = [Room(id=room, name=name) for room, name in sorted(found.items(), key=lambda item: (item[1], item[0]))]
    unplaced = Room(id=UNPLACED, name="No room yet", detail="any of a pool")
    return [*further, unplaced, Room(id=NOWHERE, name="No room", detail="online only")]


def _kinds_of(week: Week) -> Iterator[str]:
    for row in week.rows:
        for cell in row.cells:
            for block in cell.blocks:
                yield from block.kinds.split()
