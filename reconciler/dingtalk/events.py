"""Calendar events on the organiser's primary calendar, with their attendees and rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.dingtalk import calls
from reconciler.dingtalk.errors import NotFound, RoomNotAvailable, UnreadableAnswer
from reconciler.dingtalk.paging import pages
from reconciler.dingtalk.session import ReadSession, Session, confirm
from reconciler.dingtalk.wire import (
    Answer,
    from_attendees,
    from_time,
    iso,
    items,
    listed,
    part,
    text,
    to_attendees,
    to_event,
    to_time,
    unreadable,
)
from reconciler.dingtalk.wire_recurrence import to_recurrence
from reconciler.model.occurrence import Attendee, Event, RoomStatus
from reconciler.schedule.pattern import Recurrence

PAGE = 100  # the most events of a page, and the most attendees of an event in a list
_LOCKED = ("updateEventButton", "deleteEventButton", "transferEventButton")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event to be created. `start` and `end` are aware, `timezone` is the IANA zone that they are written in."""

    title: str
    description: str
    start: datetime
    end: datetime
    timezone: str
    attendees: tuple[Attendee, ...] = ()
    notify: bool = True  # False: neither push nor chat messages
    ui_lock: bool = False  # True: DingTalk hides its edit, delete and transfer buttons
    own_conference: bool = False  # True: DingTalk makes a conference for the event itself
    recurrence: Recurrence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPatch:
    """What to change in an event; None: not sent, stays as it is. Times need `timezone`, and come together."""

    title: str | None = None
    description: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    timezone: str | None = None
    attendees: tuple[Attendee, ...] | None = None  # replaces all of them; prefer add_attendees, remove_attendees
    notify: bool = True
    ui_lock: bool | None = None
    recurrence: Recurrence | None = None  # replaces pattern and range; needs `timezone`


@dataclass(frozen=True, slots=True, kw_only=True)
class EventList:
    """Events in the order of the answers. `sync_token` asks for what changed since; "" where none was given.

    `names` are those of the people in them by their union ids, as far as the answers tell: text from remote.
    """

    events: tuple[Event, ...]
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    sync_token: str = field(default="", repr=False)


class EventReader:
    def __init__(self, session: ReadSession) -> None:
        self._reading = session

    def get(self, *, organizer: str, event_id: str, max_attendees: int = 500) -> Event:
        """Return one event. Raises NotFound, and UnreadableAnswer where the answer is about another one."""
        path = {"user": organizer, "event": event_id}
        answer = self._reading.read(calls.EVENT_GET, path=path, query={"maxAttendees": max_attendees})
        event = to_event(answer, organizer=organizer, call=calls.EVENT_GET, max_attendees=max_attendees)
        if event.id != event_id:
            raise unreadable(calls.EVENT_GET, "id")
        return event

    def list(
        self,
        *,
        organizer: str,
        since: datetime,
        until: datetime | None = None,
        show_deleted: bool = True,
        sync_token: str | None = None,
    ) -> EventList:
        """Return the events of the calendar from `since` (aware) on, each as a single event.

        `sync_token` of an earlier list asks for what changed after it, in the window of that list. No sync token
        comes back where `until` is given, which is at most a year after `since`. Without it the last page has one:
        raises UnreadableAnswer where it has not, because then more was to come.
        """
        window: dict[str, object] = {"syncToken": sync_token} if sync_token else {"timeMin": iso(since)}
        if until is not None and not sync_token:
            window["timeMax"] = iso(until)
        query = window | {"showDeleted": show_deleted, "maxResults": PAGE, "maxAttendees": PAGE}
        found = self._collect(calls.EVENT_LIST, organizer, query)
        if until is None and not sync_token and not found.sync_token:
            what = "the list has neither a next page nor a sync token, so it was cut short"
            raise UnreadableAnswer(what, call=str(calls.EVENT_LIST), status=200)
        return found

    def view(self, *, organizer: str, since: datetime, until: datetime) -> EventList:
        """Return the events that overlap the window, recurring ones as their instances (`series` is set)."""
        query = {"timeMin": iso(since), "timeMax": iso(until), "maxResults": PAGE, "maxAttendees": PAGE}
        return self._collect(calls.EVENT_VIEW, organizer, query)

    def attendees(self, *, organizer: str, event_id: str) -> tuple[Attendee, ...]:
        """Return all attendees, sorted, without the organiser."""
        path = {"user": organizer, "event": event_id}
        found: list[Answer] = []
        for answer in pages(self._reading, calls.ATTENDEES_LIST, path=path, query={"maxResults": 500}):
            found.extend(listed(answer, "attendees", calls.ATTENDEES_LIST))
        return from_attendees({"attendees": found}, organizer)

    def _collect(self, call: calls.ReadCall, organizer: str, query: Mapping[str, object]) -> EventList:
        events: dict[str, Event] = {}
        names: dict[str, str] = {}
        token = ""
        for answer in pages(self._reading, call, path={"user": organizer}, query=query):
            for item in listed(answer, "events", call):
                event = to_event(item, organizer=organizer, call=call, max_attendees=PAGE)
                if not _is_older(event, events.get(event.id)):  # a list may repeat what changed while it was read
                    events[event.id] = event
                for who in (*items(item, "attendees"), part(item, "organizer")):
                    if name := text(who, "displayName"):
                        names[text(who, "id")] = name
            token = text(answer, "syncToken")
        return EventList(events=tuple(events.values()), names=names, sync_token=token)


class Events(EventReader):
    """`token` is the client token: within a day the same token is the same request, so a repeat does nothing twice."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    def create(self, *, organizer: str, draft: EventDraft, token: str) -> Event:
        """Create an event and return it. Raises DailyEventLimit, InvalidParameter, NotCreator."""
        body: dict[str, Any] = {
            "summary": draft.title,
            "description": draft.description,
            "start": to_time(draft.start, draft.timezone),
            "end": to_time(draft.end, draft.timezone),
            "attendees": to_attendees(draft.attendees),
        }
        body |= _quiet(notify=draft.notify) | (_lock(locked=True) if draft.ui_lock else {})
        if draft.own_conference:
            body["onlineMeetingInfo"] = {"type": "dingtalk"}
        if draft.recurrence is not None:
            body["recurrence"] = to_recurrence(draft.recurrence, draft.timezone)
        answer = self._writing.write(calls.EVENT_CREATE, path={"user": organizer}, body=body, token=token)
        answered = {key: value for key, value in answer.items() if value is not None}
        whole = {**body, **answered}  # what an answer leaves out is as it was sent
        return to_event(whole, organizer=organizer, call=calls.EVENT_CREATE, max_attendees=len(draft.attendees) + 2)

    def patch(self, *, organizer: str, event_id: str, patch: EventPatch, token: str) -> Event | None:
        """Change an event and return it as answered, None where the answer does not tell. Raises NotFound.

        Never sends `onlineMeetingInfo`: that would replace the link to join.
        """
        path = {"user": organizer, "event": event_id}
        body = _patch_body(event_id, patch)
        answer = self._writing.write(calls.EVENT_UPDATE, path=path, body=body, token=token)
        try:
            return to_event(answer, organizer=organizer, call=calls.EVENT_UPDATE, max_attendees=PAGE)
        except UnreadableAnswer:
            return None

    def delete(self, *, organizer: str, event_id: str, notify: bool, token: str) -> None:
        """Delete an event, or one instance of a series, for everyone, which frees its rooms.

        Raises NotFound where it was gone before.
        """
        path, query = {"user": organizer, "event": event_id}, {"pushNotification": notify}
        try:
            self._writing.write(calls.EVENT_DELETE, path=path, query=query, token=token)
        except NotFound as error:
            if not error.unclear_before:  # else our own first attempt, whose answer was lost
                raise

    def add_attendees(
        self, *, organizer: str, event_id: str, attendees: Sequence[Attendee], notify: bool, token: str
    ) -> None:
        """Add up to 500 attendees; one who is there already is updated."""
        body = {
            "attendeesToAdd": to_attendees(tuple(attendees)),
            "pushNotification": notify,
            "chatNotification": notify,
        }
        self._writing.write(calls.ATTENDEES_ADD, path={"user": organizer, "event": event_id}, body=body, token=token)

    def remove_attendees(self, *, organizer: str, event_id: str, union_ids: Sequence[str], token: str) -> None:
        """Remove up to 500 attendees. DingTalk offers no way to do it silently."""
        body = {"attendeesToRemove": [{"id": union_id} for union_id in union_ids]}
        path = {"user": organizer, "event": event_id}
        self._writing.write(calls.ATTENDEES_REMOVE, path=path, body=body, token=token)

    def book_rooms(self, *, organizer: str, event_id: str, rooms: Sequence[str]) -> None:
        """Book up to 5 rooms, which the event must not hold already. Raises RoomNotAvailable."""
        path = {"user": organizer, "event": event_id}
        body = {"meetingRoomsToAdd": [{"roomId": room} for room in rooms]}
        try:
            answer = self._writing.write(calls.ROOMS_BOOK, path=path, body=body)
        except RoomNotAvailable as error:
            # The answer to our first attempt may have been lost: then it is this event that holds the rooms.
            if error.unclear_before and self._holds(organizer, event_id, rooms):
                return
            raise
        confirm(calls.ROOMS_BOOK, answer, "result")

    def release_rooms(self, *, organizer: str, event_id: str, rooms: Sequence[str]) -> None:
        path = {"user": organizer, "event": event_id}
        body = {"meetingRoomsToRemove": [{"roomId": room} for room in rooms]}
        confirm(calls.ROOMS_RELEASE, self._writing.write(calls.ROOMS_RELEASE, path=path, body=body), "result")

    def _holds(self, organizer: str, event_id: str, rooms: Sequence[str]) -> bool:
        event = self.get(organizer=organizer, event_id=event_id, max_attendees=PAGE)
        held = {room.room_id for room in event.rooms if room.status is not RoomStatus.DECLINED}
        return held >= set(rooms)


def _is_older(event: Event, known: Event | None) -> bool:
    """Return whether `event` is an older version of `known`, as far as both say when they were changed."""
    if known is None:
        return False
    changed, before = (from_time({"dateTime": one.updated}) for one in (event, known))
    return changed is not None and before is not None and changed < before


def _patch_body(event_id: str, patch: EventPatch) -> dict[str, Any]:
    body: dict[str, Any] = {"id": event_id}
    if patch.title is not None:
        body["summary"] = patch.title
    if patch.description is not None:
        body["description"] = patch.description
    for name, moment in (("start", patch.start), ("end", patch.end)):
        if moment is not None:
            body[name] = to_time(moment, patch.timezone or str(getattr(moment.tzinfo, "key", "UTC")))
    if patch.attendees is not None:
        body["attendees"] = to_attendees(patch.attendees)
    if patch.recurrence is not None:
        body["recurrence"] = to_recurrence(patch.recurrence, patch.timezone or "UTC")
    body |= _quiet(notify=patch.notify)
    if patch.ui_lock is not None:
        body |= _lock(locked=patch.ui_lock)
    return body


def _quiet(*, notify: bool) -> dict[str, Any]:
    return {} if notify else {"extra": {"noPushNotification": "true", "noChatNotification": "true"}}


def _lock(*, locked: bool) -> dict[str, Any]:
    status = "hide" if locked else "enable"
    return {"uiConfigs": [{"uiName": name, "uiStatus": status} for name in _LOCKED]}
