"""The `state` block: where the state is kept."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from reconciler.config.document import Findings, Path
from reconciler.config.model import StateKind, StateSettings
from reconciler.loopback import in_clear_text

_OF_KIND: dict[StateKind, frozenset[str]] = {
    StateKind.LOCAL: frozenset(),
    StateKind.HTTP: frozenset(
        {
            "address",
            "lock_address",
            "unlock_address",
            "update_method",
            "lock_method",
            "unlock_method",
            "skip_cert_verification",
            "headers",
        }
    ),
    StateKind.S3: frozenset({"bucket", "key", "region", "endpoint"}),
    StateKind.POSTGRES: frozenset({"dsn", "table", "skip_cert_verification"}),
}
_KNOWN = frozenset[str]().union(*_OF_KIND.values())
_RESERVED = {"content-type", "content-md5"}  # the protocol says what these are
_SECRET = re.compile(r"(password|secret|scram_\w+_key)\s*=", re.IGNORECASE)


def read_state(tree: dict[str, Any], findings: Findings) -> StateSettings:
    """Return where the state is kept; note what does not fit the kind of place."""
    path: Path = ("state",)
    if tree.get("kind") is None:
        return StateSettings()
    kind = StateKind(tree["kind"])
    given = {name: value for name, value in tree.items() if name != "kind" and value is not None}
    for name in sorted((given.keys() & _KNOWN) - _OF_KIND[kind]):  # what nobody knows, the schema tells
        owners = ", ".join(one for one, names in _OF_KIND.items() if name in names)
        findings.error((*path, name), f"{name} means nothing to kind {kind}", f"it is only for {owners}", on_key=True)
    for name in ("address", "lock_address", "unlock_address", "endpoint"):
        if name in given and _shown(str(given[name])):
            message = "the state, and the password to it, would travel in clear text"
            findings.error((*path, name), message, "write https://")
    for name in given.get("headers", {}):
        if name.casefold() in _RESERVED:
            message = f"{name} is not yours to set: every request says what it carries"
            findings.error((*path, "headers", name), message, "leave it out", on_key=True)
    if _holds_secret(str(given.get("dsn", ""))):  # which is not repeated here
        hint = (
            "set PGPASSWORD, or write it into ~/.pgpass or a service file; and change it, because it has been exposed"
        )
        findings.error((*path, "dsn"), "the dsn contains a password", hint)
    if kind is StateKind.S3 and "bucket" not in tree:
        findings.error(path, "the state has no bucket", "add bucket: its name", on_key=True)
    return StateSettings(kind=kind, **{name: value for name, value in given.items() if name in _OF_KIND[kind]})


def _shown(url: str) -> bool:
    try:
        return in_clear_text(url)
    except ValueError:
        return False  # that it is no URL is said elsewhere


def _holds_secret(dsn: str) -> bool:
    """Return whether a DSN, an URL or `key=value` pairs, names a password."""
    before_host = dsn.partition("://")[2].partition("?")[0].rpartition("@")[0]
    return ":" in before_host or _SECRET.search(unquote(dsn)) is not None
