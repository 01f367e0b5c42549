"""What lies before every endpoint: tokens, limits, permissions, faults; and the control of it all."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.limits import Limits
from reconciler.sandbox.seed import Person, RoomSeed, Seed, derived_union_id

SCHEDULED = "/v1.0/conference/scheduleConferences"
EVENTS = "/v1.0/calendar/users/uAlice/calendars/primary/events"
GOOD = {"creatorUnionId": "uAlice", "title": "Sync", "startTime": 1_796_090_400_000, "endTime": 1_796_094_000_000}
TOKEN = "/v1.0/oauth2/accessToken"
WHEN = {
    "start": {"dateTime": "2026-12-01T10:00:00+08:00", "timeZone": "Asia/Shanghai"},
    "end": {"dateTime": "2026-12-01T11:00:00+08:00", "timeZone": "Asia/Shanghai"},
}


class Clock(Protocol):
    def __call__(self) -> Any: ...
    def advance(self, **by: float) -> None: ...


class Raw(Protocol):
    endpoint: str
    credentials: tuple[str, str]
    session: requests.Session

    def login(self) -> str: ...
    def ok(self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any) -> dict[str, Any]: ...
    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]: ...
    def send(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response: ...


def log(sandbox: Sandbox) -> list[tuple[str, int, str]]:
    calls = sandbox.control("calls")["calls"]
    return [(call["api"], call["status"], call["fault"]) for call in calls if call["api"] != "token"]


def month(sandbox: Sandbox) -> int:
    counted: int = sandbox.control("calls")["month"]
    return counted


def limit(sandbox: Sandbox, **limits: Any) -> None:
    sandbox.gateway.gate.limits = Limits(**limits)


# Tokens


def test_the_same_token_comes_back_within_its_life_and_is_renewed(raw: Raw, clock: Clock) -> None:
    first = raw.login()
    clock.advance(hours=1.5)
    assert raw.login() == first
    clock.advance(hours=1.5)
    assert raw.ok("GET", EVENTS)["events"] == []
    clock.advance(hours=0.5)
    assert raw.refused("GET", EVENTS) == (400, "InvalidAuthentication")
    assert raw.login() != first


def test_the_token_call_names_what_is_missing_or_wrong(raw: Raw) -> None:
    assert raw.refused("POST", TOKEN, {"appKey": "x"}) == (400, "invalidParameter")
    assert raw.refused("POST", TOKEN, {"appKey": "x", "appSecret": "y"}) == (400, "invalidClientIdOrSecret")


def test_people_are_found_by_userid_and_mobile_outside_of_the_quota(raw: Raw, sandbox: Sandbox) -> None:
    before, token = month(sandbox), raw.login()
    url = f"{raw.endpoint}/topapi/v2/user"
    found = requests.post(f"{url}/getbymobile", data={"access_token": token, "mobile": "13800000002"}, timeout=10)
    assert found.json()["result"] == {"userid": "bob01"}
    found = requests.post(f"{url}/get", params={"access_token": token}, data={"userid": "bob01"}, timeout=10)
    assert found.json()["result"]["unionid"] == "uBob"
    missing = requests.post(f"{url}/get", params={"access_token": token}, json={"userid": "nobody"}, timeout=10)
    assert (missing.status_code, missing.json()["errcode"]) == (200, 60121)
    stranger = requests.post(f"{url}/get", params={"access_token": "x"}, json={"userid": "bob01"}, timeout=10)
    assert stranger.json()["errcode"] == 40014
    empty = requests.post(f"{url}/get", params={"access_token": token}, timeout=10)
    assert empty.json()["errcode"] == 40035
    assert month(sandbox) == before


# Limits


def test_more_than_twenty_calls_in_a_second_are_refused_per_api_and_not_counted(raw: Raw, sandbox: Sandbox) -> None:
    limit(sandbox, qps=3)
    codes = [raw.send("GET", EVENTS).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 403, 403]
    assert raw.refused("GET", EVENTS) == (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    raw.ok("POST", SCHEDULED, GOOD)
    assert month(sandbox) == 4


def test_calls_in_a_minute_can_be_limited(raw: Raw, sandbox: Sandbox) -> None:
    limit(sandbox, qpm=1)
    raw.ok("GET", EVENTS)
    assert raw.refused("GET", EVENTS) == (403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi")


def test_the_monthly_quota_is_final_until_the_next_month(raw: Raw, sandbox: Sandbox, clock: Clock) -> None:
    limit(sandbox, monthly_quota=2)
    raw.ok("GET", EVENTS)
    raw.ok("GET", EVENTS)
    assert raw.refused("GET", EVENTS) == (403, "Forbidden.AccessDenied.ApiCountLimitForOrg")
    raw.login()
    clock.advance(hours=14)  # the month begins at midnight in Beijing
    raw.login()
    raw.ok("GET", EVENTS)


def test_an_address_that_calls_too_often_is_banned(raw: Raw, sandbox: Sandbox) -> None:
    limit(sandbox, address_calls=2)
    for _ in range(2):
        raw.send("GET", EVENTS)
    banned = raw.send("GET", EVENTS)
    assert (banned.status_code, banned.json()["status"]) == (403, 1111)


def test_a_missing_permission_is_named(raw: Raw, sandbox: Sandbox) -> None:
    sandbox.control("permissions", {"permissions": ["Calendar.Event.Write"]})
    answer = raw.send("POST", SCHEDULED, GOOD)
    assert answer.status_code == 403
    assert answer.json()["code"] == "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    assert "VideoConference.Conference.Write" in answer.json()["message"]
    raw.ok("POST", EVENTS, {"summary": "Sync", **WHEN})


def test_what_is_no_api_is_a_404_and_what_is_no_json_is_refused(raw: Raw) -> None:
    assert raw.refused("GET", "/v1.0/elsewhere") == (404, "InvalidAction.NotFound")
    assert raw.refused("PATCH", EVENTS) == (405, "InvalidAction.NotFound")
    for body in ("{", "[]"):
        answer = raw.session.post(f"{raw.endpoint}{SCHEDULED}", data=body, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (400, "paramsError")


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "error_before"}, 500, "systemError"),
        ({"kind": "error_before", "status": 404, "code": "waterLimitError"}, 404, "waterLimitError"),
        ({"kind": "qps"}, 403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"),
        ({"kind": "quota"}, 403, "Forbidden.AccessDenied.ApiCountLimitForOrg"),
        ({"kind": "token_expired"}, 400, "InvalidAuthentication"),
    ],
)
def test_a_fault_before_the_effect_leaves_nothing(
    raw: Raw, sandbox: Sandbox, fault: dict[str, Any], status: int, code: str
) -> None:
    sandbox.control("faults", {"api": "conference.create", **fault})
    assert raw.refused("POST", SCHEDULED, GOOD) == (status, code)
    assert sandbox.control("conferences")["conferences"] == []
    raw.ok("POST", SCHEDULED, GOOD)
    assert log(sandbox)[0] == ("conference.create", status, fault["kind"])


def test_a_fault_of_an_api_that_there_is_not_is_refused_because_it_would_never_strike(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"api must be one of \*, attendees.add, .*, conference.create, "):
        sandbox.control("faults", {"api": "conference.creat", "kind": "error_after"})
    assert sandbox.control("faults")["faults"] == []


def test_a_fault_after_the_effect_leaves_it(raw: Raw, sandbox: Sandbox) -> None:
    sandbox.control("faults", {"api": "conference.create", "kind": "error_after"})
    assert raw.refused("POST", SCHEDULED, GOOD) == (500, "systemError")
    assert len(sandbox.control("conferences")["conferences"]) == 1


@pytest.mark.parametrize(("kind", "left"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_answers_nothing(raw: Raw, sandbox: Sandbox, kind: str, left: int) -> None:
    sandbox.control("faults", {"kind": kind})
    with pytest.raises(requests.ConnectionError):
        raw.send("POST", SCHEDULED, GOOD)
    assert len(sandbox.control("conferences")["conferences"]) == left
    raw.ok("POST", SCHEDULED, GOOD)


def test_answers_can_be_no_json_or_of_another_shape(raw: Raw, sandbox: Sandbox) -> None:
    for kind in ("html_503", "html_404", "ban", "cut_json", "wrong_json"):
        sandbox.control("faults", {"kind": kind})
    page = raw.send("POST", SCHEDULED, GOOD)
    assert (page.status_code, page.text[:6]) == (503, "<html>")
    page = raw.send("POST", SCHEDULED, GOOD)
    assert (page.status_code, page.text[:6]) == (404, "<html>")
    assert raw.send("POST", SCHEDULED, GOOD).json()["punish"] == "deny"
    with pytest.raises(requests.JSONDecodeError):
        raw.send("POST", SCHEDULED, GOOD).json()
    assert raw.send("POST", SCHEDULED, GOOD).json() == ["unexpected"]
    assert len(sandbox.control("conferences")["conferences"]) == 2


def test_faults_wait_repeat_and_are_repeatable(raw: Raw, sandbox: Sandbox) -> None:
    sandbox.control("faults", {"kind": "qps", "after_calls": 1, "times": 2})
    assert [raw.send("GET", EVENTS).status_code for _ in range(4)] == [200, 403, 403, 200]
    seen = []
    for _ in range(2):
        sandbox.control("faults", method="DELETE")
        sandbox.control("faults", {"kind": "error_before", "times": None, "probability": 0.5, "seed": 7})
        seen.append([raw.send("GET", EVENTS).status_code for _ in range(6)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


@pytest.mark.parametrize("wrong", [{"kind": "flood"}, {}, {"kind": "qps", "times": 0}, {"kind": "qps", "seed": []}])
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="invalidFault"):
        sandbox.control("faults", wrong)


# Control


def test_what_a_person_does_by_hand_is_free_and_shows(raw: Raw, sandbox: Sandbox, clock: Clock) -> None:
    foreign = {"action": "create_event", "organizer": "uDave", "summary": "Offsite", **WHEN, "rooms": ["rAurora"]}
    other = sandbox.control("edits", foreign)["event"]
    made = raw.ok("POST", EVENTS, {"summary": "Sync", **WHEN, "attendees": [{"id": "uBob"}]})["id"]
    refusal = raw.refused("POST", f"{EVENTS}/{made}/meetingRooms", {"meetingRoomsToAdd": [{"roomId": "rAurora"}]})
    assert refusal == (400, "meetingRoomNotAvailable")
    before = month(sandbox)
    clock.advance(minutes=1)
    for edit in (
        {"action": "change_event", "event": made, "summary": "By hand", "description": "No marker"},
        {"action": "add_attendees", "event": made, "attendees": [{"id": "uCarol"}]},
        {"action": "remove_attendees", "event": made, "attendees": [{"id": "uBob"}]},
        {"action": "answer_invitation", "event": made, "person": "uCarol", "status": "declined"},
        {"action": "release_rooms", "event": other, "rooms": ["rAurora"]},
        {"action": "add_rooms", "event": made, "rooms": ["rAurora"]},
    ):
        sandbox.control("edits", edit)
    shown = raw.ok("GET", f"{EVENTS}/{made}")
    assert (shown["summary"], shown["description"]) == ("By hand", "No marker")
    assert [(p["id"], p["responseStatus"]) for p in shown["attendees"][1:]] == [("uCarol", "declined")]
    assert shown["meetingRooms"][0]["roomId"] == "rAurora"
    assert shown["updateTime"] > shown["createTime"]
    sandbox.control("edits", {"action": "delete_event", "event": made})
    assert raw.refused("GET", f"{EVENTS}/{made}") == (404, "itemNotFound")
    assert month(sandbox) == before + 2


def test_conferences_are_changed_and_cancelled_by_hand(raw: Raw, sandbox: Sandbox) -> None:
    made = raw.ok("POST", SCHEDULED, GOOD)["scheduleConferenceId"]
    change = {"action": "change_conference", "conference": made, "title": "By hand", "settings": {"lockRoom": 1}}
    sandbox.control("edits", change)
    assert raw.ok("GET", f"{SCHEDULED}/{made}/infos", requestUnionId="uAlice")["title"] == "By hand"
    shown = raw.ok("GET", f"{SCHEDULED}/settings", scheduleConferenceId=made)["scheduleConfSettingModel"]
    assert shown["lockRoom"] == 1
    sandbox.control("edits", {"action": "cancel_conference", "conference": made})
    assert raw.refused("GET", f"{SCHEDULED}/{made}/infos", requestUnionId="uAlice") == (400, "resourceCancel")


@pytest.mark.parametrize(
    "edit",
    [
        {"action": "fly"},
        {"action": "delete_event", "event": "none"},
        {"action": "cancel_conference", "conference": "none"},
        {"action": "change_conference", "conference": "none"},
        {"action": "hold_conference", "conference": "none"},
        {"action": "change_room", "room": "none", "rules": {}},
        {"action": "change_room", "room": "rAurora", "rules": {"colour": "red"}},
    ],
)
def test_an_edit_of_what_is_not_there_is_refused(sandbox: Sandbox, edit: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"itemNotFound|invalidParameter"):
        sandbox.control("edits", edit)


def test_the_clock_can_be_moved(raw: Raw, sandbox: Sandbox, clock: Clock) -> None:
    moved = sandbox.control("clock", {"now": "2027-01-01T00:00:00+08:00"})["now"]
    assert moved == "2026-12-31T16:00:00+00:00"
    assert raw.refused("GET", EVENTS) == (400, "InvalidAuthentication")
    assert sandbox.control("clock", {"now": None})["now"] == clock().isoformat()


def test_reset_forgets_all_but_people_and_rooms(raw: Raw, sandbox: Sandbox) -> None:
    raw.ok("POST", SCHEDULED, GOOD)
    sandbox.control("faults", {"kind": "qps"})
    sandbox.control("permissions", {"permissions": []})
    sandbox.control("reset", {})
    assert sandbox.control("conferences") == {"conferences": [], "instants": []}
    assert sandbox.control("calls") == {"calls": [], "month": 0}
    assert sandbox.control("faults") == {"faults": []}
    raw.login()
    raw.ok("POST", SCHEDULED, GOOD)
    assert len(sandbox.control("rooms")["rooms"]) == 9


def test_control_is_not_for_web_pages(sandbox: Sandbox) -> None:
    url = f"{sandbox.endpoint}/_sandbox/reset"
    assert requests.post(url, data="{}", timeout=10).status_code == 400
    assert requests.post(url, json={}, headers={"Host": "evil.example"}, timeout=10).status_code == 403
    assert requests.post(url, json={}, timeout=10).status_code == 200


# The embedded server


def test_data_outlive_the_server_and_are_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sandbox.db"
    first = Seed(people={"u": Person(name="U")}, rooms={"r": RoomSeed(name="R")})
    with Sandbox(path, seed=first) as sandbox:
        sandbox.control("edits", {"action": "create_event", "organizer": "u", "summary": "S", **WHEN})
        sandbox.control("edits", {"action": "change_room", "room": "r", "rules": {"approval": True}})
        sandbox.stop()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    renamed = Seed(people={"v": Person(name="V")}, rooms={"r": RoomSeed(name="Renamed")})
    with Sandbox(path, seed=renamed) as sandbox:
        assert [event["summary"] for event in sandbox.control("events")["events"]] == ["S"]
        found = sandbox.gateway.store.rows("SELECT name FROM people ORDER BY name")
        assert [row[0] for row in found] == ["U", "V"]
        room = sandbox.gateway.store.row("SELECT data FROM rooms")
        assert room is not None
        assert '"Renamed"' in room["data"]
        assert '"approval": true' in room["data"]


def test_a_derived_union_id_is_always_the_same() -> None:
    assert derived_union_id("alice01") == derived_union_id("alice01") != derived_union_id("bob01")


def test_the_server_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        assert requests.get(f"{sandbox.endpoint}/none", timeout=10).status_code == 404
    assert capfd.readouterr() == ("", "")
