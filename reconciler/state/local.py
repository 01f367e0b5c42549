"""The state in a file, with an operating-system lock and a note that says who holds it."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from reconciler.errors import StateError, remedy
from reconciler.state.backend import Held, LockInfo, Snapshot, StateConflict, check_holder, digest
from reconciler.state.files import write_whole


class LocalBackend:
    """One file. The operating system lets go of the lock when its process dies; the note stays behind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(f"{path.stem}.lock")
        self._note = path.with_name(f"{path.stem}.lock.json")

    @property
    def where(self) -> str:
        return str(self._path)

    def read(self) -> Snapshot | None:
        """Return what the file holds. Raises StateError where it is no plain file, or can't be read."""
        if self._path.is_symlink():
            raise StateError("the state is a symbolic link", where=self.where, fix="put a plain file there")
        try:
            body = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"the state can't be read: {error.strerror}", where=self.where) from error
        return Snapshot(body=body, version=digest(body))

    def write(self, body: bytes, expected: str | None) -> str:
        """Replace the file, if it is still as it was read."""
        try:
            with self._writing():
                before = self.read()
                if (None if before is None else before.version) != expected:
                    raise StateConflict(self.where)
                write_whole(self._path, body)
        except OSError as error:
            raise StateError(
                f"the state can't be written: {error.strerror}", where=self.where, fix=remedy(error)
            ) from error
        return digest(body)

    @contextmanager
    def lock(self, info: LockInfo, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock for as long as the block runs.

        A note left by a dead process of this host is taken over; one from another host, where nobody can see whether
        the process lives, needs `force_unlock`.
        """
        lock = FileLock(self._lock, timeout=timeout_s, mode=0o600)
        try:
            self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire(poll_interval=0.05)
        except Timeout:
            raise Held(self._holder(), where=str(self._lock)) from None
        except OSError as error:
            raise self._unlockable(error) from error
        try:
            left = self._holder()
            if left is not None and left.host != socket.gethostname():
                raise Held(left, where=str(self._lock))
            try:
                write_whole(self._note, info.dumps())
            except OSError as error:
                raise self._unlockable(error) from error
            try:
                yield
            finally:
                self._note.unlink(missing_ok=True)
        finally:
            lock.release()

    def _unlockable(self, error: OSError) -> StateError:
        fix = "make room on the disk, or let this user write there; `plan --lock=false` needs no lock"
        what = f"the lock can't be written: {error.strerror or type(error).__name__}"
        return StateError(what, where=str(self._lock), fix=fix)

    def force_unlock(self, lock_id: str = "") -> LockInfo | None:
        """Remove the note, and return whose it was. A living process on this host keeps its lock all the same."""
        holder = self._holder()
        check_holder(holder, lock_id, where=str(self._lock))
        self._note.unlink(missing_ok=True)
        return holder

    def _holder(self) -> LockInfo | None:
        try:
            return LockInfo.loads(self._note.read_bytes())
        except OSError:
            return None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep others from writing between our look at the file and its replacement."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
