"""Recurring events of which nothing was heard since they were looked at: they are as they were then.

A list of changes tells of a recurring event as a whole. Whether it tells of each instance that a person moves is
written nowhere, so everything is looked at again after a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.model.marker import parse_description
from reconciler.model.native import is_over, starts
from reconciler.model.occurrence import Event, Key
from reconciler.model.state import Look, State
from reconciler.observe.calendars import LONGEST, LOOKBACK
from reconciler.observe.findings import Findings
from reconciler.observe.scope import Scope
from reconciler.observe.survey import Survey
from reconciler.schedule.pattern import Instance

Found = Mapping[str, tuple[str, Key]]  # id of a recurring event → whose it is, and which
_INSTANT = timedelta(microseconds=1)
_WIDEST = timedelta(days=365)  # of what one list shows
_NEVER = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime(9000, 1, 1, tzinfo=UTC)  # no state has a later time


def presumable(survey: Survey, found: Found, events: Iterable[Event]) -> dict[str, Look]:
    """Return the looks that stand in for another one, by the ids of the recurring events.

    Not of those that the calendars tell of, of those in doubt, and of those whose turn it is: unseen for the longest
    time, or not so far ahead, as far as the budget goes.
    """
    scope, findings, now = survey.scope, survey.findings, survey.now
    if not scope.presume or scope.only is not None or scope.until is None:
        return {}
    looks = {name: look for told in findings.calendars.values() for name, look in told.calendar.looks.items()}
    news = news_of(events, findings) if looks else []
    calm = {
        name: looks[name]
        for name, (who, key) in found.items()
        if name in looks and looks[name].event.organizer == who and key.meeting not in scope.doubted
        if name in scope.looked_at or not any(_tells_of(one, name, key.meeting, scope) for one in news)
    }
    old = {
        name: look
        for name, look in calm.items()
        if name not in scope.looked_at and (now - look.at >= scope.every or look.until < scope.until)
    }
    due = _due(survey, old) if old else frozenset()
    return {name: look for name, look in calm.items() if name not in due}


def news_of(events: Iterable[Event], findings: Findings) -> list[Event]:
    """Return those of `events` that the calendars told of because they have changed."""
    changed = frozenset(name for told in findings.calendars.values() for name in told.changed or ())
    return [event for event in events if event.id in changed]


def _tells_of(event: Event, name: str, meeting: str, scope: Scope) -> bool:
    """Return whether `event` is this recurring event, an instance of it, or has the marker of its meeting's series."""
    if event.series == name or event.id.startswith(name):
        return True
    marker = scope.marker_of(event)
    return marker is not None and marker.key.series and marker.key.moved(scope.moved).meeting == meeting


def _is_told(look: Look, news: Iterable[Event], scope: Scope) -> bool:
    marker = parse_description(look.event.description).marker
    meeting = marker.key.moved(scope.moved).meeting if marker is not None else ""
    return any(_tells_of(one, look.event.id, meeting, scope) for one in news)


def _due(survey: Survey, looks: Mapping[str, Look]) -> frozenset[str]:
    """Return whose turn it is, and note what that costs. Conferences that are unseen for longer come first."""
    findings = survey.findings
    conferences = _conferences(survey.state, survey.scope, survey.now)
    due: set[str] = set()
    viewed: set[str] = set()
    for at, name in sorted((look.at, name) for name, look in looks.items()):
        who = looks[name].event.organizer
        cost = 1 if who in viewed else 2
        before = sum(calls for verified, calls in conferences if verified < at)
        if findings.spent + before + cost > survey.scope.budget:
            break
        findings.spent += cost
        due.add(name)
        viewed.add(who)
    return frozenset(due)


def _conferences(state: State, scope: Scope, now: datetime) -> list[tuple[datetime, int]]:
    """Return of each conference whose turn it is when it was last verified, and what asking for it costs."""
    verified: dict[tuple[str, str], datetime] = {}
    for key, entry in state.entries.items():
        over = not key.series and entry.applied is not None and entry.applied.start <= now
        if entry.conference_id and key.meeting in scope.meetings and not over:
            one = entry.conference_id, key.meeting
            verified[one] = max(verified.get(one, _NEVER), entry.verified or _NEVER)
    return [
        (at, 2 if meeting in scope.with_settings else 1)
        for (_, meeting), at in verified.items()
        if at == _NEVER or now - at >= scope.every
    ]


def far(scope: Scope, now: datetime) -> datetime:
    """Return how far to look ahead, so that what comes into the window by the next look is known, too."""
    until = scope.until or now
    return max(until, min(until + min(scope.every, LONGEST), now - LOOKBACK + _WIDEST))


def instances(look: Look, *, now: datetime, until: datetime) -> tuple[Instance, ...]:
    """Return the coming instances of a recurring event that is as it was when it was looked at."""
    return tuple(Instance(start=start, origin=start) for start in _there(look, after=now, before=until))


def begun(look: Look, now: datetime) -> Iterator[datetime]:
    """Yield what has begun of its meeting since yesterday, as far as it was seen or its pattern tells."""
    oldest = now - LOOKBACK - (look.event.end - look.event.start)
    yield from (start for start in look.begun if start > oldest)
    yield from _there(look, after=max(look.at, oldest), before=now + _INSTANT)


def _there(look: Look, *, after: datetime, before: datetime) -> Iterator[datetime]:
    recurrence = look.event.recurrence
    if recurrence is None:
        return
    gone = frozenset(look.gone)
    for start in starts(recurrence, look.event.start, after=after + _INSTANT, before=before):
        if start not in gone:
            yield start


def look_at(
    event: Event, seen: tuple[Instance, ...] | None, begun: Iterable[datetime], *, now: datetime, until: datetime
) -> Look | None:
    """Return what is to be remembered of a look that `seen` these instances before `until`.

    None where they are not what the pattern tells, some of them left out: then it has to be looked at each time.
    """
    where = event.start.tzinfo
    if event.recurrence is None or not isinstance(where, ZoneInfo) or where.key != event.timezone:
        return None
    if is_over(event, now):
        return Look(event=event, at=now, until=_FOREVER)
    if seen is None:
        return None
    coming = starts(event.recurrence, event.start, after=now + _INSTANT, before=until)
    there, given = {one.start for one in seen}, frozenset(coming)
    if not there <= given or any(one.start != one.origin for one in seen):
        return None
    return Look(event=event, at=now, until=until, gone=tuple(sorted(given - there)), begun=tuple(sorted(begun)))


def _renewed(old: Look, seen: Look, now: datetime) -> Look:
    """Return a look of which the instances alone were seen anew."""
    past = {start for start in old.gone if start <= now}
    return replace(seen, at=old.at, gone=tuple(sorted(past | {*seen.gone})))


def remember(
    survey: Survey, events: Iterable[Event], found: Found, *, got: Mapping[str, Event], kept: Mapping[str, Look]
) -> None:
    """Put what was `got` into what will be remembered of the calendars, and leave out what is not known any more."""
    scope, findings, now = survey.scope, survey.findings, survey.now
    news = news_of(events, findings)
    fresh: dict[str, Look] = dict(kept)
    for name, event in {**got, **{name: look.event for name, look in kept.items()}}.items():
        seen = findings.instances.get(name)
        if name in kept and seen is None:
            continue
        meeting = found[name][1].meeting
        some = [start for key, start in findings.begun if key == meeting]
        look = look_at(event, seen, some, now=now, until=far(scope, now))
        if look is not None:
            fresh[name] = _renewed(kept[name], look, now) if name in kept else look
        else:
            fresh.pop(name, None)
    for who, told in findings.calendars.items():
        others = told.calendar.looks if scope.only is not None else {}
        looks = {name: look for name, look in others.items() if name not in found and not _is_told(look, news, scope)}
        looks |= {name: look for name, look in fresh.items() if found[name][0] == who}
        findings.calendars[who] = replace(told, calendar=replace(told.calendar, looks=looks))
