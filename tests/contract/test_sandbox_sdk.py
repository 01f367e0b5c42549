"""The official SDK drives every endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from Tea.exceptions import TeaException

from reconciler.sandbox.embedded import Sandbox

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::SyntaxWarning", "ignore::ResourceWarning"
)

START, END = 1_796_090_400_000, 1_796_094_000_000  # 2026-12-01, 10:00 to 11:00 in Shanghai
BOOKING = {"meetingRoomsToAdd": [{"roomId": "rAurora"}]}
WHEN = {
    "start": {"dateTime": "2026-12-01T10:00:00+08:00", "timeZone": "Asia/Shanghai"},
    "end": {"dateTime": "2026-12-01T11:00:00+08:00", "timeZone": "Asia/Shanghai"},
}


def _model(kind: Any, body: dict[str, Any]) -> Any:
    """Return the request model of a body; `from_map` makes empty lists where the body has nothing."""
    model = kind().from_map(body)
    for name, value in vars(model).items():
        if value == [] and [] not in body.values():
            setattr(model, name, None)
    return model


class Sdk:
    """One API family of the SDK; `call` takes and returns wire documents."""

    def __init__(self, family: str, sandbox: Sandbox, token: str) -> None:
        import importlib

        from alibabacloud_tea_openapi.models import Config
        from alibabacloud_tea_util.models import RuntimeOptions

        base = f"alibabacloud_dingtalk.{family}"
        self.models = importlib.import_module(f"{base}.models")
        config = Config(protocol="http", region_id="central")
        config.endpoint = sandbox.endpoint.removeprefix("http://")
        self.client = importlib.import_module(f"{base}.client").Client(config)
        self.runtime = RuntimeOptions()
        self.token = token

    def call(self, name: str, *path: str, body: dict[str, Any] | None = None, client_token: str = "") -> Any:
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
        method: Callable[..., Any] = getattr(self.client, f"{snake}_with_options")
        headers = getattr(self.models, f"{name}Headers")()
        headers.x_acs_dingtalk_access_token = self.token
        if client_token:
            headers.x_client_token = client_token
        request = getattr(self.models, f"{name}Request", None)
        models = [] if request is None else [_model(request, body or {})]
        answer = method(*path, *models, headers, self.runtime)
        assert answer.status_code == 200
        found = getattr(answer, "body", None)
        return found.to_map() if found is not None else None

    def refusal(self, name: str, *path: str, body: dict[str, Any] | None = None) -> str:
        with pytest.raises(TeaException) as caught:
            self.call(name, *path, body=body)
        return str(caught.value.code)


@pytest.fixture
def token(sandbox: Sandbox) -> str:
    sdk = Sdk("oauth2_1_0", sandbox, "")
    request = sdk.models.GetAccessTokenRequest(app_key=sandbox.credentials[0], app_secret=sandbox.credentials[1])
    found: str = sdk.client.get_access_token(request).body.access_token
    return found


@pytest.fixture
def conference(sandbox: Sandbox, token: str) -> Sdk:
    return Sdk("conference_1_0", sandbox, token)


@pytest.fixture
def calendar(sandbox: Sandbox, token: str) -> Sdk:
    return Sdk("calendar_1_0", sandbox, token)


@pytest.fixture
def rooms(sandbox: Sandbox, token: str) -> Sdk:
    return Sdk("rooms_1_0", sandbox, token)


def book_conference(conference: Sdk, **more: Any) -> str:
    body = {"creatorUnionId": "uAlice", "title": "Sync", "startTime": START, "endTime": END, **more}
    made: str = conference.call("CreateScheduleConference", body=body)["scheduleConferenceId"]
    return made


def create_event(calendar: Sdk, **more: Any) -> str:
    made: str = calendar.call("CreateEvent", "uAlice", "primary", body={"summary": "Sync", **WHEN, **more})["id"]
    return made


def test_the_token_call_refuses_a_wrong_secret(sandbox: Sandbox) -> None:
    sdk = Sdk("oauth2_1_0", sandbox, "")
    request = sdk.models.GetAccessTokenRequest(app_key=sandbox.credentials[0], app_secret="wrong")
    with pytest.raises(TeaException) as caught:
        sdk.client.get_access_token(request)
    assert caught.value.code == "invalidClientIdOrSecret"


def test_a_call_with_an_unknown_token_is_refused(sandbox: Sandbox) -> None:
    stranger = Sdk("conference_1_0", sandbox, "nonsense")
    assert (
        stranger.refusal("QueryScheduleConference", "x", body={"requestUnionId": "uAlice"}) == "InvalidAuthentication"
    )


def test_a_scheduled_conference_lives_its_life(conference: Sdk) -> None:
    made = book_conference(conference)
    update = {"creatorUnionId": "uAlice", "scheduleConferenceId": made, "startTime": START, "endTime": END}
    assert conference.call("UpdateScheduleConference", body={**update, "title": "Renamed"}) == {"success": True}
    shown = conference.call("QueryScheduleConference", made, body={"requestUnionId": "uAlice"})
    assert (shown["title"], shown["startTime"], shown["endTime"]) == ("Renamed", START, END)
    cancel = {"creatorUnionId": "uAlice", "scheduleConferenceId": made}
    assert conference.call("CancelScheduleConference", body=cancel) == {"success": True}
    assert conference.refusal("CancelScheduleConference", body=cancel) == "resourceCancel"
    assert conference.refusal("QueryScheduleConference", made, body={"requestUnionId": "uAlice"}) == "resourceCancel"


def test_settings_are_written_merged_and_read_back_in_part(conference: Sdk) -> None:
    first = {"muteOnJoin": 6, "moziConfVirtualExtraSetting": {"waitingRoom": 1, "pushMinutesCard": False}}
    made = book_conference(conference, scheduleConfSettingModel=first)
    app = {"coolAppCode": "cool", "autoOpenMode": 2, "extensionAppBizData": "{}"}
    second = {
        "cohostUnionIds": ["uBob"],
        "moziConfVirtualExtraSetting": {"moziConfExtensionAppSettings": [app]},
        "moziConfOpenRecordSetting": {"recordAutoStart": 1, "mode": "speech"},
    }
    body = {"creatorUnionId": "uAlice", "scheduleConferenceId": made, "scheduleConfSettingModel": second}
    assert conference.call("UpdateScheduleConfSettings", body=body) == {"success": True}
    model = conference.call("QueryScheduleConfSettings", body={"scheduleConferenceId": made})[
        "scheduleConfSettingModel"
    ]
    assert (model["muteOnJoin"], model["cohostUnionIds"]) == (6, ["uBob"])
    extra = model["moziConfVirtualExtraSetting"]
    assert extra["waitingRoom"] == 1
    assert extra["moziConfExtensionAppSettings"][0]["autoOpenMode"] == "2"
    assert "pushMinutesCard" not in extra
    assert "moziConfOpenRecordSetting" not in model


def test_the_history_of_a_conference_is_paged(conference: Sdk, sandbox: Sandbox) -> None:
    made = book_conference(conference)
    for offset in (0, 60_000):
        sandbox.control(
            "edits",
            {
                "action": "hold_conference",
                "conference": made,
                "startTime": START + offset,
                "endTime": START + offset + 30_000,
            },
        )
    first = conference.call("QueryScheduleConferenceInfo", made, body={"maxResults": 1})
    assert (first["totalCount"], first["conferenceList"][0]["status"]) == (2, 1)
    rest = conference.call("QueryScheduleConferenceInfo", made, body={"maxResults": 1, "nextToken": first["nextToken"]})
    assert rest["conferenceList"][0]["startTime"] == START + 60_000
    assert rest.get("nextToken") is None
    assert conference.refusal("QueryScheduleConferenceInfo", "none") == "invalidScheduleConferenceId"


def test_an_instant_conference_is_opened_found_and_closed(conference: Sdk) -> None:
    body = {"userId": "uAlice", "confTitle": "Now", "inviteUserIds": ["uBob"], "inviteCaller": True}
    made = conference.call("CreateVideoConference", body=body)
    assert made["conferencePassword"]
    assert made["hostPassword"]
    ongoing = conference.call("QueryUserOnGoingConference", body={"unionId": "uAlice"})
    assert ongoing["onGoingConfIdList"] == [made["conferenceId"]]
    assert conference.call("QueryConferenceInfo", made["conferenceId"])["confInfo"]["status"] == 2
    close = {"unionId": "uBob"}
    assert conference.refusal("CloseVideoConference", made["conferenceId"], body=close) == "permissionError"
    assert (
        conference.call("CloseVideoConference", made["conferenceId"], body={"unionId": "uAlice"})["cause"] == "success"
    )
    assert conference.call("QueryUserOnGoingConference", body={"unionId": "uAlice"})["onGoingConfIdList"] == []


def test_an_event_lives_its_life(calendar: Sdk) -> None:
    made = create_event(calendar, attendees=[{"id": "uBob", "isOptional": True}], description="What")
    changed = calendar.call("PatchEvent", "uAlice", "primary", made, body={"id": made, "summary": "Renamed"})
    assert changed["summary"] == "Renamed"
    shown = calendar.call("GetEvent", "uAlice", "primary", made)
    assert (shown["summary"], shown["description"], shown["status"]) == ("Renamed", "What", "confirmed")
    assert [person["id"] for person in shown["attendees"]] == ["uAlice", "uBob"]
    assert shown["attendees"][0]["self"]
    assert shown["organizer"]["id"] == "uAlice"
    assert shown["reminders"] == [{"method": "dingtalk", "minutes": "15"}]
    assert calendar.call("DeleteEvent", "uAlice", "primary", made) is None
    assert calendar.refusal("GetEvent", "uAlice", "primary", made) == "itemNotFound"
    assert calendar.refusal("DeleteEvent", "uAlice", "primary", made) == "itemNotFound"


def test_the_same_client_token_makes_one_event(calendar: Sdk) -> None:
    body = {"summary": "Sync", **WHEN}
    first = calendar.call("CreateEvent", "uAlice", "primary", body=body, client_token="t1")
    again = calendar.call("CreateEvent", "uAlice", "primary", body=body, client_token="t1")
    other = calendar.call("CreateEvent", "uAlice", "primary", body=body, client_token="t2")
    assert first == again
    assert other["id"] != first["id"]


def test_events_are_listed_and_viewed(calendar: Sdk) -> None:
    made = create_event(calendar)
    query = {"timeMin": "2026-11-30T00:00:00Z"}
    page = calendar.call("ListEvents", "uAlice", "primary", body=query)
    assert [event["id"] for event in page["events"]] == [made]
    assert page["syncToken"]
    view = calendar.call("ListEventsView", "uAlice", "primary", body={**query, "timeMax": "2026-12-30T00:00:00Z"})
    assert [event["id"] for event in view["events"]] == [made]


def test_attendees_are_added_listed_and_removed(calendar: Sdk) -> None:
    made = create_event(calendar)
    path = ("uAlice", "primary", made)
    calendar.call("AddAttendee", *path, body={"attendeesToAdd": [{"id": "uBob"}, {"id": "uCarol", "isOptional": True}]})
    first = calendar.call("ListAttendees", *path, body={"maxResults": 2})
    assert [person["id"] for person in first["attendees"]] == ["uAlice", "uBob"]
    rest = calendar.call("ListAttendees", *path, body={"maxResults": 2, "nextToken": first["nextToken"]})
    assert [person["id"] for person in rest["attendees"]] == ["uCarol"]
    calendar.call("RemoveAttendee", *path, body={"attendeesToRemove": [{"id": "uBob"}]})
    assert [p["id"] for p in calendar.call("ListAttendees", *path)["attendees"]] == ["uAlice", "uCarol"]


def test_rooms_are_booked_seen_busy_and_released(calendar: Sdk) -> None:
    made = create_event(calendar)
    path = ("uAlice", "primary", made)
    assert calendar.call("AddMeetingRooms", *path, body={"meetingRoomsToAdd": [{"roomId": "rAurora"}]}) == {
        "result": True
    }
    query = {
        "roomIds": ["rAurora", "rNone"],
        "startTime": "2026-12-01T00:00:00+08:00",
        "endTime": "2026-12-02T00:00:00+08:00",
    }
    aurora, none = calendar.call("GetMeetingRoomsSchedule", "uAlice", body=query)["scheduleInformation"]
    assert [(item["status"], item["eventId"]) for item in aurora["scheduleItems"]] == [("BUSY", made)]
    assert aurora["scheduleItems"][0]["organizer"] == {"id": "uAlice"}
    assert none["error"]
    release = {"meetingRoomsToRemove": [{"roomId": "rAurora"}]}
    assert calendar.call("RemoveMeetingRooms", *path, body=release) == {"result": True}
    assert calendar.call("GetEvent", *path)["meetingRooms"] == []


def test_a_room_that_somebody_holds_is_refused(calendar: Sdk) -> None:
    first, second = create_event(calendar), create_event(calendar)
    calendar.call("AddMeetingRooms", "uAlice", "primary", first, body=BOOKING)
    for event in (first, second):
        assert (
            calendar.refusal("AddMeetingRooms", "uAlice", "primary", event, body=BOOKING) == "meetingRoomNotAvailable"
        )


def test_the_directory_of_rooms_is_paged(rooms: Sdk) -> None:
    first = rooms.call("QueryMeetingRoomList", body={"unionId": "uAlice", "maxResults": 2})
    assert (first["hasMore"], len(first["result"])) == (True, 2)
    rest = rooms.call("QueryMeetingRoomList", body={"unionId": "uAlice", "nextToken": first["nextToken"]})
    assert (rest["hasMore"], len(rest["result"])) == (False, 7)
    assert rooms.refusal("QueryMeetingRoomList", body={"unionId": "nobody"}) == "user.not.employee"


def test_a_room_shows_its_rules(rooms: Sdk) -> None:
    room = rooms.call("QueryMeetingRoom", "rCirrus", body={"unionId": "uAlice"})["result"]
    assert (room["roomName"], room["enableCycleReservation"]) == ("Cirrus", True)
    assert room["extensionConfig"]["approvalSwitch"]
    assert rooms.refusal("QueryMeetingRoom", "rNone", body={"unionId": "uAlice"}) == "param.error"
