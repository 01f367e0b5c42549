"""What a change costs: each row of the table in docs/performance.md, carried out and counted."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import deepdiff
import pytest
from adopting import Hands, calls_of
from costs import PAGE, ROWS, Row, counted, updated
from team import a_team

from reconciler.apply.outcome import Status


def applied(hands: Hands) -> tuple[Counter[str], Counter[str]]:
    """Plan and apply; return the calls of both."""
    start = len(hands.calls())
    planned = hands.plan()
    middle = len(hands.calls())
    outcome = hands.apply(planned)
    assert outcome.count(Status.DONE) == len(outcome.results), outcome
    calls = hands.calls()
    return Counter(calls[start:middle]), Counter(calls[middle:])


def settle(hands: Hands, row: Row) -> None:
    """Bring about what the row starts from, seen by a plan after the apply."""
    hands.declare(**({} if row.was is None else {"demo": row.was}))
    applied(hands)
    if row.was is not None and "calendar" in row.was:
        applied(hands)  # a look at what was written
    hands.now += timedelta(days=row.days, hours=row.hours)
    hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
    hands.team.events("alice")  # with a token that has not run out
    hands.declare(**({} if row.now is None else {row.name: row.now}))
    if row.name != "demo":
        hands.team.config["moved"] = [{"from": "demo", "to": row.name}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_change_costs_the_calls_of_its_row(tmp_path: Path, row: Row) -> None:
    with a_team(tmp_path) as team:
        hands = Hands(team=team)
        team.config["verify"] = {"every": row.every}  # what is looked at in turn is no cost of the change
        settle(hands, row)
        assert applied(hands) == (counted(row.reads), counted(row.writes))
        assert calls_of(hands.plan()) == []


def test_where_nothing_differs_nothing_is_compared_in_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_team(tmp_path) as team:
        hands = Hands(team=team)
        applied(hands)
        monkeypatch.setitem(sys.modules, "deepdiff", None)  # an import of it fails
        assert calls_of(hands.plan()) == []
        team.config["meetings"]["retro"]["title"] = "Another"
        with pytest.raises(ImportError):
            hands.plan()


def test_of_many_occurrences_only_those_that_differ_are_compared_in_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[Any, ...]] = []

    def counting(*pair: Any, **options: Any) -> deepdiff.DeepDiff:
        compared.append(pair)
        return compare(*pair, **options)

    compare = deepdiff.DeepDiff
    monkeypatch.setattr(deepdiff, "DeepDiff", counting)
    with a_team(tmp_path) as team:
        hands = Hands(team=team)
        applied(hands)
        compared.clear()
        team.config["meetings"]["weekly-sync"]["schedule"]["change"] = {"2026-12-07": {"title": "Another"}}
        assert calls_of(hands.plan()) == ["conference.update", "event.update"]
    assert len(compared) == 4  # the event and the conference, before that is asked for and after


def test_the_page_has_the_table_as_it_is_counted_here() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert updated(page) == page
