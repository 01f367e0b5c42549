"""From the config's `state` block, and the environment, to a store. Secrets come from the environment alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from reconciler.config.model import Config, StateKind, StateSettings
from reconciler.errors import StateError
from reconciler.loopback import in_clear_text
from reconciler.state.backend import PROGRAM, Backend
from reconciler.state.files import write_whole
from reconciler.state.folder import data_folder
from reconciler.state.store import Store, local_store

_LARGEST = 3600  # of tries, or of seconds between them


def open_store(config: Config, environment: Mapping[str, str], *, program: str = PROGRAM) -> Store:
    """Return the store that the config names; `program` is how messages call this program, with its `-c`.

    Raises StateError where something is missing.
    """
    folder = data_folder(config.root, environment)
    if config.state.kind is StateKind.LOCAL:
        return local_store(config.root, config.workspace, folder, program=program)
    backend = _shared(config, environment, program)
    return Store(backend, folder, config.workspace, program=program)


def _shared(config: Config, environment: Mapping[str, str], program: str) -> Backend:
    settings = config.state
    match settings.kind:
        case StateKind.HTTP:
            return _http(settings, environment, program)
        case StateKind.S3:
            from reconciler.state.s3 import S3Backend

            key = settings.key or f"{config.workspace}.state.json"
            return S3Backend(
                bucket=settings.bucket, key=key, region=settings.region, endpoint=settings.endpoint, program=program
            )
        case StateKind.POSTGRES:
            return _postgres(settings, environment, config.workspace)
        case StateKind.LOCAL:
            raise AssertionError("a file is no shared place")
        case _:
            assert_never(settings.kind)


def _postgres(settings: StateSettings, environment: Mapping[str, str], workspace: str) -> Backend:
    try:
        from reconciler.state.postgres import TABLE, PostgresBackend
    except ImportError as error:
        fix = "pip install 'psycopg[binary]' certifi"
        raise StateError(
            "a state in PostgreSQL needs psycopg, which is not installed", where="state", fix=fix
        ) from error
    return PostgresBackend(
        workspace=workspace,
        dsn=settings.dsn or environment.get("RECONCILER_POSTGRES_DSN", ""),
        table=settings.table or TABLE,
        any_certificate=settings.skip_cert_verification,
    )


def _http(settings: StateSettings, environment: Mapping[str, str], program: str) -> Backend:
    from reconciler.state.http import HttpBackend, HttpSettings

    def of(name: str, otherwise: str = "") -> str:
        given = str(getattr(settings, name, ""))
        return given or environment.get(f"TF_HTTP_{name.upper()}") or otherwise

    address = of("address")
    if not address:
        fix = "write state.address, or set TF_HTTP_ADDRESS, to an http or https URL"
        raise StateError("the address of the state is not known", where="state", fix=fix)
    for name in ("address", "lock_address", "unlock_address"):
        if of(name):
            _check_address(of(name), f"TF_HTTP_{name.upper()}")
    login = any(name.casefold() == "authorization" for name in settings.headers)
    if login and (of("username") or urlsplit(address).username):
        fix = "take it out of state.headers, or set no TF_HTTP_USERNAME"
        raise StateError("a user and a header Authorization can't both log in", where="state", fix=fix)
    verify, certificate = _certificates(environment)
    return HttpBackend(
        HttpSettings(
            address=address,
            lock_address=of("lock_address"),
            unlock_address=of("unlock_address"),
            update_method=of("update_method", "POST"),
            lock_method=of("lock_method", "LOCK"),
            unlock_method=of("unlock_method", "UNLOCK"),
            username=of("username"),
            password=of("password"),
            retry_max=int(_number("retry_max", of("retry_max", "2"))),
            retry_wait_min_s=_number("retry_wait_min", of("retry_wait_min", "1")),
            retry_wait_max_s=_number("retry_wait_max", of("retry_wait_max", "30")),
            headers=settings.headers,
            verify=False if settings.skip_cert_verification else verify,
            certificate=certificate,
        ),
        program=program,
    )


def _certificates(environment: Mapping[str, str]) -> tuple[bool | str, tuple[str, str] | None]:
    """Return what to verify with, and the client's certificate: as files, made of the texts in the environment."""
    names = {
        name: environment.get(f"TF_HTTP_CLIENT_{name}_PEM", "")
        for name in ("CA_CERTIFICATE", "CERTIFICATE", "PRIVATE_KEY")
    }
    if bool(names["CERTIFICATE"]) != bool(names["PRIVATE_KEY"]):
        fix = "set both TF_HTTP_CLIENT_CERTIFICATE_PEM and TF_HTTP_CLIENT_PRIVATE_KEY_PEM, or none"
        raise StateError("a client certificate comes with its key", where="state", fix=fix)
    if not any(names.values()):
        return True, None
    folder = Path(tempfile.mkdtemp(prefix="reconciler-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    files = {name: folder / f"{name.lower()}.pem" for name, text in names.items() if text}
    for name, path in files.items():
        write_whole(path, names[name].encode())
    verify = str(files["CA_CERTIFICATE"]) if "CA_CERTIFICATE" in files else True
    if "CERTIFICATE" not in files:
        return verify, None
    return verify, (str(files["CERTIFICATE"]), str(files["PRIVATE_KEY"]))


def _check_address(address: str, where: str) -> None:
    """Raise StateError, without `address`, where it is none of http, or others could read what is sent to it."""
    try:
        scheme, shown = urlsplit(address).scheme.lower(), in_clear_text(address)
    except ValueError:
        scheme, shown = "", False
    if scheme not in {"http", "https"}:
        what = (
            f"this is not an http or https URL, but {scheme}"
            if scheme.isalnum()
            else "this is not an http or https URL"
        )
        raise StateError(what, where=where, fix="the state is asked for over http: write https://")
    if shown:
        what = "the state, and the password to it, would travel in clear text"
        raise StateError(what, where=where, fix="write https://")


def _number(name: str, text: str) -> float:
    """Return the seconds, or the count, that one of Terraform's variables says."""
    where = f"TF_HTTP_{name.upper()}"
    try:
        number = float(text)
    except ValueError:
        raise StateError(f"{text!r} is not a number", where=where, fix="write 2, for example") from None
    if not 0 <= number <= _LARGEST:
        raise StateError(f"{text!r} is not a number from 0 to {_LARGEST}", where=where, fix="write 2, for example")
    return number
