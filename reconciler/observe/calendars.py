"""The organisers' calendars, those of today and of once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.dingtalk.errors import (
    ApiError,
    AuthenticationFailed,
    ConferenceCancelled,
    InvalidParameter,
    IpNotAllowed,
    LimitReached,
    NotCreator,
    NotFound,
    TokenRejected,
)
from reconciler.model.observed import Changes, Told
from reconciler.model.occurrence import Event
from reconciler.model.rendering import event_as_applied
from reconciler.model.state import Calendar, State
from reconciler.observe.lagging import caught_up
from reconciler.observe.scope import Refresh, Scope
from reconciler.observe.survey import Survey

LOOKBACK = timedelta(days=1)  # far enough to know what began today, near enough not to page through the past
LONGEST = timedelta(days=7)  # after so long a calendar is listed whole again, whatever its token could tell
PAGE = 100
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


Heard = Mapping[str, Changes | Told | ApiError]  # by organiser: what has changed, or all of it


def hear(survey: Survey, organizers: Iterable[str]) -> dict[str, Changes | Told | ApiError]:
    """Return what these calendars tell from yesterday on: what has changed since, where that can be had, or all.

    Raises ApiError where DingTalk does not let us in at all. Nobody's entry is read for it, unless events are adopted.
    """
    tokens = {who: token for who in organizers if (token := _token(survey, who))}

    def ask(who: str) -> Changes | Told:
        return (_changes(survey, who, tokens[who]) if who in tokens else None) or _whole(survey, who)

    heard: dict[str, Changes | Told | ApiError] = {}
    for who, answer in survey.reads.all(ask, sorted(organizers)):
        if isinstance(answer, AuthenticationFailed | TokenRejected | IpNotAllowed):
            raise answer  # nothing at all will be answered
        heard[who] = answer
    return heard


def list_calendars(survey: Survey, heard: Heard) -> list[Event]:
    """Return the events in the calendars that were heard, those that were deleted among them.

    What has not changed is as it was remembered; where too much of that is missing, the calendar is listed whole.
    """
    asked, findings = meetings_of(heard, survey.state, survey.scope), survey.findings
    told: dict[str, Told | ApiError] = {}
    short = []
    for who, answer in heard.items():
        if not isinstance(answer, Changes):
            told[who] = answer
        elif (whole := _with_memory(answer, _memory(survey, who))) is not None:
            told[who] = whole
        else:
            short.append(who)
    told |= survey.reads.all(lambda who: _whole(survey, who), short)
    told |= caught_up(survey, {who: one for who, one in told.items() if isinstance(one, Told)})
    events: list[Event] = []
    for who in heard:
        found = told[who]
        if isinstance(found, ApiError):
            findings.unread.add(who)
            findings.fail(
                f"the calendar of {who}", found, asked[who], hint=_farewell(who, found, survey.scope), who=who
            )
        else:
            findings.calendars[who] = found
            events.extend(found.calendar.events)
    return events


def _since(survey: Survey, who: str) -> datetime:
    """Return from when on a calendar is listed: so far back that each series shows, where none may be remembered."""
    remembered = who in survey.state.calendars and not survey.scope.trusted
    return survey.now - (LOOKBACK if remembered else survey.scope.back)


def _token(survey: Survey, who: str) -> str:
    """Return the token to ask for changes with, "" where the calendar has to be listed whole."""
    scope, calendar = survey.scope, survey.state.calendars.get(who)
    if scope.refresh is Refresh.FULL or calendar is None or scope.trusted:
        return ""  # of invitations that were there before, which may show an organiser, no change tells
    if not -LOOKBACK < survey.now - calendar.listed_at < LONGEST:  # another machine may be ahead a little
        return ""
    single = {event_id: key for event_id, key in scope.adopt.items() if not key.series}  # others are asked for by id
    foreign = any(key.meeting in scope.meetings and scope.meetings[key.meeting] == who for key in single.values())
    if foreign and not single.keys() <= _memory(survey, who).events.keys():
        return ""  # an event of somebody else's making is in no memory of ours
    return calendar.token


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """What a calendar held when it was listed last. `missing` are events that should have been there and were not."""

    calendar: Calendar
    events: Mapping[str, Event]
    missing: frozenset[str]


def _memory(survey: Survey, who: str) -> _Memory:
    """Return what is remembered of a calendar."""
    state, now = survey.state, survey.now
    calendar = state.calendars[who]
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
    return _Memory(calendar=calendar, events=events, missing=frozenset(missing))


def _with_memory(answer: Changes, memory: _Memory) -> Told | None:
    """Return what a calendar holds by what is remembered of it; None where listing it whole is cheaper."""
    changed = {event.id: event for event in answer.events}
    pages = 1 + len(memory.events) // PAGE
    if len(memory.missing - changed.keys()) > pages:
        return None
    events = tuple({**memory.events, **changed}.values())
    calendar = replace(memory.calendar, token=answer.token, events=events)
    return Told(calendar=calendar, changed=frozenset(changed))


def recent(events: Iterable[Event], now: datetime) -> list[Event]:
    """Return what is not long over: of older events no more is of interest than which series they belong to."""
    return [
        event for event in events if event.series or event.recurring or event.cancelled or event.end > now - LOOKBACK
    ]


def _whole(survey: Survey, who: str) -> Told:
    answer = survey.reader.events.list(organizer=who, since=_since(survey, who), show_deleted=True)
    known = survey.state.calendars.get(who)
    written_at = known.written_at if known is not None else None
    calendar = Calendar(token=answer.sync_token, listed_at=survey.now, events=answer.events, written_at=written_at)
    return Told(calendar=calendar)


def _changes(survey: Survey, who: str, token: str) -> Changes | None:
    """Return what has changed since the last list; None where a whole one is needed."""
    since = _since(survey, who)
    try:
        answer = survey.reader.events.list(organizer=who, since=since, show_deleted=True, sync_token=token)
    except (AuthenticationFailed, TokenRejected, IpNotAllowed, LimitReached):
        raise
    except ApiError as error:
        if error.status:
            return None  # the token is too old, in whatever words and with whatever status: nothing says in which
        raise
    return Changes(token=answer.sync_token, events=answer.events) if answer.sync_token else None


def _farewell(who: str, error: ApiError, scope: Scope) -> str:
    """Return what to do where the calendar of a former organiser can't be read: it may be gone for good."""
    if who in scope.organizers or isinstance(error, LimitReached):
        return ""
    return f"if the account is gone, `reconciler state rm --organizer {who}` forgets what was there"


def former_organizers(survey: Survey, events: Iterable[Event]) -> frozenset[str]:
    """Return who of the trusted organises an event with our marker, as the invitations to it tell.

    Whoever is invited can copy the marker into an event of their own. But the conference that it names answers only to
    whom it was made for, so that is asked. Where that can't be known, the meetings that they may organise are not.
    """
    reader, scope = survey.reader, survey.scope
    others = scope.trusted - scope.organizers
    if not others:
        return frozenset()
    suspects: dict[str, str] = {}  # organiser → a conference that should be theirs
    meetings: dict[str, set[str]] = defaultdict(set)
    # Of what was deleted the conference mostly is, too, and says nothing any more; the last one is the likeliest alive.
    for event in sorted(events, key=lambda one: (one.cancelled, -one.start.timestamp())):
        marker = scope.marker_of(event)
        if marker is not None and marker.conference and event.organizer in others:
            suspects.setdefault(event.organizer, marker.conference)
            meetings[event.organizer].add(marker.key.moved(scope.moved).meeting)
    former: set[str] = set()
    for who, answer in survey.reads.all(
        lambda who: reader.conferences.info(conference_id=suspects[who], requester=who), suspects
    ):
        if not isinstance(answer, ApiError):
            former.add(who)
        elif not isinstance(answer, NotCreator | NotFound | InvalidParameter | ConferenceCancelled):
            survey.findings.fail(f"whether {who} organises events of this workspace", answer, meetings[who], who=who)
    return frozenset(former)


def keep_ours(survey: Survey) -> None:
    """Leave nothing but this workspace's events in what will be remembered of the calendars.

    What stands in somebody's calendar as an invitation is remembered for whom organises it.
    """
    scope, calendars = survey.scope, survey.findings.calendars
    known = {entry.event_id for entry in survey.state.entries.values()} | scope.adopt.keys()
    for who, told in calendars.items():
        ours = tuple(
            event
            for event in told.calendar.events
            if event.organizer == who and not event.series and (event.id in known or scope.marker_of(event) is not None)
        )
        calendars[who] = replace(told, calendar=replace(told.calendar, events=ours))
