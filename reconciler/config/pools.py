"""Pools: any of several rooms, named, or described by what they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
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
    """Return the rooms of `rooms` that are in the pool, the smallest first; then those of unknown size.

    `people` is how many are invited, None where that is not declared. What a pool names is in it even if its size is
    not known, and where no `capacity` is asked for even if it is too small: such rooms come last, the largest first.
    What it describes has to be known to be large enough.
    """
    seats = seats_of(pool, people)
    wished = seats or 0
    wanted = set(pool.any) if pool.any else rooms.keys()
    found = [room for alias, room in rooms.items() if alias in wanted and _has(room, pool, seats)]

    def rank(room: Room) -> tuple[int, int, str]:
        if room.capacity is None:
            return 1, 0, room.alias
        return (0, room.capacity, room.alias) if room.capacity >= wished else (2, -room.capacity, room.alias)

    return tuple(sorted(found, key=rank))


def is_at(room: Room, location: str) -> bool:
    """Return whether a room is where `location` says, which may be any part of its own; "" is everywhere."""
    return location.casefold() in (room.location or "").casefold()


def pool_of(meeting: Meeting, original: datetime) -> tuple[RoomPool | None, int | None]:
    """Return the pool of the occurrence that starts at `original` by the rule, and how many seats a room is to have."""
    override = meeting.overrides.get(original) or meeting.overrides.get(original.date()) or Override()
    pool = meeting.pool if override.rooms is None and override.pool is None else override.pool
    attendees = meeting.attendees if override.attendees is None else override.attendees
    return pool, None if pool is None else seats_of(pool, people_of(meeting.organizer, attendees))


def seats_of(pool: RoomPool, people: int | None) -> int | None:
    """Return how many seats each room is to have where `people` come, None where that is not known."""
    if pool.capacity is not None:
        return pool.capacity
    return None if people is None else ceil(people / pool.count)


def people_of(organizer: str, attendees: Iterable[Invitation] | None) -> int | None:
    """Return how many people are invited to a meeting, the organiser not among them."""
    return None if attendees is None else len({one.person for one in attendees} - {organizer})


def check_pools(config: Config, findings: Findings) -> None:
    """Note the pools that hold too few rooms, and a limit where there is no pool."""
    for meeting in config.meetings.values():
        path: Path = ("meetings", meeting.name)
        pooled = [meeting.pool, *(one.pool for one in meeting.overrides.values())]
        if findings.document.has((*path, "max_conflicts")) and not any(pooled):
            message = "max_conflicts is for pools, and this meeting names its rooms"
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
        _check_size(pool, found, people, path, findings)
        return
    needed = [*(f"tag {tag}" for tag in pool.tags), *([f"location {pool.location}"] if pool.location else [])]
    seats = None if _is_wish(pool) else seats_of(pool, people)
    needed += [f"{seats} seats"] if seats else []
    which = f" ({', '.join(needed)})" if needed else ""
    message = f"{len(found)} of the rooms fit{which}, and the pool asks for {pool.count}"
    findings.error(
        path, message, "ask for less, with capacity: for example, or say in `rooms` what the rooms have", on_key=True
    )


def _is_wish(pool: RoomPool) -> bool:
    """Return whether the pool names its rooms and asks for no size: then a large enough one is but preferred."""
    return bool(pool.any) and pool.capacity is None


def _check_size(pool: RoomPool, found: Sequence[Room], people: int | None, path: Path, findings: Findings) -> None:
    seats = seats_of(pool, people)
    small = [room.alias for room in found if seats and room.capacity is not None and room.capacity < seats]
    if small and _is_wish(pool):
        who = f"{people} people are invited" + (f", {seats} to a room" if pool.count > 1 else "")
        rooms = f"the room {small[0]} seats fewer" if len(small) == 1 else f"the rooms {', '.join(small)} seat fewer"
        hint = "name larger rooms; a smaller one is taken only if no other is free"
        findings.warn(path, f"{rooms}, and {who}", hint)


def _has(room: Room, pool: RoomPool, seats: int | None) -> bool:
    if not set(pool.tags) <= set(room.tags):
        return False
    if not is_at(room, pool.location):
        return False
    if seats is None or _is_wish(pool):
        return True
    return room.capacity >= seats if room.capacity is not None else room.alias in pool.any


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
