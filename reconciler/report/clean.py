"""Foreign text made harmless: titles and names come from DingTalk and from YAML, and anybody may have written them.

What can't be seen is shown by its escape, so that nobody is fooled and no terminal, page or comment obeys it.
"""

from __future__ import annotations

import html
import re
import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\x1b"}
# Zero-width joiner and non-joiner shape emoji and several scripts; they move nothing.
_HARMLESS = {"\u200c", "\u200d"}
# Controls, formats (bidi overrides among them), lone surrogates, line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$])")
_BLOCK = re.compile(r"^(\s*)([-+#=]|\d+[.)])")
# What GitHub and GitLab look for in finished text, where no escape is left: people, issues, labels, addresses.
_LIVE = re.compile(r"@|[#!$&](?=\d)|[%~^](?=[\w\"])|\b(?i:www)(?=\.)|:(?=//)|\b(?i:GH)(?=-\d)")


def for_terminal(text: str) -> str:
    r"""Return `text` on one line, with `\n`, `\x1b`, `\u202e` and their like in plain sight."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def for_html(text: str) -> str:
    """Return `text` for the content or a quoted attribute of an HTML element."""
    return html.escape(for_terminal(text), quote=True)


def for_markdown(text: str) -> str:
    """Return `text` for a line or a table cell of Markdown; it formats nothing, links nowhere and mentions nobody."""
    return _BLOCK.sub(_escape_block, _MARKDOWN.sub(r"\\\1", _inert(for_terminal(text))))


def for_markdown_html(text: str) -> str:
    """Return `text` for the content of an HTML element that stands in Markdown, such as a summary."""
    return html.escape(_inert(for_terminal(text)), quote=True)


def shortened(text: str, limit: int = 60) -> str:
    """Return at most `limit` characters of `text`, an ellipsis for the rest."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _inert(text: str) -> str:
    # A zero-width space is all that keeps GitHub and GitLab from telling @somebody.
    return _LIVE.sub("\\g<0>\u200b", text)


def _escape_block(found: re.Match[str]) -> str:
    sign = found[2]
    return f"{found[1]}{sign[:-1]}\\{sign[-1]}"


def _visible(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char in _HARMLESS or unicodedata.category(char) not in _UNSEEN:
        return char
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004  # what \x can say
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # what \u can say
