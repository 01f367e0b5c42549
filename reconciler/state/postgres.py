"""The state in PostgreSQL: a row for each workspace, locked by an advisory lock of the session.

Needs the extra `postgres`, and PostgreSQL 14 or newer. The lock is the connection's: it ends with the process that
holds it, whatever becomes of that process. A pooler between must not share connections out by transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import errors, sql

from reconciler.errors import StateError
from reconciler.state.backend import Held, LockInfo, Snapshot, StateConflict, check_holder
from reconciler.state.pgconnect import address, effective, parameters, secrets

log = logging.getLogger("reconciler.state")

TABLE = "reconciler_states"
_LONGEST_MS = 2**31 - 1
_REASON = 200

_CREATE = """
CREATE TABLE IF NOT EXISTS {table} (
  workspace text PRIMARY KEY, version bigint NOT NULL DEFAULT 0, body bytea, saved_at timestamptz,
  lock bytea, lock_pid integer)"""
_READ = "SELECT version::text, body FROM {table} WHERE workspace = %s AND body IS NOT NULL"
_FIRST = """
INSERT INTO {table} AS state (workspace, version, body, saved_at) VALUES (%s, 1, %s, now())
ON CONFLICT (workspace) DO UPDATE SET version = state.version + 1, body = excluded.body, saved_at = now()
WHERE state.body IS NULL RETURNING version::text"""
_NEXT = """
UPDATE {table} SET version = version + 1, body = %s, saved_at = now()
WHERE workspace = %s AND body IS NOT NULL AND version::text = %s RETURNING version::text"""
_NOTE = """
INSERT INTO {table} (workspace, lock, lock_pid) VALUES (%s, %s, pg_backend_pid())
ON CONFLICT (workspace) DO UPDATE SET lock = excluded.lock, lock_pid = excluded.lock_pid"""
_FORGET = "UPDATE {table} SET lock = NULL, lock_pid = NULL WHERE workspace = %s AND lock_pid = pg_backend_pid()"
# A note counts only if the connection that wrote it has the lock: a dead run leaves its own behind.
_HOLDER = """
SELECT held.pid, state.lock FROM pg_locks AS held
LEFT JOIN {table} AS state ON state.workspace = %s AND state.lock_pid = held.pid
WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND held.classid::bigint = %s AND held.objid::bigint = %s"""
# Nothing on the server may end a connection that only waits; a client that is gone is noticed within a minute.
_SESSION = """
SELECT set_config('idle_session_timeout', '0', false), set_config('statement_timeout', '0', false),
  set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
  set_config('tcp_keepalives_count', '3', false), set_config('lock_timeout', %s, false)"""

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresBackend:
    """One row. Each reading and writing has a connection of its own; the lock keeps one for as long as it is held."""

    def __init__(self, *, workspace: str, dsn: str = "", table: str = TABLE, any_certificate: bool = False) -> None:
        self._workspace = workspace
        self._parameters = parameters(dsn, any_certificate=any_certificate)
        self._table = table
        self._key = _key(f"{table}:{workspace}")
        known = effective(self._parameters)
        self._secrets = secrets(known)
        self.where = f"{address(known)} ({table}, {workspace})"

    def read(self) -> Snapshot | None:
        """Return what the row holds. Reading asks for no more than SELECT."""
        with self._connected("read") as session:
            try:
                row = session.execute(self._sql(_READ), [self._workspace]).fetchone()
            except errors.UndefinedTable:
                return None
        return None if row is None else Snapshot(body=row[1], version=row[0])

    def write(self, body: bytes, expected: str | None) -> str:
        """Change the row if its version is `expected`: the database itself compares and swaps."""
        failure: StateError = StateConflict(self.where)
        try:
            written = self._written(body, expected)
            if written is not None:
                return written
        except StateError as error:
            if not isinstance(error.__cause__, psycopg.OperationalError):
                raise
            failure = error
        with suppress(StateError):
            stored = self.read()
            if stored is not None and stored.body == body:  # ours came through, and its answer was lost
                return stored.version
        raise failure

    @contextmanager
    def lock(self, info: LockInfo, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock for as long as the block runs: those who wait get it in the order in which they came."""
        with self._connected("locked") as session:
            if not self._taken(session, timeout_s):
                raise Held(self._holder(session)[1], where=self.where)
            self._change(session, _NOTE, [self._workspace, info.dumps()])
            try:
                yield
            finally:
                self._give_back(session)

    def force_unlock(self, lock_id: str = "") -> LockInfo | None:
        """End the connection that has the lock. Takes the same role, or one that may signal the others."""
        with self._connected("unlocked") as session:
            pid, holder = self._holder(session)
            if pid is None:
                return None
            check_holder(holder or LockInfo(id=""), lock_id, where=self.where)
            session.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            return holder or LockInfo(id="")

    def _written(self, body: bytes, expected: str | None) -> str | None:
        query, values = _NEXT, [body, self._workspace, expected]
        if expected is None:
            query, values = _FIRST, [self._workspace, body]
        with self._connected("written") as session:
            try:
                row = self._change(session, query, values).fetchone()
            except errors.SerializationFailure:
                return None
        return None if row is None else str(row[0])

    def _taken(self, session: Connection, timeout_s: float) -> bool:
        session.execute(_SESSION, [str(min(max(int(timeout_s * 1000), 1), _LONGEST_MS))])
        try:
            session.execute("SELECT pg_advisory_lock(%s)", [self._key])
        except errors.LockNotAvailable:
            return False
        session.execute("SET lock_timeout = 0")
        return True

    def _give_back(self, session: Connection) -> None:
        try:
            session.execute(self._sql(_FORGET), [self._workspace])
            session.execute("SELECT pg_advisory_unlock(%s)", [self._key])
        except psycopg.Error:
            log.warning("the connection that held the lock was lost: another run may have begun by now")

    def _holder(self, session: Connection) -> tuple[int | None, LockInfo | None]:
        """Return the connection that has the lock, and what it says of itself."""
        high, low = divmod(self._key % 2**64, 2**32)
        try:
            row = session.execute(self._sql(_HOLDER), [self._workspace, high, low]).fetchone()
        except errors.UndefinedTable:  # it is just being made
            return None, None
        if row is None:
            return None, None
        return row[0], None if row[1] is None else LockInfo.loads(row[1])

    def _change(self, session: Connection, query: str, values: Sequence[Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        """Execute `query`; make the table where there is none yet."""
        try:
            return session.execute(self._sql(query), values)
        except errors.UndefinedTable:
            with session.transaction():  # two at once would fail at each other
                session.execute("SELECT pg_advisory_xact_lock(%s)", [_key(self._table)])
                session.execute(self._sql(_CREATE))
            return session.execute(self._sql(query), values)

    def _sql(self, query: str) -> sql.Composed:
        return sql.SQL(query).format(table=sql.Identifier(*self._table.split(".")))

    @contextmanager
    def _connected(self, what: str) -> Iterator[Connection]:
        try:
            session = psycopg.connect(**self._parameters, autocommit=True)
        except psycopg.Error as error:
            raise self._failed(what, error) from error
        try:
            yield session
        except psycopg.Error as error:
            raise self._failed(what, error) from error
        finally:
            session.close()

    def _failed(self, what: str, error: psycopg.Error) -> StateError:
        reason = (error.diag.message_primary or str(error)).strip().splitlines() or [type(error).__name__]
        told = reason[0]
        for secret in self._secrets:
            told = told.replace(secret, "…")
        if isinstance(error, errors.InsufficientPrivilege):
            fix = f"grant SELECT, INSERT and UPDATE on {self._table}; a plan can do with SELECT and --lock=false"
        else:
            fix = "check state.dsn, the PG* variables (PGPASSWORD, PGSERVICE, PGSSLROOTCERT, …) and the server"
        return StateError(f"the state can't be {what} ({told[:_REASON]})", where=self.where, fix=fix)


def _key(name: str) -> int:
    """Return the number of a lock: PostgreSQL's have no names."""
    return int.from_bytes(sha256(f"reconciler:{name}".encode()).digest()[:8], signed=True)
