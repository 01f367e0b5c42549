"""Which of a person's events can become managed, and why the others can't."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.config.texts import unshowable
from reconciler.model.marker import Description, Marker, managed_by, parse_description
from reconciler.model.occurrence import LOCAL_FORMAT, Event, Key
from reconciler.schedule.fit import fit, in_words
from reconciler.schedule.zones import UnknownZone, elapsed, localise, zone

MOST_TITLE = 2048  # of an event: it keeps its own conference, if it has one
MOST_DESCRIPTION = 5000
MOST_DURATION = timedelta(hours=24)
_LONGEST_NAME = "m" * 60
_WORKSPACE = "w" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An event, or a whole series, that stays as it is. `start` is that of its first occurrence, aware."""

    title: str
    start: datetime
    event_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """An event with its naive local start in the zone that it names."""

    event: Event
    local: datetime


def choose(
    events: Iterable[Event], *, organizer: str, now: datetime, adopted: frozenset[str]
) -> tuple[tuple[One, ...], Mapping[str, tuple[Event, ...]], tuple[LeftOut, ...]]:
    """Return the single events of `organizer` that can be adopted, the instances of recurring ones, and what can't be.

    All are by start, instances by the ids of the events that they are of. Nothing is said of what is none of them:
    invitations of others, what has started by `now`, what some workspace manages already (see `managed`), and what is
    named as `adopted`.
    """
    series: dict[str, list[Event]] = defaultdict(list)
    chosen: list[One] = []
    left: list[LeftOut] = []
    for event in sorted(events, key=lambda one: (one.start, one.id)):
        marked = managed_by(event.description) != ""
        named = {event.id, event.series}
        if event.organizer != organizer or event.cancelled or event.start <= now or marked or named & adopted:
            continue
        if event.series or event.recurring:
            series[event.series or event.id].append(event)
            continue
        reason = why_not(event)
        if reason:
            left.append(LeftOut(title=event.title, start=event.start, event_id=event.id, reason=reason))
        else:
            chosen.append(One(event=event, local=local_start(event)))
    found = {name: tuple(instances) for name, instances in series.items()}
    return tuple(chosen), found, tuple(sorted(left, key=lambda one: (one.start, one.event_id)))


def managed(events: Iterable[Event], *, organizer: str, now: datetime, before: datetime) -> Mapping[str, int]:
    """Return how many events of `organizer` each workspace manages already, recurring ones counted once.

    Those that start between `now` and `before`.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.organizer == organizer and not event.cancelled and now < event.start < before:
            ids[managed_by(event.description)].add(event.series or event.id)
    return {workspace: len(found) for workspace, found in sorted(ids.items()) if workspace}


def local_start(event: Event) -> datetime:
    """Return the naive local start in the zone that the event names. Raises UnknownZone."""
    return event.start.astimezone(zone(event.timezone)).replace(tzinfo=None, fold=0)


def why_not(event: Event) -> str:
    """Return why an event can't be declared, "" where it can."""
    for reason in (_about_text(event), _about_time(event)):
        if reason:
            return reason
    return ""


def _about_text(event: Event) -> str:
    if not event.title.strip():
        return "it has no title"
    if len(event.title) > MOST_TITLE:
        return f"its title has more than {MOST_TITLE} characters"
    if unshowable(event.title) is not None:
        return "its title holds a control character"
    told = parse_description(event.description)
    marker = Marker(
        workspace=_WORKSPACE,
        key=Key(_LONGEST_NAME, event.start.replace(tzinfo=None), series=True),
        revision=10**9,
        applied="0" * 12,
    )
    if len(str(Description(body=told.body, link=told.link, marker=marker))) > MOST_DESCRIPTION:
        return "its description leaves no room for the marker"
    return ""


def _about_time(event: Event) -> str:
    duration = elapsed(event.start, event.end)
    if event.all_day:
        return "it lasts whole days"
    if event.start.second or event.start.microsecond or duration % timedelta(minutes=1):
        return "it does not start and end on a whole minute"
    if not timedelta(0) < duration <= MOST_DURATION:
        return "it lasts longer than 24 hours"
    try:
        local = local_start(event)
    except UnknownZone:
        return f"its time zone is {event.timezone!r}, which nobody knows" if event.timezone else "it has no time zone"
    if localise(local, zone(event.timezone)).astimezone(UTC) != event.start.astimezone(UTC):
        return "it is in the hour that comes twice when the clocks go back"
    return ""


def series_left_out(name: str, instances: Sequence[Event], reason: str) -> LeftOut:
    """Return a recurring event as left out, by its id and those of its instances that are to come, one at least."""
    first = instances[0]
    where = first.start.tzinfo
    local = [one.start.astimezone(where) for one in instances]
    found = fit(one.date() for one in local)
    rule = "on single days"
    if found.repeat is not None:
        on = f" on {', '.join(found.repeat.on)}" if found.repeat.on else ""
        rule = f"every {in_words(found.repeat)}{on}"
    elif found.rrule is not None:
        rule = found.rrule
    told = f"{len(instances)} to come, {rule}, from {local[0].strftime(LOCAL_FORMAT)} to {local[-1].date()}"
    why = f"a recurring event of DingTalk's own ({told}): {reason}"
    return LeftOut(title=first.title, start=first.start, event_id=name, reason=why)
