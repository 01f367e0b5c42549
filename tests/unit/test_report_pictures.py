"""The agenda and a plan as pages: what the values of the program become on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from builders import NOW, UNTIL, booked, edited, observation, occurrence

from reconciler.config.model import Config, Provider, Room
from reconciler.diff.changes import diff
from reconciler.model.observed import ReadFailure
from reconciler.model.occurrence import RoomBooking, RoomStatus
from reconciler.model.state import State
from reconciler.plan.file import dumps, loads
from reconciler.plan.making import plan
from reconciler.plan.operations import Blocked, RoomProblem
from reconciler.plan.staying import staying, touches_rooms
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


def test_the_agenda_shows_a_move_that_was_not_applied_at_both_times() -> None:
    want = occurrence(rooms=("aurora",))
    moved = edited(booked(want), start=want.start + timedelta(days=1), end=want.end + timedelta(days=1))
    html = agenda_html(agenda_items([want], {want.key: moved}), CONFIG, NAMES, now=NOW, until=UNTIL, zone=None)
    for told in (
        "booked at another time",
        "wanted at another time",
        "booked for Thu 3 Dec, 10:00–10:45, in Aurora hall",
    ):
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
        "Applying it takes",
    ):  # fmt: skip
        assert told in html, told


def test_a_plan_of_nothing_says_so() -> None:
    found = diff([], observation(), now=NOW, create_before=UNTIL)
    nothing = plan(found, observation(), workspace="acme", now=NOW, until=UNTIL)
    html = plan_html(nothing, NAMES)
    assert "There is nothing to apply." in html
    assert "Nothing changes." in html
    assert "3 occurrences stay as they are." in plan_html(replace(nothing, kept=3), NAMES)


def test_a_saved_plan_shows_what_stays_around_it_and_every_room() -> None:
    new, keeps, far = (occurrence(f"2026-12-{day}T10:00", rooms=("borealis",)) for day in ("02", "03", "15"))
    seen = observation(booked(keeps), booked(far))
    made = plan(
        diff([new, keeps, far], seen, now=NOW, create_before=UNTIL), seen, workspace="acme", now=NOW, until=UNTIL
    )
    blocked = (Blocked(room="aurora", holder="u", until=NOW), Blocked(room="borealis", reason="closed for good"))
    short = RoomProblem(
        address=str(new.key), start=NOW, end=NOW, room="", code="no-room", message="no room", blocked=blocked
    )
    made = replace(made, problems=(short,))
    text = dumps(made, config=CONFIG, people={}, state=State(workspace="acme", lineage="l"), refresh="full")
    saved, _ = loads(text, where="plan.json")
    assert saved.problems == (short,)
    assert [one.address for one in saved.stays] == [str(keeps.key)]  # the other is in a week that nothing touches
    html = plan_html(saved, NAMES)
    assert 'class="block h' in html
    assert "stays as it is" in html
    assert "hall <small>12 seats · 3F · video</small>" in html


def test_what_needed_no_look_stays_too() -> None:
    new, keeps = occurrence(), booked(occurrence("2026-12-03T10:00"))
    made = plan(
        diff([new], observation(), now=NOW, create_before=UNTIL), observation(), workspace="a", now=NOW, until=UNTIL
    )
    assert touches_rooms(made)
    assert keeps.entry is not None
    (found,) = staying(made, [keeps.entry])
    assert (found.address, found.rooms) == ("sync@2026-12-03T10:00", (RoomBooking("aurora"),))


def test_a_plan_tells_errors_from_warnings() -> None:
    want = occurrence()
    short = RoomProblem(
        address=str(want.key), start=want.start, end=want.end, room="", code="no-room", message="no room", is_error=True
    )
    made = plan(
        diff([want], observation(), now=NOW, create_before=UNTIL), observation(), workspace="a", now=NOW, until=UNTIL
    )
    html = plan_html(
        replace(made, problems=(short,), failures=(ReadFailure(where="bob", code="x", message="no"),)), NAMES
    )
    assert '<li class="error">error: sync Wed 2026-12-02 10:00: no room</li>' in html
    assert '<li class="error">not read: bob: no</li>' in html
    assert "No room yet" in html


def test_the_zone_of_a_page_is_the_one_that_most_meetings_live_in() -> None:
    assert str(common_zone(["Europe/Berlin", "Asia/Shanghai", "Asia/Shanghai"])) == "Asia/Shanghai"
    assert str(common_zone(["Europe/Berlin", "Asia/Shanghai"])) == "Asia/Shanghai"
    assert str(common_zone(["Mars/Base", ""])) == "UTC"
