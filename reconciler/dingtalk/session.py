"""A session with DingTalk: token, pace, repeats, counting and logging, around one way to send a call.

`ReadSession` can read. `Session` can write too, so what is given a `ReadSession` can't.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception

from reconciler.dingtalk import calls
from reconciler.dingtalk.calls import Call, ReadCall, Repeat, WriteCall
from reconciler.dingtalk.classify import classify, classify_old, is_error, says_no
from reconciler.dingtalk.credentials import Credentials
from reconciler.dingtalk.errors import (
    ApiError,
    Halted,
    NoAnswer,
    NotSent,
    RateLimited,
    ServerError,
    TokenRejected,
    UnreadableAnswer,
)
from reconciler.dingtalk.limiter import Limiter
from reconciler.dingtalk.pace import Shared
from reconciler.dingtalk.retrying import Backoff, may_repeat, wait_before
from reconciler.dingtalk.secret import Redactor, Secret
from reconciler.dingtalk.tokens import Token, TokenCache
from reconciler.dingtalk.transport import Limits, Request, Response, Transport, check_endpoint, is_loopback
from reconciler.errors import ReconcilerError

log = logging.getLogger("reconciler.dingtalk")

Answer = Mapping[str, Any]
_OK = 200
_TOKEN_LIFE_S = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a session behaves. `qps` is the most calls per second of one API, together with all who use `shared`."""

    qps: float = 20.0
    shared: Shared | None = None
    backoff: Backoff = field(default_factory=Backoff)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDone:
    """One attempt of a call: `status` is 0 where no answer came; `counted`: it took one call of the monthly quota."""

    call: str
    status: int
    ms: int
    attempt: int
    attempts: int
    counted: bool


Progress = Callable[[CallDone], None]


def confirm(call: Call, answer: Answer, key: str) -> None:
    """Raise ApiError where an answer of status 200 says at `key` that it was no success after all."""
    if says_no(answer.get(key)):
        raise ApiError(f"DingTalk answered {key}: false", call=str(call), status=_OK)


class ReadSession:
    """Sends the calls that read. Safe to share between threads.

    `clock` is monotonic, in seconds. `sleep` is for tests: none but the real wait ends early where the run is halted.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        *,
        options: Options | None = None,
        on_call: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.endpoint = check_endpoint(endpoint)
        self._options = options or Options()
        self._credentials = credentials
        self._on_call = on_call
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._transport = Transport(self._options.limits, clock)
        self._limiter = Limiter(self._options.qps, clock=clock, sleep=self._rest, shared=self._options.shared)
        self._tokens = TokenCache(self._fetch_token, clock)
        self._redactor = Redactor()
        self._redactor.learn(credentials.app_secret)
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._halt = threading.Event()
        self._date = ""

    @property
    def server_date(self) -> datetime | None:
        """When the server says that it sent its last answer, in UTC and whole seconds; None where it did not say."""
        try:
            return parsedate_to_datetime(self._date).astimezone(UTC)
        except ValueError:
            return None

    def close(self) -> None:
        """Let go of what is shared with other processes. Calls may go on."""
        self._limiter.close()

    @contextmanager
    def halting(self, halt: threading.Event) -> Iterator[None]:
        """Send nothing from when `halt` is set, for as long as the block runs.

        Calls in flight are answered, none is repeated. What waits, for its pace or to be repeated, ends at once: with
        Halted where it was never sent, else with what came of it.
        """
        before, self._halt = self._halt, halt
        try:
            yield
        finally:
            self._halt = before

    def _rest(self, seconds: float) -> None:
        """Wait. Raises Halted as soon as nothing more is to be sent."""
        (self._sleep or self._halt.wait)(seconds)
        self._go_on()

    def _go_on(self) -> None:
        if self._halt.is_set():
            raise Halted("the run was stopped", call="not sent")

    def login(self) -> None:
        """Fetch the access token, unless there is one. Raises ApiError."""
        self._tokens.get()

    def login_ahead(self) -> None:
        """Begin to fetch the access token. Who needs it waits for it, and is told where that fails."""
        self._tokens.fetch_ahead()

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls have counted in the monthly quota, by the name of the call."""
        with self._lock:
            return dict(self._calls)

    def redact(self, text: str) -> str:
        """Return `text` without the secrets of this session."""
        return self._redactor.redact(text)

    def read(
        self,
        call: ReadCall,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        body: object = None,
    ) -> Answer:
        """Return the answer of a call that reads. Raises ApiError."""
        if not isinstance(call, ReadCall):
            raise TypeError(f"{call} does not read")
        return self._call(call, self._request(call, path=path, query=query, body=body))

    def read_old(self, call: ReadCall, *, form: Mapping[str, str]) -> Answer:
        """Return the answer of a call of the older API, which takes a form with the token in it."""
        request = Request(
            method=call.method, url=f"{_old_endpoint(self.endpoint)}{call.path}", call=str(call), headers={}, form=form
        )
        return self._call(call, request)

    def _request(
        self,
        call: Call,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        body: object = None,
        token: str = "",
    ) -> Request:
        return Request(
            method=call.method,
            url=self.endpoint + call.path.format_map({name: _segment(value) for name, value in (path or {}).items()}),
            call=str(call),
            headers={"x-client-token": token} if token else {},
            query={name: _query(value) for name, value in (query or {}).items() if value is not None} or None,
            json=body,
        )

    def _call(self, call: Call, request: Request) -> Answer:
        """Send `request` until it succeeds, or may not or need not be sent again."""
        attempts = self._options.backoff.attempts
        failures: list[ApiError] = []

        def attempt() -> Answer:
            try:
                return self._with_token(call, request, len(failures) + 1)
            except Halted:
                raise
            except ApiError as error:
                error.unclear_before = any(not earlier.certain_not_done for earlier in failures)
                failures.append(error)
                raise

        def exhausted(state: RetryCallState) -> bool:
            waited = state.idle_for + state.upcoming_sleep
            return self._halt.is_set() or state.attempt_number >= attempts or waited > self._options.backoff.total_s

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return wait_before(error, state.attempt_number, self._options.backoff, self._jitter())

        try:
            return Retrying(
                retry=retry_if_exception(lambda error: may_repeat(error, call.repeat)),
                stop=exhausted,
                wait=pause,
                sleep=self._rest,
                reraise=True,
            )(attempt)
        except Halted as halted:
            if failures:
                raise failures[-1] from None
            raise Halted(halted.what, call=str(call)) from None

    def _with_token(self, call: Call, request: Request, attempt: int) -> Answer:
        """Send once; where the token is rejected, once more with a new one."""
        if call is calls.TOKEN:
            return self._once(call, request, attempt)
        token = self._token(call)
        try:
            return self._once(call, _carrying(request, token), attempt)
        except TokenRejected:
            self._tokens.reject(token)
            return self._once(call, _carrying(request, self._token(call)), attempt)

    def _token(self, call: Call) -> Secret:
        """Return the token. A failure to get one is not the failure of `call`, which was certainly not sent."""
        try:
            return self._tokens.get()
        except (NoAnswer, ServerError, UnreadableAnswer) as error:
            failure = NotSent(f"no access token: {error.what}", call=str(call), status=error.status, fix=error.fix)
            failure.final = True
            raise failure from error
        except ApiError as error:
            error.final = True
            raise

    def _once(self, call: Call, request: Request, attempt: int) -> Answer:
        self._go_on()
        passage = self._limiter.enter(call.name)
        if self._halt.is_set():  # while it waited for others to pass
            passage.over()
            self._go_on()
        started = self._clock()
        failure: ApiError | None = None
        status = 0
        try:
            # What must not be done twice goes on no connection that has idled: see Transport.send.
            response = self._transport.send(request, fresh=call.repeat is Repeat.IF_NOT_DONE, watch=passage)
            status = response.status
            self._date = response.headers.get("Date") or ""
            return self._understand(call, response)
        except ApiError as error:
            failure = error
            raise
        finally:
            passage.over()
            if isinstance(failure, RateLimited):
                pause = min(failure.retry_after or 0, self._options.backoff.total_s)
                self._limiter.slow_down(call.name, max(1.0, pause))
            ms = round((self._clock() - started) * 1000)
            self._note(call, request, failure, status=status, ms=ms, attempt=attempt)

    def _understand(self, call: Call, response: Response) -> Answer:
        """Return the JSON object of a success; raise the error of anything else."""
        if response.status // 100 == 2 and call.empty and not response.body.strip():  # noqa: PLR2004  # HTTP's success
            return {}
        error: ApiError | None
        try:
            answer = _parsed(response.body) if response.status == _OK else None
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or is_error(answer):
            raise classify(response.status, response.body, response.headers, call, self.redact)
        if error := classify_old(answer, call, self.redact):
            raise error
        confirm(call, answer, "success")
        return answer

    def _note(
        self, call: Call, request: Request, failure: ApiError | None, *, status: int, ms: int, attempt: int
    ) -> None:
        """Log and count one attempt: never its headers, body or answer."""
        counted = call.counted and not isinstance(failure, NotSent | RateLimited)
        attempts = self._options.backoff.attempts
        if counted:
            with self._lock:
                self._calls[call.name] += 1
        if log.isEnabledFor(logging.DEBUG):
            outcome = f"{status or 'no answer'}" + (f" {failure.dingtalk_code or failure.code}" if failure else "")
            path = self.redact(urlsplit(request.url).path)
            fields = {"call": call.name, "status": status, "ms": ms, "attempt": attempt, "counted": counted}
            text = "%s %s: %s in %d ms, attempt %d of %d"
            log.debug(text, call.method, path, outcome, ms, attempt, attempts, extra={"fields": fields})
        if self._on_call is not None:
            self._on_call(
                CallDone(call=call.name, status=status, ms=ms, attempt=attempt, attempts=attempts, counted=counted)
            )

    def _fetch_token(self) -> Token:
        if self._credentials.missing is not None:
            raise self._credentials.missing
        body = {"appKey": self._credentials.app_key, "appSecret": self._credentials.app_secret.reveal()}
        answer = self._call(calls.TOKEN, self._request(calls.TOKEN, body=body))
        token, life = answer.get("accessToken"), answer.get("expireIn")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
            raise UnreadableAnswer("the answer has no usable 'accessToken'", call=str(calls.TOKEN), status=_OK)
        secret = Secret(token)
        self._redactor.learn(secret)
        usable = isinstance(life, int | float) and not isinstance(life, bool) and 0 < life < 10 * _TOKEN_LIFE_S
        return Token(secret, float(life) if usable and life is not None else _TOKEN_LIFE_S)


class Session(ReadSession):
    """Sends the calls that write, too."""

    def write(
        self,
        call: WriteCall,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        body: object = None,
        token: str = "",
    ) -> Answer:
        """Return the answer of a call that writes; `token` is its client token. Raises ApiError.

        It is sent again as its `repeat` allows. Where an error has `unclear_before`, an earlier attempt may have
        been carried out.
        """
        if not isinstance(call, WriteCall):
            raise TypeError(f"{call} does not write")
        return self._call(call, self._request(call, path=path, query=query, body=body, token=token))


def _parsed(body: bytes) -> Any:
    """Return the JSON in `body`. Lone surrogates, which no file and no terminal takes, become question marks."""
    answer = json.loads(body)
    if b"\\ud" in body.lower():
        answer = json.loads(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
    return answer


def _carrying(request: Request, token: Secret) -> Request:
    """Return the request with the access token: in the form of the older API, else in its header."""
    if request.form is not None:
        return replace(request, form={"access_token": token.reveal(), **request.form})
    return replace(request, headers={**request.headers, "x-acs-dingtalk-access-token": token.reveal()})


def _segment(value: str) -> str:
    """Return an id as one segment of a path. Raises ReconcilerError for one that would name another path."""
    if not value.strip(". "):
        raise ReconcilerError(f"{value!r} is not an id", fix="check the ids of people, rooms and conferences")
    return quote(value, safe="")


def _query(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _old_endpoint(endpoint: str) -> str:
    """Return where the older API is, beside `endpoint`: the same place for a server of one's own."""
    known = {"api.dingtalk.com": "https://oapi.dingtalk.com", "api.dingtalk.io": "https://oapi.dingtalk.io"}
    return endpoint if is_loopback(endpoint) else known.get(urlsplit(endpoint).hostname or "", endpoint)
