"""Killed while a meeting is, becomes or ceases to be one recurring event: the next run ends as declared."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from chaos import workload
from chaos.interceptor import Kill
from chaos.world import World
from team import union

from reconciler.dingtalk import Credentials, Secret, connect
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Event

EVERY = [Kill(index, after) for index in range(2, 14) for after in (False, True)]
WEEKLY = workload.at("2026-01-05T10:00", "mon")
EXCEPT = WEEKLY | {"skip": ["2026-12-07"], "change": {"2026-12-14": {"start": "14:00"}}}
LATER = workload.at("2026-01-05T11:00", "mon")
SERIES: dict[str, Any] = {"calendar": "series", "schedule": WEEKLY}
SINGLE: dict[str, Any] = {"calendar": "occurrences", "link": "stable", "schedule": WEEKLY}
STEPS: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None, int]] = {
    "made": (None, SERIES | {"rooms": ["aurora"]}, 0),
    "made-with-exceptions": (None, SERIES | {"schedule": EXCEPT}, 0),
    "excepted": (SERIES, SERIES | {"schedule": EXCEPT}, 0),
    "rolled": (SERIES | {"rooms": ["aurora"]}, SERIES | {"rooms": ["aurora"]}, 7),
    "moved": (SERIES, SERIES | {"schedule": LATER}, 0),
    "split": (SERIES, SERIES | {"schedule": LATER}, 10),
    "cancelled": (SERIES, None, 10),
    "joined": (SINGLE, SERIES, 0),
    "parted": (SERIES, SINGLE, 10),
}


def declare(world: World, fields: dict[str, Any] | None) -> None:
    meeting = {"title": "Stand-up", "attendees": ["bob"], **(fields or {})}
    world.config["horizon"] = "28d"
    world.config["meetings"] = {"standup": meeting} if fields else {}


def cases() -> list[Any]:
    every = [(step, kill) for step in STEPS for kill in EVERY]
    return [
        pytest.param(step, kill, id=f"{step}-{kill}", marks=[] if number == 178 else [pytest.mark.chaos])
        for number, (step, kill) in enumerate(every)
    ]


@pytest.mark.parametrize(("step", "kill"), cases())
def test_killed_while_a_series_changes(fresh: World, step: str, kill: Kill) -> None:
    before, after, days = STEPS[step]
    declare(fresh, before)
    assert fresh.apply().code == 0
    fresh.now += timedelta(days=days)
    declare(fresh, after)
    fresh.killed(kill)
    fresh.interceptor.arm(None)
    assert at_most_once_a_day(fresh)
    done = fresh.apply()
    assert done.code == 0, done.err + done.out
    assert fresh.run("plan", "--detailed-exitcode").code == 0
    check(fresh, after, len(done.json["orphans"]))


def coming(world: World) -> list[Event]:
    """Return what alice's calendar shows of the meeting from now on, instances among it."""
    keys = Credentials(
        app_key=world.sandbox.credentials.app_key, app_secret=Secret(world.sandbox.credentials.app_secret)
    )
    client = connect(world.sandbox.endpoint, keys)
    events = client.events.view(organizer=union("alice"), since=world.now, until=world.now + timedelta(days=28)).events
    found = [(event, parse_description(event.description).marker) for event in events if event.start > world.now]
    return [event for event, marker in found if marker is not None and marker.key.meeting == "standup"]


def days_of(world: World) -> Counter[str]:
    """Return how often the meeting takes place, by its coming days."""
    return Counter(f"{event.start:%F}" for event in coming(world))


def at_most_once_a_day(world: World) -> bool:
    return max(days_of(world).values(), default=0) <= 1


def check(world: World, fields: dict[str, Any] | None, reported: int) -> None:
    wanted = 0 if fields is None else 3 if "skip" in fields["schedule"] else 4
    days = days_of(world)
    assert (len(days), max(days.values(), default=1)) == (wanted, 1)
    texts = [parse_description(event.description) for event in coming(world)]
    led = {text.marker.conference for text in texts if text.marker is not None}
    alive = {one["id"]: one for one in world.conferences()}
    assert led <= alive.keys()
    assert len(led) == (0 if fields is None else 1)
    assert {text.link for text in texts} == {alive[name]["url"] for name in led}
    assert len([name for name in alive if name not in led]) <= reported
