"""Options that commands share. Each also reads `RECONCILER_<OPTION>`."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from reconciler.cli import documents
from reconciler.cli.arguments import is_own
from reconciler.cli.logs import set_up
from reconciler.cli.names import complete_meeting

Command = Callable[..., Any]  # click calls it by the names of its options
_DEFAULT = Path("meetings.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Globals:
    """The options that stand before or after the command's name, and how briefly a command tells of a plan."""

    config: Path = _DEFAULT
    now: datetime | None = None
    no_color: bool = False
    verbose: int = 0
    log_format: str = "text"
    compact_warnings: bool = False
    concise: bool = False

    @property
    def program(self) -> str:
        """Return how to call this program in a shell, so that it goes by the same config."""
        return "reconciler" if self.config == _DEFAULT else f"reconciler -c {shlex.quote(str(self.config))}"

    def clock(self) -> Callable[[], datetime]:
        """Return a clock that goes on from `--now`, or the real one."""
        if self.now is None:
            return lambda: datetime.now(UTC)
        offset = self.now - datetime.now(UTC)
        return lambda: datetime.now(UTC) + offset


class Moment(click.ParamType[datetime]):
    """An ISO 8601 instant; without an offset it is UTC."""

    name = "ISO 8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the aware instant that `value` names."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 moment such as 2026-12-01T09:00:00+08:00", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def option(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """Declare an option that also reads `RECONCILER_<OPTION>`."""
    long = next(name for name in names if name.startswith("--"))
    variable = long.split("/")[0].removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=f"RECONCILER_{variable}", show_envvar=False, **settings)


def global_options(command: Command) -> Command:
    """Give `command` the global options and, in their place, one argument `settings: Globals`.

    They may stand before the command's name or after it; what stands after it wins.
    """

    @option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        help="The config: a file, or a folder of *.yaml.  [default: meetings.yaml]",
    )
    @option("--now", type=Moment(), help="Evaluate the config as of another moment.")
    @option("--no-color", is_flag=True, default=None, help="Print no colours (or set NO_COLOR).")
    @option(
        "-v", "--verbose", count=True, default=None, help="Print more; -vv logs every call (or set RECONCILER_LOG)."
    )
    @option("--log-format", type=click.Choice(("text", "json")), help="Format of what goes to stderr.  [default: text]")
    @click.pass_context
    @functools.wraps(command)
    def wrapped(ctx: click.Context, /, **arguments: Any) -> Any:
        documents.want(stdout=bool(arguments.get("as_json")))
        known = ctx.find_object(Globals) or Globals()
        given = {
            name: value
            for name in ("config", "now", "no_color", "verbose", "log_format")
            if (value := arguments.pop(name)) is not None and value is not False and value != 0 and is_own(ctx, name)
        }
        settings = replace(known, **given)
        ctx.obj = settings
        set_up(settings.verbose, settings.log_format)
        documents.check()
        return command(settings=settings, **arguments)

    return wrapped


class Seconds(click.ParamType[float]):
    """A duration such as 90s, 5m or 1h; a bare number is seconds, unless `bare` is False: then it is refused."""

    name = "duration"

    def __init__(self, *, bare: bool = True) -> None:
        self._bare = bare

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds that `value` names."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)?", str(value))
        if match is None:
            self.fail(f"{value!r} is not a duration such as 90s or 5m", param, ctx)
        if not (match[2] or self._bare):
            self.fail(f"{value!r} has no unit: write {value}m for minutes, {value}h for hours", param, ctx)
        return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a plan is about, by names of meetings: the `targets`, none of them: all but the `excluded`.

    `parallelism` is how many calls are made at a time.
    """

    targets: frozenset[str]
    excluded: frozenset[str]
    parallelism: int


def planning_options(command: Command) -> Command:
    """Give `command` what every command takes that makes a plan: `as_json`, and one argument `selection`."""

    @option("--json", "as_json", is_flag=True, help="Print a JSON document.")
    @option(
        "--target",
        "targets",
        multiple=True,
        metavar="MEETING",
        shell_complete=complete_meeting,
        help="Only this meeting; may be repeated.",
    )
    @option(
        "--exclude",
        "excludes",
        multiple=True,
        metavar="MEETING",
        shell_complete=complete_meeting,
        help="All but this meeting; may be repeated.",
    )
    @option(
        "--parallelism",
        type=click.IntRange(1, 256),
        default=64,
        show_default=True,
        help="How many calls to make at a time, for all APIs together.",
    )
    @functools.wraps(command)
    def wrapped(*, targets: tuple[str, ...], excludes: tuple[str, ...], parallelism: int, **arguments: Any) -> Any:
        selection = Selection(targets=frozenset(targets), excluded=frozenset(excludes), parallelism=parallelism)
        return command(selection=selection, **arguments)

    return wrapped


def json_into_option(command: Command) -> Command:
    """Give `command` the choice to write its document into a file."""

    @option(
        "--json-into",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Also write the JSON document to FILE, whatever is printed.",
    )
    @functools.wraps(command)
    def wrapped(*, json_into: Path | None, **arguments: Any) -> Any:
        documents.want_into(json_into)
        return command(**arguments)

    return wrapped


def lock_option(command: Command) -> Command:
    """Give `command` one argument `lock`: whether the state may be locked and written."""

    @option(
        "--lock",
        type=click.BOOL,
        is_flag=False,
        flag_value=True,
        default=True,
        metavar="BOOLEAN",
        help="--lock=false: neither lock nor write the state, for runs that may only read it.",
    )
    @click.option("--no-lock", is_flag=True, help="The same as --lock=false.")
    @functools.wraps(command)
    def wrapped(*, lock: bool, no_lock: bool, **arguments: Any) -> Any:
        return command(lock=lock and not no_lock, **arguments)

    return wrapped


def looking_options(command: Command) -> Command:
    """Give `command` two arguments, `lock` and `lock_timeout`: whether a look locks the state, how long it waits."""
    return lock_option(lock_timeout_option(command))


def lock_timeout_option(command: Command) -> Command:
    """Give `command` the choice of how long to wait for the lock."""
    return option(
        "--lock-timeout",
        type=Seconds(),
        default="0s",
        show_default=True,
        help="How long to wait for the lock of the state.",
    )(command)


def input_option(command: Command) -> Command:
    """Give `command` one argument `may_ask`: whether a person may be asked."""
    return option(
        "--input",
        "may_ask",
        type=click.BOOL,
        default=True,
        metavar="BOOLEAN",
        help="--input=false: never ask, even on a terminal; refuse whatever needs approval.",
    )(command)


def brief_options(command: Command) -> Command:
    """Let `settings` say how briefly to tell of a plan. It stands below `global_options`, which makes the settings."""

    @option("--compact-warnings", is_flag=True, help="Show only the first line of each warning, without what to do.")
    @option("--concise", is_flag=True, help="Leave out progress, and remarks that need no action.")
    @functools.wraps(command)
    def wrapped(*, settings: Globals, compact_warnings: bool, concise: bool, **arguments: Any) -> Any:
        return command(settings=replace(settings, compact_warnings=compact_warnings, concise=concise), **arguments)

    return wrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a run that writes may do without being held back, and how long it waits for the lock, in seconds."""

    auto_approve: bool
    may_ask: bool
    ignore_quota: bool
    override_freeze: bool
    lock_timeout_s: float


def writing_options(command: Command) -> Command:
    """Give `command` what every command takes that writes to DingTalk: as `planning_options`, and one `consent`."""

    @option("-y", "--auto-approve", is_flag=True, help="Do not ask. Needed if there is no terminal.")
    @input_option
    @planning_options
    @lock_timeout_option
    @option("--ignore-quota", is_flag=True, help="Go on even if the month's calls may not suffice.")
    @option("--override-freeze", is_flag=True, help="Go on even during a `freeze` of the config.")
    @functools.wraps(command)
    def wrapped(
        *,
        auto_approve: bool,
        may_ask: bool,
        ignore_quota: bool,
        override_freeze: bool,
        lock_timeout: float,
        **arguments: Any,
    ) -> Any:
        consent = Consent(
            auto_approve=auto_approve,
            may_ask=may_ask,
            ignore_quota=ignore_quota,
            override_freeze=override_freeze,
            lock_timeout_s=lock_timeout,
        )
        return command(consent=consent, **arguments)

    return wrapped


def annotations_option(command: Command) -> Command:
    """Give `command` the choice to annotate the lines of the config."""
    return option(
        "--annotations",
        type=click.Choice(("github",)),
        help="Print annotations, which show problems on the lines that caused them.",
    )(command)


def codequality_option(command: Command) -> Command:
    """Give `command` the choice to write the problems of the config into a file, as GitLab takes them."""
    return option(
        "--codequality",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Also write a GitLab Code Quality report.",
    )(command)


def ci_outputs_option(command: Command) -> Command:
    """Give `command` the choice to tell a step of GitHub Actions what came of it."""
    return option(
        "--ci-outputs", is_flag=True, help="In a GitHub Actions step: set its outputs; plan also adds to the summary."
    )(command)


def markdown_options(command: Command) -> Command:
    """Give `command` one argument `markdown_limit`: the characters of the Markdown asked for, None where it was not."""

    @option("--markdown", is_flag=True, help="Print Markdown, for a comment on a pull request.")
    @option(
        "--markdown-limit",
        type=click.IntRange(4_000, 1_000_000),
        default=60_000,
        show_default=True,
        metavar="CHARACTERS",
        help="How long the Markdown may be; what does not fit is only counted.",
    )
    @functools.wraps(command)
    def wrapped(*, markdown: bool, markdown_limit: int, **arguments: Any) -> Any:
        if markdown and arguments.get("as_json"):
            raise click.UsageError("--json and --markdown can't be used together")
        return command(markdown_limit=markdown_limit if markdown else None, **arguments)

    return wrapped


def hide_people_option(command: Command) -> Command:
    """Give `command` one argument `hide_people`: whether what it prints is to name nobody."""
    return option(
        "--hide-people",
        is_flag=True,
        help="Call people person-1, person-2, …, for who may read this and is not meant to know them. Titles and"
        " descriptions stay.",
    )(command)


def html_option(command: Command) -> Command:
    """Give `command` one argument `html`: the file to write a page to, None where none is wanted."""
    return option(
        "--html",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Write a self-contained HTML page: weeks by room, and a list by meeting; - is stdout.",
    )(command)


def foresight_option(command: Command) -> Command:
    """Give `command` the choice whether rooms are looked at before they are booked."""
    return option(
        "--foresight",
        type=click.BOOL,
        is_flag=False,
        flag_value=True,
        default=True,
        metavar="BOOLEAN",
        help="--foresight=false: do not check whether rooms are free and may be booked, which costs a few calls.",
    )(command)


def refresh_option(command: Command) -> Command:
    """Give `command` the choice of how much to ask."""
    return option(
        "--refresh",
        type=click.Choice(("auto", "full", "calendar", "none")),
        default="auto",
        show_default=True,
        help="How much to read from DingTalk: everything (full), only the calendars, or nothing.",
    )(command)
