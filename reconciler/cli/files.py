"""What a command writes into files that people or CI named."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import ReconcilerError


def write(path: Path, text: str, *, mode: str = "w") -> None:
    """Write `text`. Raises ReconcilerError where that can't be."""
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ReconcilerError(f"the file can't be written: {error.strerror}", where=str(path)) from error


def write_page(path: Path, html: str) -> None:
    """Write a page, and say where; `-` is stdout. Raises ReconcilerError where that can't be done."""
    if str(path) == "-":
        click.echo(html, nl=False)
        return
    from reconciler.cli.console import tell

    write(path, html)
    tell(f"{path} is written; open it in a browser")
