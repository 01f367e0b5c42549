"""One run at a time on one state: an operating-system lock, and a note that says who holds it."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from reconciler.errors import StateLocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock: `who` is user@host, `since` an ISO 8601 instant."""

    who: str
    host: str
    pid: int
    operation: str
    since: str

    def __str__(self) -> str:
        return f"{self.who} (process {self.pid}, {self.operation}) since {self.since}"


class Lock:
    """The lock of one state. The operating system lets go of it when its process dies; the note stays behind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._note = path.with_name(f"{path.name}.json")

    @contextmanager
    def held(self, operation: str, *, now: datetime, timeout_s: float = 0) -> Iterator[None]:
        """Hold the lock for as long as the block runs, waiting up to `timeout_s` for it.

        Raises StateLocked, naming the holder. A note left by a dead process of this host is taken over; one
        from another host, where nobody can see whether the process lives, needs `unlock`.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(self._path, timeout=timeout_s, mode=0o600)
        try:
            lock.acquire(poll_interval=0.05)
        except Timeout:
            raise self._locked(self.holder()) from None
        try:
            left = self.holder()
            if left is not None and left.host != socket.gethostname():
                raise self._locked(left)
            self._write(operation, now)
            try:
                yield
            finally:
                self._note.unlink(missing_ok=True)
        finally:
            lock.release()

    def holder(self) -> Holder | None:
        """Return who wrote the note, None where there is none that can be read."""
        try:
            return Holder(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def unlock(self) -> Holder | None:
        """Remove the note, and return whose it was. A living process on this host keeps its lock all the same."""
        holder = self.holder()
        self._note.unlink(missing_ok=True)
        return holder

    def _write(self, operation: str, now: datetime) -> None:
        host = socket.gethostname()
        holder = Holder(
            who=f"{_user()}@{host}",
            host=host,
            pid=os.getpid(),
            operation=operation,
            since=now.isoformat(timespec="seconds"),
        )
        descriptor = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(holder)))

    def _locked(self, holder: Holder | None) -> StateLocked:
        return StateLocked(
            f"the state is locked by {holder or 'another run'}",
            where=str(self._path),
            fix="wait for it with --lock-timeout, or, if that run is dead for certain, `reconciler state unlock`",
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
