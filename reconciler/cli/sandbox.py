"""`sandbox`: run or reset the DingTalk-compatible sandbox."""

from __future__ import annotations

import signal
import sys
import threading

import click

from reconciler.cli.arguments import Group
from reconciler.cli.console import tell
from reconciler.cli.options import Globals, global_options, input_option, option


@click.group("sandbox", cls=Group)
@global_options
def command(settings: Globals) -> None:
    """Run or reset the DingTalk-compatible sandbox.

    \b
    Examples:
      reconciler sandbox serve --port 8790
      reconciler sandbox reset -y
    """


@command.command("serve", short_help="Serve the sandbox to any DingTalk client, and to a browser.")
@option("--port", type=click.IntRange(0, 65535), default=8790, show_default=True, help="The port; 0 takes a free one.")
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; any but loopback lets others reach it.",
)
@global_options
def serve(settings: Globals, *, port: int, host: str) -> int:
    """Serve the sandbox, so that any DingTalk client can be pointed at it. It shares its data with `kind: sandbox`.

    In a browser it shows what is booked, lets you edit it as people do, and lists the calls as they come in. Its page
    and its control answer only this machine, whatever --host says.

    \b
    Example:
      reconciler sandbox serve --port 8790
    """
    from reconciler.cli.project import open_project
    from reconciler.loopback import is_loopback
    from reconciler.workflow.provider import open_sandbox

    project = open_project(settings)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    with open_sandbox(project.config, clock=project.clock, port=port, host=host) as sandbox:
        if not is_loopback(host):
            tell(f"warning: whoever reaches {host} can use this sandbox: its key and secret are public")
        tell(f"DingTalk sandbox at {sandbox.endpoint} (stop it with Ctrl-C): look at it in a browser.")
        tell("Point a client at it with:")
        keys = sandbox.credentials
        click.echo(f"export DINGTALK_APP_KEY={keys.app_key} DINGTALK_APP_SECRET={keys.app_secret}")
        stopped.wait()
        if sys.stderr.isatty():
            click.echo(err=True)  # after the ^C of the terminal
    return 0


@command.command("reset")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@input_option
@global_options
def reset(settings: Globals, *, yes: bool, may_ask: bool) -> int:
    """Forget everything that the sandbox holds. The state is kept: it will see that all is gone.

    \b
    Examples:
      reconciler sandbox reset
      reconciler sandbox reset -y
    """
    from reconciler.cli.applying import confirmed
    from reconciler.cli.project import open_project
    from reconciler.workflow.provider import sandbox_file

    path = sandbox_file(open_project(settings).config)
    if not confirmed(f"Delete {path}?", auto_approve=yes, may_ask=may_ask, count=1, fix="run with -y"):
        tell("Nothing was changed.")
        return 1
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)
    tell(f"{path} is gone.")
    return 0
