"""The organisers' calendars, those of today and of once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import ApiError, AuthenticationFailed, IpNotAllowed, LimitReached, TokenRejected
from reconciler.marker import parse_description
from reconciler.models import Event
from reconciler.observe.findings import Findings
from reconciler.observe.reads import Reads
from reconciler.observe.scope import Scope
from reconciler.state.model import State

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
    reader: Reader, reads: Reads, asked: Asked, scope: Scope, findings: Findings, since: datetime
) -> list[Event]:
    events: list[Event] = []
    found = reads.all(lambda who: reader.events.list(organizer=who, since=since, show_deleted=True), asked)
    for who, answer in found:
        if isinstance(answer, AuthenticationFailed | TokenRejected | IpNotAllowed):
            raise answer  # nothing at all will be answered
        if isinstance(answer, ApiError):
            findings.unread.add(who)
            findings.fail(f"the calendar of {who}", answer, asked[who], hint=_farewell(who, answer, scope))
        else:
            events.extend(answer.events)
    return events


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
    suspects: dict[str, str] = {}  # organiser → a conference that should be theirs
    for event in events:
        marker = parse_description(event.description).marker
        ours = marker is not None and marker.workspace == scope.workspace
        if ours and marker is not None and marker.conference and event.organizer in others:
            suspects.setdefault(event.organizer, marker.conference)
    answers = reads.all(lambda who: reader.conferences.info(conference_id=suspects[who], requester=who), suspects)
    return frozenset(who for who, answer in answers if not isinstance(answer, ApiError))
