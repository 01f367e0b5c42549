"""Pools: any of several rooms, named, or described by what they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import Config, Invitation, Meeting, Override, Room, RoomPool
from reconciler.config.registry import Registry, known_rooms, words
from reconciler.config.semantics import write_moment


def read_pool(value: object, registry: Registry, path: Path, findings: Findings) -> RoomPool | None:
    """Return the pool that a mapping under `rooms` asks for, None where there is none."""
    if not isinstance(value, dict):
        return None
    named = known_rooms(value.get("any"), registry, (*path, "any"), findings)
    pool = RoomPool(
        any=named,
        tags=tuple(tag for _, tag in words(value.get("tags"))),
        location=value.get("location") or "",
        capacity=_whole(value.get("capacity")),
        count=_whole(value.get("count")) or 1,
    )
    if isinstance(value.get("any"), list) and not named:
        return None  # what is wrong with them has been said
    return pool


def fitting(pool: RoomPool, rooms: Mapping[str, Room], people: int | None) -> tuple[Room, ...]:
    """Return the rooms of `rooms` that are in the pool, the smallest first; those of unknown size come last.

    `people` is how many come, the organiser among them, None where that is not declared. What a pool names is in it
    even if its size is not known; what it describes has to be known to be large enough.
    """
    seats = pool.capacity if pool.capacity is not None else None if people is None else ceil(people / pool.count)
    wanted = set(pool.any) if pool.any else rooms.keys()
    found = [room for alias, room in rooms.items() if alias in wanted and _has(room, pool, seats)]
    return tuple(sorted(found, key=lambda room: (room.capacity is None, room.capacity or 0, room.alias)))


def people_of(organizer: str, attendees: Iterable[Invitation] | None) -> int | None:
    """Return how many people come to a meeting, by its invitations."""
    return None if attendees is None else len({organizer, *(one.person for one in attendees)})


def check_pools(config: Config, findings: Findings) -> None:
    """Note the pools that hold too few rooms, and a limit where there is no pool."""
    for meeting in config.meetings.values():
        path: Path = ("meetings", meeting.name)
        pooled = [meeting.pool, *(one.pool for one in meeting.overrides.values())]
        if findings.document.has((*path, "max_conflicts")) and not any(pooled):
            message = "max_conflicts is about pools, and this meeting names its rooms"
            findings.error((*path, "max_conflicts"), message, "take it out, or write rooms: {any: […]}", on_key=True)
        if meeting.pool is not None:
            _check(meeting.pool, config, people_of(meeting.organizer, meeting.attendees), (*path, "rooms"), findings)
        for when, override in meeting.overrides.items():
            _check_override(config, meeting, override, (*path, "schedule", "change", write_moment(when)), findings)


def _check_override(config: Config, meeting: Meeting, override: Override, path: Path, findings: Findings) -> None:
    attendees = meeting.attendees if override.attendees is None else override.attendees
    people = people_of(meeting.organizer, attendees)
    if override.pool is not None:
        _check(override.pool, config, people, (*path, "rooms"), findings)
    elif override.attendees is not None and override.rooms is None and meeting.pool is not None:
        _check(meeting.pool, config, people, (*path, "attendees"), findings)


def _check(pool: RoomPool, config: Config, people: int | None, path: Path, findings: Findings) -> None:
    found = fitting(pool, config.rooms, people)
    if len(found) >= pool.count:
        return
    needed = [*(f"tag {tag}" for tag in pool.tags), *([f"location {pool.location}"] if pool.location else [])]
    seats = pool.capacity if pool.capacity is not None else people and ceil(people / pool.count)
    needed += [f"{seats} seats"] if seats else []
    which = f" ({', '.join(needed)})" if needed else ""
    message = f"{len(found)} of the rooms fit{which}, and the pool asks for {pool.count}"
    findings.error(
        path, message, "ask for less, with capacity: for example, or say in `rooms` what the rooms have", on_key=True
    )


def _has(room: Room, pool: RoomPool, seats: int | None) -> bool:
    if not set(pool.tags) <= set(room.tags):
        return False
    if pool.location.casefold() not in (room.location or "").casefold():
        return False
    if seats is None:
        return True
    return room.capacity >= seats if room.capacity is not None else room.alias in pool.any


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
