"""The conferences that events lead to, or led to once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime

from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import ApiError, ConferenceCancelled, InvalidParameter, NotFound
from reconciler.models import Conference, Key
from reconciler.observe.findings import Findings
from reconciler.observe.reads import Reads
from reconciler.observe.scope import Refresh, Scope
from reconciler.observed import Observed
from reconciler.rendering import conference_as_applied
from reconciler.state.model import State


def with_conferences(
    reader: Reader, reads: Reads, scope: Scope, findings: Findings, *, now: datetime
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
        return to_be_cancelled(one, conference_id)
    try:
        conference = reader.conferences.info(conference_id=conference_id, requester=requester)
        if one.key.meeting not in scope.with_settings:
            return conference
        return replace(conference, settings=reader.conferences.settings(conference_id=conference_id))
    except ConferenceCancelled:
        return replace(to_be_cancelled(one, conference_id), cancelled=True)
    except (NotFound, InvalidParameter):
        return None


def to_be_cancelled(one: Observed, conference_id: str) -> Conference:
    """Return a conference of which only the id matters: its meeting is not declared any more."""
    start = one.start or one.key.original.astimezone()
    end = one.event.end if one.event is not None else start
    return Conference(id=conference_id, title="", start=start, end=end)


def find_superfluous(findings: Findings, state: State) -> None:
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
                alone, conference=to_be_cancelled(alone, entry.conference_id)
            )


def with_own_conference(one: Observed, in_use: frozenset[str]) -> Observed:
    """Return a duplicate with the conference that only it leads to: it has to go as well."""
    conference_id = one.marker.conference if one.marker is not None else ""
    if one.event is None or not conference_id or conference_id in in_use:
        return one
    return replace(one, conference=to_be_cancelled(one, conference_id))
