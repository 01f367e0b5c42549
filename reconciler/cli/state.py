"""`state`: look at what is remembered between runs."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import Globals, global_options
from reconciler.errors import UsageError


@click.group("state")
def command() -> None:
    """Look at what is remembered between runs."""


@command.command("list")
@global_options
def list_(settings: Globals) -> int:
    """Print the address of every occurrence that the state knows, one a line."""
    from reconciler.cli.project import open_project

    state = open_project(settings).store.load()
    for entry in sorted(state.entries.values(), key=lambda one: str(one.key)):
        click.echo(str(entry.key))
    return 0


@command.command("show")
@click.argument("address")
@global_options
def show(settings: Globals, *, address: str) -> int:
    """Print what the state knows of one occurrence, as JSON.

    \b
    Example:
      reconciler state show weekly-sync@2026-12-02T10:00
    """
    from reconciler.cli.project import open_project
    from reconciler.models import Key
    from reconciler.state.codec import encode_entry

    key = Key.parse(address)
    entry = open_project(settings).store.load().entries.get(key)
    if entry is None:
        raise UsageError(f"the state knows no {address}", fix="`reconciler state list` prints all that it knows")
    click.echo(json.dumps({"address": address, **encode_entry(entry)}, ensure_ascii=False, indent=2))
    return 0


@command.command("unlock")
@global_options
def unlock(settings: Globals) -> int:
    """Take away the lock that a dead run has left. A run that is alive on this machine keeps its lock."""
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project

    holder = open_project(settings).store.lock.unlock()
    tell(f"unlocked; it was held by {holder}" if holder is not None else "the state was not locked")
    return 0
