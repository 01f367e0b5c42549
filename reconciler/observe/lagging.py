"""Lists that lag behind: for a moment they may show events as they were before we wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.dingtalk.errors import NotFound
from reconciler.model.marker import parse_description
from reconciler.model.observed import Told
from reconciler.model.occurrence import Event, RoomBooking
from reconciler.model.rendering import event_as_applied
from reconciler.model.state import Entry, State
from reconciler.observe.scope import Scope
from reconciler.observe.survey import Survey
from reconciler.state.remembering import is_intact

LAG = timedelta(minutes=1)  # no list lags so long behind what was written


def caught_up(survey: Survey, told: Mapping[str, Told]) -> dict[str, Told]:
    """Return what calendars told, with the events asked for by id that may be older there than what we wrote last.

    Those are asked for that differ from what was written less than a minute ago: a query by id lags behind nothing.
    Where even that fails, the list counts.
    """
    reader, state, scope = survey.reader, survey.state, survey.scope
    late = frozenset(who for who in told if _is_recent(state, who, survey.now))
    doubtful = {event.id: event for event in _differing(told, late, state, scope)} if late else {}
    fresh: dict[str, Event] = {}
    for event, answer in survey.reads.all(
        lambda event: reader.events.get(organizer=event.organizer, event_id=event.id), doubtful.values()
    ):
        if isinstance(answer, Event):
            fresh[event.id] = answer
        elif isinstance(answer, NotFound):
            fresh[event.id] = replace(event, cancelled=True)
    return {who: _with(one, fresh) for who, one in told.items()} if fresh else {}


def _is_recent(state: State, who: str, now: datetime) -> bool:
    """Return whether we have written to that calendar a moment ago, by the clock of who did."""
    calendar = state.calendars.get(who)
    return calendar is not None and calendar.written_at is not None and abs(now - calendar.written_at) < LAG


def _differing(told: Mapping[str, Told], late: frozenset[str], state: State, scope: Scope) -> Iterable[Event]:
    """Yield the single events of ours that lists told of and that are otherwise than our last words.

    Those of the `late` organisers; lists of people whom they invite tell of them, too.
    """
    entries = {entry.event_id: entry for entry in state.entries.values() if entry.event_id}
    for one in told.values():
        for event in one.calendar.events:
            news = one.changed is None or event.id in one.changed
            single = not event.series and not event.recurring
            if news and single and not event.cancelled and event.organizer in late:
                entry, marker = entries.get(event.id), scope.marker_of(event)
                if marker is not None and marker.key.moved(scope.moved).meeting in scope.settled:
                    continue  # of these nothing was written, and their entries are not here
                ours = entry is not None or marker is not None
                if ours and (entry is None or not _is_as_written(event, entry, state.workspace)):
                    yield event


def _is_as_written(event: Event, entry: Entry, workspace: str) -> bool:
    """Return whether an event shows what was written last.

    Its bookings may have been decided since, its meeting may have another name by now, and of many attendees a list
    shows the first alone. What is not declared is people's, and the event's own conference is DingTalk's: of these
    nothing was written.
    """
    want, last = entry.applied, event_as_applied(workspace, entry)
    if want is None or last is None:
        return False
    said = parse_description(event.description)
    marker = replace(said.marker, key=entry.key) if said.marker is not None else None
    seen = replace(
        event,
        description=str(replace(said, marker=marker, body="" if want.description is None else said.body)),
        rooms=last.rooms if want.rooms is None else tuple(RoomBooking(room.room_id) for room in event.rooms),
        attendees=last.attendees if want.attendees is None or not event.attendees_complete else event.attendees,
        attendees_complete=True,
        own_conference="",
    )
    return is_intact(seen, entry, workspace)


def _with(told: Told, fresh: Mapping[str, Event]) -> Told:
    events = tuple(fresh.get(event.id, event) for event in told.calendar.events)
    late = told.late or events != told.calendar.events
    return replace(told, calendar=replace(told.calendar, events=events), late=late)
