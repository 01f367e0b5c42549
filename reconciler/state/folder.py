"""Whether the folder of the state can be trusted: what stands in it decides which events count as ours."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.errors import StateError

FOLDER = ".reconciler"
MOST_BYTES = 64 * 1024 * 1024  # of a state or a journal: a hundred times what the largest workspace needs
_MEASURED = {"state.json", "journal.jsonl"}


def data_folder(root: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where all is kept that is remembered on this machine: in `root`, the folder of the config.

    RECONCILER_DATA_DIR names another folder, from the working directory.
    """
    named = environment.get("RECONCILER_DATA_DIR", "")
    return Path(named).absolute() if named else root / FOLDER


def check_folder(folder: Path) -> None:
    """Raise StateError where `folder`, or a file in it, is not what we put there.

    Refused are symbolic links and what is no plain file, what belongs to a stranger, and what everybody may write.
    Root, and whoever owns the folder around it, are no strangers: they decide what the program does anyway.
    """
    try:
        found = folder.lstat()
    except OSError:
        return  # there is none yet
    trusted = {0, os.geteuid(), folder.parent.stat().st_uid}
    _check(folder, found, trusted, stat.S_ISDIR, "folder")
    try:
        files = [(Path(entry.path), entry.stat(follow_symlinks=False)) for entry in os.scandir(folder)]
    except OSError as error:
        raise StateError(f"the folder can't be read: {error.strerror}", where=str(folder)) from error
    for path, file in files:
        if not stat.S_ISDIR(file.st_mode) or path.name in _MEASURED:
            _check(path, file, trusted, stat.S_ISREG, "file")
        if path.name in _MEASURED and file.st_size > MOST_BYTES:
            raise StateError(
                f"the file is larger than {MOST_BYTES:,} bytes",
                where=str(path),
                fix="move it away: the next run finds everything again by the markers in DingTalk",
            )


def check_file(path: Path) -> None:
    """Raise StateError where the file at `path` is a link, no plain file, a stranger's, or may be written by others.

    Who may read it does not matter: what CI unpacks is readable by all.
    """
    try:
        found = path.lstat()
    except OSError:
        return  # who reads it is told
    _check(path, found, {0, os.geteuid(), path.parent.stat().st_uid}, stat.S_ISREG, "file")
    if found.st_mode & stat.S_IWGRP:
        fix = "if you trust what is in it, `chmod go-w` it; else plan again"
        raise StateError("others may write this", where=str(path), fix=fix)


def _check(path: Path, found: os.stat_result, trusted: set[int], kind: Callable[[int], bool], name: str) -> None:
    where = str(path)
    if stat.S_ISLNK(found.st_mode):
        raise StateError("this is a symbolic link", where=where, fix=f"put a plain {name} there")
    if not kind(found.st_mode):
        raise StateError(f"this is not a plain {name}", where=where, fix="move it away")
    if found.st_uid not in trusted:
        fix = "if you trust what is in it, make it yours with chown; else move it away"
        raise StateError(f"this belongs to another user (uid {found.st_uid})", where=where, fix=fix)
    if found.st_mode & stat.S_IWOTH:
        fix = "if you trust what is in it, `chmod -R go-w` the folder; else move it away"
        raise StateError("everybody may write this", where=where, fix=fix)
