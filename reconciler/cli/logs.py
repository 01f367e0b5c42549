"""What is told besides results: on stderr, as text for people, or as JSON, one object a line; each with the run's id.

`--log-format json` makes every line on stderr such an object: log records, progress, warnings, errors. The keys are
those of Terraform's JSON stream. Records of other libraries are told from warnings on: some write down headers.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from reconciler.errors import ReconcilerError, UsageError
from reconciler.runs import RUN_ID

OURS = "reconciler"
OFF = logging.CRITICAL + 1
LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": OFF,
}
_VERBOSE = (logging.WARNING, logging.INFO, logging.DEBUG)


class Handler(logging.StreamHandler[TextIO]):
    """Writes to a file that is given, or to whatever stderr is at the moment."""

    def __init__(self, file: TextIO | None = None) -> None:
        logging.Handler.__init__(self)
        self._file = file

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # looked up anew for each line
        return self._file or sys.stderr

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what is ours, and warnings of others: a library may set a level of its own."""
        ours = record.name.partition(".")[0] == OURS
        return (ours or record.levelno >= logging.WARNING) and bool(super().filter(record))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class TextLines(logging.Formatter):
    """`D 3f9c… reconciler.dingtalk: GET /v1.0/…`: level, run, who says it."""

    def format(self, record: logging.LogRecord) -> str:
        from reconciler.report.clean import for_terminal

        lines = super().format(record).split("\n")
        return "\n".join(f"{record.levelname[0]} {RUN_ID} {record.name}: {for_terminal(line)}" for line in lines)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, object] = dict(getattr(record, "fields", {}))
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json_line(record.levelname.lower(), record.getMessage(), fields, module=record.name, at=at)


def json_line(level: str, message: str, fields: Mapping[str, object], *, module: str = OURS, at: datetime) -> str:
    """Return one line of the stream. No terminal obeys it: all that is not ASCII is escaped."""
    named = {"critical": "error", "warning": "warn"}.get(level, level)
    when = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    head = {"@level": named, "@message": message, "@module": module, "@timestamp": when, "run": RUN_ID}
    return json.dumps({**head, **fields, **head}, ensure_ascii=True, default=str)


class _Current:
    handler: Handler | None = None
    as_json: bool = False
    expected: bool = False


def expect(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Guess the format before the options are read: one of them may be wrong, and that is told in it, too."""
    given = [two for one, two in pairwise(arguments) if one == "--log-format"]
    given += [one.partition("=")[2] for one in arguments if one.startswith("--log-format=")]
    _Current.expected = (given or [environment.get("RECONCILER_LOG_FORMAT", "")])[-1] == "json"
    _Current.as_json = _Current.expected


def set_up(verbose: int, log_format: str, environment: Mapping[str, str] = os.environ) -> None:
    """Let log records be told as the options and the environment say; a second call takes the place of the first.

    The level is that of `RECONCILER_LOG` or of -v, whichever tells more. `RECONCILER_LOG_PATH` names a file that gets
    the records instead of stderr. Raises UsageError for a level that there is not, ReconcilerError.
    """
    level = _VERBOSE[min(verbose, 2)]
    if name := environment.get("RECONCILER_LOG", "").lower():
        if name not in LEVELS:
            what, fix = f"RECONCILER_LOG has no level {name!r}", f"set one of {', '.join(LEVELS)}"
            raise UsageError(what, fix=fix)
        wanted = LEVELS[name]
        level = min(level, wanted) if verbose else wanted
    root = logging.getLogger()
    if _Current.handler is not None:
        root.removeHandler(_Current.handler)
        _Current.handler.close()
    _Current.as_json = _Current.expected or log_format == "json"
    _Current.handler = Handler(_file(environment.get("RECONCILER_LOG_PATH", "")))
    _Current.handler.setFormatter(JsonLines() if _Current.as_json else TextLines())
    root.addHandler(_Current.handler)
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(OURS).setLevel(level)


def as_json() -> bool:
    """Return whether every line on stderr has to be JSON."""
    return _Current.as_json


def tell_json(level: str, message: str, **fields: object) -> None:
    """Write a line that is no log record, whatever the level."""
    sys.stderr.write(json_line(level, message, fields, at=datetime.now(UTC)) + "\n")


def _file(name: str) -> TextIO | None:
    """Open a log file for appending, readable by its owner alone."""
    if not name:
        return None
    try:
        Path(name).touch(mode=0o600)
        return open(name, "a", encoding="utf-8")  # for as long as the process runs
    except OSError as error:
        fix = "set RECONCILER_LOG_PATH to a file that can be written"
        raise ReconcilerError(f"the log can't be written: {error.strerror}", where=name, fix=fix) from error
