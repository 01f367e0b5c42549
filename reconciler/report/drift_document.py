"""The document of `drift --json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.diff.drift import Cause, Finding, has_drift
from reconciler.model.observed import ReadFailure
from reconciler.report.document import FORMAT_VERSION, Document
from reconciler.report.times import utc


def drift_document(
    findings: Sequence[Finding], failures: Iterable[ReadFailure], *, workspace: str, now: datetime
) -> Document:
    """Return all differences, drift or not. People and rooms are their ids."""
    causes = Counter(one.cause for one in findings)
    return {
        "format_version": FORMAT_VERSION,
        "workspace": workspace,
        "generated_at": utc(now),
        "drift": has_drift(findings),
        "summary": {cause.value: causes[cause] for cause in Cause},
        "findings": [
            {
                "address": str(one.key),
                "meeting": one.key.meeting,
                "path": one.path,
                "class": one.cause.value,
                "expected": one.expected,
                "seen": one.seen,
            }
            for one in findings
        ],
        "failures": [
            {"where": one.where, "code": one.code, "message": one.message, "hint": one.hint} for one in failures
        ],
    }
