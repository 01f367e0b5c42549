"""`import`: declare what people made by hand, so that the next apply adopts it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.documents import publish
from reconciler.cli.names import complete_person
from reconciler.cli.options import Globals, Moment, global_options, option

if TYPE_CHECKING:
    from reconciler.workflow.importing import Imported


@click.command("import")
@option(
    "--organizer",
    required=True,
    metavar="PERSON",
    shell_complete=complete_person,
    help="Whose calendar to look at: an alias of the config.",
)
@option("--from", "since", type=Moment(), help="The first moment to look at.  [default: now]")
@option("--to", "until", type=Moment(), help="The last moment to look at.  [default: a year after --from]")
@option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to a new file.")
@option("--write", is_flag=True, help="Add to the config, keeping its comments.")
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@global_options
def command(
    settings: Globals,
    *,
    organizer: str,
    since: datetime | None,
    until: datetime | None,
    out: Path | None,
    write: bool,
    as_json: bool,
) -> int:
    """Declare the events that people made by hand in a calendar: on stdout, in a file, or in the config.

    Events that recur become one meeting, with the rule they follow and its exceptions. DingTalk's own recurring events
    become meetings with `calendar: series`. People and rooms that the config lacks get aliases. All meetings have
    `link: event` and name their events in `adopt`. The next apply puts our marker into these events and changes
    nothing else: same events, same links, nobody is told. What can't be declared is left out, with the reason on
    stderr and in a comment.

    Nothing is written to DingTalk.

    \b
    Examples:
      reconciler import --organizer alice
      reconciler import --organizer alice --to 2027-03-31 --write && reconciler plan
      reconciler -c meetings.d import --organizer bob --out meetings.d/bob.yaml
    """
    from reconciler.cli.console import progress, tell
    from reconciler.cli.project import open_project
    from reconciler.workflow.bookkeeping import remember_calls
    from reconciler.workflow.importing import A_YEAR, Calendar, import_calendar, passed_over, told

    _check(settings.config, out, write=write)
    project = open_project(settings)
    now = project.clock()
    begin = since or now
    asked = Calendar(organizer=organizer, since=begin, until=until or begin + A_YEAR)
    with project.reader() as reader:
        with progress("Reading DingTalk", no_color=settings.no_color, quiet=as_json) as tick:
            found = import_calendar(
                project.config, settings.config, reader, project.store.load(), asked, now=now, progress=tick
            )
        remember_calls(project.store, reader, now=project.clock())
    for one in found.left_out:
        tell(f"left out: {told(one)}")
    for line in passed_over(found.managed, project.config.workspace):
        tell(line[0].lower() + line[1:])
    place = settings.config if write else out
    if place is not None:
        _save(found, place, into=write)
        tell(_done(found, place))
    if as_json:
        from reconciler.report.import_document import import_document

        document = import_document(
            found.tree,
            found.left_out,
            workspace=project.config.workspace,
            organizer=organizer,
            window=(asked.since, asked.until),
            events=found.events,
            managed=found.managed,
            now=now,
        )
        publish(lambda: document)
    elif place is None:
        from reconciler.cli.files import print_utf8

        print_utf8(found.text)
    return 0


def _check(config: Path, out: Path | None, *, write: bool) -> None:
    from reconciler.cli.files import check_writable
    from reconciler.errors import UsageError

    if write and out is not None:
        raise UsageError("--out and --write can't be used together", fix="use one of the two")
    if write and config.is_dir():
        fix = f"write a file of its own into it: --out {config / 'imported.yaml'}"
        raise UsageError(f"{config} is a folder: there is no one file to write into", fix=fix)
    if out is not None and out.exists():
        raise UsageError(f"{out} exists already", fix="name a new file")
    check_writable(out, "it")


def _save(found: Imported, place: Path, *, into: bool) -> None:
    from reconciler.adopting.writing import added_to
    from reconciler.cli.files import unwritable

    if not found.meetings:
        return  # a file without a section would be no config
    try:
        text = found.text
        if into:
            place = place.resolve()  # what a link leads to is the config
            before = place.read_bytes().decode("utf-8")
            text = added_to(before, found.tree, found.remarks, where=str(place))
        temporary = place.with_name(f".{place.name}.tmp")
        temporary.write_bytes(text.encode("utf-8"))
        if into:
            temporary.chmod(place.stat().st_mode)
        temporary.replace(place)
    except OSError as error:
        raise unwritable("it", place, error) from error


def _done(found: Imported, place: Path) -> str:
    from reconciler.cli.console import in_automation
    from reconciler.workflow.importing import count

    if not found.meetings:
        return f"nothing to import; {place} is {'unchanged' if place.exists() else 'not written'}"
    done = f"{place}: {count(found.events, found.meetings)}"
    return done if in_automation() else f"{done}\n  next: `reconciler plan` shows what will be adopted"
