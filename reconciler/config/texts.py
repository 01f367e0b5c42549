"""Titles and descriptions: what DingTalk or our marker would not survive."""

from __future__ import annotations

import re
import unicodedata

from reconciler.config.document import Findings, Path

_CONTROL = {"Cc", "Cs"}
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKER = re.compile(r"^\s*reconciler:\d+/", re.MULTILINE)


def read_text(value: object, path: Path, findings: Findings, *, lines: bool = False) -> str | None:
    """Return a text; note characters in it that can't be shown. `lines`: it may have several."""
    if not isinstance(value, str):
        return None
    allowed = "\n\t" if lines else ""
    for char in value:
        if char not in allowed and (char in _DIRECTIONS or unicodedata.category(char) in _CONTROL):
            findings.error(path, f"it holds the control character U+{ord(char):04X}", "delete it")
            break
    if lines and _MARKER.search(value):
        message = "a line of it looks like the marker that is written at its end"
        findings.error(path, message, "begin no line with `reconciler:`")
    return value
