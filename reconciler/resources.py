"""The JSON Schemas that come with the program."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
# The wheel carries the folder inside the package; a checkout has it beside.
_FOLDERS = (_HERE / "schema", _HERE.parent / "schema")


@cache
def schema_text(name: str) -> str:
    """Return the text of `schema/<name>.schema.json`; raise FileNotFoundError where there is none."""
    for folder in _FOLDERS:
        path = folder / f"{name}.schema.json"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError(f"no schema is called {name!r}")


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the schema `name`, as in `meetings`. It is shared: don't change it."""
    document: dict[str, Any] = json.loads(schema_text(name))
    return document
