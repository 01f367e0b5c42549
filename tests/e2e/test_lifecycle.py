"""What users live with: book, edit, drift, repair, cancel. The command line as a process, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from team import Team

from reconciler.dingtalk.events import EventDraft, EventPatch
from reconciler.model.marker import parse_description

BOOKED = 6  # four Mondays of the sync, two Wednesdays of the retrospective


def test_booking_everything_and_then_nothing(team: Team) -> None:
    assert team.run("plan", "--detailed-exitcode").code == 2
    first = team.apply()
    assert first["summary"] == {
        "created": BOOKED,
        "updated": 0,
        "cancelled": 0,
        "booked": BOOKED,
        "released": 0,
        "failed": 0,
        "deferred": 0,
        "pending": 0,
        "api_calls": 3 * BOOKED,
    }
    events = team.events()
    assert [event.title for event in events].count("Weekly sync") == 4
    assert {room.room_id for event in events for room in event.rooms} == {"room-aurora", "room-borealis"}
    assert len(team.conferences()) == BOOKED
    assert team.run("plan", "--detailed-exitcode").code == 0
    second = team.apply()
    assert second["summary"]["api_calls"] == 0
    assert second["results"] == []
    assert team.events() == events


def test_people_find_the_link_in_the_event(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    conference = team.conference(event)
    assert conference.url
    assert f"Video conference: {conference.url}\n" in event.description
    assert event.description.startswith("What shipped, what is stuck.")
    assert event.description.splitlines()[-1].startswith("reconciler:1/acme-platform/weekly-sync/2026-11-30T10:00?")


def test_a_new_title_is_one_update_for_each_occurrence_and_nothing_else(team: Team) -> None:
    team.apply()
    before = team.conferences()
    team.config["meetings"]["weekly-sync"]["title"] = "Platform sync"
    plan = team.plan()
    assert [change["action"] for change in plan["changes"]] == ["update"] * 4
    assert {tuple(field["path"] for field in change["fields"]) for change in plan["changes"]} == {("title",)}
    assert plan["summary"]["api_calls"] == 8
    team.apply()
    titles = [event.title for event in team.events("alice")]
    assert titles == ["Platform sync"] * 4
    assert {team.conference(event).title for event in team.events("alice")} == {"Platform sync"}
    assert team.conferences() == before
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_moving_a_meeting_keeps_every_conference_and_event(team: Team) -> None:
    team.apply()
    conferences, events = team.conferences(), {event.id for event in team.events()}
    team.config["meetings"]["weekly-sync"]["schedule"]["start"] = "2026-01-05T10:30"
    assert team.apply()["summary"]["updated"] == 4
    assert team.conferences() == conferences
    assert {event.id for event in team.events()} == events
    assert {event.start.strftime("%H:%M") for event in team.events("alice")} == {"10:30"}
    assert all(len(event.rooms) == 1 for event in team.events())
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_another_weekday_keeps_every_conference(team: Team) -> None:
    team.apply()
    conferences = team.conferences()
    team.config["meetings"]["weekly-sync"]["schedule"]["repeat"]["on"] = ["tue"]
    assert team.apply()["summary"]["updated"] == 4
    assert team.conferences() == conferences
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_another_room_is_booked_before_the_old_one_goes(team: Team) -> None:
    team.apply()
    team.config["meetings"]["weekly-sync"]["rooms"] = ["cirrus"]
    plan = team.plan()
    assert [[one["call"] for one in change["operations"]] for change in plan["changes"]] == [
        ["rooms.book", "rooms.release"]
    ] * 4
    for change in plan["changes"]:
        book, release = change["operations"]
        assert release["needs"] == [book["id"]]
    team.apply()
    assert {room.room_id for event in team.events("alice") for room in event.rooms} == {"room-cirrus"}


def test_two_meetings_swap_their_rooms(team: Team) -> None:
    meetings = team.config["meetings"]
    meetings["retro"]["schedule"] = dict(meetings["weekly-sync"]["schedule"])
    team.apply()
    meetings["weekly-sync"]["rooms"], meetings["retro"]["rooms"] = ["borealis"], ["aurora"]
    assert team.apply()["summary"] | {"api_calls": 0} == {
        "created": 0,
        "updated": 8,
        "cancelled": 0,
        "booked": 8,
        "released": 8,
        "failed": 0,
        "deferred": 0,
        "pending": 0,
        "api_calls": 0,
    }
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_settings_that_cannot_be_read_are_written_once(team: Team) -> None:
    team.apply()
    team.config["meetings"]["weekly-sync"]["settings"]["recording"]["layout"] = "grid"
    plan = team.plan()
    assert {tuple(field["path"] for field in change["fields"]) for change in plan["changes"]} == {
        ("settings.recording.layout",)
    }
    team.apply()
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_a_removed_meeting_is_cancelled_and_nobody_elses_events_are_touched(team: Team) -> None:
    team.apply()
    foreign = _foreign_event(team)
    del team.config["meetings"]["weekly-sync"]
    assert team.apply()["summary"]["cancelled"] == 4
    assert [event.id for event in team.events("alice")] == [foreign.id]
    assert len(team.events("bob")) == 2
    assert team.client.events.get(organizer="union-alice", event_id=foreign.id) == foreign


def test_another_workspace_is_another_world(team: Team) -> None:
    team.apply()
    before = team.events()
    team.config["workspace"] = "other"
    (team.folder / ".reconciler" / "state.json").unlink()
    team.config["meetings"] = {}
    assert team.apply()["results"] == []
    assert team.events() == before


def test_without_the_state_everything_is_found_again(team: Team) -> None:
    team.apply()
    before = team.events()
    (team.folder / ".reconciler" / "state.json").unlink()
    assert team.run("plan", "--detailed-exitcode").code == 0
    assert team.apply()["summary"]["api_calls"] == 0
    assert team.events() == before
    assert len(team.run("state", "list").out.splitlines()) == BOOKED


def test_changes_by_hand_are_told_as_drift_and_repaired(team: Team) -> None:
    team.apply()
    first, second, third, fourth = team.events("alice")
    _by_hand(team, first.id, EventPatch(title="Changed by hand"))
    move = timedelta(hours=1)
    _by_hand(team, second.id, EventPatch(start=second.start + move, end=second.end + move, timezone="Asia/Shanghai"))
    team.client.events.release_rooms(organizer="union-alice", event_id=third.id, rooms=["room-aurora"])
    team.client.events.delete(organizer="union-alice", event_id=fourth.id, notify=False, token="by-hand")
    plan = team.plan()
    assert [[field["path"] for field in change["fields"]] for change in plan["changes"]] == [
        ["title"],
        ["start", "end"],
        ["rooms"],
        ["event"],
    ]
    assert all("changed in DingTalk" in change["reason"] for change in plan["changes"])
    team.apply()
    assert [event.title for event in team.events("alice")] == ["Weekly sync"] * 4
    assert [event.start for event in team.events("alice")] == [one.start for one in (first, second, third, fourth)]
    assert all(len(event.rooms) == 1 for event in team.events())
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_a_cancelled_conference_is_replaced_in_its_event(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    old = team.conference(event)
    team.client.conferences.cancel(organizer="union-alice", conference_id=old.id)
    team.apply("--refresh", "full")
    again = team.events()[0]
    assert again.id == event.id
    assert team.conference(again).id != old.id
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_a_marker_deleted_by_hand_is_repaired(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    _by_hand(team, event.id, EventPatch(description="wiped"))
    team.apply()
    assert team.events()[0].description == event.description


def test_a_room_taken_by_somebody_else_fails_that_booking_alone(team: Team) -> None:
    foreign = _foreign_event(team, rooms=("room-aurora",))
    done = team.run("apply", "-y", "--json")
    assert done.code == 1
    failed = [result for result in done.json["results"] if result["status"] == "failed"]
    assert [result["address"] for result in failed] == ["weekly-sync@2026-11-30T10:00"]
    assert failed[0]["error"]["code"] == "meetingRoomNotAvailable"
    assert "aurora is held by dave until 2026-11-30 11:00" in failed[0]["error"]["message"]
    assert len(team.events()) == BOOKED
    assert team.plan()["summary"]["book"] == 1
    team.client.events.delete(organizer="union-dave", event_id=foreign.id, notify=False, token="gone")
    assert team.apply()["summary"]["booked"] == 1
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_destroy_cancels_everything_of_ours(team: Team) -> None:
    team.apply()
    foreign = _foreign_event(team)
    done = team.run("destroy", "-y", "--json")
    assert done.code == 0
    assert done.json["summary"]["cancelled"] == BOOKED
    assert [event.id for event in team.events()] == [foreign.id]
    assert team.run("state", "list").out == ""


def test_a_suddenly_empty_config_is_refused(team: Team) -> None:
    team.config["horizon"] = "84d"
    team.apply()
    before = team.events()
    del team.config["meetings"]["weekly-sync"]
    done = team.run("apply", "-y")
    assert done.code == 1
    assert "--allow-cancel 12" in done.err
    assert team.events() == before
    assert team.apply("--allow-cancel", "12")["summary"]["cancelled"] == 12


def test_a_failed_list_is_no_reason_to_create_or_cancel(team: Team) -> None:
    team.apply()
    before = team.events()
    team.config["people"]["bob"] = "nobody-knows-this-id"
    done = team.run("apply", "-y", "--json")
    assert done.code == 1
    assert [event for event in team.events() if event.organizer == "union-bob"] == [
        event for event in before if event.organizer == "union-bob"
    ]


def test_attendees_change_in_one_call_each_way(team: Team) -> None:
    team.apply()
    team.config["meetings"]["weekly-sync"]["attendees"] = ["bob", "dave"]
    plan = team.plan()
    assert [one["call"] for one in plan["changes"][0]["operations"]] == ["attendees.add", "attendees.remove"]
    team.apply()
    assert {who.union_id for event in team.events("alice") for who in event.attendees} == {"union-bob", "union-dave"}
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_targets_limit_a_run(team: Team) -> None:
    assert team.apply("--target", "retro")["summary"]["created"] == 2
    done = team.run("plan", "--target", "nonsense")
    assert done.code == 64
    assert "nonsense" in done.err


def test_people_may_be_named_by_userid(team: Team) -> None:
    team.config["people"]["dave"] = {"userid": "user-dave"}
    team.apply()
    assert "union-dave" in {who.union_id for event in team.events("bob") for who in event.attendees}


def _by_hand(team: Team, event_id: str, patch: EventPatch) -> None:
    team.client.events.patch(organizer="union-alice", event_id=event_id, patch=patch, token=f"hand-{event_id}")


def _foreign_event(team: Team, rooms: tuple[str, ...] = ()) -> Any:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    start = datetime(2026, 11, 30, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    who = "union-dave" if rooms else "union-alice"
    draft = EventDraft(
        title="Not ours",
        description="private",
        start=start,
        end=start + timedelta(hours=1),
        timezone="Asia/Shanghai",
    )
    event = team.client.events.create(organizer=who, draft=draft, token=f"foreign-{len(rooms)}")
    if rooms:
        team.client.events.book_rooms(organizer=who, event_id=event.id, rooms=rooms)
    assert parse_description(event.description).marker is None
    return replace(team.client.events.get(organizer=who, event_id=event.id))
