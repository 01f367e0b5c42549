"""The agenda and a plan as pages: what the values of the program become on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from builders import NOW, UNTIL, booked, edited, observation, occurrence

from reconciler.config.model import Config, Provider, Room
from reconciler.diff import diff
from reconciler.models import RoomBooking, RoomStatus
from reconciler.operations import RoomProblem
from reconciler.plan import plan
from reconciler.report.agenda import agenda_items
from reconciler.report.names import Names
from reconciler.report.pictures import agenda_html, common_zone, plan_html

NAMES = Names(people={"alice": "alice"}, rooms={"aurora": "Aurora hall", "borealis": "Borealis"})
CONFIG = Config(
    root=Path(),
    workspace="acme",
    provider=Provider(),
    horizon=timedelta(days=28),
    people={},
    rooms={"hall": Room(alias="hall", id="aurora", capacity=12, location="3F", tags=("video",))},
    meetings={},
)


def test_the_agenda_marks_pending_and_missing_rooms_and_lists_rooms_with_nothing_on() -> None:
    want = occurrence(rooms=("aurora", "borealis"))
    seen = edited(booked(want), rooms=(RoomBooking("aurora", RoomStatus.TENTATIVE), RoomBooking("x", name="Xenon")))
    html = agenda_html(agenda_items([want], {want.key: seen}), CONFIG, NAMES, now=NOW, until=UNTIL, zone=None)
    for told in (
        "hall <small>12 seats · 3F · video</small>", "Xenon", "Borealis", "pending approval", "not booked",
        "10:00–10:45", "All times are in <b>Asia/Shanghai</b>", "Weekly sync", "organised by alice",
    ):  # fmt: skip
        assert told in html, told


def test_the_agenda_is_told_in_the_zone_that_is_asked_for() -> None:
    items = agenda_items([occurrence()], {})
    html = agenda_html(items, CONFIG, NAMES, now=NOW, until=UNTIL, zone=ZoneInfo("Europe/Berlin"))
    assert "03:00–03:45" in html
    assert "10:00–10:45 in Asia/Shanghai" in html
    assert "not booked yet" in html


def test_a_plan_shows_both_sides_of_a_move_and_who_did_what() -> None:
    want = occurrence(rooms=("borealis",))
    seen = edited(booked(occurrence()), start=want.start + timedelta(hours=2), end=want.end + timedelta(hours=2))
    other, gone = occurrence("2026-12-03T10:00", rule="FREQ=DAILY"), booked(occurrence("2026-12-04T10:00"))
    found = diff([want, other], observation(seen, gone), now=NOW, create_before=UNTIL)
    made = plan(found, observation(seen, gone), workspace="acme", now=NOW, until=UNTIL)
    taken = RoomProblem(
        address=str(other.key), start=other.start, end=other.end, room="borealis", code="taken", message="is taken"
    )
    made = replace(made, warnings=("freeze",), problems=(taken,))
    html = plan_html(made, NAMES)
    for told in (
        "moved here", "moves away", "was <s>Wed 2 Dec, 12:00–12:45</s>", "to be booked", "to be released",
        "start: 12:00 → 10:00 (changed in DingTalk)", "cancelled", "no longer declared", "new", "freeze",
        "sync Thu 2026-12-03 10:00: room Borealis is taken",
        "Applying it takes", "0 further occurrences stay as they are",
    ):  # fmt: skip
        assert told in html, told


def test_the_zone_of_a_page_is_the_one_that_most_meetings_live_in() -> None:
    assert str(common_zone(["Europe/Berlin", "Asia/Shanghai", "Asia/Shanghai"])) == "Asia/Shanghai"
    assert str(common_zone(["Europe/Berlin", "Asia/Shanghai"])) == "Asia/Shanghai"
    assert str(common_zone(["Mars/Base", ""])) == "UTC"
