"""An S3 whose writes are atomic: moto's by itself looks first and writes then, and others come between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server


@contextmanager
def s3_server(*, ignores: tuple[str, ...] = ()) -> Iterator[str]:
    """Run one; give its endpoint. Headers that it `ignores` are passed over, as some stores do: HTTP_IF_NONE_MATCH."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

    moto = DomainDispatcherApplication(create_backend_app)
    mutex = threading.Lock()

    def alone(environ: Any, start_response: Any) -> Any:
        for header in ignores:
            environ.pop(header, None)
        with mutex:
            return moto(environ, start_response)

    server = make_server("127.0.0.1", 0, alone, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
