"""What is told of a saved plan that can't be applied any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, booked, edited, observation, occurrence

from reconciler.diff.change import Action, Change
from reconciler.diff.compare import compare
from reconciler.model.observed import Observed, ReadFailure
from reconciler.model.occurrence import Attendee, RoomBooking, RoomStatus
from reconciler.plan.staleness import capped, moved_occurrences, unread

OLD = occurrence()
NEW = replace(OLD, title="New")
SEEN = booked(OLD)
CHANGE = Change(action=Action.UPDATE, before=SEEN, after=NEW, comparison=compare(NEW, SEEN))
HAND = "sync@2026-12-02T10:00 was changed in DingTalk by hand"


def told(*seen: Observed, change: Change = CHANGE, same_config: bool = True) -> str:
    found = replace(observation(*seen), organizers=frozenset({"alice"}))
    return "; ".join(moved_occurrences([change], found, {"alice": "Alice"}, NOW, same_config=same_config))


def test_what_is_as_it_was_is_not_told() -> None:
    assert told(SEEN) == ""


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"title": "By hand", "start": OLD.start + timedelta(minutes=5), "end": OLD.end}, "title, time"),
        ({"attendees": (Attendee("bob"),)}, "attendees"),
        ({"rooms": (RoomBooking("aurora", RoomStatus.DECLINED),)}, "rooms"),
        ({"timezone": "UTC", "updated": "2026-11-29T00:00:00Z"}, "time"),
    ],
)
def test_a_change_by_hand_names_its_fields_and_whose_event_it_is(fields: dict[str, object], what: str) -> None:
    assert told(edited(SEEN, **fields)).startswith(f"{HAND} ({what}; organiser Alice")


def test_a_lost_marker_is_a_change_by_hand() -> None:
    lost = replace(edited(SEEN, description="Mine now."), marker=None)
    assert told(lost) == f"{HAND} (description, marker; organiser Alice)"


def test_a_run_of_ours_is_told_from_a_person() -> None:
    ours = "sync@2026-12-02T10:00 was changed in DingTalk by a run of reconciler"
    applied = booked(NEW)
    assert told(applied).startswith(f"{ours} (title")  # by the memory of it
    assert told(booked(NEW, remembered=False)).startswith(ours)  # without any: it is as the plan wants it
    again = booked(OLD, number=2)
    assert told(again).startswith(ours)  # by its marker
    assert told(edited(applied, title="By hand")).startswith(HAND)


def test_what_was_booked_or_removed_since_is_told() -> None:
    create = Change(action=Action.CREATE, before=None, after=OLD, comparison=compare(OLD, Observed(key=OLD.key)))
    assert told(SEEN, change=create) == (
        "sync@2026-12-02T10:00 was booked in DingTalk by a run of reconciler (organiser Alice)"
    )
    assert told() == "sync@2026-12-02T10:00 was removed in DingTalk (organiser Alice)"


def test_of_many_changes_ten_are_told() -> None:
    assert capped(["a", "b"]) == "a; b"
    assert capped(map(str, range(12))) == "0; 1; 2; 3; 4; 5; 6; 7; 8; 9; and 2 more"


def test_a_room_that_was_approved_since_is_as_it_was_and_one_that_was_refused_is_not() -> None:
    waiting, approved, refused = (
        edited(SEEN, rooms=(RoomBooking("aurora", status),))
        for status in (RoomStatus.TENTATIVE, RoomStatus.ACCEPTED, RoomStatus.DECLINED)
    )
    change = replace(CHANGE, before=waiting)
    assert told(approved, change=change) == ""
    assert told(refused, change=change).startswith(f"{HAND} (rooms;")
    assert told(edited(approved, title="Other"), change=change).startswith(f"{HAND} (title;")


def test_under_another_config_only_what_both_have_asked_for_is_compared() -> None:
    without = replace(SEEN, conference=None)
    assert told(without).startswith(f"{HAND} (conference;")
    assert told(without, same_config=False) == ""
    assert told(edited(without, title="By hand"), same_config=False).startswith(f"{HAND} (title;")


def test_an_event_in_a_calendar_that_nobody_asks_for_is_not_called_removed() -> None:
    nobody = observation()
    assert [*moved_occurrences([CHANGE], nobody, {"alice": "Alice"}, NOW)] == [
        "sync@2026-12-02T10:00 is Alice's, who organises nothing of the config, and no state here knows of it"
    ]
    assert [*moved_occurrences([CHANGE], nobody, {}, NOW, same_config=False)] == []


def test_what_could_not_be_read_is_told_once_with_the_reason() -> None:
    failure = ReadFailure(where="the calendar of alice", code="server-error", message="it failed", who="alice")
    found = replace(observation(), unresolved=frozenset({"sync"}), failures=(failure,))
    assert [*moved_occurrences([CHANGE], found, {}, NOW)] == []
    assert [one.where for one in unread([CHANGE], found, {"alice": "Alice"})] == ["the calendar of Alice"]
    (silent,) = unread([CHANGE], replace(found, failures=()), {})
    assert silent.where == "sync@2026-12-02T10:00"
    assert unread([CHANGE], observation(SEEN), {}) == ()
