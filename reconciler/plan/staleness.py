"""What has moved since a plan was saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from reconciler.config.model import Config
from reconciler.diff.change import Action, Change
from reconciler.diff.compare import compare
from reconciler.model.observed import Observation, Observed, ReadFailure
from reconciler.model.occurrence import Event
from reconciler.model.state import State
from reconciler.plan.digests import config_digest, seen_digest, state_digest, stripped
from reconciler.plan.operations import Plan

_WORDS = {  # what the fields of an event are called
    "start": "time",
    "end": "time",
    "timezone": "time",
    "all_day": "time",
    "recurrence": "rule",
    "recurring": "rule",
    "series": "rule",
    "origin": "rule",
    "attendees_complete": "attendees",
    "own_conference": "conference",
}


def moved_ground(plan: Plan, ground: Mapping[str, Any], config: Config, state: State) -> Iterator[str]:
    """Yield what of the `ground` that a plan was made on is another by now: workspace, config, state."""
    if plan.workspace != config.workspace:
        yield f"it is of workspace {plan.workspace}, the config of {config.workspace}"
    if ground["config_digest"] != config_digest(config):
        yield "the config has changed"
    known = ground["state"]
    if state.serial == 0:
        return  # a runner that keeps nothing: what is in DingTalk decides
    if state.lineage != known["lineage"] and known["serial"]:  # one that was never saved is of no lineage yet
        yield "the state is another one"
    elif state_digest(state) != known["digest"]:
        yield f"the state has changed from serial {known['serial']} to {state.serial}"


def moved_occurrences(
    touched: Iterable[Change], seen: Observation, names: Mapping[str, str], now: datetime, *, same_config: bool = True
) -> Iterator[str]:
    """Yield which of the occurrences that a plan is going to touch have begun, or are not as they were seen then.

    Of these also what is otherwise and by whom; `names` are the aliases of people by their ids. Under another config
    than the plan's other conferences and calendars are asked for: then only what was asked both times is compared.
    What could not be read is told by `unread`.
    """
    duplicates = {_identity(one): one for one in seen.duplicates}
    asked = seen.calendars.keys() | seen.organizers
    again = {change.address for change in touched if change.action is Action.CANCEL}
    for change in touched:
        key = change.before.key if change.before is not None else change.after.key if change.after is not None else None
        if key is None:
            continue
        have = seen.occurrences.get(key)
        if change.duplicate and change.before is not None:
            have = duplicates.get(_identity(change.before))
        before = change.before
        if key.meeting in seen.unresolved:
            continue
        if before is not None and have is None and before.organizer not in asked:
            if same_config:
                who = names.get(before.organizer, before.organizer)
                yield f"{change.address} is {who}'s, who organises nothing of the config, and no state here knows of it"
            continue
        if not same_config:
            before, have = _event_alone(before), _event_alone(have)
        if _has_begun(change, have, now):
            yield f"{change.address} has begun"
        elif change.before is None and change.address in again:
            continue  # its predecessor is looked at
        elif seen_digest(have) != seen_digest(before):
            yield f"{change.address} {_what_happened(replace(change, before=before), have, names)}"


def unread(touched: Iterable[Change], seen: Observation, names: Mapping[str, str]) -> tuple[ReadFailure, ...]:
    """Return why some of the occurrences that a plan is going to touch could not be read, people by their aliases."""
    keys = {one.key for change in touched for one in (change.before, change.after) if one is not None}
    addresses = sorted(str(key) for key in keys if key.meeting in seen.unresolved)
    if not addresses:
        return ()
    told = tuple(replace(failure, where=failure.place(names), who="") for failure in seen.failures)
    silent = ReadFailure(where=", ".join(addresses), code="not-read", message="nobody knows why")
    return told or (silent,)


def _event_alone(one: Observed | None) -> Observed | None:
    return None if one is None else replace(one, conference=None)


def capped(told: Iterable[str], most: int = 10) -> str:
    """Return what is told as one text: so many of it, and how many more there are."""
    every = [*told]
    more = [f"and {len(every) - most} more"] if len(every) > most else []
    return "; ".join([*every[:most], *more])


def _what_happened(change: Change, have: Observed | None, names: Mapping[str, str]) -> str:
    """Return what is otherwise than a plan saw it, and whose doing that is as far as it can be known."""
    before, event = change.before, have.event if have is not None else None
    organizer = (
        have.organizer if have is not None and have.organizer else before.organizer if before is not None else ""
    )
    of_whom = f"organiser {names.get(organizer, organizer)}" if organizer else ""
    if have is None or event is None:
        return "was removed in DingTalk" + (f" ({of_whom})" if of_whom else "")
    if before is None or before.event is None:
        what, by_us = "booked", have.marker is not None
    else:
        what, by_us = "changed", _ours(change, before, have)
    doer = "a run of reconciler" if by_us else "hand"
    fields = ", ".join(dict.fromkeys(_changed(before, have))) if what == "changed" and before is not None else ""
    at = f"last changed {event.updated}" if event.updated else ""
    details = "; ".join(part for part in (fields, of_whom, at) if part)
    return f"was {what} in DingTalk by {doer}" + (f" ({details})" if details else "")


def _ours(change: Change, before: Observed, have: Observed) -> bool:
    """Return whether a run of ours, of this plan or of another, made `have` of what the plan saw `before`.

    Only we write markers and the state. Where neither tells, it is as the plan wants it.
    """
    if have.marker is not None and have.marker != before.marker:
        return True
    applied, then = have.applied, before.applied
    if applied is not None and applied != then and not compare(applied, have).event:
        return True
    return change.after is not None and have.marker is not None and not compare(change.after, have).fields


def _changed(before: Observed, have: Observed) -> Iterator[str]:
    """Yield the names of what differs, as the config calls them."""
    then, event = before.event, have.event
    if then is not None and event is not None:
        one, other = stripped(then), stripped(event)
        for field in fields(Event):
            if field.name != "description" and getattr(one, field.name) != getattr(other, field.name):
                yield _WORDS.get(field.name, field.name)
        if before.description.body != have.description.body:
            yield "description"
        if (before.description.link, before.description.marker) != (have.description.link, have.description.marker):
            yield "marker"
    if before.conference != have.conference:
        yield "conference"


def _has_begun(change: Change, have: Observed | None, now: datetime) -> bool:
    if change.action is Action.CANCEL and change.before is not None and change.before.key.series:
        return have is not None and have.has_started(now)
    return change.start is not None and change.start <= now


def _identity(duplicate: Observed) -> str:
    if duplicate.event is not None:
        return duplicate.event.id
    return duplicate.conference.id if duplicate.conference is not None else ""
