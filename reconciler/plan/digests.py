"""Digests of what a plan was made from, by which an apply tells whether it is still so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.config.model import Config
from reconciler.errors import Position
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Event, RoomStatus
from reconciler.model.rendering import canonical
from reconciler.model.state import State
from reconciler.state.remembering import bare
from reconciler.state.values import (
    encode_conference,
    encode_entry,
    encode_event,
)

_NOWHERE = Position("", 0, 0)


def config_digest(config: Config) -> str:
    """Return a digest of all that the config says; where it stands and how it is laid out do not matter."""
    meetings = {name: replace(meeting, position=_NOWHERE, rooms_at=None) for name, meeting in config.meetings.items()}
    said = (config.workspace, config.provider, config.horizon, config.people, config.rooms, meetings, config.moved)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def state_digest(state: State) -> str:
    """Return a digest of the occurrences that the state knows."""
    known = {str(key): replace(entry, intact=False, verified=None) for key, entry in state.entries.items()}
    return digest({address: encode_entry(entry) for address, entry in known.items()})


def seen_digest(seen: Observed | None) -> str:
    """Return a digest of an occurrence as DingTalk shows it; when it was last touched does not count."""
    if seen is None or (seen.event is None and not seen.alive):
        return ""
    event = None if seen.event is None else encode_event(stripped(seen.event))
    return digest({"event": event, "conference": encode_conference(seen.conference)})


def stripped(event: Event) -> Event:
    """Return `event` without what only DingTalk knows, its rooms as if approved: that is what was asked for.

    How a server spells what was written does not count either.
    """
    found = canonical(bare(event))
    rooms = tuple(
        replace(room, status=RoomStatus.ACCEPTED) if room.status is RoomStatus.TENTATIVE else room
        for room in found.rooms
    )
    return replace(found, rooms=tuple(sorted(rooms)))


def digest(document: Mapping[str, Any]) -> str:
    """Return a digest of plain values, however they are ordered."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
