"""The state behind the protocol of Terraform's http backend, as GitLab and Gitea speak it, too.

Sources: OpenTofu's `internal/backend/remote-state/http`, GitLab's `lib/api/terraform/state.rb`.
"""

from __future__ import annotations

import logging
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from urllib.parse import unquote, urlencode, urljoin, urlsplit, urlunsplit

import requests
from requests.auth import HTTPBasicAuth

from reconciler.errors import StateError
from reconciler.state.backend import (
    PROGRAM,
    Held,
    LockInfo,
    Patience,
    Snapshot,
    StateConflict,
    check_holder,
    digest,
    lock_info,
    unlocking,
)
from reconciler.visible import visible

log = logging.getLogger("reconciler.state")

_OK, _NO_CONTENT, _NOT_FOUND, _TOO_LARGE, _TOO_MANY, _SERVER, _NOT_IMPLEMENTED = 200, 204, 404, 413, 429, 500, 501
_WRITTEN = {200, 201, 204}
_LOCKED = {409, 423}
_UNPROCESSABLE = 422  # what GitLab answers to a serial that it has already, and to a state deleted there
_TAKEN = {409, 412, _UNPROCESSABLE}
_TIMEOUT_S = (10, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Terraform's settings under its own names. Without a `lock_address` nothing is locked.

    `verify` is false, true, or the file of a certificate authority; `certificate` files of a certificate and its key.
    """

    address: str = field(repr=False)  # a user, a password, a token may be in it
    lock_address: str = field(default="", repr=False)
    unlock_address: str = field(default="", repr=False)
    update_method: str = "POST"
    lock_method: str = "LOCK"
    unlock_method: str = "UNLOCK"
    username: str = ""
    password: str = field(default="", repr=False)
    retry_max: int = 2
    retry_wait_min_s: float = 1
    retry_wait_max_s: float = 30
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool | str = True
    certificate: tuple[str, str] | None = None


class HttpBackend:
    """One address, one state."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        program: str = PROGRAM,
    ) -> None:
        self._settings = settings
        self._patience = patience or Patience()
        self._sleep = sleep
        self._program = program
        self._lock_id = ""
        self._auth = _login(settings)
        self.where = _plain(settings.address)

    def read(self) -> Snapshot | None:
        """Return what the server stores."""
        answer = self._send("GET", self._settings.address)
        if answer.status_code in {_NO_CONTENT, _NOT_FOUND}:
            return None
        if answer.status_code != _OK:
            raise self._refused("read", answer)
        body = answer.content
        told = answer.headers.get("Content-MD5")
        if told and body and told != _md5(body):
            raise StateError("the state was damaged on its way here", where=self.where, fix="run again")
        return Snapshot(body=body, version=digest(body)) if body else None

    def write(self, body: bytes, expected: str | None) -> str:
        """Store `body`. There is no conditional write: we look first, under the lock, and GitLab at the serial."""
        if self._version() != expected:
            raise StateConflict(self.where)
        try:
            answer = self._send(self._settings.update_method, self._with_id(self._settings.address), body)
        except StateError:
            if self._has(body):
                return digest(body)
            raise
        if answer.status_code in _WRITTEN:
            return digest(body)
        unclear = answer.status_code in _TAKEN or answer.status_code >= _SERVER
        if unclear and self._has(body):  # ours came through before, and its answer was lost
            return digest(body)
        if answer.status_code in _TAKEN:
            raise StateConflict(self.where, reused_serial=answer.status_code == _UNPROCESSABLE)
        if answer.status_code == _TOO_LARGE:
            raise StateError(
                f"the server does not accept a state of {len(body)} bytes",
                where=self.where,
                fix="raise its limit on states",
            )
        raise self._refused("written", answer)

    @contextmanager
    def lock(self, info: LockInfo, *, timeout_s: float) -> Iterator[None]:
        """Hold the server's lock for as long as the block runs; where no `lock_address` is set, hold none."""
        if not self._settings.lock_address:
            yield
            return
        self._patience.until_free(lambda: self._take(info), timeout_s=timeout_s)
        self._lock_id = info.id
        try:
            yield
        finally:
            self._lock_id = ""
            self._give_back(info)

    def force_unlock(self, lock_id: str = "") -> LockInfo | None:
        """Take the lock away. Who holds it is only told to those who ask for the lock, so we ask for it.

        With a `lock_id` nobody is asked: the server itself refuses to unlock for another.
        """
        if not (self._settings.lock_address or (lock_id and self._settings.unlock_address)):
            return None
        if lock_id:
            self._release(LockInfo(id=lock_id))
            return LockInfo(id=lock_id)
        ours = lock_info("unlock", now=datetime.now(UTC))
        holder = None
        try:
            self._take(ours)
        except Held as held:
            holder = held.holder or LockInfo(id="")
        self._release(LockInfo(id=ours.id if holder is None else holder.id))
        return holder

    def _take(self, info: LockInfo) -> None:
        try:
            answer = self._send(self._settings.lock_method, self._settings.lock_address, info.dumps())
        except BaseException:  # a signal, too: the answer that it cut off may have said that the lock is ours
            self._let_go(info)
            raise
        if answer.status_code in _LOCKED:
            holder = LockInfo.loads(answer.content)
            if holder is not None and holder.id == info.id:
                return  # ours came through before, and its answer was lost
            raise Held(holder, where=self.where)
        if answer.status_code != _OK:
            if answer.status_code >= _SERVER:
                self._let_go(info)
            raise self._refused("locked", answer)

    def _let_go(self, info: LockInfo) -> None:
        """Give back a lock that may be ours, as nobody knows: it would stay, and hold up every other run."""
        with suppress(StateError):
            self._release(info)

    def _give_back(self, info: LockInfo) -> None:
        try:
            self._release(info)
        except StateError as error:
            command = unlocking(self._program, info)
            log.warning("%s: %s\n  once you are sure that nothing runs: %s", self.where, error.what, command)

    def _release(self, info: LockInfo) -> None:
        address = self._settings.unlock_address or self._settings.lock_address
        answer = self._send(self._settings.unlock_method, address, info.dumps())
        if answer.status_code != _OK:
            if answer.status_code in _LOCKED and (holder := LockInfo.loads(answer.content)) is not None:
                check_holder(holder, info.id, where=self.where)
            raise self._refused("unlocked", answer)

    def _has(self, body: bytes) -> bool:
        """Return whether the server is known to store `body`."""
        try:
            return self._version() == digest(body)
        except StateError:
            return False

    def _version(self) -> str | None:
        stored = self.read()
        return None if stored is None else stored.version

    def _with_id(self, address: str) -> str:
        if not self._lock_id:
            return address
        parts = urlsplit(address)
        query = "&".join(part for part in (parts.query, urlencode({"ID": self._lock_id})) if part)
        return urlunsplit(parts._replace(query=query))

    def _send(self, method: str, url: str, body: bytes = b"") -> requests.Response:
        """Send a request, again where no answer came or one that may change. Raises StateError without an answer."""
        settings = self._settings
        protocol = {"Content-Type": "application/json", "Content-MD5": _md5(body)} if body else {}
        headers = {**settings.headers, **protocol}
        attempt = 0
        while True:
            try:
                answer = requests.request(
                    method,
                    url,
                    data=body or None,
                    headers=headers,
                    auth=self._auth,
                    timeout=_TIMEOUT_S,
                    allow_redirects=False,
                    verify=settings.verify,
                    cert=settings.certificate,
                )
                status = answer.status_code
                passing = status == _TOO_MANY or (status >= _SERVER and status != _NOT_IMPLEMENTED)
                if not passing or attempt >= settings.retry_max:
                    self._check_is_no_page(answer)
                    return answer
            except requests.RequestException as error:
                if attempt >= settings.retry_max:
                    raise StateError(
                        f"the state's server does not answer ({type(error).__name__})",
                        where=self.where,
                        fix="check the address and the network",
                    ) from None  # its text has the whole URL in it
            self._sleep(min(settings.retry_wait_min_s * 2**attempt, settings.retry_wait_max_s))
            attempt += 1

    def _check_is_no_page(self, answer: requests.Response) -> None:
        """Raise StateError where a login page or a proxy says 200: nothing was read, locked or stored."""
        if answer.ok and answer.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            fix = "check the address, and whether a proxy there asks people to log in"
            raise StateError("a web page answers in place of the state's server", where=self.where, fix=fix)

    def _refused(self, what: str, answer: requests.Response) -> StateError:
        if answer.is_redirect:
            there = _plain(urljoin(answer.url, answer.headers["Location"]))
            what = f"the state can't be {what}: the server sends on to {visible(there)}"
            return StateError(what, where=self.where, fix="set that address, if it is the state's: nobody is followed")
        fix = {
            401: "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD",
            409: "if no other run goes on, `reconciler state unlock` without an id takes it from whoever holds it",
            403: "this user may not do that: GitLab asks for Maintainer; a plan can do with --lock=false",
        }.get(answer.status_code, "look into the server's log")
        text = f"the state can't be {what}: the server answers {answer.status_code}"
        return StateError(text, where=self.where, fix=fix)


def _login(settings: HttpSettings) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Return what a request logs in with: the user set, else the one in the address, and never one from ~/.netrc."""
    user, password = settings.username, settings.password
    if not user:
        parts = urlsplit(settings.address)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    # As bytes: requests would make Latin-1 of text.
    return HTTPBasicAuth(user.encode(), password.encode()) if user else lambda request: request


def _md5(body: bytes) -> str:
    return b64encode(md5(body, usedforsecurity=False).digest()).decode()


def _plain(address: str) -> str:
    """Return an address without user, password and query."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
