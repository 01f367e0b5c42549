"""What the environment adds to the command line: arguments, as Terraform's TF_CLI_ARGS does, and values of options."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

import click
from click.core import ParameterSource

VARIABLE = "RECONCILER_CLI_ARGS"


class Group(click.Group):
    """Commands whose arguments begin with those of RECONCILER_CLI_ARGS and RECONCILER_CLI_ARGS_<command>.

    They stand right after the command's name, so that what is given on the line wins, and what is meant for one command
    wins over what is meant for all. The name of a command within a group is both: RECONCILER_CLI_ARGS_state_list.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, and its arguments with those that the environment adds."""
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            self._suggest(ctx, args[0])
        name, found, rest = super().resolve_command(ctx, args)
        if ctx.resilient_parsing or name is None or isinstance(found, click.Group):
            return name, found, rest
        path = [*_above(ctx), name]
        own = f"{VARIABLE}_{'_'.join(path)}".replace("-", "_")
        return name, found, [*_split(VARIABLE), *_split(own), *rest]

    def _suggest(self, ctx: click.Context, name: str) -> None:
        """Fail with the command that `name` is most like; return where it is like none."""
        from difflib import get_close_matches

        if near := get_close_matches(name, self.list_commands(ctx), n=1):
            ctx.fail(f"No such command {name!r}. Did you mean {near[0]!r}?")


def is_own(ctx: click.Context, name: str) -> bool:
    """Return whether the value of a global option is to be had from `ctx`.

    Not so from a variable, in a command: the program itself has read it, and what stood before the name wins over it.
    """
    return ctx.parent is None or ctx.get_parameter_source(name) is not ParameterSource.ENVIRONMENT


def _above(ctx: click.Context) -> Iterator[str]:
    """Yield the names of the groups below the program itself."""
    if ctx.parent is not None:
        yield from _above(ctx.parent)
        yield ctx.info_name or ""


def _split(variable: str) -> list[str]:
    try:
        return shlex.split(os.environ.get(variable, ""))
    except ValueError as error:
        raise click.UsageError(f"{variable} can't be split into arguments: {error}") from error
