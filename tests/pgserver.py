"""A private PostgreSQL: a cluster in a folder of its own, reached by a socket there, with a password."""

from __future__ import annotations

import os
import shutil
import signal
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

    @property
    def dsn(self) -> str:
        return f"host={self.folder} user={USER} dbname=postgres"

    def execute(self, query: str) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, and return its rows."""
        writing = "-c default_transaction_read_only=off"
        with psycopg.connect(self.dsn, password=PASSWORD, options=writing, autocommit=True) as session:
            cursor = session.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run one. Without PostgreSQL on this machine the test is skipped, in CI it fails."""
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
        with _running(programs, folder):
            yield PostgresServer(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(programs: Path, folder: Path) -> Iterator[None]:
    settings = ("listen_addresses=", "fsync=off", "max_connections=40", "shared_buffers=8MB")
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data", "-k", folder]
    command += [word for one in settings for word in ("-c", one)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stderr=log, user=_user())
        try:
            _wait(server, folder)
            yield
        finally:
            server.send_signal(signal.SIGINT)  # connections that are left over are ended
            server.wait()


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(PostgresServer(folder).dsn, password=PASSWORD).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise AssertionError((folder / "log").read_text(encoding="utf-8", errors="replace")) from None
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
