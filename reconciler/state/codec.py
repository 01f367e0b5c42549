"""State ↔ JSON. What can't be read is refused with the path of the fault; nothing is guessed.

Each occurrence stands in a line of its own, without what is as it mostly is, and may be left there unread: see `Lines`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.model.occurrence import Key
from reconciler.model.room import RoomDetail, RoomNote
from reconciler.model.state import FORMAT_VERSION, Calendar, Entry, EventDay, Look, Opened, Orphan, State
from reconciler.state.lines import Lines, json_text, lines_of, refusing
from reconciler.state.values import (
    Json,
    as_count,
    as_instant,
    as_text,
    decode_entry,
    decode_event,
    encode_event,
)
from reconciler.state.versions import upgraded

_OCCURRENCES = "occurrences"
_BEGIN, _END = b'\n "occurrences": {\n', b"\n }"
_LINE = re.compile(rb'  "([^"\\\n]+@\d{4}-\d\d-\d\dT\d\d:\d\d\+?)": (\{[^\n]*\})(,\n|\n \})')


def dumps(state: State) -> bytes:
    """Return the state as JSON, keys sorted, a line for each of what is many, so that two states compare as text."""
    document = {
        "version": FORMAT_VERSION,
        "workspace": state.workspace,
        "lineage": state.lineage,
        "serial": state.serial,
        _OCCURRENCES: lines_of(state.entries),
        "organizers": sorted(state.organizers),
        "people": dict(state.people),
        "orphans": [_times_as_text(asdict(orphan)) for orphan in state.orphans],
        "opened": {address: _times_as_text(asdict(one)) for address, one in state.opened.items()},
        "calls": dict(state.calls),
        "moved": dict(state.moved),
        "days_off": dict(state.days_off),
        "cancelled": dict(state.cancelled),
        "rules": dict(state.rules),
        "calendars": {who: _encode_calendar(one) for who, one in state.calendars.items()},
        "event_days": {who: asdict(one) for who, one in state.event_days.items()},
        "rooms": {room: _encode_note(note) for room, note in state.rooms.items()},
    }
    chunks: list[bytes] = []  # joined but once: a state may take megabytes
    for name, value in sorted(document.items()):
        chunks += [b",\n " if chunks else b"{\n ", json_text(name), b": "]
        chunks += _section(value)
    return b"".join([*chunks, b"\n}\n"])


def _section(value: Any) -> Iterator[bytes]:
    """Yield JSON with a line for each of what is many, so that people can compare it; an indent takes far longer."""
    if isinstance(value, Lines):
        lines = value.texts
    elif isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()):
        lines = {name: json_text(one) for name, one in value.items()}
    else:
        yield json_text(value)
        return
    yield b"{\n"
    for number, name in enumerate(sorted(lines)):
        yield b",\n  " if number else b"  "
        yield json_text(name)
        yield b": "
        yield lines[name]
    yield b"\n }"


def loads(body: bytes, *, where: str) -> State:
    """Return the state that `body` holds, its entries unread where they stand in lines as `dumps` writes them.

    Raises UnreadableState, naming `where`, if it holds none, and StateError if a newer program wrote it.
    """
    with refusing(where):
        lines, rest = _parted(body)
        document = upgraded(json.loads(rest), where=where)
        entries: Mapping[Key, Entry] = Lines(lines, where=where)
        if not lines:
            found = (decode_entry(one, address) for address, one in document[_OCCURRENCES].items())
            entries = {entry.key: entry for entry in found}
        return State(
            workspace=as_text(document["workspace"]),
            lineage=as_text(document["lineage"]),
            serial=as_count(document["serial"]),
            entries=entries,
            organizers=frozenset(as_text(one) for one in document.get("organizers", ())),
            people={as_text(k): as_text(v) for k, v in document.get("people", {}).items()},
            orphans=tuple(_orphan(one) for one in document.get("orphans", ())),
            opened={address: _opened(one) for address, one in document.get("opened", {}).items()},
            calls={as_text(month): as_count(count) for month, count in document.get("calls", {}).items()},
            moved={as_text(old): as_text(new) for old, new in document.get("moved", {}).items()},
            rooms={as_text(room): _decode_note(room, one) for room, one in document.get("rooms", {}).items()},
            days_off={as_text(address): as_text(why) for address, why in document.get("days_off", {}).items()},
            event_days={as_text(who): _event_day(one) for who, one in document.get("event_days", {}).items()},
            rules={as_text(name): as_text(rule) for name, rule in document.get("rules", {}).items()},
            cancelled={as_text(one): str(Key.parse(key)) for one, key in document.get("cancelled", {}).items()},
            calendars={as_text(who): _calendar(one) for who, one in document.get("calendars", {}).items()},
        )


def _parted(body: bytes) -> tuple[dict[str, bytes], bytes]:
    """Return the lines of the occurrences by address, and the document without them.

    Where the occurrences do not stand in lines, as in a state that something else has written anew, there are none, and
    the document is whole.
    """
    at = begin = body.find(_BEGIN) + len(_BEGIN)
    lines: dict[str, bytes] = {}
    more = begin >= len(_BEGIN)
    while more:
        found = _LINE.match(body, at)
        if found is None or (address := found[1].decode()) in lines:
            return {}, body
        lines[address] = found[2]
        at, more = found.end(), found[3] == b",\n"
    return lines, body[: begin - 1] + body[at - len(_END) :] if lines else body


def _encode_calendar(calendar: Calendar) -> Json:
    return {
        "token": calendar.token,
        "listed_at": calendar.listed_at.isoformat(),
        "events": [encode_event(event) for event in calendar.events],
        "looks": {name: _encode_look(look) for name, look in calendar.looks.items()},
        **({} if calendar.written_at is None else {"written_at": calendar.written_at.isoformat()}),
    }


def _calendar(document: Json) -> Calendar:
    return Calendar(
        token=as_text(document["token"]),
        listed_at=as_instant(document["listed_at"]),
        events=tuple(decode_event(one) for one in document["events"]),
        looks={as_text(name): _look(one) for name, one in document.get("looks", {}).items()},
        written_at=as_instant(document["written_at"]) if "written_at" in document else None,
    )


def _encode_look(look: Look) -> Json:
    times = {name: [moment.isoformat() for moment in getattr(look, name)] for name in ("gone", "begun")}
    moments = {name: getattr(look, name).isoformat() for name in ("at", "until")}
    return {"event": encode_event(look.event), **moments, **times}


def _look(document: Json) -> Look:
    """Return a look at a recurring event, whose pattern goes by the clocks of its zone."""
    event = decode_event(document["event"])
    where = ZoneInfo(event.timezone)
    return Look(
        event=replace(event, start=event.start.astimezone(where), end=event.end.astimezone(where)),
        at=as_instant(document["at"]),
        until=as_instant(document["until"]),
        gone=tuple(as_instant(one) for one in document["gone"]),
        begun=tuple(as_instant(one) for one in document["begun"]),
    )


def _orphan(document: Json) -> Orphan:
    return Orphan(
        address=as_text(document["address"]),
        organizer=as_text(document["organizer"]),
        title=as_text(document["title"]),
        start=as_instant(document["start"]),
        asked_at=as_instant(document["asked_at"]),
        conference_id=as_text(document.get("conference_id", "")),
    )


def _event_day(document: Json) -> EventDay:
    refused = document["refused"] is True
    return EventDay(day=as_text(document["day"]), made=as_count(document["made"]), refused=refused)


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
    return as_count(value) if isinstance(value, int) else as_text(value)


def _times_as_text(document: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in document.items()}
