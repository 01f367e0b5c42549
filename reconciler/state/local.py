"""The state in a file beside the config, with its journal."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from pathlib import Path

from reconciler.errors import StateError, UnreadableState
from reconciler.state.codec import dumps, loads
from reconciler.state.folder import FOLDER, check_folder
from reconciler.state.journal import Journal
from reconciler.state.lock import Lock
from reconciler.state.model import State


class LocalStore:
    """`state.json`, `journal.jsonl` and the lock in the folder `.reconciler` beside the config."""

    def __init__(self, root: Path, workspace: str) -> None:
        self._root = root
        self.path = root / FOLDER / "state.json"
        self.workspace = workspace
        self.notice = ""  # what a person should know about the last load
        self.journal = Journal(root / FOLDER / "journal.jsonl")
        self.lock = Lock(root / FOLDER / "state.lock")

    def load(self) -> State:
        """Return the last saved state with the journal of a run that was cut short, or a new state.

        A damaged file counts as none, and `notice` says so: everything in it can be found again by the markers.
        Raises StateError where it was written by a newer program, belongs to another workspace, or can't be trusted.
        """
        self.check()
        self.notice = ""
        try:
            saved = self._saved()
        except UnreadableState as error:
            self.notice = f"{error.where}: {error.what}; going on without it, everything is found by the markers"
            saved = self._new()
        return self.journal.replay().onto(saved)

    def check(self) -> None:
        """Raise StateError where others than we could have written what stands in the folder."""
        check_folder(self._root)

    def save(self, state: State) -> State:
        """Write `state` under the next serial: whole, or not at all. Return it as written."""
        written = replace(state, serial=state.serial + 1)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(dumps(written))
                file.flush()
                os.fsync(file.fileno())
            if self.notice and self.path.exists():
                self.path.replace(self.path.with_suffix(".broken.json"))
            temporary.replace(self.path)
            self._sync_folder()
        except OSError as error:
            raise StateError(f"the state can't be written: {error.strerror}", where=str(self.path)) from error
        self.journal.clear()
        return written

    def _saved(self) -> State:
        try:
            state = loads(self.path.read_text(encoding="utf-8"), where=str(self.path))
        except FileNotFoundError:
            return self._new()
        except UnicodeDecodeError as error:
            raise UnreadableState("the state is no UTF-8 text", where=str(self.path)) from error
        except OSError as error:
            raise StateError(f"the state can't be read: {error.strerror}", where=str(self.path)) from error
        if state.workspace != self.workspace:
            raise StateError(
                f"the state is of workspace {state.workspace!r}, the config of {self.workspace!r}",
                where=str(self.path),
                fix="renaming a workspace gives up its events: destroy the old one first, then move the state away",
            )
        return state

    def _new(self) -> State:
        return State(workspace=self.workspace, lineage=str(uuid.uuid4()))

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
