"""The agenda, chosen by meeting, room and person, and as a calendar to subscribe to. In this process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import recurring_ical_events
from icalendar import Calendar
from inprocess import Cli
from team import NOW, Team


@pytest.fixture
def cli(team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(team, monkeypatch, capsys)


def _told(document: dict[str, Any]) -> list[str]:
    return [one["address"] for one in document["occurrences"]]


def test_an_agenda_is_chosen_by_meeting_room_and_person(cli: Cli) -> None:
    cli.team.config["groups"]["guests"] = ["carol"]
    sync = [f"weekly-sync@2026-{day}T10:00" for day in ("11-30", "12-07")]
    retro = [f"retro@2026-{day}T15:00" for day in ("12-09",)]
    for options, addresses in [
        ([], [*sync, *retro]),
        (["--meeting", "retro"], retro),
        (["--room", "aurora"], sync),
        (["--room", "aurora", "--room", "borealis"], [*sync, *retro]),
        (["--person", "dave"], retro),
        (["--person", "carol"], sync),
        (["--person", "bob"], [*sync, *retro]),  # invited to one, organises the other
        (["--person", "dave", "--room", "aurora"], []),
        (["--person", "platform"], [*sync, *retro]),  # a group: alice or bob
        (["--person", "guests"], sync),
    ]:
        assert _told(cli("agenda", "--json", *options).json) == addresses, options
    for option in ("--meeting", "--room", "--person"):
        done = cli("agenda", option, "nobody")
        assert (done.code, "there is no" in done.err) == (64, True)


def test_an_agenda_tells_times_in_the_zone_that_is_asked_for(cli: Cli) -> None:
    first = cli("agenda", "--json", "--timezone", "Asia/Tokyo").json["occurrences"][0]
    told = [first[name] for name in ("start", "end", "timezone")]
    assert told == ["2026-11-30T11:00:00+09:00", "2026-11-30T11:45:00+09:00", "Asia/Tokyo"]
    for options in (["--json"], []):
        done = cli("agenda", "--timezone", "Mars/Olympus", *options)
        assert (done.code, "occurrences" in done.out, "Mars/Olympus" in done.err) == (64, False, True)


def test_the_exported_calendar_has_the_occurrences_and_links_of_the_agenda(cli: Cli) -> None:
    assert cli("apply", "-y").code == 0
    agenda = cli("agenda", "--json").json["occurrences"]
    text = cli("agenda", "--ics", "-").out
    found = recurring_ical_events.of(Calendar.from_ical(text)).between(NOW, NOW + timedelta(days=14))
    assert sorted((one.start.astimezone(UTC), str(one["SUMMARY"]), str(one["URL"])) for one in found) == sorted(
        (datetime.fromisoformat(one["start"]).astimezone(UTC), one["title"], one["url"]) for one in agenda
    )
    assert all(one["url"] for one in agenda)


def test_a_calendar_is_written_to_a_file(cli: Cli) -> None:
    done = cli("agenda", "--ics", "retro.ics", "--person", "dave")
    assert (done.code, done.out, done.err) == (0, "", "Wrote 1 meeting to retro.ics\n")
    (event,) = Calendar.from_ical((cli.team.folder / "retro.ics").read_bytes()).walk("VEVENT")
    assert event["UID"] == f"retro@{cli.team.config['workspace']}.reconciler"
    assert cli("agenda", "--ics", "no/such/folder.ics").code == 1
    assert cli("agenda", "--ics", "-", "--json").code == 64
