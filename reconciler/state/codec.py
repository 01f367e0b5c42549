"""State ↔ JSON. What can't be read is refused with the path of the fault; nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.errors import StateError, UnreadableState
from reconciler.models import (
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
from reconciler.patterns import Instance, Pattern, Recurrence
from reconciler.patterns import Kind as PatternKind
from reconciler.room import RoomDetail, RoomNote
from reconciler.settings import SETTINGS, Kind, plain
from reconciler.state.model import FORMAT_VERSION, Calendar, Entry, Opened, Orphan, State
from reconciler.state.versions import upgraded

Json = dict[str, Any]
EARLIEST_YEAR, LATEST_YEAR = 1970, 9000  # beyond, a week more or less ends in an error
MOST = 10**9  # of anything that is counted here


def dumps(state: State) -> str:
    """Return the state as JSON, keys sorted, so that two states compare as text."""
    document = {
        "version": FORMAT_VERSION,
        "workspace": state.workspace,
        "lineage": state.lineage,
        "serial": state.serial,
        "occurrences": {str(key): encode_entry(entry) for key, entry in state.entries.items()},
        "organizers": sorted(state.organizers),
        "people": dict(state.people),
        "orphans": [_times_as_text(asdict(orphan)) for orphan in state.orphans],
        "opened": {address: _times_as_text(asdict(one)) for address, one in state.opened.items()},
        "calls": dict(state.calls),
        "days_off": dict(state.days_off),
        "calendars": {who: _encode_calendar(one) for who, one in state.calendars.items()},
        "rooms": {room: _encode_note(note) for room, note in state.rooms.items()},
    }
    return "{\n" + ",\n".join(f" {_json(name)}: {_lines(value)}" for name, value in sorted(document.items())) + "\n}\n"


_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def _lines(value: Any) -> str:
    """Return JSON with a line for each of what is many, so that people can compare it; an indent takes far longer."""
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        return _json(value)
    return "{\n" + ",\n".join(f"  {_json(name)}: {_json(one)}" for name, one in sorted(value.items())) + "\n }"


def loads(text: str, *, where: str) -> State:
    """Return the state that `text` holds.

    Raises UnreadableState, naming `where`, if it holds none, and StateError if a newer program wrote it.
    """
    try:
        document = json.loads(text)
        document = upgraded(document, where=where)
        return State(
            workspace=as_text(document["workspace"]),
            lineage=as_text(document["lineage"]),
            serial=_count(document["serial"]),
            entries={
                (entry := decode_entry(one, address)).key: entry for address, one in document["occurrences"].items()
            },
            organizers=frozenset(as_text(one) for one in document.get("organizers", ())),
            people={as_text(k): as_text(v) for k, v in document.get("people", {}).items()},
            orphans=tuple(_orphan(one) for one in document.get("orphans", ())),
            opened={address: _opened(one) for address, one in document.get("opened", {}).items()},
            calls={as_text(month): _count(count) for month, count in document.get("calls", {}).items()},
            rooms={as_text(room): _decode_note(room, one) for room, one in document.get("rooms", {}).items()},
            days_off={as_text(address): as_text(why) for address, why in document.get("days_off", {}).items()},
            calendars={as_text(who): _calendar(one) for who, one in document.get("calendars", {}).items()},
        )
    except StateError:
        raise
    except Exception as error:
        raise UnreadableState(
            f"the state can't be read ({type(error).__name__}: {str(error)[:80]})",
            where=where,
            fix="move the file away: the next run finds everything again by the markers in DingTalk",
        ) from error


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
    }


def decode_entry(document: Json, address: str) -> Entry:
    """Return the entry of `address`; raise KeyError, TypeError or ValueError where `document` is none."""
    key = Key.parse(address)
    applied = document["applied"]
    return Entry(
        key=key,
        organizer=as_text(document["organizer"]),
        conference_id=as_text(document["conference_id"]),
        event_id=as_text(document["event_id"]),
        revision=_count(document["revision"]),
        url=as_text(document["url"]),
        room_code=as_text(document["room_code"]),
        applied=None if applied is None else decode_occurrence(applied, key),
        carries=bool(document.get("carries", True)),
        intact=bool(document.get("intact", False)),
        verified=None if document.get("verified") is None else as_instant(document["verified"]),
    )


def _encode_calendar(calendar: Calendar) -> Json:
    return {
        "token": calendar.token,
        "listed_at": calendar.listed_at.isoformat(),
        "events": [encode_event(event) for event in calendar.events],
    }


def _calendar(document: Json) -> Calendar:
    return Calendar(
        token=as_text(document["token"]),
        listed_at=as_instant(document["listed_at"]),
        events=tuple(decode_event(one) for one in document["events"]),
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
        protect=bool(document.get("protect", False)),
        ignore=tuple(as_text(path) for path in document.get("ignore", ())),
        link=Link(document.get("link", Link.PER_OCCURRENCE)),
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
        pattern=pattern, until=None if until is None else date.fromisoformat(until), count=_count(document["count"])
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


def _orphan(document: Json) -> Orphan:
    return Orphan(
        address=as_text(document["address"]),
        organizer=as_text(document["organizer"]),
        title=as_text(document["title"]),
        start=as_instant(document["start"]),
        asked_at=as_instant(document["asked_at"]),
    )


def _opened(document: Json) -> Opened:
    texts = {name: as_text(document[name]) for name in ("address", "conference_id", "url", "room_code")}
    return Opened(**texts, at=as_instant(document["at"]))


def _encode_note(note: RoomNote) -> Json:
    detail = None if note.detail is None else _times_as_text(asdict(note.detail))
    return {"at": note.at.isoformat(), "detail": detail}


def _decode_note(room: str, document: Json) -> RoomNote:
    """Return what is known of a room; fields that are unknown by now are passed over, all are checked by their kind."""
    known, detail = document["detail"], None
    if known is not None:
        found = {
            field.name: _room_field(field.name, known[field.name])
            for field in fields(RoomDetail)
            if field.name in known
        }
        detail = RoomDetail(**(found | {"id": as_text(room)}))
    return RoomNote(detail=detail, at=as_instant(document["at"]))


def _room_field(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in {"closed_from", "closed_until"}:
        return as_instant(value)
    if name in {"labels", "members", "departments"}:
        return tuple(as_text(one) for one in value)
    if isinstance(value, bool):
        return value
    return _count(value) if isinstance(value, int) else as_text(value)


def encode_event(event: Event) -> Json:
    """Return the event as JSON."""
    return asdict(event) | {
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "attendees": [asdict(who) for who in sorted(event.attendees)],
        "rooms": [asdict(room) for room in sorted(event.rooms)],
        "origin": None if event.origin is None else event.origin.isoformat(),
        "recurrence": encode_recurrence(event.recurrence),
    }


def decode_event(document: Json) -> Event:
    """Return the event; raise KeyError, TypeError or ValueError where `document` is none."""
    rooms = (RoomBooking(**(room | {"status": RoomStatus(room["status"])})) for room in document["rooms"])
    return Event(
        **(
            document
            | {
                "start": as_instant(document["start"]),
                "end": as_instant(document["end"]),
                "attendees": tuple(Attendee(**who) for who in document["attendees"]),
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
    return Conference(**(document | times | {"settings": None if settings is None else decode_settings(settings)}))


def _times_as_text(document: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in document.items()}


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


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"expected a count, found {str(value)[:20]!r}")
    return value
