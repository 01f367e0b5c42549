"""Recurring events of ours: the events themselves, which no list shows for long, and their coming instances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain

from reconciler.dingtalk.errors import ApiError, NotFound
from reconciler.model.marker import Marker, parse_description
from reconciler.model.native import instance_of, is_over
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Event, Key
from reconciler.model.state import Entry, Look
from reconciler.observe.calendars import LOOKBACK
from reconciler.observe.presuming import Found, begun, far, instances, presumable, remember
from reconciler.observe.scope import Scope
from reconciler.observe.sorting import adopt_one, keep_one
from reconciler.observe.survey import Survey


def find_series(survey: Survey, events: Iterable[Event]) -> None:
    """File the recurring events of this workspace under their keys, with their instances before `scope.until`.

    They are known by the state, by the instances that a list shows, and by the config that adopts them. Each is asked
    for by itself: where it ends, and whether it is still there, is told by no instance. One of which nothing was heard
    since it was last looked at is as it was then, until its turn comes.
    """
    events, reader, scope, findings = list(events), survey.reader, survey.scope, survey.findings
    entries = {key: entry for key, entry in survey.state.entries.items() if key.series and scope.asks_for(key)}
    found = {one.event_id: (one.organizer, key) for key, one in entries.items() if one.event_id}
    found |= {name: of for name, of in _marked(events, scope) if name not in found and scope.asks_for(of[1])}
    named = {name: of for name, of in _to_adopt(scope) if name not in found}
    for half_made in (Observed(key=key, entry=entry) for key, entry in entries.items() if not entry.event_id):
        if not half_made.has_started(survey.now):
            findings.live[half_made.key] = half_made
    kept = presumable(survey, found, events)
    got: dict[str, Event] = {}
    ask = [name for name in found if name not in kept]
    asked = survey.reads.all(lambda name: reader.events.get(organizer=found[name][0], event_id=name), ask)
    for name, answer in chain(((name, look.event) for name, look in kept.items()), asked):
        key = found[name][1]
        known = entries.get(key)
        entry = known if known is not None and known.event_id in {"", name} else None
        gone = Observed(key=key, entry=entry, presumed=name in kept)
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
            findings.unread.add(found[name][0])
            if known is None:
                findings.calendars.pop(found[name][0], None)  # nothing but a list from far back tells of it again
            findings.fail(str(key), answer, [key.meeting])
        elif isinstance(answer, ApiError) or answer.cancelled:
            if entry is not None and not gone.has_started(survey.now):
                findings.live.setdefault(key, gone)
        else:
            if name not in kept:
                got[name] = answer
            marker = parse_description(answer.description).marker
            _file(survey, replace(gone, event=answer, marker=marker), answer)
    _adopt(survey, named)
    _look_at_instances(survey, kept)
    remember(survey, events, found, got=got, kept=kept)


def _to_adopt(scope: Scope) -> Iterator[tuple[str, tuple[str, Key]]]:
    for name, key in scope.adopt.items():
        if key.series and key.meeting in scope.meetings and scope.asks_for(key):
            yield name, (scope.meetings[key.meeting], key)


def _adopt(survey: Survey, named: Found) -> None:
    """File the recurring events of people's making that the config adopts; what has our marker by now is ours."""
    reader, scope = survey.reader, survey.scope
    for name, answer in survey.reads.all(
        lambda name: reader.events.get(organizer=named[name][0], event_id=name), named
    ):
        key = named[name][1]
        if isinstance(answer, ApiError):
            if not isinstance(answer, NotFound):
                survey.findings.fail(str(key), answer, [key.meeting])
            continue
        marker = scope.marker_of(answer)
        if marker is None:
            if not answer.cancelled and not is_over(answer, survey.now):
                adopt_one(survey, answer, key)
        elif marker.key.series and not answer.cancelled and answer.organizer == named[name][0]:
            _file(survey, Observed(key=marker.key.moved(scope.moved), event=answer, marker=marker), answer)


def _marked(events: Iterable[Event], scope: Scope) -> Iterator[tuple[str, tuple[str, Key]]]:
    for event in events:
        marker = scope.marker_of(event)
        if marker is not None and marker.key.series and not event.cancelled:
            yield event.series or event.id, (event.organizer, marker.key.moved(scope.moved))


def _file(survey: Survey, one: Observed, event: Event) -> None:
    """File `one`, a recurring event; one that is over for its conference alone, which its successor may lead to."""
    findings = survey.findings
    if not is_over(event, survey.now):
        there = findings.live.get(one.key)
        if there is not None and there.event is None:
            del findings.live[one.key]
            one = replace(one, entry=there.entry)
        keep_one(findings, one, owner=survey.scope.meetings.get(one.key.meeting))
        return
    if one.entry is None and one.marker is not None:
        one = replace(one, entry=_remains(one.key, event, one.marker))
    findings.deleted.setdefault(one.key, replace(one, event=None))


def _remains(key: Key, event: Event, marker: Marker) -> Entry:
    return Entry(key=key, organizer=event.organizer, conference_id=marker.conference, revision=marker.revision)


def _look_at_instances(survey: Survey, kept: Mapping[str, Look]) -> None:
    """Note the coming instances of each series that was found, and what has begun of it: one look a calendar."""
    reader, scope, findings, now = survey.reader, survey.scope, survey.findings, survey.now
    until = scope.until
    if until is None:
        return
    series: dict[str, list[Observed]] = defaultdict(list)
    for one in findings.live.values():
        if one.key.series and one.organizer:
            series[one.organizer].append(one)

    doubted = {scope.meetings[name] for name in scope.doubted if name in scope.meetings}
    calm = {who for who, some in series.items() if who not in doubted and all(one.presumed for one in some)}
    for one in (one for who in calm for one in series[who]):
        look = kept[one.event.id if one.event is not None else ""]
        findings.begun |= {(one.key.meeting, start) for start in begun(look, now)}
        findings.live[one.key] = replace(one, instances=instances(look, now=now, until=until))
    seen = survey.reads.all(
        lambda who: reader.events.view(organizer=who, since=now - LOOKBACK, until=far(scope, now)),
        series.keys() - calm,
    )
    for who, answer in seen:
        if isinstance(answer, ApiError):
            findings.fail(f"the calendar of {who}", answer, {one.key.meeting for one in series[who]}, who=who)
            continue
        findings.viewed.add(who)
        findings.begun |= {(key.meeting, start) for key, start in _begun(answer.events, scope, now)}
        for one in series[who]:
            if one.event is None:
                continue
            name = one.event.id
            there = tuple(instance_of(each) for each in answer.events if each.series == name and each.start > now)
            findings.instances[name] = there
            findings.live[one.key] = replace(one, instances=tuple(each for each in there if each.start < until))


def _begun(events: Iterable[Event], scope: Scope, now: datetime) -> Iterator[tuple[Key, datetime]]:
    """Yield what has begun of our series, of those that are over, too."""
    for event in events:
        marker = scope.marker_of(event)
        if event.start <= now and marker is not None and marker.key.series:
            yield marker.key.moved(scope.moved), event.start
