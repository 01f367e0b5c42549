"""Sections of a config as YAML: a text of their own, or put into one that is there, with its comments and layout."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.util import load_yaml_guess_indent

from reconciler.config.yaml import parse
from reconciler.errors import ReconcilerError

_WIDE = 100_000  # a line is never broken: a diff shows what was added, and nothing else
_IN_ONE_LINE = frozenset({"attendees", "rooms", "on", "skip", "add"})
_SHORT = 6
Tree = Mapping[str, Any]


def new_text(tree: Tree, remarks: Sequence[str]) -> str:
    """Return the sections of `tree` as YAML, under `remarks` as comments, which hold no line breaks."""
    stream = io.StringIO()
    stream.write("".join(f"# {remark}\n" for remark in remarks))
    if tree:
        _yaml().dump(_styled(tree), stream)
    return stream.getvalue()


def added_to(text: str, tree: Tree, remarks: Sequence[str], *, where: str) -> str:
    """Return `text`, a config, with the entries of the sections of `tree` after what they have.

    `remarks` become comments before the first new meeting. Raises ReconcilerError, naming `where`, where the text can't
    be kept as it is.
    """
    windows = "\r\n" in text and text.count("\r\n") == text.count("\n")
    text = text.replace("\r\n", "\n") if windows else text
    try:
        document, indent, offset = load_yaml_guess_indent(text)
        writer, deep = _yaml(), _depth(document)
        writer.indent(mapping=deep)
        if indent is not None:
            writer.indent(sequence=indent, offset=offset or 0)
        writer.explicit_start = text.startswith("---")
        document = writer.load(text)
        for name, entries in tree.items():
            _extend(document, name, entries, remarks if name == "meetings" else (), indent=deep)
        stream = io.StringIO()
        writer.dump(document, stream)
    except YAMLError as error:
        raise _unkept(where) from error
    if not _kept(text, stream.getvalue(), tree):
        raise _unkept(where)
    return stream.getvalue().replace("\n", "\r\n") if windows else stream.getvalue()


def _depth(document: CommentedMap) -> int:
    """Return by how many columns a section stands in from its name, as the first one does."""
    sections = (one for one in document.values() if isinstance(one, CommentedMap) and not one.fa.flow_style())
    return next((int(one.lc.col) for one in sections if one and one.lc.col), 2)


def _unkept(where: str) -> ReconcilerError:
    fix = "write to a file of its own with --out, and copy from it"
    return ReconcilerError("the file can't be rewritten without changing what it says", where=where, fix=fix)


def _yaml() -> YAML:
    writer = YAML()
    writer.preserve_quotes = True
    writer.width = _WIDE
    return writer


def _extend(document: CommentedMap, name: str, entries: Tree, remarks: Sequence[str], *, indent: int) -> None:
    if not isinstance(document.get(name), CommentedMap):
        document[name] = CommentedMap()
    section = document[name]
    flow = section.fa.flow_style() and len(section) > 0
    if flow and name == "meetings":
        section.fa.set_block_style()
    for key, value in entries.items():
        section[key] = _styled(value)
    first = next(iter(entries))
    if remarks and not flow:
        section.yaml_set_comment_before_after_key(first, before="\n".join(remarks), indent=indent)


def _styled(value: Any, name: str = "") -> Any:
    """Return `value` as ruamel.yaml writes it: what is short in one line."""
    if isinstance(value, Mapping):
        made = CommentedMap((key, _styled(one, key)) for key, one in value.items())
        if name in {"repeat", "item"}:
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        listed = CommentedSeq(_styled(one, "item") for one in value)
        if name in _IN_ONE_LINE and len(value) <= _SHORT:
            listed.fa.set_flow_style()
        return listed
    return value


def _kept(before: str, after: str, tree: Tree) -> bool:
    """Return whether `after` says what `before` says, and `tree`, and nothing else."""
    old, new = (parse(text.encode(), "")[0].value for text in (before, after))
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    for name, entries in tree.items():
        old = {**old, name: {**(old.get(name) or {}), **entries}}
    return old == new
