"""Foreign text made harmless: titles and names come from DingTalk and from YAML, and anybody may have written them.

What can't be seen is shown by its escape, so that nobody is fooled and no terminal, page or comment obeys it.
"""

from __future__ import annotations

import html
import re

from reconciler.visible import visible

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$])")
_BLOCK = re.compile(r"^(\s*)([-+#=]|\d+[.)])")
# What GitHub and GitLab look for in finished text, where no escape is left: people, issues, labels, addresses.
_LIVE = re.compile(r"@|[#!$&](?=\d)|[%~^](?=[\w\"])|\b(?i:www)(?=\.)|:(?=//)|\b(?i:GH)(?=-\d)")


def for_terminal(text: str) -> str:
    r"""Return `text` on one line, with `\n`, `\x1b`, `\u202e` and their like in plain sight."""
    return visible(text)


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
