"""Rooms from pools: nobody twice, what is booked stays, as few changes as possible, the smallest that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.occurrence import Key
from reconciler.rooms.freebusy import Span, queries
from reconciler.rooms.pools import assign as assigning
from reconciler.rooms.pools import cpsat, greedy
from reconciler.rooms.pools.assign import assign, in_conflict
from reconciler.rooms.pools.problem import Calendar, Problem, Taken, Wish, cost, possible
from reconciler.schedule.zones import later

MONDAY = datetime.fromisoformat("2026-11-30T00:00:00+08:00")


def at(day: int, hour: float) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def wish(meeting: str, day: int, hour: float, rooms: str = "abc", **more: object) -> Wish:
    start = at(day, hour)
    fields: dict[str, object] = {"end": start + timedelta(hours=1), "count": 1, "held": frozenset(), **more}
    return Wish(key=Key(meeting, start.replace(tzinfo=None)), start=start, rooms=tuple(rooms), **fields)  # type: ignore[arg-type]  # a test names fields that there are


def ordered(*wishes: Wish) -> list[Wish]:
    return sorted(wishes, key=lambda one: (one.start, one.key))


def rooms_of(found: Mapping[Key, Sequence[str]]) -> dict[str, str]:
    return {str(key): "".join(rooms) for key, rooms in sorted(found.items())}


def test_the_smallest_room_that_is_free_is_taken() -> None:
    found = assign(ordered(wish("one", 0, 10), wish("other", 0, 10, "abc"), wish("later", 0, 11)))
    assert sorted(rooms_of(found.rooms).values()) == ["a", "a", "b"]


def test_a_room_goes_to_one_alone_in_the_hour_that_comes_twice() -> None:
    first = datetime.fromisoformat("2026-10-25T02:30+02:00").astimezone(ZoneInfo("Europe/Berlin"))
    begins = [later(first, timedelta(minutes=minutes)) for minutes in (0, 15, 70)]  # 02:30, 02:45, and 02:40 again
    wishes = [
        Wish(
            key=Key(name, MONDAY.replace(tzinfo=None)),
            start=begin,
            end=later(begin, timedelta(hours=1)),
            rooms=("a", "b"),
        )
        for name, begin in zip(("one", "two", "three"), begins, strict=True)
    ]
    for found in (assign(wishes), assign(wishes, greedy.assign)):
        assert {key.meeting: rooms for key, rooms in found.rooms.items()} == {
            "one": ("a",),
            "two": ("b",),
            "three": ("a",),
        }
    calendar = Calendar([Taken(room="a", start=begins[0], end=wishes[0].end)])
    assert [calendar.is_free("a", one.start, one.end) for one in wishes] == [False, False, True]
    (query,) = queries([Span(one.start, one.end, "a") for one in wishes])
    assert all(query.covers(Span(one.start, one.end, "a")) for one in wishes)


def test_a_series_keeps_one_room_even_if_a_smaller_one_is_free_now_and_then() -> None:
    calendar = Calendar([Taken(room="a", start=at(7, 9), end=at(7, 12))])
    wishes = [possible(wish("sync", day, 10), calendar) for day in (0, 7, 14)]
    assert set(rooms_of(assign(wishes).rooms).values()) == {"b"}
    assert set(rooms_of(assign(wishes, greedy.assign).rooms).values()) == {"b"}


def test_few_wishes_with_many_rooms_are_no_hard_work(monkeypatch: pytest.MonkeyPatch) -> None:
    daily = [wish("daily", day, 9.5, "hi", end=at(day, 10)) for day in range(25) if day % 7 < 5]
    fridays = [wish("many", day, 9, "efijkclmdno") for day in (4, 11, 18, 25)]
    others = [wish("few", day, 9, "gh") for day in (4, 11, 18, 25)]
    monkeypatch.setattr(cpsat, "EFFORT", 0.5)
    found = assign(ordered(*daily, *fridays, *others))
    assert (found.solver, found.proven) == ("CP-SAT", True)
    assert {key.split("@")[0]: room for key, room in rooms_of(found.rooms).items()} == {
        "daily": "h",
        "few": "g",
        "many": "e",
    }


def test_what_is_booked_stays_though_a_smaller_room_is_free() -> None:
    held = wish("sync", 0, 10, held=frozenset("c"))
    found = assign(ordered(held, wish("new", 0, 10)))
    assert rooms_of(found.rooms) == {"new@2026-11-30T10:00": "a", "sync@2026-11-30T10:00": "c"}


def test_what_is_booked_gives_way_only_where_somebody_else_would_have_no_room() -> None:
    held = wish("sync", 0, 10, held=frozenset("a"))
    found = assign(ordered(held, wish("new", 0, 10, "a")))
    assert rooms_of(found.rooms) == {"new@2026-11-30T10:00": "a", "sync@2026-11-30T10:00": "b"}


def test_nothing_is_solved_where_everybody_has_what_they_want(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assigning, "best", lambda _problem: pytest.fail("there is nothing to solve"))
    found = assign(ordered(wish("one", 0, 10, held=frozenset("b")), wish("other", 0, 10, held=frozenset("a"))))
    assert (found.solver, found.proven) == ("kept", True)


def test_of_several_rooms_as_many_are_given_as_there_are() -> None:
    found = assign([wish("big", 0, 10, "ab", count=3)])
    assert rooms_of(found.rooms) == {"big@2026-11-30T10:00": "ab"}


def test_without_a_solver_the_greedy_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assigning, "has_solver", lambda: False)
    found = assign([wish("sync", 0, 10)])
    assert (found.solver, found.proven) == ("greedy", False)


def test_what_has_nothing_to_do_with_each_other_is_solved_apart() -> None:
    found = assign(ordered(wish("one", 0, 10, "ab", held=frozenset("b")), wish("other", 0, 10, "cd")))
    assert rooms_of(found.rooms) == {"one@2026-11-30T10:00": "b", "other@2026-11-30T10:00": "c"}


def test_one_more_of_many_meetings_moves_no_other() -> None:
    rooms = "abcdefghijklmno"
    crowd = [wish(f"m{n:02}", 7 * week + n % 5, 9 + n % 4, rooms[n % 6 :]) for n in range(20) for week in range(4)]
    # Forty more have their own room, at the same hours.
    crowd += [wish(f"f{n:02}", 7 * week + n % 5, 9 + n // 15, rooms[n % 15]) for n in range(40) for week in range(4)]
    first = assign(ordered(*crowd)).rooms
    booked = [replace(one, held=frozenset(first[one.key])) for one in crowd]
    more = [wish("more", 7 * week, 9, rooms) for week in range(4)]
    second = assign(ordered(*booked, *more)).rooms
    assert {key: found for key, found in second.items() if key.meeting != "more"} == first
    assert len({second[one.key] for one in more}) == 1


@st.composite
def problems(draw: st.DrawFn) -> list[Wish]:
    """Return up to five wishes of up to three series, in one of two hours of two days."""
    wishes: dict[Key, Wish] = {}
    for _ in range(draw(st.integers(1, 5))):
        rooms = draw(st.permutations("abc"))[: draw(st.integers(0, 3))]
        held = draw(st.sets(st.sampled_from(rooms), max_size=2)) if rooms else set()
        one = wish(
            draw(st.sampled_from(["one", "two", "three"])),
            draw(st.integers(0, 1)),
            draw(st.sampled_from([10, 10.5, 11])),
            "".join(rooms),
            count=draw(st.integers(1, 2)),
            held=frozenset(held),
        )
        wishes[one.key] = one
    return ordered(*wishes.values())


def by_force(problem: Problem) -> tuple[int, ...]:
    """Return the cost of the best of all assignments there are."""
    choices = [
        [chosen for size in range(one.count + 1) for chosen in combinations(one.rooms, size)] for one in problem.wishes
    ]
    keys = [one.key for one in problem.wishes]
    all_of_them = (dict(zip(keys, chosen, strict=True)) for chosen in product(*choices))
    return min(cost(problem, rooms) for rooms in all_of_them if not in_conflict(problem.wishes, rooms))


@settings(max_examples=30, deadline=None)
@given(problems())
def test_the_solver_finds_what_brute_force_finds(wishes: list[Wish]) -> None:
    found = assign(wishes)
    problem = Problem(wishes=tuple(wishes))
    assert found.proven
    assert not in_conflict(wishes, found.rooms)
    assert cost(problem, found.rooms) == by_force(problem)
    assert assign(wishes) == found


@settings(max_examples=30, deadline=None)
@given(problems())
def test_the_greedy_books_nothing_twice_and_nothing_that_would_not_do(wishes: list[Wish]) -> None:
    found = assign(wishes, greedy.assign)
    assert not in_conflict(wishes, found.rooms)
    for one in wishes:
        rooms = found.rooms[one.key]
        assert set(rooms) <= set(one.rooms)
        assert len(rooms) == len(set(rooms)) <= one.count
