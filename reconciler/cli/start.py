"""`start`: open a meeting's video conference now."""

from __future__ import annotations

import click

from reconciler.cli.documents import publish
from reconciler.cli.names import complete_meeting
from reconciler.cli.options import Globals, global_options, lock_timeout_option, option


@click.command("start")
@click.argument("meeting", shell_complete=complete_meeting)
@option("--again", is_flag=True, help="Ring everybody again for an occurrence that was opened before.")
@option("--json", "as_json", is_flag=True, help="Print a JSON document, which contains the passwords.")
@lock_timeout_option
@global_options
def command(settings: Globals, *, meeting: str, again: bool, as_json: bool, lock_timeout: float) -> int:
    """Open an instant video conference for MEETING now and ring its declared attendees.

    The conference belongs to the occurrence that is on, or else to the next one. If it was opened before, its link is
    printed and nobody is rung. The passwords are printed once and kept nowhere.

    \b
    Examples:
      reconciler start weekly-sync
      reconciler start weekly-sync --again
    """
    from reconciler.cli.project import open_project
    from reconciler.workflow.opening import open_meeting

    project = open_project(settings)
    lock = project.store.lock.held("start", now=project.clock(), timeout_s=lock_timeout)
    with project.client() as client, lock:
        opening = open_meeting(project.config, client, project.store, meeting, now=project.clock(), again=again)
    if as_json:
        from reconciler.report.document import opening_document

        publish(lambda: opening_document(opening.occurrence, opening.opened, opening.conference))
    else:
        from reconciler.cli.console import show
        from reconciler.report.opening_text import opening_text

        text = opening_text(opening.occurrence, opening.opened, opening.conference, running=opening.running)
        show(text, no_color=settings.no_color)
    return 0
