"""`version`: which version this is, and which formats it reads and writes."""

from __future__ import annotations

import platform

import click

from reconciler import __version__
from reconciler.cli.options import Globals, global_options, option


@click.command("version")
@option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@global_options
def command(settings: Globals, *, as_json: bool) -> int:  # noqa: ARG001  # every command has the global options
    """Print the version, and with --json the versions of the formats that it reads and writes.

    \b
    Examples:
      reconciler version
      reconciler version --json | jq -r .version
    """
    if not as_json:
        click.echo(f"reconciler {__version__}")
        return 0
    from reconciler.model import state
    from reconciler.plan import file as planfile
    from reconciler.report.document import FORMAT_VERSION, dump

    formats = {
        "config": 1,
        "documents": FORMAT_VERSION,
        "marker": 1,
        "plan": planfile.FORMAT_VERSION,
        "state": state.FORMAT_VERSION,
    }
    system = f"{platform.system()} {platform.machine()}"
    click.echo(
        dump({"version": __version__, "python": platform.python_version(), "platform": system, "formats": formats}),
        nl=False,
    )
    return 0
