"""What the YAML parser complains about, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from reconciler.errors import Position, Problem

# Part of PyYAML's or libyaml's message, what it means, what to do about it; the first that fits is taken.
_EXPLAINED = (
    ("found a tab character", "a tab where only spaces are allowed", "replace the tab by spaces"),
    ("'\\t'", "a tab where only spaces are allowed", "replace the tab by spaces"),
    (
        "mapping values are not allowed",
        "this colon can't be here",
        "put text with a colon in quotes, or correct the indentation",
    ),
    ("could not find expected ':'", "a key without its colon", "write `key: value`, and indent what belongs to a key"),
    ("expected ',' or ']'", "the list [ is not closed", "close it with ], and put commas between its items"),
    ("expected ',' or '}'", "the mapping { is not closed", "close it with }, and put commas between its pairs"),
    ("end of stream", "a quote or bracket is still open at the end of the file", "close it"),
    ("unexpected end", "a quote or bracket is still open at the end of the file", "close it"),
    ("document separator", "a quote or bracket is still open at the line ---", "close it"),
    ("escape", "a backslash that YAML doesn't know", "use single quotes, or write \\\\"),
    ("hexdecimal", "a backslash that YAML doesn't know", "use single quotes, or write \\\\"),
    ("expected key", "the indentation fits nothing above", "line it up with the keys that it belongs to"),
    ("block end", "the indentation fits nothing above", "line it up with the keys that it belongs to"),
    ("expected '-' indicator", "the indentation fits nothing above", "line it up with the other items of the list"),
    ("sequence entries are not allowed", "a list can't begin here", "put it on a line of its own"),
    ("cannot start any token", "a character that no plain text can begin with", "put the text in quotes"),
    ("document start", "there is text after the end of the document", "keep one document in a file"),
    ("tag handle", "a tag that is not known", "delete the word with !, or put it in quotes"),
    ("alphabetic or numeric", "an anchor or alias without a name", "put text with & or * in quotes"),
)


_CONFLICT = "<<<<<<< "  # how Git marks what it could not merge
_ODD_SPACE = re.compile(r" *([\u00a0\u2000-\u200b\u202f\u3000])")  # as an indentation
_ODD_COLON = re.compile(r"\s*(?:- +)?([\w-]+)(?:(?P<wide>：)\s*|:(?=[^\s:/]))")


def broken_yaml(error: yaml.YAMLError, file: str, text: str) -> Problem:
    """Return `error` as a problem at the place that it names."""
    problem_mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    raw = f"{getattr(error, 'context', '')} {getattr(error, 'problem', error)}"
    # What is never closed is noticed at the end of the file; the place to look at is where it was opened.
    opened = context_mark and any(part in raw for part in ("end of stream", "unexpected end", "',' or"))
    mark = context_mark if opened else problem_mark or context_mark
    line = mark.line + 1 if mark else 1
    place = Position(file, line, mark.column + 1 if mark else 1)
    shown = text.splitlines()[line - 1 : line]
    if likelier := _likelier(text.splitlines(), place, raw):
        return likelier
    if "token" in raw and shown and shown[0][place.column - 1 : place.column] == "\t":
        raw = "'\\t'"
    for part, message, hint in _EXPLAINED:
        if part in raw:
            return Problem(place, "", message, hint)
    return Problem(place, "", f"the YAML is broken: {raw.strip()}", "check indentation, quotes and brackets around it")


def _likelier(lines: Sequence[str], place: Position, raw: str) -> Problem | None:
    """Return the mistake that the parser only stumbles over later, or can't name, None where there is no such."""
    for number, line in enumerate(lines, 1):
        if line.startswith(_CONFLICT):
            hint = "keep one side, and delete the lines <<<<<<<, ======= and >>>>>>>"
            return Problem(Position(place.file, number, 1), "", "a merge conflict that is not resolved", hint)
    colon = "mapping values" in raw or "expected ':'" in raw
    here = lines[place.line - 1][: place.column - 1] if place.line <= len(lines) else ""
    # The line before has its part in it where it was read on to a colon that would be right by itself.
    both = colon and not re.search(r":\s", here)
    for number in (place.line - 1, place.line) if both else (place.line,):
        line = lines[number - 1] if 0 < number <= len(lines) else ""
        if odd := _ODD_SPACE.match(line):
            where = Position(place.file, number, odd.start(1) + 1)
            return Problem(where, "", f"the space U+{ord(odd[1]):04X} indents nothing", "replace it by ordinary spaces")
        odd = _ODD_COLON.match(line)
        if odd and colon and not re.search(r":(\s|$)", line):
            what = "a full-width colon" if odd["wide"] else "a colon without a space after it"
            where = Position(place.file, number, odd.end(1) + 1)
            return Problem(where, "", what, f"write `{odd[1]}: {line[odd.end() :].strip()}`")
    if any(part in raw for part in ("block end", "expected key", "',' or")) and here.rstrip().endswith(("'", '"')):
        hint = "put text that has one kind of quotes in the other, or double the quote: 'Bob''s sync'"
        return Problem(place, "", "there is text after the closing quote", hint)
    return None
