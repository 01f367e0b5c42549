"""What the JSON Schema forbids, in the words of the people who wrote the config, and what to write instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler import resources
from reconciler.config.document import SECTIONS, Path
from reconciler.config.quick import first_repeated, matches
from reconciler.config.words import did_you_mean, example, meant, one_of, show, similar
from reconciler.schedule.recurrence import RuleError
from reconciler.schedule.words import is_day, parse_day, parse_every
from reconciler.schedule.zones import UnknownZone, zone

if TYPE_CHECKING:
    from jsonschema import ValidationError

# What is written where it can't be.
_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)")
_COMMAS = "，、；"  # what a Chinese keyboard types between the items of a list
_CREDENTIALS = frozenset({"app_key", "app_secret", "appkey", "appsecret", "client_id", "client_secret", "secret"})
# Words that other tools use for what has another name here.
_OF_THE_MEETING = {"max_conflicts"}  # what people write into a pool
_ALSO_CALLED = {
    "name": "title",
    "summary": "title",
    "subject": "title",
    "participants": "attendees",
    "members": "attendees",
    "invitees": "attendees",
    "location": "rooms",
    "room": "rooms",
    "host": "organizer",
    "owner": "organizer",
    "when": "schedule",
    "recurrence": "schedule",
    "tz": "timezone",
    "time": "start",
    "date": "start",
    "end": "duration",
    "length": "duration",
    "exdate": "skip",
    "except": "skip",
    "rdate": "add",
    "override": "change",
    "frequency": "every",
    "interval": "every",
    "days": "on",
    "byday": "on",
    "url": "endpoint",
    "unionId": "union_id",
    "userId": "userid",
    "phone": "mobile",
}
_WANTED = {
    "string": "text",
    "object": "a mapping of `key: value`",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
}
_TRUE, _FALSE = {"true", "yes", "on", "y", "1"}, {"false", "no", "off", "n", "0"}
_URLS = {"endpoint", "address", "lock_address", "unlock_address"}
_NUMBERED = "put it in quotes, so that it is text"


class Fault(NamedTuple):
    """One thing that the schema forbids. `spoils`: the value at `path` can't be used for anything."""

    path: Path
    message: str
    hint: str
    on_key: bool = False
    spoils: bool = False
    # Of an unknown field what it seems to mean, of a missing one itself: who misspells a field doesn't miss it too.
    meant: Path = ()


def faults_of(error: ValidationError) -> Iterator[Fault]:
    """Yield what one of jsonschema's errors means."""
    path: Path = tuple(error.absolute_path)
    schema: dict[str, Any] = error.schema  # type: ignore[assignment]  # true and false are not among ours
    instance: Any = error.instance
    limit: Any = error.validator_value
    if "propertyNames" in error.absolute_schema_path:
        message = f"{show(instance)} is not a valid name here"
        yield Fault((*path, instance), message, _guess(instance, schema) + _lower(schema), on_key=True)
        return
    match error.validator:
        case "additionalProperties":
            yield from _unknown_fields(path, instance, schema)
        case "required":
            yield from _missing_fields(error, path, schema)
        case "oneOf":
            yield from _one_of(path, instance, limit)
        case "not":
            first, second = limit["required"]
            yield Fault((*path, second), f"{first} and {second} can't both be given", "keep one of them", on_key=True)
        case "uniqueItems":
            at = first_repeated(instance) or 0
            message = f"{show(instance[at])} is listed twice in {_name(path)}"
            yield Fault((*path, at), message, "keep one of them")
        case _:
            yield Fault(path, *_wrong(error, path, schema), spoils=True)


def _unknown_fields(path: Path, instance: dict[str, Any], schema: dict[str, Any]) -> Iterator[Fault]:
    for key in instance.keys() - schema.get("properties", {}).keys():
        field: str | None = None
        if key in _OF_THE_MEETING and path[-1:] == ("rooms",):
            hint = "it belongs to the meeting, beside its `rooms`"
        else:
            hint, field = _unknown(key, schema)
        message = f"there is no field {show(key)} here"
        yield Fault((*path, key), message, hint, on_key=True, meant=(*path, field) if field else ())


def _missing_fields(error: ValidationError, path: Path, schema: dict[str, Any]) -> Iterator[Fault]:
    names: Any = error.validator_value
    instance: Any = error.instance
    for key in names:  # jsonschema reports one each; the names are in all of them
        if key not in instance and f"'{key}' is" in error.message:
            yield Fault(path, f"{_of(path)} has no {key}", _add(key, schema), on_key=True, meant=(*path, key))


def _wrong(error: ValidationError, path: Path, schema: dict[str, Any]) -> tuple[str, str]:
    """Return what is wrong with a value that nothing can be made of, and what to write instead."""
    instance: Any = error.instance
    limit: Any = error.validator_value
    name = _name(path)
    match error.validator:
        case "type" if _is_header(path):
            return f"the header {name} must be text", _NUMBERED
        case "type":
            return f"{name} must be {_wanted(schema)}, not {show(instance)}", _typed(instance, schema)
        case "enum":
            known = f"write {one_of(limit)}"
            match = similar(instance, limit) if isinstance(instance, str) else None
            return f"{name} can't be {show(instance)}", f"did you mean {match!r}? {known}" if match else known
        case "const":
            newer = isinstance(instance, int) and instance is not True and instance > limit
            hint = "use the newer reconciler that it was written for" if newer else f"write {name}: {limit}"
            return f"{name} is {show(instance)}, and this program reads {name} {limit}", hint
        case "pattern" if isinstance(path[-1], int) or _is_entry(path):
            kind = schema["title"].casefold()
            return _limit(error, f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}", schema)
        case _:
            return _limit(error, name, schema)


def _limit(error: ValidationError, name: str, schema: dict[str, Any]) -> tuple[str, str]:
    limit: Any = error.validator_value
    instance: Any = error.instance
    if _is_header(error.absolute_path):
        return f"the header {name} can't have this value", "write up to 1,000 characters of ASCII, on one line"
    match error.validator:
        case "maxLength":
            return f"{name} has {len(instance)} characters; {limit} is the maximum", "shorten it"
        case "minLength":
            return f"{name} is empty", _write(schema)
        case "maxItems":
            return f"{name} has {len(instance)} items; {limit} is the maximum", "take some out"
        case "minItems" | "minProperties":
            return f"{name} is empty", f"{_write(schema)}, or leave it out"
        case "minimum":
            return f"{name} is {instance}; {limit} is the minimum", f"write a number from {limit} on"
        case "maximum":
            return f"{name} is {instance}; {limit} is the maximum", f"write a number up to {limit}"
        case _ if name in _URLS:  # it may hold a password
            return f"this {name} is not a plain {'base ' if name == 'endpoint' else ''}URL", _write(schema)
        case _:
            wanted = name if name.startswith(("a ", "an ")) else f"a valid value for {name}"
            hint = (
                _of_a_rule(error.absolute_path, instance)
                or _of_a_zone(error.absolute_path, instance)
                or _guess(instance, schema, item=isinstance(error.absolute_path[-1], int)) + _write(schema)
            )
            return f"{show(instance)} is not {wanted}", hint


def _of_a_rule(path: Sequence[str | int], instance: str) -> str:
    """Return what to write instead of a period or a day of a rule that is none; "" where it is something else."""
    steps = [step for step in path if isinstance(step, str)][-2:]
    read = {"every": parse_every, "on": parse_day}.get(steps[-1]) if steps[:1] == ["repeat"] else None
    if read is None:
        return ""
    try:
        read(instance)
    except RuleError as error:
        return error.fix
    return ""


def _of_a_zone(path: Sequence[str | int], instance: str) -> str:
    """Return which zone is meant by what can't be the name of one, "" where that is not known."""
    if path[-1] != "timezone":
        return ""
    try:
        zone(instance)
    except UnknownZone as error:
        return error.fix if error.suggestions else ""
    return ""


def _guess(instance: Any, schema: dict[str, Any], *, item: bool = False) -> str:
    """Return the beginning of a hint: what a text that fits no pattern seems to mean, "" where that is not known.

    An `item` of a list may be several, parted by what a Chinese keyboard types.
    """
    pattern = schema.get("pattern")
    if not pattern or not isinstance(instance, str):
        return ""
    if _OFFSET.fullmatch(instance):
        return "leave out the offset: times are local, and `timezone` says where; "
    if item and (comma := next((one for one in _COMMAS if one in instance), "")):
        return f"put an ASCII comma in place of {comma}; "
    guess = meant(instance, lambda text: matches(pattern, text), slug="a-z0-9-" in pattern)
    return f"did you mean {show(guess)}? " if guess else ""


def _one_of(path: Path, instance: Any, branches: list[dict[str, Any]]) -> Iterator[Fault]:
    names = [name for branch in branches for name in branch.get("required", ())]
    if not isinstance(instance, dict):
        return  # its type is wrong, and that is said
    given = [name for name in names if name in instance]
    if given:
        yield Fault((*path, given[1]), f"{' and '.join(given)} can't all be given", "keep one of them", on_key=True)
    elif not any(similar(key, names) for key in instance):
        yield Fault(path, f"{_of(path)} names nobody: it needs {one_of(names)}", f"add {names[0]}", on_key=True)


def _unknown(key: str, schema: dict[str, Any]) -> tuple[str, str | None]:
    """Return the hint for a field that is not there, and the field that it seems to mean."""
    known = schema.get("properties", {})
    outer, _, rest = key.partition(".")
    if rest and outer in known:
        return f"write {outer}: {{{rest}: …}}", None
    for parent, inner in known.items():
        if key in _resolve(inner).get("properties", {}):
            return f"it belongs in `{parent}`", None
    if "on" in known and is_day(key):
        return f"put the days in [ ], as in on: [mon, {key[:3].lower()}]", None
    if key in _CREDENTIALS:
        return "credentials come from the environment: DINGTALK_APP_KEY and DINGTALK_APP_SECRET", None
    also = _ALSO_CALLED.get(key)
    match = similar(key, known)
    if also in known and match is None:
        return f"here it is called {also!r}", also
    return did_you_mean(key, known, otherwise="`reconciler schema` prints what there is"), match


def _add(key: str, schema: dict[str, Any]) -> str:
    inner = _resolve(schema["properties"][key])
    examples = inner.get("examples") or [inner.get("const", "…")]
    enough = "; meetings: {} will do until `import` has filled it" if key == "meetings" else ""
    return f"add {key}: {example(examples[0])}{enough}"


def _typed(instance: object, schema: dict[str, Any]) -> str:
    wanted = schema["type"]
    if wanted == "boolean" and isinstance(instance, str | int):
        word = str(instance).casefold()
        return "write true" if word in _TRUE else "write false" if word in _FALSE else "write true or false"
    if isinstance(instance, int | float) and "string" in wanted:
        # Quotes make text of it, but not every text will do.
        return _NUMBERED if matches(schema.get("pattern", ""), str(instance)) else _write(schema)
    if wanted == "array" and isinstance(instance, str):
        if (ascii_like := unicodedata.normalize("NFKC", instance)).startswith("["):
            if ascii_like == instance:
                return f"take it out of the quotes: {instance}"
            return f"use ASCII brackets and commas: {ascii_like}"
        return f"write [{instance}]" if len(instance) <= 60 else "put it in [ ]"  # noqa: PLR2004  # what fits on a line
    return _write(schema)


def _write(schema: dict[str, Any]) -> str:
    if "$schema" in schema:
        return "begin with version: 1"
    examples = schema.get("examples")
    return f"write, for example, {' or '.join(example(one) for one in examples)}" if examples else _lower(schema)


def _lower(schema: dict[str, Any]) -> str:
    text: str = schema["description"]
    return text[0].lower() + text[1:].rstrip(".")


def _wanted(schema: dict[str, Any]) -> str:
    kinds = schema["type"]
    return one_of(_WANTED[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    inner: dict[str, Any] = resources.schema("meetings")["$defs"][schema["$ref"].rpartition("/")[2]]
    return {**inner, **schema}


def _name(path: Path) -> str:
    """Return what the value at `path` is called in a message."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the config"
    if _is_entry(path):
        return repr(path[1])
    return f"an item of {names[-1]}" if isinstance(path[-1], int) else names[-1]


def _of(path: Path) -> str:
    name = _name(path)
    return f"the {name}" if path and not isinstance(path[-1], int) and not _is_entry(path) else name


def _is_header(path: Sequence[str | int]) -> bool:
    """Return whether a header of the state's requests stands there, whose value is not repeated: it may be secret."""
    return tuple(path)[:2] == ("state", "headers") and len(path) > 2  # noqa: PLR2004  # its name


def _is_entry(path: Path) -> bool:
    """Return whether a person, group, room or meeting stands there, whose name people chose."""
    return len(path) == 2 and path[0] in SECTIONS  # noqa: PLR2004  # the section, the name
