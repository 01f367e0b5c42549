"""The `state` block: where the state is kept."""

from __future__ import annotations

from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import StateKind, StateSettings

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
        }
    ),
    StateKind.S3: frozenset({"bucket", "key", "region", "endpoint"}),
}


def read_state(tree: dict[str, Any], findings: Findings) -> StateSettings:
    """Return where the state is kept; note what does not fit the kind of place."""
    path: Path = ("state",)
    if tree.get("kind") is None:
        return StateSettings()
    kind = StateKind(tree["kind"])
    given = {name: value for name, value in tree.items() if name != "kind" and value is not None}
    for name in sorted(given.keys() - _OF_KIND[kind]):
        owners = ", ".join(one for one, names in _OF_KIND.items() if name in names)
        findings.error((*path, name), f"{name} means nothing to kind {kind}", f"it belongs to {owners}", on_key=True)
    for name in ("address", "lock_address", "unlock_address", "endpoint"):
        if (
            str(given.get(name, "")).startswith("http:")
            and "//localhost" not in given[name]
            and "//127." not in given[name]
        ):
            findings.warn((*path, name), "the state, and the password to it, travel in clear text", "write https://")
    if kind is StateKind.S3 and "bucket" not in tree:
        findings.error(path, "the state has no bucket", "add bucket: its name", on_key=True)
    return StateSettings(kind=kind, **{name: value for name, value in given.items() if name in _OF_KIND[kind]})
