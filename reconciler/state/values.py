"""What a state is made of ↔ JSON: entries, occurrences, events, conferences. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.model.occurrence import (
    Attendee,
    Conference,
    Event,
    ExtensionApp,
    Key,
    Link,
    Occurrence,
    RoomBooking,
    RoomStatus,
    Settings,
    SettingValue,
)
from reconciler.model.settings import SETTINGS, Kind, plain
from reconciler.model.state import Entry
from reconciler.schedule.pattern import Instance, Pattern, Recurrence
from reconciler.schedule.pattern import Kind as PatternKind

Json = dict[str, Any]
EARLIEST_YEAR, LATEST_YEAR = 1970, 9000  # beyond, a week more or less ends in an error
MOST = 10**9  # of anything that is counted here


def encode_entry(entry: Entry) -> Json:
    """Return the entry as JSON, without its key."""
    return {
        "organizer": entry.organizer,
        "conference_id": entry.conference_id,
        "event_id": entry.event_id,
        "revision": entry.revision,
        "url": entry.url,
        "room_code": entry.room_code,
        "applied": None if entry.applied is None else encode_occurrence(entry.applied),
        "carries": entry.carries,
        "intact": entry.intact,
        "verified": None if entry.verified is None else entry.verified.isoformat(),
        "made": None if entry.made is None else encode_occurrence(entry.made),
    }


_ENTRY_MOSTLY: Json = {
    "conference_id": "", "event_id": "", "revision": 0, "url": "", "room_code": "", "applied": None, "carries": True,
    "intact": False, "verified": None, "made": None,
}  # fmt: skip
_OCCURRENCE_MOSTLY: Json = {
    "description": None, "attendees": None, "rooms": None, "settings": {}, "notify": True, "ui_lock": False,
    "protect": False, "ignore": [], "link": Link.PER_OCCURRENCE.value,
}  # fmt: skip


def lean_entry(entry: Entry) -> Json:
    """Return the entry as a line of a state has it: without its key, and without what is as it mostly is."""
    whole = {"applied": entry.applied, "made": entry.made}
    lean = {name: None if one is None else lean_occurrence(one) for name, one in whole.items()}
    return _without(encode_entry(replace(entry, applied=None, made=None)) | lean, _ENTRY_MOSTLY)


def lean_occurrence(one: Occurrence) -> Json:
    """Return the occurrence as a line of a state has it: without its key, and without what is as it mostly is."""
    return _without(encode_occurrence(one), _OCCURRENCE_MOSTLY)


def _without(document: Json, mostly: Json) -> Json:
    return {name: value for name, value in document.items() if name not in mostly or mostly[name] != value}


def decode_entry(document: Json, address: str) -> Entry:
    """Return the entry of `address`; raise KeyError, TypeError or ValueError where `document` is none."""
    key = Key.parse(address)
    document = _ENTRY_MOSTLY | document
    applied, made = document["applied"], document["made"]
    return Entry(
        key=key,
        organizer=as_text(document["organizer"]),
        conference_id=as_text(document["conference_id"]),
        event_id=as_text(document["event_id"]),
        revision=as_count(document["revision"]),
        url=as_text(document["url"]),
        room_code=as_text(document["room_code"]),
        applied=None if applied is None else decode_occurrence(applied, key),
        carries=bool(document["carries"]),
        intact=bool(document["intact"]),
        verified=None if document["verified"] is None else as_instant(document["verified"]),
        made=None if made is None else decode_occurrence(made, key),
    )


def encode_occurrence(one: Occurrence) -> Json:
    """Return the occurrence as JSON, without its key."""
    return {
        "title": one.title,
        "description": one.description,
        "organizer": one.organizer,
        "start": one.start.isoformat(),
        "end": one.end.isoformat(),
        "timezone": one.timezone,
        "attendees": None if one.attendees is None else [[who.union_id, who.optional] for who in one.attendees],
        "rooms": None if one.rooms is None else list(one.rooms),
        "settings": plain(one.settings),
        "notify": one.notify,
        "ui_lock": one.ui_lock,
        "protect": one.protect,
        "ignore": list(one.ignore),
        "link": one.link.value,
        **_encode_series(one),
    }


def decode_occurrence(document: Json, key: Key) -> Occurrence:
    """Return the occurrence of `key`; raise KeyError, TypeError or ValueError where `document` is none."""
    document = _OCCURRENCE_MOSTLY | document
    zone = ZoneInfo(document["timezone"])
    attendees, rooms, description = document["attendees"], document["rooms"], document["description"]
    return Occurrence(
        key=key,
        title=as_text(document["title"]),
        description=None if description is None else as_text(description),
        organizer=as_text(document["organizer"]),
        start=as_instant(document["start"]).astimezone(zone),
        end=as_instant(document["end"]).astimezone(zone),
        timezone=as_text(document["timezone"]),
        attendees=None if attendees is None else tuple(Attendee(as_text(who), bool(flag)) for who, flag in attendees),
        rooms=None if rooms is None else tuple(as_text(room) for room in rooms),
        settings=decode_settings(document["settings"]),
        notify=bool(document["notify"]),
        ui_lock=bool(document["ui_lock"]),
        protect=bool(document["protect"]),
        ignore=tuple(as_text(path) for path in document["ignore"]),
        link=Link(document["link"]),
        recurrence=decode_recurrence(document.get("recurrence")),
        left_out=tuple(as_instant(one).astimezone(zone) for one in document.get("left_out", ())),
    )


def _encode_series(one: Occurrence) -> Json:
    if one.recurrence is None:
        return {}
    left_out = [start.isoformat() for start in one.left_out]
    return {"recurrence": encode_recurrence(one.recurrence), "left_out": left_out}


def encode_recurrence(recurrence: Recurrence | None) -> Json | None:
    """Return the recurrence of an event as JSON."""
    if recurrence is None:
        return None
    until = recurrence.until.isoformat() if recurrence.until is not None else None
    return asdict(recurrence.pattern) | {"until": until, "count": recurrence.count}


def decode_recurrence(document: Json | None) -> Recurrence | None:
    """Return the recurrence of an event; raise KeyError, TypeError or ValueError where `document` is none."""
    if document is None:
        return None
    numbers = {name: int(document[name]) for name in ("interval", "day_of_month", "index", "first_day")}
    pattern = Pattern(kind=PatternKind(document["kind"]), days=tuple(int(day) for day in document["days"]), **numbers)
    until = document["until"]
    return Recurrence(
        pattern=pattern, until=None if until is None else date.fromisoformat(until), count=as_count(document["count"])
    )


def encode_instance(one: Instance) -> Json:
    """Return the instance of a recurring event as JSON."""
    return asdict(one) | {"start": one.start.isoformat(), "origin": one.origin.isoformat()}


def decode_instance(document: Json) -> Instance:
    """Return the instance; raise KeyError, TypeError or ValueError where `document` is none."""
    times = {name: as_instant(document[name]) for name in ("start", "origin")}
    return Instance(id=as_text(document["id"]), quiet=bool(document["quiet"]), **times)


def decode_settings(document: Mapping[str, Any]) -> Settings:
    """Return settings from their JSON; names that are unknown by now are passed over."""
    return {name: _setting(name, value) for name, value in document.items() if name in SETTINGS}


def _setting(name: str, value: Any) -> SettingValue:
    match SETTINGS[name].kind:
        case Kind.PEOPLE:
            return tuple(as_text(one) for one in value)
        case Kind.APPS:
            return tuple(ExtensionApp(**{name: as_text(part) for name, part in one.items()}) for one in value)
        case Kind.FLAG:
            return bool(value)
        case Kind.CHOICE | Kind.TEXT | Kind.PERSON:
            return as_text(value)


def encode_event(event: Event) -> Json:
    """Return the event as JSON. Who answered the invitation is nobody's business but of who asks for it."""
    return asdict(replace(event, responses=())) | {
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "attendees": [asdict(who) for who in sorted(event.attendees)],
        "rooms": [asdict(room) for room in sorted(event.rooms)],
        "origin": None if event.origin is None else event.origin.isoformat(),
        "recurrence": encode_recurrence(event.recurrence),
    }


def decode_event(document: Json) -> Event:
    """Return the event; raise KeyError, TypeError or ValueError where `document` is none."""
    rooms = (
        RoomBooking(**(known(RoomBooking, room) | {"status": RoomStatus(room["status"])})) for room in document["rooms"]
    )
    return Event(
        **(
            known(Event, document)
            | {
                "responses": (),
                "start": as_instant(document["start"]),
                "end": as_instant(document["end"]),
                "attendees": tuple(Attendee(**known(Attendee, who)) for who in document["attendees"]),
                "rooms": tuple(rooms),
                "origin": None if document.get("origin") is None else as_instant(document["origin"]),
                "recurrence": decode_recurrence(document.get("recurrence")),
            }
        )
    )


def encode_conference(conference: Conference | None) -> Json | None:
    """Return the conference as JSON."""
    if conference is None:
        return None
    return {
        "id": conference.id,
        "title": conference.title,
        "start": conference.start.isoformat(),
        "end": conference.end.isoformat(),
        "url": conference.url,
        "room_code": conference.room_code,
        "settings": None if conference.settings is None else plain(conference.settings),
        "cancelled": conference.cancelled,
    }


def decode_conference(document: Json) -> Conference:
    """Return the conference; raise KeyError, TypeError or ValueError where `document` is none."""
    settings = document["settings"]
    times = {name: as_instant(document[name]) for name in ("start", "end")}
    given = {"settings": None if settings is None else decode_settings(settings)}
    return Conference(**(known(Conference, document) | times | given))


def known(kind: type, document: Json) -> Json:
    """Return those fields of `document` that a dataclass of this `kind` has: a newer program may have written more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


def as_instant(text: str) -> datetime:
    """Return the aware moment that `text` names; raise ValueError where that is none that one can count with."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError(f"{text} is no time of a meeting")
    return instant


def as_text(value: object) -> str:
    """Return `value`; raise TypeError or ValueError where it is no text that a file can hold."""
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    value.encode()
    return value


def as_count(value: object) -> int:
    """Return `value`; raise ValueError where it is no number of things."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"expected a count, found {str(value)[:20]!r}")
    return value
