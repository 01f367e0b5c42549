"""Which wanted occurrence is which observed one, meeting by meeting; what has begun is left out on either side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import TypeVar

from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Key, Link, Occurrence
from reconciler.schedule.match import match
from reconciler.schedule.period import period_of_rule
from reconciler.schedule.zones import is_zone, localise, zone

T = TypeVar("T")


def pairs_of(
    wants: Sequence[Occurrence], haves: Sequence[Observed], *, now: datetime
) -> Iterator[tuple[Occurrence | None, Observed | None]]:
    """Yield each wanted occurrence of one meeting with the observed one it keeps, and what is left on either side."""
    series, wants = _parted(wants, [want for want in wants if want.recurrence is not None])
    events, haves = _parted(haves, [have for have in haves if have.key.series])
    local_of = _locally(wants, haves)
    begun_wants = [want.key.original for want in wants if want.start <= now]
    begun_haves = [local_of[have.key] for have in haves if have.has_started(now)]
    wants, haves = _without_started(wants, haves, local_of, now=now)
    want_of = {want.key.original: want for want in wants}
    have_of = {local_of[have.key]: have for have in haves}
    found = match(have_of, want_of, begun_old=begun_haves, begun_new=begun_wants, period=lambda: _period(wants))
    for after, before in found.items():
        if after not in want_of and after.date() == before.date():
            del have_of[before]  # today's, which should have begun by now: it stays as people know it
    kept = {after: before for after, before in found.items() if after in want_of and before in have_of}
    new = [want for original, want in want_of.items() if original not in kept]
    left = [have_of[local] for local in have_of.keys() - set(kept.values())]
    yield from ((want_of[original], have_of[before]) for original, before in kept.items())
    events = [event for event in events if not event.has_started(now)]
    # What a meeting was before, the next occurrence or the recurring event, hands its conference on.
    if (
        series
        and not events
        and (partner := min(_movable(left), key=lambda have: (have.event is None, have.key), default=None))
    ):
        events, left = [partner], [have for have in left if have is not partner]
    elif _movable(one for one in events if not is_spent(one, new, now=now)) and not series and new:
        series, new = [min(new, key=lambda want: want.start)], [*sorted(new, key=lambda want: want.start)[1:]]
    yield from zip_longest(series, events)
    yield from ((want, None) for want in new)
    yield from ((None, have) for have in left)


def _locally(wants: Sequence[Occurrence], haves: Sequence[Observed]) -> dict[Key, datetime]:
    """Return the original local start of each observed occurrence of one meeting, by its key, as the wanted ones tell.

    Where the meeting has gone to another zone, that is what the clocks there show at the same moment: by what the old
    ones showed, a daily meeting might seem to be nearest to that of another day. What has the same name is the same.
    """
    called = {want.key.original for want in wants}
    here = wants[0].timezone if wants else ""
    moved = [have for have in haves if have.key.original not in called and _zone_of(have) not in {"", here}]
    found = {have.key: have.key.original for have in haves}
    if not here or not moved:
        return found
    for have in moved:
        del found[have.key]
    taken = {*found.values()}
    for have in sorted(moved, key=lambda one: one.key):
        local = localise(have.key.original, zone(_zone_of(have))).astimezone(zone(here)).replace(tzinfo=None)
        while local in taken:  # clocks that are put back show two moments alike
            local += timedelta(microseconds=1)
        taken.add(local)
        found[have.key] = local
    return found


def _zone_of(have: Observed) -> str:
    """Return the zone in which the original start of an occurrence is told, "" where nobody knows it."""
    applied = have.applied
    if applied is not None:
        return applied.timezone
    return have.event.timezone if have.event is not None and is_zone(have.event.timezone) else ""


def _period(wants: Iterable[Occurrence]) -> timedelta | None:
    """Return after how long the rule of one meeting repeats, None where it has none."""
    first = min((want for want in wants if want.rule), key=lambda want: want.key.original, default=None)
    return period_of_rule(first.rule, first.key.original) if first is not None else None


def _parted(some: Sequence[T], first: list[T]) -> tuple[list[T], list[T]]:
    return first, [one for one in some if one not in first]


def is_spent(one: Observed, wants: Iterable[Occurrence], *, now: datetime) -> bool:
    """Return whether of a recurring event only a conference is left that is over, and each of `wants` has its own."""
    if one.event is not None or not one.key.series or one.conference is None or one.conference.end > now:
        return False
    return any(want.link is Link.PER_OCCURRENCE and want.recurrence is None for want in wants)


def _movable(haves: Iterable[Observed]) -> list[Observed]:
    return [have for have in haves if not have.adopting and have.organizer and (have.event is not None or have.alive)]


def paired(
    wanted: Iterable[Occurrence], seen: Observation, *, now: datetime
) -> Mapping[str, tuple[tuple[Occurrence | None, Observed | None], ...]]:
    """Return by meeting each wanted occurrence with the observed one that it keeps, and what is left on either side.

    What has begun by `now` is on neither side.
    """
    return {meeting: tuple(pairs_of(*sides, now=now)) for meeting, sides in by_meeting(wanted, seen).items()}


def by_meeting(
    wanted: Iterable[Occurrence], seen: Observation
) -> Mapping[str, tuple[list[Occurrence], list[Observed]]]:
    """Return by meeting what is wanted of it and what was seen of it."""
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
    wants: Sequence[Occurrence], haves: Sequence[Observed], local_of: Mapping[Key, datetime], *, now: datetime
) -> tuple[list[Occurrence], list[Observed]]:
    """Leave out what has begun on either side, together with its other half, by key or else by local date."""
    started = [have for have in haves if have.has_started(now)]
    begun = [want for want in wants if want.start <= now]
    gone = {have.key for have in started}
    held = gone | {want.key for want in begun}
    keys = {want.key for want in wants}
    days = {local_of[have.key].date() for have in started if have.key not in keys}
    wanted_days = {want.key.original.date() for want in wants if want.key in held}
    # What is to be on an earlier day, which is over, does not take place on a later one either.
    have_of = {have.key: have for have in haves}
    left_alone = gone | {
        want.key for want in begun if want.end > now or not is_on_another_day(want, have_of.get(want.key))
    }
    return (
        [want for want in wants if want.key not in held and want.key.original.date() not in days - wanted_days],
        [have for have in haves if have.key not in left_alone],
    )


def is_on_another_day(want: Occurrence, have: Observed | None) -> bool:
    """Return whether a change or a day off takes an occurrence to another day, or back from where we have put it."""
    if "time" in want.ignore:
        return False  # people say when it is
    applied = have.applied if have is not None else None
    if applied is None:  # nobody knows where we have put it: a person may have put it off since
        there = have.start.astimezone(want.start.tzinfo) if have is not None and have.start is not None else None
        own = want.key.original.date()
        return want.start.date() != own and (there is None or there.date() == own)
    if have is not None and have.start != applied.start and want.start.date() == want.key.original.date():
        return False  # a person has put it off
    return want.start.date() != applied.start.date()
