"""HTTP connections that tell when a request is really written: the HTTP library's own, with a look at the clock."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_FRESH_S = 1.0  # after its last answer: no server closes a connection so soon without a word


class Watch(Protocol):
    """Who is told how a request goes. All of it happens in the thread that sends."""

    def leaving(self) -> None:
        """Take note that there is a connection, and that the request is written next; may wait."""

    def sent(self) -> None:
        """Take note that the request was written."""

    def answered(self, status: int) -> None:
        """Take note that an answer has begun."""


class _Sending(threading.local):
    """What this thread is about to send: who watches it, and whether it needs a connection that is surely open."""

    watch: Watch | None = None
    fresh: bool = False


_sending = _Sending()


@contextmanager
def sending(watch: Watch | None, *, fresh: bool) -> Iterator[None]:
    """Tell `watch` how the request goes that this thread sends within the block; `fresh`: on no idle connection."""
    _sending.watch, _sending.fresh = watch, fresh
    try:
        yield
    finally:
        _sending.watch, _sending.fresh = None, False


class _Connection(HTTPConnection):
    idle_since = -math.inf
    _held: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Write a request, its head and its body at once: in two pieces it wakes the server twice."""
        if self.sock is None:
            self.connect()
        self._held = []
        try:
            super().request(*args, **kwargs)
            whole = b"".join(self._held)
        finally:
            self._held = None
        watch = _sending.watch
        if watch is not None:
            watch.leaving()
        self.send(whole)
        if watch is not None:
            watch.sent()

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn: Any = super()._get_conn(timeout)
        if _sending.fresh and time.monotonic() - conn.idle_since > _FRESH_S:
            conn.close()  # it opens again by itself
        return conn

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


def origin_of(url: str) -> str:
    """Return the URL up to its path."""
    return "/".join(url.split("/", 3)[:3])


class Adapter(HTTPAdapter):
    """Sends requests, straight or by a proxy, on connections that tell. Answers leave no cookie.

    The settings of a server must be the same for all requests: its pool is looked for once.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._pools: dict[str, Any] = {}
        super().__init__(**kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):  # which has connections of its own: those tell nothing
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        origin = origin_of(request.url or "")
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = super().get_connection_with_tls_context(request, *args, **kwargs)
        return pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return request.path_url if not proxies or [*proxies] == ["no_proxy"] else super().request_url(request, proxies)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return an answer with what is asked of it here: status, headers, and a body to be read."""
        response = requests.Response()
        response.status_code, response.headers, response.raw = resp.status, resp.headers, resp
        response.request, response.url = req, req.url or ""
        return response
