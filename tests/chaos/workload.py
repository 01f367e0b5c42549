"""What the runs under test have to do: a config that has been applied, and an edit of it that asks for everything."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.seed import Person, RoomSeed, Seed

NOW = datetime(2026, 11, 29, 0, 0, tzinfo=UTC)  # a Sunday
PEOPLE = ("alice", "bob", "carol", "dave", "erin")
ROOMS = ("aurora", "borealis", "cirrus", "delta")
Config = dict[str, Any]


def union(alias: str) -> str:
    return f"union-{alias}"


def seed() -> Seed:
    return Seed(
        people={union(alias): Person(name=alias.title()) for alias in PEOPLE},
        rooms={f"room-{alias}": RoomSeed(name=alias.title()) for alias in ROOMS},
    )


def at(start: str, *days: str) -> Config:
    repeat = {"repeat": {"every": "week", "on": list(days)}} if days else {}
    return {"start": start, "duration": "45m", **repeat}


MEETINGS: Config = {
    "sync": {
        "title": "Weekly sync",
        "description": "What shipped, what is stuck.",
        "attendees": ["bob", {"person": "carol", "optional": True}],
        "schedule": at("2026-01-05T10:00", "mon"),
        "rooms": ["aurora"],
        "settings": {"waiting_room": True, "recording": {"layout": "speech"}},
    },
    "retro": {
        "title": "Retrospective",
        "organizer": "bob",
        "attendees": ["alice"],
        "schedule": at("2026-01-07T15:00", "wed"),
        "rooms": ["borealis"],
    },
    "red": {"title": "Red", "schedule": at("2026-12-01T09:00"), "rooms": ["aurora"]},
    "blue": {"title": "Blue", "organizer": "bob", "schedule": at("2026-12-01T09:00"), "rooms": ["borealis"]},
    "old": {"title": "Old", "attendees": ["erin"], "schedule": at("2026-12-03T11:00"), "rooms": ["cirrus"]},
    "handed": {"title": "Handed over", "schedule": at("2026-12-04T11:00"), "rooms": ["aurora"]},
}


def base(endpoint: str) -> Config:
    """Return what has been applied before the run under test."""
    return {
        "version": 1,
        "workspace": "acme",
        "provider": {"kind": "dingtalk", "endpoint": endpoint},
        "horizon": "7d",
        "defaults": {"timezone": "Asia/Shanghai", "organizer": "alice"},
        "people": {alias: union(alias) for alias in PEOPLE},
        "rooms": {alias: {"id": f"room-{alias}"} for alias in ROOMS},
        "meetings": deepcopy(MEETINGS),
    }


def edited(config: Config) -> Config:
    """Return `config` after an edit: creations, updates, a move, a swap of rooms, a cancellation, settings, people."""
    config = deepcopy(config)
    meetings = config["meetings"]
    meetings["sync"] |= {"title": "Platform sync", "attendees": ["dave", "carol"]}
    meetings["sync"]["settings"] = {"waiting_room": False, "recording": {"layout": "grid"}}
    meetings["retro"]["schedule"] = at("2026-01-07T16:00", "wed")
    meetings["red"]["rooms"], meetings["blue"]["rooms"] = ["borealis"], ["aurora"]
    del meetings["old"]
    meetings["new"] = {
        "title": "New",
        "organizer": "carol",
        "attendees": ["erin"],
        "schedule": at("2026-12-03T11:00"),
        "rooms": ["cirrus", "delta"],
    }
    meetings["handed"]["organizer"] = "dave"
    return config


def foreign_events() -> list[Config]:
    """Return what other people have in the same calendars and rooms."""
    plain = {"timeZone": "Asia/Shanghai"}

    def event(title: str, start: str, end: str, description: str, rooms: list[str]) -> Config:
        return {
            "action": "create_event",
            "organizer": union("alice"),
            "summary": title,
            "description": description,
            "start": {"dateTime": f"{start}:00+08:00", **plain},
            "end": {"dateTime": f"{end}:00+08:00", **plain},
            "rooms": rooms,
        }

    other = "reconciler:1/other/sync/2026-11-30T10:00?conference=foreign&revision=0&applied=00"
    broken = "reconciler:1/acme/sync/2026-13-30T10:00?conference=x"
    return [
        event("Dentist", "2026-11-30T10:00", "2026-11-30T11:00", "private", []),
        event("Weekly sync", "2026-11-30T14:00", "2026-11-30T14:45", other, ["room-aurora"]),
        event("Weekly sync", "2026-11-30T10:00", "2026-11-30T10:45", broken, []),
    ]
