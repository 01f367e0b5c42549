"""Secrets stay out of errors whatever a server sends back, and travel over connections that can be trusted alone."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest

from reconciler.cli.main import COMMANDS, cli
from reconciler.dingtalk import ApiError, Client, Credentials, NotSent, Options, Secret, connect
from reconciler.dingtalk.retrying import Backoff
from reconciler.dingtalk.session import _old_endpoint

SECRET = 'a+b/c="quoted"-secret-of-ours'
CREDENTIALS = Credentials(app_key="key", app_secret=Secret(SECRET))
ONCE = Options(backoff=Backoff(attempts=1))


class Server:
    """Answers every call with what `answer` says, and notes what arrived."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.got: list[tuple[str, str]] = []
        self.status, self.body, self.headers = 200, b"{}", {"Content-Type": "application/json"}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                outer.got.append((self.path, str(self.headers) + body))
                self.send_response(outer.status)
                for name, value in {**outer.headers, "Content-Length": str(len(outer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  # the base class looks for these names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused handshake is expected
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def failure(client: Client) -> ApiError:
    with pytest.raises(ApiError) as caught:
        client.events.get(organizer="alice", event_id="e")
    return caught.value


@pytest.mark.parametrize("field", ["code", "message", "requestid"])
@pytest.mark.parametrize(
    "echo",
    [SECRET, quote(SECRET, safe=""), json.dumps(SECRET), "x" * 190 + SECRET, f"\x1b[31m{SECRET}\x1b[0m"],
    ids=["plain", "url", "json", "cut", "coloured"],
)
def test_a_secret_that_the_server_sends_back_is_told_nobody(server: Server, field: str, echo: str) -> None:
    answer: dict[str, Any] = {"code": "odd", "message": "no", "requestid": "r"} | {field: echo}
    server.status, server.body = 400, json.dumps(answer).encode()
    error = failure(connect(server.url, CREDENTIALS, options=ONCE))
    told = f"{error} {error!r} {error.dingtalk_code} {error.request_id}"
    assert "secret-of-ours" not in told
    assert SECRET[:9] not in told
    assert "\x1b" not in told


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_nothing_elsewhere(server: Server, status: int) -> None:
    other = Server()
    try:
        server.status, server.body, server.headers = status, b"", {"Location": f"{other.url}/take"}
        failure(connect(server.url, CREDENTIALS, options=ONCE))
        assert len(server.got) == 1
        assert other.got == []
    finally:
        other.close()


def test_a_password_of_the_home_folder_is_sent_nowhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password of-the-home\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    failure(connect(server.url, CREDENTIALS, options=ONCE))
    assert len(server.got) == 1
    assert "authorization" not in server.got[0][1].lower()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and the certificate of 127.0.0.1 that nobody but itself has signed."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "made.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(made), "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Server]:
    made = Server(certificate)
    yield made
    made.close()


def test_a_certificate_that_nobody_trusts_gets_no_secret(encrypted: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    error = failure(connect(f"https://127.0.0.1:{encrypted.port}", CREDENTIALS, options=ONCE))
    assert isinstance(error, NotSent)
    assert "no trusted TLS connection" in str(error)
    assert encrypted.got == []


def test_an_authority_of_ones_own_is_trusted_where_the_environment_names_it(
    encrypted: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    encrypted.status, encrypted.body = 400, b'{"code": "odd", "message": "no"}'
    assert "odd" in str(failure(connect(f"https://127.0.0.1:{encrypted.port}", CREDENTIALS, options=ONCE)))
    assert len(encrypted.got) == 1


def test_the_older_api_is_as_encrypted_as_the_newer_one() -> None:
    for host in ("api.dingtalk.com", "api.dingtalk.io", "dingtalk.example"):
        assert _old_endpoint(f"https://{host}").startswith("https://")


def test_no_option_takes_a_secret_for_arguments_are_seen_by_every_user_of_a_machine() -> None:
    context = click.Context(cli)
    commands: list[click.Command] = [cli]
    commands += [one for name in COMMANDS if (one := cli.get_command(context, name)) is not None]
    commands += [one for group in commands[1:] if isinstance(group, click.Group) for one in group.commands.values()]
    names = {name for command in commands for param in command.params for name in (param.name or "", *param.opts)}
    assert len(commands) > len(COMMANDS)
    assert "config" in names
    assert not [name for name in names if any(word in name for word in ("secret", "token", "password", "key"))]
