"""`doctor`: look whether everything that a run needs is in place."""

from __future__ import annotations

import os

import click

from reconciler.cli.documents import of_workspace, publish
from reconciler.cli.options import Globals, global_options, lock_option, option


@click.command("doctor")
@lock_option
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@global_options
def command(settings: Globals, *, lock: bool, as_json: bool) -> int:
    """Check that everything a run needs is in place. It cannot change anything in DingTalk.

    It checks the credentials, this machine's clock, the people and rooms of the config, the app's permissions, the
    state and its lock, and how many of the month's calls are left. Every line says ok, or what to do. It costs four
    calls of the monthly quota, and one more for each further hundred rooms.

    Exit codes: 0 nothing failed; 1 something did.

    \b
    Examples:
      reconciler doctor
      reconciler doctor --json | jq '.checks[] | select(.verdict != "ok")'
      reconciler doctor --lock=false
    """
    from reconciler.cli.console import progress
    from reconciler.config import load
    from reconciler.doctor.examine import Examination

    clock = settings.clock()
    config = load(settings.config, now=clock())
    of_workspace(config.workspace)
    with progress("Asking DingTalk", no_color=settings.no_color, quiet=as_json) as tick:
        checkup = Examination(
            config=config,
            environment=os.environ,
            clock=clock,
            lock=lock,
            program=settings.program,
            progress=tick,
        ).run()
    if as_json:
        from reconciler.report.doctor_document import doctor_document

        publish(lambda: doctor_document(checkup, workspace=config.workspace, now=clock()))
    else:
        from reconciler.cli.console import show
        from reconciler.report.doctor_text import doctor_text

        show(doctor_text(checkup), no_color=settings.no_color)
    return 0 if checkup.sound else 1
