"""The state in PostgreSQL: what it alone does."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import traceback
import uuid
from pathlib import Path

import pytest
from backends import document, note
from builders import config_with_state
from pgserver import PASSWORD, PostgresServer

from reconciler.config.model import Config, StateKind
from reconciler.errors import StateError
from reconciler.state.backend import Backend, Held, LockInfo
from reconciler.state.choose import open_store
from reconciler.state.postgres import PostgresBackend

# A run that takes the lock, says so, and waits for its end.
HOLDER = """
import sys, time
from backends import backend, note
with backend("postgres", sys.argv[1]).lock(note(), timeout_s=0):
    print("held", flush=True)
    time.sleep(50)
"""


@pytest.fixture
def table() -> str:
    return f"states_{uuid.uuid4().hex}"


@pytest.fixture
def here(postgres: PostgresServer, table: str) -> Backend:
    return of(postgres, table)


def of(postgres: PostgresServer, table: str, workspace: str = "acme") -> Backend:
    return PostgresBackend(workspace=workspace, dsn=postgres.dsn, table=table)


def config(root: Path, dsn: str = "", table: str = "") -> Config:
    return config_with_state(root, kind=StateKind.POSTGRES, dsn=dsn, table=table)


def test_a_killed_run_leaves_no_lock(postgres: PostgresServer, table: str, here: Backend) -> None:
    command = [sys.executable, "-c", HOLDER, f"{postgres.dsn}#{table}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Held, match=r"locked by .* since"), here.lock(note(), timeout_s=0):
            pass
        process.kill()
        with here.lock(note(), timeout_s=30):
            pass
    assert here.force_unlock() is None


def test_a_note_left_by_a_dead_run_names_nobody(postgres: PostgresServer, table: str, here: Backend) -> None:
    with here.lock(note(), timeout_s=0):
        pass
    stale = LockInfo(id="dead", who="carol@elsewhere").dumps().hex()
    postgres.execute(f"UPDATE {table} SET lock = '\\x{stale}', lock_pid = 1")  # noqa: S608  # a name of our own
    assert here.force_unlock() is None
    with here.lock(note(), timeout_s=0), pytest.raises(Held) as held, here.lock(note(), timeout_s=0):
        pass
    assert "carol" not in str(held.value)


def test_a_lock_can_be_taken_away_and_then_overwrites_nothing(here: Backend, caplog: pytest.LogCaptureFixture) -> None:
    first = here.write(document(1), None)
    with caplog.at_level(logging.WARNING), here.lock(note(), timeout_s=0):
        holder = here.force_unlock()
        with here.lock(note(), timeout_s=0):
            here.write(document(2), first)
        with pytest.raises(StateError, match="another run has written"):
            here.write(document(3), first)
    assert holder is not None
    assert holder.operation == "OperationTypeApply"
    assert "connection that held the lock was lost" in caplog.text


def test_workspaces_share_a_table_and_neither_lock_nor_state(postgres: PostgresServer, table: str) -> None:
    one, other = of(postgres, table), of(postgres, table, "emca")
    with one.lock(note(), timeout_s=0), other.lock(note(), timeout_s=0):
        one.write(document(1, "one"), None)
        other.write(document(1, "other"), None)
    stored = one.read()
    assert stored is not None
    assert json.loads(stored.body)["text"] == "one"


def test_a_table_in_a_schema_of_its_own(postgres: PostgresServer, table: str) -> None:
    postgres.execute(f"CREATE SCHEMA {table}")
    inside = of(postgres, f"{table}.states")
    inside.write(document(1), None)
    assert postgres.execute(f"SELECT version FROM {table}.states") == [(1,)]  # noqa: S608  # a name of our own


def test_who_may_only_read_can_plan_without_the_lock(
    postgres: PostgresServer, table: str, here: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.write(document(1), None)
    reader = f"reader_{table}"
    postgres.execute(f"CREATE ROLE {reader} LOGIN PASSWORD 'of-the-reader'")
    postgres.execute(f"GRANT SELECT ON {table} TO {reader}")
    monkeypatch.setenv("PGPASSWORD", "of-the-reader")
    theirs = PostgresBackend(workspace="acme", dsn=f"{postgres.dsn} user={reader}", table=table)
    assert theirs.read() is not None
    with pytest.raises(StateError, match="permission denied") as refused, theirs.lock(note(), timeout_s=0):
        pass
    assert "--lock=false" in refused.value.fix


def test_many_may_come_first_at_once(postgres: PostgresServer, table: str) -> None:
    failures: list[Exception] = []
    start = threading.Barrier(8)

    def first(number: int) -> None:
        start.wait()
        try:
            of(postgres, table, f"acme-{number}").write(document(1), None)
        except StateError as error:
            failures.append(error)

    threads = [threading.Thread(target=first, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_password_comes_from_a_service_file(
    postgres: PostgresServer, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{name}={value}" for name, value in (word.split("=", 1) for word in postgres.dsn.split())]
    service = tmp_path / "services"
    service.write_text("\n".join(["[states]", *lines, f"password={PASSWORD}"]), encoding="utf-8")
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    store = open_store(config(tmp_path, dsn="service=states", table=table), {})
    saved = store.save(store.load())
    assert open_store(config(tmp_path, table=table), {"RECONCILER_POSTGRES_DSN": "service=states"}).load() == saved
    assert PASSWORD not in store.backend.where


@pytest.mark.parametrize("way", ["variable", "dsn"])
def test_a_wrong_password_is_told_without_it(
    postgres: PostgresServer, table: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    dsn = postgres.dsn + (" password=wrong-one" if way == "dsn" else "")
    wrong = PostgresBackend(workspace="acme", dsn=dsn, table=table)
    with pytest.raises(StateError, match="password authentication failed") as refused:
        wrong.read()
    assert "PGPASSWORD" in refused.value.fix
    assert "wrong-one" not in "".join(traceback.format_exception(refused.value)) + wrong.where
