"""`state`: look at what is remembered between runs, and mend it."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli.options import Globals, global_options, option
from reconciler.errors import UsageError


@click.group("state")
def command() -> None:
    """Look at what is remembered between runs, and mend it."""


@command.command("list")
@global_options
def list_(settings: Globals) -> int:
    """Print the address of every occurrence that the state knows, one a line."""
    from reconciler.cli.project import open_project
    from reconciler.report.clean import for_terminal

    state = open_project(settings).store.load()
    for entry in sorted(state.entries.values(), key=lambda one: str(one.key)):
        click.echo(for_terminal(str(entry.key)))
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
    from reconciler.report.document import dump
    from reconciler.state.codec import encode_entry

    key = Key.parse(address)
    entry = open_project(settings).store.load().entries.get(key)
    if entry is None:
        raise UsageError(f"the state knows no {address}", fix="`reconciler state list` prints all that it knows")
    click.echo(dump({"address": address, **encode_entry(entry)}), nl=False)
    return 0


@command.command("orphans")
@option("--dismiss", metavar="ADDRESS", help="Forget the orphans of this occurrence: somebody has looked.")
@global_options
def orphans(settings: Globals, *, dismiss: str | None) -> int:
    """Print conferences that may have been left behind, because their creation was never answered.

    Nothing can list conferences, so a person has to look: in the organiser's DingTalk, by title and time.

    \b
    Examples:
      reconciler state orphans
      reconciler state orphans --dismiss weekly-sync@2026-12-02T10:00
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project
    from reconciler.report.clean import for_terminal

    project = open_project(settings)
    state = project.store.load()
    if dismiss is not None:
        kept = tuple(orphan for orphan in state.orphans if orphan.address != dismiss)
        if len(kept) == len(state.orphans):
            raise UsageError(f"no orphan of {dismiss} is known", fix="`reconciler state orphans` prints them")
        with project.store.lock.held("state orphans", now=project.clock()):
            project.store.save(replace(state, orphans=kept))
        tell(f"{len(state.orphans) - len(kept)} dismissed")
        return 0
    for orphan in state.orphans:
        what = f"{orphan.organizer} {orphan.title!r} of {orphan.start.isoformat()}"
        text = f"{orphan.address}  {what}, asked for at {orphan.asked_at.isoformat(timespec='seconds')}"
        click.echo(for_terminal(text))
    return 0


@command.command("rebuild")
@global_options
def rebuild(settings: Globals) -> int:
    """Make the state anew from the markers in the organisers' calendars. Reads DingTalk, changes nothing there.

    What can't be found there is kept: orphans, opened conferences, the count of calls.
    """
    from reconciler.cli.console import tell
    from reconciler.cli.planning import planned
    from reconciler.cli.project import open_project
    from reconciler.workflow import Question, rebuild_state

    project = open_project(settings)
    with project.store.lock.held("state rebuild", now=project.clock()), project.client() as client:
        made = planned(project, client, Question(forget=True), settings, quiet=False)
        state = rebuild_state(made, project.store, client, now=project.clock())
    tell(f"{len(state.entries)} occurrences are known; {len(made.plan.changes)} differ from the config")
    return 1 if made.plan.failures else 0


@command.command("unlock")
@global_options
def unlock(settings: Globals) -> int:
    """Take away the lock that a dead run has left. A run that is alive on this machine keeps its lock."""
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project

    holder = open_project(settings).store.lock.unlock()
    tell(f"unlocked; it was held by {holder}" if holder is not None else "the state was not locked")
    return 0
