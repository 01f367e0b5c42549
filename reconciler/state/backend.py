"""What a place for the state must be able to do: read, write by compare-and-swap, lock. Bytes go in, bytes come out."""

from __future__ import annotations

import getpass
import json
import os
import random
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from reconciler import __version__
from reconciler.errors import StateError, StateLocked
from reconciler.runs import RUN_ID, job_url

PROGRAM = "reconciler"
_OPERATION = "OperationType"  # as Terraform's own notes begin
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_SAME_TIME = timedelta(minutes=1)


class StateConflict(StateError):
    """Somebody else has written the state since it was read."""

    code = "state-conflict"

    def __init__(self, where: str, *, reused_serial: bool = False) -> None:
        what, fix = "another run has written the state since it was read", "run again: it reads what is there"
        if reused_serial:
            what = "the server refuses the state's serial as used already: another run has written it since it was read"
            fix += "; if that repeats, the state was deleted there, or an older version put back"
        super().__init__(what, where=where, fix=fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state as it is stored. `version` is the backend's own mark of these very bytes."""

    body: bytes
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockInfo:
    """Who holds a lock, in the seven fields that Terraform's http backends exchange.

    `operation` is Terraform's word, such as OperationTypeApply, `who` user@host, `created` an ISO 8601 instant by this
    machine's clock, `info` the address of a CI job or the number of a process.
    """

    id: str
    operation: str = ""
    info: str = ""
    who: str = ""
    version: str = ""
    created: str = ""
    path: str = ""

    def __str__(self) -> str:
        details = ", ".join(part for part in (self.info, _in_words(self.operation)) if part)
        text = f"{self.who or 'somebody'} ({details})" if details else self.who or "somebody"
        return f"{text} since {self.created}" if self.created else text

    @property
    def host(self) -> str:
        """Return the name of the machine that holds the lock."""
        return self.who.rpartition("@")[2]

    def dumps(self) -> bytes:
        """Return it as JSON. All keys are there: GitLab requires each of them."""
        keys = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
        values = (self.id, self.operation, self.info, self.who, self.version, self.created, self.path)
        return json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False).encode()

    @classmethod
    def loads(cls, body: bytes) -> LockInfo | None:
        """Return what a backend says of a holder, None where it says nothing that can be read."""
        try:
            document = json.loads(body)
            fields = {name: str(document.get(key) or "") for name, key in _KEYS.items()}
        except (ValueError, AttributeError):
            return None
        return cls(**fields)


_KEYS = {
    "id": "ID",
    "operation": "Operation",
    "info": "Info",
    "who": "Who",
    "version": "Version",
    "created": "Created",
    "path": "Path",
}


def lock_info(
    operation: str, *, now: datetime, real: datetime | None = None, environment: Mapping[str, str] = os.environ
) -> LockInfo:
    """Return the note with which this process takes a lock, at `real`: the moment it is, unless given.

    `now` is the moment that the run goes by; where that is another one, the note says so.
    """
    real = real or datetime.now(UTC)
    parts = [job_url(environment) or f"process {os.getpid()}", f"run {RUN_ID}"]
    if abs(now - real) > _SAME_TIME:
        parts.append(f"as of {_utc(now)}")
    return LockInfo(
        id=str(uuid.uuid4()),
        operation=f"{_OPERATION}{''.join(word.capitalize() for word in operation.split())}",
        info=", ".join(parts),
        who=f"{_user()}@{socket.gethostname()}",
        version=__version__,
        created=_utc(real),
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _in_words(operation: str) -> str:
    """Return "state push" for OperationTypeStatePush; what is written otherwise as it stands."""
    name = operation.removeprefix(_OPERATION)
    return operation if name == operation else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def unlocking(program: str, holder: LockInfo | None = None) -> str:
    """Return the command that takes a lock away: that of `holder` alone, where it says which it is."""
    known = holder is not None and _PLAIN_ID.fullmatch(holder.id)
    return f"`{program} state unlock {holder.id}`" if holder is not None and known else f"`{program} state unlock`"


def check_holder(holder: LockInfo | None, lock_id: str, *, where: str) -> None:
    """Raise StateError where the lock is to be taken from `lock_id`, and another has it by now."""
    if lock_id and holder is not None and holder.id != lock_id:
        what = f"that is not the current lock: it is held by {holder}"
        fix = f"if that run is dead for certain, give its id, {holder.id}" if holder.id else "give no id"
        raise StateError(what, where=where, fix=fix)


class Held(StateLocked):
    """The lock is taken; `holder` is None where nobody knows by whom."""

    def __init__(self, holder: LockInfo | None, *, where: str) -> None:
        super().__init__(
            f"the state is locked by {holder or 'another run'}",
            where=where,
            fix="wait for it with --lock-timeout",
        )
        self.holder = holder
        self.advise(PROGRAM)

    def advise(self, program: str) -> None:
        """Say what to do in terms of `program`, as it was called."""
        unlock = unlocking(program, self.holder)
        self.fix = f"wait for it with --lock-timeout, or, if that run is dead for certain, {unlock}"


class Backend(Protocol):
    """A place that keeps one state. `where` names it in messages, without any secret."""

    @property
    def where(self) -> str:
        """Return where the state is kept, in words for messages, without any secret."""

    def read(self) -> Snapshot | None:
        """Return what is stored, None where nothing ever was. Raises StateError."""

    def write(self, body: bytes, expected: str | None) -> str:
        """Store `body` if the stored version is still `expected` (None: nothing is stored); return its version.

        It is stored whole or not at all. Raises StateConflict where another version is stored, and StateError.
        """

    def lock(self, info: LockInfo, *, timeout_s: float) -> AbstractContextManager[None]:
        """Hold the lock for as long as a block runs, waiting up to `timeout_s` for it.

        Raises Held, which is StateLocked and names the holder, and StateError. That a lock could not be given back is
        logged and not raised: by then the work is done.
        """

    def force_unlock(self, lock_id: str = "") -> LockInfo | None:
        """Take the lock away from whoever holds it; return who that was, None where nobody did.

        With a `lock_id` from that one alone: raises StateError where another holds it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How to wait for a lock that can only be asked for again: first this long, then twice as long, up to `most_s`."""

    first_s: float = 1
    most_s: float = 16
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def until_free(self, take: Callable[[], None], *, timeout_s: float) -> None:
        """Call `take` until it raises Held no more, for `timeout_s` at most."""
        end, delay = self.clock() + timeout_s, self.first_s
        while True:
            try:
                take()
                return
            except Held:
                left = end - self.clock()
                if left <= 0:
                    raise
            self.sleep(min(delay * random.uniform(0.75, 1), left))  # noqa: S311  # spreads those who wait, no secret
            delay = min(2 * delay, self.most_s)


def digest(body: bytes) -> str:
    """Return a version for backends that have none of their own."""
    return sha256(body).hexdigest()


class StateLock:
    """The lock of a store, by the name of what is going on."""

    def __init__(self, backend: Backend, program: str = PROGRAM) -> None:
        self._backend = backend
        self._program = program  # how this one was called, with the config that it was given

    @contextmanager
    def held(self, operation: str, *, now: datetime, timeout_s: float = 0) -> Iterator[None]:
        """Hold the lock for as long as the block runs. Raises StateLocked, naming the holder."""
        try:
            with self._backend.lock(lock_info(operation, now=now), timeout_s=timeout_s):
                yield
        except Held as held:
            held.advise(self._program)
            raise

    def unlock(self, lock_id: str = "") -> LockInfo | None:
        """Take the lock away, with a `lock_id` from that holder alone, and return whose it was."""
        return self._backend.force_unlock(lock_id)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
