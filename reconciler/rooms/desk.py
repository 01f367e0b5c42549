"""Asking about rooms: the organisation's list, rules of some, and who has them when. Writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from reconciler.config.model import Config
from reconciler.dingtalk import ApiError, Reader
from reconciler.model.occurrence import Busy
from reconciler.model.room import BUSY_LONGEST, RoomNote
from reconciler.rooms.freebusy import Query, Span, queries
from reconciler.rooms.look import RoomView, views
from reconciler.rooms.reads import TIME_TO_LIVE, rules_of, side_by_side


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
        rooms = tuple(rooms)
        ask = partial(rules_of, self.reader, self.requester)
        for room_id, answer in side_by_side(ask, [room.id for room in rooms if room.known and self._is_new(room.id)]):
            if isinstance(answer, ApiError):
                raise answer
            self.notes[room_id] = RoomNote(detail=answer, at=self.now)
        return tuple(replace(room, rules=self.notes[room.id].detail) if room.known else room for room in rooms)

    def busy(self, rooms: Iterable[RoomView], *, start: datetime, end: datetime) -> tuple[Busy, ...]:
        """Return who has which room: a call for five rooms and 90 days."""
        spans = [Span(first, last, room.id) for room in rooms for first, last in _parts(start, end)]
        found: dict[tuple[str, str, datetime], Busy] = {}
        for _, answer in side_by_side(self._busy, queries(spans)):
            if isinstance(answer, ApiError):
                raise answer
            found |= {(one.room_id, one.event_id, one.start): one for one in answer}
        return tuple(sorted(found.values(), key=lambda one: (one.room_id, one.start, one.event_id)))

    def _busy(self, query: Query) -> tuple[Busy, ...]:
        return self.reader.rooms.busy(requester=self.requester, rooms=query.rooms, start=query.start, end=query.end)

    def _is_new(self, room_id: str) -> bool:
        note = self.notes.get(room_id)
        return note is None or abs(self.now - note.at) >= TIME_TO_LIVE  # clocks of two machines differ a little


def _parts(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + BUSY_LONGEST, end)
        start += BUSY_LONGEST


def requester_of(config: Config, people: Mapping[str, str]) -> str:
    """Return the union id to ask in the name of: the first organiser, else the first person, of those in `people`."""
    named = [*(meeting.organizer for meeting in config.meetings.values()), *config.people]
    return next((people[name] for name in named if name in people), "")
