"""Meetings that keep DingTalk's own conference, and events of people's making that become managed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of, reasons
from team import NOW, a_team, union

from reconciler.apply.outcome import Status
from reconciler.diff.change import ADOPTED, Action
from reconciler.diff.drift import Cause, has_drift
from reconciler.dingtalk.errors import NotFound
from reconciler.errors import ConfigError, PlanStale, PlanUnreadable
from reconciler.model.marker import parse_description
from reconciler.plan.file import check_format, loads

FOREIGN = "reconciler:1/other/sync/2026-11-30T10:00?conference=foreign&revision=0&applied=00"


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        yield Hands(team=team)


def lunch(**fields: Any) -> dict[str, Any]:
    return {
        "title": "Lunch",
        "link": "event",
        "attendees": ["bob"],
        "schedule": {"start": "2026-12-01T12:00", "duration": "1h"},
    } | fields


def test_a_new_meeting_with_the_events_own_link_makes_no_conference(hands: Hands) -> None:
    hands.declare(lunch=lunch())
    planned = hands.plan()
    assert calls_of(planned) == ["event.create"]
    assert hands.apply(planned).count(Status.DONE) == 1
    (event,) = hands.team.events("alice")
    assert event.own_conference
    assert "conference.create" not in hands.calls()
    assert not hands.plan().plan.changes
    assert not hands.plan(forget=True).plan.changes


def test_an_edit_keeps_the_events_own_conference(hands: Hands) -> None:
    hands.declare(lunch=lunch())
    hands.apply(hands.plan())
    before = hands.team.events("alice")[0]
    edited = lunch(title="Late lunch", rooms=["aurora"])
    edited["schedule"] = {"start": "2026-12-01T13:00", "duration": "30m"}
    hands.declare(lunch=edited)
    planned = hands.plan()
    assert set(calls_of(planned)) == {"event.update", "rooms.book"}
    assert hands.apply(planned).count(Status.FAILED) == 0
    after = hands.team.events("alice")[0]
    assert (after.id, after.own_conference) == (before.id, before.own_conference)
    assert (after.title, after.end - after.start) == ("Late lunch", timedelta(minutes=30))
    assert not hands.plan().plan.changes


def test_a_cancellation_deletes_the_event_alone(hands: Hands) -> None:
    hands.declare(lunch=lunch())
    hands.apply(hands.plan())
    hands.declare()
    planned = hands.plan()
    assert calls_of(planned) == ["event.delete"]
    hands.apply(planned)
    assert not hands.team.events("alice")
    assert "conference.cancel" not in hands.calls()


def test_an_event_that_was_deleted_comes_back_with_a_conference_of_its_own(hands: Hands) -> None:
    hands.declare(lunch=lunch())
    hands.apply(hands.plan())
    gone = hands.team.events("alice")[0]
    hands.edit(action="delete_event", event=gone.id)
    for forget in (False, True):
        assert calls_of(hands.plan(forget=forget)) == ["event.create"]
    hands.apply(hands.plan())
    (event,) = hands.team.events("alice")
    assert event.id != gone.id
    assert event.own_conference


@pytest.mark.parametrize("first", ["event", "per-occurrence"])
def test_another_kind_of_link_makes_a_new_event(hands: Hands, first: str) -> None:
    second = {"event": "per-occurrence", "per-occurrence": "event"}[first]
    hands.declare(lunch=lunch(link=first))
    hands.apply(hands.plan())
    before = hands.team.events("alice")[0]
    hands.declare(lunch=lunch(link=second))
    planned = hands.plan()
    assert [one.change.action for one in planned.plan.changes] == [Action.CANCEL, Action.CREATE]
    assert hands.apply(planned).count(Status.FAILED) == 0
    (after,) = hands.team.events("alice")
    assert after.id != before.id
    assert bool(after.own_conference) == (second == "event")
    assert not hands.plan().plan.changes


def test_settings_of_a_conference_that_is_not_ours_are_a_mistake(hands: Hands) -> None:
    hands.declare(lunch=lunch(settings={"waiting_room": True}))
    with pytest.raises(ConfigError) as caught:
        hands.plan()
    (problem,) = caught.value.problems
    assert problem.path == "meetings.lunch.settings"
    assert "link: event" in problem.message
    hands.team.config["defaults"]["settings"] = {"waiting_room": True}  # what is said of all meetings does not matter
    hands.declare(lunch=lunch())
    assert calls_of(hands.plan()) == ["event.create"]


@pytest.mark.parametrize("online", [False, True])
def test_an_adopted_event_gets_a_marker_and_nothing_else(hands: Hands, *, online: bool) -> None:
    text = "Bring food.\n\nVideo conference: https://elsewhere.example/1"
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"], online=online, description=text)
    before = hands.event(event_id)
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    for planned in (hands.plan(forget=True), hands.plan()):
        assert (calls_of(planned), reasons(planned)) == (["event.update"], {ADOPTED})
        assert planned.plan.changes[0].notifies == 0
        assert [field.path for field in planned.plan.changes[0].change.comparison.fields] == ["marker"]
    assert hands.apply(hands.plan()).count(Status.DONE) == 1
    after = hands.event(event_id)
    described = parse_description(after.description)
    assert described.marker is not None
    assert (described.body, described.link) == ("Bring food.", "https://elsewhere.example/1")
    assert (after.own_conference, after.attendees, after.start) == (
        before.own_conference,
        before.attendees,
        before.start,
    )
    assert [one for one in hands.calls() if not one.endswith("list")].count("event.update") == 1
    assert not hands.plan().plan.changes
    assert not hands.plan(forget=True).plan.changes


def test_the_same_event_without_its_name_in_the_config_is_left_alone(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch())
    assert calls_of(hands.plan()) == ["event.create"]
    hands.declare()
    assert not hands.plan().plan.changes
    assert not hands.event(event_id).cancelled


def test_an_event_to_adopt_that_no_occurrence_wants_is_never_cancelled(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-25T12:00": event_id}))
    planned = hands.plan()
    assert calls_of(planned) == ["event.create"]
    assert any("stays as it is" in warning for warning in planned.plan.warnings)


def test_an_event_that_is_gone_before_it_was_adopted_is_told(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    hands.edit(action="delete_event", event=event_id)
    planned = hands.plan()
    assert calls_of(planned) == ["event.create"]
    assert planned.plan.warnings[0].startswith("lunch: 1 of the events to adopt is gone, and will be made anew")


def test_what_is_not_the_organisers_is_not_adopted(hands: Hands) -> None:
    events = {
        "managed by others": hands.create("Lunch", "2026-12-01T12:00", people=["bob"], description=FOREIGN),
        "of another organiser": hands.create("Lunch", "2026-12-01T12:00", people=["alice"], organizer="bob"),
    }
    for event_id in events.values():
        hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
        planned = hands.plan()
        assert not planned.plan.changes
        assert [failure.code for failure in planned.plan.failures] == ["not-adoptable"]


def test_an_occurrence_that_has_an_event_adopts_no_second_one(hands: Hands) -> None:
    hands.declare(lunch=lunch())
    hands.apply(hands.plan())
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    planned = hands.plan()
    assert not planned.plan.changes
    assert "another event already" in planned.plan.failures[0].message


def test_an_adopted_event_that_differs_is_brought_in_line(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:30", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    planned = hands.plan()
    (change,) = planned.plan.changes
    assert change.change.reason.startswith(ADOPTED)
    assert {field.path for field in change.change.comparison.fields} == {"start", "end"}
    assert change.notifies == 1
    hands.apply(planned)
    assert hands.event(event_id).start.astimezone(NOW.tzinfo).hour == 4
    assert not hands.plan().plan.changes


def test_a_deleted_event_is_told_from_its_copy_by_a_look(hands: Hands) -> None:
    """The client token of the first creation still answers with the event that is gone."""
    hands.declare(lunch=lunch())
    hands.apply(hands.plan())
    gone = hands.team.events("alice")[0]
    hands.edit(action="change_event", event=gone.id, description="mine now")
    hands.edit(action="delete_event", event=gone.id)
    hands.now = NOW + timedelta(hours=1)
    planned = hands.plan(forget=True)
    assert hands.apply(planned).count(Status.DONE) == 1
    (event,) = hands.team.events("alice")
    assert event.id != gone.id
    with pytest.raises(NotFound):
        hands.team.client.events.get(organizer=union("alice"), event_id=gone.id)


def test_what_is_to_be_adopted_is_no_drift(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    hands.plan()
    assert not has_drift(hands.drift())
    hands.apply(hands.plan())
    hands.edit(action="change_event", event=event_id, summary="Brunch")
    assert [(one.path, one.cause) for one in hands.drift()] == [("title", Cause.EDITED)]


def test_a_saved_plan_adopts_what_it_was_made_for(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    text = hands.saved(hands.plan())
    assert hands.apply(hands.of_saved(text)).count(Status.DONE) == 1
    assert parse_description(hands.event(event_id).description).marker is not None


def test_a_saved_plan_is_stale_where_the_event_was_changed_since(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    text = hands.saved(hands.plan())
    hands.edit(action="change_event", event=event_id, summary="Brunch")
    with pytest.raises(PlanStale, match="was changed in DingTalk"):
        hands.of_saved(text)


def test_a_plan_of_a_newer_minor_format_can_be_shown_and_not_applied(hands: Hands) -> None:
    event_id = hands.create("Lunch", "2026-12-01T12:00", people=["bob"])
    hands.declare(lunch=lunch(adopt={"2026-12-01T12:00": event_id}))
    document = json.loads(hands.saved(hands.plan()))
    document["format_version"] = "1.7"
    _widen(document["changes"] + [document["quota"], document["verification"]])
    del document["checksum"]
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    document["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    plan, ground = loads(json.dumps(document), where="plan")
    assert [planned.change.address for planned in plan.changes] == ["lunch@2026-12-01T12:00"]
    with pytest.raises(PlanUnreadable, match=r"format 1\.7, this program knows 1\.0"):
        check_format(ground)
    with pytest.raises(PlanUnreadable, match=r"format 1\.7"):
        hands.of_saved(json.dumps(document))


def _widen(value: Any) -> None:
    """Put a field into every mapping that has a fixed set of them, as a newer program may do."""
    for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        _widen(one)
    if isinstance(value, dict):
        value["newer"] = {}
