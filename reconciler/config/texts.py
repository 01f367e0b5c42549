"""Titles and descriptions: what DingTalk or our marker would not survive."""

from __future__ import annotations

import re
import unicodedata

from reconciler.config.document import Findings, Path
from reconciler.model.marker import LINK, parse_description
from reconciler.model.occurrence import Link
from reconciler.model.spelling import shown

MOST_TITLE = 50  # of a conference
MOST_DESCRIPTION = 4500  # the rest of DingTalk's 5,000 is for the link and the marker
_CONTROL = {"Cc", "Cs"}
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKER = re.compile(r"^\s*reconciler:\d+/", re.MULTILINE)


def read_text(value: object, path: Path, findings: Findings, *, lines: bool = False) -> str | None:
    """Return a text; note characters in it that can't be shown. `lines`: it may have several."""
    if not isinstance(value, str):
        return None
    char = unshowable(value, allowed="\n\t" if lines else "")
    if char is not None:
        findings.error(path, f"it holds the control character U+{ord(char):04X}", "delete it")
    if lines and _MARKER.search(value):
        message = "a line of it looks like the marker that is written at its end"
        findings.error(path, message, "begin no line with `reconciler:`")
    elif lines and shown(parse_description(value).body) != shown(value):
        message = "a line of it would be taken for the link or the marker that are written at its end"
        findings.error(path, message, f"begin no line with `{LINK.strip()}`, and let no marker end one")
    return value


def check_title(title: object, link: Link, path: Path, findings: Findings) -> None:
    """Note a title that DingTalk would cut in a conference of ours; that of an event alone may be longer."""
    if isinstance(title, str) and link is not Link.EVENT and len(title) > MOST_TITLE:
        message = f"title has {len(title)} characters; {MOST_TITLE} is the maximum"
        findings.error(path, message, "shorten it; only with link: event may it be longer")


def unshowable(text: str, *, allowed: str = "") -> str | None:
    """Return the first character of `text` that can't be shown or changes how others are; None where there is none."""
    for char in text:
        if char not in allowed and (char in _DIRECTIONS or unicodedata.category(char) in _CONTROL):
            return char
    return None
