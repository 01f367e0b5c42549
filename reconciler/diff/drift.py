"""What DingTalk shows against what was last applied: every difference, and whose doing it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.diff.change import TAKEN_OUT, Change
from reconciler.diff.changes import diff
from reconciler.diff.compare import Field, compare
from reconciler.diff.sharing import Role
from reconciler.diff.updating import as_seen
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Key, Occurrence, RoomStatus
from reconciler.model.settings import plain, write_only


class Cause(StrEnum):
    EDITED = "edited"  # a person changed it in DingTalk: the one that is drift
    APPROVAL = "approval"  # somebody's decision: a room that waits for one, an invitation that was answered
    DEFAULT = "default"  # DingTalk's own value of something that nobody declares
    OURS = "ours"  # the config has changed and is not applied yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference, as plain JSON values. `expected` is what was last applied; where it is ours, what is declared."""

    key: Key
    path: str
    cause: Cause
    expected: Any
    seen: Any
    observed: Observed | None = None


def find_drift(
    wanted: Iterable[Occurrence],
    seen: Observation,
    *,
    now: datetime,
    create_before: datetime,
    targets: frozenset[str] = frozenset(),
    excluded: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Return all differences of what has not started, by occurrence.

    Where nothing is remembered of an occurrence, the config is what it is compared with: then a change of the config
    and one by a person can't be told apart, and count as a person's.
    """
    found = diff(wanted, seen, now=now, create_before=create_before, targets=targets, excluded=excluded)
    pairs = [*found.unchanged]
    findings: list[Finding] = []
    replaced = {change.address for change in found.changes if change.before is None}
    for change in found.changes:
        if change.after is not None and change.before is not None:
            pairs.append((change.after, change.before))
        else:
            findings += _one_sided(change, replaced)
    for want, have in pairs:
        findings += _of_pair(want, have, found.roles.get(want.key))
    return tuple(sorted(findings, key=lambda one: (one.key, one.cause, one.path)))


def has_drift(findings: Iterable[Finding]) -> bool:
    """Return whether a person changed anything."""
    return any(one.cause is Cause.EDITED for one in findings)


def _one_sided(change: Change, replaced: set[str]) -> Iterator[Finding]:
    have = change.before
    if have is None:
        want = change.want
        by_people = change.reason == TAKEN_OUT
        path, cause = ("event", Cause.EDITED) if by_people else ("occurrence", Cause.OURS)
        yield Finding(key=want.key, path=path, cause=cause, expected=want.title, seen=None)
        return
    title = have.event.title if have.event is not None else ""
    if change.duplicate:
        cause = Cause.EDITED if have.event is not None else Cause.OURS
        yield Finding(key=have.key, path="copy", cause=cause, expected=None, seen=title, observed=have)
        return
    last = have.applied
    if last is not None and have.event is not None:
        # Of what is declared no more the conference is not asked about.
        yield from (_finding(have.key, field, have) for field in compare(last, have).event)
    if change.address not in replaced:
        yield Finding(key=have.key, path="occurrence", cause=Cause.OURS, expected=None, seen=title, observed=have)


def _of_pair(want: Occurrence, have: Observed, role: Role | None) -> Iterator[Finding]:
    last = have.applied
    shown = as_seen(want, have, role)
    open_fields = {field.path: field for field in compare(want, shown).fields}
    by_people = [
        finding
        for field in compare(last or want, shown).fields
        if not have.dropped
        and (now_open := open_fields.get(field.path)) is not None  # what the config has accepted by now is no drift
        and now_open.before == field.before
        and (finding := _finding(want.key, field, have)).cause is Cause.EDITED
        and not _ours_to_share(field.path, have, role)
        and not (field.path == "event" and _never_made(have))
    ]
    yield from by_people
    if have.adopting:
        yield Finding(key=want.key, path="marker", cause=Cause.OURS, expected="", seen=None, observed=have)
    elif have.event is not None and have.marker is None:
        yield Finding(key=want.key, path="marker", cause=Cause.EDITED, expected="", seen=None, observed=have)
    told = {finding.path for finding in by_people} | {"marker"}
    for path, field in open_fields.items():
        if path not in told:
            yield _finding(want.key, field, have, cause=Cause.OURS)
    yield from _told_only(want, have, last)


def _never_made(have: Observed) -> bool:
    """Return whether we have made a conference and no event yet: something stood in the way, and nobody deleted it."""
    return have.event is None and have.marker is None and have.entry is not None and not have.entry.event_id


def _ours_to_share(path: str, have: Observed, role: Role | None) -> bool:
    """Return whether a difference is but where a shared conference stands, or that it is shared (or no more)."""
    if path.startswith("conference."):
        return True
    return role is not None and (path == "link" or (path == "conference" and have.alive))


def _finding(key: Key, field: Field, have: Observed, cause: Cause | None = None) -> Finding:
    # What can't be read back is known by the marker alone, which no person writes.
    unreadable = field.path == "ui_lock" or (
        field.path.startswith("settings.") and bool(write_only({field.path.removeprefix("settings."): ""}))
    )
    known = cause or (Cause.OURS if unreadable else Cause.EDITED)
    return Finding(key=key, path=field.path, cause=known, expected=field.after, seen=field.before, observed=have)


def _told_only(want: Occurrence, have: Observed, last: Occurrence | None) -> Iterator[Finding]:
    waiting = [room.room_id for room in have.event.rooms if room.status is RoomStatus.TENTATIVE] if have.event else []
    if waiting:
        yield Finding(
            key=want.key, path="rooms", cause=Cause.APPROVAL, expected=waiting, seen="tentative", observed=have
        )
    responses = have.event.responses if have.event is not None else ()
    for response in sorted({response for _, response in responses}):
        people = [who for who, answered in responses if answered == response]
        yield Finding(
            key=want.key, path="attendees", cause=Cause.APPROVAL, expected=people, seen=response, observed=have
        )
    settings = have.conference.settings if have.conference is not None else None
    for name, value in plain(settings or {}).items():
        if name not in want.settings and (last is None or name not in last.settings):
            path = f"settings.{name}"
            yield Finding(key=want.key, path=path, cause=Cause.DEFAULT, expected=None, seen=value, observed=have)
