"""YAML text → values with their places, by the scalars of YAML 1.2.

It is built from the parser's events, without recursion, so that neither deep nesting nor an alias bomb can hurt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import yaml

from reconciler.config.document import Document, Mark, Path, Spot, render
from reconciler.config.yamlerrors import broken_yaml
from reconciler.errors import Position, Problem

MAX_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 64
MAX_ALIASED: Final = 100_000  # nodes that aliases and merge keys may add, all together

_TOO_DEEP: Final = f"this is nested more than {MAX_DEPTH} levels deep"
_LESS_DEEP: Final = "the format needs less than 10"
_SHOWN_STEPS: Final = 8
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAYBE_PLAIN = frozenset("-+.0123456789~nNtTfF")
_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset({"!", f"{_TAG}str"})
_PLAIN_TAGS = frozenset({f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "seq", "map")})


class _Stop(Exception):
    """Reading can't go on; the problem is noted."""


@dataclass(slots=True)
class _Node:
    """A finished value. `size` counts the nodes in it with aliases expanded, `height` its levels."""

    value: Any
    spot: Spot
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class _OpenList:
    """A list that is still open. `size` and `height` as of a node, of what is in it so far."""

    mark: Mark
    anchor: str | None
    value: list[Any] = field(default_factory=list)
    items: list[Spot] = field(default_factory=list)
    size: int = 1
    height: int = 0

    @property
    def spot(self) -> Spot:
        return Spot(self.mark, items=self.items)


@dataclass(slots=True)
class _OpenMapping:
    """A mapping that is still open. `size` and `height` as of a node, of what is in it so far."""

    mark: Mark
    anchor: str | None
    value: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Spot] = field(default_factory=dict)
    keys: dict[str, Mark] = field(default_factory=dict)
    key: str | None = None  # of the pair that waits for its value
    key_mark: Mark | None = None
    repeated: bool = False  # the pair's key stands there already: its value is dropped
    merges: list[_Node] = field(default_factory=list)
    size: int = 1
    height: int = 0

    @property
    def spot(self) -> Spot:
        return Spot(self.mark, self.fields, self.keys)


def parse(data: bytes, file: str) -> tuple[Document, tuple[Problem, ...]]:
    """Return the one document in `data` and what is wrong with it as YAML.

    `file` is the name that positions bear. Where the text can't be read at all, the value is None.
    """
    builder = _Builder(file)
    try:
        builder.run(_decode(data, file))
    except _Stop as stop:
        (problem,) = stop.args
        builder.problems.append(problem)
        builder.root = None
    root = builder.root or _Node(None, Spot((file, 1, 1)))
    return Document(value=root.value, spot=root.spot), tuple(builder.problems)


def scalar(text: str) -> bool | int | float | str | None:
    """Return what a plain scalar means by the core schema of YAML 1.2: `10:30`, `on` and dates are strings."""
    if text and text[0] not in _MAYBE_PLAIN:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0 if text[:2] in {"0o", "0x"} else 10)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".", "") if text[-1].isalpha() else text)
    return text


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        raise _Stop(Problem(Position(file, 1, 1), "", message, "split it: -c takes a folder of files too"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise _Stop(Problem(Position(file, line, column), "", message, "save the file as UTF-8")) from None
    if found := _UNPRINTABLE.search(text):
        at = found.start()
        place = Position(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        message = f"the control character U+{ord(found[0]):04X} is not allowed in YAML"
        raise _Stop(Problem(place, "", message, "delete it; your editor can show invisible characters"))
    return text


class _Builder:
    """Turns events into values, iteratively."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: _Node | None = None
        self.problems: list[Problem] = []
        self._open: list[_OpenList | _OpenMapping] = []
        self._anchors: dict[str, _Node] = {}
        self._aliased = 0
        self._documents = 0

    def run(self, text: str) -> None:
        loader = _LOADER(text)
        try:
            while True:
                event = loader.get_event()
                kind = type(event)
                if kind is yaml.ScalarEvent:
                    self._scalar(event)
                elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                    self._start(event, _OpenMapping if kind is yaml.MappingStartEvent else _OpenList)
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    self._end()
                elif kind is yaml.AliasEvent:
                    self._alias(event)
                elif kind is yaml.DocumentStartEvent:
                    self._document(event)
                elif kind is yaml.StreamEndEvent:
                    return
        except yaml.YAMLError as error:
            raise _Stop(broken_yaml(error, self.file, text)) from None
        except (ValueError, OverflowError) as error:  # PyYAML lets a character out of range through to chr()
            raise _Stop(Problem(self._here(), "", f"the YAML is broken: {error}", "check its escapes")) from None
        finally:
            loader.dispose()

    def _scalar(self, event: Any) -> None:
        mark = self._mark(event)
        frame = self._open[-1] if self._open else None
        if type(frame) is _OpenMapping and frame.key is None:
            self._key(frame, event.value, mark)
            return
        text = event.value
        tag = event.tag
        if tag is not None:
            self._check_tag(tag, mark)
        if tag in _TEXT_TAGS or (tag is None and not event.implicit[0]):
            value: Any = text
        else:
            value = scalar(text)
        self._finish(_Node(value, Spot(mark)), event.anchor)

    def _key(self, frame: _OpenMapping, key: str, mark: Mark) -> None:
        frame.key, frame.key_mark = key, mark
        frame.repeated = key in frame.keys and key != "<<"
        if frame.repeated:
            first = Position(*frame.keys[key])
            message = f"{key!r} is given a second time; the first is at {first}"
            self._problem((*self._path()[:-1], key), mark, message, "keep one of the two")

    def _start(self, event: Any, kind: type[_OpenList | _OpenMapping]) -> None:
        mark = self._mark(event)
        frame = self._open[-1] if self._open else None
        if type(frame) is _OpenMapping and frame.key is None:
            self._stop(mark, "a list or mapping can't be a key", "write a plain word before the colon")
        if len(self._open) >= MAX_DEPTH:
            self._stop(mark, _TOO_DEEP, _LESS_DEEP)
        if event.tag is not None:
            self._check_tag(event.tag, mark)
        self._open.append(kind(mark, event.anchor))

    def _end(self) -> None:
        frame = self._open.pop()
        if type(frame) is _OpenMapping:
            for node in frame.merges:
                for key, value in node.value.items():
                    if key not in frame.keys:
                        frame.value[key] = value
                        frame.fields[key] = node.spot.fields[key]
                        frame.keys[key] = node.spot.keys[key]
        self._finish(_Node(frame.value, frame.spot, frame.size, frame.height + 1), frame.anchor)

    def _alias(self, event: Any) -> None:
        mark = self._mark(event)
        node = self._anchors.get(event.anchor)
        if node is None:
            inside = any(frame.anchor == event.anchor for frame in self._open)
            what = "is inside what it repeats" if inside else "repeats nothing: no such anchor before it"
            self._stop(mark, f"the alias *{event.anchor} {what}", f"write &{event.anchor} at what is to be repeated")
        self._aliased += node.size
        if self._aliased > MAX_ALIASED:
            self._stop(mark, f"aliases repeat more than {MAX_ALIASED:,} values", "write the values out")
        if len(self._open) + node.height > MAX_DEPTH:
            self._stop(mark, _TOO_DEEP, _LESS_DEEP)
        frame = self._open[-1] if self._open else None
        if type(frame) is _OpenMapping and frame.key is None:
            self._stop(mark, "an alias can't be a key", "write the key itself before the colon")
        self._finish(_Node(node.value, node.spot, node.size, node.height), None)

    def _finish(self, node: _Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        frame = self._open[-1]
        frame.size += node.size
        frame.height = max(frame.height, node.height)
        if type(frame) is _OpenList:
            frame.value.append(node.value)
            frame.items.append(node.spot)
        elif type(frame) is _OpenMapping and frame.key is not None and frame.key_mark is not None:
            if frame.key == "<<":
                self._merge(frame, node)
            elif not frame.repeated:
                frame.value[frame.key] = node.value
                frame.fields[frame.key] = node.spot
                frame.keys[frame.key] = frame.key_mark
            frame.key = None

    def _merge(self, frame: _OpenMapping, node: _Node) -> None:
        if isinstance(node.value, dict):
            frame.merges.append(node)
        elif isinstance(node.value, list) and node.value and all(isinstance(one, dict) for one in node.value):
            frame.merges.extend(_Node(one, spot) for one, spot in zip(node.value, node.spot.items, strict=True))
        else:
            self._problem(self._path(), node.spot.mark, "<< merges a mapping, and this is not one", "write <<: *anchor")

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(self._mark(event), "a second document begins here", "delete the line ---, or make it two files")

    def _check_tag(self, tag: str, mark: Mark) -> None:
        if tag not in _TEXT_TAGS and tag not in _PLAIN_TAGS:
            shown = tag.replace(_TAG, "!!")
            self._problem(self._path(), mark, f"the tag {shown} means nothing here", "delete it; put text in quotes")

    def _path(self) -> Path:
        """Return where the parser is, as far as a path says something."""
        steps = (frame.key if type(frame) is _OpenMapping else len(frame.value) for frame in self._open[:_SHOWN_STEPS])
        return tuple(step for step in steps if step is not None)

    def _mark(self, event: Any) -> Mark:
        mark = event.start_mark
        return (self.file, mark.line + 1, mark.column + 1)

    def _here(self) -> Position:
        return Position(*(self._open[-1].mark if self._open else (self.file, 1, 1)))

    def _problem(self, path: Path, mark: Mark, message: str, hint: str) -> None:
        self.problems.append(Problem(Position(*mark), render(path), message, hint))

    def _stop(self, mark: Mark, message: str, hint: str) -> NoReturn:
        raise _Stop(Problem(Position(*mark), render(self._path()), message, hint))
