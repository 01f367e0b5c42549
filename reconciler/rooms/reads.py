"""Rooms → what is known of them: rules, remembered for a while, and who has them. Reads as little as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from reconciler.dingtalk import ApiError, InvalidParameter, NotFound, PermissionMissing, Reader
from reconciler.model.occurrence import Busy
from reconciler.model.room import RoomDetail, RoomNote
from reconciler.observe.reads import Reads
from reconciler.rooms.freebusy import Query, Span, queries

T = TypeVar("T")
R = TypeVar("R")

PARALLELISM = 64  # calls that are on their way at once, as the pace lets them go
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

    def ask_as(self, requester: str) -> None:
        """Ask in the name of somebody else from now on."""
        self._requester = requester

    def details(self, rooms: Iterable[str]) -> Mapping[str, RoomDetail | None]:
        """Return the rules of `rooms`, None for what DingTalk does not know; those that can't be read are left out.

        One call for each room that was not asked for lately.
        """
        rooms = sorted(set(rooms))
        new = [room for room in rooms if room not in self.notes]
        for room, detail in self._answers("the rules of rooms", partial(rules_of, self._reader, self._requester), new):
            self.notes[room] = RoomNote(detail=detail, at=self._now)
        return {room: self.notes[room].detail for room in rooms if room in self.notes}

    def remembered(self) -> Mapping[str, RoomDetail | None]:
        """Return the rules that are known without a call."""
        return {room: note.detail for room, note in self.notes.items()}

    def busy(self, spans: Iterable[Span], also: Sequence[str] = ()) -> tuple[Busy, ...]:
        """Return all that is known of who has which room, after asking for `spans`.

        `also` are rooms to ask for where that costs no call.
        """
        missing = [span for span in spans if not any(query.covers(span) for query in self._asked)]
        for query, found in self._answers("who has which room", self._ask, queries(missing, also)):
            self._asked.append(query)
            self._busy |= {(one.room_id, one.event_id, one.start): one for one in found}
        return tuple(sorted(self._busy.values(), key=lambda one: (one.room_id, one.start, one.event_id)))

    def is_known(self, span: Span) -> bool:
        """Return whether it was asked who has this room then."""
        return any(query.covers(span) for query in self._asked)

    def _ask(self, query: Query) -> tuple[Busy, ...]:
        return self._reader.rooms.busy(requester=self._requester, rooms=query.rooms, start=query.start, end=query.end)

    def _answers(self, what: str, read: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
        """Yield what `read` answers; of what can't be read one error is told, and nothing of the kind asked again."""
        for item, answer in side_by_side(read, () if what in self._closed else items):
            if not isinstance(answer, ApiError):
                yield item, answer
            elif what not in self._closed:
                self._closed.add(what)
                self.warnings.append(_told(what, answer))


def side_by_side(read: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R | ApiError]]:
    """Yield what `read` answers for each of `items`, or its error: the first alone, the others at once.

    Where the first is refused the others would end the same way, and cost calls: they are not asked for.
    """
    if not items:
        return
    with ThreadPoolExecutor(max_workers=PARALLELISM) as pool:
        reads = Reads(pool, lambda _done, _total: None)
        [(item, answer)] = reads.all(read, items[:1])
        yield item, answer
        if not isinstance(answer, ApiError):
            yield from reads.all(read, items[1:])


def rules_of(reader: Reader, requester: str, room: str) -> RoomDetail | None:
    """Return the rules of a room, None where DingTalk knows no such room. Raises ApiError."""
    try:
        return reader.rooms.get(room, requester)
    except (NotFound, InvalidParameter):
        return None


def _told(what: str, error: ApiError) -> str:
    told = f"{what} could not be read, so not all can be foreseen: {error.what}"
    fix = error.fix if isinstance(error, PermissionMissing) else "apply will find out; --foresight=false does not ask"
    return f"{told}\n  {fix}"
