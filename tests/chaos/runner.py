"""Runs of the command line as processes of their own, forked from one that has everything imported."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run ended. `code` is negative where a signal ended it."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that goes on."""

    pid: int
    out: Path
    err: Path


class Runner:
    """Starts runs and waits for them. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._process = _zygote()

    def start(
        self, *arguments: str, cwd: Path, environment: Mapping[str, str], read_s: float = 30.0, **more: object
    ) -> Run:
        """Start the command line. `read_s` is how long its client waits for an answer."""
        stem = self._folder / f"run{next(self._numbers)}"
        run = Run(pid=0, out=stem.with_suffix(".out"), err=stem.with_suffix(".err"))
        order = {
            "run": arguments,
            "cwd": str(cwd),
            "environment": dict(environment),
            "out": str(run.out),
            "err": str(run.err),
            "read_s": read_s,
            **more,
        }
        return Run(pid=self._ask(order), out=run.out, err=run.err)

    def wait(self, run: Run) -> Done:
        code = self._ask({"wait": run.pid})
        return Done(code=code, out=_take(run.out), err=_take(run.err))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()

    def _ask(self, order: Mapping[str, object]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            try:
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()
                return int(self._process.stdout.readline())
            except BaseException:  # a test that ran out of time: its answer is not to be taken for that of the next one
                self.close()
                self._process = _zygote()
                raise


def _zygote() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _take(path: Path) -> str:
    if not path.exists():  # killed before it could begin
        return ""
    text = path.read_text(encoding="utf-8")
    os.unlink(path)  # noqa: PTH108  # as plain as it gets
    return text
