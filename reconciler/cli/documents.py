"""Where the document of a run goes: to stdout with `--json`, into a file with `--json-into`; of a refusal, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reconciler.cli.files import check_writable, print_utf8, write
from reconciler.errors import ReconcilerError


class _Wanted:
    stdout: bool = False
    into: Path | None = None
    workspace: str = ""
    told: bool = False


def begin() -> None:
    """Forget what was wanted before: a run begins."""
    _Wanted.stdout, _Wanted.into, _Wanted.workspace, _Wanted.told = False, None, "", False


def want(*, stdout: bool) -> None:
    """Take note whether stdout has to hold the document, and nothing else."""
    _Wanted.stdout = stdout


def want_into(path: Path | None) -> None:
    """Take note of the file that gets the document, None where none does."""
    _Wanted.into = path


def check() -> None:
    """Raise ReconcilerError where the file that is to get the document can't be written."""
    check_writable(_Wanted.into)


def of_workspace(name: str) -> None:
    """Take note of what the run is about: a refusal says so, too."""
    _Wanted.workspace = name


def publish(document: Callable[[], Mapping[str, Any]]) -> None:
    """Write and print the document, where it is wanted. Raises ReconcilerError where the file can't be written."""
    if not _Wanted.stdout and _Wanted.into is None:
        return
    from reconciler.report.document import dump

    text = dump(document())
    if _Wanted.into is not None:
        write(_Wanted.into, text)
    if _Wanted.stdout:
        print_utf8(text)
    _Wanted.told = True


def refuse(error: ReconcilerError) -> None:
    """Tell why the run ended, where a document is wanted and none was told yet."""
    if _Wanted.told:
        return

    def document() -> Mapping[str, Any]:
        from reconciler.report.document import error_document

        return error_document(error, workspace=_Wanted.workspace, lock_info=lock_info(error))

    with suppress(ReconcilerError):  # of two errors the first is told
        publish(document)
        return
    _Wanted.into = None
    publish(document)


def lock_info(error: ReconcilerError) -> Mapping[str, str] | None:
    """Return who holds the lock, as Terraform's backends say it, where that is what `error` is about."""
    from reconciler.state.backend import Held

    holder = error.holder if isinstance(error, Held) else None
    return None if holder is None else dict(json.loads(holder.dumps()))
