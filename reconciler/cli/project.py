"""What a command works on: the config, the state beside it, a client for its provider."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from reconciler.cli.interrupt import HALT, Interrupted
from reconciler.cli.options import Globals
from reconciler.config import load
from reconciler.config.model import Config
from reconciler.counting import calls_made, count_calls
from reconciler.dingtalk import Client, Reader
from reconciler.provider import connected, connected_reader
from reconciler.state.choose import open_store
from reconciler.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    config: Config
    store: Store
    clock: Callable[[], datetime]
    connection: Client | None = None  # where there is one already

    @contextmanager
    def client(self, *, counts: bool = True) -> Iterator[Client]:
        """Give a client for as long as the block runs. `counts`: what a run that is interrupted took is remembered."""
        if self.connection is not None:
            yield self.connection
            return
        with (
            connected(self.config, os.environ, clock=self.clock) as client,
            self._interruptible(client, counts=counts),
        ):
            yield client

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Give what can ask and never write, for as long as the block runs."""
        with connected_reader(self.config, os.environ, clock=self.clock) as reader, self._interruptible(reader):
            yield reader

    @contextmanager
    def _interruptible(self, reader: Reader, *, counts: bool = True) -> Iterator[None]:
        """Let a signal end the reading soon, and remember the calls that it took, unless they are saved already."""
        saved = self.store.saves
        try:
            with reader.session.halting(HALT):
                yield
        except Interrupted:
            if counts and self.store.saves == saved and (made := calls_made(reader)):
                count_calls(self.store, made, now=self.clock())
            raise


def open_project(settings: Globals) -> Project:
    """Return the project that the global options name. Raises ConfigError with all that is wrong, StateError."""
    clock = settings.clock()
    config = load(settings.config, now=clock())
    store = open_store(config, os.environ, program=settings.program)
    store.check()
    return Project(config=config, store=store, clock=clock)
