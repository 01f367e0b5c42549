"""The shell steps of the workflow files, run as their services do, against the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from statehttp import PASSWORD, USER, state_server
from team import NOW, Done, Team, clean_environment

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples" / "ci"
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None, reason="these services run bash")


def shell(team: Team, script: str, **environment: str) -> Done:
    team.write()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BASH or "", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=team.folder,
        env=clean_environment(team.sandbox) | {"RECONCILER_NOW": NOW.isoformat(), "PATH": path} | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


def github(team: Team, name: str, **environment: str) -> Done:
    """Run the step of the composite action that is called `name`."""
    steps = yaml.safe_load((EXAMPLES / "github/reconciler/action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == name]
    return shell(
        team,
        script,
        RECONCILER_CONFIG="meetings.yaml",
        PLAN_FILE="plan.json",
        RUNNER_TEMP=str(team.folder),
        GITHUB_OUTPUT=str(team.folder / "output"),
        GITHUB_STEP_SUMMARY=str(team.folder / "summary"),
        GITHUB_WORKSPACE=str(team.folder),
        **environment,
    )


def gitlab(team: Team, job: str, **environment: str) -> Done:
    jobs = yaml.safe_load((EXAMPLES / "gitlab/meetings.gitlab-ci.yml").read_text(encoding="utf-8"))
    variables = {"RECONCILER_CONFIG": jobs["variables"]["RECONCILER_CONFIG"]}
    return shell(team, "\n".join(jobs[job]["script"]), **variables, **environment)


def test_the_github_action_validates_plans_and_applies_that_plan(team: Team) -> None:
    for name in ("Validate", "Plan", "Apply"):
        done = github(team, name)
        assert done.code == 0, done.err
    assert (team.folder / "plan.md").read_text(encoding="utf-8").startswith("<!-- reconciler plan: acme-platform -->")
    assert "to_add<<" in (team.folder / "output").read_text(encoding="utf-8")
    assert len(team.events()) == 6


def test_the_github_action_fails_on_a_mistake_with_annotations_and_a_reason(team: Team) -> None:
    team.config["meetings"]["retro"]["rooms"] = ["borealiss"]
    assert github(team, "Validate").out.startswith("::error file=meetings.yaml,line=")
    done = github(team, "Plan")
    assert done.code == 1
    assert "::error file=meetings.yaml,line=" in done.err
    assert (team.folder / "plan.md").read_text(encoding="utf-8") == ""
    assert "validation-failed" in (team.folder / "output").read_text(encoding="utf-8")


def test_a_plan_for_review_leaves_the_lock_of_a_shared_state_alone(team: Team) -> None:
    with state_server() as state:
        state.lock = {"ID": "x", "Who": "an apply"}
        team.config["state"] = {
            "kind": "http", "address": state.address, "lock_address": f"{state.address}/lock", "lock_method": "POST",
        }  # fmt: skip
        login = {"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": PASSWORD}
        for done in (
            github(team, "Plan", RECONCILER_LOCK="false", **login),
            gitlab(team, "meetings:plan", CI_MERGE_REQUEST_IID="3", **login),
        ):
            assert done.code == 0, done.err
        assert {kind for kind, _, _ in state.seen} == {"GET state"}
        assert github(team, "Plan", RECONCILER_LOCK="true", **login).code == 1
        assert gitlab(team, "meetings:plan", **login).code == 1


def test_many_cancellations_at_once_are_applied_where_the_job_agrees_to_them(team: Team) -> None:
    every_day = {"start": "2026-11-30T08:00", "duration": "15m", "repeat": {"every": "day"}}
    team.config["meetings"]["daily"] = {"title": "Daily", "schedule": every_day}
    team.apply()
    del team.config["meetings"]["daily"]
    assert github(team, "Plan").code == 0
    assert github(team, "Apply", RECONCILER_ALLOW_CANCEL="0").code == 1
    assert "unsafe-plan" in (team.folder / "output").read_text(encoding="utf-8")
    assert github(team, "Apply", RECONCILER_ALLOW_CANCEL="28").code == 0
    assert {event.title for event in team.events()} == {"Weekly sync", "Retrospective"}


def test_the_gitlab_jobs_validate_plan_and_apply_that_plan(team: Team) -> None:
    for job in ("meetings:validate", "meetings:plan", "meetings:apply"):
        done = gitlab(team, job)
        assert done.code == 0, done.err
    assert json.loads((team.folder / "gl-code-quality-report.json").read_text()) == []
    assert json.loads((team.folder / "plan-summary.json").read_text()) == {"create": 6, "update": 0, "delete": 0}
    assert len(team.events()) == 6


def test_what_could_not_be_read_is_told_in_review_and_the_rest_is_applied_after_the_merge(team: Team) -> None:
    team.config["people"]["eve"] = {"userid": "user-eve"}  # who has left
    team.config["meetings"]["retro"]["attendees"].append("eve")
    assert github(team, "Plan").code == 1
    assert "people.eve" in (team.folder / "plan.md").read_text(encoding="utf-8")
    assert (team.folder / "plan.html").exists()
    kept: list[dict[str, Any]] = []
    with notes(kept) as (address, _):
        request = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "3"}
        assert gitlab(team, "meetings:plan", RECONCILER_NOTE_TOKEN="t", **request).code == 1
    assert "people.eve" in kept[0]["body"]
    assert gitlab(team, "meetings:plan").code == 0
    assert gitlab(team, "meetings:apply").code == 1
    assert {event.title for event in team.events()} == {"Weekly sync"}


def test_a_mistake_in_the_config_leaves_no_plan_of_before_to_be_applied(team: Team) -> None:
    assert gitlab(team, "meetings:plan").code == 0
    team.config["meetings"]["retro"]["rooms"] = ["borealiss"]
    for done in (github(team, "Plan"), gitlab(team, "meetings:plan")):
        assert done.code == 1
        assert not (team.folder / "plan.json").exists()


def test_a_merge_request_has_one_note(team: Team) -> None:
    other: dict[str, Any] = {"id": 1, "body": "Looks good"}
    with notes([other]) as (address, kept):
        request = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "3"}
        for _ in range(2):
            done = gitlab(team, "meetings:plan", RECONCILER_NOTE_TOKEN="t", **request)
            assert done.code == 0, done.err
            team.config["meetings"]["retro"]["title"] = "Another"
    assert len(kept) == 2
    assert kept[0] == other
    assert "| retro | Another |" in kept[1]["body"]


@contextmanager
def notes(kept: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the address of a GitLab with the notes of merge request 3 of project 7, and these notes."""
    path = "/projects/7/merge_requests/3/notes"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(kept if self.path == f"{path}?per_page=100&page=1" else [])

        def do_POST(self) -> None:
            assert self.path == path
            kept.append({"id": len(kept) + 1, "body": self.body()})
            self.answer(kept[-1])

        def do_PUT(self) -> None:
            one = next(one for one in kept if self.path == f"{path}/{one['id']}")
            one["body"] = self.body()
            self.answer(one)

        def body(self) -> str:
            assert self.headers["PRIVATE-TOKEN"] == "t"
            return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

        def answer(self, document: object) -> None:
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", kept
        finally:
            server.shutdown()
            thread.join()
