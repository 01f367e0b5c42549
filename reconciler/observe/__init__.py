"""DingTalk → observed: the organisers' calendars by their markers, and the conferences that the markers name.

Reads only. What can't be read is reported and keeps its meeting out of the diff; it never counts as an absence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import ApiError
from reconciler.model.observed import Changes, Observation, Observed, Told
from reconciler.model.occurrence import Event, Key
from reconciler.model.rendering import conference_as_applied, event_as_applied
from reconciler.model.state import Entry, Look, State
from reconciler.observe.calendars import LOOKBACK, Heard, former_organizers, hear, keep_ours, list_calendars, recent
from reconciler.observe.completing import complete_attendees, find_by_memory
from reconciler.observe.conferences import (
    ask_conferences,
    find_superfluous,
    grouped,
    with_conferences,
    with_own_conference,
)
from reconciler.observe.reads import Reads
from reconciler.observe.scope import Refresh, Scope
from reconciler.observe.series import find_series
from reconciler.observe.sorting import adopt, sort_by_marker
from reconciler.observe.survey import Asking, Survey
from reconciler.state.lines import organizers

__all__ = ["Heard", "Refresh", "Scope", "listen", "look_again", "observe", "remembered", "verify"]


def observe(
    reader: Reader,
    state: State,
    scope: Scope,
    *,
    now: datetime,
    heard: Heard | None = None,
    parallelism: int = 64,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Observation:
    """Return everything that DingTalk shows of this workspace, from yesterday on; `heard` is what it has told already.

    Events that somebody else organises are none of ours, whatever they say: who is invited can copy our marker.
    `progress` is called with the number of reads done and known to be needed. Raises ApiError where DingTalk does not
    let us in at all, ReconcilerError where a newer program was here; every other failure is part of the observation.
    """
    asked = organizers_of(state, scope, now)
    if scope.refresh is Refresh.NONE:
        return Observation(occurrences=remembered(state), organizers=asked)
    with ThreadPoolExecutor(max_workers=parallelism) as pool:
        survey = Survey(reader=reader, reads=Reads(pool, progress), state=state, scope=scope, now=now)
        findings = survey.findings
        if heard is None:
            heard = hear(survey, asked)
        events = list_calendars(survey, heard)
        former = former_organizers(survey, events)
        events += list_calendars(survey, hear(survey, former))
        asked |= former | heard.keys()
        ours = recent([event for event in events if event.organizer in asked], now)
        sort_by_marker(survey, ours)
        adopt(survey, events)
        keep_ours(survey)
        find_series(survey, ours)
        find_superfluous(findings, state)
        find_by_memory(survey)
        complete_attendees(survey)
        occurrences = with_conferences(survey)
    in_use = frozenset(one.conference_id for one in occurrences.values())
    return Observation(
        occurrences=occurrences,
        duplicates=tuple(with_own_conference(one, in_use) for one in findings.duplicates.values()),
        unresolved=frozenset(findings.unresolved),
        failures=tuple(findings.failures),
        organizers=asked & findings.organizers,
        begun=frozenset(findings.begun),
        calendars=findings.calendars,
        viewed=frozenset(findings.viewed),
    )


def organizers_of(state: State, scope: Scope, now: datetime) -> frozenset[str]:
    """Return whose calendars are asked for: of all who organise a meeting, and of all who are known to have done so.

    Not of those whose last occurrence is over.
    """
    if scope.alone is not None:
        return scope.alone
    known = frozenset(scope.meetings.values()) | scope.organizers | state.organizers
    return known | organizers(state.entries, besides=known, after=now - LOOKBACK)


def listen(
    reader: Reader,
    state: State,
    scope: Scope,
    *,
    now: datetime,
    parallelism: int = 64,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Heard:
    """Return what the calendars tell, for `observe`. Raises ApiError where DingTalk does not let us in at all."""
    with ThreadPoolExecutor(max_workers=parallelism) as pool:
        survey = Survey(reader=reader, reads=Reads(pool, progress), state=state, scope=scope, now=now)
        return hear(survey, organizers_of(state, scope, now))


def look_again(
    reader: Reader,
    state: State,
    scope: Scope,
    seen: Observation,
    *,
    heard: Heard,
    now: datetime,
    parallelism: int = 64,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Observation:
    """Return what is there where the recurring events of `scope.doubted` are looked at, and no more than presumed.

    What this run has asked for already, as `seen` tells, is not asked for again.
    """
    looks = {who: told.calendar.looks for who, told in seen.calendars.items()}
    known = {who: replace(one, looks=looks.get(who, {})) for who, one in state.calendars.items()}
    late = {who for who, told in seen.calendars.items() if told.late}
    asked = {event.id: event for told in seen.calendars.values() for event in told.calendar.events}
    whole = {who: _as_it_was_asked_for(one, asked, looks.get(who, {})) for who, one in heard.items()}
    series = (one for one in seen.occurrences.values() if one.key.series and not one.presumed)
    looked_at = scope.looked_at | {one.event.id for one in series if one.event is not None}
    found = observe(
        reader,
        replace(state, calendars=known),
        replace(scope, budget=0, looked_at=looked_at),
        now=now,
        heard=whole,
        parallelism=parallelism,
        progress=progress,
    )
    return replace(
        found,
        occurrences={key: _as_asked(one, seen.occurrences.get(key)) for key, one in found.occurrences.items()},
        calendars={who: replace(one, late=one.late or who in late) for who, one in found.calendars.items()},
        failures=tuple(dict.fromkeys((*seen.failures, *found.failures))),
        unresolved=seen.unresolved | found.unresolved,
    )


def _as_it_was_asked_for(
    told: Changes | Told | ApiError, asked: Mapping[str, Event], looks: Mapping[str, Look]
) -> Changes | Told | ApiError:
    """Return what a calendar told, with the versions of events that were asked for by id since, and with its looks."""
    match told:
        case Changes():
            return replace(told, events=tuple(asked.get(event.id, event) for event in told.events))
        case Told():
            events = tuple(asked.get(event.id, event) for event in told.calendar.events)
            return replace(told, calendar=replace(told.calendar, events=events, looks=looks))
        case _:
            return told


def _as_asked(one: Observed, before: Observed | None) -> Observed:
    """Return an occurrence with the conference for which this run has asked already."""
    if before is None or not before.asked or before.conference_id != one.conference_id:
        return one
    return replace(one, conference=before.conference, verified=before.verified, asked=True)


def verify(
    reader: Reader,
    seen: Observation,
    scope: Scope,
    keys: Iterable[Key],
    *,
    now: datetime,
    parallelism: int = 64,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Observation:
    """Return `seen` with the conferences of `keys` as they are, where so far they were only presumed to be so."""
    if scope.refresh in {Refresh.NONE, Refresh.CALENDAR}:
        return seen
    presumed = [seen.occurrences[key] for key in keys if key in seen.occurrences]
    due = [one for one in presumed if not one.asked and not _waits(one, scope)]
    with ThreadPoolExecutor(max_workers=parallelism) as pool:
        asking = Asking(reader=reader, reads=Reads(pool, progress), scope=scope, now=now)
        asked = ask_conferences(asking, grouped(due, now))
    return replace(
        seen,
        occurrences={**seen.occurrences, **asked},
        failures=(*seen.failures, *asking.findings.failures),
        unresolved=seen.unresolved | asking.findings.unresolved,
    )


def _waits(one: Observed, scope: Scope) -> bool:
    """Return whether an occurrence has the conference that the state says was made for it, and gets no event today."""
    known = one.entry is not None and one.entry.made is not None
    return scope.refresh is Refresh.AUTO and known and one.event is None and one.organizer in scope.spent


def remembered(state: State) -> dict[Key, Observed]:
    """Return what the state says was last written, as if it had been seen."""
    return {key: _as_applied(state.workspace, entry) for key, entry in state.entries.items()}


def _as_applied(workspace: str, entry: Entry) -> Observed:
    event = event_as_applied(workspace, entry)
    conference = conference_as_applied(entry)
    found = Observed(key=entry.key, event=event, conference=conference, entry=entry, verified=entry.verified)
    return replace(found, marker=found.description.marker)
