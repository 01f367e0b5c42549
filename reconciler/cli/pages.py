"""Pages go to a file: a browser opens it, CI keeps it."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import tell
from reconciler.errors import ReconcilerError


def write_page(path: Path, html: str) -> None:
    """Write a page, and say where; `-` is stdout. Raises ReconcilerError where that can't be done."""
    if str(path) == "-":
        click.echo(html, nl=False)
        return
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ReconcilerError(f"the page can't be written: {error.strerror}", where=str(path)) from error
    tell(f"{path} is written; open it in a browser")
