"""What a command works on: the config, the state beside it, a client for its provider."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from reconciler.cli.documents import of_workspace
from reconciler.cli.interrupt import HALT, Interrupted
from reconciler.cli.options import Globals
from reconciler.config import load
from reconciler.config.model import Config
from reconciler.dingtalk import Client, Reader
from reconciler.errors import ReconcilerError, StateError, StateLocked
from reconciler.state.choose import open_store
from reconciler.state.store import Store
from reconciler.workflow.counting import calls_made, count_calls
from reconciler.workflow.provider import connected, connected_reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    config: Config
    store: Store
    clock: Callable[[], datetime]
    connection: Client | None = None  # where there is one already

    @contextmanager
    def client(self, *, counts: bool = True, offline: bool = False) -> Iterator[Client]:
        """Give a client for as long as the block runs. `counts`: what a run took that failed is remembered.

        With `offline` it takes no credentials as long as nobody is asked.
        """
        if self.connection is not None:
            yield self.connection
            return
        with (
            connected(self.config, os.environ, clock=self.clock, offline=offline) as client,
            self._interruptible(client, counts=counts),
        ):
            yield client

    @contextmanager
    def reader(self, *, counts: bool = True) -> Iterator[Reader]:
        """Give what can ask and never write, for as long as the block runs."""
        connecting = connected_reader(self.config, os.environ, clock=self.clock)
        with connecting as reader, self._interruptible(reader, counts=counts):
            yield reader

    @contextmanager
    def _interruptible(self, reader: Reader, *, counts: bool = True) -> Iterator[None]:
        """Let a signal end the reading soon; remember the calls of a run that failed, unless they are saved already."""
        saved = self.store.saves
        try:
            with reader.session.halting(HALT):
                yield
        except (Interrupted, ReconcilerError) as end:
            unsaved = counts and self.store.saves == saved and not isinstance(end, StateError)
            if unsaved and (made := calls_made(reader)):
                count_calls(self.store, made, now=self.clock(), anew=isinstance(end, Interrupted))
            raise

    @contextmanager
    def looking(self, operation: str, *, lock: bool, timeout_s: float) -> Iterator[None]:
        """Hold the state's lock for as long as a run that only looks goes on; with `lock` False hold none.

        `timeout_s` is how long to wait for it. Raises StateLocked, naming the holder, and StateError; both say that
        one can go on without the lock.
        """
        with ExitStack() as held:
            if lock:
                try:
                    held.enter_context(self.store.lock.held(operation, now=self.clock(), timeout_s=timeout_s))
                except StateError as error:
                    error.fix = _without_lock(error)
                    raise
            yield


def _without_lock(error: StateError) -> str:
    if "--lock=false" in error.fix:
        return error.fix
    if isinstance(error, StateLocked):
        return f"look without the lock, at what may be changing: --lock=false\n  {error.fix}"
    return f"{error.fix}\n  a run that may only read the state takes --lock=false".lstrip("\n ")


def open_project(settings: Globals) -> Project:
    """Return the project that the global options name. Raises ConfigError with all that is wrong, StateError."""
    clock = settings.clock()
    config = load(settings.config, now=clock())
    of_workspace(config.workspace)
    store = open_store(config, os.environ, program=settings.program)
    store.check()
    return Project(config=config, store=store, clock=clock)
