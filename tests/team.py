"""A team with a config, a server that speaks DingTalk's API, and the command line as a process."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from chaos.runner import Done as Done  # noqa: PLC0414  # tests take it from here
from chaos.runner import Runner

from reconciler.dingtalk import Client, Credentials, Options, Secret, connect
from reconciler.model.occurrence import Conference, Event
from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.limits import Limits
from reconciler.sandbox.seed import Person, RoomSeed, Seed

NOW = datetime(2026, 11, 29, 0, 0, tzinfo=UTC)  # a Sunday
PEOPLE = ("alice", "bob", "carol", "dave")
ROOMS = {"aurora": 12, "borealis": 8, "cirrus": 6}

MEETINGS: dict[str, Any] = {
    "weekly-sync": {
        "title": "Weekly sync",
        "description": "What shipped, what is stuck.",
        "attendees": ["platform", {"person": "carol", "optional": True}],
        "schedule": {"start": "2026-01-05T10:00", "duration": "45m", "repeat": {"every": "week", "on": ["mon"]}},
        "rooms": ["aurora"],
        "settings": {"waiting_room": True, "mute_on_join": "over_6", "recording": {"layout": "speech"}},
    },
    "retro": {
        "title": "Retrospective",
        "organizer": "bob",
        "attendees": ["alice", "dave"],
        "schedule": {"start": "2026-01-07T15:00", "duration": "1h", "repeat": {"every": "2 weeks", "on": ["wed"]}},
        "rooms": ["borealis"],
    },
}


@dataclass(slots=True, kw_only=True)
class Team:
    """A folder with a config, and the server that it points at."""

    folder: Path
    sandbox: Sandbox
    client: Client
    config: dict[str, Any] = field(default_factory=dict)

    def run(self, *arguments: str, now: datetime = NOW, **environment: str) -> Done:
        """Run the command line on the config as it is, in a process of its own."""
        self.write()
        environment = clean_environment(self.sandbox) | {"RECONCILER_NOW": now.isoformat()} | environment
        return runner().wait(runner().start(*arguments, cwd=self.folder, environment=environment))

    def apply(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        done = self.run("apply", "-y", "--json", *arguments)
        assert done.code == expect, done.err + done.out
        return done.json

    def plan(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        done = self.run("plan", "--json", *arguments)
        assert done.code == expect, done.err + done.out
        return done.json

    def write(self) -> None:
        (self.folder / "meetings.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")

    def events(self, *organizers: str) -> list[Event]:
        """Return the live events of these people, of alice and bob by default, by start."""
        found = [
            event
            for who in organizers or ("alice", "bob")
            for event in self.client.events.list(organizer=union(who), since=NOW, show_deleted=False).events
            if event.organizer == union(who)  # the others invite
        ]
        return sorted(found, key=lambda event: (event.start, event.title))

    def conference(self, event: Event) -> Conference:
        from reconciler.model.marker import parse_description

        marker = parse_description(event.description).marker
        assert marker is not None
        return self.client.conferences.info(conference_id=marker.conference, requester=event.organizer)

    def conferences(self) -> set[str]:
        return {self.conference(event).id for event in self.events()}


@cache
def runner() -> Runner:
    """Return what starts processes: forked from one that has imported the program, because a test starts many."""
    folder = tempfile.TemporaryDirectory(prefix="runs")
    found = Runner(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(found.close)
    return found


def union(alias: str) -> str:
    return f"union-{alias}"


def clean_environment(sandbox: Sandbox) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER", "DINGTALK"))}
    return inherited | {
        "DINGTALK_APP_KEY": sandbox.credentials.app_key,
        "DINGTALK_APP_SECRET": sandbox.credentials.app_secret,
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }


def base_config(endpoint: str) -> dict[str, Any]:
    return deepcopy(
        {
            "version": 1,
            "workspace": "acme-platform",
            "provider": {"kind": "dingtalk", "endpoint": endpoint},
            "horizon": "28d",
            "defaults": {"timezone": "Asia/Shanghai", "organizer": "alice"},
            "people": {alias: union(alias) for alias in PEOPLE},
            "groups": {"platform": ["alice", "bob"]},
            "rooms": {alias: {"id": f"room-{alias}", "capacity": size} for alias, size in ROOMS.items()},
            "meetings": MEETINGS,
        }
    )


def later(days: int = 0, hours: int = 0) -> datetime:
    return NOW + timedelta(days=days, hours=hours)


@contextmanager
def a_team(folder: Path) -> Iterator[Team]:
    """Give a team with its own server, both in `folder`."""
    started = datetime.now(UTC)
    seed = Seed(
        people={union(alias): Person(name=alias.title(), userid=f"user-{alias}", mobile="") for alias in PEOPLE},
        rooms={f"room-{alias}": RoomSeed(name=alias.title(), capacity=size) for alias, size in ROOMS.items()},
    )
    clock = lambda: NOW + (datetime.now(UTC) - started)  # noqa: E731  # short
    limits = Limits(qps=None, address_calls=None)  # time runs faster for the client: what it waits for takes no time
    with Sandbox(folder / "server.db", clock=clock, seed=seed, limits=limits) as sandbox:
        credentials = Credentials(
            app_key=sandbox.credentials.app_key, app_secret=Secret(sandbox.credentials.app_secret)
        )
        client = connect(sandbox.endpoint, credentials, options=Options(qps=1000))
        repository = folder / "repository"
        repository.mkdir()
        yield Team(folder=repository, sandbox=sandbox, client=client, config=base_config(sandbox.endpoint))
