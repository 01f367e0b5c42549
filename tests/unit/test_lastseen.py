"""What the agenda knows without asking: as it was applied, but for what the last look showed to be otherwise."""

from __future__ import annotations

from dataclasses import replace

from builders import NOW, WORKSPACE, booked, edited, occurrence

from reconciler.model.observed import Observed
from reconciler.model.occurrence import Event, RoomBooking, RoomStatus
from reconciler.model.state import Calendar, State
from reconciler.state.lastseen import last_seen

WANT = occurrence()
APPLIED = booked(WANT)


def told(event: Event | None, **moved: str) -> Observed:
    assert event is not None
    state = State(
        workspace=WORKSPACE, lineage="l", calendars={"alice": Calendar(token="t", listed_at=NOW, events=(event,))}
    )
    (found,) = last_seen(state, {WANT.key.moved(moved): APPLIED}, moved).values()
    return found


def test_a_room_that_has_declined_since_is_known() -> None:
    rooms = (RoomBooking("aurora", RoomStatus.DECLINED),)
    found = told(edited(APPLIED, rooms=rooms).event)
    assert found.event is not None
    assert found.event.rooms == rooms


def test_what_was_deleted_is_no_longer_booked() -> None:
    assert told(edited(APPLIED, cancelled=True).event).event is None


def test_a_meeting_that_was_renamed_is_found_by_its_new_name() -> None:
    found = told(edited(APPLIED, title="Other").event, sync="weekly")
    assert found.event is not None
    assert found.event.title == "Other"


def test_another_event_with_the_same_marker_changes_nothing() -> None:
    event = edited(APPLIED, title="Other").event
    assert event is not None
    assert told(replace(event, id="second")) == APPLIED
    assert told(replace(event, description="no marker")) == APPLIED
