"""The run of this process: an id that its log lines, its lock and its messages share, and the CI job it belongs to."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{3,500}")
_JOB_URLS = ("CI_JOB_URL", "BUILD_URL")  # GitLab, Jenkins


def new_run_id(environment: Mapping[str, str]) -> str:
    """Return `RECONCILER_RUN_ID`, with which a pipeline ties runs together, or a new id."""
    given = environment.get("RECONCILER_RUN_ID", "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex[:12]


RUN_ID = new_run_id(os.environ)


def job_url(environment: Mapping[str, str]) -> str:
    """Return the address of the CI job that runs us, "" where none is known or it is not a plain URL."""
    found = next((environment[name] for name in _JOB_URLS if environment.get(name)), "")
    server, repository, run = (environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if not found and server and repository and run:
        found = f"{server}/{repository}/actions/runs/{run}"
    return found if _URL.fullmatch(found) else ""
