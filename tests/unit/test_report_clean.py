from __future__ import annotations

import io
import json
import unicodedata

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from reconciler.report.clean import for_markdown, for_markdown_html, for_terminal, shortened
from reconciler.report.document import dump
from reconciler.report.lines import line, link
from reconciler.report.patch_text import patch_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Weekly sync", "Weekly sync"),
        ("周会 🎉 Café", "周会 🎉 Café"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x1b]8;;https://evil\x07x", r"\x1b]8;;https://evil\x07x"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("line\u2028end", r"line\u2028end"),
        ("half \ud800", r"half \ud800"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("[bold]x[/]", "[bold]x[/]"),
    ],
)
def test_what_can_not_be_seen_is_shown(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


@given(st.text())
@settings(deadline=None)
def test_clean_text_is_one_line_without_controls_and_cleaning_it_again_changes_nothing(text: str) -> None:
    clean = for_terminal(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in clean)
    assert for_terminal(clean) == clean
    clean.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("**bold** _it_ `code`", r"\*\*bold\*\* \_it\_ \`code\`"),
        ("[x](http://y)", "\\[x\\](http:\u200b//y)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("@everyone", "@\u200beveryone"),
        ("o/r#12 !3 GH-4", "o/r#\u200b12 !\u200b3 GH\u200b-4"),
        ('~"label" %v1 $5', '\\~\u200b"label" %\u200bv1 \\$\u200b5'),
        ("www.evil.example", "www\u200b.evil.example"),
        ("2026-12-02 10:00", "2026-12-02 10:00"),
    ],
)
def test_markdown_formats_nothing_and_mentions_nobody(text: str, shown: str) -> None:
    assert for_markdown(text) == shown


def test_a_summary_in_markdown_is_text_and_mentions_nobody() -> None:
    assert for_markdown_html("</summary>@all & #1") == "&lt;/summary&gt;@\u200ball &amp; #\u200b1"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert shortened("x" * 60) == "x" * 60
    assert shortened("x" * 61) == "x" * 59 + "…"


def printed(renderable: object, *, width: int = 80, colour: bool = False) -> str:
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=colour, no_color=not colour, color_system="truecolor").print(
        renderable
    )
    return file.getvalue()


def test_a_long_line_goes_on_under_its_own_beginning_without_trailing_spaces() -> None:
    text = printed(line("word " * 30, indent=2, hang=4))
    first, *more = text.splitlines()
    assert first.startswith("  word")
    assert all(row.startswith("      word") for row in more)
    assert all(row == row.rstrip() and len(row) <= 80 for row in text.splitlines())


def test_only_a_plain_https_address_is_a_link() -> None:
    assert "\x1b]8;" in printed(link("https://meet.example/1"), colour=True)
    assert "\x1b]8;" not in printed(link("javascript:alert(1)"), colour=True)
    assert "\x1b]8;" not in printed(link("https://meet.example/\x1b\\x"), colour=True)


SNEAKY = "a\u202egnp\u200b\u2066x\x9b\U000e0041 周会 👩\u200d💻"


@pytest.mark.parametrize("text", [SNEAKY, f"{SNEAKY}\nsecond: {SNEAKY}", "plain", "周会", "- no list: 'x'", ""])
def test_a_patch_reads_back_and_hides_nothing(text: str) -> None:
    patch = {"meetings": {"sync": {"title": text, "people": [text]}, text: {"notify": True}}}
    printed = patch_text(patch)
    assert yaml.safe_load(printed) == patch
    assert printed.split("\n") == [for_terminal(one) for one in printed.split("\n")]


def test_a_document_escapes_what_nobody_sees() -> None:
    printed = dump({"title": SNEAKY})
    assert json.loads(printed) == {"title": SNEAKY}
    assert printed.split("\n") == [for_terminal(one) for one in printed.split("\n")]
    assert "周会 👩\u200d💻" in printed
