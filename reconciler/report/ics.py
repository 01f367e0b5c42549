"""The meetings as an iCalendar file that any calendar subscribes to. Source: RFC 5545."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur

from reconciler.config.model import Config, Meeting, Override, Room
from reconciler.diff.compare import held_rooms
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key
from reconciler.report.vtimezone import vtimezone
from reconciler.schedule.expand import next_slots, slot_of
from reconciler.schedule.model import Slot
from reconciler.schedule.originals import originals
from reconciler.schedule.parting import parted
from reconciler.schedule.series import Series, meets_clocks, series
from reconciler.schedule.zones import zone

DAYS_OFF_KNOWN = timedelta(days=732)  # how far ahead an endless series has its holidays written out
YEARS_AHEAD = 10  # for which the clocks of zones and odd and even weeks are written out
_PRODUCT = "-//reconciler//agenda//EN"
_AS_DECLARED = Override()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What an instance shows besides its time."""

    title: str
    description: str
    location: str
    url: str


def calendar(config: Config, meetings: Iterable[str], seen: Mapping[Key, Observed], *, now: datetime) -> str:
    """Return an iCalendar with a series for each of `meetings` that still takes place; on odd or even weeks, several.

    `seen` has the join links and rooms of what is booked. UIDs are made of meeting and workspace, so that they never
    change; the same config, state and `now` make the same text.
    """
    whole = Calendar()
    whole.add("PRODID", _PRODUCT)
    whole.add("VERSION", "2.0")
    whole.add("X-WR-CALNAME", config.workspace)
    events: list[Event] = []
    begins: dict[str, datetime] = {}
    for name in sorted(meetings):
        meeting = config.meetings[name]
        found = series(meeting.schedule, until=now + DAYS_OFF_KNOWN) if meeting.enabled else None
        if found is None or not next_slots(meeting.schedule, 1, after=now):
            continue
        for number, part in enumerate(parted(found, meeting.schedule, through=now.year + YEARS_AHEAD)):
            more = f".{part.first:%GW%V}" if number else ""
            uid = f"{name}{more}@{config.workspace}.reconciler"
            events += _events(config, meeting, part, seen, uid=uid, now=now)
        timezone = meeting.schedule.timezone
        first = min([found.first, *(slot.original for slot in found.before)])
        begins[timezone] = min(first, begins.get(timezone, first))
    for timezone, first in sorted(begins.items()):
        if timezone != "UTC":
            whole.add_component(vtimezone(timezone, since=first.year, through=now.year + YEARS_AHEAD))
    for event in events:
        whole.add_component(event)
    return str(whole.to_ical().decode())


def _events(
    config: Config, meeting: Meeting, found: Series, seen: Mapping[Key, Observed], *, uid: str, now: datetime
) -> Iterator[Event]:
    where = zone(meeting.schedule.timezone)
    plain = _look(config, meeting, _AS_DECLARED, None)
    master = _event(uid, plain, _placed(found.first, where), meeting.schedule.duration, now)
    if found.rule:
        master.add("RRULE", vRecur.from_ical(found.rule))
    for name, dates in (("EXDATE", found.left_out), ("RDATE", found.added)):
        if dates:
            master.add(name, [_placed(one, where) for one in dates])
    yield master
    special = {slot.original: slot for slot in found.moved}
    booked = {
        key.original
        for key, have in seen.items()
        if key.meeting == meeting.name and (_link(have) or _location(config, meeting.rooms, have) != plain.location)
    }
    for original in sorted(booked - special.keys() - set(found.left_out)):
        slot = slot_of(meeting.schedule, original) if _is_on(found, meeting, original) else None
        if slot is not None:
            special[original] = slot
    for original, slot in sorted(special.items()):
        event = _instance(config, meeting, slot, seen.get(Key(meeting.name, original)), uid=uid, now=now)
        event.add("RECURRENCE-ID", _placed(original, where))
        yield event
    for slot in found.before:
        own = f"{meeting.name}.{slot.original:%Y%m%dT%H%M}@{config.workspace}.reconciler"
        yield _instance(config, meeting, slot, seen.get(Key(meeting.name, slot.original)), uid=own, now=now)


def _is_on(found: Series, meeting: Meeting, original: datetime) -> bool:
    """Return whether the series has an instance there: of a changed rule something older may still be booked."""
    return found.first <= original < found.last and bool(originals(meeting.schedule, first=original, last=original))


def _instance(config: Config, meeting: Meeting, slot: Slot, have: Observed | None, *, uid: str, now: datetime) -> Event:
    override = _AS_DECLARED if slot.change is None else meeting.overrides.get(slot.change, _AS_DECLARED)
    look = _look(config, meeting, override, have)
    start, end = slot.start.astimezone(UTC), slot.end.astimezone(UTC)
    if meets_clocks(slot):
        return _event(uid, look, start, end, now)
    return _event(uid, look, slot.start, end - start, now)


def _event(uid: str, look: _Look, start: datetime, lasts: timedelta | datetime, now: datetime) -> Event:
    event = Event()
    event.add("UID", uid)
    event.add("DTSTAMP", now.astimezone(UTC).replace(microsecond=0))
    event.add("DTSTART", start)
    # An end would be a wall-clock time for all instances; a duration is elapsed time, if programs read it so.
    event.add("DTEND" if isinstance(lasts, datetime) else "DURATION", lasts)
    event.add("SUMMARY", look.title)
    for name, value in (("DESCRIPTION", look.description), ("LOCATION", look.location), ("URL", look.url)):
        if value:
            event.add(name, value)
    return event


def _look(config: Config, meeting: Meeting, override: Override, have: Observed | None) -> _Look:
    rooms = meeting.rooms if override.rooms is None else override.rooms
    text = meeting.description if override.description is None else override.description
    url = _link(have)
    return _Look(
        title=override.title or meeting.title,
        description="\n".join(part for part in ((text or "").strip(), url) if part),
        location=_location(config, rooms, have),
        url=url,
    )


def _location(config: Config, declared: Iterable[str] | None, have: Observed | None) -> str:
    """Return the rooms that the event has, or waits for; those that are declared where there is no event yet."""
    event = have.event if have is not None else None
    if event is None:
        return ", ".join(_room(config.rooms[alias]) for alias in declared or ())
    held = {room.room_id: room.name or room.room_id for room in event.rooms if room.room_id in held_rooms(event)}
    known = {room.id: _room(room) for room in config.rooms.values()}
    return ", ".join(sorted(known.get(room_id, name) for room_id, name in held.items()))


def _room(room: Room) -> str:
    return f"{room.alias} ({room.location})" if room.location else room.alias


def _link(have: Observed | None) -> str:
    """Return the link to join by, "" where it is none that one would click on."""
    url = have.conference.url if have is not None and have.conference is not None and have.alive else ""
    return url if url.startswith("https://") and url.isprintable() and " " not in url else ""


def _placed(local: datetime, where: ZoneInfo) -> datetime:
    """Return a local time as iCalendar writes it: on the wall of its zone, or in UTC."""
    return local.replace(tzinfo=UTC if where.key == "UTC" else where)
