from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, edited, observation, occurrence
from rich.console import Console, RenderableType

from reconciler.apply.outcome import Failure, Mismatch, Outcome, Result, Status
from reconciler.diff.changes import diff
from reconciler.errors import Position, Problem, Severity
from reconciler.model.observed import ReadFailure
from reconciler.model.occurrence import InstantConference, RoomBooking, RoomStatus
from reconciler.model.state import Opened, Orphan
from reconciler.plan.making import plan
from reconciler.plan.operations import Plan
from reconciler.report.agenda import agenda_items
from reconciler.report.agenda_text import agenda_text
from reconciler.report.apply_text import apply_text
from reconciler.report.names import Names
from reconciler.report.opening_text import opening_text
from reconciler.report.problems_text import problems_text
from reconciler.report.times import in_zone, lasting, span

HOSTILE = "\x1b[31m [bold]x[/]\nForged: line"
TITLE = r"\x1b[31m [bold]x[/]\nForged: line"  # as it is shown
LINK = "https://meet.example/conf-sync@2026-12-02T10:00-1"
NAMES = Names(people={"alice": "Alice"}, rooms={"aurora": "Aurora"})


def printed(renderable: RenderableType, *, colour: bool = False, width: int = 80) -> str:
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=colour, no_color=not colour).print(renderable)
    return file.getvalue()


def rows(renderable: RenderableType) -> list[str]:
    return [row.strip() for row in printed(renderable).splitlines()]


def creations(count: int) -> Plan:
    wanted = [occurrence(f"2026-12-{day:02}T10:00") for day in range(2, 2 + count)]
    seen = observation()
    found = diff(wanted, seen, now=NOW, create_before=UNTIL)
    return plan(found, seen, workspace=WORKSPACE, now=NOW, until=UNTIL)


def test_an_apply_without_trouble_is_its_sum() -> None:
    made = creations(2)
    results = tuple(Result(planned=one, status=Status.DONE, done=one.operations) for one in made.changes)
    text = printed(apply_text(Outcome(results=results), made))
    assert text == "Apply: 2 created, 0 updated, 0 cancelled, 2 rooms booked, 0 released, 0 failed.\n"


def test_an_apply_of_nothing_says_so() -> None:
    assert printed(apply_text(Outcome(results=()), creations(0))) == "Apply: nothing to do.\n"


def test_what_failed_was_put_off_or_left_behind_is_told_with_what_to_do() -> None:
    made = creations(2)
    taken = Failure(code="room-taken", message=f"taken by {HOSTILE}", hint="choose another room")
    limit = Failure(code="quota", message="no calls are left", hint="run again next month")
    outcome = Outcome(
        results=(
            Result(planned=made.changes[0], status=Status.FAILED, error=taken),
            Result(planned=made.changes[1], status=Status.DEFERRED, error=limit),
        ),
        orphans=(Orphan(address="sync@2026-12-02T10:00", organizer="a", title=HOSTILE, start=NOW, asked_at=NOW),),
    )
    failure = ReadFailure(where="calendar of bob", code="Forbidden", message="no right")
    text = rows(apply_text(outcome, replace(made, failures=(failure,))))
    assert text[0] == "not read calendar of bob"
    assert "failed create sync@2026-12-02T10:00" in text
    assert r"taken by \x1b[31m [bold]x[/]\nForged: line [room-taken]" in text
    assert "choose another room" in text
    assert "deferred create sync@2026-12-03T10:00" in text
    assert any(row.startswith("left behind 1 conference that may have been created") for row in text)
    assert any("1 failed, 1 deferred to" in row or "1 failed," in row for row in text[-2:])


def test_what_stopped_many_is_told_once() -> None:
    made = creations(3)
    stopped = Failure(code="SIGINT", message="stopped by SIGINT", hint="the next run continues")
    results = tuple(Result(planned=one, status=Status.DEFERRED, error=stopped) for one in made.changes)
    assert rows(apply_text(Outcome(results=results), made))[:5] == [
        "deferred create sync@2026-12-02T10:00",
        "deferred create sync@2026-12-03T10:00",
        "deferred create sync@2026-12-04T10:00",
        "stopped by SIGINT [SIGINT]",
        "the next run continues",
    ]


def test_problems_begin_with_the_place_that_editors_jump_to() -> None:
    error = Problem(Position("m.yaml", 3, 4), "meetings.x.title", f"is {HOSTILE}", "write less")
    warning = Problem(Position("m.yaml", 9, 1), "", "odd", severity=Severity.WARNING)
    text = printed(problems_text((error, warning))).splitlines()
    assert text == [
        r"m.yaml:3:4: meetings.x.title: is \x1b[31m [bold]x[/]\nForged: line",
        "  write less",
        "m.yaml:9:1: warning: odd",
        "",
        "Invalid: 1 error, 1 warning.",
    ]


def test_a_config_without_problems_is_valid_with_warnings_too() -> None:
    assert printed(problems_text(())) == "Valid: no errors.\n"
    warnings = (Problem(Position("m.yaml", 9, 1), "", "odd", severity=Severity.WARNING),) * 2
    assert printed(problems_text(warnings)).endswith("Valid: no errors, 2 warnings.\n")


def test_the_agenda_goes_by_day_and_tells_rooms_and_link() -> None:
    want = occurrence(title=HOSTILE, rooms=("aurora", "mir"))
    rooms = (RoomBooking("aurora", RoomStatus.TENTATIVE), RoomBooking("r9", RoomStatus.DECLINED, "R\x1b9"))
    seen = edited(booked(want), rooms=rooms)
    later = occurrence("2026-12-03T09:00")
    items = agenda_items([later, want], {want.key: seen})
    assert printed(agenda_text(items, NAMES), width=200).splitlines() == [
        "2 meetings, times in Asia/Shanghai",
        "",
        f"{'Time':16}{'Meeting':43}{'Rooms':64}Link",
        "Wed 2026-12-02",
        rf"{'10:00–10:45':16}{TITLE} · Alice  Aurora (pending approval), R\x1b9 (declined), mir (not booked)  {LINK}",
        "",
        "Thu 2026-12-03",
        f"{'09:00–09:45':16}{'Weekly sync · Alice':43}{'Aurora (not booked)':64}not booked yet",
    ]


def test_the_agenda_tells_what_is_not_yet_as_it_is_declared() -> None:
    want = occurrence(rooms=("aurora",))
    moved = edited(booked(want), start=want.start + timedelta(days=1), end=want.end + timedelta(days=1))
    swap, pooled = occurrence("2026-12-03T09:00", rooms=("mir",)), occurrence("2026-12-04T09:00", rooms=())
    let_go = edited(booked(swap), rooms=(RoomBooking("aurora"),))
    seen = {want.key: moved, swap.key: let_go, pooled.key: booked(pooled)}
    items = agenda_items([want, swap, pooled], seen, {pooled.key: 1})
    text = printed(agenda_text(items, NAMES), width=200)
    assert "booked for Thu 2026-12-03 10:00–10:45 instead" in text
    assert "not booked yet" not in text
    assert "Aurora (not booked)" in text
    assert "Aurora (to be released), mir (not booked)" in text
    assert "a room of its pool (not booked)" in text


def test_people_may_move_what_leaves_the_time_to_them() -> None:
    want = occurrence(ignore=("time",))
    moved = edited(booked(want), start=want.start + timedelta(days=1), end=want.end + timedelta(days=1))
    (item,) = agenda_items([want], {want.key: moved})
    assert (item.start, item.booked, item.elsewhere) == (want.start + timedelta(days=1), True, None)


@pytest.mark.parametrize("width", [30, 50, 80, 100, 120, 1000])
def test_an_agenda_fits_the_terminal_and_loses_nothing_of_a_link(width: int) -> None:
    want = occurrence(rooms=("aurora",))
    items = agenda_items([want], {want.key: booked(want)})
    lines = printed(agenda_text(items, NAMES), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert [row for row in lines if row != row.rstrip()] == []
    assert LINK in "".join(row[16:].strip().removesuffix("Aurora").strip() for row in lines)
    assert any(LINK in row for row in lines) is (width >= 16 + len(LINK)), "a link that is cut in two can't be clicked"
    head = next(row for row in lines if row.startswith("Time"))
    assert head.split() == ["Time", "Meeting", "Rooms", "Link"][: 4 if width >= 110 else 3 if width >= 90 else 2]


def test_the_agenda_in_another_zone_moves_times_and_days() -> None:
    items = agenda_items([occurrence("2026-12-02T01:00"), occurrence("2026-12-02T10:00", timezone="Europe/Berlin")], {})
    text = rows(agenda_text(items, NAMES, zone=ZoneInfo("America/New_York")))
    assert text[0] == "2 meetings, times in America/New_York"
    assert text.index("Tue 2026-12-01") < text.index("Wed 2026-12-02")
    assert any(row.startswith("12:00–12:45") for row in text)


def test_an_agenda_of_several_zones_names_each() -> None:
    items = agenda_items([occurrence(), occurrence("2026-12-02T10:00", meeting="b", timezone="Europe/Berlin")], {})
    text = printed(agenda_text(items, NAMES), width=120)
    assert "each meeting's own zone" in text
    assert " Europe/Berlin" in text


def test_an_empty_agenda_says_so() -> None:
    assert printed(agenda_text((), NAMES)) == "Nothing is on.\n"


def test_an_opening_shows_link_code_and_passwords_once() -> None:
    opened = Opened(
        address="sync@2026-12-02T10:00", conference_id="c", url="https://m.example/1", room_code="42", at=NOW
    )
    conference = InstantConference(
        id="c", url="https://m.example/1", room_code="42", password="pw", host_password="hp", phones=("+86 1",)
    )
    text = rows(opening_text(occurrence(), opened, conference))
    assert "Opened and rang 2 people." in text
    assert {"https://m.example/1", "code 42", "password pw", "host password hp", "phone +86 1"} <= set(text)
    again = printed(opening_text(occurrence(), opened, None, running=False))
    assert "Opened before, at 2026-11-29 08:00: it has ended" in again
    assert "Nobody was rung." in again
    assert "pw" not in again


def test_names_show_plain_values_and_leave_the_unknown_as_it_is() -> None:
    assert [NAMES.text(value) for value in (None, True, False, "", "alice", "aurora", "zz", 7)] == [
        "—", "yes", "no", "(empty)", "Alice", "Aurora", "zz", "7",
    ]  # fmt: skip
    assert NAMES.text(["alice", "zz"]) == "Alice, zz"
    assert NAMES.text([]) == "none"
    assert NAMES.text({"person": "alice", "optional": True}) == "Alice (optional)"
    assert NAMES.text({"code": "app1", "auto_open": "never"}) == "app1"
    assert NAMES.text({"a": True}) == "a: yes"
    assert (NAMES.person("alice"), NAMES.person("x"), NAMES.room("aurora")) == ("Alice", "x", "Aurora")


def test_an_end_on_another_day_and_an_unknown_zone_are_shown_as_they_are() -> None:
    assert span(NOW, NOW + timedelta(hours=26)) == "00:00–02:00 (+1 d)"
    assert in_zone(NOW, "No/Such") == NOW
    assert in_zone(NOW, "../etc/passwd") is NOW


def test_what_dingtalk_made_of_a_write_is_told_field_by_field() -> None:
    made = creations(1)
    mismatch = Mismatch(path="title", wanted="A long title", answered="A long")
    result = Result(planned=made.changes[0], status=Status.DONE, mismatches=(mismatch,))
    told = rows(apply_text(Outcome(results=(result,)), made))
    assert "differs sync@2026-12-02T10:00 title" in told
    assert "wanted A long title, DingTalk answered A long" in told


def test_a_length_of_time_is_told_in_the_unit_that_fits() -> None:
    assert [lasting(seconds) for seconds in (0.5, 5, 60, 90, 600)] == ["0.5 s", "5 s", "1 min", "1.5 min", "10 min"]
