"""Where text goes: results to stdout, progress and errors to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console, RenderableType

from reconciler.cli import logs

if TYPE_CHECKING:
    from reconciler.errors import Problem

NARROWEST = 20  # columns that can be asked for: some pipelines say 0
WIDTH_UNKNOWN = 80
WIDTH_WITHOUT_TERMINAL = 1000  # lines are never padded; one that a log wraps can still be searched


class Tick(Protocol):
    def __call__(self, done: int, total: int, text: str = "", /) -> None:
        """Tell how far it is."""


def console(file: TextIO | None = None, *, no_color: bool = False) -> Console:
    """Return a console for `file`, stdout by default: colours on a terminal only, unless the environment says else."""
    file = file or sys.stdout
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    forced = not plain and bool(os.environ.get("FORCE_COLOR"))
    asked = os.environ.get("COLUMNS", "")
    width = None if file.isatty() else WIDTH_WITHOUT_TERMINAL
    if asked.isdigit():  # rich takes any number, and prints nothing at all in no columns
        width = int(asked) if int(asked) >= NARROWEST else width or WIDTH_UNKNOWN
    return Console(
        file=file,
        no_color=plain,
        color_system=None if plain else "auto",
        force_terminal=True if forced else None,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def show(renderable: RenderableType, *, no_color: bool = False) -> None:
    """Print a result."""
    console(no_color=no_color).print(renderable)


def tell(text: str) -> None:
    """Print lines that are no result. What others wrote in them is made harmless."""
    from reconciler.report.clean import for_terminal

    if logs.as_json():
        level = text.partition(":")[0]
        logs.tell_json(level if level in {"warning", "error"} else "info", text)
        return
    sys.stderr.write("".join(f"{for_terminal(line)}\n" for line in text.split("\n")))


def show_problems(problems: tuple[Problem, ...], *, no_color: bool = False) -> None:
    """Print what is wrong with the config, to stderr."""
    from reconciler.report.problems_text import problems_text

    if logs.as_json():
        for problem in problems:
            place = {"file": problem.position.file, "line": problem.position.line, "column": problem.position.column}
            logs.tell_json(problem.severity.value, str(problem), path=problem.path, **place)
        return
    console(sys.stderr, no_color=no_color).print(problems_text(problems))


def in_ci() -> bool:
    """Return whether this is a pipeline: what moves on a terminal would fill its log."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def in_automation() -> bool:
    """Return whether a program runs this one: what a person would do next is none of its business."""
    return os.environ.get("RECONCILER_IN_AUTOMATION", "").lower() not in {"", "0", "false"}


@contextmanager
def progress(title: str, *, no_color: bool = False, quiet: bool = False) -> Iterator[Tick]:
    """Give a function to tell progress with: a bar on a terminal, a line at the end elsewhere."""
    stderr = console(sys.stderr, no_color=no_color)
    if quiet:
        yield lambda _done, _total, _text="": None
        return
    # FORCE_COLOR colours what goes into a file, too, and nothing moves there.
    if not sys.stderr.isatty() or stderr.is_dumb_terminal or in_ci() or logs.as_json():
        with _lines(title) as tick:
            yield tick
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def tick(done: int, total: int, text: str = "") -> None:
            bar.update(task, completed=done, total=total, description=text or title)

        yield tick


@contextmanager
def _lines(title: str) -> Iterator[Tick]:
    last = [0, 0]

    def tick(done: int, total: int, text: str = "") -> None:
        last[:] = [done, total]
        if text:
            tell(f"{title} {done}/{total}: {text}")

    yield tick
    if last[1]:
        tell(f"{title}: {last[0]} of {last[1]}")
