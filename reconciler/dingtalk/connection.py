"""HTTP connections that tell when a request is really written: the HTTP library's own, with a look at the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Watch(Protocol):
    """Who is told how a request goes. All of it happens in the thread that sends."""

    def leaving(self) -> None:
        """Take note that there is a connection, and that the request is written next; may wait."""

    def sent(self) -> None:
        """Take note that the request was written."""

    def answered(self, status: int) -> None:
        """Take note that an answer has begun."""


_watching = threading.local()


@contextmanager
def watched(watch: Watch | None) -> Iterator[None]:
    """Tell `watch` how the requests go that this thread sends within the block."""
    before, _watching.by = getattr(_watching, "by", None), watch
    try:
        yield
    finally:
        _watching.by = before


class _Connection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        watch: Watch | None = getattr(_watching, "by", None)
        if watch is None:
            super().request(*args, **kwargs)
            return
        if self.sock is None:
            self.connect()
        watch.leaving()
        super().request(*args, **kwargs)
        watch.sent()


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class Adapter(HTTPAdapter):
    """Sends requests, straight or by a proxy, on connections that tell. Answers leave no cookie."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):  # which has connections of its own: those tell nothing
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return an answer with what is asked of it here: status, headers, and a body to be read."""
        response = requests.Response()
        response.status_code, response.headers, response.raw = resp.status, resp.headers, resp
        response.request, response.url = req, req.url or ""
        return response
