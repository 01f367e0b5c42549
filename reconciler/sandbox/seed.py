"""Whom and what the sandbox knows from the start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from reconciler.sandbox.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    userid: str | None = None
    mobile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSeed:
    """A room and its rules. Durations in minutes, 0: no limit; `closed_from` and `closed_to` in UTC milliseconds.

    `status`: 0 everyone may book, 1 admins, 2 the `members` (union ids). `advance_days` None: three months for
    series, no limit for a single event. A closure without a `closed_to` is for good. `contact`: the union id of
    whom to ask.
    """

    name: str
    capacity: int = 10
    location: str = ""
    labels: tuple[str, ...] = ()
    approval: bool = False
    status: int = 0
    members: tuple[str, ...] = ()
    open: bool = True
    recurring: bool = True
    least_minutes: int = 0
    most_minutes: int = 0
    advance_days: int | None = None
    closed_from: int | None = None
    closed_to: int | None = None
    close_reason: str = ""
    contact: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """People by union id, rooms by room id."""

    people: Mapping[str, Person] = field(default_factory=dict)
    rooms: Mapping[str, RoomSeed] = field(default_factory=dict)


def derived_union_id(name: str) -> str:
    """Return the union id of a person known by a user id or a mobile number alone: always the same."""
    return f"sandbox{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def apply_seed(store: Store, seed: Seed) -> None:
    """Add people and rooms, or bring them up to date; nothing is ever removed."""
    with store.transaction():
        for union_id, person in seed.people.items():
            store.run(
                "REPLACE INTO people VALUES (?, ?, ?, ?)",
                union_id,
                person.name,
                person.userid or f"user-{union_id}",
                person.mobile,
            )
        for room_id, room in seed.rooms.items():
            known = store.row("SELECT data FROM rooms WHERE room_id = ?", room_id)
            data = asdict(room) if known is None else {**json.loads(known["data"]), **_stated(room)}
            store.run("REPLACE INTO rooms VALUES (?, ?)", room_id, json.dumps(data, ensure_ascii=False))


def _stated(room: RoomSeed) -> dict[str, object]:
    """Return what the seed says of a known room: rules that were set by hand stay where it says nothing."""
    plain = asdict(RoomSeed(name=room.name))
    always = ("name", "capacity", "location", "labels")
    return {name: value for name, value in asdict(room).items() if name in always or value != plain[name]}


def load_room(data: str) -> RoomSeed:
    values = json.loads(data)
    values["labels"] = tuple(values["labels"])
    values["members"] = tuple(values["members"])
    return RoomSeed(**values)
