"""Foreign text made plain: what can't be seen is shown by its escape."""

from __future__ import annotations

import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\x1b"}
# Zero-width joiner and non-joiner shape emoji and several scripts; they move nothing.
_HARMLESS = {"\u200c", "\u200d"}
# Controls, formats (bidi overrides among them), lone surrogates, line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""Return `text` on one line, with `\n`, `\x1b`, `\u202e` and their like in plain sight."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def is_unseen(char: str) -> bool:
    """Return whether nobody sees that `char` is there, or what it does."""
    return char not in _HARMLESS and unicodedata.category(char) in _UNSEEN


def _visible(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if not is_unseen(char):
        return char
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004  # what \x can say
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # what \u can say
