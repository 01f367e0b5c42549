"""What can go wrong with a call to DingTalk, by what the caller can do about it. Source: the API's tables of errors."""

from __future__ import annotations

from typing import ClassVar

from reconciler.errors import ReconcilerError


class ApiError(ReconcilerError):
    """A call that did not succeed.

    `call` is its method and path, `status` the HTTP status (0: no answer), `dingtalk_code` and `request_id` are as
    answered. `retry_after` is how many seconds the server asks to wait, where it does. `unclear_before` says that
    an earlier attempt of the same call may have been carried out, so that "already there" or "not there any more"
    may be our own doing. `final` says that the repeats have been used up already, one level below.

    `certain_not_done` is True where the server certainly did nothing.
    """

    code = "api"
    certain_not_done: ClassVar[bool] = False
    hint: ClassVar[str] = "if this persists, give the request id to DingTalk's support"

    def __init__(
        self,
        what: str,
        *,
        call: str,
        status: int = 0,
        dingtalk_code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        fix: str = "",
    ) -> None:
        super().__init__(what, where=call, fix=fix or self.hint)
        self.call = call
        self.status = status
        self.dingtalk_code = dingtalk_code
        self.request_id = request_id
        self.retry_after = retry_after
        self.unclear_before = False
        self.final = False


class Refused(ApiError):
    """The server refused the call with a code that has no type of its own."""

    code = "refused"
    certain_not_done = True


class AuthenticationFailed(ApiError):
    """The app key and secret are no valid pair."""

    code = "authentication-failed"
    certain_not_done = True
    hint = "check the app key and secret (Client ID and Client Secret) of the app in DingTalk's developer console"


class TokenRejected(ApiError):
    """The access token is not accepted, not even a new one."""

    code = "token-rejected"
    certain_not_done = True
    hint = "check that the endpoint and the app belong to the same organisation, and that the app is enabled"


class PermissionMissing(ApiError):
    """The app was not granted the permission for this call."""

    code = "permission-missing"
    certain_not_done = True
    hint = "grant the app the permission for this call in DingTalk's developer console"


class IpNotAllowed(ApiError):
    code = "ip-not-allowed"
    certain_not_done = True
    hint = "add this machine's outgoing IP address to the app's server IP list in DingTalk's developer console"


class LimitReached(ApiError):
    """One of DingTalk's limits; what was asked can be done later, without any change."""

    code = "limit-reached"
    certain_not_done = True


class RateLimited(LimitReached):
    """Too many calls in this second."""

    code = "rate-limited"
    hint = "another program may be using the same app; lower `provider.qps` or run again in a moment"


class MinuteLimited(LimitReached):
    """Too many calls in this minute."""

    code = "minute-limited"
    hint = "run again in a minute, with a lower `provider.qps`"


class QuotaExhausted(LimitReached):
    """The organisation has used up its calls of this month."""

    code = "quota-exhausted"
    hint = "no more calls are answered before the first of next month, unless the organisation buys some"


class Banned(LimitReached):
    """The IP address of this machine is banned for having called too often."""

    code = "banned"
    hint = "wait five minutes; too many calls came from this IP address"


class DailyEventLimit(LimitReached):
    """The organiser has created all the events that one person may create in a day."""

    code = "daily-event-limit"
    hint = "one person can create 100 events a day; run again tomorrow, or spread the meetings over more organisers"


class StillProcessing(ApiError):
    """The same request, by its client token, is still being carried out."""

    code = "still-processing"
    hint = "run again in a moment; the same request is still being carried out"


class NotFound(ApiError):
    """It does not exist, by a code of DingTalk that says so; no other answer does, whatever its status."""

    code = "not-found"
    certain_not_done = True
    hint = "it may have been deleted by hand; the next plan will show it"


class RoomNotAvailable(ApiError):
    """Somebody, maybe this very event, already holds the room."""

    code = "room-not-available"
    certain_not_done = True
    hint = "book another room, or ask the one who holds it"


class ConferenceCancelled(ApiError):
    """The conference has been cancelled; it can't come back."""

    code = "conference-cancelled"
    certain_not_done = True
    hint = "it was cancelled outside of this program; the next plan will create a new one"


class NotCreator(ApiError):
    """Only who created it may do this."""

    code = "not-creator"
    certain_not_done = True
    hint = "only its organiser may do this; check `organizer`, and that this person belongs to the app's organisation"


class InvalidParameter(ApiError):
    code = "invalid-parameter"
    certain_not_done = True
    hint = "check the union ids, room ids and values of this meeting against DingTalk; `reconciler doctor` helps"


class ServerError(ApiError):
    """The server failed; what it did before it failed is unknown."""

    code = "server-error"
    hint = "DingTalk failed; run again later"


class NoAnswer(ApiError):
    """The connection broke or timed out after the request may have been sent."""

    code = "no-answer"
    hint = "check the network; run again: what was carried out will be found"


class NotSent(ApiError):
    """No connection came about: refused, unknown host, no trusted certificate."""

    code = "not-sent"
    certain_not_done = True
    hint = "check `provider.endpoint`, the network and the proxy"


class Halted(NotSent):
    """The run is to stop, so nothing more is sent. See `ReadSession.halting`."""

    code = "stopped"
    hint = "the next run continues"


class UnreadableAnswer(ApiError):
    """The answer says that all went well, but it is not what the API documents."""

    code = "unreadable-answer"
    hint = "check that `provider.endpoint` is DingTalk's API, with no proxy that changes its answers"
