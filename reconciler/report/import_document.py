"""The document of `import --json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from reconciler.adopting.choosing import LeftOut
from reconciler.report.document import FORMAT_VERSION, Document
from reconciler.report.times import utc


def import_document(
    tree: Mapping[str, Any],
    left_out: Iterable[LeftOut],
    *,
    workspace: str,
    organizer: str,
    window: tuple[datetime, datetime],
    events: int,
    managed: Mapping[str, int],
    now: datetime,
) -> Document:
    """Return what was found: `config` are the sections that the config lacks, as they would be written."""
    left = [
        {"title": one.title, "start": utc(one.start), "event": one.event_id, "reason": one.reason} for one in left_out
    ]
    return {
        "format_version": FORMAT_VERSION,
        "workspace": workspace,
        "generated_at": utc(now),
        "organizer": organizer,
        "window": {"from": utc(window[0]), "to": utc(window[1])},
        "summary": {"events": events, "meetings": len(tree.get("meetings", {})), "left_out": len(left)},
        "config": dict(tree),
        "left_out": left,
        "managed": [{"workspace": name, "events": number} for name, number in managed.items()],
    }
