"""Killed while a series comes to share one conference, or stops to: the next run ends as declared."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from chaos import workload
from chaos.interceptor import Kill
from chaos.world import World

from reconciler.model.marker import parse_description

EVERY = [Kill(index, after) for index in range(2, 18) for after in (False, True)]
STEPS = {
    "made": ("", "stable", 0),
    "shared": ("per-occurrence", "stable", 0),
    "split": ("stable", "per-occurrence", 0),
    "moved-on": ("stable", "stable", 7),
}


def declare(world: World, link: str) -> None:
    meeting: dict[str, Any] = {
        "title": "Stand-up",
        "link": link,
        "attendees": ["bob"],
        "schedule": workload.at("2026-01-05T10:00", "mon", "wed", "fri"),
    }
    world.config["meetings"] = {"standup": meeting} if link else {}


def cases() -> list[Any]:
    every = [(step, kill) for step in STEPS for kill in EVERY]
    return [
        pytest.param(step, kill, id=f"{step}-{kill}", marks=[] if number % 31 == 9 else [pytest.mark.chaos])
        for number, (step, kill) in enumerate(every)
    ]


@pytest.mark.parametrize(("step", "kill"), cases())
def test_killed_while_conferences_are_shared(fresh: World, step: str, kill: Kill) -> None:
    before, after, days = STEPS[step]
    declare(fresh, before)
    assert fresh.apply().code == 0
    fresh.now += timedelta(days=days)
    declare(fresh, after)
    fresh.killed(kill)
    fresh.interceptor.arm(None)
    done = fresh.apply()
    assert done.code == 0, done.err + done.out
    assert fresh.run("plan", "--detailed-exitcode").code == 0
    check(fresh, after, len(done.json["orphans"]))


def check(world: World, link: str, reported: int) -> None:
    events = [event for event in world.events() if event["id"] not in world.foreign]
    coming = [event for event in events if event["start"]["dateTime"] > world.now.isoformat()]
    found = [parse_description(event["description"]) for event in coming]
    led = {text.marker.conference for text in found if text.marker is not None}
    alive = {one["id"]: one for one in world.conferences()}
    assert led <= alive.keys()
    assert len(led) == (1 if link == "stable" else len(coming))
    for text in found:
        assert text.marker is not None
        assert text.link == alive[text.marker.conference]["url"]
    over = {event["id"] for event in events} - {event["id"] for event in coming}
    left = [one for one in alive if one not in led]
    if not over:
        assert len(left) <= reported
