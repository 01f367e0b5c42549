"""A swap that came to a halt for good: everybody gets back the rooms that they had, from the last to the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.apply.outcome import Failure
from reconciler.apply.work import Work, former_span, has_moved, left_to_do, place_of, rooms_of, span_of
from reconciler.diff.compare import held_rooms
from reconciler.dingtalk import Client
from reconciler.errors import ReconcilerError
from reconciler.plan.operations import MAX_ROOMS, Call

UNDONE = "swap-undone"


class _Stuck(ReconcilerError):
    """The way back is barred: by what has moved, or would be without a room itself."""


class Unwinding:
    """Takes back what `works` did to rooms, as far as an occurrence that was left without any needs it.

    `names` are rooms as the config calls them, by id. Not for several threads.
    """

    def __init__(self, works: Iterable[Work], client: Client, names: Mapping[str, str]) -> None:
        self._works = tuple(works)
        self._client = client
        self._names = names

    def restore(self, work: Work) -> None:
        """Give a change that let go of its rooms, and got none, these rooms back; where that can't be, leave it all.

        What another change of this run took of them goes back first, and before it what it gave away itself. An event
        that has moved gets them where it is now, as far as nobody else has them there.
        """
        try:
            event = self._client.events.get(organizer=work.entry.organizer, event_id=work.entry.event_id)
            if held_rooms(event):
                return
            self._undo(work, way=())
        except ReconcilerError:
            return  # it is somebody else's by now

    def _undo(self, work: Work, *, way: tuple[Work, ...]) -> None:
        taken, given = rooms_of(work, Call.ROOMS_BOOK), rooms_of(work, Call.ROOMS_RELEASE)
        again = {*taken} & {*given}  # let go of early, to be taken along: it stays
        taken, given = (tuple(room for room in rooms if room not in again) for rooms in (taken, given))
        if work in way or not (given or _keeps_its_own(work)):
            raise _Stuck(f"{work.key} can't go back")
        if has_moved(work) or len(given) > 1:  # of several, one that is gone would cost it the others
            given = self._still_to_be_had(work, given)
        for other in {id(one): one for room in given for one in self._who_took(room, work)}.values():
            self._undo(other, way=(*way, work))
        self._exchange(work, taken=taken, given=given)
        rooms = {Call.ROOMS_BOOK, Call.ROOMS_RELEASE}
        work.done = [one for one in work.done if one.call not in rooms]
        work.replaced.clear()
        work.partly.clear()
        back, how = (given, "booked") if given else (taken, "released")
        kept = f"{', '.join(self._names.get(room, room) for room in back)} is {how} again"
        if work.failure is not None:
            work.failure = replace(work.failure, message=f"{work.failure.message}; {kept}")
            return
        told = f"the swap was undone, because another room of it could not be had; {kept}"
        work.failure = Failure(code=UNDONE, message=told, hint="the next run tries it again")

    def _still_to_be_had(self, work: Work, given: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the rooms that `work` gave away that it may have where it has moved. Raises where none.

        Those that nobody has there, or who could take them only because it went. What it wants was refused already.
        """
        refused = {room for one in left_to_do(work) for room in one.rooms} if has_moved(work) else frozenset()
        rooms = [room for room in given if room not in refused]
        took = {room: {one.entry.event_id for one in self._who_took(room, work)} for room in rooms}
        start, end = span_of(work)
        busy = (
            self._client.rooms.busy(requester=work.entry.organizer, rooms=rooms, start=start, end=end) if rooms else ()
        )
        others = {one.room_id for one in busy if one.event_id not in took[one.room_id] | {work.entry.event_id}}
        had = tuple(room for room in rooms if room not in others)
        if not had:
            raise _Stuck(f"{work.key} is where others have its rooms by now")
        return had

    def _who_took(self, room: str, work: Work) -> Iterator[Work]:
        """Yield who of this run took `room` where `work` is, at a time that is that of `work`, or was."""
        spans = span_of(work), former_span(work)
        for one in self._works:
            took = one is not work and room in rooms_of(one, Call.ROOMS_BOOK)
            if took and all(one.after.start < end and one.after.end > start for start, end in spans):
                yield one

    def _exchange(self, work: Work, *, taken: tuple[str, ...], given: tuple[str, ...]) -> None:
        """Book what was given away, release what was taken: in this order, as far as the limit of rooms allows."""
        place = place_of(work)
        events, who, event = self._client.events, place.organizer, place.event_id
        held = len(work.after.rooms or ())
        if not taken or not given or held + len(given) <= MAX_ROOMS:
            if given:
                events.book_rooms(organizer=who, event_id=event, rooms=given)
            if taken:
                events.release_rooms(organizer=who, event_id=event, rooms=taken)
            return
        events.release_rooms(organizer=who, event_id=event, rooms=taken)
        try:
            events.book_rooms(organizer=who, event_id=event, rooms=given)
        except ReconcilerError:
            events.book_rooms(organizer=who, event_id=event, rooms=taken)
            raise


def _keeps_its_own(work: Work) -> bool:
    """Return whether a change that failed still has all rooms that it had before, besides those that it took."""
    before = work.planned.change.before
    return (
        work.failure is not None and before is not None and before.event is not None and bool(held_rooms(before.event))
    )
