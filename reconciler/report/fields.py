"""What a change changes, field by field, for every kind of change alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from reconciler.diff.change import Action, Change
from reconciler.diff.compare import Field, people_view
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Conference, Event, Occurrence
from reconciler.model.settings import plain
from reconciler.plan.operations import PlannedChange
from reconciler.report.names import Names
from reconciler.report.times import in_zone
from reconciler.schedule.pattern import spoken


def fields_of(change: Change) -> tuple[Field, ...]:
    """Return every field that changes: all that is declared of a creation, title and time of a cancellation."""
    if change.action is Action.CREATE and change.after is not None:
        return tuple(_declared(change.after))
    if change.action is Action.CANCEL and change.before is not None:
        return tuple(_lost(change.before))
    return change.comparison.fields


def timezone_of(change: Change) -> str:
    """Return the zone in which people know this meeting, "" where nothing tells."""
    if change.after is not None:
        return change.after.timezone
    before = change.before
    if before is None:
        return ""
    if before.applied is not None:
        return before.applied.timezone
    return before.event.timezone if before.event is not None else ""


def title_of(change: Change) -> str:
    """Return the title, as wanted or else as it was."""
    return change.after.title if change.after is not None else _title(change.before)


def title_of_meeting(meeting: str, changes: Iterable[PlannedChange], names: Names) -> str:
    """Return the title of a meeting as it is declared; where it is no more, the one that most of the changes have."""
    if meeting in names.titles:
        return names.titles[meeting]
    return Counter(title_of(planned.change) for planned in changes).most_common(1)[0][0]


def times_of(change: Change) -> tuple[datetime, datetime] | None:
    """Return start and end in the zone of the meeting, as wanted or else as they were."""
    if change.after is not None:
        times = (change.after.start, change.after.end)
    else:
        seen = _times(change.before)
        if seen is None:
            return None
        times = seen
    zone = timezone_of(change)
    return in_zone(times[0], zone), in_zone(times[1], zone)


def _declared(after: Occurrence) -> Iterator[Field]:
    yield Field(path="title", before=None, after=after.title)
    yield Field(path="start", before=None, after=in_zone(after.start, after.timezone).isoformat())
    yield Field(path="end", before=None, after=in_zone(after.end, after.timezone).isoformat())
    if after.recurrence is not None:
        yield Field(path="recurrence", before=None, after=spoken(after.recurrence.pattern))
        until = after.recurrence.until
        yield Field(path="until", before=None, after=until and until.isoformat())
    if after.description is not None:
        yield Field(path="description", before=None, after=after.description)
    yield Field(path="organizer", before=None, after=after.organizer)
    if after.attendees is not None:
        yield Field(path="attendees", before=None, after=people_view(after.attendees))
    if after.rooms is not None:
        yield Field(path="rooms", before=None, after=list(after.rooms))
    for name, value in plain(after.settings).items():
        yield Field(path=f"settings.{name}", before=None, after=value)
    if after.ui_lock:
        yield Field(path="ui_lock", before=None, after=True)


def _lost(before: Observed) -> Iterator[Field]:
    title = _title(before)
    if title:
        yield Field(path="title", before=title, after=None)
    times = _times(before)
    if times is not None:
        zone = timezone_of(Change(action=Action.CANCEL, before=before, after=None))
        for path, instant in zip(("start", "end"), times, strict=True):
            yield Field(path=path, before=in_zone(instant, zone).isoformat(), after=None)


def _title(before: Observed | None) -> str:
    known = _known(before)
    return known.title if known is not None else ""


def _times(before: Observed | None) -> tuple[datetime, datetime] | None:
    known = _known(before)
    return (known.start, known.end) if known is not None else None


def _known(before: Observed | None) -> Event | Conference | Occurrence | None:
    """Return what tells best how it was: the event, else the conference, else our memory."""
    if before is None:
        return None
    return before.event or before.conference or before.applied
