"""What the lists did not tell: events out of sight, and attendees beyond the first hundred."""

from __future__ import annotations

from dataclasses import replace

from reconciler.dingtalk.errors import ApiError, NotFound
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Event
from reconciler.model.state import Entry
from reconciler.observe.findings import Findings
from reconciler.observe.survey import Survey


def find_by_memory(survey: Survey) -> None:
    """Ask for each event that should be there and was not listed: gone, or moved out of sight."""
    reader, scope, findings = survey.reader, survey.scope, survey.findings
    seen = {one.event.id for one in (*findings.live.values(), *findings.duplicates.values()) if one.event is not None}
    missing = [
        entry
        for entry in survey.state.entries.values()
        if entry.event_id not in seen
        and scope.asks_for(entry.key)
        and entry.key not in findings.live
        and not entry.key.series
        and entry.key.meeting not in findings.unresolved
        and (entry.applied is None or entry.applied.start > survey.now)
    ]
    for entry in missing:
        if not entry.event_id:
            findings.live[entry.key] = Observed(key=entry.key, entry=entry)
        elif entry.event_id in findings.ended:
            findings.live[entry.key] = _gone(entry, findings)
    asked = survey.reads.all(
        lambda entry: reader.events.get(organizer=entry.organizer, event_id=entry.event_id),
        [entry for entry in missing if entry.event_id and entry.event_id not in findings.ended],
    )
    for entry, answer in asked:
        gone = _gone(entry, findings)
        if isinstance(answer, NotFound):
            findings.live[entry.key] = gone
        elif isinstance(answer, ApiError):
            findings.fail(str(entry.key), answer, [entry.key.meeting])
        elif answer.cancelled:
            findings.live[entry.key] = gone
        else:
            found = Observed(key=entry.key, event=answer, entry=entry)
            ours = scope.marker_of(answer)
            # A run that died may have moved it, and what the event says counts.
            key = ours.key.moved(scope.moved) if ours is not None else entry.key
            findings.live.setdefault(key, replace(found, key=key, marker=found.description.marker))


def _gone(entry: Entry, findings: Findings) -> Observed:
    """Return what is left of an occurrence whose event was deleted."""
    remains = findings.deleted.get(entry.key)
    return Observed(key=entry.key, entry=entry, marker=remains.marker if remains is not None else None)


def complete_attendees(survey: Survey) -> None:
    """Ask for the attendees that a list was too short for, where they are managed."""
    scope, findings = survey.scope, survey.findings
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
        attendees = survey.reader.events.attendees(organizer=one.event.organizer, event_id=one.event.id)
        return replace(one.event, attendees=attendees, attendees_complete=True)

    for one, answer in survey.reads.all(ask, cut):
        if isinstance(answer, ApiError):
            findings.fail(str(one.key), answer, [one.key.meeting])
        else:
            findings.live[one.key] = replace(one, event=answer)
