from __future__ import annotations

import math

import pytest
import yaml as pyyaml

from reconciler.config import yaml
from reconciler.config.document import Document
from reconciler.config.yaml import parse, scalar
from reconciler.config.yamlerrors import broken_yaml
from reconciler.errors import Position


def read(text: str) -> Document:
    document, problems = parse(text.encode(), "f.yaml")
    assert not problems
    return document


def messages(text: str) -> list[str]:
    return [str(problem) for problem in parse(text.encode(), "f.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:30", "10:30"),
        ("2026-11-30", "2026-11-30"),
        ("2026-11-30T10:00", "2026-11-30T10:00"),
        ("on", "on"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("n", "n"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("0o17", 15),
        ("0xfF", 255),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("9" * 5000, math.inf),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        (".INF", math.inf),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("nothing", "nothing"),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_not_a_number_is_a_float() -> None:
    assert math.isnan(float(str(scalar(".NaN"))))


def test_quoted_and_tagged_text_stays_text() -> None:
    assert read("a: '1'\nb: !!str 2\nc: ! 3\nd: !!int 4\ne: |\n  5\n").value == {
        "a": "1",
        "b": "2",
        "c": "3",
        "d": 4,
        "e": "5\n",
    }


def test_keys_are_always_text() -> None:
    assert read("1: a\ntrue: b\n2026-11-30: c\n").value == {"1": "a", "true": "b", "2026-11-30": "c"}


def test_positions_of_keys_and_values() -> None:
    document = read("a:\n  - b: 1\n  - [x, y]\n")
    assert document.at(("a", 0, "b")) == Position("f.yaml", 2, 8)
    assert document.key(("a", 0, "b")) == Position("f.yaml", 2, 5)
    assert document.at(("a", 1, 1)) == Position("f.yaml", 3, 9)
    assert document.key(("a", 1)) == Position("f.yaml", 3, 5)


def test_position_of_what_is_not_there_is_that_of_what_should_hold_it() -> None:
    document = read("a:\n  b: 1\n")
    assert document.at(("a", "c")) == Position("f.yaml", 2, 3)
    assert document.at(("a", "b", "c")) == Position("f.yaml", 2, 6)
    assert document.key(("a", "c")) == Position("f.yaml", 1, 1)
    assert document.has(("a", "b"))
    assert not document.has(("a", "b", "c"))


def test_columns_count_characters_not_bytes() -> None:
    assert read("{周会: 周, b: 1}").at(("b",)) == Position("f.yaml", 1, 12)


def test_byte_order_mark_is_no_content() -> None:
    document, problems = parse(b"\xef\xbb\xbfa: 1\n", "f.yaml")
    assert (document.value, problems) == ({"a": 1}, ())


def test_alias_repeats_value_and_place() -> None:
    document = read("a: &x {k: 1}\nb: *x\nc: [*x]\n")
    assert document.value == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}]}
    assert document.at(("b", "k")) == Position("f.yaml", 1, 11)


def test_merge_key_takes_in_what_is_not_there_and_keeps_its_places() -> None:
    document = read("a: &x {k: 1, l: 2}\nb: &y {l: 3, m: 4}\nc: {<<: [*x, *y], k: 0}\nd: {<<: *x}\n")
    assert document.value == {
        "a": {"k": 1, "l": 2},
        "b": {"l": 3, "m": 4},
        "c": {"k": 0, "l": 2, "m": 4},
        "d": {"k": 1, "l": 2},
    }
    assert document.key(("c", "m")) == Position("f.yaml", 2, 14)


def test_key_twice_names_both_places_and_reads_on() -> None:
    found = messages("a: 1\nb:\n  c: 1\n  c: {d: 1, d: 2}\na: 2\n")
    assert [text.split("\n")[0] for text in found] == [
        "f.yaml:4:3: b.c: 'c' is given a second time; the first is at f.yaml:3:3",
        "f.yaml:4:13: b.c.d: 'd' is given a second time; the first is at f.yaml:4:7",
        "f.yaml:5:1: a: 'a' is given a second time; the first is at f.yaml:1:1",
    ]


@pytest.mark.parametrize("depth", [65, 10_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    (found,) = messages("[" * depth)
    assert "more than 64 levels" in found


def test_nesting_by_aliases_is_refused() -> None:
    text = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 70))
    (found,) = messages(text)
    assert "more than 64 levels" in found


def test_aliases_may_repeat_a_bounded_number_of_values() -> None:
    text = f"a: &a [{'0,' * 1000}0]\n" + "".join(f"b{n}: *a\n" for n in range(110))
    (found,) = messages(text)
    assert "aliases repeat more than 100,000 values" in found


def test_large_file_is_refused() -> None:
    _, (problem,) = parse(b"#" * (yaml.MAX_BYTES + 1), "f.yaml")
    assert "larger than 5,000,000 bytes" in problem.message
    assert problem.position == Position("f.yaml", 1, 1)


@pytest.mark.parametrize("loader", [pyyaml.SafeLoader, getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)])
@pytest.mark.parametrize(
    "text",
    [
        "a:\n\tb: 1",
        "a: [1",
        "a: 'x",
        "a: b: c",
        "a:\n  b: 1\n c: 2",
        "a: @b",
        'a: "\\q"',
        "- a\nb: c",
        "a: *",
        "{a",
        "a\nb:",
    ],
)
def test_both_parsers_are_explained(loader: object, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "_LOADER", loader)
    (found,) = messages(text)
    assert "the YAML is broken" not in found


@pytest.mark.parametrize("text", ['a: "\\ud800"', 'a: "\\UFFFFFFFF"'])
def test_impossible_characters_do_not_raise(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "_LOADER", pyyaml.SafeLoader)
    document, problems = parse(text.encode(), "f.yaml")
    assert problems or document.value == {"a": "\ud800"}


@pytest.mark.parametrize("loader", [pyyaml.SafeLoader, getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)])
@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("a:\n  title:Sync\n  b: c\n", (2, 8), ("a colon without a space after it", "write `title: Sync`")),
        ("a:\n  title：周会\n  b: c\n", (2, 8), ("a full-width colon", "write `title: 周会`")),
        ("a: 1\nworkspace：acme\nb: 2\n", (2, 10), ("a full-width colon", "write `workspace: acme`")),
        (
            "a:\n\u3000\u3000b: 1\n  c: 2\n",
            (2, 1),
            ("the space U+3000 indents nothing", "replace it by ordinary spaces"),
        ),
        (
            "a:\n\u00a0\u00a0b: 1\n  c: 2\n",
            (2, 1),
            ("the space U+00A0 indents nothing", "replace it by ordinary spaces"),
        ),
        ("a:\n  b: 'Bob's sync'\n  c: 1\n", (2, 11), ("there is text after the closing quote", "Bob''s")),
        (
            "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n",
            (2, 1),
            ("a merge conflict that is not resolved", "keep"),
        ),
        ("a:\n  b: 1\n\t\tc: 2\n", (3, 1), ("a tab where only spaces are allowed", "replace the tab by spaces")),
    ],
)
def test_what_trips_the_parser_later_is_told_where_it_stands(
    loader: object, text: str, place: tuple[int, int], told: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml, "_LOADER", loader)
    _, (problem, *more) = parse(text.encode(), "f.yaml")
    assert (problem.position, problem.message) == (Position("f.yaml", *place), told[0])
    assert told[1] in problem.hint
    assert not more


def test_unknown_complaint_is_passed_on() -> None:
    problem = broken_yaml(pyyaml.YAMLError("something new"), "f.yaml", "a")
    assert problem.position == Position("f.yaml", 1, 1)
    assert "something new" in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("    description: |\n      大家好\n      \u3000\u3000各位同事\n   foo: bar\n", 7),
        ("    description: |\n      Note:this\n    title: a: b\n", 6),
        ("    attendees:\n      - foo:bar\n      - a: b: c\n", 6),
    ],
)
def test_sound_text_before_a_mistake_is_not_blamed_for_it(text: str, line: int) -> None:
    _, (problem,) = parse(f"version: 1\nmeetings:\n  a:\n{text}".encode(), "m.yaml")
    assert problem.position.line == line
