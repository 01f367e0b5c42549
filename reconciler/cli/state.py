"""`state`: look at what is remembered between runs, and mend it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.arguments import Group
from reconciler.cli.names import complete_address, complete_either
from reconciler.cli.options import Globals, global_options, lock_timeout_option, option
from reconciler.errors import UsageError


@click.group("state", cls=Group)
@global_options
def command(settings: Globals) -> None:
    """Show and repair what is remembered between runs.

    The config's `state` says where it is kept. Each command has a --help of its own.

    \b
    Examples:
      reconciler state list
      reconciler state show weekly-sync@2026-12-02T10:00
      reconciler state pull > backup.json
    """


@command.command("list", short_help="Print the address of every occurrence that the state knows.")
@global_options
def list_(settings: Globals) -> int:
    """Print the address of every occurrence that the state knows, one a line.

    \b
    Examples:
      reconciler state list
      reconciler state list | grep ^weekly-sync@
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project
    from reconciler.report.clean import for_terminal

    state = open_project(settings).store.load()
    if not state.entries:
        tell("the state knows no occurrence")
    for entry in sorted(state.entries.values(), key=lambda one: str(one.key)):
        click.echo(for_terminal(str(entry.key)))
    return 0


@command.command("show")
@click.argument("address", shell_complete=complete_address)
@global_options
def show(settings: Globals, *, address: str) -> int:
    """Print what the state knows of one occurrence, as JSON.

    \b
    Example:
      reconciler state show weekly-sync@2026-12-02T10:00
    """
    from reconciler.cli.project import open_project
    from reconciler.model.occurrence import Key
    from reconciler.report.document import dump
    from reconciler.state.values import encode_entry

    key = Key.parse(address)
    entry = open_project(settings).store.load().entries.get(key)
    if entry is None:
        raise UsageError(f"the state does not know {address}", fix="`reconciler state list` prints what it knows")
    click.echo(dump({"address": address, **encode_entry(entry)}), nl=False)
    return 0


@command.command("orphans", short_help="Print conferences that may have been left behind.")
@option(
    "--dismiss",
    metavar="ADDRESS",
    shell_complete=complete_address,
    help="Forget the orphans of this occurrence, after somebody has looked for them.",
)
@lock_timeout_option
@global_options
def orphans(settings: Globals, *, dismiss: str | None, lock_timeout: float) -> int:
    """Print conferences that may have been left behind: their creation was never answered, or they could not be ended.

    No call lists conferences, so a person has to look for them in the organiser's DingTalk, by title and time.

    \b
    Examples:
      reconciler state orphans
      reconciler state orphans --dismiss weekly-sync@2026-12-02T10:00
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project
    from reconciler.report.clean import for_terminal

    project = open_project(settings)
    if dismiss is not None:
        with project.store.lock.held("state orphans", now=project.clock(), timeout_s=lock_timeout):
            state = project.store.load()
            kept = tuple(orphan for orphan in state.orphans if orphan.address != dismiss)
            if len(kept) == len(state.orphans):
                raise UsageError(f"there is no orphan of {dismiss}", fix="`reconciler state orphans` prints them")
            project.store.save(replace(state, orphans=kept))
        tell(f"{len(state.orphans) - len(kept)} dismissed")
        return 0
    known_orphans = project.store.load().orphans
    if not known_orphans:
        tell("there are none")
    for orphan in known_orphans:
        what = f"{orphan.organizer} {orphan.title!r} of {orphan.start.isoformat()}"
        text = f"{orphan.address}  {what}, asked for at {orphan.asked_at.isoformat(timespec='seconds')}"
        known = f", conference {orphan.conference_id}" if orphan.conference_id else ""
        click.echo(for_terminal(text + known))
    return 0


@command.command("rebuild")
@lock_timeout_option
@global_options
def rebuild(settings: Globals, *, lock_timeout: float) -> int:
    """Rebuild the state from the markers in the organisers' calendars. Reads DingTalk and changes nothing there.

    What can't be found there is kept: orphans, opened conferences, the count of calls; and what could not be read.

    \b
    Example:
      reconciler state rebuild
    """
    from reconciler.cli.console import tell
    from reconciler.cli.planning import names_for, planned
    from reconciler.cli.project import open_project
    from reconciler.workflow.carrying import rebuild_state
    from reconciler.workflow.looking import Question

    project = open_project(settings)
    lock = project.store.lock.held("state rebuild", now=project.clock(), timeout_s=lock_timeout)
    with project.client() as client, lock:
        made = planned(project, client, Question(forget=True, foresight=False), settings, quiet=False)
        state = rebuild_state(made, project.store, client, now=project.clock())
    people = names_for(project, made).people
    for failure in made.plan.failures:
        tell(f"not read, and kept: {failure.place(people)}: {failure.message} [{failure.code}]")
    tell(f"{len(state.entries)} occurrences are known; {len(made.plan.changes)} differ from the config")
    return 1 if made.plan.failures else 0


@command.command("pull", short_help="Print the state as it is saved.")
@global_options
def pull(settings: Globals) -> int:
    """Print the state as it is saved, byte for byte; nothing if none is saved yet.

    \b
    Example:
      reconciler state pull > backup.json
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project

    body = open_project(settings).store.pull()
    if body is None:
        tell("no state is saved yet")
    else:
        click.echo(body, nl=False)
    return 0


@command.command("push", short_help="Save the state in a file: a backup, or one left unsaved.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--force", is_flag=True, help="Replace what is saved even if it has another origin or is newer.")
@lock_timeout_option
@global_options
def push(settings: Globals, *, file: Path, force: bool, lock_timeout: float) -> int:
    """Save the state in FILE: one that could not be saved before, or a backup.

    \b
    Examples:
      reconciler state push .reconciler/errored.state.json
      reconciler state push --force backup.json
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project

    project = open_project(settings)
    with project.store.lock.held("state push", now=project.clock(), timeout_s=lock_timeout):
        pushed = project.store.push(file.read_bytes(), where=str(file), force=force)
    if file.resolve() == project.store.errored.resolve():
        file.unlink()  # it has done its duty
    tell(f"saved with serial {pushed.serial}: {len(pushed.entries)} occurrences")
    return 0


@command.command("mv", short_help="Rename an occurrence or a meeting in the state.")
@click.argument("old", shell_complete=complete_either)
@click.argument("new", shell_complete=complete_either)
@lock_timeout_option
@global_options
def move(settings: Globals, *, old: str, new: str, lock_timeout: float) -> int:
    """Rename OLD to NEW in the state: two addresses, or the names of two meetings.

    DingTalk is neither asked nor changed. Rename a meeting in the config as well: its events keep the old name until
    the next apply writes the new one. For a single occurrence, what its event's marker says counts.

    \b
    Examples:
      reconciler state mv weekly-sync@2026-12-02T10:00 weekly-sync@2026-12-03T10:00
      reconciler state mv weekly-sync platform-sync
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project
    from reconciler.state.edit import moved

    project = open_project(settings)
    with project.store.lock.held("state mv", now=project.clock(), timeout_s=lock_timeout):
        state = project.store.load()
        changed, count = moved(state, old, new)
        project.store.save(changed)
    tell(f"{count} moved")
    meetings = project.config.meetings
    if "@" not in new and (old in meetings or new not in meetings):
        tell(f"now rename {old} to {new} in the config: as long as {old} is declared, what the events say counts")
    return 0


@command.command("rm")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, shell_complete=complete_either)
@option("--organizer", "organizers", metavar="UNIONID", multiple=True, help="Forget all in this person's calendar.")
@lock_timeout_option
@global_options
def remove(settings: Globals, *, addresses: tuple[str, ...], organizers: tuple[str, ...], lock_timeout: float) -> int:
    """Forget an occurrence, a whole meeting, or a former organiser. Events and conferences stay as they are.

    The next run finds an event with our marker again if it reads the calendar that holds it. It reads those of all
    organisers in the config, and of former ones until nothing of ours is left there. An account that is gone can't be
    read any more; --organizer forgets what was there.

    \b
    Examples:
      reconciler state rm weekly-sync@2026-12-02T10:00
      reconciler state rm --organizer qzR1iSAliceXXXXXXXXXXXX
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project
    from reconciler.state.edit import removed, without_organizer

    if not addresses and not organizers:
        raise UsageError("nothing to forget was named", fix="name addresses, meetings, or --organizer")
    project = open_project(settings)
    with project.store.lock.held("state rm", now=project.clock(), timeout_s=lock_timeout):
        state = project.store.load()
        total = 0
        for address in addresses:
            state, count = removed(state, address)
            total += count
        for organizer in organizers:
            state, count = without_organizer(state, organizer)
            total += count
        project.store.save(state)
    tell(f"{total} forgotten")
    return 0


@command.command("unlock", short_help="Remove the lock that a dead run has left.")
@click.argument("lock_id", metavar="[ID]", default="")
@global_options
def unlock(settings: Globals, *, lock_id: str) -> int:
    """Remove the lock that a dead run has left; with an ID, as the refused run prints it, only that lock.

    If the state is on this machine, a run that is alive keeps its lock. If it is shared, that run loses the lock, and
    what it writes from then on is refused.

    \b
    Examples:
      reconciler state unlock
      reconciler state unlock 4f0c8dd2-5a0f-4f2b-9d3c-0d6a3a1c7b1e
    """
    from reconciler.cli.console import tell
    from reconciler.cli.project import open_project

    holder = open_project(settings).store.lock.unlock(lock_id)
    if holder is None:
        tell("the state was not locked")
    else:
        tell("unlocked" if lock_id and not holder.who else f"unlocked; it was held by {holder}")
    return 0
