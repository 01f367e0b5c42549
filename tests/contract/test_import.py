"""From thirty meetings that people made by hand to a config that adopts them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from adopting import ZONE, Hands, look, reasons, write_into
from jsonschema import Draft202012Validator, FormatChecker
from team import NOW, a_team, clean_environment, union

from reconciler.apply.outcome import Status
from reconciler.cli.main import run
from reconciler.config import load
from reconciler.diff.change import ADOPTED
from reconciler.errors import ConfigError, UsageError
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Event
from reconciler.resources import schema
from reconciler.sandbox.seed import Person, RoomSeed, Seed, apply_seed

CONFIG = """\
# The meetings of a team.
version: 1
workspace: acme-platform
provider: {{kind: dingtalk, endpoint: "{endpoint}"}}
horizon: 28d   # four weeks
defaults: {{timezone: Asia/Shanghai, organizer: alice}}
people:
  alice: union-alice   # leads
  bob: union-bob
groups: {{platform: [alice, bob]}}
rooms:
  aurora: {{id: room-aurora, capacity: 12}}
meetings:
  # planned long ago
  review:
    title: Review
    schedule: {{start: 2026-12-04T16:00, duration: 1h}}
"""


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        people = {"union-wei": Person(name="王伟"), "union-platform": Person(name="Platform")}
        rooms = {"room-moon": RoomSeed(name="Moon Room (3F)", capacity=6)}
        apply_seed(team.sandbox.gateway.store, Seed(people=people, rooms=rooms))
        text = CONFIG.format(endpoint=team.sandbox.endpoint)
        (team.folder / "meetings.yaml").write_text(text, encoding="utf-8")
        yield Hands(team=team)


def thirty(hands: Hands) -> list[str]:
    """Make what a person has in a calendar; return the ids of what can be adopted."""
    made = []
    for week in range(10):  # one is missing, one was moved to another day, one to another hour
        day = date(2026, 11, 30) + timedelta(weeks=week)
        if week == 4:
            continue
        start = {2: "2026-12-15T10:00", 6: "2027-01-11T14:00"}.get(week, f"{day}T10:00")
        people = ["bob", "wei", *(["carol"] if week == 7 else [])]
        made.append(hands.create("Weekly sync", start, 45, people=people, rooms=["aurora"], online=True))
    for number in range(6):  # every working day of a week, and the Monday after it
        day = date(2026, 12, 7) + timedelta(days=number + 2 * (number == 5))
        made.append(hands.create("晨会", f"{day}T09:00", 15, people=["wei", "platform"]))
    for number in range(4):  # every other week
        day = date(2026, 12, 2) + timedelta(weeks=2 * number)
        made.append(hands.create("Retro", f"{day}T15:00", people=["bob"], rooms=["moon"] if number else ["aurora"]))
    fridays = ("2026-12-25", "2027-01-29", "2027-02-26", "2027-03-26")  # the last of the month
    made += [hands.create("All hands", f"{friday}T17:00", 90, online=True) for friday in fridays]
    made.append(hands.create("Dentist", "2026-12-03T08:30", 30, description="private"))
    made += [hands.create("Weekly sync", f"2026-12-{day:02}T10:00", people=["dave"]) for day in (1, 8)]  # other people
    made += [hands.create("1:1", f"2026-12-0{day}T11:00", 30, people=["bob"]) for day in (1, 3)]
    made += [hands.create("Retro", "2026-12-09T15:00", 30, people=["carol"]), hands.create("!!!", "2026-12-10T15:00")]
    return made


def calendar(hands: Hands) -> dict[str, Event]:
    """Return alice's events by id, as people see them: without our marker, and when they were touched."""
    found = hands.team.client.events.list(organizer=union("alice"), since=NOW, show_deleted=False).events
    return {one.id: replace(one, description=parse_description(one.description).body, updated="") for one in found}


def test_thirty_meetings_are_adopted_and_nothing_else_happens(hands: Hands) -> None:
    ids = thirty(hands)
    assert len(ids) == 30
    before = calendar(hands)
    assert before.keys() == set(ids)
    found = look(hands)
    assert (found.events, found.left_out) == (30, ())
    assert len([one for one in hands.calls() if one.startswith("event.view")]) == 1
    write_into(hands, found)
    for planned in (hands.plan_of_file(forget=True), hands.plan_of_file()):
        ours = [one for one in planned.plan.changes if one.change.after and one.change.after.key.meeting != "review"]
        assert len(ours) == 30
        assert {one.change.reason for one in ours} == {ADOPTED}
        assert {operation.call.value for one in ours for operation in one.operations} == {"event.update"}
        assert {one.notifies for one in ours} == {0}
    outcome = hands.apply(hands.plan_of_file())
    assert outcome.count(Status.DONE) == 31
    after = calendar(hands)
    assert {event_id: after[event_id] for event_id in ids} == before  # same ids, same links, same people and rooms
    assert not hands.plan_of_file().plan.changes
    assert not hands.plan_of_file(forget=True).plan.changes
    assert look(hands).events == 0  # what is managed is not found again


def test_what_recurs_becomes_a_rule_with_its_exceptions(hands: Hands) -> None:
    thirty(hands)
    meetings = look(hands).tree["meetings"]
    assert set(meetings) == {
        "weekly-sync", "weekly-sync-2", "chenhui", "retro", "retro-2", "all-hands", "dentist", "1-1", "meeting"
    }  # fmt: skip
    sync = meetings["weekly-sync"]
    assert sync["link"] == "event"
    assert sync["schedule"] == {
        "start": "2026-11-30T10:00",
        "duration": "45m",
        "timezone": ZONE,
        "repeat": {"every": "week", "on": ["mon"], "until": "2027-02-01"},
        "skip": ["2026-12-28T10:00"],
        "change": {
            "2026-12-14T10:00": {"start": "2026-12-15T10:00"},
            "2027-01-11T10:00": {"start": "14:00"},
            "2027-01-18T10:00": {"attendees": ["bob", "carol", "王伟"]},
        },
    }
    assert (sync["attendees"], sync["rooms"], len(sync["adopt"])) == (["bob", "王伟"], ["aurora"], 9)
    days = ["mon", "tue", "wed", "thu", "fri"]
    assert meetings["chenhui"]["schedule"]["repeat"] == {"every": "week", "on": days, "until": "2026-12-14"}
    assert meetings["retro"]["schedule"]["repeat"]["every"] == "2 weeks"
    assert meetings["retro"]["schedule"]["change"] == {"2026-12-02T15:00": {"rooms": ["aurora"]}}
    assert meetings["all-hands"]["schedule"]["repeat"] == {"every": "month", "on": ["-1fri"], "until": "2027-03-26"}
    assert meetings["1-1"]["schedule"]["add"] == ["2026-12-03T11:00"]
    assert "repeat" not in meetings["dentist"]["schedule"]
    assert not {"attendees", "rooms"} & meetings["dentist"].keys()  # nobody and nothing is declared


def test_people_and_rooms_get_names_that_nobody_has(hands: Hands) -> None:
    thirty(hands)
    found = look(hands)
    assert found.tree["people"] == {
        "carol": union("carol"), "dave": union("dave"), "platform-2": "union-platform", "王伟": "union-wei"
    }  # fmt: skip
    assert found.tree["rooms"] == {"moon-room-3f": "room-moon"}


def test_comments_and_layout_of_the_config_stay(hands: Hands) -> None:
    hands.create("Dentist", "2026-12-03T08:30", 30)
    before = (hands.team.folder / "meetings.yaml").read_text(encoding="utf-8")
    after = write_into(hands, look(hands))
    assert after.startswith(before)
    assert "  # Imported from the calendar of alice on 2026-11-29: 1 event in 1 meeting.\n" in after


def test_the_text_alone_is_a_file_of_a_folder(hands: Hands) -> None:
    thirty(hands)
    text = look(hands).text
    (hands.team.folder / "imported.yaml").write_text(text, encoding="utf-8")
    config = load(hands.team.folder, now=NOW)
    assert len(config.meetings) == 10
    assert text.startswith("# Imported from the calendar of alice")


def test_an_event_with_a_title_longer_than_a_conferences_is_imported(hands: Hands) -> None:
    titles = ["Planning " * 30 + "end", "会议" * 1000]
    hands.declare()
    hands.team.write()
    for number, title in enumerate(titles):
        hands.create(title, f"2026-12-0{number + 1}T08:00")
    found = look(hands, days=28)
    assert (found.events, found.left_out) == (2, ())
    write_into(hands, found)
    made = hands.plan_of_file()
    assert reasons(made) == {ADOPTED}
    hands.apply(made)
    assert hands.plan_of_file().plan.changes == ()
    assert {event.title for event in hands.team.events("alice")} == set(titles)


def test_what_cant_be_declared_is_left_out_with_the_reason(hands: Hands) -> None:
    series = {"pattern": {"type": "absoluteMonthly", "dayOfMonth": 30}, "range": {"type": "noEnd"}}
    hands.create("Monthly native", "2026-11-30T08:00", recurrence=series)
    hands.create("Long", "2026-12-02T08:00", 25 * 60)
    hands.create("Full", "2026-12-03T08:00", description="y" * 4990)
    hands.create("Odd\u202e", "2026-12-04T08:00")
    days = {"start": {"date": "2026-12-05"}, "end": {"date": "2026-12-06"}}
    hands.edit(action="create_event", organizer=union("alice"), summary="Holiday", isAllDay=True, **days)
    hands.create("Invited", "2026-12-05T08:00", organizer="bob", people=["alice"])
    hands.create("Managed", "2026-12-06T08:00", description="reconciler:1/other/sync/2026-12-06T08:00?conference=x")
    found = look(hands, days=28)
    assert found.events == 0
    told = {one.title: one.reason for one in found.left_out}
    assert set(told) == {"Monthly native", "Long", "Full", "Odd\u202e", "Holiday"}
    assert "1 to come, on single days, from 2026-11-30T08:00 to 2026-11-30" in told["Monthly native"]
    assert "a month without a day 30 is not documented" in told["Monthly native"]
    assert "24 hours" in told["Long"]
    assert "no room for the marker" in told["Full"]
    assert "whole days" in told["Holiday"]
    lines = found.text.splitlines()
    assert all(line.startswith("# ") for line in lines)
    assert "\u202e" not in found.text
    assert len(lines) == 1 + 5 + 1  # what another workspace manages


def test_days_off_of_the_config_do_not_count_for_what_is_there(hands: Hands) -> None:
    path = hands.team.folder / "meetings.yaml"
    closed = "closures: [{from: 2026-12-07}]\n"
    path.write_text(path.read_text(encoding="utf-8") + closed, encoding="utf-8")
    for day in ("2026-11-30", "2026-12-07", "2026-12-14"):
        hands.create("Sync", f"{day}T10:00")
    found = look(hands)
    assert (found.events, found.left_out) == (3, ())
    assert found.tree["meetings"]["sync"]["holidays"] == {"skip": [], "closures": False}
    write_into(hands, found)
    assert reasons(hands.plan_of_file()) == {ADOPTED, "new occurrence"}


def test_what_no_schedule_can_say_is_left_out(hands: Hands) -> None:
    """Of these four the second is not over when the third begins."""
    for start in ("2026-12-01T08:00", "2026-12-02T10:00", "2026-12-03T08:00", "2026-12-04T08:00", "2026-12-05T08:00"):
        hands.create("Marathon", start, 23 * 60)
    hands.create("Dentist", "2026-12-03T08:30", 30)
    found = look(hands)
    assert (found.events, [one.title for one in found.left_out]) == (1, ["Marathon"])
    assert found.left_out[0].reason.startswith("5 events: ")


def test_a_window_bounds_what_is_found(hands: Hands) -> None:
    hands.create("Dentist", "2026-12-03T08:30", 30)
    hands.create("Dentist", "2027-02-03T08:30", 30)
    assert look(hands, days=30).events == 1
    with pytest.raises(UsageError, match="by a year at most"):
        look(hands, days=400)
    with pytest.raises(UsageError, match="no person 'nobody'"):
        look(hands, organizer="nobody")


def test_what_is_named_for_adoption_is_not_imported_twice(hands: Hands) -> None:
    hands.create("Dentist", "2026-12-03T08:30", 30)
    write_into(hands, look(hands))
    assert look(hands).events == 0


def test_what_a_workspace_manages_already_is_passed_over_and_counted(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    marker = "reconciler:1/{}/daily/2026-12-0{}T10:00?conference=c&revision=0&applied=x"
    for day in (1, 2, 3):
        hands.create("Daily", f"2026-12-0{day}T10:00", 30, description=marker.format("other-team", day))
    hands.create("Of a newer program", "2026-12-04T10:00", 30, description="reconciler:2/newer-team/x/whatever")
    hands.create("Ours", "2026-12-07T10:00", 30, description=marker.format("acme-platform", 7))
    hands.create("An invitation", "2026-12-08T10:00", 30, organizer="bob", people=["alice"],
                 description=marker.format("third-team", 8))  # fmt: skip
    hands.create("Dentist", "2026-12-03T08:30", 30)
    found = look(hands)
    assert (found.events, found.left_out) == (1, ())
    assert found.managed == {"acme-platform": 1, "newer-team": 1, "other-team": 3}
    assert "# Passed over: 3 events that workspace other-team manages already" in found.text
    for name, value in (clean_environment(hands.team.sandbox) | {"RECONCILER_NOW": NOW.isoformat()}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(hands.team.folder)
    assert run(["import", "--organizer", "alice", "--json"]) == 0
    done = capsys.readouterr()
    assert "passed over: 3 events that workspace other-team manages already" in done.err
    assert "passed over: 1 event that this workspace manages already" in done.err
    document = json.loads(done.out)
    Draft202012Validator(schema("import"), format_checker=FormatChecker()).validate(document)
    assert document["managed"][-1] == {"workspace": "other-team", "events": 3}


def test_the_command_writes_into_the_config_and_prints_documents(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hands.create("Dentist", "2026-12-03T08:30", 30)
    hands.create("Flight", "2026-12-04T08:30", 30 * 60)
    for name, value in (clean_environment(hands.team.sandbox) | {"RECONCILER_NOW": NOW.isoformat()}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(hands.team.folder)
    asked = ["import", "--organizer", "alice"]
    assert run([*asked, "--out", "meetings.yaml"]) == run([*asked, "--out", "a", "--write"]) == 64
    assert "exists already" in capsys.readouterr().err
    assert run([*asked, "--out", "dentist.yaml"]) == 0
    assert run(asked) == 0
    done = capsys.readouterr()
    assert "left out: Flight, 2026-12-04T08:30: it lasts longer than 24 hours" in done.err
    assert done.out == (hands.team.folder / "dentist.yaml").read_text(encoding="utf-8")
    config = hands.team.folder / "meetings.yaml"
    config.rename(hands.team.folder / "elsewhere.yaml")
    config.symlink_to("elsewhere.yaml")
    assert run([*asked, "--write", "--json"]) == 0
    assert config.is_symlink()
    done = capsys.readouterr()
    document = json.loads(done.out)
    Draft202012Validator(schema("import"), format_checker=FormatChecker()).validate(document)
    assert document["summary"] == {"events": 1, "meetings": 1, "left_out": 1}
    assert "next: `reconciler plan`" in done.err
    monkeypatch.setenv("RECONCILER_IN_AUTOMATION", "1")
    assert run([*asked, "--out", "again.yaml"]) == 0
    assert "next:" not in capsys.readouterr().err
    assert list(load(config, now=NOW).meetings["dentist"].adopt) == [datetime(2026, 12, 3, 8, 30)]  # noqa: DTZ001  # local
    assert run([*asked, "--write"]) == 0
    assert "nothing to import" in capsys.readouterr().err
    assert run([*asked, "--out", "nothing.yaml"]) == 0  # in a folder of configs an empty file would be a mistake
    assert not (hands.team.folder / "nothing.yaml").exists()
    assert "nothing.yaml is not written" in capsys.readouterr().err


def test_a_broken_config_is_told_before_anybody_is_asked(hands: Hands) -> None:
    (hands.team.folder / "meetings.yaml").write_text("version: 2", encoding="utf-8")
    with pytest.raises(ConfigError):
        look(hands)
