"""Rooms looked at: which would do, which are free, how much they are used."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import NOW
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.model import Room
from reconciler.model.occurrence import Busy
from reconciler.model.room import RoomDetail
from reconciler.rooms.look import RoomView, Wanted, availability, fitting, rules_in_words, usage, views, why_none_fits

SHANGHAI = ZoneInfo("Asia/Shanghai")

AT = NOW + timedelta(days=1)
AURORA = RoomView(id="a", name="Aurora", alias="aurora", capacity=12, tags=("video",), location="Hangzhou 3F")
BOREALIS = RoomView(id="b", name="Borealis", capacity=8)
WANTED = Wanted(start=AT, end=AT + timedelta(hours=1), organizer="alice")


def busy(room: str, start: float, end: float, status: str = "BUSY") -> Busy:
    """Return a hold, in hours after AT."""
    first, last = (AT + timedelta(hours=hours) for hours in (start, end))
    return Busy(room_id=room, event_id=f"e{start}", organizer="bob", start=first, end=last, status=status)


def test_rooms_of_the_config_come_first_and_each_side_fills_in_for_the_other() -> None:
    details = [RoomDetail(id="z", name="Zeta", capacity=4), RoomDetail(id="a", name="Aurora", labels=("video", "tv"))]
    declared = {"aurora": Room(alias="aurora", id="a", capacity=12, tags=("video",)), "old": Room(alias="old", id="o")}
    found = views(details, declared)
    assert [(one.alias, one.id, one.capacity, one.tags, one.known) for one in found] == [
        ("aurora", "a", 12, ("video", "tv"), True),
        ("old", "o", None, (), False),
        ("", "z", 4, (), True),
    ]


@pytest.mark.parametrize(
    ("wish", "ids"),
    [
        ({}, ["b", "a"]),
        ({"capacity": 9}, ["a"]),
        ({"tags": frozenset({"video"})}, ["a"]),
        ({"location": "hangzhou"}, ["a"]),
        ({"capacity": 13}, []),
    ],
)
def test_the_smallest_that_fits_comes_first(wish: dict[str, object], ids: list[str]) -> None:
    wanted = Wanted(start=AT, end=AT, organizer="", **wish)  # type: ignore[arg-type]  # fields that there are
    gone = RoomView(id="gone", name="gone", known=False)
    assert [room.id for room in fitting([AURORA, BOREALIS, gone], wanted)] == ids


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"capacity": 50}, "no room has 50 seats: the largest has 12"),
        ({"tags": frozenset({"vidoe"})}, "no room has the tag 'vidoe'; did you mean 'video'?"),
        ({"tags": frozenset({"sauna"})}, "no room has the tag 'sauna'; known: video"),
        ({"location": "Atlantis"}, "no room is in 'Atlantis'; known: Hangzhou 3F"),
        ({"location": "hangzhou"}, "no room has all of it at once"),
        (
            {"capacity": 50, "tags": frozenset({"sauna"})},
            "no room has the tag 'sauna'; known: video\nno room has 50 seats: the largest has 12",
        ),
    ],
)
def test_where_no_room_fits_it_is_told_why(wish: dict[str, object], told: str) -> None:
    wanted = Wanted(start=AT, end=AT, organizer="", **wish)  # type: ignore[arg-type]  # fields that there are
    assert why_none_fits([AURORA, BOREALIS], wanted) == told


def test_where_there_is_no_room_at_all_the_list_is_named() -> None:
    wanted = Wanted(start=AT, end=AT, organizer="", tags=frozenset({"video"}))
    assert why_none_fits([], wanted) == "no room has the tag 'video'; `reconciler rooms list` shows them"


def test_a_room_is_free_when_nobody_has_it_and_its_rules_allow_it() -> None:
    shut = RoomView(id="s", name="Shut", rules=RoomDetail(id="s", name="Shut", open=False))
    holds = [busy("b", 0.5, 2), busy("b", -1, 0.25), busy("a", 1, 2), busy("a", -1, 0)]  # what touches is in no way
    found = availability([BOREALIS, shut, AURORA], holds, WANTED, now=NOW)
    assert [(one.room.id, one.free, one.refused) for one in found] == [
        ("a", True, ""), ("b", False, ""), ("s", False, "is not open for bookings"),
    ]  # fmt: skip
    assert (found[1].holder, found[1].until) == ("bob", AT + timedelta(hours=2))


def test_usage_counts_overlaps_once_and_cuts_at_the_window() -> None:
    holds = [busy("a", -1, 1), busy("a", 0.5, 2), busy("a", 9, 99, "TENTATIVE"), busy("b", 20, 21)]
    found = usage([BOREALIS, AURORA], holds, start=AT, end=AT + timedelta(hours=10))
    assert [(one.room.id, one.hours, one.pending_hours, one.bookings) for one in found] == [
        ("a", 3.0, 1.0, 3), ("b", 0.0, 0.0, 0),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 10)), max_size=12))
def test_usage_is_the_hours_in_which_anybody_has_the_room(spans: list[tuple[int, int]]) -> None:
    holds = [busy("a", start, start + length) for start, length in spans]
    (found,) = usage([AURORA], holds, start=AT, end=AT + timedelta(hours=24))
    taken = {hour for start, length in spans for hour in range(start, start + length)} & set(range(24))
    assert found.hours == len(taken)


def test_one_person_is_no_people() -> None:
    alone = RoomDetail(id="r", name="r", status=2, members=("alice",))
    assert list(rules_in_words(alone, now=NOW, zone=SHANGHAI)) == ["only 1 person may book it"]


def test_rules_are_told_in_words() -> None:
    strict = RoomDetail(
        id="r", name="r", status=2, members=("alice", "bob"), open=False, approval=True, min_minutes=10,
        max_minutes=60, advance=3, advance_unit="months", recurring=False,
        closed_from=datetime(2026, 11, 1, tzinfo=NOW.tzinfo), closed_reason="renovation",
    )  # fmt: skip
    assert list(rules_in_words(strict, now=NOW, zone=SHANGHAI)) == [
        "only 2 people may book it", "not open for bookings", "bookings need approval", "at least 10 min",
        "at most 60 min", "up to 3 months ahead", "no series", "closed from 2026-11-01 08:00 for good (renovation)",
    ]  # fmt: skip
    assert list(rules_in_words(RoomDetail(id="r", name="r", status=0, open=True), now=NOW, zone=SHANGHAI)) == []
