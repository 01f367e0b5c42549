from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, UNTIL, booked, edited, observation, occurrence
from jsonschema import Draft202012Validator
from rich.console import Console

from reconciler.diff.drift import Cause, Finding, find_drift, has_drift
from reconciler.model.observed import Observation
from reconciler.model.occurrence import Attendee, Occurrence, RoomBooking, RoomStatus
from reconciler.report.drift_document import drift_document
from reconciler.report.drift_text import drift_text
from reconciler.report.names import Names
from reconciler.resources import schema


def found(*wanted: Occurrence, seen: Observation) -> tuple[Finding, ...]:
    return find_drift(wanted, seen, now=NOW, create_before=UNTIL)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(one.path, one.cause.value) for one in findings]


@pytest.mark.parametrize("remembered", [True, False])
def test_what_was_just_applied_has_not_drifted(remembered: bool) -> None:
    want = occurrence(settings={"waiting_room": True, "recording.layout": "speech"}, ui_lock=True)
    assert found(want, seen=observation(booked(want, remembered=remembered))) == ()


@pytest.mark.parametrize("remembered", [True, False])
def test_an_edit_by_a_person_is_drift(remembered: bool) -> None:
    want = occurrence()
    findings = found(want, seen=observation(edited(booked(want, remembered=remembered), title="By hand")))
    assert told(findings) == [("title", "edited")]
    assert (findings[0].expected, findings[0].seen) == ("Weekly sync", "By hand")
    assert has_drift(findings)


def test_a_change_of_the_config_is_no_drift() -> None:
    want = occurrence(settings={"recording.layout": "speech"})
    new = replace(want, title="New", settings={"recording.layout": "grid"})
    findings = found(new, seen=observation(booked(want)))
    assert told(findings) == [("settings.recording.layout", "ours"), ("title", "ours")]
    assert not has_drift(findings)


def test_an_edit_is_drift_though_the_config_has_changed_as_well() -> None:
    want = occurrence()
    seen = observation(edited(booked(want), title="By hand", attendees=(Attendee("dave"),)))
    assert told(found(replace(want, title="New"), seen=seen)) == [("attendees", "edited"), ("title", "edited")]


def test_what_the_config_has_accepted_is_no_drift() -> None:
    want = occurrence()
    seen = observation(edited(booked(want), title="By hand"))
    assert not has_drift(found(replace(want, title="By hand"), seen=seen))


def test_a_room_that_waits_for_an_approval_is_no_drift() -> None:
    want = occurrence()
    seen = edited(booked(want), rooms=(RoomBooking("aurora", RoomStatus.TENTATIVE),))
    assert told(found(want, seen=observation(seen))) == [("rooms", "approval")]


def test_an_answer_to_the_invitation_is_told_and_no_drift() -> None:
    want = occurrence()
    responses = (("bob", "declined"), ("carol", "accepted"), ("dave", "accepted"))
    findings = found(want, seen=observation(edited(booked(want), responses=responses)))
    assert [(one.path, one.cause.value, one.expected, one.seen) for one in findings] == [
        ("attendees", "approval", ["carol", "dave"], "accepted"),
        ("attendees", "approval", ["bob"], "declined"),
    ]
    assert not has_drift(findings)
    document = drift_document(findings, (), workspace="acme", now=NOW)
    Draft202012Validator(schema("drift")).validate(document)
    assert document["summary"]["approval"] == 2


def test_a_room_that_was_refused_is_lost() -> None:
    want = occurrence()
    seen = edited(booked(want), rooms=(RoomBooking("aurora", RoomStatus.DECLINED),))
    assert told(found(want, seen=observation(seen))) == [("rooms", "edited")]


def test_what_nobody_declares_is_dingtalks_default() -> None:
    want = occurrence(settings={"waiting_room": True})
    seen = booked(want)
    assert seen.conference is not None
    conference = replace(seen.conference, settings={"waiting_room": True, "chat": True})
    assert told(found(want, seen=observation(replace(seen, conference=conference)))) == [("settings.chat", "default")]


def test_what_a_person_removed_is_drift() -> None:
    want = occurrence()
    without_event, without_conference = replace(booked(want), event=None), replace(booked(want), conference=None)
    assert ("event", "edited") in told(found(want, seen=observation(without_event)))
    assert ("conference", "edited") in told(found(want, seen=observation(without_conference)))


def test_a_lost_marker_and_a_copied_event_are_drift() -> None:
    want = occurrence()
    bare = replace(edited(booked(want), description="What shipped."), marker=None)
    assert ("marker", "edited") in told(found(want, seen=observation(bare)))
    copied = observation(booked(want), duplicates=[booked(want, number=2)])
    assert told(found(want, seen=copied)) == [("copy", "edited")]


def test_what_is_to_come_and_to_go_is_ours() -> None:
    assert told(found(occurrence(), seen=observation())) == [("occurrence", "ours")]
    assert told(found(seen=observation(booked(occurrence())))) == [("occurrence", "ours")]


def test_what_was_not_read_and_what_has_begun_is_not_told() -> None:
    want = occurrence()
    seen = edited(booked(want), title="By hand")
    assert found(want, seen=observation(seen, unresolved=["sync"])) == ()
    begun = edited(seen, start=NOW - timedelta(hours=1))
    assert found(want, seen=observation(begun)) == ()


def test_the_document_is_as_its_schema_says_and_the_text_tells_the_edits() -> None:
    want = occurrence()
    seen = edited(booked(want), rooms=(RoomBooking("borealis", RoomStatus.TENTATIVE),), title="\x1b[31mowned")
    findings = found(want, seen=observation(seen))
    document = drift_document(findings, (), workspace="acme", now=NOW)
    Draft202012Validator(schema("drift")).validate(document)
    assert document["summary"] == {"edited": 2, "approval": 1, "default": 0, "ours": 0}
    console = Console(width=120, file=None)
    with console.capture() as capture:
        console.print(drift_text(findings, (), Names()))
    assert "\\x1b[31mowned" in capture.get()
    assert "Drift: 2 fields of 1 occurrence changed" in capture.get()
    assert Cause.APPROVAL.value not in capture.get()


def test_columns_hold_the_longest_name_of_a_field() -> None:
    names = ("title", "settings.recording.share_summary_only")
    findings = tuple(
        Finding(key=occurrence().key, path=name, cause=Cause.DEFAULT, expected=None, seen="new") for name in names
    )
    console = Console(width=120, no_color=True)
    with console.capture() as capture:
        console.print(drift_text(findings, (), Names(people={}, rooms={}), verbose=True))
    rows = [row for row in capture.get().splitlines() if " → " in row]
    assert len({row.index(" → ") for row in rows}) == 1
