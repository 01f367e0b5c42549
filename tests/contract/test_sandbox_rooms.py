"""Rooms: conflicts, rules, approvals, series, moves."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from reconciler.sandbox.embedded import Sandbox

EVENTS = "/v1.0/calendar/users/uAlice/calendars/primary/events"
BUSY = "/v1.0/calendar/users/uAlice/meetingRooms/schedules/query"
DAY = {"startTime": "2026-12-01T00:00:00+08:00", "endTime": "2026-12-02T00:00:00+08:00"}


class Raw(Protocol):
    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]: ...
    def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, dict[str, Any]]: ...
    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]: ...


def times(start: str = "10:00", end: str = "11:00", day: str = "2026-12-01") -> dict[str, Any]:
    named = {"start": f"{day}T{start}:00+08:00", "end": f"{day}T{end}:00+08:00"}
    return {name: {"dateTime": value, "timeZone": "Asia/Shanghai"} for name, value in named.items()}


def make(raw: Raw, *, path: str = EVENTS, **more: Any) -> str:
    made: str = raw.ok("POST", path, {"summary": "Sync", **times(), **more})["id"]
    return made


def daily(**bounds: Any) -> dict[str, Any]:
    return {"pattern": {"type": "daily", "interval": 1}, "range": bounds}


def adding(*rooms: str) -> dict[str, Any]:
    return {"meetingRoomsToAdd": [{"roomId": room} for room in rooms]}


def book(raw: Raw, event: str, *rooms: str) -> None:
    assert raw.ok("POST", f"{EVENTS}/{event}/meetingRooms", adding(*rooms)) == {"result": True}


def refusal(raw: Raw, event: str, *rooms: str) -> tuple[int, str]:
    return raw.refused("POST", f"{EVENTS}/{event}/meetingRooms", adding(*rooms))


def statuses(raw: Raw, event: str) -> dict[str, str]:
    rooms = raw.ok("GET", f"{EVENTS}/{event}")["meetingRooms"]
    return {room["roomId"]: room["responseStatus"] for room in rooms}


NOT_AVAILABLE = (400, "meetingRoomNotAvailable")
INVALID = (400, "invalidParameter")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "meetingRoomsToAdd must be provided."),
        ({"meetingRoomsToAdd": [{}]}, "roomId must be provided."),
        (adding("nowhere"), "roomId invalid"),
        (adding(*"abcdef"), "attendees batch size too large. Maximum allowed:5"),
    ],
)
def test_booking_names_what_is_wrong(raw: Raw, body: dict[str, Any], message: str) -> None:
    status, document = raw.call("POST", f"{EVENTS}/{make(raw)}/meetingRooms", body)
    assert (status, document["code"], document["message"]) == (400, "invalidParameter", message)


def test_bookings_that_touch_do_not_overlap(raw: Raw) -> None:
    book(raw, make(raw), "rAurora")
    book(raw, make(raw, **times("11:00", "12:00")), "rAurora")
    assert refusal(raw, make(raw, **times("10:59", "12:00")), "rAurora") == NOT_AVAILABLE


def test_a_booking_is_done_whole_or_not_at_all(raw: Raw) -> None:
    book(raw, make(raw), "rAurora")
    event = make(raw)
    assert refusal(raw, event, "rBorealis", "rAurora") == NOT_AVAILABLE
    assert statuses(raw, event) == {}


def test_an_event_holds_at_most_five_rooms(raw: Raw, sandbox: Sandbox) -> None:
    for room in ("rShut", "rAdmins"):
        sandbox.control("edits", {"action": "change_room", "room": room, "rules": {"open": True, "status": 0}})
    event = make(raw, **times("10:00", "10:30"))
    book(raw, event, "rAurora", "rBorealis", "rCirrus", "rShort", "rSoon")
    assert refusal(raw, event, "rShut") == INVALID


def test_an_attendee_can_not_book(raw: Raw) -> None:
    event = make(raw, attendees=[{"id": "uBob"}])
    path = f"{EVENTS}/{event}/meetingRooms".replace("uAlice", "uBob")
    assert raw.refused("POST", path, adding("rAurora")) == (400, "permissionDeny")


@pytest.mark.parametrize("room", ["rAdmins", "rSome", "rShut", "rClosed", "rShort"])
def test_rooms_have_rules(raw: Raw, room: str) -> None:
    assert refusal(raw, make(raw), room) == NOT_AVAILABLE


def test_rules_let_the_right_ones_in(raw: Raw, sandbox: Sandbox) -> None:
    for_bob = EVENTS.replace("uAlice", "uBob")
    event = make(raw, path=for_bob)
    assert raw.ok("POST", f"{for_bob}/{event}/meetingRooms", adding("rSome")) == {"result": True}
    assert refusal(raw, make(raw, **times(day="2026-12-08")), "rSoon") == NOT_AVAILABLE
    book(raw, make(raw, **times(day="2026-12-05")), "rSoon")
    rules = {"closed_to": 1_700_000_100_000}
    sandbox.control("edits", {"action": "change_room", "room": "rClosed", "rules": rules})
    book(raw, make(raw), "rClosed")


def test_a_room_that_needs_approval_is_tentative_until_somebody_decides(raw: Raw, sandbox: Sandbox) -> None:
    event = make(raw)
    book(raw, event, "rCirrus")
    assert statuses(raw, event) == {"rCirrus": "tentative"}
    busy = raw.ok("POST", BUSY, {"roomIds": ["rCirrus"], **DAY})["scheduleInformation"][0]["scheduleItems"]
    assert [item["status"] for item in busy] == ["TENTATIVE"]
    decide = {"action": "respond_room", "event": event, "room": "rCirrus"}
    sandbox.control("edits", {**decide, "status": "accepted"})
    assert statuses(raw, event) == {"rCirrus": "accepted"}
    sandbox.control("edits", {**decide, "status": "declined"})
    assert statuses(raw, event) == {"rCirrus": "declined"}
    book(raw, make(raw), "rCirrus")
    assert raw.ok("GET", f"{EVENTS}/{event}")["location"]["meetingRooms"] == []


def test_deleting_an_event_frees_its_rooms(raw: Raw) -> None:
    event = make(raw)
    book(raw, event, "rAurora")
    raw.ok("DELETE", f"{EVENTS}/{event}")
    book(raw, make(raw), "rAurora")


def test_a_moved_event_loses_the_room_that_is_taken_there(raw: Raw) -> None:
    book(raw, make(raw, **times("14:00", "15:00")), "rAurora")
    event = make(raw)
    book(raw, event, "rAurora", "rBorealis")
    raw.ok("PUT", f"{EVENTS}/{event}", {"id": event, **times("14:30", "15:30")})
    assert statuses(raw, event) == {"rAurora": "declined", "rBorealis": "accepted"}
    book(raw, make(raw), "rAurora")  # the old time is free


def test_a_declined_room_can_be_booked_again(raw: Raw) -> None:
    other, event = make(raw, **times("14:00", "15:00")), make(raw)
    book(raw, other, "rAurora")
    book(raw, event, "rAurora")
    raw.ok("PUT", f"{EVENTS}/{event}", {"id": event, **times("14:00", "15:00")})
    raw.ok("DELETE", f"{EVENTS}/{other}")
    book(raw, event, "rAurora")
    assert statuses(raw, event) == {"rAurora": "accepted"}


@pytest.mark.parametrize("bounds", [{"type": "noEnd"}, {"type": "numbered", "numberOfOccurrences": 3}])
def test_a_series_without_an_end_date_gets_no_room(raw: Raw, bounds: dict[str, Any]) -> None:
    assert refusal(raw, make(raw, recurrence=daily(**bounds)), "rAurora") == INVALID


def test_a_series_gets_a_room_inside_its_window_if_the_room_allows_it(raw: Raw) -> None:
    near, far = "2026-12-10T23:00:00+08:00", "2027-03-10T23:00:00+08:00"
    event = make(raw, recurrence=daily(type="endDate", endDate=near))
    book(raw, event, "rAurora")
    assert refusal(raw, make(raw, recurrence=daily(type="endDate", endDate=far)), "rBorealis") == INVALID
    short = times("10:00", "10:20")
    assert refusal(raw, make(raw, **short, recurrence=daily(type="endDate", endDate=near)), "rShort") == INVALID
    assert refusal(raw, make(raw, **times(day="2026-12-07")), "rAurora") == NOT_AVAILABLE
    book(raw, make(raw, **times(day="2026-12-11")), "rAurora")


@pytest.mark.parametrize("bounds", [{"type": "noEnd"}, {"type": "endDate", "endDate": "2027-03-10T23:00:00+08:00"}])
def test_a_series_with_a_room_goes_on_only_as_far_as_the_room_can_be_had(raw: Raw, bounds: dict[str, Any]) -> None:
    event = make(raw, recurrence=daily(type="endDate", endDate="2026-12-10T23:00:00+08:00"))
    book(raw, event, "rAurora")
    path = f"{EVENTS}/{event}"
    assert raw.refused("PUT", path, {"id": event, "recurrence": daily(**bounds)}) == INVALID
    later = daily(type="endDate", endDate="2026-12-17T23:00:00+08:00")
    assert raw.ok("PUT", path, {"id": event, "recurrence": later})["recurrence"]["range"]["type"] == "endDate"
    assert refusal(raw, make(raw, **times(day="2026-12-14")), "rAurora") == NOT_AVAILABLE


@pytest.mark.parametrize(
    "wrong",
    [
        {"roomIds": []},
        {"roomIds": list("abcdef")},
        {"startTime": "2026-12-01"},
        {"endTime": "2026-11-30T00:00:00+08:00"},
        {"endTime": "2027-03-02T00:00:01+08:00"},
    ],
)
def test_free_busy_refuses_wrong_fields(raw: Raw, wrong: dict[str, Any]) -> None:
    assert raw.refused("POST", BUSY, {"roomIds": ["rAurora"], **DAY, **wrong}) == INVALID


def test_free_busy_expands_series(raw: Raw) -> None:
    event = make(raw, recurrence=daily(type="endDate", endDate="2026-12-05T00:00:00+08:00"))
    book(raw, event, "rAurora")
    week = {"startTime": "2026-12-02T00:00:00+08:00", "endTime": "2026-12-09T00:00:00+08:00"}
    items = raw.ok("POST", BUSY, {"roomIds": ["rAurora"], **week})["scheduleInformation"][0]["scheduleItems"]
    assert [item["start"]["dateTime"][8:10] for item in items] == ["02", "03", "04"]


def test_releasing_a_room_that_is_not_held_changes_nothing(raw: Raw) -> None:
    path = f"{EVENTS}/{make(raw)}/meetingRooms/batchRemove"
    assert raw.ok("POST", path, {"meetingRoomsToRemove": [{"roomId": "rAurora"}]}) == {"result": True}
    assert raw.refused("POST", path, {"meetingRoomsToRemove": [{"roomId": "none"}]}) == INVALID


def test_the_directory_refuses_wrong_queries(raw: Raw) -> None:
    assert raw.refused("GET", "/v1.0/rooms/meetingRoomLists") == (400, "param.error")
    wrong = raw.refused("GET", "/v1.0/rooms/meetingRoomLists", unionId="uAlice", maxResults="101")
    assert wrong == (400, "param.error")
