"""What a command writes into files that people or CI named."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click

from reconciler.errors import ReconcilerError, remedy


def unwritable(what: str, path: Path, error: OSError) -> ReconcilerError:
    """Return the error that tells that `what`, such as "the plan", can't be written to `path`."""
    return ReconcilerError(f"{what} can't be written: {error.strerror}", where=str(path), fix=remedy(error))


def check_writable(path: Path | None, what: str = "the file", *, replaced: bool = False) -> None:
    """Raise ReconcilerError where `path` can't be written: before calls are made whose outcome it is to hold.

    What is `replaced` as a whole is made anew beside itself, so that the folder alone has to be written.
    """
    if path is None or str(path) == "-":
        return
    if not os.access(path.parent, os.F_OK):
        number = errno.ENOENT
    elif not os.access(path if not replaced and os.access(path, os.F_OK) else path.parent, os.W_OK):
        number = errno.EACCES
    else:
        return
    raise unwritable(what, path, OSError(number, os.strerror(number)))


def write(path: Path, text: str, *, mode: str = "w") -> None:
    """Write `text`. Raises ReconcilerError where that can't be."""
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise unwritable("the file", path, error) from error


def write_page(path: Path, html: str) -> None:
    """Write a page, and say where; `-` is stdout. Raises ReconcilerError where that can't be done."""
    if str(path) == "-":
        print_utf8(html)
        return
    from reconciler.cli.console import tell

    write(path, html)
    tell(f"{path} is written; open it in a browser")


def print_utf8(text: str) -> None:
    """Print a document to stdout for other programs: in UTF-8, whatever the terminal speaks."""
    click.echo(text.encode(), nl=False)
