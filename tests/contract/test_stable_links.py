"""`link: stable`: one conference for a whole series, moved forward by each run, its link never changing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of
from team import NOW, a_team

from reconciler.apply.outcome import Outcome, Status
from reconciler.config import load
from reconciler.diff.change import Action
from reconciler.diff.drift import has_drift
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Event
from reconciler.report.moves import summary
from reconciler.state.store import Store, local_store
from reconciler.workflow.carrying import apply_plan
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan
from reconciler.workflow.saved import check_saved

WEEK = timedelta(days=7)


def sync(**fields: Any) -> dict[str, Any]:
    repeat = {"every": "week", "on": ["mon"]}
    return {
        "title": "Sync",
        "link": "stable",
        "attendees": ["bob"],
        "schedule": {"start": "2026-01-05T10:00", "duration": "45m", "repeat": repeat},
    } | fields


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        yield Hands(team=team)


def applied(hands: Hands) -> list[str]:
    """Plan and apply; return the calls that it took. Afterwards nothing is left to do, with the state or without."""
    planned = hands.plan()
    outcome = hands.apply(planned)
    assert outcome.count(Status.DONE) == len(outcome.results), outcome
    assert calls_of(hands.plan()) == []
    assert calls_of(hands.plan(forget=True)) == []
    return calls_of(planned)


def led_to(events: list[Event]) -> set[str]:
    """Return the ids of the conferences that these events lead to."""
    markers = [parse_description(event.description).marker for event in events]
    return {marker.conference for marker in markers if marker is not None}


def alive(hands: Hands) -> dict[str, datetime]:
    """Return the starts of all conferences that can be joined, by id."""
    found = hands.team.sandbox.control("conferences")["conferences"]
    return {one["id"]: datetime.fromtimestamp(one["start"] / 1000, UTC) for one in found if not one["cancelled"]}


def link_of(hands: Hands) -> str:
    (link,) = {parse_description(event.description).link for event in hands.team.events("alice")}
    return link


def test_a_series_has_one_conference_at_its_next_occurrence(hands: Hands) -> None:
    hands.declare(sync=sync())
    assert sorted(applied(hands)) == ["conference.create", *["event.create"] * 4]
    events = hands.team.events("alice")
    assert alive(hands) == {next(iter(led_to(events))): events[0].start}


def test_each_run_moves_the_conference_forward_and_the_link_never_changes(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    link = link_of(hands)
    for _ in range(3):
        hands.now += WEEK
        assert sorted(applied(hands)) == ["conference.update", "event.create"]
        coming = [event for event in hands.team.events("alice") if event.start > hands.now]
        assert list(alive(hands).values()) == [coming[0].start]
        assert link_of(hands) == link


def test_a_conference_that_is_on_is_not_moved(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    first = hands.team.events("alice")[0]
    hands.now = first.start + timedelta(minutes=20)
    assert "conference.update" not in applied(hands)
    hands.now = first.end + timedelta(minutes=1)
    assert "conference.update" in applied(hands)


def test_moving_the_conference_forward_is_no_drift_and_tells_nobody(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += WEEK
    planned = hands.plan()
    moved = [one for one in planned.plan.changes if one.change.action is Action.UPDATE]
    assert [one.notifies for one in moved] == [0]
    assert [field.drift for one in moved for field in one.change.comparison.fields] == [False, False]
    assert not has_drift(drift(hands))


def drift(hands: Hands) -> Any:
    config = load(hands.team.folder / "meetings.yaml", now=hands.now)
    store = local_store(hands.team.folder, config.workspace)
    return look_for_drift(config, hands.team.client, store, Question(), now=hands.now).findings


def test_a_series_that_is_rarer_than_the_horizon_keeps_its_link(hands: Hands) -> None:
    """The one after the next is booked however far away: it takes the link along."""
    schedule = {"start": "2026-01-05T10:00", "duration": "45m", "repeat": {"every": "8 weeks"}}
    hands.declare(sync=sync(schedule=schedule))
    applied(hands)
    assert len(hands.team.events("alice")) == 2
    link = link_of(hands)
    for _ in range(16):
        hands.now += WEEK
        applied(hands)
    assert link_of(hands) == link
    assert len(hands.team.events("alice")) == 4


def test_a_meeting_that_is_removed_ends_its_conference_once(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.declare(other=sync(title="Other", link="per-occurrence"))
    applied_calls = applied(hands)
    assert applied_calls.count("conference.cancel") == 1
    assert applied_calls.count("event.delete") == 4


def test_an_occurrence_that_is_skipped_leaves_the_conference_to_the_others(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    skipped = sync()
    skipped["schedule"]["skip"] = ["2026-11-30"]
    hands.declare(sync=skipped)
    assert sorted(applied(hands)) == ["conference.update", "event.delete"]
    assert list(alive(hands).values()) == [hands.team.events("alice")[0].start]


def link_fields(planned: Planned) -> list[tuple[str, str]]:
    """Return all that a plan tells to differ, which is no more than whose conference each occurrence leads to."""
    fields = [field for one in planned.plan.changes for field in one.change.comparison.fields]
    assert {field.path for field in fields} == {"link"}
    assert not any(field.drift for field in fields)
    return [(field.before, field.after) for field in fields]


def test_switching_to_a_stable_link_ends_the_other_conferences(hands: Hands) -> None:
    hands.declare(sync=sync(link="per-occurrence"))
    applied(hands)
    assert len(alive(hands)) == 4
    first = parse_description(hands.team.events("alice")[0].description).link
    hands.declare(sync=sync())
    planned = hands.plan()
    assert {one.change.action for one in planned.plan.changes} == {Action.UPDATE}
    assert sum(one.notifies for one in planned.plan.changes) == 0
    assert link_fields(planned) == [("own", "shared")] * 3
    assert summary(planned.plan.changes, until=planned.plan.window_to) == "the join link changes for 3 occurrences"
    assert sorted(applied(hands)) == [*["conference.cancel"] * 3, *["event.update"] * 3]
    assert link_of(hands) == first
    assert len(alive(hands)) == 1


def test_switching_to_a_stable_link_as_the_first_is_skipped_keeps_the_next_one_s_conference(hands: Hands) -> None:
    hands.declare(sync=sync(link="per-occurrence"))
    applied(hands)
    second = parse_description(hands.team.events("alice")[1].description).link
    times = sync()["schedule"] | {"skip": ["2026-11-30"]}
    hands.declare(sync=sync(schedule=times))
    applied(hands)
    assert link_of(hands) == second
    assert len(alive(hands)) == 1


def test_switching_to_a_stable_link_when_nothing_stays_leads_to_a_conference_that_lives(hands: Hands) -> None:
    hands.declare(sync=sync(link="per-occurrence"))
    applied(hands)
    repeat = {"every": "week", "on": ["fri"]}
    hands.declare(sync=sync(schedule={"start": "2026-12-25T10:00", "duration": "45m", "repeat": repeat}))
    applied(hands)
    assert led_to(hands.team.events("alice")) == set(alive(hands))


def test_switching_back_gives_each_occurrence_its_own(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    first = link_of(hands)
    hands.declare(sync=sync(link="per-occurrence"))
    planned = hands.plan()
    assert not has_drift(drift(hands))
    assert {one.change.action for one in planned.plan.changes} == {Action.UPDATE}
    assert link_fields(planned) == [("shared", "own")] * 3
    assert {one.change.reason for one in planned.plan.changes} == {"config: link"}
    assert sorted(applied(hands)) == [*["conference.create"] * 3, *["event.update"] * 3]
    events = hands.team.events("alice")
    assert parse_description(events[0].description).link == first
    assert len(led_to(events)) == 4
    assert set(alive(hands).values()) == {event.start for event in events}


def test_a_conference_that_a_person_cancelled_is_made_anew_for_all(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    (old,) = alive(hands)
    hands.now += timedelta(hours=25)  # conferences are looked after once a day
    hands.team.client.conferences.cancel(organizer="union-alice", conference_id=old)
    assert sorted(applied(hands)) == ["conference.create", *["event.update"] * 4]
    assert led_to(hands.team.events("alice")) == set(alive(hands))


def test_an_event_that_a_person_deleted_comes_back_with_the_same_link(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    link = link_of(hands)
    event = hands.team.events("alice")[1]
    hands.team.client.events.delete(organizer="union-alice", event_id=event.id, notify=False, token="by-hand")
    assert applied(hands) == ["event.create"]
    assert link_of(hands) == link


def test_all_events_deleted_by_people_come_back_with_the_same_link(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    link = link_of(hands)
    for number, event in enumerate(hands.team.events("alice")):
        hands.team.client.events.delete(organizer="union-alice", event_id=event.id, notify=False, token=f"hand{number}")
    assert applied(hands) == ["event.create"] * 4
    assert link_of(hands) == link


def test_another_title_hour_and_setting_change_the_conference_once(hands: Hands) -> None:
    hands.declare(sync=sync(settings={"waiting_room": True, "recording": {"layout": "speech"}}))
    applied(hands)
    link = link_of(hands)
    edited = sync(title="Platform sync", settings={"waiting_room": False, "recording": {"layout": "grid"}})
    edited["schedule"]["start"] = "2026-01-05T11:00"
    hands.declare(sync=edited)
    assert sorted(applied(hands)) == ["conference.settings", "conference.update", *["event.update"] * 4]
    assert link_of(hands) == link


def test_a_creation_without_an_answer_leaves_out_all_that_would_lead_there(hands: Hands) -> None:
    hands.declare(sync=sync())
    hands.team.sandbox.control("faults", {"api": "conference.create", "kind": "drop_before", "times": 99})
    outcome = hands.apply(hands.plan())
    assert outcome.count(Status.FAILED) == 4
    assert hands.team.events("alice") == []
    hands.team.sandbox.control("faults", method="DELETE")
    applied(hands)
    assert len(alive(hands)) == 1


def test_another_organiser_gets_a_conference_of_their_own(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.declare(sync=sync(organizer="bob", attendees=["alice"]))
    calls = applied(hands)
    assert (calls.count("conference.create"), calls.count("conference.cancel")) == (1, 1)
    assert len(led_to(hands.team.events("bob"))) == 1


def test_a_saved_plan_keeps_who_shares_what(hands: Hands) -> None:
    from reconciler.config import load
    from reconciler.plan.file import dumps, loads
    from reconciler.state.store import local_store

    hands.declare(sync=sync())
    hands.team.write()
    config = load(hands.team.folder / "meetings.yaml", now=hands.now)
    store = local_store(hands.team.folder, config.workspace)
    made = make_plan(config, hands.team.client, store, Question(), now=hands.now)
    text = dumps(made.plan, config=config, people=made.people, state=made.state, refresh="auto")
    plan, ground = loads(text, where="plan.json")
    assert [one.change.role for one in plan.changes] == [one.change.role for one in made.plan.changes]
    checked = check_saved(plan, ground, config, hands.team.client, store, now=hands.now)
    outcome = apply_plan(replace(checked, plan=plan), hands.team.client, store, clock=lambda: hands.now)
    assert outcome.count(Status.DONE) == 4
    assert calls_of(hands.plan()) == []
    assert hands.now == NOW


def at_once(hands: Hands) -> tuple[Store, Outcome]:
    """Apply from two checkouts that knew nothing when they planned; return the state of the second, and its outcome."""
    first = hands.plan()
    folder = hands.team.folder / "second"
    folder.mkdir()
    config = load(hands.team.folder / "meetings.yaml", now=hands.now)
    store = local_store(folder, config.workspace)
    second = make_plan(config, hands.team.client, store, Question(), now=hands.now)
    assert not hands.apply(first).count(Status.FAILED)
    return store, apply_plan(second, hands.team.client, store, clock=lambda: hands.now)


@pytest.mark.parametrize("fields", [{}, {"calendar": "series"}])
def test_of_two_checkouts_at_once_the_second_ends_its_own_conference(hands: Hands, fields: dict[str, Any]) -> None:
    hands.declare(sync=sync(**fields))
    _, outcome = at_once(hands)
    assert outcome.count(Status.FAILED) == 0
    assert outcome.orphans == ()
    assert set(alive(hands)) == led_to(hands.team.events("alice"))
    assert calls_of(hands.plan()) == []
    assert calls_of(hands.plan(forget=True)) == []


@pytest.mark.chaos  # it is tried again and again, which takes seconds
def test_the_conference_that_came_second_is_told_where_it_can_not_be_ended(hands: Hands) -> None:
    hands.declare(sync=sync())
    hands.team.sandbox.control("faults", {"api": "conference.cancel", "kind": "error_before", "times": None})
    store, outcome = at_once(hands)
    (orphan,) = outcome.orphans
    assert {orphan.conference_id} == set(alive(hands)) - led_to(hands.team.events("alice"))
    assert store.load().orphans == (orphan,)


def test_the_conference_stays_with_what_is_on_later_today_though_another_zone_says_it_was_on(hands: Hands) -> None:
    times = {"start": "2026-01-05T10:00", "duration": "45m", "repeat": {"every": "week", "on": ["mon"]}}
    hands.declare(sync=sync(schedule=times | {"timezone": "Europe/London"}))
    applied(hands)
    hands.now = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)
    hands.declare(sync=sync(schedule=times | {"timezone": "Asia/Kolkata"}))
    assert "conference.update" not in applied(hands)
    (today,) = [event for event in hands.team.events() if event.start.date() == hands.now.date()]
    assert hands.team.conference(today).start == today.start
    hands.now += timedelta(hours=4)
    assert applied(hands) == ["conference.update"]


def test_where_a_shared_conference_stands_is_nobodys_doing_when_it_is_shared_no_more(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += timedelta(days=2)  # Monday's is over, and no run has moved it on
    hands.declare(sync=sync(link="per-occurrence"))
    assert not has_drift(hands.drift())
    assert not any("DingTalk" in one.change.reason for one in hands.plan().plan.changes)
    applied(hands)
