"""The organisers' calendars, those of today and of once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import (
    ApiError,
    AuthenticationFailed,
    IpNotAllowed,
    LimitReached,
    TokenRejected,
)
from reconciler.marker import parse_description
from reconciler.models import Event
from reconciler.observe.findings import Findings
from reconciler.observe.reads import Reads
from reconciler.observe.scope import Refresh, Scope
from reconciler.observed import Told
from reconciler.rendering import event_as_applied
from reconciler.state.model import Calendar, State

LOOKBACK = timedelta(days=1)  # far enough to know what began today, near enough not to page through the past
BACK_TO_SERIES = timedelta(days=40)  # a series shows only instances that have begun; without a state they are the trace
LONGEST = timedelta(days=7)  # after so long a calendar is listed whole again, whatever its token could tell
PAGE = 100
CLIENT_ERRORS = range(400, 500)
Asked = Mapping[str, frozenset[str]]  # organiser → meetings that are unknown as long as that calendar is


def meetings_of(organizers: Iterable[str], state: State, scope: Scope) -> Asked:
    """Return for each organiser the meetings that are unknown as long as that calendar is."""
    meetings: dict[str, set[str]] = {who: set() for who in sorted(organizers)}
    for meeting, who in scope.meetings.items():
        if who in meetings:
            meetings[who].add(meeting)
    for entry in state.entries.values():
        if entry.organizer in meetings:
            meetings[entry.organizer].add(entry.key.meeting)
    return {who: frozenset(found) for who, found in meetings.items()}


def list_calendars(  # noqa: PLR0917  # all of it is what one listing needs
    reader: Reader,
    reads: Reads,
    organizers: Iterable[str],
    state: State,
    scope: Scope,
    findings: Findings,
    now: datetime,
) -> list[Event]:
    """Return the events in these calendars from yesterday on, those that were deleted among them."""
    asked = meetings_of(organizers, state, scope)
    memories = {who: memory for who in asked if (memory := _memory(who, state, scope, now)) is not None}
    events: list[Event] = []
    since = now - (LOOKBACK if state.entries else BACK_TO_SERIES)

    def ask(who: str) -> Told:
        return _listed(reader, who, memories.get(who), now=now, since=since)

    for who, answer in reads.all(ask, asked):
        if isinstance(answer, AuthenticationFailed | TokenRejected | IpNotAllowed):
            raise answer  # nothing at all will be answered
        if isinstance(answer, ApiError):
            findings.unread.add(who)
            findings.fail(f"the calendar of {who}", answer, asked[who], hint=_farewell(who, answer, scope))
        else:
            findings.calendars[who] = answer
            events.extend(answer.calendar.events)
    return events


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """What a calendar held when it was listed last. `missing` are events that should have been there and were not."""

    calendar: Calendar
    events: Mapping[str, Event]
    missing: frozenset[str]


def _memory(who: str, state: State, scope: Scope, now: datetime) -> _Memory | None:
    """Return what is remembered of a calendar, None where it has to be listed whole."""
    calendar = state.calendars.get(who)
    if scope.refresh is Refresh.FULL or calendar is None or not calendar.token:
        return None
    if not -LOOKBACK < now - calendar.listed_at < LONGEST:  # another machine may be ahead a little
        return None
    events = {event.id: event for event in calendar.events if event.end > now - LOOKBACK}
    missing: set[str] = set()
    for entry in state.entries.values():
        if entry.organizer != who or not entry.event_id or entry.event_id in events or entry.key.series:
            continue
        event = event_as_applied(state.workspace, entry) if entry.intact else None
        if event is None:
            if entry.applied is None or entry.applied.start > now:  # of what is over nothing more is asked
                missing.add(entry.event_id)
        elif event.end > now - LOOKBACK:
            events[event.id] = event
    single = {event_id: key for event_id, key in scope.adopt.items() if not key.series}  # others are asked for by id
    foreign = any(key.meeting in scope.meetings and scope.meetings[key.meeting] == who for key in single.values())
    if foreign and not single.keys() <= events.keys():
        return None  # an event of somebody else's making is in no memory of ours
    return _Memory(calendar=calendar, events=events, missing=frozenset(missing))


def recent(events: Iterable[Event], now: datetime) -> list[Event]:
    """Return what is not long over: of older events no more is of interest than which series they belong to."""
    return [
        event for event in events if event.series or event.recurring or event.cancelled or event.end > now - LOOKBACK
    ]


def _listed(reader: Reader, who: str, memory: _Memory | None, *, now: datetime, since: datetime) -> Told:
    if memory is not None and (told := _changes(reader, who, memory, since=since)) is not None:
        return told
    answer = reader.events.list(organizer=who, since=since, show_deleted=True)
    return Told(calendar=Calendar(token=answer.sync_token, listed_at=now, events=answer.events))


def _changes(reader: Reader, who: str, memory: _Memory, *, since: datetime) -> Told | None:
    """Return what has changed since the last list; None where a whole one is needed, or is cheaper."""
    try:
        answer = reader.events.list(organizer=who, since=since, show_deleted=True, sync_token=memory.calendar.token)
    except (AuthenticationFailed, TokenRejected, IpNotAllowed, LimitReached):
        raise
    except ApiError as error:
        if error.status in CLIENT_ERRORS:
            return None  # the token is too old, in whatever words: nothing says in which
        raise
    changed = {event.id: event for event in answer.events}
    pages = 1 + len(memory.events) // PAGE
    if not answer.sync_token or len(memory.missing - changed.keys()) > pages:
        return None
    events = tuple({**memory.events, **changed}.values())
    calendar = replace(memory.calendar, token=answer.sync_token, events=events)
    return Told(calendar=calendar, changed=frozenset(changed))


def _farewell(who: str, error: ApiError, scope: Scope) -> str:
    """Return what to do where the calendar of a former organiser can't be read: it may be gone for good."""
    if who in scope.organizers or isinstance(error, LimitReached):
        return ""
    return f"if the account is gone, `reconciler state rm --organizer {who}` forgets what was there"


def former_organizers(reader: Reader, reads: Reads, events: Iterable[Event], scope: Scope) -> frozenset[str]:
    """Return who of the trusted organises an event with our marker, as the invitations to it tell.

    Whoever is invited can copy the marker into an event of their own. But the conference that it names answers only to
    whom it was made for, so that is asked.
    """
    others = scope.trusted - scope.organizers
    if not others:
        return frozenset()
    suspects: dict[str, str] = {}  # organiser → a conference that should be theirs
    for event in events:
        marker = parse_description(event.description).marker
        ours = marker is not None and marker.workspace == scope.workspace
        if ours and marker is not None and marker.conference and event.organizer in others:
            suspects.setdefault(event.organizer, marker.conference)
    answers = reads.all(lambda who: reader.conferences.info(conference_id=suspects[who], requester=who), suspects)
    return frozenset(who for who, answer in answers if not isinstance(answer, ApiError))


def keep_ours(findings: Findings, state: State, scope: Scope) -> None:
    """Leave nothing but this workspace's events in what will be remembered of the calendars.

    What stands in somebody's calendar as an invitation is remembered for whom organises it.
    """
    known = {entry.event_id for entry in state.entries.values()} | scope.adopt.keys()
    for who, told in findings.calendars.items():
        ours = tuple(
            event
            for event in told.calendar.events
            if event.organizer == who and not event.series and (event.id in known or _is_marked(event, scope))
        )
        findings.calendars[who] = replace(told, calendar=replace(told.calendar, events=ours))


def _is_marked(event: Event, scope: Scope) -> bool:
    marker = parse_description(event.description).marker
    return marker is not None and marker.workspace == scope.workspace
