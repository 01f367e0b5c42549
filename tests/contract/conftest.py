"""A running sandbox, a clock that stands still until it is moved, and a plain HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pgserver import PASSWORD, PostgresServer, postgres_server

from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.seed import Person, RoomSeed, Seed

ALICE, BOB, CAROL, DAVE = "uAlice", "uBob", "uCarol", "uDave"
AURORA, BOREALIS, CIRRUS = "rAurora", "rBorealis", "rCirrus"
NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai

SEED = Seed(
    people={
        ALICE: Person(name="Alice", userid="alice01", mobile="13800000001"),
        BOB: Person(name="Bob", userid="bob01", mobile="13800000002"),
        CAROL: Person(name="Carol", userid="carol01"),
        DAVE: Person(name="Dave", userid="dave01"),
    },
    rooms={
        AURORA: RoomSeed(name="Aurora", capacity=12, location="Hangzhou 3F", labels=("video",)),
        BOREALIS: RoomSeed(name="Borealis", capacity=8, group="East"),
        CIRRUS: RoomSeed(name="Cirrus", approval=True),
        "rAdmins": RoomSeed(name="Boardroom", status=1),
        "rSome": RoomSeed(name="Lab", status=2, members=(BOB,)),
        "rShut": RoomSeed(name="Attic", open=False),
        "rClosed": RoomSeed(name="Cellar", closed_from=1_700_000_000_000, close_reason="renovation"),
        "rShort": RoomSeed(name="Booth", least_minutes=10, most_minutes=30, recurring=False),
        "rSoon": RoomSeed(name="Corner", advance_days=7),
    },
)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Raw:
    """Plain HTTP: `call` answers status and document. It fetches its own token."""

    endpoint: str
    credentials: tuple[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def login(self) -> str:
        body = {"appKey": self.credentials[0], "appSecret": self.credentials[1]}
        answer = self.session.post(f"{self.endpoint}/v1.0/oauth2/accessToken", json=body, timeout=10)
        token: str = answer.json()["accessToken"]
        self.session.headers["x-acs-dingtalk-access-token"] = token
        return token

    def send(self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any) -> requests.Response:
        headers = {"x-client-token": token} if token else {}
        url = f"{self.endpoint}{path}"
        return self.session.request(method, url, json=body, params=query, headers=headers, timeout=10)

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any
    ) -> tuple[int, dict[str, Any]]:
        answer = self.send(method, path, body, token=token, **query)
        document: dict[str, Any] = answer.json() if answer.content else {}
        return answer.status_code, document

    def ok(self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any) -> dict[str, Any]:
        status, document = self.call(method, path, body, token=token, **query)
        assert status == 200, document
        return document

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        """Return status and code of a refusal, after a look at its form."""
        status, document = self.call(method, path, body, **query)
        assert document.keys() == {"code", "message", "requestid"}, document
        return status, document["code"]


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_cluster: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> PostgresServer:
    """A running PostgreSQL, and its password where libpq looks for it."""
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return postgres_cluster


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seed() -> Seed:
    return SEED


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock, seed: Seed) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db", clock=clock, seed=seed) as running:
        yield running
        errors = running.app.extensions.get("sandbox-errors", ())
    assert not errors, errors


@pytest.fixture
def raw(sandbox: Sandbox) -> Iterator[Raw]:
    client = Raw(sandbox.endpoint, sandbox.credentials)
    client.login()
    with client.session:
        yield client
