"""A recurring event against what is wanted of it: is it in step, when is it over, which of its dates are too many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.model.occurrence import Event, Occurrence
from reconciler.model.spelling import same_zone
from reconciler.schedule.pattern import Instance, Recurrence
from reconciler.schedule.translation import dates, is_in_step, last_date, rule_of
from reconciler.schedule.zones import elapsed, later, localise, zone

_SLACK = timedelta(days=2)  # local time is never further from UTC


def starts(recurrence: Recurrence, start: datetime, *, after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield the dates of a recurring event, as aware starts in [after, before); `start` is its own, in its zone."""
    where = start.tzinfo if isinstance(start.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    local = start.astimezone(where).replace(tzinfo=None)
    low, high = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (after, before))
    for each in dates(recurrence, local, where, first=low - _SLACK, last=high + _SLACK):
        if after <= (aware := localise(each, where)) < before:
            yield aware


def times(want: Occurrence, *, within: timedelta) -> tuple[tuple[datetime, datetime], ...]:
    """Return start and end of each date of what is wanted that begins and ends `within` so long; the first always.

    Left out are the dates that the config leaves out.
    """
    first, length = (want.start, want.end), elapsed(want.start, want.end)
    if want.recurrence is None:
        return (first,)
    found = starts(want.recurrence, want.start, after=want.start, before=want.start + within - length)
    return (first, *((each, later(each, length)) for each in found if each > want.start and each not in want.left_out))


def is_date(recurrence: Recurrence | None, start: datetime, moment: datetime) -> bool:
    """Return whether a recurring event with the own start `start` has a date at `moment`."""
    if recurrence is None:
        return False
    return next(starts(recurrence, start, after=moment, before=moment + timedelta(microseconds=1)), None) is not None


def instance_of(event: Event) -> Instance:
    """Return an instance of a recurring event, as a list shows it."""
    return Instance(start=event.start, origin=event.origin or event.start, id=event.id)


def last_begun(event: Event, now: datetime) -> datetime | None:
    """Return the start of the last instance that has begun, None before the first; what was deleted of it counts."""
    if event.recurrence is None or event.start > now:
        return None
    found = event.start
    gap = timedelta(days=event.recurrence.pattern.longest_gap + 1)
    for found in starts(event.recurrence, event.start, after=now - 2 * gap, before=now + timedelta(microseconds=1)):  # noqa: B007  # the last of them
        pass
    return found


def nearest(event: Event, moment: datetime) -> datetime:
    """Return the start of the instance that is nearest to `moment`, whether the event goes on so far or not."""
    if event.recurrence is None:
        return event.start
    gap = timedelta(days=event.recurrence.pattern.longest_gap + 1)
    endless = Recurrence(pattern=event.recurrence.pattern)
    around = starts(endless, event.start, after=moment - gap, before=moment + gap)
    return min(around, key=lambda start: abs(start - moment), default=event.start)


def is_over(event: Event, now: datetime) -> bool:
    """Return whether nothing more of a recurring event is to come."""
    if event.recurrence is None:
        return event.start <= now
    gap = timedelta(days=event.recurrence.pattern.longest_gap + 2)
    coming = starts(
        event.recurrence, event.start, after=now + timedelta(microseconds=1), before=max(now, event.start) + 2 * gap
    )
    return next(coming, None) is None


def is_on(event: Event, now: datetime) -> bool:
    """Return whether an event, or an instance of it, has begun and not ended."""
    if event.recurrence is None:
        return event.start <= now < event.end
    begun = last_begun(event, now)
    return begun is not None and now < later(begun, elapsed(event.start, event.end))


def follows(want: Occurrence, event: Event) -> bool:
    """Return whether the recurring event has the pattern, the time and the length that are wanted from now on."""
    if want.recurrence is None or event.recurrence is None:
        return False
    if elapsed(event.start, event.end) != elapsed(want.start, want.end):
        return False
    where = zone(want.timezone)
    if event.timezone not in {"", want.timezone}:
        known = isinstance(event.start.tzinfo, ZoneInfo)  # of a name that is no zone nobody knows which dates it gives
        if not known or not same_zone(want.timezone, event.timezone, want.start):
            return False
    have, wanted = (moment.astimezone(where).replace(tzinfo=None) for moment in (event.start, want.start))
    return is_in_step(event.recurrence, have, want.recurrence.pattern, wanted)


def too_many(want: Occurrence, instances: tuple[Instance, ...] | None) -> tuple[Instance, ...]:
    """Return the coming instances that should not be there: left out by the config, or moved by a person."""
    left_out = frozenset(want.left_out)
    return tuple(one for one in instances or () if one.start in left_out or one.start != one.origin)


def yet_to_come(want: Occurrence, event: Event) -> tuple[datetime, ...]:
    """Return the left-out dates that a recurring event gets by going on as far as is wanted: nobody has seen them."""
    ends, goes = last_day(event), want.recurrence.until if want.recurrence is not None else None
    if ends is None:
        return ()
    return tuple(one for one in want.left_out if ends < one.date() and (goes is None or one.date() <= goes))


def last_day(event: Event) -> date | None:
    """Return the day of the last date of a recurring event by its range, None where it goes on for ever."""
    recurrence = event.recurrence
    if recurrence is None or not recurrence.count:
        return recurrence.until if recurrence is not None else event.start.date()
    where = event.start.tzinfo if isinstance(event.start.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    local = event.start.astimezone(where).replace(tzinfo=None)
    return last_date(rule_of(recurrence, local), local, where)
