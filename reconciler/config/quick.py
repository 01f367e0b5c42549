"""A JSON Schema as plain functions that say whether a value is valid, and nothing else.

jsonschema explains well but takes its time; a config is nearly always valid, and then its answer is not needed.
Only the keywords that our schema uses are known; another one is refused, so that none is ever overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

Check = Callable[[Any], bool]

_TYPES: Final[dict[str, Check]] = {
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1,
}
_SILENT = {"title", "description", "examples", "default", "$defs", "$id", "$schema"}
_TOGETHER = {"properties", "additionalProperties"}


def compile_schema(schema: dict[str, Any]) -> Check:
    """Return what says whether a value is valid by `schema`; raise NotImplementedError on a keyword unknown here."""
    return _Compiler(schema).check(schema)


class _Compiler:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._named: dict[str, Check] = {}

    def check(self, schema: dict[str, Any]) -> Check:
        checks: list[Check] = []
        for keyword, wanted in schema.items():
            if keyword in _SILENT or keyword in _TOGETHER:
                continue
            make = getattr(self, f"_{keyword.lstrip('$').lower()}", None)
            if make is None:
                raise NotImplementedError(keyword)
            checks.append(make(wanted))
        if schema.keys() & _TOGETHER:
            checks.append(self._pairs(schema.get("properties", {}), schema.get("additionalProperties")))
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(one(value) for one in checks)

    def _ref(self, name: str) -> Check:
        if name not in self._named:
            self._named[name] = self.check(self._root["$defs"][name.rpartition("/")[2]])
        return self._named[name]

    def _type(self, names: str | list[str]) -> Check:
        checks = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
        return checks[0] if len(checks) == 1 else lambda value: any(one(value) for one in checks)

    def _enum(self, values: list[str]) -> Check:
        return lambda value: isinstance(value, str) and value in values

    def _const(self, wanted: int) -> Check:
        return lambda value: value == wanted and not isinstance(value, bool)

    def _pattern(self, pattern: str) -> Check:
        search = _compiled(pattern).search
        return lambda value: not isinstance(value, str) or search(value) is not None

    def _minlength(self, least: int) -> Check:
        return lambda value: not isinstance(value, str) or len(value) >= least

    def _maxlength(self, most: int) -> Check:
        return lambda value: not isinstance(value, str) or len(value) <= most

    def _minimum(self, least: int) -> Check:
        return lambda value: not isinstance(value, int | float) or value >= least

    def _maximum(self, most: int) -> Check:
        return lambda value: not isinstance(value, int | float) or value <= most

    def _minitems(self, least: int) -> Check:
        return lambda value: not isinstance(value, list) or len(value) >= least

    def _maxitems(self, most: int) -> Check:
        return lambda value: not isinstance(value, list) or len(value) <= most

    def _minproperties(self, least: int) -> Check:
        return lambda value: not isinstance(value, dict) or len(value) >= least

    def _uniqueitems(self, _: bool) -> Check:  # noqa: FBT001  # called by keyword, for all keywords alike
        return lambda value: not isinstance(value, list) or first_repeated(value) is None

    def _required(self, names: list[str]) -> Check:
        return lambda value: not isinstance(value, dict) or all(name in value for name in names)

    def _items(self, schema: dict[str, Any]) -> Check:
        item = self.check(schema)
        return lambda value: not isinstance(value, list) or all(item(one) for one in value)

    def _propertynames(self, schema: dict[str, Any]) -> Check:
        name = self.check(schema)
        return lambda value: not isinstance(value, dict) or all(name(key) for key in value)

    def _oneof(self, schemas: list[dict[str, Any]]) -> Check:
        checks = [self.check(schema) for schema in schemas]
        return lambda value: sum(one(value) for one in checks) == 1

    def _not(self, schema: dict[str, Any]) -> Check:
        check = self.check(schema)
        return lambda value: not check(value)

    def _pairs(self, properties: dict[str, Any], further: bool | dict[str, Any] | None) -> Check:  # noqa: FBT001  # JSON Schema's
        checks = {name: self.check(schema) for name, schema in properties.items()}
        other = self.check(further) if isinstance(further, dict) else lambda _: False

        def pairs(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            return all(checks.get(key, other)(one) for key, one in value.items())

        return pairs


def first_repeated(items: list[Any]) -> int | None:
    """Return the index of the first item that stands in `items` before it."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        mark = repr(item)
        if mark in seen:
            return index
        seen.add(mark)
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # In JSON Schema `$` doesn't match before a final line feed; in Python it does.
    return re.compile(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern)


def matches(pattern: str, text: str) -> bool:
    """Return whether a JSON Schema's pattern is in `text`."""
    return _compiled(pattern).search(text) is not None
