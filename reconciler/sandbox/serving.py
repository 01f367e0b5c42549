"""A WSGI application on a port, over connections that are kept open between requests, as DingTalk's gateways keep them.

Werkzeug's own handler closes each connection after its answer.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Server(ThreadedWSGIServer):
    """Answers by `app`, a thread for each connection, from `serve_forever` to `server_close`."""

    block_on_close = False  # kept connections idle
    request_queue_size = 128

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(host, port, app, handler=_Handler)
        self.daemon_threads = True

    def server_bind(self) -> None:
        """Take the port. Raises ReconcilerError, where the base class would end the process."""
        host, port = self.server_address[:2]
        try:
            super().server_bind()
        except OSError as error:
            what = f"the sandbox can't listen on port {port} of {host!s}: {error.strerror}"
            raise ReconcilerError(what, fix="name an address of this machine, and a port that is free") from error

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the port and all connections: who is gone answers nobody."""
        super().server_close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other, each at once and whole; logs nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # written as one packet
    timeout = 60  # seconds without a request, after which the connection is closed

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        length = environ.get("CONTENT_LENGTH", "")
        if "wsgi.input_terminated" in environ or (length and not length.isdecimal()):
            self.close_connection = True  # where the next request begins isn't known
        else:
            environ["wsgi.input"] = BytesIO(self.rfile.read(int(length or 0)))
        answer = Response.from_app(self.server.app, environ, buffered=True)
        self.send_response(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.get_data())
        self.wfile.flush()

    def finish(self) -> None:
        with suppress(OSError):  # whoever asked has gone
            super().finish()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's name
        pass
