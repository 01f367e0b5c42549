"""What every place for the state must do."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import re
import shlex
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from backends import backend, count, document, note
from s3server import s3_server
from statehttp import PASSWORD, USER, StateServer, state_server

from reconciler.cli.main import run
from reconciler.cli.options import Globals
from reconciler.config import load
from reconciler.errors import StateError
from reconciler.model.state import State
from reconciler.state.backend import Backend, Held, StateConflict
from reconciler.state.choose import open_store
from reconciler.state.s3 import S3Backend
from reconciler.state.store import StateNotSaved, Store

Make = Callable[[], Backend]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(params=["local", "http", "s3", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = f"states-{uuid.uuid4()}"
    boto3.client("s3", endpoint_url=s3).create_bucket(Bucket=name)
    return f"{s3}/{name}"


@pytest.fixture
def place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == "local":
        yield str(tmp_path)
    elif kind == "s3":
        yield request.getfixturevalue("bucket")
    elif kind == "postgres":
        yield f"{request.getfixturevalue('postgres').dsn}#states_{uuid.uuid4().hex}"
    else:
        yield request.getfixturevalue("http_server").address


@pytest.fixture
def http_server() -> Iterator[StateServer]:
    with state_server() as server:
        yield server


@pytest.fixture
def make(kind: str, place: str) -> Make:
    """Make backends of one and the same state."""
    return partial(backend, kind, place)


def test_at_first_there_is_nothing(make: Make) -> None:
    assert make().read() is None


def test_what_was_written_is_read_by_everybody(make: Make) -> None:
    version = make().write(document(1, "会议"), None)
    stored = make().read()
    assert stored is not None
    assert (stored.body, stored.version) == (document(1, "会议"), version)
    make().write(document(2), version)
    after = make().read()
    assert after is not None
    assert after.body == document(2)


def test_a_write_onto_another_version_is_refused_and_changes_nothing(make: Make) -> None:
    first = make().write(document(1), None)
    second = make().write(document(2), first)
    for expected in (None, first, "nonsense"):
        with pytest.raises(StateConflict):
            make().write(document(3), expected)
    stored = make().read()
    assert stored is not None
    assert (stored.body, stored.version) == (document(2), second)


def test_one_alone_holds_the_lock_and_others_learn_who(make: Make) -> None:
    ours = note()
    with make().lock(ours, timeout_s=0):
        with pytest.raises(Held, match=r"locked by .*, apply\) since") as refused, make().lock(note(), timeout_s=0):
            pass
        assert refused.value.holder is not None
        assert refused.value.holder.who == ours.who
    with make().lock(note(), timeout_s=0):
        pass


def test_the_lock_is_free_after_a_failure(make: Make) -> None:
    with pytest.raises(ZeroDivisionError), make().lock(note(), timeout_s=0):
        raise ZeroDivisionError
    with make().lock(note(), timeout_s=0):
        pass


def test_who_waits_gets_the_lock_when_it_is_free(make: Make) -> None:
    done = []
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        with make().lock(note(), timeout_s=30):
            done.append("waiter")

    thread = threading.Thread(target=wait)
    with make().lock(note(), timeout_s=0):
        thread.start()
        waiting.wait()
        done.append("holder")
    thread.join()
    assert done == ["holder", "waiter"]


def test_writing_under_the_lock(make: Make) -> None:
    ours = make()
    with ours.lock(note(), timeout_s=0):
        first = ours.write(document(1), None)
        ours.write(document(2), first)
    stored = make().read()
    assert stored is not None
    assert stored.body == document(2)


def test_unlocking_what_is_free_says_so(make: Make) -> None:
    assert make().force_unlock() is None
    with make().lock(note(), timeout_s=0):
        pass


def test_the_lock_of_another_run_is_not_taken_away_by_an_id(make: Make) -> None:
    ours = note()
    with make().lock(ours, timeout_s=0):
        with pytest.raises(StateError, match=r"held by|unlocked"):
            make().force_unlock("4f0c8dd2")
        with pytest.raises(Held) as refused, make().lock(note(), timeout_s=0):
            pass
        assert f"`reconciler state unlock {ours.id}`" in refused.value.fix
        taken = make().force_unlock(ours.id)
        assert taken is not None
        assert taken.id == ours.id


def test_a_store_whose_locks_would_hold_up_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with s3_server(ignores=("HTTP_IF_NONE_MATCH",)) as endpoint:
        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket="forgetful")
        one = backend("s3", f"{endpoint}/forgetful")
        with pytest.raises(StateError, match="knows no conditional writes"), one.lock(note(), timeout_s=0):
            pass
        assert "Contents" not in client.list_objects_v2(Bucket="forgetful")


@pytest.mark.parametrize("kind", ["s3"], indirect=True)
def test_a_signal_while_a_lock_is_tried_gives_it_back(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    put, calls = S3Backend._put, itertools.count()

    def cut(self: S3Backend, *arguments: Any) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        put(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(S3Backend, "_put", cut)
        with pytest.raises(KeyboardInterrupt), make().lock(note(), timeout_s=0):
            pass
    with make().lock(note(), timeout_s=0):
        pass


def test_eight_processes_lose_no_update(kind: str, place: str, make: Make) -> None:
    rounds = 4
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count, args=(kind, place, rounds)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    stored = make().read()
    assert stored is not None
    assert json.loads(stored.body)["serial"] == 8 * rounds


def test_a_store_saves_and_loads(make: Make, tmp_path: Path) -> None:
    one, other = (Store(make(), tmp_path / name, "acme") for name in ("one", "other"))
    saved = one.save(one.load())
    assert other.load() == saved
    assert other.save(replace(saved, calls={"2026-11": 7})).serial == 2
    with pytest.raises(StateNotSaved, match="another run has written"):
        one.save(saved)


@contextmanager
def broken(kind: str, place: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a backend read but not write for as long as the block runs."""
    match kind:
        case "http":
            request.getfixturevalue("http_server").refusals["POST state"] = [(500, "")] * 3
            yield
        case "s3":
            import boto3

            endpoint, _, bucket = place.rpartition("/")
            client = boto3.client("s3", endpoint_url=endpoint)
            body = client.get_object(Bucket=bucket, Key="state.json")["Body"].read()
            client.delete_object(Bucket=bucket, Key="state.json")
            client.delete_bucket(Bucket=bucket)
            yield
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="state.json", Body=body)
        case _:
            server = request.getfixturevalue("postgres")
            server.execute("ALTER ROLE keeper SET default_transaction_read_only = on")  # as after a failover
            yield
            server.execute("ALTER ROLE keeper RESET default_transaction_read_only")


@pytest.mark.parametrize("kind", ["http", "s3", "postgres"])
def test_a_failed_upload_leaves_the_state_here_with_the_command_that_pushes_it(
    kind: str, place: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "my meetings" / "meetings.yaml"
    config.parent.mkdir()
    config.write_text(f"{{version: 1, workspace: acme, meetings: {{}}, state: {settings(kind, place)}}}", "utf-8")
    for name, value in {"USERNAME": USER, "PASSWORD": PASSWORD, "RETRY_WAIT_MIN": "0"}.items():
        monkeypatch.setenv(f"TF_HTTP_{name}", value)
    program = Globals(config=config).program
    store = open_store(load(config, now=NOW), os.environ, program=program)
    first = store.save(store.load())
    with broken(kind, place, request), pytest.raises(StateNotSaved) as refused:
        store.save(replace(first, calls={"2026-11": 7}))
    command = re.search(r"`reconciler (.*)`", refused.value.fix)
    assert command is not None
    secrets = (PASSWORD, os.environ.get("PGPASSWORD", PASSWORD), "hunter2")
    assert not any(secret in store.errored.read_text("utf-8") + str(refused.value) for secret in secrets)
    monkeypatch.chdir(tmp_path)  # the command brings its config along
    assert run(shlex.split(command[1])) == 0
    assert open_store(load(config, now=NOW), os.environ).load().calls == {"2026-11": 7}


def settings(kind: str, place: str) -> str:
    """Return a `state` block, as JSON, which is YAML."""
    endpoint, _, bucket = place.rpartition("/")
    dsn, _, table = place.rpartition("#")
    more = {
        "http": {"address": place},
        "s3": {"endpoint": endpoint, "bucket": bucket, "key": "state.json"},
        "postgres": {"dsn": dsn, "table": table},
    }[kind]
    return json.dumps({"kind": kind} | more)


def test_a_state_that_was_not_saved_can_be_pushed_unless_another_was_saved_since(make: Make, tmp_path: Path) -> None:
    store = Store(make(), tmp_path / "here", "acme")
    first = store.save(store.load())
    late = Store(make(), tmp_path / "there", "acme")
    late.load()
    second = store.save(replace(first, calls={"2026-11": 7}))
    with pytest.raises(StateNotSaved, match=r"state push .*errored\.state\.json"):
        late.save(first)
    left = late.errored.read_bytes()
    with pytest.raises(Exception, match="as new or newer"):
        late.push(left, where="file")
    pushed = late.push(left, where="file", force=True)
    assert pushed.serial == second.serial + 1
    assert Store(make(), tmp_path / "elsewhere", "acme").load() == pushed
    stranger = State(workspace="acme", lineage="another", serial=99)
    from reconciler.state.codec import dumps

    with pytest.raises(Exception, match="lineage"):
        late.push(dumps(stranger), where="file")


def test_a_damaged_state_is_replaced_and_kept(make: Make, tmp_path: Path) -> None:
    make().write(b'{\n "serial": 7,\n "workspace": 1\n}', None)
    store = Store(make(), tmp_path / "here", "acme")
    assert store.save(store.load()).serial == 8
    assert (tmp_path / "here" / "state.broken.json").read_bytes().startswith(b"{")
