"""The state as an object in a store that speaks S3's API, with conditional writes; the lock is an object beside it.

Needs the extra `s3`. A store must know `If-Match` and `If-None-Match` on PUT: AWS, Cloudflare R2, MinIO, Ceph do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.errors import StateError
from reconciler.loopback import in_clear_text
from reconciler.state.backend import PROGRAM, Held, LockInfo, Patience, Snapshot, StateConflict, check_holder, unlocking

log = logging.getLogger("reconciler.state")

_ABSENT = {"NoSuchKey", "404"}
_MOVED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class S3Backend:
    """One object. Credentials are found where boto3 looks: the environment, a profile, the machine's role."""

    def __init__(
        self,
        *,
        bucket: str,
        key: str,
        region: str = "",
        endpoint: str = "",
        patience: Patience | None = None,
        attempts: int = 3,
        program: str = PROGRAM,
    ) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            fix = "pip install boto3"
            raise StateError("a state in S3 needs boto3, which is not installed", where="state", fix=fix) from error
        self._errors: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
        self._bucket, self._key = bucket, key
        self._patience = patience or Patience()
        self._program = program
        self.where = f"s3://{bucket}/{key}"
        try:
            self._client: Any = boto3.client(
                "s3",
                region_name=region or None,
                endpoint_url=endpoint or None,
                config=Config(
                    connect_timeout=10, read_timeout=60, retries={"max_attempts": attempts, "mode": "standard"}
                ),
            )
        except (*self._errors, ValueError) as error:  # ValueError: an endpoint that is no URL
            raise self._failed("opened", error) from None
        if in_clear_text(self._client.meta.endpoint_url):  # it may stand in the environment or a profile, too
            fix = "write an https:// endpoint, in the config, AWS_ENDPOINT_URL or the profile"
            raise StateError("the state would travel in clear text", where=self.where, fix=fix)

    def read(self) -> Snapshot | None:
        """Return the object; its version is the ETag."""
        return self._get(self._key)

    def write(self, body: bytes, expected: str | None) -> str:
        """Put the object if its ETag is `expected`: the store itself compares and swaps."""
        condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        try:
            return self._put(self._key, body, condition)
        except self._errors as error:
            if _code(error) not in _MOVED | _ABSENT:
                raise self._failed("written", error) from error
        stored = self.read()
        if stored is not None and stored.body == body:  # ours came through before, and its answer was lost
            return stored.version
        raise StateConflict(self.where)

    @contextmanager
    def lock(self, info: LockInfo, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock for as long as the block runs: an object that can be made only where there is none."""
        self._patience.until_free(lambda: self._take(info), timeout_s=timeout_s)
        try:
            yield
        finally:
            self._give_back(info)

    def force_unlock(self, lock_id: str = "") -> LockInfo | None:
        """Delete the lock's object, whoever made it; with a `lock_id` only if that one did."""
        held = self._get(self._lock_key)
        if held is None:
            return None
        holder = LockInfo.loads(held.body) or LockInfo(id="")
        check_holder(holder, lock_id, where=self.where)
        self._delete_lock()
        return holder

    @property
    def _lock_key(self) -> str:
        return f"{self._key}.lock"

    def _take(self, info: LockInfo) -> None:
        try:
            self._put(self._lock_key, info.dumps(), {"IfNoneMatch": "*"})
        except self._errors as error:
            if _code(error) not in _MOVED:
                raise self._failed("locked", error) from error
            held = self._get(self._lock_key)
            holder = None if held is None else LockInfo.loads(held.body)
            if holder is None or holder.id != info.id:  # else ours came through before, and its answer was lost
                raise Held(holder, where=self.where) from None
        else:
            try:
                self._prove_lock(info)
            except BaseException:  # a signal, too: nobody else would ever give it back
                self._give_back(info)
                raise

    def _prove_lock(self, info: LockInfo) -> None:
        """Make the lock's object once more, which has to be refused: some stores pass over what they do not know."""
        try:
            self._put(self._lock_key, info.dumps(), {"IfNoneMatch": "*"})
        except self._errors as error:
            if _code(error) in _MOVED:
                return
            raise self._failed("locked", error) from error
        fix = "use a store that supports If-None-Match on writes, or another backend"
        raise StateError(
            "the store knows no conditional writes: its lock would hold up nobody", where=self.where, fix=fix
        )

    def _give_back(self, info: LockInfo) -> None:
        try:
            held = self._get(self._lock_key)
            holder = None if held is None else LockInfo.loads(held.body)
            if holder is not None and holder.id == info.id:  # else it was taken away from us
                self._delete_lock()
        except StateError as error:
            command = unlocking(self._program, info)
            log.warning("%s: %s\n  once you are sure that nothing runs: %s", self.where, error.what, command)

    def _get(self, key: str) -> Snapshot | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return Snapshot(body=answer["Body"].read(), version=answer["ETag"])
        except self._errors as error:
            if _code(error) in _ABSENT:
                return None
            raise self._failed("read", error) from error

    def _put(self, key: str, body: bytes, condition: dict[str, str]) -> str:
        answer = self._client.put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType="application/json", **condition
        )
        return str(answer["ETag"])

    def _delete_lock(self) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=self._lock_key)
        except self._errors as error:
            raise self._failed("unlocked", error) from error

    def _failed(self, what: str, error: Exception) -> StateError:
        fix = "check bucket, region and endpoint, and the credentials in the environment (AWS_ACCESS_KEY_ID, …)"
        reason = _code(error) or type(error).__name__
        return StateError(f"the state can't be {what} ({reason})", where=self.where, fix=fix)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
