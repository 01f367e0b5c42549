"""The document of `doctor --json`."""

from __future__ import annotations

from datetime import datetime

from reconciler.doctor.checkup import Checkup, Verdict
from reconciler.report.document import FORMAT_VERSION, Document
from reconciler.report.times import utc


def doctor_document(checkup: Checkup, *, workspace: str, now: datetime) -> Document:
    """Return all checks, in the order in which people see them."""
    return {
        "format_version": FORMAT_VERSION,
        "workspace": workspace,
        "generated_at": utc(now),
        "sound": checkup.sound,
        "summary": {verdict.value: checkup.count(verdict) for verdict in Verdict},
        "api_calls": checkup.api_calls,
        "checks": [
            {"name": check.name, "verdict": check.verdict.value, "message": check.message, "fix": check.fix}
            for check in checkup.checks
        ],
    }
