"""The sandbox's memory: one SQLite file behind one connection."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from reconciler.errors import ReconcilerError

FORMAT_VERSION = 1  # files that do not say have it; a newer one brings its tables up to date in _check_version
BUSY_TIMEOUT_S = 30.0  # how long one process waits for another's transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (union_id TEXT PRIMARY KEY, name TEXT NOT NULL, userid TEXT, mobile TEXT);
CREATE TABLE IF NOT EXISTS rooms (room_id TEXT PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, app_key TEXT NOT NULL, expires INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS conferences (
  id TEXT PRIMARY KEY, creator TEXT NOT NULL, title TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
  room_code TEXT NOT NULL, url TEXT NOT NULL, settings TEXT NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0,
  event_id TEXT);
CREATE TABLE IF NOT EXISTS instants (
  id TEXT PRIMARY KEY, host TEXT NOT NULL, title TEXT NOT NULL, room_code TEXT NOT NULL, url TEXT NOT NULL,
  password TEXT NOT NULL, host_password TEXT NOT NULL, invited TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER,
  schedule_id TEXT);
CREATE TABLE IF NOT EXISTS events (
  id TEXT PRIMARY KEY, organizer TEXT NOT NULL, summary TEXT NOT NULL, description TEXT NOT NULL,
  start INTEGER NOT NULL, end INTEGER NOT NULL, last INTEGER NOT NULL, zone TEXT NOT NULL,
  all_day INTEGER NOT NULL, recurrence TEXT, excluded TEXT NOT NULL DEFAULT '[]', extras TEXT NOT NULL,
  conference_id TEXT, cancelled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  changed INTEGER NOT NULL, by_api INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS events_by_organizer ON events (organizer, start);
CREATE TABLE IF NOT EXISTS attendees (
  event_id TEXT NOT NULL, union_id TEXT NOT NULL, optional INTEGER NOT NULL, response TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (event_id, union_id));
CREATE INDEX IF NOT EXISTS attendees_by_person ON attendees (union_id, event_id);
CREATE TABLE IF NOT EXISTS event_rooms (
  event_id TEXT NOT NULL, room_id TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (event_id, room_id));
CREATE INDEX IF NOT EXISTS events_by_room ON event_rooms (room_id, event_id);
CREATE TABLE IF NOT EXISTS answers (
  token TEXT NOT NULL, api TEXT NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (token, api)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, api TEXT NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL,
  counted INTEGER NOT NULL, fault TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS months (month TEXT PRIMARY KEY, calls INTEGER NOT NULL) WITHOUT ROWID;
"""
DATA_TABLES = ("tokens", "conferences", "instants", "events", "attendees", "event_rooms", "answers", "calls", "months")


class Store:
    """Access to the file at `path`, which only its owner may read. Safe to share among threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        path.chmod(0o600)
        self._lock = RLock()
        self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # what a power cut loses here, nobody misses
        self._db.executescript(SCHEMA)
        self._check_version(path)

    def _check_version(self, path: Path) -> None:
        version = self.number("PRAGMA user_version")
        if version > FORMAT_VERSION:
            self._db.close()
            raise ReconcilerError(
                f"the sandbox's data have format {version}, this program reads up to {FORMAT_VERSION}",
                where=str(path),
                fix="use the newer reconciler that wrote them, or move the file away: the sandbox begins anew",
            )
        if version < FORMAT_VERSION:
            self._db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block alone, here and among processes; undo it if it raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run the block inside the transaction; undo it alone if it raises."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def run(self, sql: str, *values: Any) -> int:
        """Execute a statement; return how many rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def number(self, sql: str, *values: Any) -> int:
        """Return the one number that the query yields; 0 for none."""
        found = self.row(sql, *values)
        return int(found[0] or 0) if found else 0

    def meta(self, name: str, default: str = "") -> str:
        found = self.row("SELECT value FROM meta WHERE name = ?", name)
        return str(found[0]) if found else default

    def set_meta(self, name: str, value: str) -> None:
        self.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)

    def next_change(self) -> int:
        """Return the next number of the change counter that sync tokens are made of."""
        number = int(self.meta("changes", "0")) + 1
        self.set_meta("changes", str(number))
        return number

    def last_change(self) -> int:
        return int(self.meta("changes", "0"))

    def epoch(self) -> str:
        """Return since when the calendars have a history; sync tokens of another are good for nothing."""
        if not self.meta("epoch"):
            self.set_meta("epoch", uuid.uuid4().hex)
        return self.meta("epoch")

    def forget(self) -> None:
        """Delete everything but people and rooms. Sync tokens from before are refused."""
        self.set_meta("epoch", uuid.uuid4().hex)
        for table in DATA_TABLES:
            self.run(f"DELETE FROM {table}")  # noqa: S608  # a name from the constant above
