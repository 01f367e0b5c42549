"""The state, shared by an http server, as people handle it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from statehttp import PASSWORD, USER, StateServer, state_server
from team import Done, Team


@pytest.fixture
def server(team: Team) -> Iterator[StateServer]:
    with state_server() as running:
        team.config["state"] = {
            "kind": "http",
            "address": running.address,
            "lock_address": f"{running.address}/lock",
            "lock_method": "POST",
            "unlock_method": "DELETE",
        }
        yield running


def run(team: Team, *arguments: str) -> Done:
    return team.run(*arguments, TF_HTTP_USERNAME=USER, TF_HTTP_PASSWORD=PASSWORD, TF_HTTP_RETRY_WAIT_MIN="0")


def test_a_shared_state_needs_nothing_on_this_machine(team: Team, server: StateServer) -> None:
    assert run(team, "apply", "-y").code == 0
    assert not (team.folder / ".reconciler" / "state.json").exists()
    assert server.lock is None
    assert PASSWORD.encode() not in (server.body or b"")
    again = run(team, "apply", "-y", "--json")
    assert (again.code, again.json["summary"]["created"]) == (0, 0)
    assert json.loads(run(team, "state", "pull").out) == json.loads(server.body or b"")


def test_a_plan_without_lock_neither_locks_nor_writes(team: Team, server: StateServer) -> None:
    server.lock = {"ID": "x", "Who": "carol"}
    for flag in ("--lock=false", "--no-lock"):
        server.seen.clear()
        assert run(team, "plan", flag).code == 0
        assert {kind for kind, _, _ in server.seen} == {"GET state"}
    done = run(team, "apply", "-y")
    assert done.code == 1
    assert "locked by carol" in done.err
    assert "held by carol" in run(team, "state", "unlock").err
    assert run(team, "apply", "-y").code == 0


def test_a_state_that_could_not_be_saved_is_kept_told_and_pushed(team: Team, server: StateServer) -> None:
    server.refusals["POST state"] = [(500, "")] * 3
    done = run(team, "apply", "-y", "--json")
    assert done.code == 1
    assert done.json["summary"]["created"] == 6  # what was done is told all the same
    left = team.folder / ".reconciler" / "errored.state.json"
    assert "reconciler state push" in done.err
    assert server.body is None
    pushed = run(team, "state", "push", str(left))
    assert pushed.code == 0, pushed.err
    assert "6 occurrences" in pushed.err
    assert not left.exists()
    assert run(team, "plan", "--detailed-exitcode").code == 0


def test_occurrences_are_renamed_and_forgotten(team: Team) -> None:
    team.apply()
    known = team.run("state", "list").out.split()
    told = team.run("state", "mv", "retro", "review").err
    assert told.startswith(f"{len(known) - 4} moved\nnow rename retro to review in the config")
    assert team.run("state", "mv", known[-1], "weekly-sync@2031-01-01T10:00").code == 0
    assert json.loads(team.run("state", "show", "weekly-sync@2031-01-01T10:00").out)["event_id"]
    assert team.run("state", "rm", "review", "weekly-sync@2031-01-01T10:00").code == 0
    assert len(team.run("state", "list").out.split()) == 3
    for wrong in (["mv", "retro", "x"], ["rm", "retro"], ["mv", "weekly-sync", "x@2031-01-01T10:00"]):
        assert team.run("state", *wrong).code == 64
    assert team.run("state", "mv", *team.run("state", "list").out.split()[:2]).code == 64
    assert team.run("plan", "--detailed-exitcode").code == 0  # the markers know better


@pytest.mark.parametrize(
    "line",
    [
        ("rm", "retro@2026-12-09T15:00"),
        ("rm", "retro"),
        ("rm", "--organizer", "union-bob"),
        ("mv", "retro@2026-12-09T15:00", "retro@2026-12-10T15:00"),
    ],
    ids=" ".join,
)
def test_events_whose_occurrence_was_forgotten_or_renamed_are_found_again(team: Team, line: tuple[str, ...]) -> None:
    team.apply()
    assert team.run("plan").code == 0  # from now on the calendars tell only what changes
    assert team.run("state", *line).code == 0
    assert team.plan()["changes"] == []


def test_a_meeting_renamed_in_the_state_and_then_in_the_config_keeps_its_events(team: Team) -> None:
    team.apply()
    ids = {event.id for event in team.events()}
    assert team.run("state", "mv", "retro", "review").code == 0
    team.config["meetings"]["review"] = team.config["meetings"].pop("retro")
    planned = team.run("plan", "--json").json
    assert planned["summary"]["create"] == planned["summary"]["cancel"] == 0
    assert planned["summary"]["update"] > 0  # the new name is written into the markers
    team.apply()
    assert {event.id for event in team.events()} == ids
    assert team.run("plan", "--detailed-exitcode", "--refresh=full").code == 0


def test_a_field_of_another_kind_of_place_is_an_error(team: Team) -> None:
    team.config["state"] = {"kind": "local", "address": "https://example.com/state"}
    done = team.run("validate")
    assert done.code == 1
    assert "address means nothing to kind local" in done.err + done.out
