"""The link of a meeting that pauses: it is the same when the meeting comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of
from team import a_team, union

from reconciler.apply.outcome import Status
from reconciler.model.marker import parse_description


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        yield Hands(team=team)


def sync(start: str, repeat: dict[str, Any], **fields: Any) -> dict[str, Any]:
    schedule = {"start": start, "duration": "45m", "repeat": repeat} | fields.pop("times", {})
    return {"title": "Sync", "attendees": ["bob"], "schedule": schedule} | fields


def links(hands: Hands, *days: str) -> list[str]:
    """Apply on each of these days at noon; return the links that the calendar then shows, in order, each once."""
    found: list[str] = []
    for day in days:
        hands.now = datetime.fromisoformat(f"{day}T12:00:00+08:00")
        hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
        outcome = hands.apply(hands.plan())
        assert outcome.count(Status.DONE) == len(outcome.results), outcome
        assert calls_of(hands.plan()) == []
        until = hands.now + timedelta(days=90)
        events = hands.team.client.events.view(organizer=union("alice"), since=hands.now, until=until).events
        found += [parse_description(event.description).link for event in events if event.start > hands.now]
    return list(dict.fromkeys(found))


WEEKLY = {"every": "week", "on": ["wed"]}
MONTHLY = {"every": "month", "on": "first mon"}


@pytest.mark.parametrize("calendar", ["series", "occurrences"])
def test_a_meeting_that_pauses_longer_than_the_horizon_keeps_its_link(hands: Hands, calendar: str) -> None:
    hands.team.config["closures"] = [{"from": "2026-12-18", "to": "2027-01-24", "reason": "winter"}]
    hands.declare(sync=sync("2026-01-07T10:00", WEEKLY, calendar=calendar, link="stable"))
    assert len(links(hands, "2026-12-15", "2026-12-17", "2027-01-20", "2027-02-10")) == 1


@pytest.mark.parametrize("calendar", ["series", "occurrences"])
@pytest.mark.parametrize("horizon", ["14d", "28d"])
@pytest.mark.parametrize("rooms", [[], ["aurora"]])
def test_a_monthly_meeting_keeps_its_link_however_near_the_horizon(
    hands: Hands, calendar: str, horizon: str, rooms: list[str]
) -> None:
    hands.team.config["horizon"] = horizon
    hands.declare(sync=sync("2026-01-05T10:00", MONTHLY, calendar=calendar, link="stable", rooms=rooms))
    days = ("2027-02-15", "2027-03-02", "2027-03-25", "2027-04-06", "2027-05-04", "2027-06-08")
    assert len(links(hands, *days)) == 1


@pytest.mark.parametrize("calendar", ["series", "occurrences"])
def test_a_meeting_keeps_its_link_when_no_run_came_for_two_months(hands: Hands, calendar: str) -> None:
    hands.declare(sync=sync("2026-01-07T10:00", WEEKLY, calendar=calendar, link="stable", rooms=["aurora"]))
    assert len(links(hands, "2026-12-01", "2027-02-02", "2027-02-09")) == 1


@pytest.mark.parametrize("calendar", ["series", "occurrences"])
def test_a_link_that_died_in_the_meantime_is_replaced(hands: Hands, calendar: str) -> None:
    repeat = WEEKLY | {"until": "2026-12-16"} if calendar == "series" else WEEKLY
    hands.declare(sync=sync("2026-01-07T10:00", repeat, calendar=calendar, link="stable", rooms=["aurora"]))
    links(hands, "2026-12-01")
    (conference,) = hands.team.sandbox.control("conferences")["conferences"]
    hands.team.client.conferences.cancel(organizer=union("alice"), conference_id=conference["id"])
    hands.declare(sync=sync("2026-01-07T10:00", WEEKLY, calendar=calendar, link="stable", rooms=["aurora"]))
    assert len(links(hands, "2027-02-02", "2027-02-09")) == 1


def test_a_meeting_that_is_over_is_asked_for_no_more(hands: Hands) -> None:
    repeat = {"every": "week", "on": ["wed"], "until": "2026-12-09"}
    hands.declare(sync=sync("2026-01-07T10:00", repeat, link="stable"))
    links(hands, "2026-12-01")
    hands.now = datetime.fromisoformat("2026-12-10T12:00:00+08:00")
    before = len(hands.calls())
    assert calls_of(hands.plan()) == []
    assert hands.calls()[before:] == ["event.list"]
