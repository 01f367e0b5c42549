"""Rooms → what is known of them: rules, remembered for a while, and who has them. Reads as little as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from reconciler.dingtalk import ApiError, InvalidParameter, NotFound, PermissionMissing, Reader
from reconciler.model.occurrence import Busy
from reconciler.model.room import RoomDetail, RoomNote
from reconciler.rooms.freebusy import Query, Span, queries

TIME_TO_LIVE = timedelta(days=3)  # of a room's rules; a month of daily runs costs ten calls a room


class RoomReads:
    """What one run learns of rooms. Never asks the same twice; what can't be read ends up in `warnings`, once.

    `notes` are what was learned before, and grow. `requester` is the union id in whose name is asked.
    """

    def __init__(self, reader: Reader, notes: Mapping[str, RoomNote], *, requester: str, now: datetime) -> None:
        # Clocks of two machines differ a little.
        self.notes = {room: note for room, note in notes.items() if abs(now - note.at) < TIME_TO_LIVE}
        self.warnings: list[str] = []
        self._reader = reader
        self._requester = requester
        self._now = now
        self._asked: list[Query] = []
        self._busy: dict[tuple[str, str, datetime], Busy] = {}
        self._closed: set[str] = set()  # kinds of calls that are not worth another try

    def details(self, rooms: Iterable[str]) -> Mapping[str, RoomDetail | None]:
        """Return the rules of `rooms`, None for what DingTalk does not know; those that can't be read are left out.

        One call for each room that was not asked for lately.
        """
        rooms = sorted(set(rooms))
        for room in rooms:
            if room not in self.notes:
                self._try("the rules of rooms", partial(self._note, room))
        return {room: self.notes[room].detail for room in rooms if room in self.notes}

    def remembered(self) -> Mapping[str, RoomDetail | None]:
        """Return the rules that are known without a call."""
        return {room: note.detail for room, note in self.notes.items()}

    def busy(self, spans: Iterable[Span], also: Sequence[str] = ()) -> tuple[Busy, ...]:
        """Return all that is known of who has which room, after asking for `spans`.

        `also` are rooms to ask for where that costs no call.
        """
        missing = [span for span in spans if not any(query.covers(span) for query in self._asked)]
        for query in queries(missing, also):
            self._try("who has which room", partial(self._ask, query))
        return tuple(sorted(self._busy.values(), key=lambda one: (one.room_id, one.start, one.event_id)))

    def is_known(self, span: Span) -> bool:
        """Return whether it was asked who has this room then."""
        return any(query.covers(span) for query in self._asked)

    def _note(self, room: str) -> None:
        try:
            detail = self._reader.rooms.get(room, self._requester)
        except (NotFound, InvalidParameter):
            detail = None
        self.notes[room] = RoomNote(detail=detail, at=self._now)

    def _ask(self, query: Query) -> None:
        found = self._reader.rooms.busy(requester=self._requester, rooms=query.rooms, start=query.start, end=query.end)
        self._asked.append(query)
        self._busy |= {(one.room_id, one.event_id, one.start): one for one in found}

    def _try(self, what: str, read: Callable[[], None]) -> None:
        if what in self._closed:
            return
        try:
            read()
        except ApiError as error:
            # One refusal is told for all: the others would end the same way, and cost calls.
            self._closed.add(what)
            told = f"{what} could not be read, so not all can be foreseen: {error.what}"
            denied = isinstance(error, PermissionMissing)
            fix = error.fix if denied else "apply will find out; --foresight=false does not ask"
            self.warnings.append(f"{told}\n  {fix}")
