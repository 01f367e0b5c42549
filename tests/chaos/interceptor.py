"""Stands before the sandbox: counts the calls, kills the caller at one of them, or answers in the sandbox's place."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Instead = Callable[[str, str], bytes | None]  # (method, path) → the answer's body, None: let the sandbox answer


@dataclass(frozen=True, slots=True)
class Kill:
    """At which call, from 1, the caller dies, and whether after the call was carried out."""

    index: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'}-{self.index}"


class Interceptor:
    """WSGI middleware. Control calls pass uncounted."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._victim: int | None = None
        self._named = threading.Event()
        self._kill: Kill | None = None
        self.instead: Instead | None = None
        self.calls: list[tuple[str, str]] = []

    def arm(self, kill: Kill | None) -> None:
        """Begin to count anew, and kill at `kill`. `aim` says whom."""
        with self._lock:
            self.calls, self._kill, self._victim = [], kill, None
            self._named.clear()

    def aim(self, pid: int) -> None:
        self._victim = pid
        self._named.set()

    def __call__(self, environment: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environment["REQUEST_METHOD"], environment["PATH_INFO"]
        if path.startswith("/_sandbox"):
            return self._app(environment, respond)
        with self._lock:
            self.calls.append((method, path))
            hit = self._kill is not None and self._kill.index == len(self.calls)
        if hit and self._kill is not None and not self._kill.after:
            self._strike()
            return self._nothing(respond)
        body = self.instead(method, path) if self.instead is not None else None
        if body is not None:
            environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
            respond("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        answer = self._app(environment, respond)
        if hit:
            self._strike()
        return answer

    def _strike(self) -> None:
        assert self._named.wait(10)
        assert self._victim is not None
        os.kill(self._victim, signal.SIGKILL)
        time.sleep(0.01)  # it is not to see an answer any more

    def _nothing(self, respond: Callable[..., Any]) -> Iterable[bytes]:
        respond("500 Killed", [("Content-Length", "0")])
        return [b""]
