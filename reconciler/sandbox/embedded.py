"""The sandbox inside another process, on a port of its own."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from reconciler.sandbox.app import APP_KEY, APP_SECRET, create_app
from reconciler.sandbox.clock import Clock, utc_now
from reconciler.sandbox.gateway import Gateway
from reconciler.sandbox.limits import Limits
from reconciler.sandbox.seed import Seed, apply_seed
from reconciler.sandbox.serving import Server

LOOPBACK = "127.0.0.1"


class Credentials(NamedTuple):
    app_key: str
    app_secret: str


class Sandbox:
    """A running sandbox over the file at `path`, on a free port of loopback unless `port` and `host` say else.

    Whatever the host, its control and its page answer this machine alone.

    It starts when it is made, or with its `with` block, and ends with `stop()`; the data stay in the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock = utc_now,
        seed: Seed | None = None,
        limits: Limits | None = None,
        port: int = 0,
        host: str = LOOPBACK,
    ) -> None:
        self.app = create_app(path, clock=clock, limits=limits)
        self.gateway: Gateway = self.app.extensions["sandbox"]
        apply_seed(self.gateway.store, seed or Seed())
        self.credentials = Credentials(APP_KEY, APP_SECRET)
        self._host = host
        self._server = Server(host, port, self.app)
        self._thread: Thread | None = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
        )
        self._thread.start()

    @property
    def endpoint(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.server_port}"

    def control(self, path: str, body: dict[str, Any] | None = None, *, method: str = "") -> Any:
        """Call `/_sandbox/<path>` without a network; return its document. POST where there is a body, else GET.

        Raises ValueError with the answer's text where it is refused.
        """
        verb = method or ("GET" if body is None else "POST")
        answer = self.app.test_client().open(f"/_sandbox/{path}", method=verb, json=body if body is not None else {})
        if answer.status_code >= 400:  # noqa: PLR2004  # HTTP's errors
            raise ValueError(answer.get_data(as_text=True))
        return json.loads(answer.get_data(as_text=True))

    def stop(self) -> None:
        """Stop answering and close the file; a second call does nothing."""
        if self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._thread = None
        self._server.server_close()
        self.gateway.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
