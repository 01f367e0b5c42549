"""A private PostgreSQL: a cluster in a folder of its own, reached by a socket there, with a password."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

USER, PASSWORD = "keeper", "p@ss/word of the keeper"
_START_S = 30


@dataclass(frozen=True)
class PostgresServer:
    folder: Path
    port: int = 0  # of 127.0.0.1, where it speaks TLS; 0: it does not

    @property
    def dsn(self) -> str:
        port = f" port={self.port}" if self.port else ""
        return f"host={self.folder} user={USER} dbname=postgres{port}"

    def execute(self, query: str) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, and return its rows."""
        writing = "-c default_transaction_read_only=off"
        with psycopg.connect(self.dsn, password=PASSWORD, options=writing, autocommit=True) as session:
            cursor = session.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server(tls: tuple[Path, Path] | None = None) -> Iterator[PostgresServer]:
    """Run one, reached by TCP too where `tls` are the files of its certificate and key.

    Without PostgreSQL on this machine the test is skipped, in CI it fails.
    """
    programs = _programs()
    if programs is None:
        _give_up("there is no PostgreSQL here: apt-get install postgresql")
        return
    folder = Path(tempfile.mkdtemp(prefix="rpg-", dir="/tmp"))  # a socket's path must be short
    try:
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        _own(folder, folder / "password")
        options = ("--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "-U", USER)
        command: list[str | Path] = [
            programs / "initdb",
            "-D",
            folder / "data",
            *options,
            "--pwfile",
            folder / "password",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, user=_user())
        settings, port = (_encrypted(folder, *tls)) if tls is not None else (("listen_addresses=",), 0)
        with _running(programs, folder, settings):
            yield PostgresServer(folder, port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _encrypted(folder: Path, certificate: Path, key: Path) -> tuple[tuple[str, ...], int]:
    """Return the settings for TLS, and the port; the socket stays where others look for it."""
    for name, file in (("made.pem", certificate), ("key.pem", key)):
        shutil.copy(file, folder / name)
        (folder / name).chmod(0o600)
        _own(folder / name)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = (f"ssl_cert_file={folder / 'made.pem'}", f"ssl_key_file={folder / 'key.pem'}")
    return ("listen_addresses=127.0.0.1", f"port={port}", "ssl=on", *files), port


@contextmanager
def _running(programs: Path, folder: Path, more: tuple[str, ...]) -> Iterator[None]:
    settings = ("fsync=off", "max_connections=40", "shared_buffers=8MB", *more)
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data", "-k", folder]
    command += [word for one in settings for word in ("-c", one)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stderr=log, user=_user())
        try:
            port = next((int(one.removeprefix("port=")) for one in more if one.startswith("port=")), 0)
            _wait(server, PostgresServer(folder, port))
            yield
        finally:
            server.send_signal(signal.SIGINT)  # connections that are left over are ended
            server.wait()


def _wait(server: subprocess.Popen[bytes], reached: PostgresServer) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(reached.dsn, password=PASSWORD).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise AssertionError((reached.folder / "log").read_text(encoding="utf-8", errors="replace")) from None
        time.sleep(0.02)


def _programs() -> Path | None:
    """Return the folder of the server's programs: Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    path = Path(found).resolve() if found else debian[-1] if debian else None
    return None if path is None else path.parent


def _user() -> str | None:
    """Return whom to run the server as: it refuses to be root."""
    return "postgres" if os.geteuid() == 0 else None


def _own(*paths: Path) -> None:
    user = _user()
    if user is not None:
        for path in paths:
            shutil.chown(path, user)


def _give_up(why: str) -> None:
    if os.environ.get("CI") or os.environ.get("TESTS_NEED_POSTGRES"):
        pytest.fail(why)
    pytest.skip(why)
