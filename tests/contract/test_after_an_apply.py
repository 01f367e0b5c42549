"""What a plan asks right after an apply, where lists lag behind or call things otherwise: what may differ, and once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from adopting import Hands
from runs import Runs, lagging, shown_as
from team import a_team

from reconciler.dingtalk.events import EventList, EventReader
from reconciler.observe import Refresh

THRICE = {"start": "2026-01-05T10:00", "duration": "15m", "repeat": {"every": "week", "on": ["mon", "tue", "wed"]}}
WEEKLY = {"start": "2026-01-05T12:00", "duration": "15m", "repeat": {"every": "week", "on": ["tue"]}}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with a_team(tmp_path) as team:
        yield Runs(hands=Hands(team=team))


def test_what_dingtalk_adds_to_an_event_is_no_lag(runs: Runs) -> None:
    runs.hands.declare(standup={"schedule": THRICE, "title": "Stand-up", "link": "event"})
    runs.apply()
    assert runs.plan()[1] == {"event.list": 1}


def test_nothing_is_asked_of_settled_meetings_where_the_whole_calendar_has_to_be_listed(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    standup = {"schedule": THRICE, "title": "Stand-up"}
    runs.hands.declare(standup=standup, retro={"schedule": WEEKLY, "title": "Retro"})
    runs.apply()
    runs.plan()
    lagging(runs, monkeypatch)
    shown = EventReader.list

    def without_news(self: EventReader, *, organizer: str, sync_token: str | None = None, **more: object) -> EventList:
        found = shown(self, organizer=organizer, sync_token=sync_token, **more)  # type: ignore[arg-type]  # as they came
        return replace(found, events=()) if sync_token else found

    monkeypatch.setattr(EventReader, "list", without_news)
    runs.hands.declare(standup=standup, retro={"schedule": WEEKLY, "title": "Review"})
    runs.apply()
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == {"event.list": 2, "event.get": 4}


def test_a_list_that_lags_is_doubted_by_the_next_run_too(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.hands.declare(retro={"schedule": WEEKLY, "title": "Retro"})
    runs.apply()
    runs.plan()
    lagging(runs, monkeypatch)
    runs.hands.declare(retro={"schedule": WEEKLY, "title": "Review"})
    runs.apply()
    for _ in range(2):
        assert runs.plan(refresh=Refresh.FULL)[0].plan.changes == ()


def test_a_zone_by_its_windows_name_costs_nothing(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    shown_as(monkeypatch, lambda event: replace(event, timezone="China Standard Time"))
    runs.hands.declare(retro={"schedule": WEEKLY, "title": "Retro"})
    runs.apply()
    planned, calls = runs.plan()
    assert calls == {"event.list": 1}
    assert planned.settled.meetings == {"retro"}


def test_what_was_asked_for_by_id_is_not_asked_for_again(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    series = {"schedule": WEEKLY, "title": "Series", "calendar": "series"}
    runs.hands.declare(retro={"schedule": WEEKLY, "title": "Retro"}, town=series)
    runs.apply()
    runs.plan()
    runs.plan()
    single = {event.id for event in runs.hands.team.events("alice") if event.title == "Retro"}
    lagging(runs, monkeypatch)
    runs.hands.declare(retro={"schedule": WEEKLY, "title": "Review"}, town=series)
    runs.apply()
    runs.hands.declare(retro={"schedule": WEEKLY, "title": "Review"}, town={**series, "title": "Town hall"})
    assert runs.plan()[1]["event.get"] == len(single) + 1
