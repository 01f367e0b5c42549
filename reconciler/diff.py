"""(desired, observed) → changes. A failed read is not an absence: what was not seen is on neither side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import TypeVar

from reconciler.compare import Comparison, Field, compare, yielding
from reconciler.models import Conference, Key, Link, Occurrence
from reconciler.native import follows, is_date, nearest, too_many, yet_to_come
from reconciler.observed import Observation, Observed
from reconciler.patterns import Instance
from reconciler.schedule.match import match
from reconciler.schedule.period import period_of_rule
from reconciler.sharing import Role, ahead, roles

ADOPTED = "adopted: people made the event"
TAKEN_OUT = "taken out of the series in DingTalk"
AGAIN = "declared again"
OWN, SHARED = "own", "shared"  # whose conference the occurrence leads to, where that changes


T = TypeVar("T")


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
    role: Role | None = None  # of an occurrence that shares its conference with others
    keeps_conference: bool = False  # of a cancellation: others lead to it too
    replaces: bool = False  # of an update: the event goes, and another one takes its place and its conference
    ends: bool = False  # the recurring event that goes has begun: it is ended, and what has been of it stays
    quiet: bool = False  # people hear of it by what takes its place
    follows: tuple[str, ...] = ()  # addresses of changes without which its own event is not to be made
    instances: tuple[Instance, ...] = ()  # to be taken out of the recurring event

    @property
    def conference(self) -> Conference | None:
        """Return the conference that the occurrence leads to, or is to lead to; None where none is there that lives."""
        if self.role is not None:
            return self.role.conference
        return self.before.conference if self.before is not None and self.before.alive else None

    @property
    def makes_conference(self) -> bool:
        """Return whether this occurrence is the one that makes the conference that is not there."""
        return self.conference is None and (self.role is None or self.role.maker == self.address)

    @property
    def was(self) -> datetime | None:
        """Return when it started before, as people know it: of a series the date that this one takes the place of."""
        if self.before is None or self.after is None:
            return None
        event = self.before.event
        if event is None or event.recurrence is None or self.after.recurrence is None:
            series = self.before.key.series or self.after.recurrence is not None
            return self.after.start if series else self.before.start
        return self.after.start if follows(self.after, event) else nearest(event, self.after.start)

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
    roles: Mapping[Key, Role] = field(default_factory=dict)  # of those that share a conference, changed or not


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

    def is_meant(meeting: str) -> bool:
        return meeting not in excluded and (not targets or meeting in targets)

    changes = [_duplicate(one) for one in seen.duplicates if is_meant(one.key.meeting)]
    unchanged: list[tuple[Occurrence, Observed]] = []
    gone: list[Observed] = []
    known: dict[Key, Role] = {}
    for meeting, (wants, haves) in _by_meeting(wanted, seen).items():
        if meeting in seen.unresolved or not is_meant(meeting):
            continue
        pairs = list(_pairs(wants, haves, now=now))
        before_it = len(changes)
        dropped = _dropped(haves)
        shared, early = roles(pairs, haves, now=now), ahead(pairs)
        known |= shared
        for want, have in pairs:
            role = shared.get(want.key) if want is not None else None
            if have is None and want is not None:
                if want.start < create_before or want.key in early:
                    reason = (
                        TAKEN_OUT
                        if want.serial and want.start not in dropped
                        else _reason_to_create(want, pairs, "new occurrence")
                    )
                    changes.append(_creation(want, None, reason, role))
            elif want is None and have is not None:
                if have.adopting:
                    continue  # nothing of people's making is ever cancelled
                if have.event is None and not have.alive:
                    gone.append(have)
                else:
                    reason = _reason_to_cancel(have, wants)
                    changes.append(Change(action=Action.CANCEL, before=have, after=None, reason=reason))
            elif want is not None and have is not None:
                wish = yielding(want, have)
                found = _change(wish, have, role, now)
                if have.dropped:
                    found = [replace(one, reason=_reason_to_create(want, pairs, one.reason)) for one in found]
                changes.extend(found)
                if not found:
                    unchanged.append((wish, have))
        changes[before_it:] = in_turn(changes[before_it:], wants, now)
    ordered = tuple(_sparing(sorted(changes, key=_order), seen, now))
    gone += [change.before for change in ordered if change.before is not None and _needs_nothing(change)]
    left = tuple(change for change in ordered if not _needs_nothing(change))
    return Diff(changes=left, unchanged=tuple(unchanged), gone=tuple(gone), roles=known)


def _reason_to_create(
    want: Occurrence, pairs: Iterable[tuple[Occurrence | None, Observed | None]], otherwise: str
) -> str:
    """Return why an occurrence is made: it was one date of a recurring event that goes, or else `otherwise`."""
    going = (have.event for wish, have in pairs if have is not None and (wish is None or wish.recurrence is None))
    was = any(event is not None and is_date(event.recurrence, event.start, want.start) for event in going)
    return "calendar: occurrences" if was else otherwise


def _reason_to_cancel(have: Observed, wants: Iterable[Occurrence]) -> str:
    """Return why an occurrence goes: nobody wants it, or it becomes one date of a recurring event."""
    start = have.start
    if start is not None and not have.key.series:
        for want in wants:
            if is_date(want.recurrence, want.start, start) and start not in want.left_out:
                return "calendar: series"
    return "no longer declared"


def _dropped(haves: Iterable[Observed]) -> frozenset[datetime]:
    """Return the dates that we have taken out of a series ourselves: nobody else has."""
    applied = (one.entry.applied for one in haves if one.key.series and one.entry is not None)
    return frozenset(start for one in applied if one is not None for start in one.left_out)


def _needs_nothing(change: Change) -> bool:
    """Return whether all that is left of what is cancelled is a conference that others lead to."""
    no_event = change.before is not None and change.before.event is None
    return change.action is Action.CANCEL and no_event and change.keeps_conference and not change.duplicate


def _sparing(changes: Sequence[Change], seen: Observation, now: datetime) -> Iterator[Change]:
    """Yield `changes` so that none cancels a conference that others lead to, and of several that do only the first."""
    cancelled = {
        change.before.key for change in changes if change.action is Action.CANCEL and change.before is not None
    }
    spared = {
        conference_id
        for one in seen.occurrences.values()
        if one.key not in cancelled and not _is_past(one, now)
        for conference_id in (one.conference_id,)
    }
    for change in changes:
        if change.action is Action.CANCEL and change.conference is not None and not change.duplicate:
            keeps = change.conference.id in spared
            spared.add(change.conference.id)
            yield replace(change, keeps_conference=True) if keeps else change
        else:
            yield change


def _is_past(one: Observed, now: datetime) -> bool:
    if one.key.series:
        return one.has_started(now) and not one.takes_place(now)
    return one.event is not None and one.event.end <= now


def _order(change: Change) -> tuple[float, str, str]:
    start = change.start
    return (start.timestamp() if start is not None else 0.0, change.address, change.action.value)


def _pairs(
    wants: Sequence[Occurrence], haves: Sequence[Observed], *, now: datetime
) -> Iterator[tuple[Occurrence | None, Observed | None]]:
    """Yield each wanted occurrence of one meeting with the observed one it keeps, and what is left on either side."""
    series, wants = _parted(wants, [want for want in wants if want.recurrence is not None])
    events, haves = _parted(haves, [have for have in haves if have.key.series])
    begun_wants = [want.key.original for want in wants if want.start <= now]
    begun_haves = [have.key.original for have in haves if have.has_started(now)]
    wants, haves = _without_started(wants, haves, now=now)
    want_of = {want.key.original: want for want in wants}
    have_of = {have.key.original: have for have in haves}
    found = match(have_of, want_of, begun_old=begun_haves, begun_new=begun_wants, period=lambda: _period(wants))
    for after, before in found.items():
        if after not in want_of and after.date() == before.date():
            del have_of[before]  # today's, which should have begun by now: it stays as people know it
    kept = {after: before for after, before in found.items() if after in want_of and before in have_of}
    new = [want for original, want in want_of.items() if original not in kept]
    left = [have_of[original] for original in have_of.keys() - set(kept.values())]
    yield from ((want_of[original], have_of[before]) for original, before in kept.items())
    events = [event for event in events if not event.has_started(now)]
    # What a meeting was before, the next occurrence or the recurring event, hands its conference on.
    if (
        series
        and not events
        and (partner := min(_movable(left), key=lambda have: (have.event is None, have.key), default=None))
    ):
        events, left = [partner], [have for have in left if have is not partner]
    elif events and not series and new:
        series, new = [min(new, key=lambda want: want.start)], [*sorted(new, key=lambda want: want.start)[1:]]
    yield from zip_longest(series, events)
    yield from ((want, None) for want in new)
    yield from ((None, have) for have in left)


def _period(wants: Iterable[Occurrence]) -> timedelta | None:
    """Return after how long the rule of one meeting repeats, None where it has none."""
    first = min((want for want in wants if want.rule), key=lambda want: want.key.original, default=None)
    return period_of_rule(first.rule, first.key.original) if first is not None else None


def _parted(some: Sequence[T], first: list[T]) -> tuple[list[T], list[T]]:
    return first, [one for one in some if one not in first]


def _movable(haves: Iterable[Observed]) -> list[Observed]:
    return [have for have in haves if not have.adopting and have.organizer and (have.event is not None or have.alive)]


def paired(
    wanted: Iterable[Occurrence], seen: Observation, *, now: datetime
) -> Mapping[str, tuple[tuple[Occurrence | None, Observed | None], ...]]:
    """Return by meeting each wanted occurrence with the observed one that it keeps, and what is left on either side.

    What has begun by `now` is on neither side.
    """
    return {meeting: tuple(_pairs(*sides, now=now)) for meeting, sides in _by_meeting(wanted, seen).items()}


def _by_meeting(
    wanted: Iterable[Occurrence], seen: Observation
) -> Mapping[str, tuple[list[Occurrence], list[Observed]]]:
    found: dict[str, tuple[list[Occurrence], list[Observed]]] = defaultdict(lambda: ([], []))
    for occurrence in wanted:
        found[occurrence.key.meeting][0].append(occurrence)
    keys = {want.key for wants, _ in found.values() for want in wants}
    for observed in seen.occurrences.values():
        if observed.adopting and observed.key not in keys:
            continue  # it is to be the occurrence that the config names, and no other
        found[observed.key.meeting][1].append(observed)
    return found


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


def _creation(want: Occurrence, have: Observed | None, reason: str, role: Role | None) -> Change:
    comparison = Comparison()
    if role is not None and role.conference is not None:
        comparison = Comparison(conference=compare(want, as_seen(want, Observed(key=want.key), role)).conference)
    return Change(action=Action.CREATE, before=have, after=want, comparison=comparison, reason=reason, role=role)


def as_seen(want: Occurrence, have: Observed, role: Role | None) -> Observed:
    """Return `have` with the conference that `want` has to compare itself with."""
    return have if role is None else replace(have, conference=role.seen(want))


def _change(want: Occurrence, have: Observed, role: Role | None, now: datetime) -> list[Change]:
    if have.organizer and have.organizer != want.organizer and (have.event is not None or have.alive):
        reason = "another organiser: an event can't change hands"
        return [
            Change(action=Action.CANCEL, before=have, after=None, reason=reason),
            _creation(want, None, reason, role),
        ]
    if _joins_elsewhere(want, have):
        reason = f"link: {want.link}: an event can't change where people join"
        return [
            Change(action=Action.CANCEL, before=have, after=None, reason=reason),
            _creation(want, None, reason, role),
        ]
    if have.event is None and not have.alive:
        reason = AGAIN if have.dropped else "deleted in DingTalk" if have.revision else "new occurrence"
        return [_creation(want, have, reason, role)]
    if have.untouched and role is None and not have.asked and have.entry is not None and have.entry.applied == want:
        return []  # nothing was heard of the event since it was as applied, and the conference is presumed to be so
    shown = as_seen(want, have, role)
    comparison = _switched(compare(want, shown), want, have, role)
    if told := _told_of_another_event(want, have, now):
        fields = _from_then(comparison.event, want, have) if have.key.series == bool(want.recurrence) else ()
        fields = fields or (_calendar_field(want),)
        return [_replacement(want, have, replace(comparison, event=fields), role, told)]
    if comparison.fields:
        reason = _told(have, comparison)
    elif _needs_marker(want, shown):
        comparison, reason = _marker_lost(want, have), _marker_reason(want, have)
    else:
        return []
    return [Change(action=Action.UPDATE, before=have, after=want, comparison=comparison, reason=reason, role=role)]


def _told_of_another_event(want: Occurrence, have: Observed, now: datetime) -> str:
    """Return why the event can't become what is wanted, so that another one has to take its place; "" where it can."""
    if have.event is None:
        return ""
    if have.key.series != (want.recurrence is not None):
        return f"calendar: {'occurrences' if have.key.series else 'series'}"
    if want.recurrence is not None and have.event.start <= now and not follows(want, have.event):
        return "another rule or time from now on: what has been of the series stays"
    return ""


def _from_then(fields: Sequence[Field], want: Occurrence, have: Observed) -> tuple[Field, ...]:
    """Return the fields with the date of the old series that the new one begins in place of, not its first one ever."""
    assert have.event is not None  # noqa: S101  # the caller has checked
    start = nearest(have.event, want.start)
    old = {"start": start, "end": start + (have.event.end - have.event.start)}
    shown = {path: moment.astimezone(want.start.tzinfo).isoformat() for path, moment in old.items()}
    told = (replace(one, before=shown.get(one.path, one.before)) for one in fields)
    return tuple(one for one in told if one.before != one.after)


def _calendar_field(want: Occurrence) -> Field:
    kinds = ["occurrences", "series"] if want.recurrence is not None else ["series", "occurrences"]
    return Field(path="calendar", before=kinds[0], after=kinds[1])


def _replacement(want: Occurrence, have: Observed, comparison: Comparison, role: Role | None, reason: str) -> Change:
    return Change(
        action=Action.UPDATE, before=have, after=want, comparison=comparison, reason=reason, role=role, replaces=True
    )


def _switched(comparison: Comparison, want: Occurrence, have: Observed, role: Role | None) -> Comparison:
    """Return `comparison` without blame for what nobody did: where people join is the config's change."""
    if role is None:
        return comparison
    if _changes_conference(have, role):
        kinds = [OWN, SHARED] if want.link is Link.STABLE else [SHARED, OWN]
        link = Field(path="link", before=kinds[0], after=kinds[1])
        return Comparison(
            event=(*(one for one in comparison.event if one.path != "link"), link),
            conference=tuple(one for one in comparison.conference if one.path not in {"conference", "link"}),
        )
    ours = tuple(
        replace(field, drift=False) if field.path in {"conference", "link"} else field
        for field in comparison.conference
    )
    return replace(comparison, conference=ours)


def _changes_conference(have: Observed, role: Role) -> bool:
    """Return whether the occurrence leaves a conference that lives for another one: people join by another link."""
    if have.event is None or not have.alive or have.conference is None:
        return False
    return role.conference is None or role.conference.id != have.conference.id


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
    renamed = marker is not None and marker.key.meeting != want.key.meeting
    after = ADOPTED if have.adopting else f"renamed from {marker.key.meeting}" if marker and renamed else ""
    return Comparison(event=(Field(path="marker", before=marker and str(marker), after=after, drift=drift),))


def _marker_reason(want: Occurrence, have: Observed) -> str:
    marker = have.description.marker
    if marker is not None and marker.key == want.key and want.link is Link.STABLE:
        return "link: stable: it joins the conference of its meeting"
    if marker is not None and marker.key.meeting != want.key.meeting:
        return f"renamed: was {marker.key.meeting}"
    if have.adopting:
        return ADOPTED
    return "the marker is missing or moved"


def _told(have: Observed, comparison: Comparison) -> str:
    if have.dropped:
        return AGAIN
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


def in_turn(changes: Sequence[Change], wants: Sequence[Occurrence], now: datetime) -> Iterator[Change]:
    """Yield the changes of one meeting so that a recurring event and single ones never stand on the same day.

    What a recurring event takes the place of goes first, and a single event is made once the series has left its day.
    """
    if not any(_is_serial(change) for change in changes):
        yield from changes
        return
    cancels = tuple(one.address for one in changes if one.action is Action.CANCEL and not one.duplicate)
    series = tuple(one.address for one in changes if _is_serial(one) and not one.duplicate)
    comes = any(one.after is not None and one.after.recurrence is not None and _makes_event(one) for one in changes)
    goes = any(one.before is not None and one.before.key.series and one.replaces for one in changes)
    days = frozenset(want.key.original.date() for want in wants if want.recurrence is None)
    for change in changes:
        serial = change.after is not None and change.after.recurrence is not None
        follows_them = (cancels if serial else series) if _makes_event(change) else ()
        yield replace(
            change,
            ends=_has_begun(change, now),
            quiet=change.action is Action.CANCEL and (comes or goes) and not change.duplicate,
            follows=tuple(one for one in follows_them if one != change.address or change.before is None),
            instances=tuple(_taken(change, days)) if serial else (),
        )


def _is_serial(change: Change) -> bool:
    after = change.after is not None and change.after.recurrence is not None
    return after or (change.before is not None and change.before.key.series)


def _makes_event(change: Change) -> bool:
    if change.after is None:
        return False
    return change.replaces or change.before is None or change.before.event is None


def _has_begun(change: Change, now: datetime) -> bool:
    event = change.before.event if change.before is not None else None
    goes = change.replaces or change.action is Action.CANCEL
    return goes and event is not None and event.recurrence is not None and event.start <= now


def _taken(change: Change, days: frozenset[date]) -> Iterator[Instance]:
    """Yield what has to be taken out of a recurring event; people hear of a day's own event, where there is one."""
    want, have = change.after, change.before
    assert want is not None  # noqa: S101  # the caller has checked
    if have is not None and have.event is not None and not change.replaces and follows(want, have.event):
        yield from (replace(one, quiet=one.origin.date() in days) for one in too_many(want, have.instances))
        yield from (Instance(start=one, origin=one, quiet=True) for one in yet_to_come(want, have.event))
        return
    until = want.recurrence.until if want.recurrence is not None else None
    for start in want.left_out:
        if start >= want.start and (until is None or start.date() <= until):
            yield Instance(start=start, origin=start, quiet=True)
