"""Backends to be had by name and place, in this process and in others."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from reconciler.state.backend import Backend, LockInfo, Patience, lock_info

QUICK = Patience(first_s=0.01, most_s=0.05)


def backend(kind: str, place: str) -> Backend:
    """Return a new backend; all of one kind and place keep the same state. Imports what that kind needs alone."""
    match kind:
        case "local":
            from reconciler.state.local import LocalBackend

            return LocalBackend(Path(place) / "state.json")
        case "http":
            return _http(place)
        case "s3":
            from reconciler.state.s3 import S3Backend

            endpoint, _, bucket = place.rpartition("/")
            return S3Backend(bucket=bucket, key="state.json", endpoint=endpoint, patience=QUICK)
        case "postgres":
            from reconciler.state.postgres import PostgresBackend

            dsn, _, table = place.rpartition("#")
            return PostgresBackend(workspace="acme", dsn=dsn, table=table)
        case _:
            raise NotImplementedError(kind)


def note(operation: str = "apply") -> LockInfo:
    return lock_info(operation, now=datetime.now(UTC), environment={})


def document(serial: int, text: str = "") -> bytes:
    """Return a body such as every backend takes: JSON with a serial that grows."""
    return json.dumps({"serial": serial, "text": text}).encode()


def count(kind: str, place: str, rounds: int) -> None:
    """Add one, so many times, each under the lock."""
    one = backend(kind, place)
    for _ in range(rounds):
        with one.lock(note("count"), timeout_s=50):
            stored = one.read()
            serial = 0 if stored is None else json.loads(stored.body)["serial"]
            one.write(document(serial + 1), None if stored is None else stored.version)


def _http(place: str) -> Backend:
    from reconciler.state.http import HttpBackend, HttpSettings

    settings = HttpSettings(
        address=place,
        lock_address=f"{place}/lock",
        lock_method="POST",
        unlock_method="DELETE",
        username="gitlab-ci-token",
        password="pässword",
    )
    return HttpBackend(settings, patience=QUICK, sleep=lambda _: None)
