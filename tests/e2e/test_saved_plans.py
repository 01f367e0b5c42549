"""A plan that was reviewed is applied as it is, or refused with the reason."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat

import pytest
from team import Team, later

from reconciler.dingtalk import EventPatch


def save(team: Team, *arguments: str) -> None:
    done = team.run("plan", "--out", "plan.json", *arguments)
    assert done.code == 0, done.err


def test_a_saved_plan_is_applied_without_asking(team: Team) -> None:
    save(team)
    assert stat.S_IMODE((team.folder / "plan.json").stat().st_mode) == 0o600
    done = team.run("apply", "plan.json", "--json")
    assert done.code == 0, done.err
    assert done.json["summary"]["created"] == 6
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_of_edits_is_applied_from_a_fresh_folder(team: Team) -> None:
    team.apply()
    before = team.conferences()
    meetings = team.config["meetings"]
    meetings["weekly-sync"] |= {"title": "New", "rooms": ["cirrus"], "settings": {"recording": {"layout": "grid"}}}
    meetings["retro"]["attendees"] = ["dave"]
    save(team)
    (team.folder / ".reconciler" / "state.json").unlink()
    done = team.run("apply", "plan.json", "--json")
    assert done.code == 0, done.err
    assert done.json["summary"]["updated"] == 6
    assert team.conferences() == before
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_costs_only_what_it_touches(team: Team) -> None:
    team.apply()
    team.config["meetings"]["retro"]["title"] = "Retro"
    save(team)
    seen = len(team.sandbox.control("calls")["calls"])
    assert team.run("apply", "plan.json").code == 0
    made = [call["api"] for call in team.sandbox.control("calls")["calls"][seen:] if call["api"] != "token"]
    assert sorted(made) == sorted(
        ["event.list", *["conference.info"] * 2, *["conference.update"] * 2, *["event.update"] * 2]
    )


def test_a_plan_is_refused_when_the_config_has_changed(team: Team) -> None:
    save(team)
    team.config["meetings"]["retro"]["title"] = "Another"
    done = team.run("apply", "plan.json")
    assert done.code == 1
    assert "the config has changed" in done.err
    assert team.events() == []


def test_a_plan_survives_a_change_of_layout(team: Team) -> None:
    save(team)
    text = (team.folder / "meetings.yaml").read_text(encoding="utf-8")
    (team.folder / "other.yaml").write_text("# a comment\n\n" + text, encoding="utf-8")
    assert team.run("-c", "other.yaml", "apply", "plan.json").code == 0


def test_a_plan_is_refused_when_a_person_has_changed_a_meeting(team: Team) -> None:
    team.apply()
    team.config["meetings"]["weekly-sync"]["title"] = "New"
    save(team)
    first = team.events("alice")[0]
    patch = EventPatch(title="By hand")
    team.client.events.patch(organizer="union-alice", event_id=first.id, patch=patch, token="hand")
    done = team.run("apply", "plan.json")
    assert done.code == 1
    assert "weekly-sync@2026-11-30T10:00 was changed in DingTalk by hand (title; organiser alice" in done.err
    assert [event.title for event in team.events("alice")] == ["By hand", *["Weekly sync"] * 3]


def test_a_plan_is_refused_when_somebody_else_has_applied_it(team: Team) -> None:
    save(team)
    team.apply()
    done = team.run("apply", "plan.json")
    assert done.code == 1
    assert "stale" in done.err
    assert "weekly-sync@2026-11-30T10:00 was booked in DingTalk by a run of reconciler" in done.err
    assert len(team.events()) == 6


def forget(team: Team) -> None:
    """Let the next run find nothing on this machine, as a runner that keeps nothing does."""
    shutil.rmtree(team.folder / ".reconciler", ignore_errors=True)


@pytest.mark.parametrize("edit", ["handed over", "removed", "all removed"])
def test_a_plan_that_ends_what_a_former_organiser_has_is_applied_by_a_runner_that_keeps_nothing(
    team: Team, edit: str
) -> None:
    team.apply()
    if edit == "all removed":
        team.config["meetings"] = {}
    elif edit == "removed":
        del team.config["meetings"]["retro"]
    else:
        team.config["meetings"]["retro"] |= {"organizer": "alice", "attendees": ["bob", "dave"]}
    forget(team)
    save(team, "--lock=false")
    forget(team)
    done = team.run("apply", "plan.json")
    assert done.code == 0, done.err
    assert team.events("bob") == []
    forget(team)
    assert team.run("plan", "--detailed-exitcode").code == 0


def test_a_plan_without_a_state_is_applied_though_a_look_has_saved_one_since(team: Team) -> None:
    save(team, "--lock=false")
    assert team.run("plan").code == 0
    assert team.run("apply", "plan.json").code == 0


def test_a_room_that_was_approved_in_between_keeps_no_plan_from_being_applied(team: Team) -> None:
    team.sandbox.control("edits", {"action": "change_room", "room": "room-aurora", "rules": {"approval": True}})
    team.apply()
    team.config["meetings"]["weekly-sync"]["title"] = "New"
    save(team)
    first = team.events("alice")[0]
    answer = {"action": "respond_room", "event": first.id, "room": "room-aurora", "status": "accepted"}
    team.sandbox.control("edits", answer)
    done = team.run("apply", "plan.json", "--json")
    assert done.code == 0, done.err
    assert "weekly-sync@2026-11-30T10:00" not in {one["address"] for one in done.json["pending"]}


def test_what_to_plan_cant_be_said_beside_a_plan_that_is_made(team: Team) -> None:
    save(team, "--target", "retro")
    for flags in (["--target", "weekly-sync"], ["--exclude", "retro"], ["--refresh", "full"], ["--foresight=false"]):
        done = team.run("apply", "plan.json", *flags)
        assert done.code == 64, flags
        assert f"{flags[0].partition('=')[0]} says what to plan" in done.err
    assert team.events() == []
    assert team.run("apply", "plan.json", RECONCILER_TARGET="retro").code == 0  # it was meant for the plan
    assert len(team.events()) == 2


def test_a_plan_that_cant_be_checked_says_why_and_is_not_called_stale(team: Team) -> None:
    team.apply()
    team.config["meetings"]["weekly-sync"]["title"] = "New"
    save(team)
    team.sandbox.control("faults", {"api": "event.list", "kind": "error_before", "times": None})
    done = team.run("apply", "plan.json", "--json")
    assert done.code == 1
    assert done.json["failure_reason"] == "server-error"
    assert "the calendar of alice could not be read" in done.err
    assert "stale" not in done.err


def test_a_plan_is_refused_when_an_occurrence_has_begun(team: Team) -> None:
    save(team)
    done = team.run("apply", "plan.json", now=later(days=2))
    assert done.code == 1
    assert "weekly-sync@2026-11-30T10:00 has begun" in done.err


def test_a_plan_that_was_edited_is_refused(team: Team) -> None:
    save(team)
    path = team.folder / "plan.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["changes"][0]["after"]["title"] = "Injected"
    path.write_text(json.dumps(document), encoding="utf-8")
    for command in (["apply", "plan.json"], ["show", "plan.json"]):
        done = team.run(*command)
        assert done.code == 1
        assert "edited after it was made" in done.err
    path.write_text("{", encoding="utf-8")
    assert "not a saved plan: it is not JSON" in team.run("show", "plan.json").err
    assert "can't be read" in team.run("show", "nonsense.json").err
    assert team.events() == []


def _edit(team: Team, old: str, new: str) -> None:
    """Change the plan, and the checksum with it, as anybody can who knows how it is made."""
    path = team.folder / "plan.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    document = json.loads(text.replace(old, new))
    del document["checksum"]
    exact = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    document["checksum"] = hashlib.sha256(exact.encode()).hexdigest()
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"Retrospective"', '"Pwned"', "retro@2026-12-09T15:00: title is not as the config asks for"),
        ('"room-borealis"', '"room-cirrus"', "rooms is not as the config asks for"),
        ('"union-dave"', '"union-mallory"', "attendees is not as the config asks for"),
        ('"retro@2026-12-09T15:00"', '"retro@2026-12-10T15:00"', "the config asks for no such occurrence"),
        ('"What shipped, what is stuck."', '"http://evil.example"', "description is not as the config asks for"),
        ('"call": "rooms.book"', '"call": "rooms.release"', "its calls are not those that it takes"),
    ],
)
def test_a_plan_that_asks_for_what_the_config_does_not_is_refused(team: Team, old: str, new: str, told: str) -> None:
    save(team)
    _edit(team, old, new)
    done = team.run("apply", "-y", "plan.json")
    assert done.code == 1
    assert told in done.err
    assert team.events() == []


def test_a_plan_that_cancels_what_the_config_asks_for_is_refused(team: Team) -> None:
    team.apply()
    meetings = team.config["meetings"]
    meetings["gone"] = meetings.pop("weekly-sync")
    del meetings["gone"]
    save(team)
    _edit(team, '"weekly-sync@', '"retro@')
    done = team.run("apply", "-y", "--allow-cancel", "9", "plan.json")
    assert done.code == 1
    assert len(team.events()) == 6


@pytest.mark.parametrize("state", [True, False])
def test_a_plan_that_names_what_is_not_ours_is_refused(team: Team, *, state: bool) -> None:
    team.apply()
    first = team.events("alice")[0]
    team.config["meetings"]["weekly-sync"]["title"] = "New"
    save(team)
    if not state:
        (team.folder / ".reconciler" / "state.json").unlink()
    _edit(team, team.conference(first).id, "conference-of-mallory")
    done = team.run("apply", "-y", "plan.json")
    assert done.code == 1
    assert "weekly-sync@2026-11-30T10:00" in done.err
    assert {event.title for event in team.events("alice")} == {"Weekly sync"}


def test_a_plan_that_others_may_write_or_that_is_a_link_is_refused(team: Team) -> None:
    save(team)
    path = team.folder / "plan.json"
    for mode in (0o666, 0o620):
        path.chmod(mode)
        assert "may write this" in team.run("apply", "-y", "plan.json").err
    path.chmod(0o644)
    (team.folder / "link.json").symlink_to(path)
    assert "symbolic link" in team.run("apply", "-y", "link.json").err
    assert team.events() == []
    assert team.run("apply", "-y", "plan.json").code == 0


def test_a_saved_plan_can_be_looked_at_without_a_config(team: Team) -> None:
    team.apply()
    team.config["meetings"]["weekly-sync"]["rooms"] = ["cirrus"]
    printed = team.run("plan", "--out", "plan.json").out
    shown = team.run("show", "plan.json", "-c", "nonsense.yaml")
    assert shown.out == printed
    assert "+cirrus −aurora" in shown.out
    assert team.run("show", "plan.json", "--json").json["summary"] == team.plan()["summary"]


def test_a_plan_holds_no_secret(team: Team) -> None:
    save(team)
    text = (team.folder / "plan.json").read_text(encoding="utf-8")
    assert team.sandbox.credentials.app_secret not in text
