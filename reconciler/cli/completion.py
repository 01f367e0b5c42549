"""`completion`: let a shell complete commands, options, and the names of meetings."""

from __future__ import annotations

import os
from typing import ClassVar

import click
from click.shell_completion import (
    BashComplete,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from reconciler.cli.options import Globals, global_options

PROGRAM, VARIABLE = "reconciler", "_RECONCILER_COMPLETE"


@add_completion_class
class WholeWords(BashComplete):
    """Bash as we need it: it takes an address apart at `@` and `:`, so we go by the line, and give it the last part."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = """\
%(complete_func)s() {
    local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}" prefix="" response completion type value word breaks
    response=$(env COMP_LINE="$line" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    word="${line##* }"
    breaks="${COMP_WORDBREAKS//[^@:=]/}"
    if [[ -n $breaks ]]; then
        prefix="${word%%"${word##*["$breaks"]}"}"
    fi
    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == 'dir' ]]; then
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            COMPREPLY+=("${value#"$prefix"}")
        fi
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def source(self) -> str:
        return ShellComplete.source(self)  # without running bash for its version

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE")
        if line is None:  # asked as click asks, by COMP_WORDS and COMP_CWORD
            return super().get_completion_args()
        words = split_arg_string(line)
        incomplete = "" if not line or line[-1].isspace() else words.pop()
        return words[1:], incomplete


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@global_options
def command(settings: Globals, *, shell: str) -> int:  # noqa: ARG001  # every command has the global options
    """Print a script that lets SHELL complete commands, options, meetings, people, rooms and addresses.

    Meetings, people and rooms are those of the config that the line names, or RECONCILER_CONFIG, or meetings.yaml;
    addresses those that the state beside it knows. Nobody is called.

    \b
    Examples:
      eval "$(reconciler completion bash)"                    # in ~/.bashrc; bash 4.4 or newer
      eval "$(reconciler completion zsh)"                     # in ~/.zshrc
      reconciler completion fish > ~/.config/fish/completions/reconciler.fish
    """
    program = click.get_current_context().find_root().command

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"nothing is known of {shell}")
    click.echo(found(program, {}, PROGRAM, VARIABLE).source(), nl=False)
    return 0
