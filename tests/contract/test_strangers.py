"""Somebody in the config whom DingTalk does not know, mostly because they left: only their meetings have to wait."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from inprocess import Cli
from team import Team, a_team, union

from reconciler.dingtalk.calls import Call
from reconciler.dingtalk.classify import classify
from reconciler.dingtalk.session import ReadSession
from reconciler.sandbox.seed import Person, Seed, apply_seed

EVE = {"userid": "user-eve"}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with a_team(tmp_path) as made:
        made.config["people"]["eve"] = dict(EVE)
        yield made


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def line_of(team: Team, alias: str) -> int:
    lines = (team.folder / "meetings.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(f"  {alias}:"))


def invite(team: Team, alias: str, *, meeting: str = "retro") -> None:
    team.config["meetings"][meeting]["attendees"].append(alias)


def arrive(team: Team) -> None:
    apply_seed(team.sandbox.gateway.store, Seed(people={union("eve"): Person(name="Eve", userid="user-eve")}))


def leave(team: Team) -> None:
    with team.sandbox.gateway.store.transaction():
        team.sandbox.gateway.store.run("DELETE FROM people WHERE union_id = ?", union("eve"))


def test_all_meetings_but_those_of_an_unknown_attendee_are_booked(team: Team, cli: Cli) -> None:
    invite(team, "eve")
    done = cli("apply", "-y", "--json")
    assert done.code == 1
    assert done.json["summary"]["created"] == 4
    assert {one["address"].partition("@")[0] for one in done.json["results"]} == {"weekly-sync"}
    (told,) = done.json["failures"]
    assert told["where"] == "people.eve"
    assert told["code"] == "unknown-person"
    assert told["hint"].startswith(f"meetings.yaml:{line_of(team, 'eve')}:3: ")
    assert "retro stays as it is" in told["message"]
    assert [event.title for event in team.events()] == ["Weekly sync"] * 4


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_look_names_the_person_the_line_and_the_meetings(team: Team, cli: Cli, command: str) -> None:
    invite(team, "eve")
    invite(team, "eve", meeting="weekly-sync")
    done = cli(command)
    assert done.code == 1
    assert "not read people.eve\n  DingTalk does not know this person" in done.out
    assert f"  meetings.yaml:{line_of(team, 'eve')}:3: correct the person" in done.out
    assert "retro, weekly-sync stay as they are" in " ".join(done.out.split())


def test_what_is_booked_stays_when_somebody_unknown_is_invited_to_it(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    before = team.events()
    invite(team, "eve")
    team.config["meetings"]["retro"]["title"] = "Look back"
    team.config["meetings"]["weekly-sync"]["title"] = "Sync"
    assert cli("apply", "-y").code == 1
    assert [event.id for event in team.events()] == [event.id for event in before]
    assert {event.title for event in team.events("bob")} == {"Retrospective"}
    assert {event.title for event in team.events("alice")} == {"Sync"}


def test_whoever_is_known_at_last_is_invited(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    before = {event.id for event in team.events("bob")}
    invite(team, "eve")
    assert cli("apply", "-y").code == 1
    arrive(team)
    assert cli("apply", "-y").code == 0
    events = team.events("bob")
    assert {event.id for event in events} == before
    assert all(union("eve") in {one.union_id for one in event.attendees} for event in events)
    assert cli("plan", "--detailed-exitcode").code == 0


def test_an_unknown_organiser_holds_up_nobody_else(team: Team, cli: Cli) -> None:
    team.config["meetings"]["retro"]["organizer"] = "eve"
    done = cli("apply", "-y", "--json")
    assert done.code == 1
    assert done.json["summary"]["created"] == 4
    assert [one["where"] for one in done.json["failures"]] == ["people.eve"]


def test_a_meeting_whose_new_organiser_is_unknown_is_not_cancelled(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    team.config["meetings"]["retro"]["organizer"] = "eve"
    assert cli("apply", "-y").code == 1
    assert len(team.events("bob")) == 2


@pytest.mark.parametrize("setting", [{"host": "eve"}, {"cohosts": ["alice", "eve"]}])
def test_a_meeting_with_an_unknown_host_waits(team: Team, cli: Cli, setting: dict[str, object]) -> None:
    team.config["meetings"]["retro"]["settings"] = setting
    done = cli("plan", "--json")
    assert done.code == 1
    assert {one["meeting"] for one in done.json["changes"]} == {"weekly-sync"}


def test_a_meeting_waits_for_an_unknown_guest_of_one_date(team: Team, cli: Cli) -> None:
    team.config["meetings"]["weekly-sync"]["schedule"]["change"] = {"2026-12-07": {"attendees": ["bob", "eve"]}}
    done = cli("plan", "--json")
    assert done.code == 1
    assert {one["meeting"] for one in done.json["changes"]} == {"retro"}


@pytest.mark.parametrize("arguments", [("--target", "weekly-sync"), ("--exclude", "retro")])
def test_a_run_that_is_not_about_the_meeting_is_no_failure(team: Team, cli: Cli, arguments: tuple[str, ...]) -> None:
    invite(team, "eve")
    done = cli("apply", "-y", *arguments)
    assert done.code == 0, done.out
    assert "people.eve: DingTalk does not know this person" in " ".join(done.out.split())


def test_who_is_in_no_meeting_or_a_disabled_one_is_but_a_warning(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    assert cli("plan", "--detailed-exitcode").code == 0
    invite(team, "eve")
    team.config["meetings"]["retro"]["enabled"] = False
    done = cli("plan", "--json", "--detailed-exitcode")
    assert done.code == 0
    place = f"meetings.yaml:{line_of(team, 'eve')}:3"
    assert [one.partition(": DingTalk")[0] for one in done.json["warnings"]] == [f"{place}: people.eve"]


def test_a_wrong_mobile_number_is_one_persons_matter(team: Team, cli: Cli) -> None:
    team.config["people"]["eve"] = {"mobile": "13900000000"}
    invite(team, "eve")
    team.sandbox.control(
        "faults", {"api": "user.mobile", "kind": "error_before", "status": 200, "code": "40104", "times": None}
    )
    assert cli("apply", "-y").code == 1
    assert len(team.events("alice")) == 4


def test_a_saved_plan_is_applied_though_somebody_else_is_unknown(team: Team, cli: Cli) -> None:
    invite(team, "eve")
    assert cli("plan", "--out", "plan.json").code == 1
    done = cli("apply", "-y", "--json", "plan.json")
    assert done.code == 1  # what the plan could not read is still so
    assert (done.json["summary"]["created"], done.json["summary"]["failed"]) == (4, 0)


def test_a_saved_plan_for_somebody_who_has_left_since_is_refused_by_name(team: Team, cli: Cli) -> None:
    arrive(team)
    invite(team, "eve")
    assert cli("plan", "--out", "plan.json", "--lock=false").code == 0
    leave(team)
    done = cli("apply", "-y", "plan.json")
    assert done.code == 1
    assert "people.eve" in done.err
    assert team.events() == []


def test_who_left_is_taken_out_of_what_is_booked(team: Team, cli: Cli) -> None:
    arrive(team)
    invite(team, "eve")
    assert cli("apply", "-y").code == 0
    leave(team)
    team.config["meetings"]["retro"]["attendees"].remove("eve")
    del team.config["people"]["eve"]
    assert cli("apply", "-y").code == 0
    assert union("eve") not in {one.union_id for event in team.events("bob") for one in event.attendees}
    assert cli("plan", "--detailed-exitcode").code == 0


def test_destroying_takes_nobody_but_organisers(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    invite(team, "eve")
    assert cli("destroy", "-y").code == 0
    assert team.events() == []


def test_a_state_is_rebuilt_without_losing_what_has_to_wait(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    invite(team, "eve")
    assert cli("state", "rebuild").code == 1
    assert "retro@2026-12-09T15:00" in cli("state", "list").out
    team.config["meetings"]["retro"]["attendees"].remove("eve")
    assert cli("plan", "--detailed-exitcode").code == 0


def test_annotations_and_reports_stand_on_the_persons_line(team: Team, cli: Cli) -> None:
    invite(team, "eve")
    done = cli("plan", "--annotations", "github", "--codequality", "quality.json")
    place = line_of(team, "eve")
    assert f"::error file=meetings.yaml,line={place},col=3::not read: people.eve: " in done.out
    (report,) = json.loads((team.folder / "quality.json").read_text(encoding="utf-8"))
    assert report["location"] == {"path": "meetings.yaml", "lines": {"begin": place}}


def test_a_plan_that_names_nobody_does_not_name_the_unknown_either(team: Team, cli: Cli) -> None:
    invite(team, "eve")
    done = cli("plan", "--hide-people", "--markdown")
    assert "not know this person" in done.out
    assert re.search(r"\beve\b", done.out) is None


def test_only_the_unknown_persons_own_conference_can_not_be_started(team: Team, cli: Cli) -> None:
    invite(team, "eve")
    assert cli("start", "weekly-sync").code == 0
    refused = cli("start", "retro")
    assert refused.code == 1
    assert "DingTalk does not know eve" in refused.err


def test_an_organiser_who_left_is_told_with_line_and_meetings_and_rooms_are_asked_for_all_the_same(
    team: Team, cli: Cli
) -> None:
    team.config["people"]["eve"] = union("eve")
    team.config["meetings"]["a-first"] = team.config["meetings"]["retro"] | {"organizer": "eve", "rooms": []}
    done = cli("plan")
    assert done.code == 1
    told = " ".join(done.out.split())
    place = f"meetings.yaml:{line_of(team, 'eve')}:3"
    assert f"if eve has left, name another organiser ({place}); until then a-first stays as it is" in told
    assert "room aurora is not known" not in told
    assert "who has which room could not be read" not in told
    assert "Plan: 6 to create" in told


def test_an_invitation_that_is_refused_names_whom_it_is_about_and_is_nobodys_drift(team: Team, cli: Cli) -> None:
    team.config["people"]["eve"] = union("eve")
    invite(team, "eve")
    done = cli("apply", "-y", "--json")
    assert done.code == 1
    assert done.json["summary"]["created"] == 4
    hints = {one["error"]["hint"] for one in done.json["results"] if one["status"] == "failed"}
    (hint,) = hints
    assert hint.startswith(f"DingTalk may not know eve (meetings.yaml:{line_of(team, 'eve')}:3; in retro): ")
    assert cli("drift").code == 0


@pytest.mark.parametrize("how", [("--markdown",), ("--html=-",), ("--json",), ()], ids=str)
def test_a_saved_plan_that_hides_people_hides_who_is_unknown(team: Team, cli: Cli, how: tuple[str, ...]) -> None:
    invite(team, "eve")
    assert cli("plan", "--out", "plan.json").code == 1
    shown = cli("show", "plan.json", "--hide-people", *how).out
    assert "not know this person" in shown
    assert re.search(r"\beve\b", shown) is None


def test_hidden_people_keep_the_lines_on_which_they_stand(team: Team, cli: Cli) -> None:
    invite(team, "eve")
    team.config["people"]["meetings"] = union("frank")  # an alias that is also a part of the file's name
    done = cli("plan", "--hide-people", "--annotations", "github", "--codequality", "quality.json")
    (report,) = json.loads((team.folder / "quality.json").read_text(encoding="utf-8"))
    assert re.search(r"\beve\b", json.dumps(report)) is None
    place = f"file=meetings.yaml,line={line_of(team, 'eve')}"
    assert report["location"]["path"] == "meetings.yaml"
    assert f"::error {place}" in done.out
    (told,) = cli("plan", "--hide-people", "--json").json["failures"]
    assert told["hint"].startswith("meetings.yaml:")


def test_a_hidden_organiser_who_left_keeps_their_line(team: Team, cli: Cli) -> None:
    team.config["people"]["eve"] = union("eve")
    team.config["meetings"]["a-first"] = team.config["meetings"]["retro"] | {"organizer": "eve", "rooms": []}
    told = cli("plan", "--hide-people", "--annotations", "github").out
    assert "::error file=meetings.yaml,line=" in told
    assert re.search(r"\beve\b", told) is None


def test_what_an_unknown_organiser_has_left_is_destroyed_and_nothing_else_is_said(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    team.config["meetings"]["retro"]["organizer"] = "eve"
    done = cli("destroy", "-y")
    assert done.code == 1
    assert "stays as it is" not in done.out
    assert team.events() == []


def test_a_rebuilt_state_keeps_a_renamed_meeting_that_has_to_wait(team: Team, cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    team.config["meetings"]["look-back"] = team.config["meetings"].pop("retro")
    team.config["moved"] = {"from": "retro", "to": "look-back"}
    invite(team, "eve", meeting="look-back")
    assert cli("state", "rebuild").code == 1
    assert "look-back@2026-12-09T15:00" in cli("state", "list").out
    team.config["meetings"]["look-back"]["attendees"].remove("eve")
    assert "0 to create, 2 to update, 0 to cancel" in cli("plan").out


def test_a_404_of_a_proxy_makes_nobody_unknown(team: Team, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    team.config["people"]["bob"] = {"userid": "user-bob"}

    def answer(_self: ReadSession, call: Call, **_more: object) -> object:
        raise classify(404, b"<html>not found</html>", {}, call)

    monkeypatch.setattr(ReadSession, "read_old", answer)
    done = cli("plan")
    assert done.code == 1
    assert "does not know" not in done.out + done.err
    assert "404" in done.err
