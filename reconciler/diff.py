"""(desired, observed) → changes. A failed read is not an absence: what was not seen is on neither side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.compare import Comparison, Field, compare, yielding
from reconciler.models import Link, Occurrence
from reconciler.observed import Observation, Observed
from reconciler.schedule.match import match

ADOPTED = "adopted: people made the event"


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One occurrence that has to change. CREATE has no event `before`, CANCEL nothing `after`."""

    action: Action
    before: Observed | None
    after: Occurrence | None
    comparison: Comparison = field(default_factory=Comparison)
    reason: str = ""
    duplicate: bool = False  # cancels one event too many; the occurrence itself goes on

    @property
    def address(self) -> str:
        """Return the address under which people know it: the new one, where it moved."""
        return str(self.after.key if self.after is not None else self.before.key if self.before is not None else "")

    @property
    def start(self) -> datetime | None:
        """Return when it starts: as wanted, or as it was."""
        return self.after.start if self.after is not None else self.before.start if self.before is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What has to change, by start; and the pairs that need nothing."""

    changes: tuple[Change, ...]
    unchanged: tuple[tuple[Occurrence, Observed], ...] = ()
    gone: tuple[Observed, ...] = ()  # wanted no more, and nothing is left of them


def diff(
    wanted: Iterable[Occurrence],
    seen: Observation,
    *,
    now: datetime,
    create_before: datetime,
    targets: frozenset[str] = frozenset(),
    excluded: frozenset[str] = frozenset(),
) -> Diff:
    """Return the changes that turn what was `seen` into what is `wanted`.

    `wanted` has to reach as far, back and ahead, as what was seen. Nothing that has started by `now` is touched, and
    nothing is created that starts at `create_before` or later. With `targets` only those meetings are looked at,
    and those `excluded` are not.
    """
    by_meeting: dict[str, tuple[list[Occurrence], list[Observed]]] = defaultdict(lambda: ([], []))
    for occurrence in wanted:
        by_meeting[occurrence.key.meeting][0].append(occurrence)
    keys = {want.key for wants, _ in by_meeting.values() for want in wants}
    for observed in seen.occurrences.values():
        if observed.adopting and observed.key not in keys:
            continue  # it is to be the occurrence that the config names, and no other
        by_meeting[observed.key.meeting][1].append(observed)

    def is_meant(meeting: str) -> bool:
        return meeting not in excluded and (not targets or meeting in targets)

    changes = [_duplicate(one) for one in seen.duplicates if is_meant(one.key.meeting)]
    unchanged: list[tuple[Occurrence, Observed]] = []
    gone: list[Observed] = []
    for meeting, (wants, haves) in by_meeting.items():
        if meeting in seen.unresolved or not is_meant(meeting):
            continue
        for want, have in _pairs(wants, haves, now=now):
            if have is None and want is not None:
                if want.start < create_before:
                    changes.append(Change(action=Action.CREATE, before=None, after=want, reason="new occurrence"))
            elif want is None and have is not None:
                if have.adopting:
                    continue  # nothing of people's making is ever cancelled
                if have.event is None and not have.alive:
                    gone.append(have)
                else:
                    changes.append(Change(action=Action.CANCEL, before=have, after=None, reason="no longer declared"))
            elif want is not None and have is not None:
                wish = yielding(want, have)
                found = _change(wish, have)
                changes.extend(found)
                if not found:
                    unchanged.append((wish, have))
    return Diff(changes=tuple(sorted(changes, key=_order)), unchanged=tuple(unchanged), gone=tuple(gone))


def _order(change: Change) -> tuple[float, str, str]:
    start = change.start
    return (start.timestamp() if start is not None else 0.0, change.address, change.action.value)


def _pairs(
    wants: Sequence[Occurrence], haves: Sequence[Observed], *, now: datetime
) -> Iterator[tuple[Occurrence | None, Observed | None]]:
    """Yield each wanted occurrence of one meeting with the observed one it keeps, and what is left on either side."""
    wants, haves = _without_started(wants, haves, now=now)
    want_of = {want.key.original: want for want in wants}
    have_of = {have.key.original: have for have in haves}
    kept = match(tuple(have_of), tuple(want_of))
    for original, want in want_of.items():
        yield want, have_of.get(kept[original]) if original in kept else None
    for original in have_of.keys() - set(kept.values()):
        yield None, have_of[original]


def _without_started(
    wants: Sequence[Occurrence], haves: Sequence[Observed], *, now: datetime
) -> tuple[list[Occurrence], list[Observed]]:
    """Leave out what has begun on either side, together with its other half, by key or else by local date."""
    started = [have for have in haves if have.has_started(now)]
    held = {have.key for have in started} | {want.key for want in wants if want.start <= now}
    days = {have.key.original.date() for have in started}
    wanted_days = {want.key.original.date() for want in wants if want.key in held}
    return (
        [want for want in wants if want.key not in held and want.key.original.date() not in days - wanted_days],
        [have for have in haves if have.key not in held],
    )


def _change(want: Occurrence, have: Observed) -> list[Change]:
    if have.organizer and have.organizer != want.organizer and (have.event is not None or have.alive):
        reason = "another organiser: an event can't change hands"
        return [
            Change(action=Action.CANCEL, before=have, after=None, reason=reason),
            Change(action=Action.CREATE, before=None, after=want, reason=reason),
        ]
    if _joins_elsewhere(want, have):
        reason = f"link: {want.link}: an event can't change where people join"
        return [
            Change(action=Action.CANCEL, before=have, after=None, reason=reason),
            Change(action=Action.CREATE, before=None, after=want, reason=reason),
        ]
    comparison = compare(want, have)
    if have.event is None and not have.alive:
        reason = "deleted in DingTalk" if have.revision else "new occurrence"
        return [Change(action=Action.CREATE, before=have, after=want, reason=reason)]
    if comparison.fields:
        return [
            Change(action=Action.UPDATE, before=have, after=want, comparison=comparison, reason=_told(have, comparison))
        ]
    if _needs_marker(want, have):
        return [
            Change(
                action=Action.UPDATE,
                before=have,
                after=want,
                comparison=_marker_lost(want, have),
                reason=_marker_reason(want, have),
            )
        ]
    return []


def _joins_elsewhere(want: Occurrence, have: Observed) -> bool:
    """Return whether people join by a conference of ours where the event is to have its own, or the other way."""
    if want.link is Link.EVENT:
        return have.alive
    ours = have.marker.conference if have.marker is not None else have.entry.conference_id if have.entry else ""
    return have.event is not None and have.event.own_conference != "" and not have.alive and not ours


def _needs_marker(want: Occurrence, have: Observed) -> bool:
    """Return whether the event's marker no longer leads to this occurrence and its conference."""
    marker = have.description.marker
    return (
        marker is None
        or marker.key != want.key
        or (have.conference is not None and marker.conference != have.conference.id)
        or not (have.event is not None and have.event.description.rstrip().endswith(str(marker)))
    )


def _marker_lost(want: Occurrence, have: Observed) -> Comparison:
    marker = have.description.marker
    drift = (marker is None or marker.key == want.key) and not have.adopting
    after = ADOPTED if have.adopting else ""
    return Comparison(event=(Field(path="marker", before=marker and str(marker), after=after, drift=drift),))


def _marker_reason(want: Occurrence, have: Observed) -> str:
    marker = have.description.marker
    if marker is not None and marker.key.meeting != want.key.meeting:
        return f"renamed: was {marker.key.meeting}"
    if have.adopting:
        return ADOPTED
    return "the marker is missing or moved"


def _told(have: Observed, comparison: Comparison) -> str:
    told = _reason(comparison.fields)
    return f"{ADOPTED}; {told}" if have.adopting else told


def _reason(fields: Sequence[Field]) -> str:
    by_people = [field.path for field in fields if field.drift]
    ours = [field.path for field in fields if not field.drift]
    told = [f"config: {', '.join(ours)}"] if ours else []
    if by_people:
        told.append(f"changed in DingTalk: {', '.join(by_people)}")
    return "; ".join(told)


def _duplicate(observed: Observed) -> Change:
    reason = "a second event with the same marker"
    if observed.event is None:
        reason = "a second conference, of a run that was cut short"
    return Change(action=Action.CANCEL, before=observed, after=None, reason=reason, duplicate=True)
