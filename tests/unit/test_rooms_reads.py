"""What is asked about rooms: the first alone, the others at once."""

from __future__ import annotations

from threading import Barrier

from reconciler.dingtalk import ApiError, PermissionMissing
from reconciler.rooms.reads import side_by_side


def test_rooms_are_asked_for_at_once() -> None:
    met = Barrier(3, timeout=10)

    def read(room: str) -> str:
        if room != "first":
            met.wait()  # broken, unless all three are on their way
        return room.upper()

    assert [*side_by_side(read, ["first", "a", "b", "c"])] == [("first", "FIRST"), ("a", "A"), ("b", "B"), ("c", "C")]


def test_where_the_first_room_is_refused_no_other_is_asked_for() -> None:
    asked = []

    def read(room: str) -> str:
        asked.append(room)
        raise refusal

    refusal: ApiError = PermissionMissing("no", call="GET /v1.0/rooms")
    assert [*side_by_side(read, ["a", "b"])] == [("a", refusal)]
    assert asked == ["a"]


def test_nothing_is_asked_where_there_is_nothing_to_ask() -> None:
    assert [*side_by_side(str.upper, [])] == []
