"""What was seen and done → the state that the next run goes by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.apply.outcome import Outcome
from reconciler.diff.change import Action
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key, Link, Occurrence
from reconciler.model.rendering import as_marked
from reconciler.model.state import Entry, State
from reconciler.plan.operations import Call, Plan
from reconciler.state.lines import organizers


def remembered(state: State, plan: Plan, outcome: Outcome | None) -> State:
    """Return `state` with all that a plan saw and an apply did; what is gone is forgotten."""
    entries: dict[Key, Entry | None] = dict(state.entries)
    entries.update({one.key: None for one in plan.gone})
    for want, have in plan.unchanged:
        last = have.applied
        applied = as_marked(want, have.marker.applied if have.marker is not None else "", last)
        entries.update({have.key: None, want.key: entry_of(have, applied=applied)})
    if outcome is not None:
        entries.update(outcome.entries)
        moved = {one.conference_id: key for key, one in outcome.entries.items() if one is not None and _carries(one)}
        for key, entry in entries.items():
            if entry is not None and _carries(entry) and moved.get(entry.conference_id, key) != key:
                entries[key] = replace(entry, carries=False)
    # A run that died may have left an occurrence under its old key, too.
    news = {*(want.key for want, _ in plan.unchanged), *(outcome.entries if outcome is not None else ())}
    owners = {one.event_id: key for key in news if (one := entries.get(key)) is not None and one.event_id}
    for key, entry in entries.items():
        if entry is not None and owners.get(entry.event_id, key) != key:
            entries[key] = None
    known = {key: entry for key, entry in entries.items() if entry is not None}
    left = plan.organizers | organizers(known, besides=plan.organizers, after=plan.window_from)
    return replace(
        state,
        entries=known,
        organizers=state.organizers if is_unsure(plan) else left or state.organizers,
        orphans=state.orphans + (outcome.orphans if outcome is not None else ()),
        days_off={str(one.key): one.reason for one in plan.days_off},
        cancelled={**state.cancelled, **dict(_cancelled(outcome))} if outcome is not None else state.cancelled,
    )


def is_unsure(plan: Plan) -> bool:
    """Return whether somebody may have been an organiser of whom that could not be read: it has to be asked again.

    Who knows of no organisers asks for them; once one is known, nobody would.
    """
    return any(one.who and one.who not in plan.organizers for one in plan.failures)


def _cancelled(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield the ids of the events that we deleted because the config wants them no more, and which they were."""
    for result in outcome.results:
        change = result.planned.change
        event = change.event
        done = any(one.call is Call.EVENT_DELETE for one in result.done)
        goes = change.action is Action.CANCEL or change.replaces
        if goes and change.before is not None and event is not None and done and not change.duplicate:
            yield event.id, str(change.before.key)


def _carries(entry: Entry) -> bool:
    """Return whether a shared conference stands at this occurrence."""
    return entry.carries and entry.applied is not None and entry.applied.link is Link.STABLE


def looked_after(state: State, plan: Plan) -> State:
    """Return `state` with when each conference was last verified that is as it should be; nothing else is learned."""
    known = {
        have.key: replace(entry, verified=have.verified)
        for _, have in plan.unchanged
        if (entry := state.entries.get(have.key)) is not None and entry.verified != have.verified
    }
    return replace(state, entries={**state.entries, **known}) if known else state


def entry_of(have: Observed, *, applied: Occurrence | None = None) -> Entry:
    """Return what was seen of an occurrence as it is remembered; `applied` where it is as declared."""
    conference = have.conference
    shared = conference is not None and applied is not None and applied.link is Link.STABLE
    return Entry(
        key=applied.key if applied is not None else have.key,
        organizer=have.organizer or (applied.organizer if applied is not None else ""),
        conference_id=conference.id if conference is not None else "",
        event_id=have.event.id if have.event is not None else "",
        revision=have.revision,
        url=conference.url if conference is not None else "",
        room_code=conference.room_code if conference is not None else "",
        applied=applied,
        carries=not shared or (conference is not None and applied is not None and conference.start == applied.start),
        intact=have.entry is not None and have.entry.intact,
        verified=have.verified if applied is not None else None,
    )
