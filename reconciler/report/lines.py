"""The bricks of text output: lines that are clean, indented and wrapped under their own beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from reconciler.pages.words import counted as counted  # noqa: PLC0414  # pages and texts say it alike
from reconciler.report.clean import for_terminal

_NARROWEST = 20
Part = str | tuple[str, str]  # text, or text and its style


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, indented; what does not fit goes on below, indented by `hang` more."""

    text: Text
    indent: int = 0
    hang: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # Trailing spaces would end up in logs and pictures: every row is as long as its text.
        width = options.max_width - self.indent
        rows: Iterable[Text] = [self.text.copy()]  # most fit, and finding that out by wrapping takes far longer
        if self.text.cell_len > width:
            rows = self.text.wrap(console, max(width - self.hang, _NARROWEST), overflow="fold")
        for number, row in enumerate(rows):
            row.rstrip()
            yield Segment(" " * (self.indent + (self.hang if number else 0)))
            yield from row.render(console)
            yield Segment.line()

    @property
    def plain(self) -> str:
        """Return the text without its style."""
        return self.text.plain


def line(*parts: Part, indent: int = 0, hang: int = 0) -> Line:
    """Return a line of `parts`, each made harmless: markup in them is text like any other."""
    text = Text(no_wrap=False, end="")
    for part in parts:
        words, style = part if isinstance(part, tuple) else (part, "")
        text.append(for_terminal(words), style or None)
    return Line(text, indent, hang)


def link(url: str, *, indent: int = 0) -> Line:
    """Return a line with `url`, to click on where that is safe."""
    clean = for_terminal(url)
    safe = clean == url and url.startswith("https://") and " " not in url
    return Line(Text(end="").append(clean, Style(link=url) if safe else None), indent)


@dataclass(frozen=True, slots=True)
class Unpadded:
    """Something of rich's without the spaces at the end of its rows, which would end up in logs and pictures."""

    inner: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row in console.render_lines(self.inner, options, pad=False):
            kept = list(row)
            while kept and not kept[-1].text.strip(" "):
                kept.pop()
            if kept:
                last = kept[-1]
                kept[-1] = Segment(last.text.rstrip(" "), last.style, last.control)
            yield from kept
            yield Segment.line()


def blank() -> Line:
    """Return an empty line."""
    return Line(Text("", end=""))
