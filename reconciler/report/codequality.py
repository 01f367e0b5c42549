"""Problems as GitLab shows them beside a line of a merge request: a Code Quality report.

Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from reconciler.errors import Problem, Severity
from reconciler.report.clean import for_terminal

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "minor"}


def codequality(problems: Iterable[Problem], *, located: Callable[[str], str] = str) -> list[dict[str, Any]]:
    """Return the report; `located` turns a file as the config names it into one relative to the repository's root.

    A fingerprint says nothing of lines: a problem that only moves is the same one, neither new nor resolved.
    """
    seen = Counter[tuple[str, ...]]()
    report = []
    for problem in problems:
        file = located(problem.position.file)
        identity = (file, problem.path, problem.severity.value, problem.message)
        seen[identity] += 1
        path = f"{problem.path}: " if problem.path else ""
        hint = f" — {problem.hint}" if problem.hint else ""
        report.append(
            {
                "description": for_terminal(f"{path}{problem.message}{hint}"),
                "check_name": f"reconciler-{problem.severity.value}",
                "fingerprint": hashlib.sha256(
                    "\0".join((*identity, str(seen[identity]))).encode(errors="backslashreplace")
                ).hexdigest(),
                "severity": _SEVERITY[problem.severity],
                "location": {"path": for_terminal(file), "lines": {"begin": problem.position.line}},
            }
        )
    return report
