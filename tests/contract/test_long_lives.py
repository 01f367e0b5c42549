"""What shows only after several runs: organisers of once, other names of zones, what people put off, rebuilt states."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from adopting import Hands, calls_of
from roomteam import NOW, RoomTeam, meeting, room_team
from team import a_team

from reconciler.apply.outcome import Status
from reconciler.config.model import Invitation
from reconciler.dingtalk import events as reading
from reconciler.dingtalk.wire import to_event
from reconciler.model.occurrence import Key
from reconciler.sandbox.limits import Limits
from reconciler.schedule.model import Change
from reconciler.state.edit import removed
from reconciler.state.journal import Intent
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.carrying import rebuild_state
from reconciler.workflow.looking import Question
from reconciler.workflow.planning import make_plan

BOTH = (Invitation(person="bob"), Invitation(person="carol"))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path, limits=Limits(qps=None)) as found:
        found.config = replace(found.config, horizon=timedelta(days=28))
        yield found


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as found:
        yield Hands(team=found)


def actions(team: RoomTeam, **question: bool) -> Counter[str]:
    return Counter(one.change.action.value for one in team.plan(**question).plan.changes)


def handed_on(team: RoomTeam, *, skipped: bool = False) -> None:
    one = meeting(attendees=BOTH)
    team.declare(one)
    assert team.apply().count(Status.FAILED) == 0
    if skipped:
        one = replace(one, schedule=replace(one.schedule, skip=(date(2026, 11, 30),)))
        team.declare(one)
        assert team.apply().count(Status.FAILED) == 0
    shutil.rmtree(team.store.folder)
    team.declare(replace(one, organizer="carol", attendees=BOTH[:1]))


def test_a_plan_without_a_state_hides_no_former_organiser_from_the_next(team: RoomTeam) -> None:
    handed_on(team)
    planned = make_plan(team.config, team.client, team.store, Question(), now=NOW)
    remember_calls(team.store, team.client, now=NOW, planned=planned)  # as the command does
    assert actions(team) == {"cancel": 4, "create": 4}


def test_a_deleted_event_hides_no_former_organiser(team: RoomTeam) -> None:
    handed_on(team, skipped=True)
    assert actions(team) == {"cancel": 3, "create": 3}


def test_who_could_not_be_asked_about_is_asked_about_again(team: RoomTeam) -> None:
    handed_on(team)
    team.declare(*team.config.meetings.values(), meeting("other", organizer="carol", start="2026-01-06T10:00"))
    team.sandbox.control("faults", {"api": "conference.info", "kind": "html_404"})
    planned = team.plan()
    assert planned.plan.failures
    team.apply(planned)
    assert actions(team)["cancel"] == 4


def test_a_first_run_that_died_hides_no_former_organiser(team: RoomTeam) -> None:
    handed_on(team)
    at, key = datetime(2026, 11, 30, 2, tzinfo=UTC), Key("sync", datetime(2026, 11, 30, 10))  # noqa: DTZ001  # local
    intent = Intent(id="x", call="event.create", key=key, organizer="union-carol", title="Sync", start=at, at=NOW)
    team.store.journal.begin(intent)
    assert actions(team) == {"cancel": 4, "create": 4}


def test_what_a_person_puts_off_is_not_cancelled_though_a_change_had_moved_it(team: RoomTeam) -> None:
    one, moved = meeting(), {date(2026, 12, 14): Change(start=datetime(2026, 12, 11, 10))}  # noqa: DTZ001  # local
    team.declare(replace(one, schedule=replace(one.schedule, changes=moved)))
    team.apply()
    (event,) = (event for event in team.events() if f"{event.start:%F}" == "2026-12-11")
    times = {
        side: {"dateTime": f"2026-12-13T{at}:00+08:00", "timeZone": "Asia/Shanghai"}
        for side, at in (("start", "10:00"), ("end", "10:45"))
    }
    team.edit("change_event", event=event.id, **times)
    team.now = datetime(2026, 12, 12, 1, tzinfo=UTC)
    assert "cancel" not in actions(team)
    assert "cancel" not in actions(team, forget=True)


def test_a_rebuilt_state_keeps_all_of_a_meeting_that_could_not_be_read(team: RoomTeam) -> None:
    team.declare(meeting())
    team.apply()
    known = team.store.load().entries
    planned = team.plan(forget=True)
    seen = planned.plan.unchanged[0][1]
    from reconciler.model.observed import ReadFailure

    failure = ReadFailure(where=str(seen.key), code="refused", message="")
    planned = replace(planned, plan=replace(planned.plan, unchanged=(), failures=(failure,)))
    assert rebuild_state(planned, team.store, team.client, now=NOW).entries.keys() == known.keys()


def test_a_copy_with_the_name_of_once_is_one_too_many(team: RoomTeam) -> None:
    one = meeting("old", attendees=())
    team.declare(one)
    team.apply()
    description = team.events()[0].description
    team.config = replace(team.config, moved={"old": "new"})
    team.declare(replace(one, name="new"))
    team.apply()
    team.apply()
    assert team.plan().settled.meetings == {"new"}
    times = {
        side: {"dateTime": f"2026-12-01T{at}:00+08:00", "timeZone": "Asia/Shanghai"}
        for side, at in (("start", "10:00"), ("end", "11:00"))
    }
    team.edit("create_event", organizer="union-alice", summary="Copy", description=description, **times)
    assert actions(team) == {"cancel": 1}


def series(**fields: object) -> dict[str, object]:
    times = {"start": "2026-01-05T10:00", "duration": "45m", "repeat": {"every": "week", "on": ["mon"]}}
    return {"title": "Sync", "calendar": "series", "attendees": ["bob"], "schedule": times} | fields


def test_a_series_that_the_state_forgets_is_found_again(hands: Hands) -> None:
    hands.declare(sync=series(), other=series(calendar="occurrences"))
    hands.apply(hands.plan())
    hands.now += timedelta(days=4)
    hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
    hands.apply(hands.plan())
    store = hands.store()
    store.save(removed(store.load(), "sync")[0])
    assert calls_of(hands.plan()) == []


def test_a_series_in_a_zone_by_another_name_goes_on(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = ZoneInfo("PRC")

    def renamed(*given: object, **more: object) -> object:
        event = to_event(*given, **more)  # type: ignore[arg-type]
        return replace(event, timezone="PRC", start=event.start.astimezone(zone), end=event.end.astimezone(zone))

    monkeypatch.setattr(reading, "to_event", renamed)
    hands.declare(sync=series())
    hands.apply(hands.plan())
    hands.now += timedelta(days=7)
    hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
    assert calls_of(hands.plan()) == ["conference.update"]
