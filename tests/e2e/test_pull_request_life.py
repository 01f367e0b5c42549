"""The life of a pull request, on runners that keep nothing: plan, comment, merge, apply of that very plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from statehttp import PASSWORD, USER, StateServer, state_server
from team import NOW, Done, Team

from reconciler.dingtalk import EventPatch


class Pipeline:
    """Jobs that share a state and the artifacts they are given; each begins in an empty folder."""

    def __init__(self, team: Team, server: StateServer) -> None:
        self._team = team
        self._root = team.folder
        self._jobs = 0
        lock = f"{server.address}/lock"
        self._environment = {
            "CI": "true",
            "TF_HTTP_ADDRESS": server.address,
            "TF_HTTP_LOCK_ADDRESS": lock,
            "TF_HTTP_UNLOCK_ADDRESS": lock,
            "TF_HTTP_LOCK_METHOD": "POST",
            "TF_HTTP_UNLOCK_METHOD": "DELETE",
            "TF_HTTP_USERNAME": USER,
            "TF_HTTP_PASSWORD": PASSWORD,
        }
        team.config["state"] = {"kind": "http"}

    @property
    def folder(self) -> Path:
        return self._team.folder

    def job(self, *arguments: str, artifact: Path | None = None) -> Done:
        self._jobs += 1
        self._team.folder = self._root / f"job{self._jobs}"
        self._team.folder.mkdir()
        if artifact is not None:
            (self.folder / artifact.name).write_bytes(artifact.read_bytes())
        return self._team.run(*arguments, now=NOW, **self._environment)


@pytest.fixture
def pipeline(team: Team) -> Iterator[Pipeline]:
    with state_server() as server:
        found = Pipeline(team, server)
        done = found.job("apply", "-y")
        assert done.code == 0, done.err
        yield found


def planned(team: Team, pipeline: Pipeline) -> Path:
    """Let a branch move a meeting; return the plan that the pull request shows."""
    team.config["meetings"]["retro"]["schedule"]["start"] = "2026-01-07T16:00"
    done = pipeline.job("plan", "--out", "plan.json", "--markdown", "--lock=false")
    assert done.code == 0, done.err
    assert "retro" in done.out
    assert "15:00" in done.out
    assert "16:00" in done.out
    return pipeline.folder / "plan.json"


def test_what_was_reviewed_is_applied_and_then_nothing_is_left_to_do(team: Team, pipeline: Pipeline) -> None:
    plan = planned(team, pipeline)
    shown = pipeline.job("show", plan.name, artifact=plan)
    assert shown.code == 0, shown.err
    links = team.conferences()
    applied = pipeline.job("apply", plan.name, artifact=plan)
    assert applied.code == 0, applied.err + applied.out
    assert team.conferences() == links
    assert {event.start.hour for event in team.events("bob")} == {16}
    second = pipeline.job("plan", "--detailed-exitcode")
    assert second.code == 0, second.out
    assert pipeline.job("drift").code == 0


def test_what_a_person_changed_in_between_makes_the_plan_refuse(team: Team, pipeline: Pipeline) -> None:
    plan = planned(team, pipeline)
    event = team.events("bob")[0]
    patch = EventPatch(title="Retro with cake")
    team.client.events.patch(organizer=event.organizer, event_id=event.id, patch=patch, token="by-hand")
    before = team.events()
    refused = pipeline.job("apply", plan.name, artifact=plan)
    assert refused.code == 1
    assert "the plan is stale: retro@" in refused.err
    assert "was changed in DingTalk" in refused.err
    assert team.events() == before


def test_a_merge_in_between_makes_the_plan_refuse(team: Team, pipeline: Pipeline) -> None:
    plan = planned(team, pipeline)
    reviewed = team.config["meetings"]["retro"]["schedule"]["start"]
    team.config["meetings"]["retro"]["schedule"]["start"] = "2026-01-07T15:00"
    team.config["meetings"]["weekly-sync"]["title"] = "Platform sync"
    assert pipeline.job("apply", "-y").code == 0
    team.config["meetings"]["retro"]["schedule"]["start"] = reviewed
    refused = pipeline.job("apply", plan.name, artifact=plan)
    assert refused.code == 1
    assert "the config has changed" in refused.err
    assert "the state has changed" in refused.err
