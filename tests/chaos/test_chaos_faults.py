"""Every fault of the server, at every API: the next undisturbed run ends as declared."""

from __future__ import annotations

import pytest
from chaos.faults import LASTING, ONCE, RANDOM, Case, suffer
from chaos.world import World

SAMPLE = (
    Case(kind="drop_after", api="conference.create"),
    Case(kind="error_after", api="event.create"),
    Case(kind="cut_json", api="event.list"),
    Case(kind="drop_after", api="rooms.book", lasting=True),
    RANDOM[0],
    RANDOM[1],
)


def check(world: World, case: Case) -> None:
    told = suffer(world, case)
    assert told.hits
    assert told.code in {0, 1, 3}
    assert told.verdict.faults == (), "\n".join(told.verdict.faults)


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_some_faults(world: World, case: Case) -> None:
    check(world, case)


@pytest.mark.chaos
@pytest.mark.parametrize("case", ONCE, ids=str)
def test_every_fault_once_at_every_api(world: World, case: Case) -> None:
    check(world, case)


@pytest.mark.chaos
@pytest.mark.parametrize("case", LASTING, ids=str)
def test_every_fault_at_every_call_of_an_api(world: World, case: Case) -> None:
    check(world, case)


@pytest.mark.chaos
@pytest.mark.parametrize("case", RANDOM, ids=str)
def test_a_fifth_of_all_calls_at_random(world: World, case: Case) -> None:
    check(world, case)
