"""From a path to a config, or to all that is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.config.adoptions import check_adoptions
from reconciler.config.build import build, without
from reconciler.config.clashes import check_clashes
from reconciler.config.document import Document, Findings
from reconciler.config.merge import merge
from reconciler.config.model import Config
from reconciler.config.outlook import check_outlook
from reconciler.config.pools import check_pools
from reconciler.config.schema import check_schema
from reconciler.config.semantics import check_meeting
from reconciler.config.teams import spread_holidays, told_once
from reconciler.config.words import similar
from reconciler.config.yaml import MAX_BYTES, parse
from reconciler.errors import ConfigError, Position, Problem, Severity

_SUFFIXES = {".yaml", ".yml"}


def load(path: Path, *, now: datetime) -> Config:
    """Return the config in a file, or in all `*.yaml` files of a folder, with its warnings.

    `now`, aware, is when its clashes are looked for. Raises ConfigError with all problems, warnings too, where one
    of them is an error.
    """
    config, problems = _read(path, now)
    if config is None or any(problem.severity is Severity.ERROR for problem in problems):
        raise ConfigError(problems)
    return replace(config, warnings=problems)


def check(path: Path, *, now: datetime) -> tuple[Problem, ...]:
    """Return all that is wrong with a config, in file order; nothing that stands in it makes this raise."""
    return _read(path, now)[1]


def _read(path: Path, now: datetime) -> tuple[Config | None, tuple[Problem, ...]]:
    document, problems = _document(path)
    if document is None:
        return None, tuple(sorted(problems))
    findings = Findings(document=document, problems=list(problems))
    spoilt = check_schema(findings)
    config = None
    if () not in spoilt:
        root = path if path.is_dir() else path.parent
        tree: Any = without(document.value, spoilt) if spoilt else document.value
        config = build(tree, root, findings)
        for meeting in config.meetings.values():
            check_meeting(meeting, config, findings)
        if not {("rooms",), ("people",)} & set(spoilt):
            check_pools(config, findings)
        check_adoptions(config, findings)
        check_clashes(config, findings, now=now)
        check_outlook(config, findings, now=now)
    return config, told_once(findings.problems)


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files that a config consists of, by name: the one at `path`, or all of a folder. Raises OSError.

    Links that lead nowhere are meant, too. Hidden files are not, as in a shell's *.yaml: they belong to CI, linters,
    editors and file systems.
    """
    if not path.is_dir():
        return (path,)
    meant = (one for one in path.iterdir() if one.suffix in _SUFFIXES and not one.name.startswith("."))
    return tuple(sorted(one for one in meant if not one.is_dir()))


def _document(path: Path) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return what the path says, None where not all of it can be read."""
    if not path.is_dir():
        return _file(path)
    try:
        files = files_of(path)
    except OSError as error:
        return None, (_unreadable(path, error),)
    if not files:
        message, hint = "this folder has no *.yaml", "name a config file, or a folder that has *.yaml files"
        return None, (Problem(Position(str(path), 1, 1), "", message, hint),)
    read = [_one_of_many(file) for file in files]
    problems = [problem for _, found in read for problem in found]
    documents = [document for document, _ in read if document is not None]
    for document in documents:
        if not isinstance(document.value, dict):
            message, hint = "the config must be a mapping of `key: value`", "begin with version: 1"
            problems.append(Problem(Position(*document.spot.mark), "", message, hint))
    merged, clashes = merge(documents)
    # What a broken file would have said is not missed in the others.
    return (None if len(documents) < len(files) else merged), (*problems, *clashes)


def _one_of_many(path: Path) -> tuple[Document | None, tuple[Problem, ...]]:
    if path.exists() and not path.is_file():  # to read a pipe is to wait for whoever writes it
        message, hint = "this is not a plain file", "take it out of the folder, or give it another ending"
        return None, (Problem(Position(str(path), 1, 1), "", message, hint),)
    return _file(path)


def _file(path: Path) -> tuple[Document | None, tuple[Problem, ...]]:
    file = str(path)
    if _leads_outside(path):
        # Whoever writes the config must not learn from its errors what stands in other files.
        message, hint = "this is a link to a file outside of its folder", "put the file itself here"
        return None, (Problem(Position(file, 1, 1), "", message, hint),)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return None, (_unreadable(path, error),)
    document, problems = parse(data, file)
    if document.value is None:
        empty = Problem(Position(file, 1, 1), "", "the file is empty", "begin with version: 1")
        return None, problems or (empty,)
    return spread_holidays(document), problems


def _leads_outside(path: Path) -> bool:
    try:
        return path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve())
    except (OSError, RuntimeError):  # links in a circle
        return False


def _unreadable(path: Path, error: OSError) -> Problem:
    hint = "create it, or name another file or folder with -c"
    if isinstance(error, FileNotFoundError):
        message = "there is no such file or folder"
        if near := similar(path.name, _beside(path)):
            hint = f"did you mean {str(path.with_name(near))!r}? {hint}"
    else:
        message = f"the config can't be read: {error.strerror or error}"
        if isinstance(error, PermissionError):
            hint = "let this user read it, or name another file or folder with -c"
    return Problem(Position(str(path), 1, 1), "", message, hint)


def _beside(path: Path) -> tuple[str, ...]:
    """Return the names of the files and folders beside `path` that a config may be."""
    try:
        return tuple(one.name for one in path.parent.iterdir() if one.suffix in _SUFFIXES or one.is_dir())
    except OSError:
        return ()
