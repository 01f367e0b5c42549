"""The workflow files are what GitHub, GitLab and pre-commit take: by the schemas that are published for them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples" / "ci"
FILES = {
    "github/meetings.yml": "github-workflows",
    "github/reconciler/action.yml": "github-actions",
    "gitlab/meetings.gitlab-ci.yml": "gitlab-ci",
}


class Words(yaml.SafeLoader):
    """YAML 1.2 as these services read it: `on` is a word."""


Words.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Words)  # noqa: S506  # a SafeLoader


@pytest.mark.parametrize(("file", "schema"), FILES.items())
def test_a_workflow_file_is_valid(file: str, schema: str) -> None:
    document = json.loads((ROOT / "tests" / "data" / "schemas" / f"{schema}.json").read_text(encoding="utf-8"))
    errors = validator_for(document)(document).iter_errors(read(EXAMPLES / file))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_every_example_is_checked() -> None:
    assert {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.y*ml")} == FILES.keys()


def test_the_hook_has_what_pre_commit_needs() -> None:
    (hook,) = read(ROOT / ".pre-commit-hooks.yaml")
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert hook["pass_filenames"] is False
    assert [bool(re.search(hook["files"], name)) for name in ("meetings.yaml", "a/meetings.yml", "x.yaml")] == [
        True, True, False,
    ]  # fmt: skip


def test_no_script_of_github_takes_text_that_others_write() -> None:
    """An expression inside a script is code: values come by the environment."""
    steps = read(EXAMPLES / "github/reconciler/action.yml")["runs"]["steps"]
    steps += [step for job in read(EXAMPLES / "github/meetings.yml")["jobs"].values() for step in job["steps"]]
    scripts = [step.get("run", "") + step.get("with", {}).get("script", "") for step in steps]
    assert any(scripts)
    assert not [script for script in scripts if "${{" in script]


def test_pull_requests_plan_without_the_lock() -> None:
    steps = read(EXAMPLES / "github/reconciler/action.yml")["runs"]["steps"]
    (plan,) = [step for step in steps if step.get("id") == "plan"]
    assert plan["env"]["RECONCILER_LOCK"] == "${{ github.event_name != 'pull_request' }}"
    script = "\n".join(read(EXAMPLES / "gitlab/meetings.gitlab-ci.yml")["meetings:plan"]["script"])
    assert "${CI_MERGE_REQUEST_IID:+--lock=false}" in script


def test_only_jobs_of_our_own_branches_see_secrets_and_none_may_write_to_the_repository() -> None:
    jobs = read(EXAMPLES / "github/meetings.yml")["jobs"]
    assert "secrets." not in json.dumps(jobs["validate"])
    assert "head.repo.full_name == github.repository" in jobs["plan"]["if"]
    assert jobs["apply"]["environment"] == "meetings"
    assert all(job.get("permissions", {}).get("contents", "read") == "read" for job in jobs.values())
