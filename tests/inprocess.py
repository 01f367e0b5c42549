"""The command line in this process: what it prints, and its exit code, without the start of an interpreter."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from team import NOW, Done, Team, clean_environment

from reconciler.cli import logs
from reconciler.cli.main import run


@contextmanager
def quiet_again() -> Iterator[None]:
    """Take back what the options of a run have changed in the logging of this process."""
    loggers = [logging.getLogger(), logging.getLogger("reconciler")]
    levels = [logger.level for logger in loggers]
    try:
        yield
    finally:
        logs.set_up(0, "text", {})
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class Cli:
    """Runs commands in the folder of a team; `environment` is all that they see."""

    def __init__(self, team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.team = team
        self.capsys = capsys
        for name in [name for name in os.environ if name.startswith(("RECONCILER", "DINGTALK", "CI", "GITHUB"))]:
            monkeypatch.delenv(name)
        for name, value in clean_environment(team.sandbox).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("RECONCILER_NOW", NOW.isoformat())
        monkeypatch.chdir(team.folder)
        self.setenv = monkeypatch.setenv

    def __call__(self, *arguments: str, **environment: str) -> Done:
        self.team.write()
        for name, value in environment.items():
            self.setenv(name, value)
        self.capsys.readouterr()
        with quiet_again():
            code = run(arguments)
        out, err = self.capsys.readouterr()
        return Done(code=code, out=out, err=err)
