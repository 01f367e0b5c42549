from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, edited, local, observation, occurrence

from reconciler.config.model import Config, Meeting, Provider
from reconciler.diff.change import Action, Diff
from reconciler.diff.changes import diff
from reconciler.diff.drift import find_drift, has_drift
from reconciler.diff.guard import disabled, spare
from reconciler.errors import Position
from reconciler.model.observed import Observation
from reconciler.model.occurrence import Attendee, Occurrence, RoomBooking
from reconciler.plan.making import plan
from reconciler.plan.operations import Call
from reconciler.schedule.model import Schedule
from reconciler.state.values import decode_entry, encode_entry

SCHEDULE = Schedule(start=local("2026-12-02T10:00"), duration=timedelta(minutes=45), timezone="Asia/Shanghai")
EVERYTHING = (
    "attendees",
    "description",
    "rooms",
    "settings.recording.layout",
    "settings.waiting_room",
    "time",
    "title",
)


def config(**fields: bool) -> Config:
    base = Meeting(
        name="sync", title="Sync", organizer="alice", schedule=SCHEDULE, position=Position("meetings.yaml", 1, 1)
    )
    return Config(
        root=Path(),
        workspace=WORKSPACE,
        provider=Provider(),
        horizon=timedelta(days=28),
        people={},
        rooms={},
        meetings={"sync": replace(base, **fields)} if fields else {},  # type: ignore[arg-type]  # all are flags
    )


def found(*wanted: Occurrence, seen: Observation, excluded: frozenset[str] = frozenset()) -> Diff:
    return diff(wanted, seen, now=NOW, create_before=UNTIL, excluded=excluded)


def test_a_disabled_meeting_is_left_alone() -> None:
    off = disabled(config(enabled=False))
    other, old = occurrence("2026-12-09T10:00"), occurrence()
    seen = observation(edited(booked(old), title="By hand"), duplicates=[booked(old, number=2)])
    assert found(old, other, seen=seen, excluded=off).changes == ()
    assert found(seen=seen, excluded=off).changes == ()
    assert disabled(config(enabled=True)) == frozenset()


def test_what_is_protected_is_not_cancelled_and_told() -> None:
    spared, warnings = spare(found(seen=observation(booked(occurrence()))), config(protect=True))
    assert spared.changes == ()
    assert len(warnings) == 1
    assert "sync: 1 occurrence is protected" in warnings[0]


def test_what_was_protected_stays_so_when_it_is_declared_no_more() -> None:
    changes = found(seen=observation(booked(occurrence(protect=True))))
    assert spare(changes, config())[0].changes == ()
    assert len(spare(changes, config(protect=False))[0].changes) == 1


def test_another_organiser_of_what_is_protected_makes_nothing_anew() -> None:
    moved = occurrence("2026-12-03T10:00", organizer="bob")
    changes = found(moved, seen=observation(booked(occurrence())))
    assert len(changes.changes) == 2
    assert spare(changes, config(protect=True))[0].changes == ()


def test_a_superfluous_copy_of_what_is_protected_goes() -> None:
    want = occurrence()
    changes = found(want, seen=observation(booked(want), duplicates=[booked(want, number=2)]))
    assert [change.duplicate for change in spare(changes, config(protect=True))[0].changes] == [True]


@pytest.mark.parametrize("remembered", [True, False])
def test_what_is_left_to_people_is_neither_compared_nor_drift(remembered: bool) -> None:
    want = occurrence(settings={"waiting_room": True, "recording.layout": "speech"}, ignore=EVERYTHING)
    seen = booked(want, remembered=remembered)
    assert seen.event is not None
    by_hand = edited(
        seen,
        title="By hand",
        start=want.start + timedelta(hours=1),
        end=want.end + timedelta(hours=1),
        attendees=(Attendee("dave"),),
        rooms=(RoomBooking("cirrus"),),
        description=seen.event.description.replace("What shipped.", "Notes"),
    )
    new = replace(want, title="New", rooms=("borealis",), settings={"waiting_room": False, "recording.layout": "grid"})
    for declared in (want, new):
        assert found(declared, seen=observation(by_hand)).changes == ()
        findings = find_drift([declared], observation(by_hand), now=NOW, create_before=UNTIL)
        assert not has_drift(findings)


def test_what_is_not_left_to_people_is_written_and_the_rest_not() -> None:
    want = occurrence(settings={"waiting_room": True, "chat": True}, ignore=("attendees", "settings.chat", "title"))
    by_hand = edited(booked(want), title="By hand", attendees=())
    changes = found(replace(want, description="New", settings={"waiting_room": False}), seen=observation(by_hand))
    (change,) = changes.changes
    assert [field.path for field in change.comparison.fields] == ["description", "settings.waiting_room"]
    assert change.after is not None
    assert (change.after.title, dict(change.after.settings)) == ("By hand", {"waiting_room": False})
    calls = [
        operation.call
        for operation in plan(changes, observation(by_hand), workspace=WORKSPACE, now=NOW, until=UNTIL).operations
    ]
    assert calls == [Call.CONFERENCE_SETTINGS, Call.EVENT_UPDATE]


def test_what_has_to_be_made_anew_is_made_as_declared() -> None:
    want = occurrence(settings={"chat": True}, ignore=("settings.chat", "title"))
    (change,) = found(want, seen=observation(replace(booked(want), event=None, conference=None))).changes
    assert change.action is Action.CREATE
    assert change.after == want


def test_a_setting_left_to_people_later_on_needs_no_call() -> None:
    want = occurrence(settings={"recording.layout": "speech", "recording.auto_start": True})
    seen = observation(booked(want))
    assert found(replace(want, ignore=("settings.recording.layout",)), seen=seen).changes == ()


def test_the_state_remembers_what_is_protected_and_what_is_ignored() -> None:
    entry = booked(occurrence(protect=True, ignore=("title",))).entry
    assert entry is not None
    assert decode_entry(encode_entry(entry), str(entry.key)) == entry
    older = encode_entry(entry)
    del older["applied"]["protect"], older["applied"]["ignore"]
    assert decode_entry(older, str(entry.key)).applied == occurrence()
