"""One HTTP request and its whole answer, or one of our errors. The HTTP library's exceptions end here."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import check_header_validity
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from reconciler import __version__, loopback
from reconciler.dingtalk.connection import Adapter, Watch, origin_of, sending
from reconciler.dingtalk.errors import ApiError, NoAnswer, NotSent, UnreadableAnswer
from reconciler.errors import ReconcilerError

_CHUNK = 65_536
_KEPT = 64  # connections, of as many threads
_HEADERS = {
    "User-Agent": f"reconciler/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": requests.utils.DEFAULT_ACCEPT_ENCODING,
}
_LOOPBACK = {"no_proxy": "localhost,127.0.0.1,::1"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, between two pieces of the answer, and for all of it; and its most bytes."""

    connect_s: float = 5.0
    read_s: float = 30.0
    whole_s: float = 90.0
    size: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    url: str
    call: str  # how errors name it
    headers: Mapping[str, str]
    query: Mapping[str, str] | None = None
    json: object = None
    form: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


def is_loopback(url: str) -> bool:
    return loopback.is_loopback(urlsplit(url).hostname or "")


def check_endpoint(url: str) -> str:
    """Return the base URL without a slash at its end. Raises ReconcilerError for one that would show secrets."""
    fix = "write the base URL, as in https://api.dingtalk.com"
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in {"http", "https"} and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ReconcilerError(f"the endpoint {url!r} is not a URL", fix=fix) from None
    if not usable or parts.query or parts.fragment:
        raise ReconcilerError(f"the endpoint {url!r} is not a base URL", fix=fix)
    if parts.username is not None or parts.password is not None:
        raise ReconcilerError("the endpoint contains a user or a password", fix=fix)
    if parts.scheme == "http" and not is_loopback(url):
        raise ReconcilerError(f"the endpoint {url!r} is not encrypted", fix="use https; http is for loopback only")
    return url.rstrip("/")


class Transport:
    """Sends requests. Follows no redirect, keeps no cookie, checks certificates. Safe to share between threads.

    Proxies and certificate authorities of the environment are asked for once for each server.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._adapter = Adapter(pool_maxsize=_KEPT)
        self._settings: dict[str, dict[str, Any]] = {}

    def send(self, request: Request, *, fresh: bool = False, watch: Watch | None = None) -> Response:
        """Return the answer, whatever its status. Raises NotSent, NoAnswer, UnreadableAnswer.

        `fresh` takes a new connection, or one that has just been answered on. One that has idled may be closed by the
        server at the very moment of sending, and then nobody knows whether the request arrived.
        """
        try:
            prepared = _prepared(request)
            settings = self._settings_of(request.url)
            timeout = (self._limits.connect_s, self._limits.read_s)
            with (
                sending(watch, fresh=fresh),
                closing(self._adapter.send(prepared, stream=True, timeout=timeout, **settings)) as response,
            ):
                if watch is not None:
                    watch.answered(response.status_code)
                return Response(response.status_code, response.headers, self._body(response, request.call))
        except requests.exceptions.ContentDecodingError as error:
            raise UnreadableAnswer("the answer can't be decompressed", call=request.call) from error
        except (requests.exceptions.RequestException, HTTPError, OSError, UnicodeError) as error:
            raise _unsent_or_unanswered(error, request.call, urlsplit(request.url).hostname or "") from error

    def _settings_of(self, url: str) -> dict[str, Any]:
        """Return what the environment says of a server: proxies, and whom to trust."""
        origin = origin_of(url)
        settings = self._settings.get(origin)
        if settings is None:
            with requests.Session() as session:
                proxies = _LOOPBACK if is_loopback(url) else {}
                settings = dict(session.merge_environment_settings(url, dict(proxies), True, None, None))  # noqa: FBT003  # its signature
            del settings["stream"]
            self._settings[origin] = settings
        return settings

    def _body(self, response: requests.Response, call: str) -> bytes:
        started, body = self._clock(), bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._limits.size:
                raise UnreadableAnswer("the answer is too big", call=call, status=response.status_code)
            if self._clock() - started > self._limits.whole_s:
                raise NoAnswer("the answer came too slowly", call=call, status=response.status_code)
        return bytes(body)


class _Prepared(requests.PreparedRequest):
    """A request as it is written: no password of ~/.netrc, no cookie."""

    path_url = ""


def _prepared(request: Request) -> requests.PreparedRequest:
    """Return the request as it will be written. Raises RequestException where that can't be."""
    headers = {**_HEADERS, **request.headers}
    if request.query is not None or request.form is not None or request.json is None or not request.url.isascii():
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.prepare_url(request.url, request.query)
        prepared.prepare_headers(headers)
        prepared.prepare_body(request.form, None, request.json)
        return prepared
    # Most are of this kind, and our URLs are made of ids that are quoted already.
    for item in request.headers.items():
        check_header_validity(item)
    try:
        body = json.dumps(request.json, allow_nan=False).encode()
    except ValueError as error:
        raise requests.exceptions.InvalidJSONError(error) from error
    direct = _Prepared()
    direct.method, direct.url, direct.body = request.method, request.url, body
    direct.path_url = request.url[len(origin_of(request.url)) :] or "/"
    headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    direct.headers = requests.structures.CaseInsensitiveDict(headers)
    return direct


_TLS_FIX = "check `provider.endpoint`; for a certificate authority of your own, set REQUESTS_CA_BUNDLE to its file"
_UNWRITABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    UnicodeError,
)


def _unsent_or_unanswered(error: Exception, call: str, host: str) -> ApiError:
    """Return NotSent only for what is known to happen before a byte of the request leaves; NoAnswer for the rest."""
    kinds = requests.exceptions
    if isinstance(error, kinds.ConnectTimeout):
        return NotSent(f"no connection to {host} in time", call=call)
    if isinstance(error, kinds.SSLError) and _no_handshake(error):
        return NotSent(f"no trusted TLS connection to {host}", call=call, fix=_TLS_FIX)
    if isinstance(error, kinds.ConnectionError) and _never_connected(error):
        return NotSent(f"no connection to {host}", call=call)
    if isinstance(error, _UNWRITABLE):
        return NotSent(f"the request can't be written ({type(error).__name__})", call=call)
    if isinstance(error, kinds.Timeout):
        return NoAnswer(f"no answer from {host} in time", call=call)
    return NoAnswer(f"the connection to {host} broke", call=call)


def _causes(error: object) -> Iterator[object]:
    """Yield an error of the HTTP library and what it wraps, in `reason`, `original_error` or its first argument."""
    for _ in range(6):
        yield error
        first = error.args[0] if isinstance(error, BaseException) and error.args else None
        error = getattr(error, "original_error", None) or (error.reason if isinstance(error, MaxRetryError) else first)


def _no_handshake(error: Exception) -> bool:
    """Return whether TLS failed before the request: TLS can also break while the answer is read."""
    before = {"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"}
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) or (isinstance(cause, ssl.SSLError) and cause.reason in before)
        for cause in _causes(error)
    )


def _never_connected(error: Exception) -> bool:
    """Return whether no connection came about: unknown host, nobody there, or a proxy that refuses."""
    return any(
        isinstance(cause, NewConnectionError) or (type(cause) is OSError and "Tunnel connection failed" in str(cause))
        for cause in _causes(error)
    )
