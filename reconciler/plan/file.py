"""A plan in a file: sorted JSON that says what will be done, and on what ground, for an apply that does exactly that.

It holds the operations, what was seen of each occurrence they touch with a digest of it, a digest of the config, and
the lineage and serial of the state. It holds no secret. A checksum over everything tells an edited file from ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from reconciler.config.model import Config
from reconciler.desired import People, aliases_of, ids_of
from reconciler.errors import PlanUnreadable
from reconciler.model.state import Entry, State
from reconciler.plan.codec import Json, decode, encode
from reconciler.plan.digests import config_digest, digest, state_digest
from reconciler.plan.operations import (
    Plan,
)

FORMAT_VERSION = "1.0"


_FORMAT = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")


_OURS = tuple(int(part) for part in FORMAT_VERSION.split("."))


def dumps(
    plan: Plan, *, config: Config, people: People, state: State, refresh: str, settled: Iterable[Entry] = ()
) -> str:
    """Return the plan as the text of a file: keys sorted. `refresh` is how much was asked of DingTalk for it.

    Aliases of people and rooms, titles and what stays around the changes are in it, so that it can be shown where there
    is no config. `settled` are what is known of occurrences that needed no look.
    """
    changed = sorted({planned.change.meeting for planned in plan.changes})
    document = encode(plan, settled=settled) | {
        "format_version": FORMAT_VERSION,
        "config_digest": config_digest(config),
        "refresh": refresh,
        "qps": config.provider.qps,
        "names": {
            "people": aliases_of(people),
            "aliases": ids_of(config, people),
            "rooms": config.room_aliases,
            "titles": {name: config.meetings[name].title for name in changed if name in config.meetings},
        },
        "state": {"lineage": state.lineage, "serial": state.serial, "digest": state_digest(state)},
        "rooms": [asdict(room) for room in config.rooms.values()],
    }
    document["checksum"] = digest(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def loads(text: str, *, where: str) -> tuple[Plan, Json]:
    """Return the plan that `text` holds, and the document it was read from.

    Of a newer minor format what is unknown here is passed over: see `check_format` before it is applied.
    Raises PlanUnreadable, naming `where`, if it is none, has another major format, or was changed since.
    """
    document = _document(text, where)
    version = _check_version(document["format_version"], where)
    if document.pop("checksum") != digest(document):
        raise PlanUnreadable("the plan was edited after it was made", where=where, fix="plan again")
    try:
        return decode(document), document
    except Exception as error:
        if version > _OURS:
            raise _newer(document["format_version"], where) from error
        what = f"the plan can't be read: something in it is missing or has the wrong type ({str(error)[:80]})"
        raise PlanUnreadable(what, where=where, fix="plan again, with --out") from error


def check_format(ground: Mapping[str, Any]) -> None:
    """Raise PlanUnreadable where a plan, by its document, has a newer format than ours.

    It may ask for what we pass over, and then what is applied would not be what was reviewed.
    """
    if _parsed(ground["format_version"]) > _OURS:
        raise _newer(ground["format_version"], "")


def _document(text: str, where: str) -> Json:
    fix = "name a file that `plan --out FILE` wrote"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanUnreadable("this is not a saved plan: it is not JSON", where=where, fix=fix) from error
    if not isinstance(document, dict) or "format_version" not in document:
        raise PlanUnreadable("this is not a saved plan: it does not say its format", where=where, fix=fix)
    if "checksum" not in document and "config_digest" not in document and "summary" in document:
        raise PlanUnreadable("this is what --json prints, not a saved plan", where=where, fix=fix)
    document.setdefault("checksum", None)
    return document


def _check_version(version: object, where: str) -> tuple[int, ...]:
    """Return a format as numbers. Raises PlanUnreadable for one of another major number."""
    theirs = _parsed(version)
    if not theirs:
        what = f"this is not a saved plan: its format is {str(version)[:20]!r}"
        raise PlanUnreadable(what, where=where, fix="name a file that `plan --out FILE` wrote")
    if theirs[0] > _OURS[0]:
        raise _newer(version, where)
    if theirs[0] < _OURS[0]:
        what = f"the plan has format {version}, this program reads {FORMAT_VERSION}"
        raise PlanUnreadable(what, where=where, fix="plan again: older formats are not read")
    return theirs


def _parsed(version: object) -> tuple[int, ...]:
    """Return a format such as "1.0" as numbers, none where it is no format."""
    text = str(version)
    return tuple(int(part) for part in text.split(".")) if _FORMAT.fullmatch(text) else ()


def _newer(version: object, where: str) -> PlanUnreadable:
    what = f"the plan has format {version}, this program knows {FORMAT_VERSION}: it may ask for something unknown here"
    return PlanUnreadable(what, where=where, fix="apply it with the newer reconciler that made it, or plan again")
