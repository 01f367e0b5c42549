"""What people change in DingTalk is told, and can be accepted into the config."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import pytest
import yaml
from team import Team, union

from reconciler.resources import schema


def merged(tree: Any, patch: Any) -> Any:
    """Return `tree` after a merge patch: mappings merge, null takes away, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    old = tree if isinstance(tree, dict) else {}
    whole = old | {key: merged(old.get(key), value) for key, value in patch.items()}
    return {key: value for key, value in whole.items() if value is not None}


def edit(team: Team, action: str, **fields: Any) -> None:
    team.sandbox.control("edits", {"action": action, **fields})


def test_drift_is_told_by_the_exit_code_and_nothing_is_written(team: Team) -> None:
    team.apply()
    assert team.run("drift").code == 0
    event = team.events()[0]
    edit(team, "change_event", event=event.id, summary="By hand")
    writes = [call for call in team.sandbox.control("calls")["calls"] if "update" in call["api"]]
    done = team.run("drift")
    assert done.code == 2
    assert "By hand" in done.out
    document = team.run("drift", "--json")
    assert document.code == 2
    jsonschema.validate(document.json, schema("drift"))
    assert document.json["summary"]["edited"] == 1
    assert [call for call in team.sandbox.control("calls")["calls"] if "update" in call["api"]] == writes
    assert team.run("drift", "--target", "retro").code == 0


def test_answers_to_an_invitation_are_told_and_no_drift(team: Team) -> None:
    team.apply()
    event = team.events("bob")[0]
    edit(team, "answer_invitation", event=event.id, person="union-alice", status="declined")
    edit(team, "answer_invitation", event=event.id, person="union-dave", status="accepted")
    done = team.run("drift", "-v")
    assert done.code == 0, done.err
    assert "No drift" in done.out
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert {"approval attendees alice → declined", "approval attendees dave → accepted"} <= set(lines)
    document = team.run("drift", "--json").json
    jsonschema.validate(document, schema("drift"))
    found = [(one["path"], one["expected"], one["seen"]) for one in document["findings"] if one["class"] == "approval"]
    assert found == [("attendees", ["union-dave"], "accepted"), ("attendees", ["union-alice"], "declined")]
    assert team.run("plan", "--detailed-exitcode").code == 0
    assert "declined" not in (team.folder / ".reconciler" / "state.json").read_text(encoding="utf-8")


def test_drift_that_is_accepted_is_no_drift_and_plans_nothing_of_it(team: Team) -> None:
    team.apply()
    first, second, *rest = (event for event in team.events("alice") if event.title == "Weekly sync")
    edit(team, "change_event", event=first.id, summary="Kick-off")
    edit(team, "add_attendees", event=first.id, attendees=[{"id": "union-dave"}])
    edit(team, "delete_event", event=second.id)
    moved = {"dateTime": "2026-12-15T09:30:00+08:00", "timeZone": "Asia/Shanghai"}
    until = {"dateTime": "2026-12-15T10:30:00+08:00", "timeZone": "Asia/Shanghai"}
    edit(team, "change_event", event=rest[0].id, start=moved, end=until)
    for event in team.events("bob"):
        if event.title == "Retrospective":
            edit(team, "change_event", event=event.id, summary="Retro")
    done = team.run("drift", "--adopt")
    assert done.code == 2
    patch = yaml.safe_load(done.out)
    assert patch["meetings"]["retro"] == {"title": "Retro"}
    assert patch["meetings"]["weekly-sync"]["schedule"]["skip"] == ["2026-12-07T10:00"]
    team.config = merged(team.config, patch)
    assert team.run("validate").code == 0, team.run("validate").err
    assert team.run("drift").code == 0
    team.apply()
    assert team.plan()["changes"] == []
    titles = sorted(event.title for event in team.events())
    assert titles == ["Kick-off", "Retro", "Retro", "Weekly sync", "Weekly sync"]


def adopted(team: Team) -> tuple[dict[str, Any], str]:
    """Merge what `drift --adopt` prints into the config; return that, and what it tells besides."""
    done = team.run("drift", "--adopt")
    assert done.code == 2
    patch = yaml.safe_load(done.out) or {}
    team.config = merged(team.config, patch)
    assert team.run("validate").code == 0, done.out + team.run("validate").err
    return patch, done.err


def test_what_changed_of_an_occurrence_with_a_change_is_accepted(team: Team) -> None:
    change = {"2026-11-30": {"duration": "2h"}, "2026-12-07": {"title": "Special"}, "2026-12-14": {"title": "Other"}}
    team.config["meetings"]["weekly-sync"]["schedule"]["change"] = change
    team.apply()
    first, second, third, _ = team.events("alice")
    start = {"dateTime": "2026-11-30T10:00:00+08:00", "timeZone": "Asia/Shanghai"}
    end = {"dateTime": "2026-11-30T10:45:00+08:00", "timeZone": "Asia/Shanghai"}
    edit(team, "change_event", event=first.id, start=start, end=end)  # as long as the others
    edit(team, "delete_event", event=second.id)
    edit(team, "change_event", event=third.id, summary="Weekly sync")  # named as the others
    adopted(team)
    assert "2026-12-07" not in team.config["meetings"]["weekly-sync"]["schedule"]["change"]
    assert team.run("drift").code == 0
    team.apply()
    assert [(one.title, one.end - one.start) for one in team.events("alice")] == [
        ("Weekly sync", timedelta(minutes=45)),
        ("Weekly sync", timedelta(minutes=45)),
        ("Weekly sync", timedelta(minutes=45)),
    ]


def test_a_title_that_all_got_is_accepted_for_those_with_one_of_their_own(team: Team) -> None:
    team.config["meetings"]["retro"]["schedule"]["change"] = {"2026-12-09": {"title": "Special"}}
    team.apply()
    for event in team.events("bob"):
        if event.organizer == union("bob"):
            edit(team, "change_event", event=event.id, summary="Look back")
    adopted(team)
    assert team.run("drift").code == 0


def test_what_no_config_can_say_is_told_and_not_in_the_patch(team: Team) -> None:
    team.apply()
    first, second, third, fourth = team.events("alice")
    edit(team, "change_event", event=first.id, summary="N" * 60)
    edit(team, "change_event", event=second.id, summary="odd \u202e")
    start = {"dateTime": "2026-12-14T10:00:00+08:00", "timeZone": "Asia/Shanghai"}
    for event, end in ((third, "2026-12-14T10:45:30"), (fourth, "2026-12-22T18:00:00")):
        begin = start if event is third else start | {"dateTime": "2026-12-21T10:00:00+08:00"}
        edit(team, "change_event", event=event.id, start=begin, end=start | {"dateTime": f"{end}+08:00"})
    patch, told = adopted(team)
    assert patch == {}
    for reason in ("longer than 50 characters", "a control character", "not a whole minute", "longer than 24 hours"):
        assert reason in told


def test_what_drift_tells_of_conferences_the_next_apply_puts_back(team: Team) -> None:
    team.apply()
    first, second = team.events("bob")
    edit(team, "change_conference", conference=team.conference(first).id, title="By hand")
    edit(team, "cancel_conference", conference=team.conference(second).id)
    assert team.run("plan", "--detailed-exitcode").code == 0  # they were made a moment ago: nobody asks again
    assert team.run("drift").code == 2
    assert {change["meeting"] for change in team.plan()["changes"]} == {"retro"}
    team.apply()
    assert team.run("drift").code == 0


@pytest.mark.parametrize("answer", ["accepted", "declined"])
def test_an_answer_to_an_invitation_is_no_drift(team: Team, answer: str) -> None:
    team.apply()
    event = team.events("alice")[0]
    edit(team, "answer_invitation", event=event.id, person="union-bob", status=answer)
    assert team.run("drift").code == 0
    assert team.run("drift", "--adopt").out == ""


def test_without_a_state_the_config_is_what_it_is_compared_with(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    edit(team, "change_event", event=event.id, summary="By hand")
    (team.folder / ".reconciler" / "state.json").unlink()
    findings = team.run("drift", "--json").json["findings"]
    assert ("title", "edited") in {(one["path"], one["class"]) for one in findings}
