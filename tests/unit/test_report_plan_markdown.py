from __future__ import annotations

import re
from dataclasses import replace

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, edited, observation, occurrence
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.diff.changes import diff
from reconciler.model.observed import Observed, ReadFailure
from reconciler.model.occurrence import Occurrence
from reconciler.plan.making import plan
from reconciler.plan.operations import Plan, Quota
from reconciler.report.names import Names
from reconciler.report.plan_markdown import LIMIT, SMALLEST_LIMIT, marker, plan_markdown

NAMES = Names(people={"bob": "Bobby"}, rooms={"aurora": "Aurora"})
HOSTILE = "</details><!-- x --> | **b** `c` @all #1 [l](https://evil.example) ![i](x)\n\n# h\n\n```\n/close\n<script>"
OURS = {"<br>", "</details>", "<details>", "<summary>", "</summary>", "<b>", "</b>"}


def planned(wanted: list[Occurrence], seen: list[Observed], *failures: ReadFailure) -> Plan:
    observed = replace(observation(*seen), failures=failures)
    found = diff(wanted, observed, now=NOW, create_before=UNTIL)
    return plan(found, observed, workspace=WORKSPACE, now=NOW, until=UNTIL)


def days(first: int, last: int, **fields: object) -> list[Occurrence]:
    return [occurrence(f"2026-12-{day:02}T10:00", **fields) for day in range(first, last + 1)]  # type: ignore[arg-type]


def shown(made: Plan, **options: int) -> str:
    return plan_markdown(made, NAMES, **options)


def parsed(text: str) -> list[Token]:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [one for token in reader.parse(text) for one in (token, *(token.children or ()))]


def test_the_marker_and_the_sum_come_first() -> None:
    lines = shown(planned(days(2, 3), [])).splitlines()
    assert lines[0] == marker(WORKSPACE) == "<!-- reconciler plan: acme -->"
    assert lines[1] == "**Plan: 2 to create, 0 to update, 0 to cancel, 0 unchanged.** Workspace acme."
    assert lines[3] == "Cost: 6 API calls. Rooms: 2 to book, 0 to release. Messages: 4 to 2 people invited."


def test_no_workspace_closes_the_hidden_line() -> None:
    assert marker("a--> <b>") == "<!-- reconciler plan: a-%2D%3E%20%3Cb%3E -->"
    assert len({marker(name) for name in ("a--b", "a-%2Db", "a-b")}) == 3


def test_nothing_to_do_is_one_sentence() -> None:
    made = planned(days(2, 4), [booked(one) for one in days(2, 4)])
    assert shown(made) == f"{marker(WORKSPACE)}\n**Nothing to do: 3 occurrences are as declared.** Workspace acme.\n"
    counted = replace(made, quota=Quota(month="2026-11", used=31, limit=5000))
    assert "Quota: 31 of 5,000 calls used in 2026-11, 4,969 left." in shown(counted)


def test_meetings_are_a_table_and_their_changes_are_folded() -> None:
    other = occurrence("2026-12-09T15:00", meeting="retro", title="Retrospective")
    text = shown(planned([*days(2, 4), other], []))
    assert "| sync | Weekly sync | 3 |  |  | Wed 2026-12-02 … Fri 2026-12-04 | 9 |" in text
    assert "| retro | Retrospective | 1 |  |  | Wed 2026-12-09 | 3 |" in text
    assert "<details><summary><b>sync</b>: 3 changes, Asia/Shanghai; notifies 2 people</summary>" in text
    assert (
        "| + | Wed 2026-12-02 10:00–10:45 | Weekly sync: new occurrence"
        "<br>attendees: Bobby, carol (optional)<br>rooms: Aurora |"
    ) in text


def test_an_update_tells_before_and_after_and_whose_change_it_undoes() -> None:
    text = shown(planned([occurrence(title="Sync", minutes=60)], [booked(occurrence())]))
    assert "| ~ | Wed 2026-12-02 10:00–11:00 | title: Weekly sync → Sync<br>end: 10:45 → 11:00 |" in text
    text = shown(planned([occurrence()], [edited(booked(occurrence()), title="By hand")]))
    assert "title: By hand → Weekly sync **(changed in DingTalk)**" in text


def test_a_cancellation_tells_what_and_why() -> None:
    text = shown(planned([], [booked(occurrence())]))
    assert "| − | Wed 2026-12-02 10:00–10:45 | Weekly sync: no longer declared |" in text


def test_changes_that_are_alike_are_told_once() -> None:
    text = shown(planned(days(2, 13), []))
    assert text.count("10:00–10:45") == 3
    assert "… and 9 more like these, the last on Sun 2026-12-13" in text


def test_warnings_failed_reads_and_the_quota_are_told() -> None:
    failure = ReadFailure(where="calendar of bob", code="Forbidden", message="no right", hint="grant it")
    made = replace(
        planned(days(2, 2), [], failure),
        warnings=("meetings.yaml:3:1: too small\n  take another",),
        quota=Quota(month="2026-11", used=4000, limit=5000),
    )
    text = shown(made)
    assert text.splitlines()[1].startswith("**Plan (incomplete): 1 to create")
    assert "- calendar of bob: no right \\[Forbidden\\] grant it" in text
    assert "- meetings.yaml:3:1: too small — take another" in text
    assert "Quota: 4,000 of 5,000 calls used in 2026-11, 1,000 left." in text
    assert "too few for this plan" in shown(replace(made, quota=Quota(month="2026-11", used=4999, limit=5000)))


def test_what_has_no_room_is_counted() -> None:
    wanted = [
        occurrence(f"2026-12-{day:02}T10:00", meeting=f"m{number}", title=f"Meeting {number} on day {day}")
        for number in range(60)
        for day in range(2, 22)
    ]
    made = replace(planned(wanted, []), warnings=("w" * 1000,) * 100)
    text = shown(made)
    assert len(text) <= LIMIT
    assert re.search(r"_Left out to keep this short: \d+ warnings, \d+ changes\. ", text)
    told = sum(line.startswith("| + |") for line in text.splitlines())
    left = re.search(r"([\d,]+) changes\. `", text)
    assert left is not None
    assert told + int(left[1].replace(",", "")) == 1200
    assert text.count("<details>") == text.count("</details>") > 0
    assert len(shown(made, limit=SMALLEST_LIMIT)) <= SMALLEST_LIMIT


def test_too_small_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        shown(planned([], []), limit=SMALLEST_LIMIT - 1)


WORDS = st.text(st.one_of(st.characters(), st.sampled_from("|\\`*_[]<>&~#@$!-\n\r\t:/\x1b\u202e ")), max_size=120)


@given(title=WORDS, description=WORDS, old=WORDS, warning=WORDS, limit=st.integers(SMALLEST_LIMIT, LIMIT))
@example(title=HOSTILE, description=HOSTILE, old=HOSTILE, warning=HOSTILE, limit=LIMIT)
@example(title="\\|", description="\\\\|", old="|\\", warning="\\", limit=LIMIT)
def test_no_text_breaks_out_of_its_cell(title: str, description: str, old: str, warning: str, limit: int) -> None:
    """Foreign text is nothing but text for a Markdown reader, and every row has the cells of its table."""
    seen = edited(booked(occurrence()), title=old, description=old)
    changed = occurrence(title=title, description=description)
    new = occurrence("2026-12-03T10:00", title=title, description=description)
    failure = ReadFailure(where=old, code=title, message=description, hint=warning)
    made = replace(
        planned([changed, new], [seen, booked(occurrence("2026-12-04T10:00"))], failure), warnings=(warning,)
    )
    text = shown(made, limit=limit)
    assert len(text) <= limit
    tokens = parsed(text)
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "code_block", "fence", "heading_open", "hr", "blockquote_open", "s_open"}
    assert kinds & {"code_inline", "em_open"} == set()
    for token in tokens:
        if token.type in {"html_inline", "html_block"}:
            bare = re.sub(r"<!-- reconciler plan: acme -->", "", token.content)
            assert set(re.findall(r"<[^>]*>?", bare)) <= OURS
        if token.type == "text":
            assert not re.search(r"@[\w-]|[#!]\d|://", token.content)
    cells = [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in text.splitlines() if line.startswith("|")]
    assert cells == [8] * 3 + [4] * (len(cells) - 3)
    assert not any(line.startswith(("/", "#", "```")) for line in text.splitlines())


@settings(max_examples=10)
@given(st.integers(1, 20), st.integers(SMALLEST_LIMIT, 3 * SMALLEST_LIMIT))
def test_however_long_the_texts_the_limit_holds(count: int, limit: int) -> None:
    wanted = [
        occurrence(
            meeting=f"m{number}", title="|" * 500 + str(number), rooms=tuple("@" * 99 + str(n) for n in range(5))
        )
        for number in range(count)
    ]
    failures = [ReadFailure(where="\x1b" * 999, code="c" * 999, message="|" * 9999) for _ in range(count)]
    made = replace(planned(wanted, [], *failures), warnings=("|\n" * 9999,) * count)
    assert len(shown(made, limit=limit)) <= limit
