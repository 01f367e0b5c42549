from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler import resources
from reconciler.config import quick
from reconciler.config.quick import compile_schema, first_repeated
from reconciler.model.settings import SETTINGS, Kind
from reconciler.resources import schema, schema_text

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = schema("meetings")


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    return {**SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], **node}


def fields(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in node.get("properties", {}).items():
        inner = resolved(child)
        yield f"{path}{name}", inner
        yield from fields(inner, f"{path}{name}.")


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def objects(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "properties" in node or "propertyNames" in node:
            yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def test_every_field_has_title_and_description_and_nothing_else_is_allowed() -> None:
    for node in objects(SCHEMA):
        assert "additionalProperties" in node
        for child in node.get("properties", {}).values():
            inner = resolved(child)
            assert inner["title"]
            assert inner["description"].endswith(".")


def test_examples_are_valid() -> None:
    found = 0
    for name, node in SCHEMA["$defs"].items():
        for path, field in [(name, node), *fields(node, f"{name}.")]:
            for example in field.get("examples", []):
                if path != "meetings":
                    Draft202012Validator({**field, "$defs": SCHEMA["$defs"]}).validate(example)
                    found += 1
    assert found > 50


def test_settings_are_those_of_the_program() -> None:
    described = {
        path: node
        for path, node in fields(SCHEMA["$defs"]["settings"], "")
        if path in SETTINGS or node.get("type") != "object"
    }
    assert described.keys() == SETTINGS.keys()
    for name, setting in SETTINGS.items():
        node = described[name]
        match setting.kind:
            case Kind.FLAG:
                assert node["type"] == "boolean"
            case Kind.CHOICE:
                assert tuple(node["enum"]) == setting.choices
            case Kind.TEXT | Kind.PERSON:
                assert node["type"] == "string"
            case Kind.PEOPLE | Kind.APPS:
                assert node["type"] == "array"


LEAVES = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -5,
        1.0,
        2.5,
        "",
        "alice",
        "week",
        "45m",
        "2026-11-30T10:00",
        "10:30",
        "dingtalk",
        "x y",
    ]
)
KEYS = st.sampled_from(
    sorted({path.rpartition(".")[2] for path, _ in fields(SCHEMA, "")} | {"alice", "2026-11-30", "X y"})
)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))


@given(value=TREES, name=st.sampled_from(sorted(SCHEMA["$defs"])))
def test_quick_check_agrees_with_jsonschema(value: object, name: str) -> None:
    part = {**SCHEMA["$defs"][name], "$defs": SCHEMA["$defs"]}
    thorough = Draft202012Validator(part)
    assert compile_schema(part)(value) is thorough.is_valid(value)


@pytest.mark.parametrize("path", sorted((ROOT / "tests/unit/broken").glob("*.yaml")), ids=lambda path: path.stem)
def test_quick_check_agrees_with_jsonschema_on_broken_files(path: Path) -> None:
    from reconciler.config.yaml import parse

    value = parse(path.read_bytes(), "f")[0].value
    if "\\n" not in repr(value):
        assert compile_schema(SCHEMA)(value) is Draft202012Validator(SCHEMA).is_valid(value)


def test_unknown_keyword_is_not_overlooked() -> None:
    with pytest.raises(NotImplementedError, match="format"):
        compile_schema({"type": "string", "format": "date"})


def test_final_line_feed_is_not_swallowed() -> None:
    assert not quick.matches("^a$", "a\n")
    assert quick.matches("a", "xax")


def test_repeated_item_is_the_later_one() -> None:
    assert first_repeated(["a", "b", "a"]) == 2
    assert first_repeated(["a", 1, True]) is None


def test_unknown_schema_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="'nothing'"):
        schema_text("nothing")


def test_packaged_schema_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packaged.schema.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path, ROOT / "schema"))
    assert schema("packaged") == {}


def test_tables_of_the_reference_are_current() -> None:
    page = ROOT / "docs/config.md"
    updated = runpy.run_path(str(ROOT / "docs/make_config_table.py"))["updated"]
    assert updated(page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8")
