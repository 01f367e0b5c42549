"""One call of a plan: its arguments from the change, its answer into the journal."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from reconciler.apply.ending import delete_instance, end_series
from reconciler.apply.outcome import Mismatch
from reconciler.apply.rooming import RoomWork
from reconciler.apply.second import SecondConferences
from reconciler.apply.work import Work, left_to_do
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import ApiError, ConferenceCancelled, NotFound
from reconciler.dingtalk.events import EventDraft, EventPatch
from reconciler.errors import ReconcilerError
from reconciler.model.marker import Description, parse_description
from reconciler.model.occurrence import Event, Key, Link, Occurrence
from reconciler.model.rendering import describe
from reconciler.model.spelling import alike
from reconciler.model.state import Entry, Orphan
from reconciler.plan.operations import Call, Operation
from reconciler.state.journal import Intent, Journal

JUST_NOW = timedelta(minutes=10)  # how old the answer to a creation may be and still be this one's
MAX_REVISIONS = 5  # how many deleted events of one day may stand in the way of a new one


Learned = Callable[[Entry], Entry]  # what an answer adds to what is known; calls of one change may overlap


class Executor:
    """Carries out single calls. Safe to use from many threads, for different calls."""

    def __init__(
        self,
        client: Client,
        journal: Journal,
        *,
        workspace: str,
        clock: Callable[[], datetime],
        names: Mapping[str, str],
        seen: Container[str] = (),
    ) -> None:
        """`names` are people and rooms as the config calls them, `seen` the ids of events that are there already."""
        self.orphans: list[Orphan] = []
        self._seen = seen
        self._client = client
        self._journal = journal
        self._workspace = workspace
        self._clock = clock
        self._rooms = RoomWork(client, names)
        self._second = SecondConferences(client, journal, self.orphans)
        self._calls: Mapping[Call, Callable[[Work, Operation, str], Learned]] = {
            Call.CONFERENCE_CREATE: self._create_conference,
            Call.CONFERENCE_UPDATE: self._update_conference,
            Call.CONFERENCE_SETTINGS: self._update_settings,
            Call.CONFERENCE_CANCEL: self._cancel_conference,
            Call.EVENT_CREATE: self._create_event,
            Call.EVENT_UPDATE: self._update_event,
            Call.EVENT_DELETE: self._delete_event,
            Call.ATTENDEES_ADD: self._add_attendees,
            Call.ATTENDEES_REMOVE: self._remove_attendees,
            Call.ROOMS_BOOK: self._book_rooms,
            Call.ROOMS_RELEASE: self._release_rooms,
        }

    @property
    def refused_rooms(self) -> frozenset[str]:
        """Return the rooms that nobody has and that could not be booked all the same: their rules are not as known."""
        return self._rooms.refused

    def execute(self, operation: Operation, work: Work) -> None:
        """Make the call and note what it did in `work` and in the journal. Raises ApiError, RoomTaken, StateError."""
        intent = self._intent(operation, work)
        self._journal.begin(intent)
        try:
            learned = self._calls[operation.call](work, operation, intent.id)
        except ApiError as error:
            self._failed(intent, error)
            raise
        except ReconcilerError:
            self._journal.settled(intent)
            raise
        with work.lock:
            work.entry = learned(work.entry)
            work.done.append(operation)
            if work.planned.change.duplicate:
                self._journal.settled(intent)
            else:
                self._journal.done(intent, work.key, work.result())

    def _intent(self, operation: Operation, work: Work) -> Intent:
        change = work.planned.change
        return Intent(
            id=uuid.uuid4().hex,
            call=operation.call,
            key=work.key,
            organizer=work.entry.organizer,
            title=change.after.title if change.after is not None else "",
            start=change.start or self._clock(),
            at=datetime.now(UTC),  # whoever looks for it looks by a real clock, not by --now
        )

    def _failed(self, intent: Intent, error: ApiError) -> None:
        if error.certain_not_done and not error.unclear_before:
            self._journal.settled(intent)
        elif intent.call == Call.CONFERENCE_CREATE:
            self.orphans.append(intent.orphan())  # the journal keeps it open, until the state tells of it

    def _create_conference(self, work: Work, _operation: Operation, _token: str) -> Learned:
        after = work.after
        made = self._client.conferences.create(
            organizer=after.organizer, title=after.title, start=after.start, end=after.end, settings=after.settings
        )
        self._second.made(made.id)
        return lambda entry: replace(entry, conference_id=made.id, url=made.url, room_code=made.room_code)

    def _update_conference(self, work: Work, _operation: Operation, _token: str) -> Learned:
        after = work.after
        self._client.conferences.update(
            organizer=after.organizer,
            conference_id=work.entry.conference_id,
            title=after.title,
            start=after.start,
            end=after.end,
        )
        return _nothing

    def _update_settings(self, work: Work, _operation: Operation, _token: str) -> Learned:
        self._client.conferences.update_settings(
            organizer=work.after.organizer, conference_id=work.entry.conference_id, settings=work.after.settings
        )
        return _nothing

    def _cancel_conference(self, work: Work, operation: Operation, _token: str) -> Learned:
        conference_id = operation.conference or work.entry.conference_id
        with suppress(ConferenceCancelled, NotFound):  # that is what was wanted
            self._client.conferences.cancel(organizer=work.entry.organizer, conference_id=conference_id)
        if operation.conference:
            return _nothing
        return lambda entry: replace(entry, conference_id="", url="", room_code="")

    def _create_event(self, work: Work, _operation: Operation, _token: str) -> Learned:
        """Create the event, or find the one that was created under the same client token today.

        The token is the same in every run, so that a run after a crash, or beside this one, makes no second event.
        What comes back may therefore be another run's event, which is then the one; or one that was deleted since or
        has become another occurrence, and the next revision makes a new one.
        """
        after, entry = work.after, work.entry
        for revision in range(entry.revision, entry.revision + MAX_REVISIONS):
            known = replace(entry, revision=revision)
            draft = EventDraft(
                title=after.title,
                description=self._description(work, known),
                start=after.start,
                end=after.end,
                timezone=after.timezone,
                attendees=after.attendees or (),
                notify=after.notify,
                ui_lock=after.ui_lock,
                own_conference=after.link is Link.EVENT,
                recurrence=after.recurrence,
            )
            token = client_token(self._workspace, known)
            event = self._client.events.create(organizer=after.organizer, draft=draft, token=token)
            if event.id in self._seen:
                continue
            made = parse_description(event.description)
            if (made.marker is None or made.marker.conference == entry.conference_id) and self._is_ours(work, event):
                work.mismatches.extend(mismatches(after, event, {"title", "time"}))
                return partial(replace, event_id=event.id, revision=revision)
            if self._is_there(event, work.key):
                return self._joined(work, event, made, revision)
        raise ReconcilerError(
            "every new event turns out to be one that was deleted or moved today",
            where=str(work.key),
            fix="run again tomorrow: client tokens are forgotten after a day",
        )

    def _is_ours(self, work: Work, event: Event) -> bool:
        """Return whether `event` is the one just asked for: its own conference tells, else its age and a look at it."""
        if (work.entry.conference_id and work.planned.change.role is None) or not event.created:
            return True
        try:
            age = self._clock() - datetime.fromisoformat(event.created)
        except (ValueError, TypeError):  # no date, or one without an offset
            return True
        return age < JUST_NOW or self._is_there(event, work.key)

    def _is_there(self, event: Event, key: Key) -> bool:
        """Return whether an event is still there, and still the occurrence `key`, for all that its marker says."""
        try:
            found = self._client.events.get(organizer=event.organizer, event_id=event.id)
        except NotFound:
            return False
        marker = parse_description(found.description).marker
        return not found.cancelled and (marker is None or marker.key == key)

    def _joined(self, work: Work, event: Event, made: Description, revision: int) -> Learned:
        """Take over the event and the conference that another run made, and give up the conference that we made."""
        conference_id = made.marker.conference if made.marker is not None else ""
        self._second.give_way(work, conference_id)
        return lambda entry: replace(
            entry, event_id=event.id, revision=revision, conference_id=conference_id, url=made.link, room_code=""
        )

    def _update_event(self, work: Work, operation: Operation, token: str) -> Learned:
        if operation.parts == ("end",):
            end_series(self._client, work, now=self._clock(), token=token)
            return lambda entry: replace(entry, event_id="")
        after, parts, entry = work.after, operation.parts, work.entry
        moves, recurs = "time" in parts, "recurrence" in parts
        patch = EventPatch(
            title=after.title if "title" in parts else None,
            description=self._description(work, entry) if "description" in parts else None,
            start=after.start if moves else None,
            end=after.end if moves else None,
            timezone=after.timezone if moves or recurs else None,
            recurrence=after.recurrence if recurs else None,
            ui_lock=after.ui_lock if "ui_lock" in parts else None,
            notify=after.notify and work.planned.notifies > 0,  # a plan that counts nobody tells nobody
        )
        event = self._client.events.patch(organizer=entry.organizer, event_id=entry.event_id, patch=patch, token=token)
        if event is not None:
            work.mismatches.extend(mismatches(after, event, set(parts)))
        if moves:
            work.moved = True
            self._rooms.check(work, event)
        return _nothing

    def _description(self, work: Work, entry: Entry) -> str:
        before = work.planned.change.before
        body = before.description.body if before is not None else ""
        if entry.applied is not None and entry.applied.description is not None:
            body = ""  # what is declared no more was ours
        return describe(
            work.after,
            workspace=self._workspace,
            conference_id=entry.conference_id,
            link=entry.url or (before.description.link if work.after.link is Link.EVENT and before else ""),
            revision=entry.revision,
            body=body,
        )

    def _delete_event(self, work: Work, operation: Operation, token: str) -> Learned:
        if operation.instance is not None:
            delete_instance(self._client, work, operation.instance, token=token)
            return _nothing
        entry, notify = work.entry, work.notify and not work.planned.change.replaces
        with suppress(NotFound):  # that is what was wanted
            self._client.events.delete(organizer=entry.organizer, event_id=entry.event_id, notify=notify, token=token)
        return lambda entry: replace(entry, event_id="")

    def _add_attendees(self, work: Work, operation: Operation, token: str) -> Learned:
        self._client.events.add_attendees(
            organizer=work.entry.organizer,
            event_id=work.entry.event_id,
            attendees=operation.people,
            notify=work.notify,
            token=token,
        )
        return _nothing

    def _remove_attendees(self, work: Work, operation: Operation, token: str) -> Learned:
        self._client.events.remove_attendees(
            organizer=work.entry.organizer,
            event_id=work.entry.event_id,
            union_ids=[who.union_id for who in operation.people],
            token=token,
        )
        return _nothing

    def _book_rooms(self, work: Work, operation: Operation, _token: str) -> Learned:
        self._rooms.book(work, operation.rooms)
        return _nothing

    def _release_rooms(self, work: Work, operation: Operation, _token: str) -> Learned:
        self._rooms.release(work, operation.rooms)
        return _nothing

    def go_on(self, work: Work) -> bool:
        """Try once more what a change could not do about its rooms; return whether anything of it was done."""
        before, barred = len(work.done), set[str]()
        for one in left_to_do(work):
            try:
                if barred.isdisjoint(one.needs):
                    self.execute(one, work)
                    continue
            except ReconcilerError:
                pass
            barred.add(one.id)
        if barred:
            return len(work.done) > before
        work.failure = None
        return True

    def end_second(self, led: Container[str], *, stopped: bool) -> None:
        """End what turned out to be second to another run's conferences: see SecondConferences."""
        self._second.end(led, stopped=stopped)


def client_token(workspace: str, entry: Entry) -> str:
    """Return the token under which the event of `entry` is created, the same in every run.

    The organiser is part of it: what changes hands gets an event of its own.
    """
    original = f"{entry.key.original.isoformat()}{'+' if entry.key.series else ''}"
    text = f"{workspace}/{entry.key.meeting}/{original}/{entry.organizer}/{entry.revision}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def mismatches(want: Occurrence, answer: Event, parts: set[str]) -> Iterator[Mismatch]:
    """Yield where the answer to a write differs from what was written, for those `parts` that were."""
    pairs = []
    if "title" in parts and not alike(want.title, answer.title):
        pairs.append(("title", want.title, answer.title))
    if "time" in parts:
        zone = want.start.tzinfo
        pairs.append(("start", want.start.isoformat(), answer.start.astimezone(zone).isoformat()))
        pairs.append(("end", want.end.isoformat(), answer.end.astimezone(zone).isoformat()))
    for path, wanted, answered in pairs:
        if wanted != answered:
            yield Mismatch(path=path, wanted=wanted, answered=answered)


def _nothing(entry: Entry) -> Entry:
    return entry
