"""What a run asks DingTalk for: what has changed, and the conferences whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of
from runs import Runs
from team import NOW, a_team

from reconciler.dingtalk import EventPatch
from reconciler.dingtalk.errors import ApiError, ServerError, UnreadableAnswer
from reconciler.model.occurrence import Attendee
from reconciler.observe import Refresh


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with a_team(tmp_path) as team:
        hands = Hands(team=team)
        day = {"every": "day", "on": ["mon", "tue", "wed", "thu", "fri"]}
        hands.declare(
            standup={"title": "Stand-up", "schedule": {"start": "2026-01-05T10:00", "duration": "15m", "repeat": day}}
        )
        found = Runs(hands=hands)
        found.apply()
        yield found


def move(runs: Runs, number: int, **fields: Any) -> str:
    """Let a person change an event; return its address."""
    event = runs.hands.team.events("alice")[number]
    patch = EventPatch(**fields)
    runs.hands.team.client.events.patch(organizer="union-alice", event_id=event.id, patch=patch, token=f"hand-{number}")
    return event.start.strftime("standup@%Y-%m-%dT%H:%M")


def test_a_plan_with_nothing_to_do_costs_one_call_for_each_organiser(runs: Runs) -> None:
    runs.plan()  # sees what the apply wrote
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert planned.plan.kept == 20
    assert calls == {"event.list": 1}


def test_what_the_apply_wrote_is_seen_by_the_first_list_after_it(runs: Runs) -> None:
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == {"event.list": 1}


def test_what_a_person_changed_is_seen_and_its_conference_looked_at(runs: Runs) -> None:
    runs.plan()
    address = move(runs, 3, title="By hand")
    planned, calls = runs.plan()
    assert [one.change.address for one in planned.plan.changes] == [address]
    assert calls == {"event.list": 1, "conference.info": 1}


def test_a_change_that_is_none_of_ours_has_the_conference_looked_at_once(runs: Runs) -> None:
    runs.plan()
    event = runs.hands.team.events("alice")[3]
    guest = [Attendee(union_id="union-bob")]
    runs.hands.team.client.events.add_attendees(
        organizer="union-alice", event_id=event.id, attendees=guest, notify=False, token="hand"
    )
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == {"event.list": 1, "conference.info": 1}
    assert runs.plan()[1] == {"event.list": 1}


def test_changes_that_are_none_of_ours_are_looked_after_within_the_budget(runs: Runs) -> None:
    runs.plan()
    runs.hands.team.config["verify"] = {"budget": 2}
    runs.hands.team.config["meetings"]["standup"]["ignore"] = ["title"]
    for number in range(3):
        move(runs, number, title="By hand")
    asked = [runs.plan()[1]["conference.info"] for _ in range(3)]
    assert asked == [2, 1, 0]


def test_what_changes_between_an_apply_and_the_first_list_after_it_is_found(runs: Runs) -> None:
    address = move(runs, 5, title="By hand")
    planned, _ = runs.plan()
    assert [one.change.address for one in planned.plan.changes] == [address]
    intact = [entry.intact for entry in runs.store.load().entries.values()]
    assert intact.count(True) == 19
    assert intact.count(False) == 1


def test_a_plan_that_asks_nobody_forgets_nothing(runs: Runs) -> None:
    runs.plan()
    before = runs.store.load()
    assert runs.plan(refresh=Refresh.NONE)[1] == {}
    after = runs.store.load()
    assert (after.entries, after.calendars) == (before.entries, before.calendars)
    assert runs.plan()[1] == {"event.list": 1}


def test_calendars_alone_are_asked_for_where_that_is_wanted(runs: Runs) -> None:
    runs.hands.team.config["meetings"]["standup"] |= {"rooms": ["aurora"], "title": "With a room"}
    planned, calls = runs.plan(refresh=Refresh.CALENDAR)
    assert len(planned.plan.changes) == 20
    assert calls == {"event.list": 1}


def test_a_budget_that_settings_never_fit_into_is_spent_on_other_conferences(runs: Runs) -> None:
    standup = runs.hands.team.config["meetings"]["standup"]
    runs.hands.team.config["meetings"]["muted"] = standup | {"organizer": "bob", "settings": {"waiting_room": True}}
    runs.hands.team.config["verify"] = {"budget": 1}
    runs.apply()
    runs.hands.now += timedelta(hours=25)
    for _ in range(3):
        assert runs.plan()[1] == {"event.list": 2, "conference.info": 1}


def test_an_organiser_of_whom_nothing_is_left_is_asked_once_more(runs: Runs) -> None:
    meetings = runs.hands.team.config["meetings"]
    meetings["retro"] = meetings["standup"] | {"organizer": "bob"}
    runs.apply()
    del meetings["retro"]
    runs.apply()
    assert runs.plan()[1] == {"event.list": 2}  # shows that nothing is left
    assert runs.plan()[1] == {"event.list": 1}
    runs.hands.now += timedelta(days=8)
    runs.apply()
    assert runs.store.load().calendars.keys() == {"union-alice"}


def test_an_organiser_whose_meetings_are_over_is_asked_no_more_the_day_after(runs: Runs) -> None:
    meetings = runs.hands.team.config["meetings"]
    meetings["retro"] = meetings["standup"] | {"organizer": "bob"}
    runs.apply()
    runs.hands.now += timedelta(days=2, hours=6)  # some have been held
    del meetings["retro"]
    runs.apply()
    runs.plan()
    runs.hands.now += timedelta(days=1)
    runs.plan()
    assert "union-bob" in {entry.organizer for entry in runs.store.load().entries.values()}
    assert runs.plan()[1]["event.list"] == 1


def test_where_the_last_meeting_went_not_everybody_is_asked(runs: Runs) -> None:
    runs.hands.team.config["meetings"] = {}
    runs.apply()
    for _ in range(3):
        runs.hands.now += timedelta(days=4)
        runs.apply()
        assert runs.plan()[1]["event.list"] == 1


def test_what_a_person_deleted_needs_no_further_look(runs: Runs) -> None:
    runs.plan()
    event = runs.hands.team.events("alice")[2]
    runs.hands.team.client.events.delete(organizer="union-alice", event_id=event.id, notify=False, token="hand")
    planned, calls = runs.plan()
    assert calls_of(planned) == ["event.create"]
    assert calls == {"event.list": 1, "conference.info": 1}


def test_what_is_left_as_people_have_it_is_not_asked_for_again(runs: Runs) -> None:
    runs.hands.team.config["meetings"]["standup"]["ignore"] = ["title"]
    move(runs, 0, title="By hand")
    assert runs.plan()[0].plan.changes == ()
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == {"event.list": 1}


def test_a_token_that_is_refused_costs_one_call_more(runs: Runs) -> None:
    runs.plan()
    state = runs.store.load()
    stale = {who: replace(one, token="bm9uc2Vuc2U=") for who, one in state.calendars.items()}
    runs.store.save(replace(state, calendars=stale))
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == {"event.list": 2}
    assert runs.plan()[1] == {"event.list": 1}


@pytest.mark.parametrize("kind", [ServerError, UnreadableAnswer])
def test_a_token_that_a_server_only_stumbles_over_keeps_no_calendar_from_being_listed(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, kind: type[ApiError]
) -> None:
    runs.plan()
    events = runs.hands.team.client.events
    listed = events.list

    def stumbling(**asked: Any) -> Any:
        if asked.get("sync_token"):
            raise kind("DingTalk failed", call="GET events", status=500)
        return listed(**asked)

    monkeypatch.setattr(events, "list", stumbling)
    planned, calls = runs.plan()
    assert (planned.plan.failures, planned.plan.changes) == ((), ())
    assert calls == {"event.list": 1}


def test_after_a_week_a_calendar_is_listed_whole(runs: Runs) -> None:
    runs.plan()
    listed = next(iter(runs.store.load().calendars.values())).listed_at
    runs.hands.now += timedelta(days=8)
    runs.apply()
    assert next(iter(runs.store.load().calendars.values())).listed_at == runs.hands.now > listed


def test_without_a_state_a_plan_costs_its_lists_and_the_budget(runs: Runs) -> None:
    (runs.hands.team.folder / ".reconciler" / "state.json").unlink()
    runs.hands.team.config["verify"] = {"budget": 7}
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == {"event.list": 1, "conference.info": 7}
    assert (planned.plan.verification.asked, planned.plan.verification.presumed) == (7, 13)


def test_conferences_are_looked_at_in_turn_the_longest_unseen_first(runs: Runs) -> None:
    runs.hands.team.config["verify"] = {"every": "24h", "budget": 8}
    asked: list[int] = []
    runs.hands.now += timedelta(hours=24)
    for _ in range(4):
        planned, calls = runs.plan()
        assert planned.plan.changes == () or {one.change.reason for one in planned.plan.changes} == {"new occurrence"}
        asked.append(calls["conference.info"])
        runs.hands.now += timedelta(minutes=15)
    assert asked == [8, 8, 4, 0]
    assert runs.plan()[0].plan.verification.presumed == 20


def test_a_conference_that_a_person_cancelled_is_found_when_its_turn_comes(runs: Runs) -> None:
    victim = runs.hands.team.conference(runs.hands.team.events("alice")[5])
    runs.hands.team.client.conferences.cancel(organizer="union-alice", conference_id=victim.id)
    assert runs.plan()[0].plan.changes == ()
    assert calls_of(runs.plan(refresh=Refresh.FULL)[0]) == ["conference.create", "event.update"]
    runs.hands.now += timedelta(hours=23, minutes=59)
    assert "conference.create" in calls_of(runs.plan(refresh=Refresh.FULL)[0])
    runs.hands.now += timedelta(minutes=1)
    assert "conference.create" in calls_of(runs.plan()[0])


def test_looking_stops_where_the_quota_would_not_last(runs: Runs) -> None:
    state = runs.store.load()
    runs.store.save(replace(state, calls={"2026-11": 4_480}))
    runs.hands.now += timedelta(hours=24)
    assert runs.plan()[1]["conference.info"] == 0


def test_everything_is_asked_for_where_that_is_wanted(runs: Runs) -> None:
    planned, calls = runs.plan(refresh=Refresh.FULL)
    assert calls == {"event.list": 1, "conference.info": 20}
    assert planned.plan.verification.presumed == 0


def test_calendars_that_were_emptied_are_not_taken_for_unchanged(runs: Runs) -> None:
    runs.plan()
    runs.hands.team.sandbox.control("reset", {})
    planned, _ = runs.plan()
    assert len(planned.plan.changes) == 20
    assert runs.hands.now == NOW
