"""Occurrences, events and conferences for tests, alike but for what a test names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.config.model import Config, Provider, StateSettings
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Attendee, Conference, Event, Key, Occurrence, RoomBooking
from reconciler.model.rendering import describe
from reconciler.model.settings import readable
from reconciler.model.state import Entry

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 29, 0, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=28)
WORKSPACE = "acme"


def config_with_state(root: Path, **settings: Any) -> Config:
    """Return a config with nothing in it but its `state` block."""
    return Config(
        root=root,
        workspace=WORKSPACE,
        provider=Provider(),
        horizon=timedelta(days=28),
        people={},
        rooms={},
        meetings={},
        state=StateSettings(**settings),
    )


def local(text: str) -> datetime:
    """Return a naive local time."""
    return datetime.fromisoformat(text)


def occurrence(
    original: str = "2026-12-02T10:00", *, meeting: str = "sync", minutes: int = 45, **fields: object
) -> Occurrence:
    """Return a wanted occurrence; its start is its original start unless `start` (local) says otherwise."""
    zone = ZoneInfo(str(fields.get("timezone", ZONE)))
    start = local(str(fields.pop("start", original))).replace(tzinfo=zone)
    base = Occurrence(
        key=Key(meeting, local(original)),
        title="Weekly sync",
        description="What shipped.",
        organizer="alice",
        start=start,
        end=start + timedelta(minutes=minutes),
        timezone=ZONE,
        attendees=(Attendee("bob"), Attendee("carol", optional=True)),
        rooms=("aurora",),
    )
    return replace(base, **fields)  # type: ignore[arg-type]  # a test names fields that there are


def booked(want: Occurrence, *, remembered: bool = True, number: int = 1) -> Observed:
    """Return what is seen of `want` right after it was applied."""
    conference_id, event_id = f"conf-{want.key}-{number}", f"event-{want.key}-{number}"
    link = f"https://meet.example/{conference_id}"
    text = describe(want, workspace=WORKSPACE, conference_id=conference_id, link=link, revision=0)
    event = Event(
        id=event_id,
        organizer=want.organizer,
        title=want.title,
        description=text,
        start=want.start,
        end=want.end,
        timezone=want.timezone,
        attendees=tuple(sorted(want.attendees or ())),
        rooms=tuple(RoomBooking(room) for room in want.rooms or ()),
        recurring=want.recurrence is not None,
        recurrence=want.recurrence,
    )
    conference = Conference(
        id=conference_id,
        title=want.title,
        start=want.start,
        end=want.end,
        url=link,
        settings=readable(want.settings),
    )
    entry = Entry(
        key=want.key,
        organizer=want.organizer,
        conference_id=conference_id,
        event_id=event_id,
        url=link,
        applied=want,
    )
    seen = Observed(key=want.key, event=event, conference=conference, entry=entry if remembered else None)
    return replace(seen, marker=seen.description.marker)


def edited(seen: Observed, **fields: object) -> Observed:
    """Return `seen` after a person changed its event."""
    assert seen.event is not None
    return replace(seen, event=replace(seen.event, **fields))  # type: ignore[arg-type]  # as above


def observation(*seen: Observed, duplicates: Iterable[Observed] = (), unresolved: Iterable[str] = ()) -> Observation:
    return Observation(
        occurrences={one.key: one for one in seen}, duplicates=tuple(duplicates), unresolved=frozenset(unresolved)
    )
