"""What has moved since a plan was saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from reconciler.config.model import Config
from reconciler.diff import Action, Change
from reconciler.observed import Observation, Observed
from reconciler.operations import Plan
from reconciler.planfile import config_digest, seen_digest, state_digest
from reconciler.state.model import State


def moved_ground(plan: Plan, ground: Mapping[str, Any], config: Config, state: State) -> Iterator[str]:
    """Yield what of the `ground` that a plan was made on is another by now: workspace, config, state."""
    if plan.workspace != config.workspace:
        yield f"it is of workspace {plan.workspace}, the config of {config.workspace}"
    if ground["config_digest"] != config_digest(config):
        yield "the config has changed"
    known = ground["state"]
    if state.serial == 0:
        return  # a runner that keeps nothing: what is in DingTalk decides
    if state.lineage != known["lineage"]:
        yield "the state is another one"
    elif state_digest(state) != known["digest"]:
        yield f"the state has moved on from serial {known['serial']} to {state.serial}"


def moved_occurrences(touched: Iterable[Change], seen: Observation, now: datetime) -> Iterator[str]:
    """Yield which of the occurrences that a plan is going to touch have begun, or are not as they were seen then."""
    duplicates = {_identity(one): one for one in seen.duplicates}
    again = {change.address for change in touched if change.action is Action.CANCEL}
    for change in touched:
        key = change.before.key if change.before is not None else change.after.key if change.after is not None else None
        if key is None:
            continue
        have = seen.occurrences.get(key)
        if change.duplicate and change.before is not None:
            have = duplicates.get(_identity(change.before))
        if key.meeting in seen.unresolved:
            yield f"{change.address} could not be read"
        elif _has_begun(change, have, now):
            yield f"{change.address} has begun"
        elif change.before is None and change.address in again:
            continue  # its predecessor is looked at
        elif seen_digest(have) != seen_digest(change.before):
            event = have.event if have is not None else None
            at = f" (last changed {event.updated})" if event is not None and event.updated else ""
            yield f"{change.address} was {'changed' if event is not None else 'removed'} in DingTalk{at}"


def _has_begun(change: Change, have: Observed | None, now: datetime) -> bool:
    if change.action is Action.CANCEL and change.before is not None and change.before.key.series:
        return have is not None and have.has_started(now)
    return change.start is not None and change.start <= now


def _identity(duplicate: Observed) -> str:
    if duplicate.event is not None:
        return duplicate.event.id
    return duplicate.conference.id if duplicate.conference is not None else ""
