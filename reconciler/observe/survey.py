"""A pass over what DingTalk shows: whom it asks, about what, and what it has found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from reconciler.dingtalk import Reader
from reconciler.model.state import State
from reconciler.observe.findings import Findings
from reconciler.observe.reads import Reads
from reconciler.observe.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Questions to the `reader` about what is in `scope`, as of `now`, side by side by means of `reads`.

    What comes of them goes into `findings`, the one thing here that grows.
    """

    reader: Reader
    reads: Reads
    scope: Scope
    now: datetime
    findings: Findings = field(default_factory=Findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Asking):
    """A pass over the calendars, which also goes by what is remembered."""

    state: State
