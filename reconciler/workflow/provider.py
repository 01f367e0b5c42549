"""From the config's `provider` to a client: DingTalk's own API, any server that speaks it, or the embedded sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.config.model import Config, LimiterKind, ProviderKind
from reconciler.dingtalk import (
    Client,
    Credentials,
    Options,
    Reader,
    Secret,
    connect,
    connect_reader,
    from_environment,
    if_any,
)
from reconciler.errors import ReconcilerError, remedy
from reconciler.state.folder import data_folder

if TYPE_CHECKING:
    from reconciler.sandbox.embedded import Sandbox
    from reconciler.sandbox.seed import Seed

SANDBOX_FILE = "sandbox.db"


@contextmanager
def connected(
    config: Config, environment: Mapping[str, str], *, clock: Callable[[], datetime], offline: bool = False
) -> Iterator[Client]:
    """Give a client for as long as the block runs. Raises ReconcilerError where credentials are missing.

    With `offline` nobody is expected to be asked: the first call raises that instead.
    """
    with _place(config, environment, clock=clock, offline=offline) as (endpoint, credentials):
        client = connect(endpoint, credentials, options=_options(config, environment, credentials))
        with closing(client):
            yield client


@contextmanager
def connected_reader(
    config: Config, environment: Mapping[str, str], *, clock: Callable[[], datetime]
) -> Iterator[Reader]:
    """Give what can read and never write, else as `connected`."""
    with _place(config, environment, clock=clock) as (endpoint, credentials):
        options = _options(config, environment, credentials)
        with closing(connect_reader(endpoint, credentials, options=options)) as reader:
            yield reader


def _options(config: Config, environment: Mapping[str, str], credentials: Credentials) -> Options:
    provider = config.provider
    embedded = provider.kind is ProviderKind.SANDBOX  # nobody else calls it
    if embedded or provider.limiter.kind is LimiterKind.LOCAL or credentials.missing is not None:
        return Options(qps=provider.qps)
    from reconciler.dingtalk.sharing import open_shared

    app = credentials.app_key
    shared = open_shared(provider.limiter, environment, root=config.root, app=app, endpoint=provider.endpoint)
    return Options(qps=provider.qps, shared=shared)


@contextmanager
def _place(
    config: Config, environment: Mapping[str, str], *, clock: Callable[[], datetime], offline: bool = False
) -> Iterator[tuple[str, Credentials]]:
    if config.provider.kind is ProviderKind.DINGTALK:
        yield config.provider.endpoint, if_any(environment) if offline else from_environment(environment)
        return
    with open_sandbox(config, clock=clock) as sandbox:
        secret = Secret(sandbox.credentials.app_secret)
        yield sandbox.endpoint, Credentials(app_key=sandbox.credentials.app_key, app_secret=secret)


def sandbox_file(config: Config) -> Path:
    """Return where the embedded sandbox keeps its data."""
    return data_folder(config.root) / SANDBOX_FILE


def open_sandbox(config: Config, *, clock: Callable[[], datetime], port: int = 0, host: str = "") -> Sandbox:
    """Return a sandbox, to be entered, that has the people and rooms of the config; on loopback unless `host` is given.

    Raises ReconcilerError where it can't listen there, or its data can't be read and written.
    """
    import sqlite3

    from reconciler.sandbox.embedded import LOOPBACK, Sandbox

    file = sandbox_file(config)
    try:
        return Sandbox(file, clock=clock, seed=_seed(config), port=port, host=host or LOOPBACK)
    except OSError as error:
        what = f"the sandbox's data can't be written: {error.strerror}"
        raise ReconcilerError(what, where=str(file), fix=remedy(error)) from error
    except sqlite3.OperationalError as error:
        fix = "make room on the disk, or let this user write there"
        raise ReconcilerError(f"the sandbox's data can't be written: {error}", where=str(file), fix=fix) from error
    except sqlite3.DatabaseError as error:
        fix = "move the file away: the sandbox begins anew"
        raise ReconcilerError(f"the sandbox's data are damaged: {error}", where=str(file), fix=fix) from error


def _seed(config: Config) -> Seed:
    from reconciler.sandbox.seed import Person, RoomSeed, Seed, derived_union_id

    people = {
        person.union_id or derived_union_id(person.userid or person.mobile or ""): Person(
            name=person.alias, userid=person.userid, mobile=person.mobile
        )
        for person in config.people.values()
    }
    rooms = {
        room.id: RoomSeed(name=room.alias, capacity=room.capacity or 0, location=room.location or "", labels=room.tags)
        for room in config.rooms.values()
    }
    return Seed(people=people, rooms=rooms)
