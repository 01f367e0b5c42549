"""Where the state is shared: secrets are told nobody, and travel over connections that can be trusted alone."""

from __future__ import annotations

import logging
import ssl
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backends import note
from builders import config_with_state
from pgserver import PASSWORD as PG_PASSWORD
from pgserver import USER as PG_USER
from pgserver import postgres_server
from statehttp import PASSWORD, USER, StateServer, state_server

from reconciler.cli.main import run
from reconciler.config.model import StateKind
from reconciler.errors import StateError
from reconciler.state import pgconnect
from reconciler.state.backend import Backend
from reconciler.state.choose import open_store
from reconciler.state.http import HttpBackend, HttpSettings
from reconciler.state.pgconnect import parameters
from reconciler.state.postgres import PostgresBackend
from reconciler.state.s3 import S3Backend

REMOTE = "https://states.example.com/acme"


def opened(root: Path, environment: dict[str, str], **settings: Any) -> Backend:
    """Return the backend that this `state` block and this environment name."""
    return open_store(config_with_state(root, **settings), environment).backend


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + getattr(error, "fix", "")


@pytest.fixture
def server() -> Iterator[StateServer]:
    with state_server() as running:
        yield running


# --- http


@pytest.mark.parametrize("name", ["TF_HTTP_ADDRESS", "TF_HTTP_LOCK_ADDRESS", "TF_HTTP_UNLOCK_ADDRESS"])
@pytest.mark.parametrize("host", ["states.example.com", "127.0.0.1.example.com", "10.0.0.1", "user:hunter2@states"])
def test_no_variable_sends_a_password_in_clear_text(tmp_path: Path, name: str, host: str) -> None:
    environment = {"TF_HTTP_ADDRESS": REMOTE, name: f"http://{host}/acme"}
    with pytest.raises(StateError, match="clear text") as refused:
        opened(tmp_path, environment, kind=StateKind.HTTP)
    assert "hunter2" not in told(refused.value)


def test_a_token_in_an_address_is_told_nobody() -> None:
    address = "http://me:hunter2@127.0.0.1:9/state?private_token=glpat-secret"
    gone = HttpBackend(HttpSettings(address=address, retry_max=0))
    with pytest.raises(StateError, match="does not answer") as refused:
        gone.read()
    text = told(refused.value) + gone.where + repr(HttpSettings(address=address))
    assert "hunter2" not in text
    assert "glpat" not in text


def test_a_password_of_the_home_folder_is_sent_to_no_state(
    server: StateServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password of-the-home\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with pytest.raises(StateError, match="401"):
        HttpBackend(HttpSettings(address=server.address)).read()
    assert not any("Authorization" in headers for _, _, headers in server.seen)


def test_a_login_in_the_address_is_used_where_none_is_set(server: StateServer) -> None:
    address = server.address.replace("//", f"//{USER}:p%C3%A4ssword@")
    assert HttpBackend(HttpSettings(address=address)).read() is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(server: StateServer, status: int) -> None:
    server.refusals["GET state"] = [(status, "")]
    with pytest.raises(StateError, match=f"answers {status}"):
        HttpBackend(HttpSettings(address=server.address, username=USER, password=PASSWORD)).read()
    assert len(server.seen) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return certificate and key of 127.0.0.1 that nobody but itself has signed."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "made.pem", folder / "key.pem"
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=x")
    files = ("-keyout", key, "-out", made, "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(["openssl", "req", "-x509", *options, *files], check=True, capture_output=True)
    return made, key


def test_a_server_of_the_state_must_show_a_certificate_that_is_trusted(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with state_server(context) as server:
        environment = {
            "TF_HTTP_ADDRESS": server.address.replace("http:", "https:"),
            "TF_HTTP_USERNAME": USER,
            "TF_HTTP_PASSWORD": PASSWORD,
            "TF_HTTP_RETRY_MAX": "0",
        }
        with pytest.raises(StateError, match="does not answer \\(SSLError\\)"):
            opened(tmp_path, environment, kind=StateKind.HTTP).read()
        assert server.seen == []
        environment["TF_HTTP_CLIENT_CA_CERTIFICATE_PEM"] = certificate[0].read_text(encoding="utf-8")
        assert opened(tmp_path, environment, kind=StateKind.HTTP).read() is None


def test_a_database_must_show_a_certificate_that_is_trusted_and_valid_for_its_name(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgconnect, "is_loopback", lambda _host: False)  # as towards any other machine
    monkeypatch.setenv("PGPASSWORD", PG_PASSWORD)
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody's own authority lies there
    with postgres_server(certificate) as server:

        def reached(host: str = "127.0.0.1") -> PostgresBackend:
            place = f"hostaddr=127.0.0.1 host={host} port={server.port} user={PG_USER} dbname=postgres"
            return PostgresBackend(workspace="acme", dsn=place)

        with pytest.raises(StateError, match="certificate") as refused:
            reached().read()
        assert PG_PASSWORD not in told(refused.value)
        monkeypatch.setenv("PGSSLROOTCERT", str(certificate[0]))
        backend = reached()
        with backend.lock(note(), timeout_s=0):
            assert backend.write(b"{}", None)
            rows = server.execute("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_port > 0")
            assert {row[0] for row in rows} == {True}
        assert (stored := reached().read()) is not None
        assert stored.body == b"{}"
        with pytest.raises(StateError, match=r"db\.example\.com"):
            reached("db.example.com").read()


# --- s3


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_no_variable_sends_a_state_to_a_store_in_clear_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://minio.example.com")
    with pytest.raises(StateError, match="clear text"):
        S3Backend(bucket="acme-states", key="state.json")


@pytest.mark.usefixtures("keys")
def test_a_store_that_is_not_there_is_told_without_the_keys() -> None:
    gone = S3Backend(bucket="acme-states", key="state.json", endpoint="http://127.0.0.1:9", attempts=1)
    with pytest.raises(StateError, match="EndpointConnectionError") as refused:
        gone.read()
    assert "hunter2" not in told(refused.value)


def test_libraries_that_write_down_headers_stay_silent_at_every_level() -> None:
    assert run(["-vvv", "schema"]) == 0
    for name in ("botocore.auth", "botocore.endpoint", "boto3", "psycopg", "urllib3.connectionpool"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


# --- postgres


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE", "PGSSLROOTCERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://db.example.com/states",
        "host=db.example.com sslmode=prefer",
        "host=localhost,db.example.com",
        "host=localhost hostaddr=192.0.2.7",
        "host=127.0.0.1.example.com",
    ],
)
def test_a_database_elsewhere_must_show_who_it_is(dsn: str) -> None:
    made = parameters(dsn)
    assert made["sslmode"] == "verify-full"
    assert Path(made["sslrootcert"]).is_file()


@pytest.mark.parametrize("mode", ["disable", "allow", "require"])
def test_to_ask_for_less_is_refused_wherever_it_is_asked(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StateError, match=f"sslmode={mode}"):
        parameters(f"host=db.example.com sslmode={mode}")
    service = tmp_path / "services"
    service.write_text(f"[states]\nhost=db.example.com\nsslmode={mode}\n", encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    with pytest.raises(StateError, match=f"sslmode={mode}"):
        parameters("service=states")
    monkeypatch.setenv("PGSSLMODE", mode)
    with pytest.raises(StateError, match=f"sslmode={mode}"):
        parameters("host=db.example.com")


def test_an_authority_of_ones_own_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parameters("host=db.example.com sslmode=verify-ca sslrootcert=own.pem")["sslrootcert"] == "own.pem"
    monkeypatch.setenv("PGSSLROOTCERT", "own.pem")
    assert "sslrootcert" not in parameters("host=db.example.com")


def test_any_certificate_still_means_encryption() -> None:
    assert parameters("host=db.example.com", any_certificate=True)["sslmode"] == "require"
    with pytest.raises(StateError, match="sslmode=disable"):
        parameters("host=db.example.com sslmode=disable", any_certificate=True)


@pytest.mark.parametrize(
    "dsn", ["", "host=/var/run/postgresql", "postgresql://[::1]/states", "host=localhost,127.0.0.1"]
)
def test_a_database_on_this_machine_needs_no_certificate(dsn: str) -> None:
    assert "sslmode" not in parameters(dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:hun@ter2/x@db.example.com/states",
        "postgresql://me:hun/ter2@db.example.com/states",
        "postgresql://me:hun%ter2@db.example.com/states",
        "host=db.example.com password=hun ter2",
        "host=db.example.com pass=hunter2",
    ],
)
def test_a_dsn_that_can_not_be_understood_is_not_repeated(tmp_path: Path, dsn: str) -> None:
    with pytest.raises(StateError, match="does not understand") as refused:
        opened(tmp_path, {"RECONCILER_POSTGRES_DSN": dsn}, kind=StateKind.POSTGRES)
    assert "ter2" not in told(refused.value)
