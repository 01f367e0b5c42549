"""Rooms as a JSON document: schema/rooms.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from reconciler.model.room import RoomDetail
from reconciler.report.document import FORMAT_VERSION, Document
from reconciler.report.times import utc
from reconciler.rooms.look import Availability, RoomView, Usage


def rooms_document(rooms: Iterable[RoomView], *, workspace: str, now: datetime) -> Document:
    """Return the document of `rooms list --json`."""
    found = [_room(room) | ({} if room.rules is None else {"rules": _rules(room.rules)}) for room in rooms]
    return _document(found, workspace, now)


def free_document(
    found: Iterable[Availability], *, workspace: str, now: datetime, start: datetime, end: datetime
) -> Document:
    """Return the document of `rooms free --json`. People are their ids."""
    rooms = [
        _room(one.room)
        | {
            "free": one.free,
            "refused": one.refused,
            "holder": one.holder,
            "until": None if one.until is None else utc(one.until),
        }
        for one in found
    ]
    return _document(rooms, workspace, now) | {"window": {"from": utc(start), "to": utc(end)}}


def usage_document(
    found: Iterable[Usage], *, workspace: str, now: datetime, start: datetime, end: datetime
) -> Document:
    """Return the document of `rooms usage --json`."""
    rooms = [
        _room(one.room)
        | {"hours": round(one.hours, 2), "pending_hours": round(one.pending_hours, 2), "bookings": one.bookings}
        for one in found
    ]
    return _document(rooms, workspace, now) | {"window": {"from": utc(start), "to": utc(end)}}


def _document(rooms: list[dict[str, Any]], workspace: str, now: datetime) -> Document:
    return {"format_version": FORMAT_VERSION, "workspace": workspace, "generated_at": utc(now), "rooms": rooms}


def _room(room: RoomView) -> dict[str, Any]:
    return {
        "id": room.id,
        "alias": room.alias or None,
        "name": room.name,
        "capacity": room.capacity,
        "location": room.location,
        "tags": list(room.tags),
        "known": room.known,
    }


def _rules(rules: RoomDetail) -> dict[str, Any]:
    return {
        "status": rules.status,
        "open": rules.open,
        "approval": rules.approval,
        "recurring": rules.recurring,
        "min_minutes": rules.min_minutes,
        "max_minutes": rules.max_minutes,
        "advance": rules.advance,
        "advance_unit": rules.advance_unit,
        "closed_from": None if rules.closed_from is None else utc(rules.closed_from),
        "closed_until": None if rules.closed_until is None else utc(rules.closed_until),
        "closed_reason": rules.closed_reason,
        "members": list(rules.members),
        "departments": list(rules.departments),
    }
