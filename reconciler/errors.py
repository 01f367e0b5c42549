"""The one hierarchy of errors. Each is written for the person who must act."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

# Codes of what is said of one person; all else is about the credentials, the network or a permission.
NO_SUCH = frozenset({"not-found", "invalid-parameter", "refused"})


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text file; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the config: where, at which path, what, and what to write instead."""

    position: Position
    path: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        text = f"{self.position}: {self.path}: {self.message}" if self.path else f"{self.position}: {self.message}"
        return f"{text}\n  {self.hint}" if self.hint else text


class ReconcilerError(Exception):
    """Something that a person must act on.

    `what` is one sentence, `where` a file position or the address of an occurrence, `fix` what to do about it.
    No secret is ever part of either.
    """

    exit_code: ClassVar[int] = 1
    code: str = "error"

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  {self.fix}" if self.fix else text


_REMEDIES = {
    errno.ENOENT: "create the folder first",
    errno.ENOTDIR: "create the folder first",
    errno.EISDIR: "name a file",
    errno.EACCES: "let this user write there, or name another place",
    errno.EPERM: "let this user write there, or name another place",
    errno.EROFS: "name a place that can be written",
    errno.ENOSPC: "make room, then run again",
    errno.EDQUOT: "make room, then run again",
}


def remedy(error: OSError) -> str:
    """Return what a person can do about a file that can't be written, empty where that is not known."""
    return _REMEDIES.get(error.errno or 0, "")


class UsageError(ReconcilerError):
    """The command line asks for something that can't be."""

    exit_code = 64
    code = "usage"


class ConfigError(ReconcilerError):
    """The config can't be used; `problems` are all that was found, in file order."""

    code = "validation-failed"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        super().__init__(f"the config has {errors} error{'s' if errors != 1 else ''}")


class StateError(ReconcilerError):
    """The state can't be read or written."""

    code = "state"


class UnreadableState(StateError):
    """The state is damaged. It is a cache: one can go on without it."""


class StateLocked(StateError):
    """Another run holds the state."""

    code = "state-locked"


class UnsafePlan(ReconcilerError):
    """The plan would do more harm than a slip of the pen should be able to."""

    code = "unsafe-plan"


class QuotaTooSmall(ReconcilerError):
    """The plan takes more calls than the month has left."""

    code = "quota-exhausted"


class PlanUnreadable(ReconcilerError):
    """A file that should hold a plan holds none that can be used."""

    code = "plan-unreadable"


class PlanStale(ReconcilerError):
    """What a saved plan was made from is no more as it was."""

    code = "plan-changed"


class NotRead(ReconcilerError):
    """What has to be known before anything is done could not be read; `code` says why, as that failure does."""

    def __init__(self, what: str, *, code: str, fix: str = "") -> None:
        super().__init__(what, fix=fix)
        self.code = code


class NotApproved(ReconcilerError):
    """Whoever was asked did not agree."""

    code = "not-approved"


class Frozen(ReconcilerError):
    """The config says that nothing is to be applied now."""

    code = "frozen"
