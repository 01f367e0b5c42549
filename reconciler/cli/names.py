"""Names for a shell to complete: meetings, people and rooms of the config, addresses of the local state.

This runs at every press of a key: nothing is validated, no library is loaded but the YAML parser, and whatever is wrong
completes nothing, silently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from reconciler.cli.arguments import is_own
from reconciler.state.folder import data_folder

LARGEST = 5_000_000  # bytes of a file that is looked into
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@:._-]{0,120}")  # nothing that a shell or a terminal could obey
_SECTION_DEPTH = 2


def complete_meeting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # click's signature
    """Return the meetings of the config whose names begin like this."""
    return _beginning(incomplete, lambda: _names("meetings", _config(ctx)))


def complete_person(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # click's signature
    """Return the people of the config whose aliases begin like this."""
    return _beginning(incomplete, lambda: _names("people", _config(ctx)))


def complete_invited(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the people and the groups of the config whose names begin like this."""
    groups = _beginning(incomplete, lambda: _names("groups", _config(ctx)))
    return sorted({*complete_person(ctx, param, incomplete), *groups})


def complete_room(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # click's signature
    """Return the rooms of the config whose aliases begin like this."""
    return _beginning(incomplete, lambda: _names("rooms", _config(ctx)))


def complete_address(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  # click's signature
    """Return the occurrences that the state beside the config knows; one that is shared is not asked for."""
    return _beginning(incomplete, lambda: _addresses(_config(ctx)))


def complete_either(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return meetings and occurrences."""
    return sorted({*complete_meeting(ctx, param, incomplete), *complete_address(ctx, param, incomplete)})


def _beginning(incomplete: str, names: Any) -> list[str]:
    try:
        return sorted({name for name in names() if name.startswith(incomplete) and _PLAIN.fullmatch(name)})
    except Exception:  # noqa: BLE001  # a shell that waits for a completion is no place for any error
        return []


def _config(ctx: click.Context) -> Path:
    asked: click.Context | None = ctx
    while asked is not None:
        if is_own(asked, "config") and asked.params.get("config") is not None:
            return Path(asked.params["config"])
        asked = asked.parent
    return Path("meetings.yaml")


def _names(section: str, config: Path) -> Iterator[str]:
    files = sorted(config.glob("[!.]*.y*ml")) if config.is_dir() else [config]
    for file in files:
        if file.stat().st_size <= LARGEST:
            yield from keys_of(section, file.read_bytes())


def _addresses(config: Path) -> Iterator[str]:
    folder = config if config.is_dir() else config.parent
    state = data_folder(folder) / "state.json"
    if state.stat().st_size <= LARGEST:
        yield from json.loads(state.read_bytes())["occurrences"]


def keys_of(section: str, text: bytes) -> Iterator[str]:
    """Yield the keys of a section of a YAML file, as far as it can be read. Not recursive: it may nest as it likes."""
    import yaml

    open_: list[list[Any]] = []  # of each collection: whether it is a mapping, and the key that waits for its value
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        top = open_[-1] if open_ else None
        if isinstance(event, yaml.ScalarEvent) and top is not None and top[0] and top[1] is None:
            top[1] = event.value
            if len(open_) == _SECTION_DEPTH and open_[0][1] == section:
                yield event.value
            continue
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append([isinstance(event, yaml.MappingStartEvent), None])
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
        elif not isinstance(event, yaml.NodeEvent):
            continue
        if open_:
            open_[-1][1] = None  # the value of the pair is complete
