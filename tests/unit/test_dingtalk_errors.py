from __future__ import annotations

import json

import pytest

from reconciler.dingtalk import calls
from reconciler.dingtalk import errors as e
from reconciler.dingtalk.classify import classify, classify_old, is_error
from reconciler.dingtalk.retrying import Backoff, may_repeat, wait_before

DENIED = "Forbidden.AccessDenied."
TABLE = [
    (400, "invalidClientIdOrSecret", e.AuthenticationFailed, "app key"),
    (400, "InvalidAuthentication", e.TokenRejected, "same organisation"),
    (403, f"{DENIED}AccessTokenPermissionDenied", e.PermissionMissing, "Calendar.Event.Write"),
    (403, f"{DENIED}IpNotInWhiteList", e.IpNotAllowed, "IP address"),
    (403, f"{DENIED}QpsLimitForAppkeyAndApi", e.RateLimited, "provider.qps"),
    (403, f"{DENIED}QpsLimitForApi", e.RateLimited, "provider.qps"),
    (403, f"{DENIED}QpmLimitForAppkeyAndApi", e.MinuteLimited, "in a minute"),
    (403, f"{DENIED}ApiCountLimitForOrg", e.QuotaExhausted, "first of next month"),
    (400, "flowLimit", e.DailyEventLimit, "100 events a day"),
    (400, "idempotencyProcessing", e.StillProcessing, "in a moment"),
    (404, "itemNotFound", e.NotFound, "deleted"),
    (404, "instanceNotExist", e.NotFound, "deleted"),
    (400, "scheduleConferenceIdError", e.NotFound, "deleted"),
    (400, "invalidScheduleConferenceId", e.NotFound, "deleted"),
    (404, "somethingElse", e.Refused, "request id"),
    (404, "InvalidAction.NotFound", e.Refused, "request id"),
    (404, "", e.Refused, "request id"),
    (400, "meetingRoomNotAvailable", e.RoomNotAvailable, "another room"),
    (400, "resourceCancel", e.ConferenceCancelled, "cancelled outside"),
    (400, "permissionError", e.NotCreator, "organiser"),
    (404, "permissionError", e.NotCreator, "organiser"),
    (403, "noPermission", e.NotCreator, "organiser"),
    (400, "permissionDeny", e.NotCreator, "organiser"),
    (400, "invalidParameter", e.InvalidParameter, "union ids"),
    (400, "paramsError", e.InvalidParameter, "union ids"),
    (400, "paramError", e.InvalidParameter, "union ids"),
    (400, "param.error", e.InvalidParameter, "union ids"),
    (500, "systemError", e.ServerError, "run again later"),
    (503, "", e.ServerError, "run again later"),
    (400, "neverHeardOf", e.Refused, "request id"),
    (403, "Forbidden", e.Refused, "request id"),
    (429, "", e.RateLimited, "provider.qps"),
    (409, "conflict", e.ApiError, "request id"),
]


@pytest.mark.parametrize(("status", "code", "kind", "hint"), TABLE)
def test_a_code_becomes_its_error_with_a_hint(status: int, code: str, kind: type[e.ApiError], hint: str) -> None:
    body = json.dumps({"code": code, "message": "because", "requestid": "R-1"}).encode()
    error = classify(status, body, {}, calls.EVENT_CREATE)
    assert type(error) is kind
    assert hint in error.fix
    assert (error.status, error.dingtalk_code, error.request_id) == (status, code, "R-1")
    assert error.call == "POST /v1.0/calendar/users/{user}/calendars/primary/events"
    assert "because" in str(error)


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        (calls.CONFERENCE_CREATE, "VideoConference.Conference.Write"),
        (calls.ROOMS_LIST, "VideoConference.Conference.Read"),
        (calls.EVENT_LIST, "Calendar.Event.Read"),
    ],
)
def test_a_missing_permission_is_named(call: calls.Call, permission: str) -> None:
    error = classify(403, b'{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied"}', {}, call)
    assert permission in error.fix


BAN = b'{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u-1"}'


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_ban_is_understood_whatever_its_status(status: int) -> None:
    error = classify(status, BAN, {}, calls.EVENT_LIST)
    assert isinstance(error, e.Banned)
    assert error.retry_after == 5
    assert error.request_id == "u-1"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, b"<html>denied</html>", e.Banned),
        (200, b"<!doctype html><title>punish</title>", e.Banned),
        (200, b"<html>Welcome to the hotel</html>", e.UnreadableAnswer),
        (200, b'{"id": "cut', e.UnreadableAnswer),
        (200, b"[1, 2]", e.UnreadableAnswer),
        (200, b"", e.UnreadableAnswer),
        (200, b"[" * 100_000, e.UnreadableAnswer),
        (404, b"<html>not here</html>", e.Refused),
        (404, b"", e.Refused),
        (404, b"itemNotFound", e.Refused),
        (502, b"<html>Bad gateway</html>", e.ServerError),
        (302, b"", e.ApiError),
        (400, b"\xff\xfe", e.Refused),
    ],
)
def test_an_answer_that_is_no_json_object_is_survived(status: int, body: bytes, kind: type[e.ApiError]) -> None:
    assert type(classify(status, body, {}, calls.EVENT_LIST)) is kind


@pytest.mark.parametrize("code", [7, None, ["x"], {"a": 1}, True])
def test_wrong_types_in_an_error_are_survived(code: object) -> None:
    body = json.dumps({"code": code, "message": {"en": "no"}, "requestid": 4}).encode()
    assert isinstance(classify(400, body, {}, calls.EVENT_LIST), e.Refused)


def test_text_from_remote_is_cut_and_cleaned() -> None:
    body = json.dumps({"code": "x\x1b[2J", "message": "a\x1b]0;owned\x07\nb\u202e" + "c" * 10_000}).encode()
    text = str(classify(400, body, {}, calls.EVENT_LIST))
    assert len(text) < 600
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\u202e" not in text


def test_retry_after_is_read_where_it_is_a_number() -> None:
    assert classify(503, b"{}", {"Retry-After": "7"}, calls.EVENT_LIST).retry_after == 7
    assert classify(503, b"{}", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, calls.EVENT_LIST).retry_after is None
    assert classify(503, b"{}", {"Retry-After": "nan"}, calls.EVENT_LIST).retry_after is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (40014, e.TokenRejected),
        (60011, e.PermissionMissing),
        (60020, e.IpNotAllowed),
        (60121, e.NotFound),
        (90018, e.RateLimited),
        (-1, e.ServerError),
        (99999, e.Refused),
        ("x", e.UnreadableAnswer),
    ],
)
def test_errors_of_the_older_api_come_in_an_answer_of_status_200(code: object, kind: type[e.ApiError]) -> None:
    assert type(classify_old({"errcode": code, "errmsg": "no"}, calls.PEOPLE_GET)) is kind


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 88, "errmsg": "no", "sub_code": "40014"},
        {"errcode": 88, "errmsg": "ding talk error[subcode=40014,submsg=no]"},
    ],
)
def test_the_older_api_wraps_the_code_that_matters(answer: dict[str, object]) -> None:
    assert type(classify_old(answer, calls.EVENT_LIST)) is e.TokenRejected


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "systemError", "message": "busy", "requestid": "1"},
        {"errorCode": "systemError", "errorMsg": "busy", "success": False},
        {"success": "false", "errorCode": "x"},
        {"punish": "deny"},
    ],
)
def test_an_error_of_status_200_is_an_error(answer: dict[str, object]) -> None:
    assert is_error(answer)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"success": True},
        {"result": True, "code": "0", "message": "ok"},
        {"code": "OK", "message": "", "success": True},
        {"code": "", "cause": "closed"},
        {"id": "e1", "message": "a field of its own"},
    ],
)
def test_an_answer_that_says_nothing_bad_is_none(answer: dict[str, object]) -> None:
    assert not is_error(answer)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("QpsLimitForApi", e.RateLimited),
        ("Forbidden.AccessDenied.QpsLimitForOrg", e.RateLimited),
        ("Forbidden.AccessDenied.QpmLimitForApi", e.MinuteLimited),
        ("Forbidden.AccessDenied.ApiCountLimitForApp", e.QuotaExhausted),
    ],
)
def test_a_limit_is_one_in_whatever_words(code: str, kind: type[e.ApiError]) -> None:
    assert type(classify(403, json.dumps({"code": code}).encode(), {}, calls.EVENT_LIST)) is kind


def test_errcode_zero_is_a_success() -> None:
    assert classify_old({"errcode": 0, "errmsg": "ok"}, calls.PEOPLE_GET) is None


REPEATED_IN_ANY_CASE = [e.NotSent, e.RateLimited, e.MinuteLimited, e.Banned]
REPEATED_WHERE_HARMLESS = [e.NoAnswer, e.ServerError, e.StillProcessing, e.UnreadableAnswer]
NEVER_REPEATED = [
    e.Halted,
    e.ApiError,
    e.AuthenticationFailed,
    e.ConferenceCancelled,
    e.DailyEventLimit,
    e.InvalidParameter,
    e.IpNotAllowed,
    e.NotCreator,
    e.NotFound,
    e.PermissionMissing,
    e.QuotaExhausted,
    e.Refused,
    e.RoomNotAvailable,
    e.TokenRejected,  # after a new token has been rejected too
]


def _subclasses(kind: type[e.ApiError]) -> set[type[e.ApiError]]:
    return {kind} | {sub for child in kind.__subclasses__() for sub in _subclasses(child)}


def test_the_lists_name_every_error() -> None:
    listed = {*REPEATED_IN_ANY_CASE, *REPEATED_WHERE_HARMLESS, *NEVER_REPEATED, e.LimitReached}
    assert listed == _subclasses(e.ApiError)


@pytest.mark.parametrize("kind", REPEATED_IN_ANY_CASE)
@pytest.mark.parametrize("repeat", calls.Repeat)
def test_what_certainly_did_nothing_is_repeated(kind: type[e.ApiError], repeat: calls.Repeat) -> None:
    assert kind.certain_not_done
    assert may_repeat(kind("x", call="c"), repeat)


@pytest.mark.parametrize("kind", REPEATED_WHERE_HARMLESS)
def test_what_may_have_been_done_is_repeated_only_where_that_is_harmless(kind: type[e.ApiError]) -> None:
    assert not kind.certain_not_done
    assert may_repeat(kind("x", call="c"), calls.Repeat.ALWAYS)
    assert not may_repeat(kind("x", call="c"), calls.Repeat.IF_NOT_DONE)


@pytest.mark.parametrize("kind", NEVER_REPEATED)
@pytest.mark.parametrize("repeat", calls.Repeat)
def test_what_a_repeat_can_not_help_is_not_repeated(kind: type[e.ApiError], repeat: calls.Repeat) -> None:
    assert not may_repeat(kind("x", call="c"), repeat)


def test_only_the_two_calls_that_create_a_conference_are_not_repeatable() -> None:
    table = [call for call in vars(calls).values() if isinstance(call, calls.Call)]
    careful = {call.name for call in table if call.repeat is calls.Repeat.IF_NOT_DONE}
    assert careful == {"conference.create", "instant.start"}


def test_waits_grow_and_what_is_asked_for_is_waited_in_full() -> None:
    backoff = Backoff()
    failed = e.ServerError("x", call="c")
    waits = [wait_before(failed, attempt, backoff, 0.5) for attempt in range(1, 8)]
    assert waits == sorted(waits)
    assert waits[-1] <= backoff.most_s * 1.5
    assert wait_before(e.RateLimited("x", call="c"), 1, backoff, 0.0) >= 1
    assert wait_before(e.Banned("x", call="c", retry_after=5), 1, backoff, 0.0) >= 5
