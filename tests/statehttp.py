"""A server that answers as GitLab's managed Terraform state does."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import make_server

USER, PASSWORD = "gitlab-ci-token", "pässword"


@dataclass
class StateServer:
    """One state. `refusals` are statuses for the next requests of a method; "after": the work is done nevertheless;
    "page": with a web page; "elsewhere": sent on to another address."""

    port: int = 0
    body: bytes | None = None
    row: bool = False
    lock: dict[str, Any] | None = None
    serials: set[int] = field(default_factory=set)
    locked_status: int = 409
    largest: int = 100_000
    refusals: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v4/projects/7/terraform/state/meetings"

    def answer(self) -> Response:
        with self.mutex:
            kind = f"{request.method} {'lock' if request.path.endswith('/lock') else 'state'}"
            self.seen.append((kind, request.query_string.decode(), dict(request.headers)))
            login = request.authorization
            if login is None or (login.username, login.password) != (USER, PASSWORD):
                return Response(status=401)
            status, when = self.refusals[kind].pop(0) if self.refusals.get(kind) else (0, "")
            if when == "page":
                return Response("\n<!DOCTYPE html><title>Sign in</title>", status=status)
            if when == "elsewhere":
                return Response(status=status, headers={"Location": "/users/sign_in?token=secret"})
            if status and when != "after":
                return Response(status=status)
            answer = {
                "GET state": self._read,
                "POST state": self._write,
                "POST lock": self._lock,
                "DELETE lock": self._unlock,
            }[kind]()
            return Response(status=status) if status else answer

    def _read(self) -> Response:
        if self.body is not None:
            return Response(self.body, 200, mimetype="application/json")
        return Response(status=204 if self.row else 404)

    def _write(self) -> Response:
        held = None if self.lock is None else self.lock["ID"]
        if request.args.get("ID") != held:
            return Response(status=500)
        if len(request.data) > self.largest:
            return Response(status=413)
        serial = json.loads(request.data)["serial"]
        if serial in self.serials:
            return Response(status=422)
        self.serials.add(serial)
        self.body, self.row = request.data, True
        return Response(status=200)

    def _lock(self) -> Response:
        note = request.get_json()
        assert note.keys() == {"ID", "Operation", "Info", "Who", "Version", "Created", "Path"}
        self.row = True
        if self.lock is not None:
            return Response(json.dumps(self.lock), self.locked_status)
        self.lock = note
        return Response(status=200)

    def _unlock(self) -> Response:
        wanted = (request.get_json(silent=True) or {}).get("ID")
        if wanted and (self.lock is None or wanted != self.lock["ID"]):
            return Response(status=409)
        self.lock = None
        return Response(status=200)


@contextmanager
def state_server(tls: ssl.SSLContext | None = None) -> Iterator[StateServer]:
    state = StateServer()
    app = Flask(__name__)
    app.add_url_rule(
        "/<path:_any>", view_func=lambda _any: state.answer(), methods=["GET", "POST", "DELETE"], endpoint="any"
    )
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
    state.port = server.port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
