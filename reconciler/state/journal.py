"""The write-ahead journal: before each write what is about to be asked, after it what came of it.

One JSON object a line, appended and fsynced, so that a run that dies at any moment leaves behind what it did and what
it may have done. A line that was cut short by the crash is passed over.
"""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.errors import StateError
from reconciler.model.occurrence import Key
from reconciler.model.state import Entry, Orphan, State
from reconciler.state.values import as_instant, as_text, decode_entry, encode_entry
from reconciler.state.versions import JOURNAL_VERSION, refuse_newer

_FIX = "make room on the disk, or let this user write there, then run again: it goes on from what is in DingTalk"
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_PAIR = re.compile(r'"(\w+)":("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that is about to happen. `id` is its client token where the call takes one, else just unique."""

    id: str
    call: str
    key: Key
    organizer: str
    title: str
    start: datetime
    at: datetime

    def orphan(self) -> Orphan:
        """Return what this creation may have left behind, if its answer never comes."""
        return Orphan(
            address=str(self.key),
            organizer=self.organizer,
            title=self.title,
            start=self.start,
            asked_at=self.at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a journal holds: entries that were learned (None: gone), and writes whose answer never came."""

    entries: Mapping[Key, Entry | None] = field(default_factory=dict)
    open: tuple[Intent, ...] = ()

    def onto(self, state: State) -> State:
        """Return `state` with all that happened after its last save."""
        if not self.entries and not self.open:
            return state
        entries = {**state.entries, **self.entries}
        orphans = tuple(intent.orphan() for intent in self.open if intent.call == "conference.create")
        known = set(state.orphans)
        return replace(
            state,
            entries={key: entry for key, entry in entries.items() if entry is not None},
            # Where none is known, everybody's invitations are asked: to know of these alone would end that.
            organizers=state.organizers and state.organizers | {intent.organizer for intent in self.open},
            orphans=state.orphans + tuple(orphan for orphan in orphans if orphan not in known),
        )


@dataclass(slots=True, kw_only=True, eq=False)
class _Line:
    """A line to be written, which `announces` what is then done; `settled` once it was, or could not be."""

    text: bytes
    announces: bool
    settled: bool = False
    failure: OSError | None = None


class Journal:
    """Appends to one file; safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._waiting: deque[_Line] = deque()
        self._descriptor: int | None = None
        self._cut = False  # whether the last line ends in the middle

    def begin(self, intent: Intent) -> None:
        """Write down that `intent` is about to be asked of DingTalk. Raises StateError, and then it must not be."""
        self._append(
            {
                "begin": intent.id,
                "call": intent.call,
                "address": str(intent.key),
                "organizer": intent.organizer,
                "title": intent.title,
                "start": intent.start.isoformat(),
                "at": intent.at.isoformat(),
            }
        )

    def done(self, intent: Intent, key: Key, entry: Entry | None) -> None:
        """Write down what became of `intent`: what is now known of `key`, None where it is gone."""
        self._append({"end": intent.id, "address": str(key), "entry": None if entry is None else encode_entry(entry)})

    def settled(self, intent: Intent) -> None:
        """Write down that nothing more is to be learned of `intent`: it had no effect, or none on an occurrence."""
        self._append({"end": intent.id})

    def replay(self) -> Replay:
        """Return what the file holds; nothing where there is none. Raises StateError where a newer program wrote it."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return Replay()
        entries: dict[Key, Entry | None] = {}
        started: dict[str, Intent] = {}
        for line in lines:
            try:
                record = _record(line)
                version = record.get("journal", JOURNAL_VERSION)
                if isinstance(version, int):
                    refuse_newer("journal", version, JOURNAL_VERSION, where=str(self._path))
                _replay(record, entries, started)
            except StateError:
                raise
            except Exception:  # noqa: BLE001, S112  # a damaged line tells nothing; the calendar will
                continue
        return Replay(entries=entries, open=tuple(started.values()))

    def clear(self) -> None:
        """Forget everything: it is in the state now."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                what = f"the journal can't be removed: {error.strerror}"
                raise StateError(what, where=str(self._path), fix=_FIX) from error

    def _append(self, record: Mapping[str, Any]) -> None:
        """Add a line, and see it on the disk. Raises StateError where the disk does not take it.

        Who gets to write takes along the lines of all who wait for it: the disk is waited for once.
        """
        line = _Line(text=_encoded(record).encode() + b"\n", announces="begin" in record)
        self._waiting.append(line)
        with self._lock:
            if not line.settled:
                self._write_waiting()
        if line.failure is not None:
            what = f"the journal can't be written: {line.failure.strerror or type(line.failure).__name__}"
            raise StateError(what, where=str(self._path), fix=_FIX) from line.failure

    def _write_waiting(self) -> None:
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            if len(lines) == 1 or not self._write_together(lines):
                for line in lines:
                    self._write_alone(line)
        finally:
            for line in lines:
                if not line.settled:
                    line.settled, line.failure = True, OSError(errno.EINTR, os.strerror(errno.EINTR))

    def _write_together(self, lines: Sequence[_Line]) -> bool:
        """Write all lines or none; return whether they are on the disk."""
        try:
            self._write(b"".join(line.text for line in lines), or_nothing=True)
        except OSError:
            return False
        for line in lines:
            line.settled = True
        return True

    def _write_alone(self, line: _Line) -> None:
        try:
            self._write(line.text, or_nothing=line.announces)  # what could not be announced will not be done
        except OSError as error:
            line.failure = error
        line.settled = True

    def _write(self, text: bytes, *, or_nothing: bool) -> None:
        descriptor = self._open()
        cut, before = self._cut, os.fstat(descriptor).st_size
        self._cut = True
        try:
            _write_all(descriptor, b"\n" + text if cut else text)
        except OSError:
            if or_nothing:
                os.ftruncate(descriptor, before)
                self._cut = cut
            raise
        self._cut = False

    def _open(self) -> int:
        if self._descriptor is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            self._cut = os.fstat(self._descriptor).st_size > 0  # by a crash, perhaps
        return self._descriptor


def _write_all(descriptor: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _record(line: bytes) -> dict[str, Any]:
    """Return the object in a line; of an intent that was cut short what is left of it. Raises for anything else."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        if not line.startswith(b'{"begin"'):
            raise
        found = {name: json.loads(text) for name, text in _PAIR.findall(line.decode(errors="replace"))}
        # It may have been asked for all the same, and the time is the only one that is surely known.
        sometime = Key.parse(found["address"]).original.replace(tzinfo=UTC).isoformat()
        return {"organizer": "", "title": "", "start": sometime, "at": sometime, **found}
    return found


def _replay(record: dict[str, Any], entries: dict[Key, Entry | None], started: dict[str, Intent]) -> None:
    if "begin" in record:
        started[record["begin"]] = Intent(
            id=record["begin"],
            call=as_text(record["call"]),
            key=Key.parse(record["address"]),
            organizer=as_text(record["organizer"]),
            title=as_text(record["title"]),
            start=as_instant(record["start"]),
            at=as_instant(record["at"]),
        )
        return
    if "entry" in record:
        key = Key.parse(record["address"])
        entries[key] = None if record["entry"] is None else decode_entry(record["entry"], record["address"])
    started.pop(record["end"], None)
