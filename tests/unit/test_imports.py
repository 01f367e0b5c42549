"""What is imported, and what is not: the start of the program is most of what a short command takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = "requests yaml ruamel jsonschema deepdiff flask werkzeug jinja2 rich dateutil icalendar pandas numpy ortools"
SCRIPT = f"""
import atexit, sys
heavy = {HEAVY.split()!r}
atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))
from reconciler.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"], ["completion", "bash"]])
def test_what_only_tells_about_the_program_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert imported(tmp_path, *arguments) == "[]\n"


def test_a_completion_of_options_imports_nothing_heavy(tmp_path: Path) -> None:
    complete = {"_RECONCILER_COMPLETE": "bash_complete", "COMP_LINE": "reconciler plan --t"}
    assert imported(tmp_path, **complete) == "[]\n"


def imported(folder: Path, *arguments: str, **environment: str) -> str:
    """Run the command line in `folder`; return what it has imported of what is heavy."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr
