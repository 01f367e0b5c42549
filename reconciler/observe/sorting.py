"""Which event is which occurrence: by its marker, by our memory, or because the config adopts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.model.marker import Marker, newer_format, parse_description
from reconciler.model.observed import NOT_ADOPTABLE, Observed, ReadFailure
from reconciler.model.occurrence import Event, Key
from reconciler.model.state import Entry
from reconciler.observe.findings import Findings
from reconciler.observe.scope import Scope
from reconciler.observe.survey import Survey


def sort_by_marker(survey: Survey, events: Iterable[Event]) -> None:
    """File every event of this workspace under its key: by its marker, or by our memory where the marker is lost."""
    state, scope, findings = survey.state, survey.scope, survey.findings
    by_event = {entry.event_id: entry for entry in state.entries.values() if entry.event_id}
    for event in events:
        _refuse_newer(event, scope)
        found = Observed(key=Key("", event.start), event=event)
        marker = found.description.marker
        entry = by_event.get(event.id)
        if event.series or (marker is None and entry is None) or _is_series(marker, entry):
            continue
        if marker is not None and marker.workspace != scope.workspace:
            continue
        key = marker.key.moved(scope.moved) if marker is not None else entry.key if entry is not None else found.key
        if key.meeting in scope.settled:
            continue
        memory = entry if entry is not None else state.entries.get(key)
        intact = memory is not None and memory.intact and memory.event_id == event.id and not event.recurring
        untouched = intact and findings.is_known(event)
        found = replace(found, key=key, marker=marker, entry=memory, untouched=untouched)
        owner = memory.organizer if memory is not None else scope.meetings.get(key.meeting)
        if not event.cancelled:
            keep_one(findings, found, owner=owner)
            continue
        findings.ended.add(event.id)
        if memory is None or event.organizer == owner:  # what is known of who has the meeting now says more
            remains = replace(found, event=None, owner=event.organizer, dropped=event.id in state.cancelled)
            _keep_latest(findings.deleted, remains, owner=owner)


def _is_series(marker: Marker | None, entry: Entry | None) -> bool:
    """Return whether it is a recurring event of ours, which `find_series` files."""
    return marker.key.series if marker is not None else entry is not None and entry.key.series


def _refuse_newer(event: Event, scope: Scope) -> None:
    """Raise ReconcilerError where a newer program has marked an event: without it all would be booked a second time."""
    version = 0 if event.cancelled else newer_format(event.description, scope.workspace)
    if version:
        raise ReconcilerError(
            f"a marker of format {version} stands in the event {event.id}, this program reads format 1",
            where=f"the calendar of {event.organizer}",
            fix="use the newer reconciler that wrote it; if a person did, take the line out of the description",
        )


def _keep_latest(deleted: dict[Key, Observed], found: Observed, *, owner: str | None) -> None:
    """Keep what is left of the latest event of who has the meeting now, else of who had it once."""
    known = deleted.get(found.key)
    if known is None or (known.owner == owner, known.revision) < (found.owner == owner, found.revision):
        deleted[found.key] = found


def keep_one(findings: Findings, found: Observed, *, owner: str | None) -> None:
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


def adopt(survey: Survey, events: Iterable[Event]) -> None:
    """File the events of people's making that the config adopts by name; no other event without a marker is ours.

    What can't be adopted keeps its meeting out of the diff.
    """
    scope = survey.scope
    known = {entry.event_id for entry in survey.state.entries.values()}
    for event in events:
        key = scope.adopt.get(event.id)
        managed = event.id in known or scope.marker_of(event) is not None
        if key is not None and not key.series and not event.cancelled and not managed:
            adopt_one(survey, event, key)


def adopt_one(survey: Survey, event: Event, key: Key) -> None:
    """File an event of people's making under the key by which the config adopts it, or note why it can't be adopted."""
    findings = survey.findings
    told = _not_adoptable(event, key, survey.scope, findings)
    if not told:
        findings.live[key] = Observed(key=key, event=event, adopting=True)
    elif key.meeting not in findings.unresolved:
        hint = f"take {event.id} out of `adopt`"
        findings.failures.append(ReadFailure(where=str(key), code=NOT_ADOPTABLE, message=told, hint=hint))
        findings.unresolved.add(key.meeting)


def _not_adoptable(event: Event, key: Key, scope: Scope, findings: Findings) -> str:
    marker = parse_description(event.description).marker
    there = findings.live.get(key)
    if marker is not None:
        return f"the event to adopt belongs to workspace {marker.workspace}"
    if event.organizer != scope.meetings.get(key.meeting):
        return "the event to adopt has another organiser than the meeting"
    if key.series and (event.recurrence is None or event.series):
        return "the event to adopt is not a recurring event whose pattern is known, which calendar: series needs"
    if not key.series and (event.series or event.recurring):
        return "the event to adopt is a series, and the meeting is none: write calendar: series"
    if there is not None and _event_id(there) not in {"", event.id}:
        return "the occurrence has another event already"
    return ""
