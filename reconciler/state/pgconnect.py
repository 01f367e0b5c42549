"""How to reach PostgreSQL: by libpq's own settings, over connections that nobody else can listen in on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from certifi import where as authorities
from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict

from reconciler.errors import StateError
from reconciler.loopback import is_loopback

Parameters = dict[str, Any]
_VERIFIED = {"verify-ca", "verify-full"}
_SECRETS = ("password", "sslpassword")
# A server that went away without a word is noticed within a minute.
_MANNERS = {
    "application_name": "reconciler",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def parameters(dsn: str, *, any_certificate: bool = False) -> Parameters:
    """Return what to connect with: `dsn`, an URL or `key=value` pairs, and what makes the connection a safe one.

    What `dsn` leaves open is taken from a service file and the PG* variables, as libpq does. Towards another machine
    the certificate is verified; `any_certificate` asks for encryption alone. Raises StateError where `dsn` is none, or
    something asks for less.
    """
    given = _parsed(dsn)
    known = effective(given)
    chosen = {name: value for name, value in _MANNERS.items() if not known.get(name)} | given
    if _is_local(known):
        return chosen
    mode = known.get("sslmode") or "prefer"
    if mode not in _VERIFIED:
        if mode != "prefer" and not (any_certificate and mode == "require"):
            raise StateError(
                f"sslmode={mode} does not show who the server is", where="state", fix="write sslmode=verify-full"
            )
        chosen["sslmode"] = "require" if any_certificate else "verify-full"
    if chosen.get("sslmode") != "require" and not known.get("sslrootcert") and not _own_authority().exists():
        chosen["sslrootcert"] = authorities()
    return chosen


def effective(given: Parameters) -> dict[str, str]:
    """Return all that libpq will use: what is given, else the service file's, else the environment's."""
    before = os.environ.get("PGSERVICE")
    try:
        if given.get("service"):  # libpq alone knows where service files lie, and tells it by its defaults
            os.environ["PGSERVICE"] = str(given["service"])
        options = pq.Conninfo.get_defaults()
    finally:
        if before is None:
            os.environ.pop("PGSERVICE", None)
        else:
            os.environ["PGSERVICE"] = before
    defaults = {option.keyword.decode(): option.val.decode() for option in options if option.val}
    return defaults | {name: str(value) for name, value in given.items()}


def address(known: dict[str, str]) -> str:
    """Return where the database is, for messages: no user, no password."""
    host = known.get("host") or known.get("hostaddr") or ""
    port = known.get("port") or "5432"
    return f"postgresql://{host if port == '5432' else f'{host}:{port}'}/{known.get('dbname', '')}"


def secrets(known: dict[str, str]) -> tuple[str, ...]:
    """Return what no message may hold."""
    return tuple(known[name] for name in _SECRETS if known.get(name))


def _parsed(dsn: str) -> Parameters:
    fix = "write, for example, postgresql://db.example.com/reconciler; in a password, @ is %40 and / is %2F"
    failure = StateError("PostgreSQL's libpq does not understand the dsn", where="state", fix=fix)
    try:
        given = dict(conninfo_to_dict(dsn))
    except ProgrammingError:  # its text may be a part of a password
        raise failure from None
    if any("@" in str(given.get(name, "")) for name in ("host", "port", "dbname")):  # and so may these
        raise failure
    return given


def _is_local(known: dict[str, str]) -> bool:
    hosts = (known.get("hostaddr") or known.get("host") or "").split(",")
    return all(not host or host.startswith(("/", "@")) or is_loopback(host.strip("[]")) for host in hosts)


def _own_authority() -> Path:
    return Path.home() / ".postgresql" / "root.crt"
