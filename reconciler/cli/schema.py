"""`schema`: print a JSON Schema."""

from __future__ import annotations

import click

from reconciler.cli.options import Globals, global_options

NAMES = ("meetings", "plan", "apply", "validate", "agenda", "rooms", "start", "drift", "import", "doctor", "error")


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), default="meetings", metavar="[DOCUMENT]")
@global_options
def command(settings: Globals, *, name: str) -> int:  # noqa: ARG001  # every command has the global options
    """Print a JSON Schema (2020-12): of the config, meetings, by default, or of a document that `--json` prints.

    DOCUMENT is one of meetings, plan, apply, validate, agenda, rooms, start, drift, import, doctor, and error for a run
    that was refused.

    \b
    Examples:
      reconciler schema > meetings.schema.json
      reconciler schema plan
    """
    from reconciler.resources import schema_text

    click.echo(schema_text(name), nl=False)
    return 0
