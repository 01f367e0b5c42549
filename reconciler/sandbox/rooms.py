"""Rooms: booking, release, free/busy, and the directory."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import Any

from flask import Blueprint

from reconciler.sandbox.answers import ApiFailure, invalid
from reconciler.sandbox.bookings import ROOMS_MOST, book, find_room, holds
from reconciler.sandbox.clock import to_ms
from reconciler.sandbox.eventrows import HELD, own_event, shown_time, touch
from reconciler.sandbox.events import EVENT, WRONG, known_user
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.gateway import CALENDAR_READ, CALENDAR_WRITE, CONFERENCE_READ, Api, Call, endpoint
from reconciler.sandbox.people import display_name
from reconciler.sandbox.recurrence import read_moment
from reconciler.sandbox.seed import RoomSeed, load_room

blueprint = Blueprint("rooms", __name__)
TOO_MANY = f"attendees batch size too large. Maximum allowed:{ROOMS_MOST}"
BUSY_WIDEST = timedelta(days=90)
CORP = "dingsandboxcorp"

BOOK = Api(name="rooms.book", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
RELEASE = Api(name="rooms.release", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
BUSY = Api(name="rooms.busy", permission=CALENDAR_READ, wrong=WRONG)
LIST = Api(name="rooms.list", permission=CONFERENCE_READ, wrong="param.error")
GET = Api(name="rooms.get", permission=CONFERENCE_READ, wrong="param.error")


@endpoint(blueprint, "POST", f"{EVENT}/meetingRooms", BOOK)
def book_rooms(call: Call, user: str, event_id: str) -> dict[str, Any]:
    rooms = _room_ids(call.body, "meetingRoomsToAdd")
    event = own_event(call.store, event_id, known_user(call.store, user))
    for room_id in rooms:
        book(call.store, event, room_id, call.now)
    sql = f"SELECT COUNT(*) FROM event_rooms WHERE event_id = ? AND {HELD}"  # noqa: S608  # a constant
    if call.store.number(sql, event_id) > ROOMS_MOST:
        raise invalid(TOO_MANY)
    touch(call.store, event_id, call.now_ms)
    return {"result": True}


@endpoint(blueprint, "POST", f"{EVENT}/meetingRooms/batchRemove", RELEASE)
def release_rooms(call: Call, user: str, event_id: str) -> dict[str, Any]:
    rooms = _room_ids(call.body, "meetingRoomsToRemove")
    own_event(call.store, event_id, known_user(call.store, user))
    for room_id in rooms:
        if find_room(call.store, room_id) is None:
            raise invalid("roomId invalid")
        call.store.run("DELETE FROM event_rooms WHERE event_id = ? AND room_id = ?", event_id, room_id)
    touch(call.store, event_id, call.now_ms)
    return {"result": True}


@endpoint(blueprint, "POST", "/v1.0/calendar/users/<user>/meetingRooms/schedules/query", BUSY)
def query_busy(call: Call, user: str) -> dict[str, Any]:
    known_user(call.store, user)
    rooms = call.body.texts("roomIds")
    if not rooms:
        raise call.body.fail("roomIds", "must be provided.")
    if len(rooms) > ROOMS_MOST:
        raise invalid(f"roomIds size too large. Maximum allowed:{ROOMS_MOST}")
    start, end = read_moment(call.body, "startTime"), read_moment(call.body, "endTime")
    if not timedelta(0) < end - start <= BUSY_WIDEST:
        raise invalid("endTime must be after startTime, by at most 90 days.")
    return {"scheduleInformation": [_busy(call, room_id, to_ms(start), to_ms(end)) for room_id in rooms]}


def _busy(call: Call, room_id: str, start: int, end: int) -> dict[str, Any]:
    if find_room(call.store, room_id) is None:
        return {"roomId": room_id, "error": "roomId invalid", "scheduleItems": []}
    items = [
        {
            "status": "BUSY" if hold.status == "accepted" else "TENTATIVE",
            "eventId": hold.event.id,
            "organizer": {"id": hold.event.organizer},
            "start": shown_time(hold.span[0], hold.event.zone, all_day=False),
            "end": shown_time(hold.span[1], hold.event.zone, all_day=False),
        }
        for hold in holds(call.store, room_id, after=start, before=end)
    ]
    return {"roomId": room_id, "error": None, "scheduleItems": items}


def _room_ids(body: Fields, name: str) -> list[str]:
    blocks = body.blocks(name)
    if not blocks:
        raise body.fail(name, "must be provided.")
    if len(blocks) > ROOMS_MOST:
        raise invalid(TOO_MANY)
    if not all(isinstance(item.data.get("roomId"), str) and item.data["roomId"] for item in blocks):
        raise invalid("roomId must be provided.")
    return [item.text("roomId") for item in blocks]


@endpoint(blueprint, "GET", "/v1.0/rooms/meetingRoomLists", LIST)
def list_rooms(call: Call) -> dict[str, Any]:
    _check_employee(call)
    size = call.query.query_integer("maxResults", default=100, least=1, most=100)
    offset = call.query.query_integer("nextToken", default=0, least=0, most=10**9)
    rows = call.store.rows("SELECT * FROM rooms ORDER BY room_id")
    more = offset + size < len(rows)
    return {
        "hasMore": more,
        "nextToken": offset + size if more else None,
        "result": [shown_room(row["room_id"], load_room(row["data"])) for row in rows[offset : offset + size]],
    }


@endpoint(blueprint, "GET", "/v1.0/rooms/meetingRooms/<room_id>", GET)
def get_room(call: Call, room_id: str) -> dict[str, Any]:
    _check_employee(call)
    room = find_room(call.store, room_id)
    if room is None:
        raise ApiFailure(400, "param.error", "roomId invalid")
    members = [
        {"memberId": person, "memberType": "user", "memberName": display_name(call.store, person)}
        for person in room.members
    ]
    return {
        "result": {
            **shown_room(room_id, room),
            "enableCycleReservation": room.recurring,
            "reservationAuthority": {"authorizedMembers": members},
            "extensionConfig": _shown_rules(room),
        }
    }


def _check_employee(call: Call) -> None:
    if display_name(call.store, call.query.text("unionId")) is None:
        raise ApiFailure(400, "user.not.employee", "The user is not an employee of the organization.")


def shown_room(room_id: str, room: RoomSeed) -> dict[str, Any]:
    group = {"groupId": _number(room.group), "groupName": room.group, "parentId": 0}
    return {
        "roomId": room_id,
        "corpId": CORP,
        "roomName": room.name,
        "roomStatus": room.status,
        "roomLabels": [{"labelId": _number(label), "labelName": label} for label in room.labels],
        "roomCapacity": room.capacity,
        "roomLocation": {"title": room.location, "desc": ""},
        "roomPicture": "",
        "isvRoomId": "",
        "roomGroup": group if room.group else None,
    }


def _shown_rules(room: RoomSeed) -> dict[str, Any]:
    days = room.advance_days
    ahead = {"advanceReservationTime": 3 if days is None else days}
    closed = {
        "taskStartTime": room.closed_from,
        "taskEndTime": room.closed_to,
        "closeReason": room.close_reason,
        "contactUnionId": room.contact,
    }
    return {
        "openReservation": room.open,
        "maxReservationTimeInterval": room.most_minutes,
        "minReservationTimeInterval": room.least_minutes,
        "advanceReservation": {
            **ahead,
            "advanceReservationTimeUnit": "months" if days is None else "days",
            "advanceBookTimeFormat": "00:00",
        },
        "reservationCloseDetail": None if room.closed_from is None and not room.contact else closed,
        "approvalSwitch": room.approval,
        "approvalType": 1,
    }


def _number(name: str) -> int:
    """Return a number that stands for the name, always the same."""
    return zlib.crc32(name.encode())
