"""Single events that recur → groups, each with a rule that has exactly them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from reconciler.adopting.choosing import One
from reconciler.diff.compare import held_rooms
from reconciler.model.occurrence import Attendee, Event
from reconciler.schedule.fit import Fit, fit
from reconciler.schedule.zones import elapsed

T = TypeVar("T")
A_GROUP = 3  # so many events at one time of the day are a meeting of their own
_REACH = timedelta(days=3)  # how far an occurrence is moved and still is the one it was
_MOSTLY = 0.5  # so much of all people that two events invite must be invited by both


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One meeting to be: `fit` has the dates of all `members`, which are by their original local starts.

    `attendees` and `rooms` are what most of them have; None where none of them has any.
    """

    title: str
    timezone: str
    at: time
    duration: timedelta
    fit: Fit
    attendees: tuple[Attendee, ...] | None
    rooms: tuple[str, ...] | None
    members: Mapping[datetime, One]
    instances: tuple[Event, ...] | None = None  # what is to come of the one member, which is a recurring event
    every_day: bool = False  # it takes place on days off as well, whatever the config says of all meetings

    @property
    def start(self) -> datetime:
        return datetime.combine(self.fit.first, self.at)


def group(ones: Iterable[One]) -> tuple[Group, ...]:
    """Return the events as meetings, by start: what has one title, mostly the same people and a time of the day."""
    by_title: dict[tuple[str, str], list[One]] = defaultdict(list)
    for one in sorted(ones, key=lambda one: (one.local, one.event.id)):
        by_title[one.event.title, one.event.timezone].append(one)
    found = [made for alike in by_title.values() for cluster in _by_people(alike) for made in _by_time(cluster)]
    return tuple(sorted(found, key=lambda made: (made.start, made.title)))


def _by_people(ones: Sequence[One]) -> list[list[One]]:
    clusters: list[list[One]] = []
    for one in ones:
        near = [cluster for cluster in clusters if _overlap(one, cluster[0]) >= _MOSTLY]
        if near:
            max(near, key=lambda cluster: _overlap(one, cluster[0])).append(one)
        else:
            clusters.append([one])
    return clusters


def _overlap(one: One, other: One) -> float:
    """Return which part of all who are invited are invited to both."""
    left, right = ({who.union_id for who in each.event.attendees} for each in (one, other))
    return len(left & right) / len(left | right) if left or right else 1.0


def _by_time(ones: Sequence[One]) -> Iterator[Group]:
    left = list(ones)
    while left:
        at = _usual(one.local.time() for one in left)
        regular: dict[date, One] = {}
        rest: list[One] = []
        for one in left:
            if one.local.time() == at and one.local.date() not in regular:
                regular[one.local.date()] = one
            else:
                rest.append(one)
        by_date = _with_moved(regular, rest)
        taken = {one.event.id for one in by_date.values()}
        left = [one for one in rest if one.event.id not in taken]
        yield _group(by_date, at)


def _with_moved(regular: Mapping[date, One], rest: Sequence[One]) -> dict[date, One]:
    """Return events by their original dates.

    What starts at another hour on a date of the rule, or beside a gap in it, was moved: of `rest` that alone is taken.
    """
    times = Counter(one.local.time() for one in rest)
    odd = {one.local.date(): one for one in reversed(rest) if times[one.local.time()] < A_GROUP}
    everyone = {**odd, **regular}
    found = fit(everyone)
    if found.repeat is None and found.rrule is None:
        return dict(regular)
    by_date = {day: one for day, one in everyone.items() if day not in found.add}
    gaps = set(found.skip)
    loose = [everyone[day] for day in found.add]
    for one in sorted(loose, key=lambda one: (_distance(one, gaps), one.local)):
        day = one.local.date()
        near = min(gaps, key=lambda gap: (abs(gap - day), gap), default=None)
        if near is not None and abs(near - day) <= _REACH:
            by_date[near] = one
            gaps.remove(near)
        elif day in regular:
            by_date[day] = one
    return by_date


def _distance(one: One, gaps: Iterable[date]) -> timedelta:
    return min((abs(gap - one.local.date()) for gap in gaps), default=timedelta.max)


def _group(by_date: Mapping[date, One], at: time) -> Group:
    events = [by_date[day].event for day in sorted(by_date)]
    rooms = [tuple(sorted(held_rooms(event))) for event in events]
    return Group(
        title=events[0].title,
        timezone=events[0].timezone,
        at=at,
        duration=_usual(elapsed(event.start, event.end) for event in events),
        fit=fit(by_date),
        attendees=_usual(event.attendees for event in events) if any(event.attendees for event in events) else None,
        rooms=_usual(rooms) if any(rooms) else None,
        members={datetime.combine(day, at): by_date[day] for day in sorted(by_date)},
    )


def _usual(values: Iterable[T]) -> T:
    """Return what is there most often; of equals the first."""
    return Counter(values).most_common(1)[0][0]
