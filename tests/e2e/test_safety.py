"""What is left undone on purpose, by the command line."""

from __future__ import annotations

from typing import Any

from team import Team


def edit(team: Team, action: str, **fields: Any) -> None:
    team.sandbox.control("edits", {"action": action, **fields})


def test_protected_meetings_outlive_their_removal_and_a_destroy(team: Team) -> None:
    sync = team.config["meetings"]["weekly-sync"]
    sync["protect"] = True
    team.apply()
    before = team.events()
    del team.config["meetings"]["weekly-sync"]
    plan = team.plan()
    assert plan["changes"] == []
    assert "protected" in plan["warnings"][0]
    team.apply()
    team.config["meetings"]["weekly-sync"] = sync
    assert team.run("destroy", "-y").code == 0
    assert [event.id for event in team.events()] == [event.id for event in before if event.title == "Weekly sync"]


def test_a_disabled_meeting_is_neither_made_nor_cancelled(team: Team) -> None:
    team.config["meetings"]["retro"]["enabled"] = False
    assert {change["meeting"] for change in team.apply()["results"] and team.plan()["changes"]} == set()
    assert {event.title for event in team.events()} == {"Weekly sync"}
    team.config["meetings"]["weekly-sync"] |= {"enabled": False, "title": "New"}
    assert team.plan()["changes"] == []
    assert team.run("destroy", "-y").code == 0
    assert len(team.events()) == 4


def test_fields_left_to_people_are_written_once(team: Team) -> None:
    team.config["meetings"]["weekly-sync"]["ignore"] = ["title", "attendees"]
    team.apply()
    event = team.events()[0]
    assert event.title == "Weekly sync"
    edit(team, "change_event", event=event.id, summary="By hand")
    edit(team, "add_attendees", event=event.id, attendees=[{"id": "union-dave"}])
    assert team.plan()["changes"] == []
    team.config["meetings"]["weekly-sync"]["description"] = "New"
    team.apply()
    assert team.events()[0].title == "By hand"
    assert "union-dave" in {who.union_id for who in team.events()[0].attendees}
    assert team.plan()["changes"] == []


def test_an_ignored_setting_has_to_exist(team: Team) -> None:
    team.config["meetings"]["weekly-sync"]["ignore"] = ["settings.recording.layuot"]
    done = team.run("validate")
    assert done.code == 1
    assert "recording.layout" in done.out + done.err


def test_a_renamed_meeting_keeps_its_events_and_conferences(team: Team) -> None:
    team.apply()
    events, conferences = {event.id for event in team.events()}, team.conferences()
    team.config["meetings"]["platform-sync"] = team.config["meetings"].pop("weekly-sync")
    (hint,) = team.plan()["warnings"]
    assert "add moved: {from: weekly-sync, to: platform-sync}" in hint
    team.config["moved"] = {"from": "weekly-sync", "to": "platform-sync"}
    plan = team.plan()
    assert plan["warnings"] == []
    assert {change["action"] for change in plan["changes"]} == {"update"}
    assert plan["summary"]["api_calls"] == 4
    (team.folder / ".reconciler" / "state.json").unlink()
    team.apply()
    assert ({event.id for event in team.events()}, team.conferences()) == (events, conferences)
    assert "/platform-sync/" in team.events()[0].description
    assert team.plan()["changes"] == []
    del team.config["moved"]
    assert team.plan()["changes"] == []


def test_a_renamed_meeting_is_meant_by_its_old_name_too(team: Team) -> None:
    team.apply()
    team.config["meetings"]["platform-sync"] = team.config["meetings"].pop("weekly-sync")
    team.config["moved"] = {"from": "weekly-sync", "to": "platform-sync"}
    by_old_name = team.plan("--target", "weekly-sync")["changes"]
    assert {change["meeting"] for change in by_old_name} == {"platform-sync"}
    assert len(by_old_name) == 4
    assert team.plan("--exclude", "weekly-sync")["changes"] == []
    assert team.run("drift", "--target", "weekly-sync").code == 0
    (team.folder / ".reconciler" / "state.json").unlink()
    assert len(team.plan("--target", "weekly-sync")["changes"]) == 4


def test_in_a_freeze_nothing_is_applied_unless_it_has_to_be(team: Team) -> None:
    team.config["freeze"] = [{"from": "2026-11-28", "to": "2026-11-30", "reason": "audit"}]
    assert "frozen until 2026-12-01 00:00 CST (audit)" in team.plan()["warnings"][0]
    team.sandbox.control("calls")
    for command in ("apply", "destroy"):
        before = len(team.sandbox.control("calls")["calls"])
        done = team.run(command, "-y")
        assert done.code == 1
        assert "audit" in done.err
        assert "--override-freeze" in done.err
        assert len(team.sandbox.control("calls")["calls"]) == before
    assert team.events() == []
    team.apply("--override-freeze")
    assert len(team.events()) == 6


def test_a_meeting_can_be_left_out(team: Team) -> None:
    team.apply("--exclude", "retro")
    assert {event.title for event in team.events()} == {"Weekly sync"}
    assert {change["meeting"] for change in team.plan()["changes"]} == {"retro"}
    assert team.plan("--exclude", "retro")["changes"] == []
    assert team.run("plan", "--exclude", "retro", "--target", "weekly-sync").code == 64
    assert team.run("plan", "--exclude", "rtero").code == 64
    assert team.run("drift", "--exclude", "retro").code == 0
