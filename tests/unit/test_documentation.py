"""What the documentation says can be followed: links lead somewhere, commands are understood, configs are valid."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from reconciler.cli.main import cli
from reconciler.config import load

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NOW = datetime(2026, 11, 21, tzinfo=UTC)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", _text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCED.sub("", _text(page))):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), link
        assert not anchor or anchor in _anchors(found), link


def test_every_page_is_reachable_from_the_readme() -> None:
    seen, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(_text(page))}
        todo += [one for one in linked if one.suffix == ".md" and one not in seen]
    assert seen >= set(PAGES)


def _lines(page: Path) -> Iterator[str]:
    """Yield every command line of `reconciler` on the page, without comments, prompts and what follows a pipe."""
    for language, block in _FENCED.findall(_text(page)):
        if language in {"sh", "console"}:
            for line in block.splitlines():
                for part in re.split(r"[|>;]|&&", re.sub(r"\s# .*", "", line.removeprefix("$ "))):
                    if part.strip().startswith("reconciler "):
                        yield part.strip()
    yield from (found for found in re.findall(r"`(?:\.venv/bin/)?(reconciler [a-z][^`]*)`", _text(page)))


LINES = sorted({line for page in PAGES for line in _lines(page)})


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_is_understood(line: str) -> None:
    """Each command exists, and has the options that the line gives it."""
    command: click.Command = cli
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) and words:
        if words[0] in {"-c", "--config"}:
            words = words[2:]
            continue
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"{command.name} has no {words[0]}"
        command, words = found, words[1:]
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    asked = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert asked <= {*known, "--help"}


CONFIGS = [
    pytest.param(block, id=f"{_name(page)}-{number}")
    for page in PAGES
    for number, (language, block) in enumerate(_FENCED.findall(_text(page)))
    if language == "yaml" and re.search(r"^version: 1$", block, re.MULTILINE)
]


@pytest.mark.parametrize("block", CONFIGS)
def test_every_whole_config_is_valid(block: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    path.write_text(block, encoding="utf-8")
    assert load(path, now=NOW).workspace


def test_the_first_meeting_fits_below_the_first_config(tmp_path: Path) -> None:
    """Getting started says: replace `people` and everything below it."""
    blocks = [
        block for language, block in _FENCED.findall(_text(ROOT / "docs/getting-started.md")) if language == "yaml"
    ]
    path = tmp_path / "meetings.yaml"
    path.write_text(blocks[0].partition("people:")[0] + blocks[1], encoding="utf-8")
    assert list(load(path, now=NOW).meetings) == ["weekly-sync"]


def test_there_are_examples_to_check() -> None:
    assert len(LINES) > 20
    assert len(CONFIGS) > 1


_BARE = re.compile(r"(?:pip install |default:|_INSTALL:).*?(?<![\w/.-])reconciler(?:\[[^\]]*\])?(?! ?@)(?![\w\[/-])")


@pytest.mark.parametrize("folder", [".", "docs", "examples", "reconciler"])
def test_nobody_is_told_to_install_a_stranger(folder: str) -> None:
    """`reconciler` on PyPI is another project: pip gets a path or a URL of this one, never the bare name."""
    depth = "*" if folder == "." else "**/*"
    files = [path for kind in ("md", "yml", "py") for path in (ROOT / folder).glob(f"{depth}.{kind}")]
    files = [path for path in files if path.name != "CHANGELOG.md"]
    assert files
    assert [line for path in files for line in _text(path).splitlines() if _BARE.search(line)] == []


@pytest.mark.parametrize("line", ["pip install reconciler", "pip install 'reconciler[s3]'", "default: reconciler"])
def test_a_stranger_is_recognised(line: str) -> None:
    assert _BARE.search(line)
