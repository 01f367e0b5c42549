"""The state of one workspace: kept by a backend, with a journal on this machine for what is not saved yet."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from reconciler.errors import StateError, UnreadableState
from reconciler.model.state import State
from reconciler.state.backend import PROGRAM, Backend, Snapshot, StateLock, digest
from reconciler.state.codec import dumps, loads
from reconciler.state.files import write_whole
from reconciler.state.folder import FOLDER, check_folder
from reconciler.state.journal import Journal
from reconciler.state.lines import Lines
from reconciler.state.local import LocalBackend


class StateNotSaved(StateError):
    """What was done is not in the state. It lies in a file on this machine, and in the journal beside it."""

    code = "state-not-saved"


class Store:
    """Loads and saves states. `folder` is where the journal lies, and a state that could not be saved.

    `program` is how to call this program once more, with the same config, in a shell.
    """

    def __init__(self, backend: Backend, folder: Path, workspace: str, *, program: str = PROGRAM) -> None:
        self.backend = backend
        self.workspace = workspace
        self.folder = folder
        self.notice = ""  # what a person should know about the last load
        self.saves = 0  # how often this store was written here
        self.journal = Journal(folder / "journal.jsonl")
        self.lock = StateLock(backend, program)
        self._program = program
        self.errored = folder / "errored.state.json"
        self._broken = folder / "state.broken.json"
        self._looked = False
        self._seen: Snapshot | None = None
        self._known: tuple[str, State] | None = None  # what was decoded last: a run looks at the same twice
        self._given_up: UnreadableState | None = None

    def load(self, *, unread: bool = False) -> State:
        """Return the last saved state with the journal of a run that was cut short, or a new state.

        A damaged one counts as none, and `notice` says so: everything in it can be found again by the markers. With
        `unread` its entries may be unread `Lines`, which may turn out to be damaged: `give_up` does away with them.
        Raises StateError where it was written by a newer program, belongs to another workspace, or can't be trusted.
        """
        self.check()
        self.notice = ""
        snapshot = self._look()
        try:
            if self._given_up is not None:
                raise self._given_up
            saved = None if snapshot is None else self._decoded(snapshot.body, self.backend.where)
            if saved is not None and not unread and isinstance(saved.entries, Lines):
                saved.entries.read()
            if snapshot is not None:
                self._seen = replace(snapshot, body=b"")  # megabytes that nobody asks for any more
        except UnreadableState as error:
            self.notice = f"{error.where}: {error.what}; going on without it, everything is found by the markers"
            saved = None
        return self.journal.replay().onto(saved or self._new(snapshot))

    def give_up(self, error: UnreadableState) -> None:
        """Count what is saved as damaged from here on."""
        self._given_up = error

    def check(self) -> None:
        """Raise StateError where others than we could have written what stands in the folder."""
        check_folder(self.folder)

    def save(self, state: State, *, rescue: bool = True) -> State:
        """Save `state` under the next serial: whole, or not at all. Return it as saved.

        It must be made of what was loaded last: raises StateConflict where another run has saved since. With `rescue`,
        what can't be saved is put into the file `errored` and StateNotSaved tells how to push it.
        """
        if not self._looked:
            self._look()
        written = replace(state, serial=state.serial + 1)
        try:
            self._write(written)
        except StateError as error:
            if not rescue:
                raise
            raise self._rescued(written, error) from error
        return written

    def pull(self) -> bytes | None:
        """Return what is saved, byte by byte."""
        snapshot = self._look()
        return None if snapshot is None else snapshot.body

    def push(self, body: bytes, *, where: str, force: bool = False) -> State:
        """Save the state that `body` holds, with what the journal knows beyond it; return it as saved.

        Raises StateError where what is saved has another origin or is as new, unless `force`, or where the workspace is
        another.
        """
        given = self._given(body, where)
        snapshot = self._look()
        saved = None
        with suppress(UnreadableState):  # a damaged state may be replaced
            saved = None if snapshot is None else self._decoded(snapshot.body, self.backend.where)
        if saved is not None and not force:
            _refuse_older(given, saved, where, self._program)
        serial = max(given.serial, 0 if snapshot is None else _serial(snapshot.body) + 1)
        pushed = replace(self.journal.replay().onto(given), serial=serial)
        self._write(pushed)
        return pushed

    def _look(self) -> Snapshot | None:
        self._seen = self.backend.read()
        self._looked = True
        return self._seen

    def _write(self, state: State) -> None:
        body = dumps(state)
        if self.notice and self._seen is not None:
            with suppress(OSError):  # a copy for whoever wants to know what was broken
                write_whole(self._broken, self._seen.body)
        version = self.backend.write(body, None if self._seen is None else self._seen.version)
        self._seen = Snapshot(body=b"", version=version)
        self._known = self._given_up = None
        self.notice = ""
        self.saves += 1
        self.journal.clear()

    def _rescued(self, state: State, error: StateError) -> StateError:
        try:
            write_whole(self.errored, dumps(state))
        except OSError:
            return error
        command = f"{self._program} state push {shlex.quote(str(self.errored))}"
        fix = f"it lies in {self.errored}; save it with `{command}`"
        return StateNotSaved(f"the state was not saved: {error.what}", where=error.where, fix=fix)

    def _given(self, body: bytes, where: str) -> State:
        """Return the state that a person gives us, all of it read. Raises StateError with what is wrong with it."""
        what = ""
        try:
            document = json.loads(body)
            if not isinstance(document, dict) or "version" not in document:
                what = "it does not say its version"
        except (ValueError, RecursionError):
            what = "it is not JSON"
        try:
            given = self._decoded(body, where)
            if isinstance(given.entries, Lines):
                given.entries.read()
        except UnreadableState as error:
            what = what or "something in it is missing, or of another kind"
            fix = f"name what `state pull` printed, or {self.errored}; what is saved stays as it is"
            raise StateError(f"this is not a state: {what}", where=where, fix=fix) from error
        return given

    def _decoded(self, body: bytes, where: str) -> State:
        known = digest(body)
        if self._known is not None and self._known[0] == known:
            return self._known[1]
        state = loads(body, where=where)
        if state.workspace != self.workspace:
            raise StateError(
                f"the state is of workspace {state.workspace!r}, the config of {self.workspace!r}",
                where=where,
                fix="renaming a workspace gives up its events: destroy the old one first, then move the state away",
            )
        self._known = (known, state)
        return state

    def _new(self, broken: Snapshot | None) -> State:
        # The serial goes on even after a broken state: some backends take none twice.
        serial = 0 if broken is None else _serial(broken.body)
        return State(workspace=self.workspace, lineage=str(uuid.uuid4()), serial=serial)


def local_store(root: Path, workspace: str, folder: Path | None = None, *, program: str = PROGRAM) -> Store:
    """Return the store in `folder`, by default `.reconciler` in `root`, the folder of the config."""
    folder = folder or root / FOLDER
    return Store(LocalBackend(folder / "state.json"), folder, workspace, program=program)


def _refuse_older(given: State, saved: State, where: str, program: str) -> None:
    if given.lineage != saved.lineage:
        raise StateError(
            "this state has another origin (lineage) than the one that is saved",
            where=where,
            fix=f"compare it with `{program} state pull`; --force replaces what is saved",
        )
    if given.serial <= saved.serial:
        raise StateError(
            f"this state has serial {given.serial}; what is saved has {saved.serial} and is as new or newer",
            where=where,
            fix="another run has saved since: nothing needs to be pushed, the next run finds everything by the markers",
        )


def _serial(body: bytes) -> int:
    found = re.findall(rb'^ ?"serial": ?(\d{1,15}),?$', body, re.MULTILINE)
    return int(found[-1]) if found else 0
