"""What the last look at the calendars showed to be otherwise than it was applied, for those who ask nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.marker import parse_description
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key
from reconciler.model.state import State


def last_seen(state: State, remembered: Mapping[Key, Observed], moved: Mapping[str, str]) -> dict[Key, Observed]:
    """Return `remembered` with the events that the state knows to be otherwise: rooms declined, times moved.

    `moved` are meetings that have another name now. What was deleted is no event any more.
    """
    found = dict(remembered)
    for calendar in state.calendars.values():
        for event in calendar.events:
            marker = parse_description(event.description).marker
            key = marker.key.moved(moved) if marker is not None else None
            have = found.get(key) if key is not None else None
            if key is not None and have is not None and have.entry is not None and have.entry.event_id == event.id:
                found[key] = replace(have, event=None if event.cancelled else event)
    return found
