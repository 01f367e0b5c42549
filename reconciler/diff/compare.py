"""One desired occurrence against what was seen of it: a flat view of each side, and the fields in which they differ.

Views map a path (`title`, `settings.waiting_room`) to plain JSON values in one canonical form, so that equal things
are equal: instants in the zone of the meeting, people and rooms without an order, what is not managed left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.model.native import follows, too_many
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Attendee, Conference, Event, Link, Occurrence, RoomStatus, Settings
from reconciler.model.rendering import memory_digest
from reconciler.model.settings import canonical, plain, readable, write_only
from reconciler.model.spelling import alike, same_zone, shown
from reconciler.schedule.pattern import Recurrence, spoken

View = Mapping[str, Any]
CONFERENCE_PARTS = frozenset({"title", "start", "end"})  # what one call changes of a conference


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A difference. `drift` says that the config is as it was last applied: somebody changed it in DingTalk."""

    path: str
    before: Any
    after: Any
    drift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, by the part of DingTalk that has to change."""

    event: tuple[Field, ...] = ()
    conference: tuple[Field, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return every difference once: what the event and the conference share is told for the event."""
        told = {field.path for field in self.event}
        return self.event + tuple(field for field in self.conference if field.path not in told)


def compare(want: Occurrence, have: Observed) -> Comparison:
    """Return how `have` differs from `want`, but for what `want` ignores; a missing part is a difference of its own."""
    return Comparison(
        event=_minded(want, _compare_event(want, have)), conference=_minded(want, _compare_conference(want, have))
    )


def is_ignored(want: Occurrence, path: str) -> bool:
    """Return whether the field at `path` is left to people."""
    return path in want.ignore or ("time" in want.ignore and path in {"start", "end", "timezone"})


def yielding(want: Occurrence, have: Observed) -> Occurrence:
    """Return `want` with whatever it ignores as it was seen, so that nothing writes over it.

    What has to be made anew is made as declared.
    """
    if not want.ignore:
        return want
    event = have.event
    if have.alive:
        settings = {name: value for name, value in want.settings.items() if f"settings.{name}" not in want.ignore}
        want = replace(want, settings=settings)
    if event is None:
        return want
    if "title" in want.ignore:
        want = replace(want, title=event.title)
    if "description" in want.ignore:
        want = replace(want, description=have.description.body)
    if "time" in want.ignore:
        zone = event.timezone or want.timezone
        want = replace(want, start=event.start, end=event.end, timezone=zone if _is_zone(zone) else want.timezone)
    if "attendees" in want.ignore:
        want = replace(want, attendees=event.attendees)
    return replace(want, rooms=tuple(sorted(held_rooms(event)))) if "rooms" in want.ignore else want


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def _minded(want: Occurrence, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field for field in fields if not is_ignored(want, field.path)) if want.ignore else fields


def _compare_event(want: Occurrence, have: Observed) -> tuple[Field, ...]:
    event = have.event
    if event is None:
        return (Field(path="event", before=None, after=want.title, drift=have.revision > 0 and not have.dropped),)
    last = have.applied
    wanted = _wanted_event(want, event, last)
    return (
        _differences(wanted, _seen_event(want, have, wanted), _wanted_event(last, event, last) if last else {})
        + _compare_instances(want, have)
        + _compare_memory(want, have, last)
        + _compare_link(have)
    )


def _compare_conference(want: Occurrence, have: Observed) -> tuple[Field, ...]:
    if want.link is Link.EVENT:
        return ()  # whatever people join there is the event's own, and none of ours
    conference = have.conference
    if conference is None or conference.cancelled:
        return (Field(path="conference", before=conference and "cancelled", after=want.title, drift=not have.dropped),)
    last = have.applied
    seen = {
        "title": want.title if alike(want.title, conference.title) else conference.title,
        "start": _in_zone(conference.start, want.timezone),
        "end": _in_zone(conference.end, want.timezone),
    }
    if conference.settings is not None:
        seen |= _setting_view(conference.settings)
    applied = _wanted_conference(last, conference) if last else {}
    # An answer that leaves a setting out says nothing about it: what was last applied stands, an empty list is empty.
    wanted = {
        path: value
        for path, value in _wanted_conference(want, conference).items()
        if path in seen or not (value == [] or (path in applied and applied[path] == value))
    }
    found = _differences(wanted, seen, applied)
    if want.link is not Link.STABLE:
        return found
    # It stands where the series is now: nobody has moved it, and the event says what people see.
    return tuple(
        replace(one, path=f"conference.{one.path}", drift=False) if one.path in CONFERENCE_PARTS else one
        for one in found
    )


def _wanted_conference(want: Occurrence, conference: Conference) -> View:
    view = {
        "title": want.title,
        "start": _in_zone(want.start, want.timezone),
        "end": _in_zone(want.end, want.timezone),
    }
    return view if conference.settings is None else view | _setting_view(readable(want.settings))


def _wanted_event(want: Occurrence, event: Event, last: Occurrence | None) -> View:
    """Return what the event should show. What is declared no more gives way only as far as it was ours."""
    view: dict[str, Any] = {
        "title": want.title,
        "start": _in_zone(want.start, want.timezone),
        "end": _in_zone(want.end, want.timezone),
    }
    if want.recurrence is not None:
        if follows(want, event):  # its own start is that of its first instance, long ago perhaps
            view |= {"start": _in_zone(event.start, want.timezone), "end": _in_zone(event.end, want.timezone)}
        view |= _rule_view(want.recurrence)
    if event.timezone:
        view["timezone"] = want.timezone
    if want.description is not None:
        view["description"] = shown(want.description)
    elif last is not None and last.description is not None:
        view["description"] = ""
    view["attendees"] = people_view(wanted_attendees(want, event, last))
    view["rooms"] = sorted(wanted_rooms(want, event, last))
    return view


def _seen_event(want: Occurrence, have: Observed, wanted: View) -> View:
    event = have.event
    assert event is not None  # noqa: S101  # the caller has one
    view = {
        "title": want.title if alike(want.title, event.title) else event.title,
        "start": _in_zone(event.start, want.timezone),
        "end": _in_zone(event.end, want.timezone),
        "timezone": _zone_seen(want, event, have.applied),
        "description": shown(have.description.body),
        "attendees": people_view(event.attendees),
        "rooms": sorted(held_rooms(event)),
        **_rule_view(event.recurrence),
    }
    return {path: view[path] for path in wanted}


def _zone_seen(want: Occurrence, event: Event, last: Occurrence | None) -> str:
    """Return the zone of the event, by the name that it was written with where the server has another name for it."""
    written = last is None or last.timezone == want.timezone or follows(want, event)
    return want.timezone if written and same_zone(want.timezone, event.timezone, event.start) else event.timezone


def _rule_view(recurrence: Recurrence | None) -> dict[str, Any]:
    if recurrence is None:
        return {"recurrence": None, "until": None}
    until = recurrence.until.isoformat() if recurrence.until is not None else None
    return {
        "recurrence": spoken(recurrence.pattern),
        "until": f"{recurrence.count} times" if recurrence.count else until,
    }


def _compare_instances(want: Occurrence, have: Observed) -> tuple[Field, ...]:
    """Return the instances that should not be there. Those that are missing are occurrences of their own."""
    if have.event is None or not follows(want, have.event):
        return ()
    found = too_many(want, have.instances)
    told = [_in_zone(one.start, want.timezone) for one in found]
    moved = any(one.start != one.origin for one in found)
    return (Field(path="instances", before=told, after=[], drift=moved),) if found else ()


def _compare_memory(want: Occurrence, have: Observed, last: Occurrence | None) -> tuple[Field, ...]:
    """Return the differences in what can't be read back, judged by the marker and by what was last applied."""
    remembered = have.marker.applied if have.marker is not None else ""
    if remembered == memory_digest(want):
        return ()
    known = last if last and remembered in {"", memory_digest(last)} else None
    wanted = _memory_view(want)
    seen = _memory_view(known) if known else {"ui_lock": False if have.adopting else None}
    return tuple(
        Field(path=path, before=seen.get(path), after=value)
        for path, value in wanted.items()
        if path not in seen or seen[path] != value
    )


def _memory_view(occurrence: Occurrence) -> dict[str, Any]:
    return {"ui_lock": occurrence.ui_lock, **_setting_view(write_only(occurrence.settings))}


def _compare_link(have: Observed) -> tuple[Field, ...]:
    if not have.alive or have.conference is None or not have.conference.url:
        return ()
    link = have.description.link
    return () if link == have.conference.url else (Field(path="link", before=link or None, after=have.conference.url),)


def _differences(wanted: View, seen: View, applied: View) -> tuple[Field, ...]:
    seen = {path: seen.get(path) for path in wanted}
    if wanted == seen:
        return ()
    from deepdiff import DeepDiff  # a second to import, and most plans have nothing to compare

    changed = DeepDiff(seen, wanted, ignore_order=True).affected_root_keys
    return tuple(
        Field(path=path, before=seen[path], after=after, drift=path in applied and applied[path] == after)
        for path, after in wanted.items()
        if path in changed
    )


def wanted_attendees(want: Occurrence, event: Event | None, last: Occurrence | None) -> frozenset[Attendee]:
    """Return who should be invited: the declared, or where none are declared all but those whom we once invited."""
    if want.attendees is not None:
        return frozenset(want.attendees)
    ours = {who.union_id for who in last.attendees or ()} if last else set()
    return frozenset(who for who in (event.attendees if event else ()) if who.union_id not in ours)


def wanted_rooms(want: Occurrence, event: Event | None, last: Occurrence | None) -> frozenset[str]:
    """Return the rooms that should be held: the declared, or where none are declared all but those we once booked."""
    if want.rooms is not None:
        return frozenset(want.rooms)
    held = held_rooms(event) if event else frozenset()
    return held - frozenset((last.rooms or ()) if last else ())


def held_rooms(event: Event) -> frozenset[str]:
    """Return the rooms that the event holds or waits for; one that was declined is not held."""
    return frozenset(room.room_id for room in event.rooms if room.status is not RoomStatus.DECLINED)


def people_view(attendees: Iterable[Attendee]) -> list[dict[str, Any]]:
    """Return attendees as plain values, in the one order that compares."""
    return [{"person": who.union_id, "optional": who.optional} for who in sorted(attendees)]


def _setting_view(settings: Settings) -> dict[str, Any]:
    values = plain({name: canonical(name, value) for name, value in settings.items()})
    return {f"settings.{name}": value for name, value in values.items()}


def _in_zone(instant: datetime, timezone: str) -> str:
    return instant.astimezone(ZoneInfo(timezone)).isoformat()
