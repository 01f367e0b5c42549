"""Write the tables of docs/config.md from the schema: `python docs/make_config_table.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.model.settings import SETTINGS
from reconciler.resources import schema

PAGE = Path(__file__).with_name("config.md")
_BEGIN, _END = "<!-- begin: {} (generated) -->", "<!-- end: {} -->"
_KINDS = {"string": "text", "object": "mapping", "array": "list", "boolean": "true or false", "integer": "number"}


def updated(text: str) -> str:
    """Return the page with its tables as the schema has them now."""
    root = schema("meetings")
    tables = {
        "fields": _fields_table(root),
        "settings": _settings_table(root),
    }
    for name, table in tables.items():
        begin, end = _BEGIN.format(name), _END.format(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


def _fields_table(root: dict[str, Any]) -> str:
    rows = ["| field | value | meaning |", "| --- | --- | --- |"]
    rows += [f"| `{path}` | {_value(one)} | {one['description']} |" for path, one in _walk(root, root, "")]
    return "\n".join(rows)


def _settings_table(root: dict[str, Any]) -> str:
    rows = ["| setting | value | meaning | read back | in DingTalk |", "| --- | --- | --- | --- | --- |"]
    settings = root["$defs"]["settings"]
    for path, one in _walk(settings, root, ""):
        if path in SETTINGS:
            setting = SETTINGS[path]
            readable = "yes" if setting.readable else "no"
            wire = ".".join(setting.wire)
            rows.append(f"| `{path}` | {_value(one)} | {one['description']} | {readable} | `{wire}` |")
    return "\n".join(rows)


def _walk(node: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and schema of all fields below `node`, in the schema's order; `settings` has a table of its own."""
    fields = [(f".{name}" if path else name, one) for name, one in node.get("properties", {}).items()]
    if isinstance(node.get("additionalProperties"), dict):
        fields.append((".NAME", node["additionalProperties"]))
    if isinstance(node.get("items"), dict):
        fields.append(("[]", node["items"]))
    for name, one in fields:
        inner = _resolved(one, root)
        yield f"{path}{name}", inner
        if not name.endswith("settings"):
            yield from _walk(inner, root, f"{path}{name}")


def _resolved(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    return {**root["$defs"][node["$ref"].rpartition("/")[2]], **node}


def _value(node: dict[str, Any]) -> str:
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return " · ".join(f"`{value}`" for value in node["enum"])
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    text = " or ".join(_KINDS[kind] for kind in kinds)
    examples = [one for one in node.get("examples", []) if isinstance(one, str | int)]
    return f"{text}, as in `{examples[0]}`" if examples else text


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
