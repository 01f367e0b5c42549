"""A pace that runs on several hosts keep together, in PostgreSQL."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pgserver import PostgresServer

from reconciler.config.model import LimiterKind, LimiterSettings
from reconciler.dingtalk.pace import Lane, Shared, Unreachable
from reconciler.dingtalk.sharing import SharedPostgres, open_shared


def run(postgres: PostgresServer, app: str) -> Shared:
    environment = {"RECONCILER_POSTGRES_DSN": postgres.dsn}
    settings = LimiterSettings(kind=LimiterKind.POSTGRES)
    shared = open_shared(settings, environment, root=Path(), app=app, endpoint="https://api.dingtalk.com")
    assert shared is not None
    return shared


def calls(lane: Lane, count: int) -> None:
    for _ in range(count):
        while pause := lane.enter():
            time.sleep(pause)
    lane.close()


def test_runs_keep_one_pace(postgres: PostgresServer) -> None:
    app = uuid.uuid4().hex
    one, other = run(postgres, app).lane("event.create", 0.1), run(postgres, app).lane("event.create", 0.1)
    another = run(postgres, app).lane("rooms.book", 0.1)
    assert one.enter() == 0
    assert 5 < other.enter() <= 10.5
    assert another.enter() == 0
    for lane in (one, other, another):
        lane.close()


def test_runs_that_ask_at_the_same_moment_stay_below_the_limit(postgres: PostgresServer) -> None:
    app = uuid.uuid4().hex
    started = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        lanes = [run(postgres, app).lane("event.create", 30) for _ in range(3)]
        for done in [pool.submit(calls, lane, 11) for lane in lanes]:
            done.result()
    assert time.monotonic() - started >= 1  # 33 calls, 30 a second


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    lane = SharedPostgres({"host": str(tmp_path), "user": "alice", "password": "hush"}, "app").lane("event.create", 20)
    with pytest.raises(Unreachable, match="PostgreSQL") as caught:
        lane.enter()
    assert "hush" not in str(caught.value)
