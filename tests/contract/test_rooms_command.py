"""`rooms` against the sandbox, in this process: what it prints, what it asks, what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from inprocess import Cli
from team import NOW, Team, a_team

from reconciler.resources import schema


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with a_team(tmp_path) as found:
        found.config["rooms"]["borealis"]["tags"] = ["video"]
        yield found


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def book(team: Team, room: str, hour: int, hours: int = 1) -> None:
    start = NOW + timedelta(days=1, hours=hour)
    times = {"start": start, "end": start + timedelta(hours=hours)}
    shown = {name: {"dateTime": at.isoformat(), "timeZone": "Asia/Shanghai"} for name, at in times.items()}
    document = {"action": "create_event", "organizer": "union-bob", "summary": "x", "rooms": [room], **shown}
    team.sandbox.control("edits", document)


def document(cli: Cli, *arguments: str) -> dict[str, Any]:
    done = cli("rooms", *arguments, "--json")
    assert done.code == 0, done.err
    jsonschema.validate(done.json, schema("rooms"))
    return done.json


def asked(team: Team) -> list[str]:
    return [call["api"] for call in team.sandbox.control("calls")["calls"] if call["counted"]]


def rules(team: Team, room: str, **changed: Any) -> None:
    team.sandbox.control("edits", {"action": "change_room", "room": room, "rules": changed})


def test_the_list_tells_rules_and_asks_for_them_once_in_three_days(cli: Cli, team: Team) -> None:
    rules(team, "room-cirrus", approval=True, most_minutes=120)
    team.config["rooms"]["gone"] = {"id": "room-gone"}
    text = cli("rooms", "list").out
    for told in ("cirrus", "6 seats", "bookings need approval; at most 120 min", "gone", "DingTalk does not know it"):
        assert told in text, text
    assert asked(team) == ["rooms.list", *["rooms.get"] * 3]
    found = {room["alias"]: room for room in document(cli, "list")["rooms"]}
    assert asked(team)[4:] == ["rooms.list"]  # the rules are remembered
    assert found["cirrus"]["rules"]["approval"] is True
    assert found["gone"]["known"] is False
    assert document(cli, "list", "--brief")["rooms"][0].keys() == found["gone"].keys()


def test_free_tells_which_rooms_can_be_had_and_who_has_the_others(cli: Cli, team: Team) -> None:
    book(team, "room-aurora", 2)  # Monday 10:00 in Shanghai
    rules(team, "room-cirrus", least_minutes=90)
    done = cli("rooms", "free", "--at", "2026-11-30T10:30", "--for", "1h")
    assert done.code == 0, done.err
    assert [line.split("  ")[0] for line in done.out.splitlines() if line] == [
        "1 room is free, Mon 2026-11-30 10:30–11:30 (Asia/Shanghai)", "✓ borealis", "✗ cirrus", "✗ aurora",
    ]  # fmt: skip
    assert "bob has it until Mon 2026-11-30 11:00" in done.out
    assert "must be booked for at least 90 minutes" in done.out
    assert asked(team) == ["rooms.list", "rooms.busy", "rooms.get", "rooms.get"]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2027-03-28T02:30", "Sun 2027-03-28 03:30–04:30 (Europe/Berlin)"),  # there is no half past two
        ("2026-10-25T02:30", "Sun 2026-10-25 02:30–02:30 (Europe/Berlin)"),  # which comes twice
    ],
)
def test_an_hour_is_an_hour_when_clocks_are_put_forward_or_back(cli: Cli, at: str, told: str) -> None:
    done = cli("rooms", "free", "--at", at, "--for", "1h", "--timezone", "Europe/Berlin")
    assert done.code == 0, done.err
    assert told in done.out


@pytest.mark.parametrize(
    ("arguments", "free"),
    [
        (["--at", "2026-11-30T10:00"], ["cirrus", "borealis"]),
        (["--at", "2026-11-30T11:00"], ["cirrus", "borealis", "aurora"]),
        (["--at", "2026-11-30T03:00", "--timezone", "Europe/Berlin"], ["cirrus", "borealis"]),
        (["--at", "2026-11-30T02:00+00:00", "--capacity", "7"], ["borealis"]),
        (["--at", "2026-11-30T10:00", "--tags", "video"], ["borealis"]),
        (["--at", "2026-11-30T09:00", "--for", "1.5h", "--capacity", "12"], []),
    ],
)
def test_free_goes_by_time_seats_and_tags(cli: Cli, team: Team, arguments: list[str], free: list[str]) -> None:
    book(team, "room-aurora", 2)
    found = document(cli, "free", *arguments)
    assert [room["alias"] for room in found["rooms"] if room["free"]] == free


def test_usage_tells_booked_hours_of_everybody(cli: Cli, team: Team) -> None:
    book(team, "room-aurora", 2, hours=3)
    book(team, "room-aurora", 8)
    book(team, "room-cirrus", 2)
    found = document(cli, "usage", "--days", "100")
    assert [(room["alias"], room["hours"], room["bookings"]) for room in found["rooms"]] == [
        ("aurora", 4, 2), ("cirrus", 1, 1), ("borealis", 0, 0),
    ]  # fmt: skip
    assert asked(team) == ["rooms.busy"] * 2  # three rooms, 90 days and ten
    assert team.sandbox.control("calls")["month"] == 2
    assert "4.0 h" in cli("rooms", "usage").out


def test_its_calls_are_counted_and_nothing_is_written(cli: Cli, team: Team) -> None:
    before = team.sandbox.control("events")
    document(cli, "usage")
    state = cli("state", "pull").json
    assert state["calls"] == {"2026-11": 1}
    assert team.sandbox.control("events") == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["free", "--at", "soon"], "not an ISO 8601 moment"),
        (["free", "--at", "9999-12-31T23:59"], "is too far away"),
        (["usage", "--from", "0001-01-01T00:00"], "is too far away"),
        (["free"], "--at"),
        (["free", "--at", "2026-11-30T10:00", "--for", "0m"], "no time to meet"),
        (["free", "--at", "2026-11-30T10:00", "--for", "90"], "has no unit: write 90m for minutes"),
        (["free", "--at", "2026-11-30T10:00", "--organizer", "zoe"], "no person 'zoe'"),
        (["usage", "--timezone", "Mars/Base"], "Mars/Base"),
    ],
)
def test_a_wrong_question_is_told(cli: Cli, arguments: list[str], told: str) -> None:
    done = cli("rooms", *arguments)
    assert done.code in {1, 64}
    assert told in done.err
