"""Asking about rooms: the organisation's list, rules of some, and who has them when. Writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.config.model import Config
from reconciler.dingtalk import InvalidParameter, NotFound, Reader
from reconciler.model.occurrence import Busy
from reconciler.model.room import RoomDetail, RoomNote
from reconciler.rooms.freebusy import LONGEST, Span, queries
from reconciler.rooms.look import RoomView, views
from reconciler.rooms.reads import TIME_TO_LIVE


@dataclass(slots=True, kw_only=True)
class RoomDesk:
    """Answers questions about rooms in the name of `requester`, a union id.

    `notes` are the rules that were learned before, and grow. Raises ApiError from every question.
    """

    config: Config
    reader: Reader
    requester: str
    now: datetime
    notes: dict[str, RoomNote] = field(default_factory=dict)

    def rooms(self) -> tuple[RoomView, ...]:
        """Return all rooms, without their rules: a call for each hundred."""
        return views(self.reader.rooms.list(self.requester), self.config.rooms)

    def declared(self) -> tuple[RoomView, ...]:
        """Return the rooms of the config, without a call."""
        return tuple(replace(one, known=True) for one in views((), self.config.rooms))

    def with_rules(self, rooms: Iterable[RoomView]) -> tuple[RoomView, ...]:
        """Return `rooms` with their rules: a call for each that was not asked for within three days."""
        return tuple(replace(room, rules=self._rules(room.id)) if room.known else room for room in rooms)

    def busy(self, rooms: Iterable[RoomView], *, start: datetime, end: datetime) -> tuple[Busy, ...]:
        """Return who has which room: a call for five rooms and 90 days."""
        spans = [Span(first, last, room.id) for room in rooms for first, last in _parts(start, end)]
        found = {
            (one.room_id, one.event_id, one.start): one
            for query in queries(spans)
            for one in self.reader.rooms.busy(
                requester=self.requester, rooms=query.rooms, start=query.start, end=query.end
            )
        }
        return tuple(sorted(found.values(), key=lambda one: (one.room_id, one.start, one.event_id)))

    def _rules(self, room_id: str) -> RoomDetail | None:
        note = self.notes.get(room_id)
        if note is None or abs(self.now - note.at) >= TIME_TO_LIVE:  # clocks of two machines differ a little
            note = self.notes[room_id] = RoomNote(detail=self._ask(room_id), at=self.now)
        return note.detail

    def _ask(self, room_id: str) -> RoomDetail | None:
        try:
            return self.reader.rooms.get(room_id, self.requester)
        except (NotFound, InvalidParameter):
            return None


def _parts(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + LONGEST, end)
        start += LONGEST


def requester_of(config: Config, people: Mapping[str, str], organizers: Sequence[str] = ()) -> str:
    """Return the union id to ask in the name of: who is asked for, else the first organiser, else the first person."""
    named = [*organizers, *(meeting.organizer for meeting in config.meetings.values()), *config.people]
    return next((people[name] for name in named if name in people), "")
