"""The rooms of a change while it is carried out: what was booked, and what was had in its place, is noted with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from reconciler.apply.booking import PoolShort, RoomBooker, RoomTaken
from reconciler.apply.outcome import Failure
from reconciler.apply.work import Work, may_be_short, place_of
from reconciler.dingtalk import Client
from reconciler.model.occurrence import Event


class RoomWork:
    """Books and releases the rooms of changes. Safe to use from many threads, for different calls.

    `names` are rooms and people as the config calls them, by id.
    """

    def __init__(self, client: Client, names: Mapping[str, str]) -> None:
        self._client = client
        self._booker = RoomBooker(client, names)

    @property
    def refused(self) -> frozenset[str]:
        """Return the rooms that nobody has and that could not be booked all the same: their rules are not as known."""
        return frozenset(self._booker.refused)

    def book(self, work: Work, rooms: Sequence[str]) -> None:
        """Book `rooms`, or others of the pool in their place. Raises RoomTaken, ApiError."""
        try:
            self._note(work, partial(self._booker.book, place_of(work), rooms))
        except RoomTaken as error:
            with work.lock:
                work.partly |= error.got
            raise

    def check(self, work: Work, answer: Event | None) -> None:
        """See that an event that has moved still has the rooms which it took along; book what it lost.

        `answer` is what the move was answered with. Raises as `book`.
        """
        kept = work.planned.kept_rooms & frozenset(work.after.rooms or ())
        if kept:
            self._note(work, partial(self._booker.recheck, place_of(work), kept, answer))

    def release(self, work: Work, rooms: Sequence[str]) -> None:
        """Release `rooms`. Raises ApiError."""
        self._client.events.release_rooms(organizer=work.entry.organizer, event_id=work.entry.event_id, rooms=rooms)

    def _note(self, work: Work, book: Callable[[], Mapping[str, str]]) -> None:
        """Book, and note which rooms were replaced, and which of a pool could not be had."""
        try:
            self._replace(work, book())
        except PoolShort as short:
            self._replace(work, short.replaced)
            if not may_be_short(work):
                raise
            with work.lock:
                work.lost |= short.lost
                work.short = Failure(code=short.code, message=short.what, hint=short.fix)

    def _replace(self, work: Work, replaced: Mapping[str, str]) -> None:
        with work.lock:
            work.replaced |= replaced
            work.mismatches.extend(self._booker.mismatches(replaced))
