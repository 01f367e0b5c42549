"""Of meetings that are one recurring event: their occurrences gathered into it, and what stays an event of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from reconciler.config.model import Config, Meeting
from reconciler.diff.compare import wanted_rooms
from reconciler.model.native import follows, last_begun, starts
from reconciler.model.observed import NOT_ADOPTABLE, Observation, Observed, ReadFailure
from reconciler.model.occurrence import Key, Occurrence
from reconciler.schedule.dates import rule_dates
from reconciler.schedule.expand import first_occurrence
from reconciler.schedule.pattern import Recurrence
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.translation import last_date, rule_of
from reconciler.schedule.zones import localise, zone

ROOMS_AHEAD = timedelta(days=88)  # how far a recurring event may hold a room: three months, unless the room says less
_SLACK = timedelta(days=2)
_NONE: Mapping[str, datetime] = MappingProxyType({})


def gathered(  # all of it is what decides on the dates
    wanted: Iterable[Occurrence],
    config: Config,
    seen: Observation,
    *,
    now: datetime,
    before: datetime,
    latest: Mapping[str, datetime] = _NONE,
) -> tuple[Occurrence, ...]:
    """Return `wanted` with one occurrence for each recurring event in place of those that are dates of it.

    What is added, changed or moved by a day off stays an occurrence of its own, and so becomes what a person took out
    of the recurring event. Exceptions count up to the aware `before`: later ones are looked after when they come near.
    `latest` says of rooms, by their ids, until when they can be booked, as far as that is known.
    """
    native = {name for name, meeting in config.meetings.items() if meeting.pattern is not None}
    own: dict[str, list[Occurrence]] = defaultdict(list)
    found = [one for one in wanted if one.key.meeting not in native]
    for one in wanted:
        if one.key.meeting in native:
            own[one.key.meeting].append(one)
    series = defaultdict(list)
    for have in seen.occurrences.values():
        series[have.key.meeting].append(have)
    for name, occurrences in own.items():
        meeting = config.meetings[name]
        begun = [start for one, start in seen.begun if one == name]
        found += _of_meeting(meeting, occurrences, series[name], begun, now=now, before=before, latest=latest)
    return tuple(found)


def not_to_be_adopted(wanted: Iterable[Occurrence], seen: Observation) -> Observation:
    """Return `seen` without the recurring events to adopt that go otherwise than `wanted`: they could but be replaced.

    Their meetings are kept out of the diff.
    """
    series = {one.key: one for one in wanted if one.recurrence is not None}
    odd = [
        key
        for key, have in seen.occurrences.items()
        if have.adopting and key in series and have.event is not None and not follows(series[key], have.event)
    ]
    told = "the recurring event to adopt has another rule, time, zone or length than the meeting"
    hint = "let the schedule be as the event is, or take it out of `adopt`"
    failures = tuple(ReadFailure(where=str(key), code=NOT_ADOPTABLE, message=told, hint=hint) for key in odd)
    return replace(
        seen,
        occurrences={key: have for key, have in seen.occurrences.items() if key not in odd},
        failures=seen.failures + failures,
        unresolved=seen.unresolved | {key.meeting for key in odd},
    )


def master_of(seen: Iterable[Observed]) -> Observed | None:
    """Return the recurring event of one meeting that is there, None where there is none."""
    return next((one for one in seen if one.key.series and one.event is not None), None)


def rooms_of_growing(wanted: Iterable[Occurrence], seen: Observation) -> frozenset[str]:
    """Return the rooms of the recurring events of `wanted` that are yet to be made, or to go on further."""
    found: set[str] = set()
    for one in wanted:
        have = seen.occurrences.get(one.key)
        event = have.event if have is not None else None
        there = event is not None and follows(one, event) and event.recurrence == one.recurrence
        if one.recurrence is not None and not there:
            found |= _rooms(one, have)
    return frozenset(found)


def address_of(meeting: Meeting) -> Key | None:
    """Return the key of the recurring event of a meeting, None where it has none."""
    first = first_occurrence(meeting.schedule)
    return Key(meeting.name, first, series=True) if meeting.pattern is not None and first is not None else None


def with_instances(observed: Mapping[Key, Observed], wanted: Iterable[Occurrence]) -> Mapping[Key, Observed]:
    """Return `observed` with the recurring event under the key of each of the `wanted` that is a date of it."""
    series = {key.meeting: one for key, one in observed.items() if key.series and one.event is not None}
    found: dict[Key, Observed] = {}
    for one in wanted:
        have = series.get(one.key.meeting) if one.serial and one.key not in observed else None
        event = have.event if have is not None else None
        if have is None or event is None or event.recurrence is None:
            continue
        dated = replace(one, recurrence=event.recurrence)
        ended = event.recurrence.until is not None and one.start.date() > event.recurrence.until
        if not ended and follows(dated, event):
            found[one.key] = replace(have, key=one.key)
    return {**observed, **found}


def _of_meeting(
    meeting: Meeting,
    wanted: Sequence[Occurrence],
    seen: Sequence[Observed],
    begun: Sequence[datetime],
    *,
    now: datetime,
    before: datetime,
    latest: Mapping[str, datetime],
) -> Iterator[Occurrence]:
    have, where = master_of(seen), zone(meeting.schedule.timezone)
    # A day is that of the zone in which it took place, and now may be another one's.
    held = _held_days(seen, have, now) | {day for one in begun for day in (one.date(), one.astimezone(where).date())}
    coming = [one for one in wanted if one.serial and one.start > now and one.key.original.date() not in held]
    yield from (one for one in wanted if not one.serial)
    key = address_of(meeting)
    if not coming or key is None or meeting.pattern is None:
        return
    first = min(coming, key=lambda one: one.start)
    endless = replace(first, key=key, serial=False, recurrence=Recurrence(pattern=meeting.pattern))
    near = min(before, now + ROOMS_AHEAD)
    bookable = [one for one in coming if one.start < near and _is_bookable(one, have, latest)]
    until = _until(endless, meeting, bookable, have)
    recurrence = _as_it_ends(endless, Recurrence(pattern=meeting.pattern, until=until), have)
    left_out = (*_too_early(endless, meeting, have, now), *_left_out(meeting, coming, now=now, before=before))
    master = replace(endless, recurrence=recurrence, left_out=left_out)
    yield master
    if have is not None:
        yield from _taken_out(master, coming, have, before)


def _held_days(seen: Sequence[Observed], have: Observed | None, now: datetime) -> frozenset[date]:
    """Return the days on which the meeting has begun already: it takes place on none of them a second time."""
    days = {one.key.original.date() for one in seen if not one.key.series and one.has_started(now)}
    begun = last_begun(have.event, now) if have is not None and have.event is not None else None
    return frozenset(days | ({begun.date()} if begun is not None else set()))


def _left_out(
    meeting: Meeting, coming: Sequence[Occurrence], *, now: datetime, before: datetime
) -> tuple[datetime, ...]:
    """Return the dates of the rule from now on that are not as the rule has them: skipped, changed, on days off."""
    schedule = meeting.schedule
    where, kept = zone(schedule.timezone), {one.key.original for one in coming}
    low, high = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (now - _SLACK, before + _SLACK))
    rule = parse_rule(schedule.rule or "")
    found = (
        localise(each, where)
        for each in rule_dates(rule, schedule.start, where, first=low, last=high)
        if each not in kept
    )
    return tuple(each for each in found if now < each < before)


def _too_early(want: Occurrence, meeting: Meeting, have: Observed | None, now: datetime) -> tuple[datetime, ...]:
    """Return the coming dates of a recurring event that lie before the first of the rule, which begins later by now."""
    event, first = have.event if have is not None else None, first_occurrence(meeting.schedule)
    if event is None or event.recurrence is None or first is None or not follows(want, event):
        return ()
    begin = localise(first, zone(meeting.schedule.timezone))
    return tuple(starts(event.recurrence, event.start, after=now + timedelta(microseconds=1), before=begin))


def _until(want: Occurrence, meeting: Meeting, bookable: Sequence[Occurrence], have: Observed | None) -> date | None:
    """Return the day through which the recurring event goes: the end of the rule, or the last `bookable` date.

    It is never drawn back for a shorter horizon.
    """
    schedule = meeting.schedule
    end = last_date(parse_rule(schedule.rule or ""), schedule.start, zone(schedule.timezone))
    if not _has_rooms(want, have):
        return end
    near = max(bookable, key=lambda one: one.start, default=want)
    day = near.start.date()
    event = have.event if have is not None else None
    if event is not None and event.recurrence is not None and follows(want, event):
        day = max(day, event.recurrence.until or day)
    return day if end is None else min(day, end)


def _as_it_ends(want: Occurrence, recurrence: Recurrence, have: Observed | None) -> Recurrence:
    """Return `recurrence` with the range of the event that is there, where that has the same last date.

    People end a series after a number of dates, or on a day on which it does not take place.
    """
    event = have.event if have is not None else None
    if event is None or event.recurrence is None or recurrence.until is None or not follows(want, event):
        return recurrence
    if event.recurrence.until is None and _has_rooms(want, have):
        return recurrence  # DingTalk books no rooms for it
    where = zone(want.timezone)
    local = event.start.astimezone(where).replace(tzinfo=None)
    same = last_date(rule_of(event.recurrence, local), local, where) == recurrence.until
    return replace(recurrence, until=event.recurrence.until, count=event.recurrence.count) if same else recurrence


def _has_rooms(want: Occurrence, have: Observed | None) -> bool:
    return bool(_rooms(want, have))


def _rooms(want: Occurrence, have: Observed | None) -> frozenset[str]:
    if have is None or have.event is None:
        return frozenset(want.rooms or ())
    last = have.applied
    return wanted_rooms(want, have.event, last)


def _is_bookable(want: Occurrence, have: Observed | None, latest: Mapping[str, datetime]) -> bool:
    return all(want.end <= latest[room] for room in _rooms(want, have) & latest.keys())


def _taken_out(
    master: Occurrence, coming: Sequence[Occurrence], have: Observed, before: datetime
) -> Iterator[Occurrence]:
    """Yield as occurrences of their own, still `serial`, the dates whose instances a person has deleted or moved."""
    event = have.event
    if event is None or event.recurrence is None or have.instances is None or not follows(master, event):
        return
    there = {one.origin for one in have.instances if one.start == one.origin}
    given = set(starts(event.recurrence, event.start, after=coming[0].start, before=before))
    for one in coming:
        if one.start < before and one.start in given and one.start not in there:
            yield one
