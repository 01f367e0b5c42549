"""What will come of rooms, in words: who has them until when, and what is alike told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.plan.operations import Blocked, RoomProblem
from reconciler.report.names import Names
from reconciler.report.rooms_ahead import told_problems

NAMES = Names(people={"u-mallory": "mallory"}, rooms={"r-a": "a", "r-b": "b"})
FIRST = datetime(2026, 12, 7, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
HOUR = timedelta(hours=1)


def taken(week: int = 0, *, until: datetime | None = None, holder: str = "u-mallory") -> RoomProblem:
    start = FIRST + timedelta(weeks=week)
    return RoomProblem(
        address=f"sync@{start:%Y-%m-%dT%H:%M}", start=start, end=start + HOUR, room="r-a", code="taken",
        message="is taken", holder=holder, until=until or start + HOUR,
    )  # fmt: skip


def short(week: int, *blocked: Blocked) -> RoomProblem:
    start = FIRST + timedelta(weeks=week)
    return RoomProblem(
        address=f"sync@{start:%Y-%m-%dT%H:%M}", start=start, end=start + HOUR, room="", code="no-room",
        message="a room is missing; the pool has none free", blocked=blocked,
    )  # fmt: skip


def told(problems: Sequence[RoomProblem]) -> list[str]:
    return [text for _, _, text in told_problems(problems, NAMES)]


def test_who_has_a_room_on_another_day_has_it_until_that_day() -> None:
    until = FIRST + timedelta(days=2, minutes=-30)
    (text,) = told([taken(until=until)])
    assert text == "Mon 2026-12-07 10:00: room a is held by mallory until Wed 2026-12-09 09:30"
    (text,) = told([short(0, Blocked(room="r-a", holder="u-mallory", until=until))])
    assert text.endswith("the pool has none free (a: mallory until Wed 2026-12-09 09:30)")


def test_occurrences_that_are_alike_are_told_once_with_their_dates_and_ends() -> None:
    assert told([taken(0), taken(1), taken(2)]) == [
        "3 occurrences (Mon 2026-12-07, Mon 2026-12-14, Mon 2026-12-21): room a is held by mallory until 11:00"
    ]
    assert told([taken(0), taken(1, until=FIRST + timedelta(weeks=1, days=1))]) == [
        (
            "2 occurrences (Mon 2026-12-07, Mon 2026-12-14): room a is held by mallory, Mon 2026-12-07 until 11:00,"
            " Mon 2026-12-14 until Tue 2026-12-15 10:00"
        )
    ]


def test_many_dates_are_cut_after_five() -> None:
    problems = [taken(week, until=FIRST + timedelta(weeks=week, minutes=30 + week)) for week in range(8)]
    (text,) = told(problems)
    assert text.startswith("8 occurrences from Mon 2026-12-07 to Mon 2027-01-25: room a is held by mallory, Mon")
    assert text.endswith("Mon 2027-01-04 until 10:34 and 3 more")


def test_what_our_own_meetings_hold_on_each_date_is_told_once() -> None:
    ours = [
        short(
            week,
            Blocked(room="r-a", holder=f"fixed@{FIRST + timedelta(weeks=week):%Y-%m-%dT%H:%M}",
                    until=FIRST + timedelta(weeks=week, hours=1)),
            Blocked(room="r-b", reason="closed for good (paint)"),
        )
        for week in range(2)
    ]  # fmt: skip
    assert told(ours) == [
        (
            "2 occurrences (Mon 2026-12-07, Mon 2026-12-14): a room is missing; the pool has none free"
            " (a: fixed until 11:00; b: closed for good (paint))"
        )
    ]
    assert "a: fixed@2026-12-07T10:00 until 11:00" in told(ours[:1])[0]


def test_others_between_them_do_not_part_what_is_alike() -> None:
    texts = told([taken(0), taken(1, holder="u-bob"), taken(2)])
    assert [text[:13] for text in texts] == ["2 occurrences", "Mon 2026-12-1"]
