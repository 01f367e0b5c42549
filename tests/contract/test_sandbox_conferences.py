"""Scheduled and instant conferences: what is refused, cut and kept."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from reconciler.sandbox.embedded import Sandbox

SCHEDULED = "/v1.0/conference/scheduleConferences"
VIDEO = "/v1.0/conference/videoConferences"
START, END = 1_796_090_400_000, 1_796_094_000_000
GOOD: dict[str, Any] = {"creatorUnionId": "uAlice", "title": "Sync", "startTime": START, "endTime": END}


class Raw(Protocol):
    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]: ...
    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]: ...


def make(raw: Raw, **more: Any) -> str:
    made: str = raw.ok("POST", SCHEDULED, {**GOOD, **more})["scheduleConferenceId"]
    return made


@pytest.mark.parametrize(
    "wrong",
    [
        {"creatorUnionId": None},
        {"creatorUnionId": "nobody"},
        {"creatorUnionId": 7},
        {"title": ""},
        {"title": "x" * 257},
        {"startTime": None},
        {"startTime": str(START)},
        {"startTime": True},
        {"startTime": START // 1000},
        {"endTime": START},
        {"scheduleConfSettingModel": []},
        {"scheduleConfSettingModel": {"lockRoom": True}},
        {"scheduleConfSettingModel": {"lockRoom": 2}},
        {"scheduleConfSettingModel": {"muteOnJoin": 1}},
        {"scheduleConfSettingModel": {"hostUnionId": "nobody"}},
        {"scheduleConfSettingModel": {"cohostUnionIds": "uBob"}},
        {"scheduleConfSettingModel": {"moziConfVirtualExtraSetting": {"enableWebAnonymousJoin": 1}}},
        {"scheduleConfSettingModel": {"moziConfVirtualExtraSetting": {"minutesSummaryTemplateType": 1}}},
        {"scheduleConfSettingModel": {"moziConfVirtualExtraSetting": {"moziConfExtensionAppSettings": [{}]}}},
        {"scheduleConfSettingModel": {"moziConfOpenRecordSetting": {"mode": "cinema"}}},
        {"scheduleConfSettingModel": {"aiAgentSummarySetting": {"value": True}}},
    ],
)
def test_creation_refuses_wrong_fields(raw: Raw, wrong: dict[str, Any]) -> None:
    assert raw.refused("POST", SCHEDULED, {**GOOD, **wrong}) == (400, "paramsError")


def test_creation_cuts_a_title_to_fifty_characters(raw: Raw) -> None:
    made = make(raw, title="会" * 256)
    assert raw.ok("GET", f"{SCHEDULED}/{made}/infos", requestUnionId="uAlice")["title"] == "会" * 50


def test_creation_is_not_idempotent(raw: Raw) -> None:
    assert make(raw) != make(raw)


def test_an_update_needs_all_five_fields_a_short_title_and_the_creator(raw: Raw) -> None:
    good = {**GOOD, "scheduleConferenceId": make(raw)}
    for name in good:
        assert raw.refused("PUT", SCHEDULED, {**good, name: None}) == (400, "paramsError")
    assert raw.refused("PUT", SCHEDULED, {**good, "title": "x" * 51}) == (400, "paramsError")
    assert raw.refused("PUT", SCHEDULED, {**good, "scheduleConferenceId": "none"}) == (400, "paramsError")
    assert raw.refused("PUT", SCHEDULED, {**good, "creatorUnionId": "uBob"}) == (400, "permissionError")


def test_a_cancelled_conference_can_not_be_changed(raw: Raw) -> None:
    ids = {"scheduleConferenceId": make(raw), "creatorUnionId": "uAlice"}
    assert raw.refused("POST", f"{SCHEDULED}/cancel", {**ids, "creatorUnionId": "uBob"}) == (400, "permissionError")
    raw.ok("POST", f"{SCHEDULED}/cancel", ids)
    assert raw.refused("PUT", SCHEDULED, {**GOOD, **ids}) == (400, "resourceCancel")


def test_only_those_who_lead_a_conference_may_ask_for_it(raw: Raw) -> None:
    made = make(raw, scheduleConfSettingModel={"hostUnionId": "uBob", "cohostUnionIds": ["uCarol"]})
    for person in ("uAlice", "uBob", "uCarol"):
        raw.ok("GET", f"{SCHEDULED}/{made}/infos", requestUnionId=person)
    assert raw.refused("GET", f"{SCHEDULED}/{made}/infos", requestUnionId="uDave") == (400, "permissionError")
    assert raw.refused("GET", f"{SCHEDULED}/{made}/infos") == (400, "paramsError")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"scheduleConferenceId": "none"}, "scheduleConferenceIdError"),
        ({"scheduleConferenceId": None}, "paramError"),
        ({"creatorUnionId": "nobody"}, "userNotInOrg"),
        ({"creatorUnionId": "uBob"}, "creatorUidError"),
        ({"scheduleConfSettingModel": {"lockRoom": 3}}, "paramError"),
        ({"scheduleConfSettingModel": {"hostUnionId": "nobody"}}, "userNotInOrg"),
        (
            {"scheduleConfSettingModel": {"moziConfVirtualExtraSetting": {"moziConfExtensionAppSettings": [{}]}}},
            "extensionAppSettingError",
        ),
    ],
)
def test_settings_are_refused_for_their_own_reasons(raw: Raw, wrong: dict[str, Any], code: str) -> None:
    body = {"creatorUnionId": "uAlice", "scheduleConferenceId": make(raw), "scheduleConfSettingModel": {}}
    assert raw.refused("PUT", f"{SCHEDULED}/settings", {**body, **wrong}) == (400, code)


def test_write_only_settings_are_kept_though_never_read_back(raw: Raw, sandbox: Sandbox) -> None:
    model = {"aiAgentSummarySetting": {"value": "enable", "allowParticipantShowAiAgentRecord": True}}
    made = make(raw, scheduleConfSettingModel=model)
    change = {"aiAgentSummarySetting": {"receiverType": 1, "allowParticipantShowAiAgentRecord": False}}
    body = {"creatorUnionId": "uAlice", "scheduleConferenceId": made, "scheduleConfSettingModel": change}
    raw.ok("PUT", f"{SCHEDULED}/settings", body)
    shown = raw.ok("GET", f"{SCHEDULED}/settings", scheduleConferenceId=made)["scheduleConfSettingModel"]
    assert "aiAgentSummarySetting" not in shown
    kept = sandbox.control("conferences")["conferences"][0]["settings"]["aiAgentSummarySetting"]
    assert kept == {"value": "enable", "receiverType": 1, "allowParticipantShowAiAgentRecord": True}


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"userId": "nobody"}, (400, "unknownUserError")),
        ({"userId": None}, (400, "paramsError")),
        ({"confTitle": ""}, (400, "paramsTitleError")),
        ({"confTitle": "x" * 257}, (400, "paramsTitleError")),
        ({"inviteUserIds": ["nobody"]}, (400, "orgAccessForbidden")),
        ({"inviteUserIds": "uBob"}, (400, "paramsError")),
        ({"inviteCaller": "yes"}, (400, "paramsError")),
    ],
)
def test_an_instant_conference_is_refused(raw: Raw, wrong: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert raw.refused("POST", VIDEO, {"userId": "uAlice", "confTitle": "Now", **wrong}) == refusal


def test_an_instant_conference_is_closed_by_its_host_alone(raw: Raw) -> None:
    made = raw.ok("POST", VIDEO, {"userId": "uAlice", "confTitle": "x" * 60})["conferenceId"]
    assert raw.refused("DELETE", f"{VIDEO}/{made}", unionId="uBob") == (404, "permissionError")
    assert raw.refused("DELETE", f"{VIDEO}/none", unionId="uBob") == (400, "paramsError")
    shown = raw.ok("GET", f"{VIDEO}/{made}")["confInfo"]
    assert (len(shown["title"]), shown["creatorNick"]) == (50, "Alice")
