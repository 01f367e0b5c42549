"""The way of every call: fault, token, limits, permission, quota, idempotency, the endpoint, the log."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from flask import Blueprint, Response, current_app, request

from reconciler.sandbox.answers import ApiFailure, failure_body
from reconciler.sandbox.clock import DAY_MS, MovableClock, to_ms
from reconciler.sandbox.faults import BEFORE, Fault, FaultKind, Faults
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.limits import AddressBanned, Gate, count_call
from reconciler.sandbox.store import Store

CONFERENCE_READ = "VideoConference.Conference.Read"
CONFERENCE_WRITE = "VideoConference.Conference.Write"
CALENDAR_READ = "Calendar.Event.Read"
CALENDAR_WRITE = "Calendar.Event.Write"
PERMISSIONS = frozenset({CONFERENCE_READ, CONFERENCE_WRITE, CALENDAR_READ, CALENDAR_WRITE})

BAN = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "5f0c7a1e9d7b4c53"}
_PAGES = {FaultKind.HTML_503: (503, "Service Temporarily Unavailable"), FaultKind.HTML_404: (404, "Not Found")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API. `wrong` is its code for a wrong field; `repeatable`: it honours client tokens."""

    name: str
    permission: str = ""
    wrong: str = "paramsError"
    counted: bool = True
    needs_token: bool = True
    repeatable: bool = False
    plain_errors: bool = False  # the old interface: 200 with an `errcode`


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an endpoint works with. `body` and `query` are read as fields of its API."""

    store: Store
    now: datetime
    body: Fields
    query: Fields
    daily_events: int | None
    app_key: str

    @property
    def now_ms(self) -> int:
        return to_ms(self.now)


Document = dict[str, Any] | None  # None: an empty answer
Handler = Callable[..., Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: str
    code: str = ""
    counted: bool = False


class Gateway:
    """Serves calls. `permissions` are what the app has been granted."""

    def __init__(self, store: Store, clock: MovableClock, gate: Gate, *, app_key: str, app_secret: str) -> None:
        self.store = store
        self.clock = clock
        self.gate = gate
        self.app_key = app_key
        self.app_secret = app_secret
        self.faults = Faults()
        self.apis: set[str] = set()  # the names of all that is served
        self.permissions = set(PERMISSIONS)
        self._lock = Lock()
        self._running: set[tuple[str, str]] = set()

    def serve(self, api: Api, handler: Handler, path: Mapping[str, str]) -> Response:
        """Answer the current request."""
        request.get_data()  # what is left unread would be taken for the next request of the connection
        try:
            self.gate.check_address(request.remote_addr or "")
        except AddressBanned:
            return _respond(403, json.dumps(BAN))
        fault = self.faults.draw(api.name)
        if fault is not None and fault.kind in BEFORE:
            return self._fail_before(api, fault)
        try:
            with self._alone(api):
                if fault is not None and fault.delay_s and fault.kind is FaultKind.DELAY:
                    time.sleep(fault.delay_s)
                answer = self._perform(api, handler, path, fault)
        except ApiFailure as failure:
            answer = _refusal(api, failure)
        return _spoil(answer, fault)

    def _fail_before(self, api: Api, fault: Fault) -> Response:
        failure = fault.failure()
        answer = _refusal(api, failure)
        if fault.kind is FaultKind.BAN:
            answer = Answer(status=403, body=json.dumps(BAN), code="ban")
        elif fault.kind in _PAGES:
            answer = _page(*_PAGES[fault.kind])
        with self.store.transaction():
            self._log(api, answer, fault)
        if fault.kind is FaultKind.DROP_BEFORE:
            _hang_up()
        mimetype = "text/html" if fault.kind in _PAGES else "application/json"
        return _respond(answer.status, answer.body, mimetype)

    @contextmanager
    def _alone(self, api: Api) -> Iterator[None]:
        """Hold the client token of the request; raise the 400 while another request holds it."""
        token = request.headers.get("x-client-token", "") if api.repeatable else ""
        key = (api.name, token)
        with self._lock:
            if token and key in self._running:
                raise ApiFailure(400, "idempotencyProcessing", "The first request with this token is being processed.")
            self._running.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(key)

    def _perform(self, api: Api, handler: Handler, path: Mapping[str, str], fault: Fault | None) -> Answer:
        counted = False
        with self.store.transaction():
            now = self.clock()
            try:
                self._admit(api, now)
                if api.counted:
                    count_call(self.store, now, self.gate.limits)
                    counted = True
                answer = self._answer_once(api, handler, path, now)
            except ApiFailure as failure:
                answer = _refusal(api, failure, counted=counted)
            self._log(api, answer, fault)
        return answer

    def _admit(self, api: Api, now: datetime) -> None:
        """Raise the refusal of a call without a valid token, too fast, or without permission."""
        if api.needs_token:
            token = request.headers.get("x-acs-dingtalk-access-token", "")
            self.check_token(token, now)
        self.gate.check_rate(api.name)
        if api.permission and api.permission not in self.permissions:
            message = f"The app lacks the permission {api.permission}."
            raise ApiFailure(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", message)

    def check_token(self, token: str, now: datetime) -> None:
        found = self.store.row("SELECT expires FROM tokens WHERE token = ?", token)
        if found is None or int(found[0]) <= to_ms(now):
            raise ApiFailure(400, "InvalidAuthentication", "The access token is unknown or has expired.")

    def _answer_once(self, api: Api, handler: Handler, path: Mapping[str, str], now: datetime) -> Answer:
        """Call the endpoint, unless its client token was answered within a day: then answer the same again."""
        token = request.headers.get("x-client-token", "") if api.repeatable else ""
        if token:
            earlier = self.store.row(
                "SELECT status, body FROM answers WHERE token = ? AND api = ? AND at > ?",
                token,
                api.name,
                to_ms(now) - DAY_MS,
            )
            if earlier is not None:
                return Answer(status=earlier["status"], body=earlier["body"], counted=api.counted)
        call = Call(
            store=self.store,
            now=now,
            body=Fields(_read_body(api), api.wrong),
            query=Fields(request.args.to_dict(), api.wrong),
            daily_events=self.gate.limits.daily_events,
            app_key=self.app_key,
        )
        with self.store.attempt():
            document = handler(call, **path)
        body = "" if document is None else json.dumps(document, ensure_ascii=False)
        if token:
            self.store.run("REPLACE INTO answers VALUES (?, ?, ?, 200, ?)", token, api.name, to_ms(now), body)
        return Answer(status=200, body=body, counted=api.counted)

    def _log(self, api: Api, answer: Answer, fault: Fault | None) -> None:
        self.store.run(
            "INSERT INTO calls (at, api, status, code, counted, fault) VALUES (?, ?, ?, ?, ?, ?)",
            to_ms(self.clock()),
            api.name,
            answer.status,
            answer.code,
            answer.counted,
            "" if fault is None else fault.kind.value,
        )


def endpoint(blueprint: Blueprint, method: str, path: str, api: Api) -> Callable[[Handler], Handler]:
    """Make the decorated function answer `method path` as `api`; the path's variables are its arguments."""

    def register(handler: Handler) -> Handler:
        def view(**variables: str) -> Response:
            return gateway().serve(api, handler, variables)

        blueprint.record(lambda state: state.app.extensions["sandbox"].apis.add(api.name))
        blueprint.add_url_rule(path, f"{api.name} {method} {path}".replace(".", "-"), view, methods=[method])
        return handler

    return register


def gateway() -> Gateway:
    """Return the gateway of the app that answers the current request."""
    found: Gateway = current_app.extensions["sandbox"]
    return found


def _read_body(api: Api) -> dict[str, Any]:
    if request.form:
        return request.form.to_dict()
    raw = request.get_data()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise ApiFailure(400, api.wrong, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise ApiFailure(400, api.wrong, "The body must be a JSON object.")
    return body


def _refusal(api: Api, failure: ApiFailure, *, counted: bool = False) -> Answer:
    if api.plain_errors and failure.status == 200:  # noqa: PLR2004  # HTTP's OK
        body = json.dumps({"errcode": int(failure.code), "errmsg": failure.message, "request_id": "sandbox"})
    else:
        body = json.dumps(failure_body(failure), ensure_ascii=False)
    return Answer(status=failure.status, body=body, code=failure.code, counted=counted)


def _page(status: int, title: str) -> Answer:
    """Return what a proxy answers with."""
    body = f"<html><head><title>{status} {title}</title></head><body><center><h1>{status}</h1></body></html>"
    return Answer(status=status, body=body, code="html")


def _spoil(answer: Answer, fault: Fault | None) -> Response:
    """Return the answer as the fault lets it arrive."""
    match fault.kind if fault else None:
        case FaultKind.DROP_AFTER:
            _hang_up()
        case FaultKind.ERROR_AFTER if fault is not None:
            failure = fault.failure()
            return _respond(failure.status, json.dumps(failure_body(failure)))
        case FaultKind.CUT_JSON:
            return _respond(answer.status, (answer.body or '{"result": true}')[: max(1, len(answer.body) // 2)])
        case FaultKind.WRONG_JSON:
            return _respond(200, '["unexpected"]')
        case _:
            pass
    return _respond(answer.status, answer.body)


def _respond(status: int, body: str, mimetype: str = "application/json") -> Response:
    return Response(body, status=status, mimetype=mimetype)


def _hang_up() -> None:
    """Close the connection under the request: the client gets no answer at all."""
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
