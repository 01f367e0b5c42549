"""The group of commands, and the one place where errors become text and exit codes."""

from __future__ import annotations

import errno
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import IO

import click

from reconciler import __version__
from reconciler.cli import documents, interrupt, logs
from reconciler.cli.arguments import Group
from reconciler.cli.options import Globals, global_options
from reconciler.errors import ConfigError, ReconcilerError, remedy

COMPLETING = "_RECONCILER_COMPLETE"  # set by a shell that asks for completions
USAGE = 64  # EX_USAGE; click's own 2 means "changes pending" here

# name → module, and the line that the overview shows: a command is imported only when it is asked for
COMMANDS = {
    "validate": ("reconciler.cli.validate", "Check the config, without calling DingTalk."),
    "plan": ("reconciler.cli.plan", "Show what apply would do."),
    "show": ("reconciler.cli.show", "Show a saved plan."),
    "apply": ("reconciler.cli.apply", "Make DingTalk match the config."),
    "drift": ("reconciler.cli.drift", "Show what people changed in DingTalk."),
    "destroy": ("reconciler.cli.destroy", "Cancel every future occurrence of this workspace."),
    "import": ("reconciler.cli.importing", "Declare meetings that people made by hand, to adopt them."),
    "agenda": ("reconciler.cli.agenda", "Show the next two weeks, day by day."),
    "rooms": ("reconciler.cli.rooms", "Show rooms: which exist, which are free, how much they are used."),
    "start": ("reconciler.cli.start", "Open a meeting's video conference now and ring its people."),
    "doctor": ("reconciler.cli.doctor", "Check that everything a run needs is in place."),
    "state": ("reconciler.cli.state", "Show and repair what is remembered between runs."),
    "sandbox": ("reconciler.cli.sandbox", "Run or reset the DingTalk-compatible sandbox."),
    "completion": ("reconciler.cli.completion", "Print a script that completes commands, options and meetings."),
    "version": ("reconciler.cli.version", "Print the version, and the versions of all formats."),
    "schema": ("reconciler.cli.schema", "Print the JSON Schema of the config or of a document."),
}


class Commands(Group):
    """Commands that are imported when they are used: `--help` and `--version` need none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(COMMANDS[cmd_name][0]), "command", None)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", message="reconciler %(version)s")
@global_options
def cli(settings: Globals) -> None:
    """Keep DingTalk meetings and room bookings in Git.

    Meetings are declared in YAML. `plan` shows what would change, and `apply` makes exactly those changes.

    \b
    Exit codes:
      0   done, or nothing to do
      1   an error, or some actions failed
      2   changes are pending (plan --detailed-exitcode), or there is drift (drift)
      3   nothing failed, but a DingTalk limit deferred some actions to a later run
      64  wrong usage

    \b
    Environment:
      DINGTALK_APP_KEY, DINGTALK_APP_SECRET  the credentials; with _FILE, their files
      RECONCILER_<OPTION>       any option
      RECONCILER_CLI_ARGS       arguments for every command; with _<command>, for one
      RECONCILER_INPUT=false    never ask
      RECONCILER_LOG            trace, debug, info, warn, error or off
      RECONCILER_LOG_PATH       file of the log
      RECONCILER_IN_AUTOMATION  leave out hints at what to run next
      RECONCILER_DATA_DIR       folder to use instead of .reconciler
      NO_COLOR                  print no colours

    \b
    Examples:
      reconciler validate
      reconciler plan
      reconciler apply
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code. No exception leaves this function."""
    _print_what_the_terminal_can()
    logs.expect(arguments)
    documents.begin()
    try:
        return _run(arguments)
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: Sequence[str]) -> int:
    if COMPLETING in os.environ:
        from reconciler.cli import completion  # noqa: F401  # it makes its own Bash known
    try:
        result = cli.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _refuse(_ended("interrupted"), 130)
    except interrupt.Interrupted as stop:
        return _refuse(_ended(stop.told), stop.exit_code)
    except click.ClickException as error:
        return _usage(error)
    except ConfigError as error:
        from reconciler.cli.console import show_problems

        show_problems(error.problems)
        documents.refuse(error)
        return error.exit_code
    except ReconcilerError as error:
        return _refuse(error, error.exit_code)
    except BrokenPipeError:
        raise
    except Exception as error:  # the last resort: a fault of ours is told in a sentence, too
        logging.getLogger("reconciler").debug("unexpected", exc_info=True)
        if isinstance(error, OSError) and error.errno != errno.ENOENT and (fix := remedy(error)):
            what = f"{error.filename or 'what is to be written'}: {error.strerror}"
            return _refuse(ReconcilerError(what, fix=fix), 1)
        fix = "this is a bug in reconciler: run again with -vv and report what it prints"
        fault = ReconcilerError(f"unexpected {type(error).__name__}: {error}", fix=fix)
        fault.code = "unexpected"
        return _refuse(fault, 1)
    return result if isinstance(result, int) else 0


def _print_what_the_terminal_can() -> None:
    """Let characters that a terminal's encoding lacks be escaped; what is closed is empty, or swallows all."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, _nowhere("r" if name == "stdin" else "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere(mode: str) -> IO[str]:
    return open(os.devnull, mode, encoding="utf-8")  # for as long as the process runs


def _ended(how: str) -> ReconcilerError:
    error = ReconcilerError(how)
    error.code = "interrupted"
    return error


def _refuse(error: ReconcilerError, code: int) -> int:
    """Tell why the run ended: to a person on stderr, to a program where it looks for the document."""
    _say(str(error))
    try:
        documents.refuse(error)
    except BrokenPipeError:
        raise
    except OSError:
        return code  # stdout can't be written: that, or what came before it, is told
    return code


def _usage(error: click.ClickException) -> int:
    if isinstance(error, click.BadParameter) and (variable := _variable(error)):
        error = click.UsageError(f"{error.format_message()} ({variable})", error.ctx)
    if logs.as_json():
        logs.tell_json("error", error.format_message())
    else:
        error.show(file=sys.stderr)
    return USAGE


def _variable(error: click.BadParameter) -> str:
    """Return which variable brought in the wrong value: on the command line people would look for it in vain."""
    parameter = error.param
    if error.ctx is None or parameter is None or not isinstance(parameter.envvar, str):
        return ""
    given = error.ctx.get_parameter_source(parameter.name or "")
    return f"set by {parameter.envvar}" if given is click.core.ParameterSource.ENVIRONMENT else ""


def _say(text: str) -> None:
    with interrupt.ignored():
        from reconciler.report.clean import for_terminal

        if logs.as_json():
            logs.tell_json("error", text)
            return
        lines = [for_terminal(line) for line in text.splitlines()]
        sys.stderr.write("error: " + "\n".join(lines) + "\n")


def _log(settings: Globals) -> None:
    logs.set_up(settings.verbose, settings.log_format)
