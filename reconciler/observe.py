"""DingTalk → observed: the organisers' calendars by their markers, and the conferences that the markers name.

Reads only. What can't be read is reported and keeps its meeting out of the diff; it never counts as an absence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import (
    ApiError,
    AuthenticationFailed,
    ConferenceCancelled,
    InvalidParameter,
    IpNotAllowed,
    LimitReached,
    NotFound,
    QuotaExhausted,
    TokenRejected,
)
from reconciler.errors import ReconcilerError
from reconciler.marker import newer_format, parse_description
from reconciler.models import Conference, Event, Key
from reconciler.observed import Observation, Observed, ReadFailure
from reconciler.rendering import conference_as_applied, event_as_applied
from reconciler.state.model import Entry, State

LOOKBACK = timedelta(days=1)  # far enough to know what began today, near enough not to page through the past
T = TypeVar("T")
R = TypeVar("R")
_Asked = Mapping[str, frozenset[str]]  # organiser → meetings that are unknown as long as that calendar is


class Refresh(StrEnum):
    """How much is asked: everything, the calendars alone, or nothing (the state is trusted)."""

    AUTO = "auto"
    FULL = "full"
    CALENDAR = "calendar"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an observation is about.

    `meetings` maps every declared meeting to its organiser; `organizers` are all people whose calendars are asked for,
    besides those that the state knows. `trusted` are people who may once have been organisers: what they organise with
    our marker counts where it is seen, as an invitation, and their calendars are then listed too. `with_settings` are
    those that declare a setting which can be read back, `with_attendees` those that declare attendees: only for them
    the extra calls are made. `expected` are the occurrences to be booked, for which the remains of deleted events
    matter. With `only` no more is asked of other occurrences than what a list tells anyway. `adopt` are ids of events
    that people made, and the occurrences that they are to be. `moved` are old names of meetings: what bears them is
    theirs.
    """

    workspace: str
    meetings: Mapping[str, str]
    organizers: frozenset[str] = frozenset()
    trusted: frozenset[str] = frozenset()
    with_settings: frozenset[str] = frozenset()
    with_attendees: frozenset[str] = frozenset()
    expected: frozenset[Key] = frozenset()
    refresh: Refresh = Refresh.AUTO
    only: frozenset[Key] | None = None
    adopt: Mapping[str, Key] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)

    def asks_for(self, key: Key) -> bool:
        """Return whether calls may be made for this occurrence alone."""
        return self.only is None or key in self.only


@dataclass(slots=True)
class _Findings:
    """What the calendars told so far."""

    live: dict[Key, Observed] = field(default_factory=dict)
    deleted: dict[Key, Observed] = field(default_factory=dict)
    duplicates: dict[str, Observed] = field(default_factory=dict)  # by event id
    unresolved: set[str] = field(default_factory=set)
    failures: list[ReadFailure] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)  # organisers whose calendars could not be listed

    def fail(self, where: str, error: ApiError, meetings: Iterable[str], *, hint: str = "") -> None:
        self.failures.append(ReadFailure(where=where, code=error.code, message=error.what, hint=hint or error.fix))
        self.unresolved.update(meetings)


def observe(
    reader: Reader,
    state: State,
    scope: Scope,
    *,
    now: datetime,
    parallelism: int = 16,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Observation:
    """Return everything that DingTalk shows of this workspace, from yesterday on.

    Events that somebody else organises are none of ours, whatever they say: who is invited can copy our marker.
    `progress` is called with the number of reads done and known to be needed. Raises ApiError where DingTalk does not
    let us in at all, ReconcilerError where a newer program was here; every other failure is part of the observation.
    """
    organizers = (
        frozenset(scope.meetings.values())
        | scope.organizers
        | state.organizers
        | {one.organizer for one in state.entries.values()}
    )
    if scope.refresh is Refresh.NONE:
        return Observation(occurrences=remembered(state), organizers=organizers)
    with ThreadPoolExecutor(max_workers=parallelism) as pool:
        reads = _Reads(pool, progress)
        findings = _Findings()
        since = now - LOOKBACK
        events = _list_calendars(reader, reads, _meetings_of(organizers, state, scope), scope, findings, since)
        former = _former_organizers(reader, reads, events, scope)
        events += _list_calendars(reader, reads, _meetings_of(former, state, scope), scope, findings, since)
        organizers |= former
        ours = [event for event in events if event.organizer in organizers]
        _sort_by_marker(ours, state, scope, findings)
        _adopt(events, state, scope, findings)
        _find_superfluous(findings, state)
        _find_by_memory(reader, reads, state, scope, findings, now=now)
        _complete_attendees(reader, reads, scope, findings)
        occurrences = _with_conferences(reader, reads, scope, findings, now=now)
    in_use = frozenset(one.conference_id for one in occurrences.values())
    return Observation(
        occurrences=occurrences,
        duplicates=tuple(_with_own_conference(one, in_use) for one in findings.duplicates.values()),
        unresolved=frozenset(findings.unresolved),
        failures=tuple(findings.failures),
        organizers=organizers & (_holders(findings) | findings.unread),
    )


def _former_organizers(reader: Reader, reads: _Reads, events: Iterable[Event], scope: Scope) -> frozenset[str]:
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


def _holders(findings: _Findings) -> frozenset[str]:
    """Return who organises anything of this workspace, now or not long ago."""
    found = (*findings.live.values(), *findings.deleted.values(), *findings.duplicates.values())
    return frozenset(one.organizer for one in found)


def _find_superfluous(findings: _Findings, state: State) -> None:
    """File each conference of ours that an event no longer leads to, or does not yet.

    It is left behind by a run that died: between learning that it had come second and ending what it had made, or
    before its event came to lead there.
    """
    led = {one.marker.conference for one in findings.live.values() if one.marker is not None}
    for key, entry in state.entries.items():
        found = findings.live.get(key)
        if found is None or found.event is None or found.marker is None or not found.marker.conference:
            continue
        if entry.conference_id and entry.conference_id not in led:
            alone = Observed(key=key, entry=entry)
            findings.duplicates[entry.conference_id] = replace(
                alone, conference=_to_be_cancelled(alone, entry.conference_id)
            )


def _with_own_conference(one: Observed, in_use: frozenset[str]) -> Observed:
    """Return a duplicate with the conference that only it leads to: it has to go as well."""
    conference_id = one.marker.conference if one.marker is not None else ""
    if one.event is None or not conference_id or conference_id in in_use:
        return one
    return replace(one, conference=_to_be_cancelled(one, conference_id))


def _meetings_of(organizers: Iterable[str], state: State, scope: Scope) -> _Asked:
    """Return for each organiser the meetings that are unknown as long as that calendar is."""
    meetings: dict[str, set[str]] = {who: set() for who in sorted(organizers)}
    for meeting, who in scope.meetings.items():
        if who in meetings:
            meetings[who].add(meeting)
    for entry in state.entries.values():
        if entry.organizer in meetings:
            meetings[entry.organizer].add(entry.key.meeting)
    return {who: frozenset(found) for who, found in meetings.items()}


class _Reads:
    """Runs many reads at once, tells the progress, and returns errors of the API beside the values."""

    def __init__(self, pool: ThreadPoolExecutor, progress: Callable[[int, int], None]) -> None:
        self._pool = pool
        self._progress = progress
        self._done = 0
        self._total = 0
        self._exhausted: QuotaExhausted | None = None

    def all(self, read: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | ApiError]]:
        items = list(items)
        self._total += len(items)

        def guarded(item: T) -> R | ApiError:
            if self._exhausted is not None:
                return self._exhausted  # no call will be answered any more
            try:
                return read(item)
            except QuotaExhausted as error:
                self._exhausted = error
                return error
            except ApiError as error:
                return error

        for item, result in zip(items, self._pool.map(guarded, items), strict=True):
            self._done += 1
            self._progress(self._done, self._total)
            yield item, result


def remembered(state: State) -> dict[Key, Observed]:
    """Return what the state says was last written, as if it had been seen."""
    return {key: _as_applied(state.workspace, entry) for key, entry in state.entries.items()}


def _as_applied(workspace: str, entry: Entry) -> Observed:
    event = event_as_applied(workspace, entry)
    found = Observed(key=entry.key, event=event, conference=conference_as_applied(entry), entry=entry)
    return replace(found, marker=found.description.marker)


def _list_calendars(  # noqa: PLR0917  # all of it is what one listing needs
    reader: Reader, reads: _Reads, asked: _Asked, scope: Scope, findings: _Findings, since: datetime
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


def _sort_by_marker(events: Iterable[Event], state: State, scope: Scope, findings: _Findings) -> None:
    """File every event of this workspace under its key: by its marker, or by our memory where the marker is lost."""
    by_event = {entry.event_id: entry for entry in state.entries.values() if entry.event_id}
    for event in events:
        _refuse_newer(event, scope)
        found = Observed(key=Key("", event.start), event=event)
        marker = found.description.marker
        entry = by_event.get(event.id)
        if event.series or (marker is None and entry is None):
            continue
        if marker is not None and marker.workspace != scope.workspace:
            continue
        key = marker.key.moved(scope.moved) if marker is not None else entry.key if entry is not None else found.key
        memory = entry if entry is not None else state.entries.get(key)
        found = replace(found, key=key, marker=marker, entry=memory)
        if event.cancelled:
            _keep_latest(findings.deleted, replace(found, event=None))
        else:
            _keep_one(
                findings, found, owner=memory.organizer if memory is not None else scope.meetings.get(key.meeting)
            )


def _refuse_newer(event: Event, scope: Scope) -> None:
    """Raise ReconcilerError where a newer program has marked an event: without it all would be booked a second time."""
    version = 0 if event.cancelled else newer_format(event.description, scope.workspace)
    if version:
        raise ReconcilerError(
            f"a marker of format {version} stands in the event {event.id}, this program reads format 1",
            where=f"the calendar of {event.organizer}",
            fix="use the newer reconciler that wrote it; if a person did, take the line out of the description",
        )


def _adopt(events: Iterable[Event], state: State, scope: Scope, findings: _Findings) -> None:
    """File the events of people's making that the config adopts by name; no other event without a marker is ours.

    What can't be adopted keeps its meeting out of the diff.
    """
    known = {entry.event_id for entry in state.entries.values()}
    for event in events:
        key = scope.adopt.get(event.id)
        marker = parse_description(event.description).marker
        managed = event.id in known or (marker is not None and marker.workspace == scope.workspace)
        if key is None or event.cancelled or managed:
            continue
        told = _not_adoptable(event, key, scope, findings)
        if not told:
            findings.live[key] = Observed(key=key, event=event, adopting=True)
        elif key.meeting not in findings.unresolved:
            hint = f"take {event.id} out of `adopt`"
            findings.failures.append(ReadFailure(where=str(key), code="not-adoptable", message=told, hint=hint))
            findings.unresolved.add(key.meeting)


def _not_adoptable(event: Event, key: Key, scope: Scope, findings: _Findings) -> str:
    marker = parse_description(event.description).marker
    there = findings.live.get(key)
    if marker is not None:
        return f"the event to adopt belongs to workspace {marker.workspace}"
    if event.organizer != scope.meetings.get(key.meeting):
        return "the event to adopt has another organiser than the meeting"
    if event.series or event.recurring:
        return "the event to adopt is a series"
    if there is not None and _event_id(there) not in {"", event.id}:
        return "the occurrence has another event already"
    return ""


def _keep_latest(deleted: dict[Key, Observed], found: Observed) -> None:
    known = deleted.get(found.key)
    if known is None or known.revision < found.revision:
        deleted[found.key] = found


def _keep_one(findings: _Findings, found: Observed, *, owner: str | None) -> None:
    """Of two events with one marker keep the one that we remember, else the older one.

    One event also stands in the calendars of those it invites: it is the same, and the `owner`'s copy says most.
    """
    known = findings.live.get(found.key)
    if known is None:
        findings.live[found.key] = found
    elif _event_id(known) == _event_id(found):
        if found.organizer == owner:
            findings.live[found.key] = found
    else:
        kept, other = sorted((known, found), key=_precedence)
        findings.live[found.key] = kept
        findings.duplicates[_event_id(other)] = other


def _event_id(one: Observed) -> str:
    return one.event.id if one.event is not None else ""


def _precedence(one: Observed) -> tuple[bool, str, str]:
    event = one.event
    assert event is not None  # noqa: S101  # only live events are compared
    remembered = one.entry is not None and one.entry.event_id == event.id
    return (not remembered, event.created, event.id)


def _find_by_memory(
    reader: Reader, reads: _Reads, state: State, scope: Scope, findings: _Findings, *, now: datetime
) -> None:
    """Ask for each event that should be there and was not listed: gone, or moved out of sight."""
    seen = {one.event.id for one in (*findings.live.values(), *findings.duplicates.values()) if one.event is not None}
    missing = [
        entry
        for entry in state.entries.values()
        if entry.event_id not in seen
        and scope.asks_for(entry.key)
        and entry.key not in findings.live
        and entry.key.meeting not in findings.unresolved
        and (entry.applied is None or entry.applied.start > now)
    ]
    for entry in missing:
        if not entry.event_id:
            findings.live[entry.key] = Observed(key=entry.key, entry=entry)
    asked = reads.all(
        lambda entry: reader.events.get(organizer=entry.organizer, event_id=entry.event_id),
        [entry for entry in missing if entry.event_id],
    )
    for entry, answer in asked:
        remains = findings.deleted.get(entry.key)
        gone = Observed(key=entry.key, entry=entry, marker=remains.marker if remains is not None else None)
        if isinstance(answer, NotFound):
            findings.live[entry.key] = gone
        elif isinstance(answer, ApiError):
            findings.fail(str(entry.key), answer, [entry.key.meeting])
        elif answer.cancelled:
            findings.live[entry.key] = gone
        else:
            found = Observed(key=entry.key, event=answer, entry=entry)
            findings.live[entry.key] = replace(found, marker=found.description.marker)


def _complete_attendees(reader: Reader, reads: _Reads, scope: Scope, findings: _Findings) -> None:
    """Ask for the attendees that a list was too short for, where they are managed."""
    cut = [
        one
        for one in findings.live.values()
        if one.event is not None
        and not one.event.attendees_complete
        and one.key.meeting in scope.with_attendees
        and scope.asks_for(one.key)
    ]

    def ask(one: Observed) -> Event:
        assert one.event is not None  # noqa: S101  # chosen for having one
        attendees = reader.events.attendees(organizer=one.event.organizer, event_id=one.event.id)
        return replace(one.event, attendees=attendees, attendees_complete=True)

    for one, answer in reads.all(ask, cut):
        if isinstance(answer, ApiError):
            findings.fail(str(one.key), answer, [one.key.meeting])
        else:
            findings.live[one.key] = replace(one, event=answer)


def _with_conferences(
    reader: Reader, reads: _Reads, scope: Scope, findings: _Findings, *, now: datetime
) -> dict[Key, Observed]:
    """Return all that was found with its conference, as far as `scope.refresh` lets it be asked for."""
    remains = {key: one for key, one in findings.deleted.items() if key in scope.expected and key not in findings.live}
    found = {**findings.live, **remains}
    if scope.refresh is Refresh.CALENDAR:
        return {key: replace(one, conference=_by_memory(one)) for key, one in found.items()}

    due: dict[tuple[str, str], list[Observed]] = defaultdict(list)  # several occurrences may share one conference
    for one in found.values():
        if not one.has_started(now) and one.conference_id and scope.asks_for(one.key):
            due[one.conference_id, one.key.meeting].append(one)

    def ask(some: list[Observed]) -> Conference | None:
        return _conference(reader, some[0], scope)

    for some, answer in reads.all(ask, due.values()):
        if isinstance(answer, ApiError):
            findings.fail(str(some[0].key), answer, {one.key.meeting for one in some})
        else:
            found |= {one.key: replace(one, conference=answer) for one in some}
    return found


def _by_memory(one: Observed) -> Conference | None:
    """Return the conference as it should be: nobody asked for it, so nothing about it differs."""
    known = conference_as_applied(one.entry) if one.entry is not None else None
    if one.marker is not None and known is not None and one.marker.conference not in {"", known.id}:
        known = None  # the memory is older than the marker
    if known is not None or one.event is None or one.marker is None or not one.marker.conference:
        return known
    event = one.event
    link = one.description.link
    return Conference(id=one.marker.conference, title=event.title, start=event.start, end=event.end, url=link)


def _conference(reader: Reader, one: Observed, scope: Scope) -> Conference | None:
    """Return the conference of an occurrence; cancelled where it was cancelled, None where there is none."""
    conference_id = one.conference_id
    requester = one.organizer or scope.meetings.get(one.key.meeting, "")
    if one.key.meeting not in scope.meetings:
        return _to_be_cancelled(one, conference_id)
    try:
        conference = reader.conferences.info(conference_id=conference_id, requester=requester)
        if one.key.meeting not in scope.with_settings:
            return conference
        return replace(conference, settings=reader.conferences.settings(conference_id=conference_id))
    except ConferenceCancelled:
        return replace(_to_be_cancelled(one, conference_id), cancelled=True)
    except (NotFound, InvalidParameter):
        return None


def _to_be_cancelled(one: Observed, conference_id: str) -> Conference:
    """Return a conference of which only the id matters: its meeting is not declared any more."""
    start = one.start or one.key.original.astimezone()
    end = one.event.end if one.event is not None else start
    return Conference(id=conference_id, title="", start=start, end=end)
