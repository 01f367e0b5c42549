"""Names for what has none in the config yet: unique, and as the schema wants them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

MOST = 60
_NO_NAME = re.compile(r"[^a-z0-9]+")
_NO_ALIAS = re.compile("[^A-Za-z0-9\u00c0-\u1fff\u3005-\ud7ff._-]+")
_NO_BEGIN = "._-"


def meeting_name(title: str, taken: Container[str]) -> str:
    """Return a name for a meeting, of ASCII letters, digits and dashes: 周会 becomes zhouhui."""
    from anyascii import anyascii

    return unique(_NO_NAME.sub("-", anyascii(title).lower()).strip("-") or "meeting", taken)


def alias(text: str, taken: Container[str], *, otherwise: str) -> str:
    """Return an alias for a person or a room, in the script of its name; `otherwise` where nothing of it is left."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return unique(_NO_ALIAS.sub("-", plain).strip(_NO_BEGIN) or otherwise, taken)


def unique(wish: str, taken: Container[str]) -> str:
    """Return `wish`, shortened where it is too long, with a number where it is taken."""
    number, name = 1, wish[:MOST].rstrip(_NO_BEGIN)
    while name in taken:
        number += 1
        behind = f"-{number}"
        name = wish[: MOST - len(behind)].rstrip(_NO_BEGIN) + behind
    return name
