"""From the config's `provider` to a client: DingTalk's own API, any server that speaks it, or the embedded sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.config.model import Config, LimiterKind, Person, ProviderKind
from reconciler.desired import People
from reconciler.dingtalk import (
    Client,
    Credentials,
    CredentialsMissing,
    NotFound,
    Options,
    Reader,
    Secret,
    connect,
    connect_reader,
    from_environment,
    if_any,
)
from reconciler.errors import NO_SUCH, ReconcilerError, remedy
from reconciler.model.state import State
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


def resolve_people(config: Config, client: Reader, state: State) -> tuple[People, Mapping[str, str]]:
    """Return the union id of every alias, and the answers to remember in the state.

    People named by `userid` or `mobile` are asked for once; these calls are outside of the monthly quota. A client
    without credentials can ask for nobody: who is not known then goes by the alias, and is told by `unasked`. Raises
    ReconcilerError with all whom DingTalk does not know; they are asked for again the next time.
    """
    people: dict[str, str] = {}
    known: dict[str, str] = {}
    strangers: list[tuple[Person, ReconcilerError]] = []
    for person in config.people.values():
        if person.union_id is not None:
            people[person.alias] = person.union_id
            continue
        name = asked_as(person)
        try:
            known[name] = people[person.alias] = state.people.get(name) or ask_person(person, client)
        except CredentialsMissing:
            people[person.alias] = person.alias
        except ReconcilerError as error:
            if error.code in NO_SUCH:
                error.where = f"people.{person.alias}"
            if not isinstance(error, NotFound):
                raise
            strangers.append((person, error))
    if len(strangers) > 1:
        named = ", ".join(f"{person.alias} ({asked_as(person)})" for person, _ in strangers)
        raise ReconcilerError(f"DingTalk does not know {named}", where="people", fix=_STRANGER_FIX)
    for _, stranger in strangers:
        stranger.fix = _STRANGER_FIX
        raise stranger
    return people, known


_STRANGER_FIX = (
    "correct them in the config, and make sure that the app may see these people; `reconciler doctor` checks everybody"
)


def unasked(config: Config, people: People) -> tuple[str, ...]:
    """Return a warning of those who go by their alias, because DingTalk could not be asked who they are."""
    found = [one.alias for one in config.people.values() if one.union_id is None and people[one.alias] == one.alias]
    if not found:
        return ()
    told = "without credentials nobody can be asked who they are; what is planned for them may differ"
    return (f"{', '.join(found)}: known by alias alone\n  {told}",)


def asked_as(person: Person) -> str:
    """Return how the state names a person that is not known by union id."""
    return f"userid:{person.userid}" if person.userid is not None else f"mobile:{person.mobile}"


def ask_person(person: Person, client: Reader) -> str:
    """Return the union id of a person known by `userid` or `mobile`. Raises ApiError."""
    if person.userid is not None:
        return client.people.union_id_by_userid(person.userid)
    return client.people.by_mobile(person.mobile or "")
