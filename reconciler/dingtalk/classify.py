"""From an answer that is no success to the error that says what to do. Source: the API's table of errors."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.dingtalk.calls import Call
from reconciler.dingtalk.errors import (
    ApiError,
    AuthenticationFailed,
    Banned,
    ConferenceCancelled,
    DailyEventLimit,
    InvalidParameter,
    IpNotAllowed,
    MinuteLimited,
    NotCreator,
    NotFound,
    PermissionMissing,
    QuotaExhausted,
    RateLimited,
    Refused,
    RoomNotAvailable,
    ServerError,
    StillProcessing,
    TokenRejected,
    UnreadableAnswer,
)
from reconciler.dingtalk.secret import clean

BAN_SECONDS = 300.0  # how long a ban lasts where it does not say so itself
_OK = 200
_DENIED = "Forbidden.AccessDenied."
_FINE = {"", "0", "200", "ok", "success"}  # codes of answers that are no errors
_CODES, _MESSAGES = ("code", "errorCode", "errcode"), ("message", "errorMsg", "errorMessage", "errmsg")
_SUBCODE = re.compile(r"\bsubcode=(\d+)")
# Source: the API's pages of topapi/v2/user/get and getbymobile.
_CONTACTS = (
    "grant the app qyapi_get_member, and for mobile numbers qyapi_get_member_by_mobile, in DingTalk's developer console"
)
_BAN_PAGE = re.compile(rb"punish|deny|denied|block|x5|ban", re.IGNORECASE)

_BY_CODE: Mapping[str, type[ApiError]] = {
    "invalidClientIdOrSecret": AuthenticationFailed,
    "InvalidAuthentication": TokenRejected,
    f"{_DENIED}AccessTokenPermissionDenied": PermissionMissing,
    f"{_DENIED}IpNotInWhiteList": IpNotAllowed,
    f"{_DENIED}QpsLimitForAppkeyAndApi": RateLimited,
    f"{_DENIED}QpsLimitForApi": RateLimited,
    f"{_DENIED}QpmLimitForAppkeyAndApi": MinuteLimited,
    f"{_DENIED}ApiCountLimitForOrg": QuotaExhausted,
    "flowLimit": DailyEventLimit,
    "idempotencyProcessing": StillProcessing,
    "itemNotFound": NotFound,
    "instanceNotExist": NotFound,
    "invalidScheduleConferenceId": NotFound,
    "scheduleConferenceIdError": NotFound,
    "meetingRoomNotAvailable": RoomNotAvailable,
    "resourceCancel": ConferenceCancelled,
    "permissionError": NotCreator,
    "noPermission": NotCreator,
    "permissionDeny": NotCreator,
    "creatorUidError": NotCreator,
    "systemError": ServerError,
    "system.error": ServerError,
    **dict.fromkeys(
        (
            "invalidParameter",
            "paramsError",
            "paramError",
            "param.error",
            "paramsTitleError",
            "unknownUserError",
            "userNotInOrg",
            "user.not.employee",
            "org.not.found",
            "extensionAppSettingError",
        ),
        InvalidParameter,
    ),
}
_LIMITS: Mapping[str, type[ApiError]] = {  # in whatever words the rest of the code is
    "QpsLimit": RateLimited,
    "QpmLimit": MinuteLimited,
    "ApiCountLimit": QuotaExhausted,
}
_OLD_CODES: Mapping[int, type[ApiError]] = {  # errcode of the older API, which answers 200
    -1: ServerError,  # "the system is busy"
    40014: TokenRejected,
    42001: TokenRejected,
    60011: PermissionMissing,
    60020: IpNotAllowed,
    60121: NotFound,
    40104: InvalidParameter,  # no mobile number
    400002: InvalidParameter,
    90002: RateLimited,
    90018: RateLimited,
    88: Refused,
}


def classify(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    call: Call,
    redact: Callable[[str], str] = str,
) -> ApiError:
    """Return the error for an answer that is not 200, or that is 200 and no JSON object. `redact` hides secrets."""
    answer = _object(body)
    wait = _seconds(headers.get("Retry-After"))
    if answer is not None and _is_ban(answer):
        told = _seconds(answer.get("wait"))
        return Banned(
            "this IP address is banned for calling too often",
            call=str(call),
            status=status,
            dingtalk_code=_text(answer, "status", redact),
            request_id=_text(answer, "uuid", redact),
            retry_after=BAN_SECONDS if told is None else told,
        )
    if answer is None:
        return _no_json(status, body, headers, call, wait)
    code, message = _first(answer, _CODES, redact), _first(answer, _MESSAGES, redact)
    # What says why it refuses is read well, and says the same the next time.
    kind = _by_code(code) or (ApiError if status == _OK and code else _by_status(status))
    return kind(
        _sentence(kind, message or f"HTTP {status}", code),
        call=str(call),
        status=status,
        dingtalk_code=code,
        request_id=_text(answer, "requestid", redact) or _text(answer, "requestId", redact),
        retry_after=wait,
        fix=_fix(kind, call),
    )


def is_error(answer: Mapping[str, Any]) -> bool:
    """Return whether a JSON object of status 200 is a ban or an error all the same: gateways answer so.

    What it says in `errcode` is left to `classify_old`.
    """
    if answer.get("punish") == "deny" or _is_ban(answer):
        return True
    code = str(answer.get("code") or answer.get("errorCode") or "")
    if str(answer.get("success")).lower() == "true" and _by_code(code) is None:
        return False  # whatever else it says
    reasoned = says_no(answer.get("success")) or any(isinstance(answer.get(name), str) for name in _MESSAGES)
    return reasoned and code.lower() not in _FINE


def says_no(value: object) -> bool:
    """Return whether a flag of an answer says that it was no success: false, in whatever type."""
    return str(value).lower() == "false"


def classify_old(answer: Mapping[str, Any], call: Call, redact: Callable[[str], str] = str) -> ApiError | None:
    """Return the error in an answer of status 200 that carries it in `errcode`, as the older API does; None for 0."""
    try:
        code = int(answer.get("errcode") or 0)
    except (TypeError, ValueError):
        return UnreadableAnswer("the answer's errcode is not a number", call=str(call), status=_OK)
    if code == 0:
        return None
    if code == 88:  # noqa: PLR2004  # a wrapper: the code that matters is sub_code, and it is mostly the token or a right
        words = _SUBCODE.search(_text(answer, "errmsg", redact))
        sub = _text(answer, "sub_code", redact) or (words[1] if words else "")
        code = int(sub) if sub.isdigit() else code
    kind = _OLD_CODES.get(code, Refused)
    return kind(
        _sentence(kind, _text(answer, "errmsg", redact), str(code)),
        call=str(call),
        status=_OK,
        dingtalk_code=str(code),
        request_id=_text(answer, "request_id", redact),
        fix=_CONTACTS if kind is PermissionMissing else "",
    )


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _is_ban(answer: Mapping[str, Any]) -> bool:
    return str(answer.get("status")) == "1111" or (answer.get("punish") == "deny" and "wait" in answer)


def _no_json(status: int, body: bytes, headers: Mapping[str, str], call: Call, wait: float | None) -> ApiError:
    """Return the error for a body that is no JSON object: a ban's HTML, a proxy's page, or a cut answer."""
    html = b"<" in body[:1] or "html" in headers.get("Content-Type", "").lower()
    if html and (status in {403, 405, 429} or (status == _OK and _BAN_PAGE.search(body[:8192]))):
        what = "a web page instead of an answer: this IP address seems to be banned for calling too often"
        return Banned(what, call=str(call), status=status, retry_after=BAN_SECONDS if wait is None else wait)
    if status == _OK:
        what = "a web page instead of an answer" if html else "the answer is not a JSON object, or was cut"
        return UnreadableAnswer(what, call=str(call), status=status)
    kind = _by_status(status)
    fix = "check `provider.endpoint`: what answers there is not DingTalk's API" if html else _fix(kind, call)
    return kind(f"HTTP {status} without an error code", call=str(call), status=status, retry_after=wait, fix=fix)


def _by_code(code: str) -> type[ApiError] | None:
    return _BY_CODE.get(code) or next((kind for part, kind in _LIMITS.items() if part in code), None)


def _by_status(status: int) -> type[ApiError]:
    """Return the kind of an error whose code is unknown.

    A 404 among them says nothing about what was asked for: a proxy or a gateway answers so too. Only DingTalk's own
    codes say that something is not there.
    """
    if status == _OK:
        return UnreadableAnswer
    known: Mapping[int, type[ApiError]] = {401: TokenRejected, 429: RateLimited}
    if status in known:
        return known[status]
    if status >= 500:  # noqa: PLR2004  # HTTP's server errors
        return ServerError
    unclear = {408, 409, 425}  # the request may still be under way
    return Refused if status >= 400 and status not in unclear else ApiError  # noqa: PLR2004  # HTTP's client errors


def _sentence(kind: type[ApiError], message: str, code: str) -> str:
    named = f" ({code})" if code and code not in message else ""
    prefix = "DingTalk failed" if kind is ServerError else "DingTalk refused"
    return f"{prefix}: {message or 'no reason given'}{named}"


def _fix(kind: type[ApiError], call: Call) -> str:
    if kind is PermissionMissing and call.permission:
        return f"grant the app the permission {call.permission} in DingTalk's developer console"
    return ""


def _first(answer: Mapping[str, Any], names: Iterable[str], redact: Callable[[str], str]) -> str:
    """Return the first text that is there by one of these names."""
    return next((found for name in names if (found := _text(answer, name, redact))), "")


def _text(answer: Mapping[str, Any], key: str, redact: Callable[[str], str]) -> str:
    """Return the text at `key` fit to print. Secrets go first: a text that is cut may end with the half of one."""
    value = answer.get(key)
    return clean(redact(value)) if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _seconds(value: object) -> float | None:
    """Return a whole or broken number of seconds; None for anything else (a Retry-After may be a date)."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
