from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from builders import local
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.marker import Description, Marker, newer_format, parse_description, parse_marker
from reconciler.model.occurrence import Key

MARKER = Marker(
    workspace="acme", key=Key("sync", local("2026-12-02T10:00")), conference="c/1&x=2", revision=3, applied="0a1b2c"
)


def test_a_marker_reads_back_as_it_was_written() -> None:
    assert parse_marker(str(MARKER)) == MARKER
    assert str(MARKER).startswith("reconciler:1/acme/sync/2026-12-02T10:00?conference=")


@given(
    conference=st.text(min_size=1, max_size=40).filter(lambda text: text.strip() == text and "\x00" not in text),
    revision=st.integers(0, 999),
)
def test_any_conference_id_survives_the_marker(conference: str, revision: int) -> None:
    marker = Marker(workspace="w", key=MARKER.key, conference=conference, revision=revision)
    assert parse_marker(str(marker)) == marker


@pytest.mark.parametrize(
    "line",
    [
        "",
        "reconciler:2/acme/sync/2026-12-02T10:00?conference=c",
        "reconciler:1/ACME/sync/2026-12-02T10:00",
        "reconciler:1/acme/sync/2026-13-02T10:00",
        "see reconciler:1/acme/sync/2026-12-02T10:00",
        "reconciler:1/acme/2026-12-02T10:00",
    ],
)
def test_other_text_is_no_marker(line: str) -> None:
    assert parse_marker(line) is None


def test_parameters_of_the_future_are_passed_over() -> None:
    found = parse_marker("reconciler:1/acme/sync/2026-12-02T10:00?conference=c&colour=blue&revision=x")
    assert found == Marker(workspace="acme", key=MARKER.key, conference="c")


def test_a_description_is_body_link_and_marker() -> None:
    text = str(Description(body="What shipped.\n\nWhat is stuck.", link="https://meet/1", marker=MARKER))
    assert text.splitlines()[-1] == str(MARKER)
    assert parse_description(text) == Description(
        body="What shipped.\n\nWhat is stuck.", link="https://meet/1", marker=MARKER
    )


def test_what_people_write_around_the_marker_is_the_body() -> None:
    text = str(Description(body="Agenda", link="https://meet/1", marker=MARKER)) + "\r\nPS: bring cake"
    found = parse_description(text)
    assert found.marker == MARKER
    assert found.body.startswith("Agenda")
    assert found.body.endswith("PS: bring cake")


def test_a_description_without_anything_of_ours_is_all_body() -> None:
    assert parse_description("hello\n") == Description(body="hello")
    assert str(Description(body="")) == ""


@pytest.mark.parametrize(
    "make",
    [
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        html.escape,
        lambda text: html.escape(text, quote=False),
        lambda text: text.replace("\n", "<br>"),
        lambda text: html.escape(text).replace("\n", "<br />\n"),
        lambda text: html.escape(text).replace("&amp;", "&#38;").replace("\n", "<br>"),
        lambda text: "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n")),
        lambda text: "\n".join(f'<div class="x"><span>{html.escape(line)}</span></div>' for line in text.split("\n")),
        lambda text: text.replace("reconciler:1/", "Reconciler:1/"),
        lambda text: text.replace("reconciler:1/", "\u200breconciler:1/") + "\u200b",
        lambda text: text.replace("Video conference: ", "\u200bVideo\xa0conference:\xa0"),
        lambda text: text.replace("reconciler:1/", " • reconciler:1/"),
        lambda text: text.replace("\nreconciler:1/", " reconciler:1/"),
        lambda text: text.replace("&revision", "\n&revision"),
        lambda text: text.replace("c%2F1", "c%\n  2F1"),
    ],
)
def test_a_description_is_read_whatever_a_server_made_of_it(make: Callable[[str], str]) -> None:
    written = Description(body='R&D <b>"notes"</b>\n\n&amp; more', link="https://meet/1?a=1&b=2", marker=MARKER)
    assert parse_description(make(str(written))) == written


@pytest.mark.parametrize("before", ["> ", "see ", "| ", "was: ", "https://wiki/"])
def test_a_marker_that_is_quoted_is_none(before: str) -> None:
    text = f"Forwarded\n{before}{MARKER}"
    assert parse_description(text) == Description(body=text)


def test_a_line_after_the_marker_is_no_part_of_it() -> None:
    short = f"reconciler:1/acme/sync/2026-12-02T10:00?conference=c\n{MARKER}\ncake"
    assert parse_description(short) == Description(body="cake", marker=MARKER)
    assert parse_description("reconciler:1/acme/sync/2026-12-02T10:00?conference=c\ncake").body == "cake"


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        (str(MARKER), 0),
        ("reconciler:2/acme/sync/x?y", 2),
        ("What shipped.\n\n  reconciler:12/acme/anything", 12),
        ("reconciler:2/other/sync", 0),
        ("see reconciler:2/acme/sync", 0),
        ("reconciler:02/acme/sync", 0),
        ("reconciler:" + "9" * 1000 + "/acme/sync", 0),
    ],
)
def test_a_marker_of_a_newer_program_is_known_as_one(text: str, format_: int) -> None:
    assert newer_format(text, "acme") == format_


@pytest.mark.parametrize(
    "text",
    [
        " " * 4900 + "x reconciler:1/",
        "Video conference: a " * 240 + "x reconciler:1/",
        "•  " * 1600 + "x reconciler:1/",
        ("reconciler:1/" + "?" * 50) * 79,
        "<p>" + "<span " * 800 + "Video conference: ",
    ],
)
def test_a_description_made_to_be_read_slowly_is_read_at_once(text: str) -> None:
    """Else the time allowed for a test is over."""
    for number in range(20):
        assert parse_description(f"{text}{number}").marker is None
