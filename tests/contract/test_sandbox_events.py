"""Calendar events: fields, lists, sync tokens, series, idempotency."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import pytest

from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.limits import Limits

EVENTS = "/v1.0/calendar/users/uAlice/calendars/primary/events"
VIEW = "/v1.0/calendar/users/uAlice/calendars/primary/eventsview"
ZONE = "Asia/Shanghai"


class Clock(Protocol):
    def advance(self, **by: float) -> None: ...


class Raw(Protocol):
    def login(self) -> str: ...
    def ok(self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any) -> dict[str, Any]: ...
    def call(
        self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any
    ) -> tuple[int, dict[str, Any]]: ...
    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]: ...


def at(text: str, zone: str = ZONE) -> dict[str, str]:
    return {"dateTime": text, "timeZone": zone}


def event(day: int = 1, **more: Any) -> dict[str, Any]:
    date = f"2026-12-{day:02d}"
    return {"summary": "Sync", "start": at(f"{date}T10:00:00+08:00"), "end": at(f"{date}T11:00:00+08:00"), **more}


def make(raw: Raw, day: int = 1, **more: Any) -> str:
    made: str = raw.ok("POST", EVENTS, event(day, **more))["id"]
    return made


def series(bounds: dict[str, Any], **pattern: Any) -> dict[str, Any]:
    return {"pattern": {"type": "daily", "interval": 1, **pattern}, "range": bounds}


@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": None},
        {"summary": "x" * 2049},
        {"description": "x" * 5001},
        {"start": None},
        {"start": {"dateTime": "2026-12-01T10:00:00+08:00"}},
        {"start": at("2026-12-01T10:00:00")},
        {"start": at("tomorrow")},
        {"start": at("2026-12-01T10:00:00+08:00", "Mars/Olympus")},
        {"start": at("2026-12-01T10:00:00+08:00", "Europe/Berlin")},
        {"start": {"date": "2026-12-01"}},
        {"isAllDay": True},
        {"isAllDay": True, "start": {"date": "soon"}, "end": {"date": "2026-12-02"}},
        {"end": at("2026-12-01T10:00:00+08:00")},
        {"attendees": [{"id": "nobody"}]},
        {"attendees": [{}]},
        {"attendees": [{"id": "uBob"}] * 501},
        {"attendees": [{"id": "uBob", "isOptional": "yes"}]},
        {"reminders": [{"method": "email", "minutes": 5}]},
        {"reminders": [{"method": "dingtalk", "minutes": "5"}]},
        {"onlineMeetingInfo": {"type": "zoom"}},
        {"extra": {"noPushNotification": True}},
        {"uiConfigs": [{"uiName": "everything", "uiStatus": "hide"}]},
        {"uiConfigs": [{"uiName": "comment", "uiStatus": "gone"}]},
        {"recurrence": {}},
        {"recurrence": series({"type": "noEnd"}, type="hourly")},
        {"recurrence": series({"type": "noEnd"}, interval=366)},
        {"recurrence": series({"type": "noEnd"}, type="weekly")},
        {"recurrence": series({"type": "noEnd"}, type="weekly", daysOfWeek="mon")},
        {"recurrence": series({"type": "noEnd"}, type="absoluteMonthly")},
        {"recurrence": series({"type": "noEnd"}, type="relativeMonthly", daysOfWeek="monday", index="fifth")},
        {"recurrence": series({"type": "numbered", "numberOfOccurrences": 100})},
        {"recurrence": series({"type": "endDate"})},
        {"recurrence": series({"type": "endDate", "endDate": "2026-12-09T00:00:00Z", "numberOfOccurrences": 3})},
    ],
)
def test_creation_refuses_wrong_fields(raw: Raw, wrong: dict[str, Any]) -> None:
    assert raw.refused("POST", EVENTS, {**event(), **wrong}) == (400, "invalidParameter")


def test_strangers_have_no_calendar(raw: Raw) -> None:
    nobody = EVENTS.replace("uAlice", "nobody")
    assert raw.refused("POST", nobody, event()) == (400, "invalidParameter")
    assert raw.refused("GET", nobody) == (400, "invalidParameter")


def test_an_event_takes_its_defaults(raw: Raw) -> None:
    body = event(reminders=[])
    del body["end"]
    made = raw.ok("POST", EVENTS, body)
    assert made["end"]["dateTime"] == "2026-12-01T11:00:00+08:00"
    assert made["reminders"] == []
    assert raw.ok("POST", EVENTS, event())["reminders"] == [{"method": "dingtalk", "minutes": "15"}]


def test_an_all_day_event_has_dates(raw: Raw) -> None:
    made = raw.ok("POST", EVENTS, {"summary": "Fair", "isAllDay": True, "start": {"date": "2026-12-01"}})
    assert (made["start"]["date"], made["end"]["date"]) == ("2026-12-01", "2026-12-02")


def test_ui_configs_are_kept_though_no_read_returns_them(raw: Raw, sandbox: Sandbox) -> None:
    locks = [{"uiName": "updateEventButton", "uiStatus": "hide"}]
    made = make(raw, uiConfigs=locks)
    assert "uiConfigs" not in raw.ok("GET", f"{EVENTS}/{made}")
    assert sandbox.control("events")["events"][0]["uiConfigs"] == locks


def test_an_event_of_its_own_conference_is_cancelled_with_it(raw: Raw) -> None:
    made = make(raw, onlineMeetingInfo={"type": "dingtalk"})
    shown = raw.ok("GET", f"{EVENTS}/{made}")["onlineMeetingInfo"]
    infos = f"/v1.0/conference/scheduleConferences/{shown['conferenceId']}/infos"
    raw.ok("GET", infos, requestUnionId="uAlice")
    cancel = {"scheduleConferenceId": shown["conferenceId"], "creatorUnionId": "uAlice"}
    refusal = raw.refused("POST", "/v1.0/conference/scheduleConferences/cancel", cancel)
    assert refusal == (400, "permissionError")
    raw.ok("DELETE", f"{EVENTS}/{made}")
    assert raw.refused("GET", infos, requestUnionId="uAlice") == (400, "resourceCancel")


def test_sending_online_meeting_info_again_replaces_the_link(raw: Raw) -> None:
    made = make(raw, onlineMeetingInfo={"type": "dingtalk"})
    before = raw.ok("GET", f"{EVENTS}/{made}")["onlineMeetingInfo"]["url"]
    raw.ok("PUT", f"{EVENTS}/{made}", {"id": made, "summary": "New"})
    assert raw.ok("GET", f"{EVENTS}/{made}")["onlineMeetingInfo"]["url"] == before
    raw.ok("PUT", f"{EVENTS}/{made}", {"id": made, "onlineMeetingInfo": {"type": "dingtalk"}})
    assert raw.ok("GET", f"{EVENTS}/{made}")["onlineMeetingInfo"]["url"] != before


def test_modifying_changes_what_is_named_and_the_update_time(raw: Raw, clock: Clock) -> None:
    made = make(raw, description="What", attendees=[{"id": "uBob"}])
    before = raw.ok("GET", f"{EVENTS}/{made}")
    clock.advance(minutes=5)
    raw.ok("PUT", f"{EVENTS}/{made}", {"id": made, "description": ""})
    after = raw.ok("GET", f"{EVENTS}/{made}")
    assert {name for name in before if before[name] != after[name]} == {"description", "updateTime"}


def test_modifying_is_for_the_organizer_and_needs_the_id(raw: Raw) -> None:
    made = make(raw, attendees=[{"id": "uBob"}])
    for_bob, for_carol = (f"{EVENTS}/{made}".replace("uAlice", name) for name in ("uBob", "uCarol"))
    assert raw.refused("PUT", for_bob, {"id": made, "summary": "Mine"}) == (400, "permissionDeny")
    assert raw.refused("PUT", for_carol, {"id": made, "summary": "Mine"}) == (404, "itemNotFound")
    assert raw.refused("PUT", f"{EVENTS}/{made}", {"summary": "Mine"}) == (400, "invalidParameter")
    assert raw.refused("PUT", f"{EVENTS}/{made}", {"id": "x", "summary": "Mine"}) == (400, "invalidParameter")
    late = {"id": made, "start": at("2026-12-01T12:00:00+08:00")}
    assert raw.refused("PUT", f"{EVENTS}/{made}", late) == (400, "invalidParameter")


def test_an_attendee_who_deletes_leaves(raw: Raw) -> None:
    made = make(raw, attendees=[{"id": "uBob"}])
    for_bob = f"{EVENTS}/{made}".replace("uAlice", "uBob")
    assert [p["self"] for p in raw.ok("GET", for_bob)["attendees"]] == [False, True]
    raw.ok("DELETE", for_bob)
    assert raw.refused("GET", for_bob) == (404, "itemNotFound")
    assert [p["id"] for p in raw.ok("GET", f"{EVENTS}/{made}")["attendees"]] == ["uAlice"]


def test_an_event_that_its_organizer_deleted_is_cancelled_for_the_others(raw: Raw) -> None:
    made = make(raw, attendees=[{"id": "uBob"}])
    raw.ok("DELETE", f"{EVENTS}/{made}", pushNotification="false")
    assert raw.ok("GET", f"{EVENTS}/{made}".replace("uAlice", "uBob"))["status"] == "cancelled"


def test_the_organizer_can_not_be_removed(raw: Raw) -> None:
    made = make(raw)
    body = {"attendeesToRemove": [{"id": "uAlice"}]}
    assert raw.refused("POST", f"{EVENTS}/{made}/attendees/batchRemove", body) == (400, "invalidParameter")
    assert raw.refused("POST", f"{EVENTS}/{made}/attendees", {"attendeesToAdd": []}) == (400, "invalidParameter")


def test_a_list_is_paged_in_order_of_time(raw: Raw) -> None:
    made = [make(raw, day) for day in (5, 3, 4)]
    first = raw.ok("GET", EVENTS, maxResults=2)
    assert [found["id"] for found in first["events"]] == [made[1], made[2]]
    assert first["nextToken"]
    assert "syncToken" not in first
    rest = raw.ok("GET", EVENTS, maxResults=2, nextToken=first["nextToken"])
    assert [found["id"] for found in rest["events"]] == [made[0]]
    assert rest["nextToken"] is None
    assert rest["syncToken"]


def test_a_list_holds_what_overlaps_the_window(raw: Raw) -> None:
    made = [make(raw, day) for day in (3, 4, 5)]
    found = raw.ok("GET", EVENTS, timeMin="2026-12-03T10:30:00+08:00", timeMax="2026-12-05T10:00:00+08:00")
    assert [shown["id"] for shown in found["events"]] == made[:2]
    assert "syncToken" not in found


@pytest.mark.parametrize(
    "query",
    [
        {"timeMin": "2026-12-03"},
        {"timeMin": "2026-01-01T00:00:00Z", "timeMax": "2027-01-03T00:00:00Z"},
        {"timeMin": "2026-02-01T00:00:00Z", "timeMax": "2026-01-03T00:00:00Z"},
        {"maxResults": "101"},
        {"maxResults": "0"},
        {"maxAttendees": "101"},
        {"maxResults": "many"},
        {"showDeleted": "perhaps"},
        {"syncToken": "nonsense"},
        {"nextToken": "bnVsbA=="},
    ],
)
def test_a_list_refuses_wrong_queries(raw: Raw, query: dict[str, str]) -> None:
    assert raw.refused("GET", EVENTS, **query) == (400, "invalidParameter")


def test_a_sync_token_brings_what_changed_and_what_is_gone(raw: Raw) -> None:
    kept, changed, deleted = (make(raw, day, attendees=[{"id": "uBob"}]) for day in (3, 4, 5))
    token = raw.ok("GET", EVENTS)["syncToken"]
    raw.ok("PUT", f"{EVENTS}/{changed}", {"id": changed, "summary": "New"})
    raw.ok("DELETE", f"{EVENTS}/{deleted}")
    page = raw.ok("GET", EVENTS, syncToken=token)
    assert {found["id"]: found["status"] for found in page["events"]} == {changed: "confirmed", deleted: "cancelled"}
    assert raw.ok("GET", EVENTS, syncToken=page["syncToken"])["events"] == []
    assert kept


def test_a_person_who_was_removed_sees_the_event_as_cancelled_once(raw: Raw) -> None:
    made = make(raw, attendees=[{"id": "uBob"}])
    for_bob = EVENTS.replace("uAlice", "uBob")
    token = raw.ok("GET", for_bob)["syncToken"]
    raw.ok("POST", f"{EVENTS}/{made}/attendees/batchRemove", {"attendeesToRemove": [{"id": "uBob"}]})
    assert [found["status"] for found in raw.ok("GET", for_bob, syncToken=token)["events"]] == ["cancelled"]
    assert raw.ok("GET", for_bob)["events"] == []


def test_another_persons_sync_token_is_refused(raw: Raw) -> None:
    token = raw.ok("GET", EVENTS)["syncToken"]
    assert raw.refused("GET", EVENTS.replace("uAlice", "uBob"), syncToken=token) == (400, "invalidParameter")


def test_deleted_events_are_listed_on_request(raw: Raw) -> None:
    made = make(raw)
    raw.ok("DELETE", f"{EVENTS}/{made}")
    assert raw.ok("GET", EVENTS)["events"] == []
    assert [found["status"] for found in raw.ok("GET", EVENTS, showDeleted="true")["events"]] == ["cancelled"]


def test_a_list_shows_at_most_as_many_attendees_as_asked_for(raw: Raw) -> None:
    make(raw, attendees=[{"id": "uBob"}, {"id": "uCarol"}])
    assert len(raw.ok("GET", EVENTS, maxAttendees=2)["events"][0]["attendees"]) == 2


def test_a_series_is_listed_in_the_past_and_viewed_in_the_future(raw: Raw, clock: Clock) -> None:
    made = make(raw, recurrence=series({"type": "noEnd"}))
    window = {"timeMin": "2026-12-01T00:00:00+08:00", "timeMax": "2026-12-11T00:00:00+08:00"}
    assert len(raw.ok("GET", EVENTS, **window)["events"]) == 1
    clock.advance(days=4)  # Friday the 4th, 10:00: the instance of that day has just begun
    raw.login()
    listed = raw.ok("GET", EVENTS, **window)["events"]
    assert [found.get("seriesMasterId") for found in listed] == [None, made, made, made]
    viewed = raw.ok("GET", VIEW, **window)["events"]
    assert len(viewed) == 10
    assert {found["seriesMasterId"] for found in viewed} == {made}
    assert raw.refused("GET", VIEW, timeMin=window["timeMin"]) == (400, "invalidParameter")


def test_an_instance_is_found_and_deleted_alone(raw: Raw) -> None:
    made = make(raw, recurrence=series({"type": "numbered", "numberOfOccurrences": 3}))
    window = {"timeMin": "2026-12-01T00:00:00+08:00", "timeMax": "2026-12-11T00:00:00+08:00"}
    second = raw.ok("GET", VIEW, **window)["events"][1]["id"]
    assert raw.ok("GET", f"{EVENTS}/{second}")["start"]["dateTime"] == "2026-12-02T10:00:00+08:00"
    raw.ok("DELETE", f"{EVENTS}/{second}")
    assert raw.refused("GET", f"{EVENTS}/{second}") == (404, "instanceNotExist")
    assert len(raw.ok("GET", VIEW, **window)["events"]) == 2
    assert raw.ok("GET", f"{EVENTS}/{made}")["recurrence"]["range"]["numberOfOccurrences"] == 3


@pytest.mark.parametrize(
    ("pattern", "dates"),
    [
        ({"type": "daily", "interval": 2}, ["01", "03", "05"]),
        ({"type": "weekly", "daysOfWeek": "tuesday,friday"}, ["01", "04", "08"]),
        ({"type": "absoluteMonthly", "dayOfMonth": 1}, ["01", "01", "01"]),
        ({"type": "relativeMonthly", "daysOfWeek": "tuesday", "index": "first"}, ["01", "05", "02"]),
        ({"type": "absoluteYearly"}, ["01"]),
    ],
)
def test_patterns_expand(raw: Raw, pattern: dict[str, Any], dates: list[str]) -> None:
    make(raw, recurrence=series({"type": "endDate", "endDate": "2027-03-30T00:00:00+08:00"}, **pattern))
    window = {"timeMin": "2026-12-01T00:00:00+08:00", "timeMax": "2027-11-30T00:00:00+08:00"}
    viewed = raw.ok("GET", VIEW, **window)["events"]
    assert [found["start"]["dateTime"][8:10] for found in viewed][:3] == dates


def test_a_series_keeps_its_wall_clock_time_through_daylight_saving(raw: Raw) -> None:
    berlin = "Europe/Berlin"
    body = {
        "summary": "Sync",
        "start": at("2027-03-27T10:00:00+01:00", berlin),
        "end": at("2027-03-27T11:00:00+01:00", berlin),
        "recurrence": series({"type": "numbered", "numberOfOccurrences": 2}),
    }
    raw.ok("POST", EVENTS, body)
    window = {"timeMin": "2027-03-01T00:00:00+00:00", "timeMax": "2027-04-30T00:00:00+00:00"}
    starts = [found["start"]["dateTime"] for found in raw.ok("GET", VIEW, **window)["events"]]
    assert starts == ["2027-03-27T10:00:00+01:00", "2027-03-28T10:00:00+02:00"]


def test_a_client_token_is_good_for_a_day_and_one_api(raw: Raw, clock: Clock) -> None:
    first = raw.ok("POST", EVENTS, event(), token="t")
    assert raw.ok("POST", EVENTS, event(2), token="t") == first
    raw.ok("DELETE", f"{EVENTS}/{first['id']}", token="t")
    raw.ok("DELETE", f"{EVENTS}/{first['id']}", token="t")  # the same request, the same answer
    assert raw.ok("POST", EVENTS, event(), token="t") == first
    clock.advance(hours=24)
    raw.login()
    assert raw.ok("POST", EVENTS, event(3), token="t")["id"] != first["id"]


def test_a_refused_request_does_not_use_up_its_client_token(raw: Raw) -> None:
    assert raw.call("POST", EVENTS, {}, token="t")[0] == 400
    raw.ok("POST", EVENTS, event(), token="t")


def test_a_client_token_in_use_is_refused(raw: Raw, sandbox: Sandbox) -> None:
    sandbox.control("faults", {"api": "event.create", "kind": "delay", "delay_s": 0.8})
    answers: list[tuple[int, dict[str, Any]]] = []
    first = threading.Thread(target=lambda: answers.append(raw.call("POST", EVENTS, event(), token="t")))
    first.start()
    while not sandbox.gateway._running:
        time.sleep(0.005)
    status, document = raw.call("POST", EVENTS, event(), token="t")
    first.join()
    assert (status, document["code"]) == (400, "idempotencyProcessing")
    assert answers[0][0] == 200


def test_a_person_creates_a_hundred_events_a_day(raw: Raw, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.gateway.gate.limits = Limits(qps=None)
    for _ in range(100):
        raw.ok("POST", EVENTS, event())
    assert raw.refused("POST", EVENTS, event()) == (400, "flowLimit")
    raw.ok("POST", EVENTS.replace("uAlice", "uBob"), event())
    clock.advance(hours=14)  # midnight in Shanghai
    raw.login()
    raw.ok("POST", EVENTS, event())
