"""Rooms on an event: booked as far as they can be had, others of the pool in the place of those that can't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.apply.outcome import Mismatch
from reconciler.diff.compare import held_rooms
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import InvalidParameter, RoomNotAvailable
from reconciler.errors import ReconcilerError
from reconciler.model.native import times
from reconciler.model.occurrence import Busy, Event, Key, Occurrence
from reconciler.model.room import BUSY_LONGEST, BUSY_ROOMS
from reconciler.plan.operations import NO_ROOM, PlannedPool


class RoomTaken(ReconcilerError):
    """A room is held by somebody else at that time, or its own rules refuse. `got` are those that were booked."""

    code = "meetingRoomNotAvailable"

    def __init__(self, what: str, *, where: str, fix: str, got: frozenset[str] = frozenset()) -> None:
        super().__init__(what, where=where, fix=fix)
        self.got = got


class PoolShort(RoomTaken):
    """A pool had fewer rooms to give than are wanted: `lost` were none of them, nor others in their place.

    `replaced` are those that were replaced by others all the same.
    """

    code = NO_ROOM

    def __init__(
        self,
        what: str,
        *,
        where: str,
        fix: str,
        got: frozenset[str],
        lost: frozenset[str],
        replaced: Mapping[str, str],
    ) -> None:
        super().__init__(what, where=where, fix=fix, got=got)
        self.lost = lost
        self.replaced = replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An event and the occurrence that it is. `spares` are rooms of its `pool` that may be booked in others' place."""

    key: Key
    organizer: str
    event_id: str
    want: Occurrence
    spares: Sequence[str] = ()
    pool: PlannedPool | None = None


@dataclass(slots=True)
class RoomBooker:
    """Books rooms. `names` are rooms and people as the config calls them, by id. Safe for many threads."""

    client: Client
    names: Mapping[str, str]
    refused: set[str] = field(default_factory=set)  # rooms that nobody has, and that could not be booked all the same
    _used: dict[str, set[str]] = field(default_factory=dict)  # spares that were tried, by event

    def book(self, place: Place, rooms: Sequence[str]) -> Mapping[str, str]:
        """Book `rooms`; return which of them were replaced by which. Raises RoomTaken, RoomNotAvailable, ApiError."""
        try:
            self._call(place, rooms)
        except RoomNotAvailable as error:
            return self._book_what_is_free(place, rooms, error)
        except InvalidParameter:
            if len(rooms) == 1 or place.pool is not None:
                raise
            self._book_each(place, rooms)
        return {}

    def _book_each(self, place: Place, rooms: Sequence[str]) -> None:
        """Book rooms of which one can be no part of any call: it is unknown, or takes no series. Raises RoomTaken."""
        told: list[str] = []
        fixes: list[str] = []
        got = set(rooms)
        for room in rooms:
            try:
                self.book(place, [room])
            except RoomTaken as error:
                told.append(error.what)
                fixes.append(error.fix)
                got.discard(room)
            except InvalidParameter as error:
                told.append(f"room {self.names.get(room, room)}: {error.what}")
                fixes.append(error.fix)
                got.discard(room)
        if told:
            raise RoomTaken("; ".join(told), where=str(place.key), fix=fixes[0], got=frozenset(got))

    def recheck(self, place: Place, kept: Iterable[str], answer: Event | None) -> Mapping[str, str]:
        """Book again what an event lost of the rooms that it took along; return which were replaced by which.

        `answer` is the event as it was answered; where that tells no rooms, it is read. Raises as `book`.
        """
        if answer is None or not answer.rooms:
            answer = self.client.events.get(organizer=place.organizer, event_id=place.event_id)
        lost = sorted(frozenset(kept) - held_rooms(answer))
        return self.book(place, lost) if lost else {}

    def _call(self, place: Place, rooms: Sequence[str]) -> None:
        self.client.events.book_rooms(organizer=place.organizer, event_id=place.event_id, rooms=rooms)

    def _book_what_is_free(self, place: Place, rooms: Sequence[str], error: RoomNotAvailable) -> Mapping[str, str]:
        """Book those rooms of a refused call that nobody else holds, and others for the rest; raise for what is left.

        One taken room refuses the whole call, and so does one that this very event holds already.
        """
        want = place.want
        event = self.client.events.get(organizer=place.organizer, event_id=place.event_id)
        missing = [room for room in rooms if room not in held_rooms(event)]
        if not missing:
            return {}
        asked = [*missing, *(room for room in place.spares if room not in missing)][:BUSY_ROOMS]
        dates = times(want, within=BUSY_LONGEST)
        busy = self.client.rooms.busy(requester=place.organizer, rooms=asked, start=want.start, end=dates[-1][1])
        known = {
            one.room_id: one
            for one in sorted(busy, key=lambda one: one.start, reverse=True)  # the first that is in the way is told
            if one.event_id != place.event_id and any(one.start < end and one.end > start for start, end in dates)
        }
        holders = {room: one for room, one in known.items() if room in missing}
        free = [room for room in missing if room not in holders]
        free = self._refused_of(place, free, tried=len(rooms))
        self.refused.update(free)
        replaced = self._replaced(place, [*holders, *free])
        lost = frozenset((*holders, *free)) - replaced.keys()
        got = frozenset(rooms) - lost
        if lost and place.pool is not None:
            seen = {room: known.get(room) for room in asked}
            raise self._short(place, place.pool, booked=got, lost=lost, replaced=replaced, known=seen)
        if not lost:
            return replaced
        refused = [room for room in free if room in lost]
        told = [self._refused(room, error) for room in refused]
        told += [self._held(one, want) for room, one in holders.items() if room in lost]
        rules = "; `reconciler rooms list` shows the room's rules" if refused else ""
        fix = f"the meeting is there; the next run tries the room again{rules}"
        raise RoomTaken("; ".join(told), where=str(place.key), fix=fix, got=got)

    def _refused_of(self, place: Place, free: list[str], *, tried: int) -> list[str]:
        """Book rooms that nobody else holds, `tried` at once before; return those that are refused all the same.

        One that refuses must not cost the event the others.
        """
        if free and len(free) < tried:
            with suppress(RoomNotAvailable):
                self._call(place, free)
                return []
        return [room for room in free if not self._can_book(place, room)] if len(free) > 1 else free

    def _can_book(self, place: Place, room: str) -> bool:
        try:
            self._call(place, [room])
        except RoomNotAvailable:
            return False
        return True

    def _short(
        self,
        place: Place,
        pool: PlannedPool,
        *,
        booked: frozenset[str],
        lost: frozenset[str],
        replaced: Mapping[str, str],
        known: Mapping[str, Busy | None],
    ) -> PoolShort:
        """Return the error that tells which rooms of `pool` were had, and why not the others, by who has them."""
        want = place.want
        got = [replaced.get(room, room) for room in want.rooms or () if room not in lost]
        zone = want.start.tzinfo
        reasons = []
        for room, one in known.items():
            if room not in got:
                holder = self.names.get(one.organizer, one.organizer) or "somebody" if one is not None else ""
                why = "refuses" if one is None else f"{holder} until {one.end.astimezone(zone):%H:%M}"
                reasons.append(f"{self.names.get(room, room)}: {why}")
        names = [self.names.get(room, room) for room in pool.rooms if room not in got]
        others = ", ".join(names[:BUSY_ROOMS]) + (" and others" if len(names) > BUSY_ROOMS else "")
        told = f"no room of its pool could be had ({'; '.join(reasons)})"
        fix = f"the meeting is there, without a room; the next run looks for any of {others}"
        if got:
            had = ", ".join(self.names.get(room, room) for room in got)
            rooms = "room" if len(got) == 1 else "rooms"
            told = f"{len(got)} of {pool.count} rooms of its pool could be had: {had}; {'; '.join(reasons)}"
            fix = f"the meeting is there, with {len(got)} {rooms}; the next run looks for more among {others}"
        return PoolShort(told, where=str(place.key), fix=fix, got=booked, lost=lost, replaced=replaced)

    def _replaced(self, place: Place, rooms: Sequence[str]) -> Mapping[str, str]:
        """Book a spare room for each of `rooms`, as far as they go; return which were replaced by which."""
        replaced: dict[str, str] = {}
        used = self._used.setdefault(place.event_id, set())
        for room in rooms:
            for spare in place.spares:
                if spare not in used and room not in replaced:
                    used.add(spare)
                    with suppress(RoomNotAvailable):
                        self._call(place, [spare])
                        replaced[room] = spare
        return replaced

    def mismatches(self, replaced: Mapping[str, str]) -> Iterator[Mismatch]:
        """Yield what was booked in the place of something else."""
        for room, spare in replaced.items():
            yield Mismatch(path="rooms", wanted=self.names.get(room, room), answered=self.names.get(spare, spare))

    def _refused(self, room: str, error: RoomNotAvailable) -> str:
        """Tell of a room that nobody has, and that DingTalk refuses all the same: its own rules do."""
        why = error.what.removesuffix(f" ({error.dingtalk_code})")
        return f"room {self.names.get(room, room)} is free then, and can't be booked: {why}"

    def _held(self, busy: Busy, want: Occurrence) -> str:
        until = busy.end.astimezone(want.start.tzinfo).strftime("%Y-%m-%d %H:%M %Z")
        room = self.names.get(busy.room_id, busy.room_id)
        holder = self.names.get(busy.organizer, busy.organizer) or "somebody"
        return f"room {room} is held by {holder} until {until}"
