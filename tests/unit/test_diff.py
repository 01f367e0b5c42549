from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, UNTIL, booked, edited, local, observation, occurrence
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diff.change import Action, Diff
from reconciler.diff.changes import diff
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Attendee, Key, Occurrence, RoomBooking, RoomStatus


def found(*wanted: Occurrence, seen: Observation) -> Diff:
    return diff(wanted, seen, now=NOW, create_before=UNTIL)


def paths(result: Diff) -> list[str]:
    return [field.path for change in result.changes for field in change.comparison.fields]


@pytest.mark.parametrize("remembered", [True, False])
def test_what_was_just_booked_needs_nothing(remembered: bool) -> None:
    want = occurrence(settings={"waiting_room": True, "recording.layout": "speech"}, ui_lock=True)
    result = found(want, seen=observation(booked(want, remembered=remembered)))
    assert result.changes == ()
    assert len(result.unchanged) == 1


@given(st.permutations([occurrence(f"2026-12-{day:02}T10:00") for day in range(1, 8)]))
@settings(max_examples=20)
def test_the_order_of_the_input_does_not_matter(wanted: list[Occurrence]) -> None:
    seen = observation(*(booked(want) for want in wanted[:3]))
    result = found(*wanted, seen=seen)
    assert [change.address for change in result.changes] == sorted(str(want.key) for want in wanted[3:])


def test_a_new_occurrence_is_created_only_inside_the_horizon() -> None:
    near, far = occurrence("2026-12-02T10:00"), occurrence("2027-03-02T10:00")
    result = found(near, far, seen=observation())
    assert [(change.action, change.address) for change in result.changes] == [(Action.CREATE, "sync@2026-12-02T10:00")]


def test_the_horizon_never_cancels() -> None:
    far = occurrence("2027-03-02T10:00")
    assert found(far, seen=observation(booked(far))).changes == ()


def test_what_is_declared_no_more_is_cancelled() -> None:
    result = found(seen=observation(booked(occurrence())))
    assert [(change.action, change.reason) for change in result.changes] == [(Action.CANCEL, "no longer declared")]


def test_what_has_started_is_never_touched() -> None:
    past = occurrence("2026-11-28T10:00", title="Old")
    assert found(replace(past, title="New"), seen=observation(booked(past))).changes == ()
    assert found(seen=observation(booked(past))).changes == ()


def test_an_occurrence_that_a_person_postponed_beyond_its_declared_start_is_left_alone() -> None:
    past = occurrence("2026-11-28T10:00")
    later = edited(booked(past), start=NOW + timedelta(hours=3), end=NOW + timedelta(hours=4))
    assert found(past, seen=observation(later)).changes == ()


def test_an_occurrence_that_a_person_moved_into_the_past_is_not_made_again() -> None:
    want = occurrence()
    moved = edited(booked(want), start=NOW - timedelta(hours=3), end=NOW - timedelta(hours=2))
    assert found(want, seen=observation(moved)).changes == ()


def test_a_failed_read_is_not_an_absence() -> None:
    other = occurrence(meeting="other")
    result = found(occurrence(), other, seen=observation(unresolved=["sync"]))
    assert [change.address for change in result.changes] == ["other@2026-12-02T10:00"]
    assert found(seen=observation(booked(occurrence()), unresolved=["sync"])).changes == ()


def test_targets_leave_the_rest_alone() -> None:
    other = occurrence(meeting="other")
    result = diff([occurrence(), other], observation(), now=NOW, create_before=UNTIL, targets=frozenset({"other"}))
    assert [change.address for change in result.changes] == ["other@2026-12-02T10:00"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "Monthly sync"}, ["title"]),
        ({"description": "New agenda"}, ["description"]),
        ({"start": "2026-12-02T10:30"}, ["start", "end"]),
        ({"minutes": 60}, ["end"]),
        ({"attendees": (Attendee("bob"),)}, ["attendees"]),
        ({"attendees": (Attendee("bob"), Attendee("carol"))}, ["attendees"]),
        ({"rooms": ("borealis",)}, ["rooms"]),
        ({"rooms": ()}, ["rooms"]),
        ({"settings": {"waiting_room": False}}, ["settings.waiting_room"]),
        ({"settings": {"waiting_room": True, "recording.layout": "grid"}}, ["settings.recording.layout"]),
        ({"ui_lock": True}, ["ui_lock"]),
        ({"timezone": "Asia/Hong_Kong"}, ["timezone"]),
    ],
)
def test_an_edit_of_the_config_changes_that_field_alone(fields: dict[str, object], expected: list[str]) -> None:
    before = occurrence(settings={"waiting_room": True, "recording.layout": "speech"})
    after = occurrence(**({"settings": before.settings} | fields))  # type: ignore[arg-type]
    result = found(after, seen=observation(booked(before)))
    assert paths(result) == expected
    assert [change.action for change in result.changes] == [Action.UPDATE]
    assert not any(field.drift for change in result.changes for field in change.comparison.fields)
    assert result.changes[0].reason.startswith("config: ")


def test_order_is_no_difference() -> None:
    want = occurrence(rooms=("aurora", "borealis"), settings={"cohosts": ("bob", "carol")})
    seen = booked(replace(want, rooms=("borealis", "aurora"), settings={"cohosts": ("carol", "bob")}))
    assert found(want, seen=observation(seen)).changes == ()


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"title": "Changed by hand"}, "title"),
        ({"rooms": ()}, "rooms"),
        ({"attendees": (Attendee("bob"),)}, "attendees"),
        ({"rooms": (RoomBooking("aurora", RoomStatus.DECLINED),)}, "rooms"),
    ],
)
def test_a_change_by_hand_is_told_as_drift(fields: dict[str, object], path: str) -> None:
    want = occurrence()
    result = found(want, seen=observation(edited(booked(want), **fields)))
    assert [(field.path, field.drift) for field in result.changes[0].comparison.fields] == [(path, True)]
    assert result.changes[0].reason == f"changed in DingTalk: {path}"


def test_a_room_that_waits_for_approval_is_no_drift() -> None:
    want = occurrence()
    seen = edited(booked(want), rooms=(RoomBooking("aurora", RoomStatus.TENTATIVE),))
    assert found(want, seen=observation(seen)).changes == ()


def test_a_deleted_event_is_made_again_for_the_same_conference() -> None:
    want = occurrence()
    seen = replace(booked(want), event=None)
    result = found(want, seen=observation(seen))
    assert [(change.action, change.comparison.fields[0].path) for change in result.changes] == [
        (Action.UPDATE, "event")
    ]
    assert seen.revision == 1


def test_a_cancelled_conference_is_replaced_and_the_event_kept() -> None:
    want = occurrence()
    seen = booked(want)
    assert seen.conference is not None
    result = found(want, seen=observation(replace(seen, conference=replace(seen.conference, cancelled=True))))
    assert [change.action for change in result.changes] == [Action.UPDATE]
    assert paths(result) == ["conference"]


def test_when_nothing_is_left_it_is_created_anew() -> None:
    want = occurrence()
    seen = replace(booked(want), event=None, conference=None)
    result = found(want, seen=observation(seen))
    assert [(change.action, change.reason) for change in result.changes] == [(Action.CREATE, "deleted in DingTalk")]
    assert found(seen=observation(seen)).gone == (seen,)


@pytest.mark.parametrize("remembered", [True, False])
def test_a_lost_marker_is_repaired(remembered: bool) -> None:
    want = occurrence()
    seen = booked(want)
    bare = edited(seen, description=f"What shipped.\n\nVideo conference: {seen.conference and seen.conference.url}")
    bare = replace(bare, marker=None, entry=seen.entry if remembered else None)
    result = found(want, seen=observation(bare))
    assert [change.action for change in result.changes] == [Action.UPDATE]
    assert ("marker" in paths(result)) == remembered  # without a memory the unreadable settings are written, too


def test_a_changed_link_line_is_repaired() -> None:
    want = occurrence()
    seen = booked(want)
    assert seen.event is not None
    result = found(want, seen=observation(edited(seen, description=seen.event.description.replace("meet.", "evil."))))
    assert paths(result) == ["link"]


def test_moving_the_schedule_updates_and_does_not_recreate() -> None:
    old = [occurrence(f"2026-12-{day:02}T10:00") for day in (2, 9, 16)]
    new = [occurrence(f"2026-12-{day:02}T10:30") for day in (2, 9, 16)]
    result = found(*new, seen=observation(*(booked(one) for one in old)))
    assert [(change.action, change.address) for change in result.changes] == [
        (Action.UPDATE, str(one.key)) for one in new
    ]


def test_another_organiser_cancels_and_creates() -> None:
    result = found(occurrence(organizer="bob"), seen=observation(booked(occurrence())))
    assert [change.action for change in result.changes] == [Action.CANCEL, Action.CREATE]


def test_what_is_not_declared_is_not_managed() -> None:
    want = occurrence(attendees=None, rooms=None, description=None)
    by_hand = edited(
        booked(want, remembered=False),
        attendees=(Attendee("dave"),),
        rooms=(RoomBooking("cirrus"),),
        description=str(replace(booked(want).description, body="notes by hand")),
    )
    assert found(want, seen=observation(by_hand)).changes == ()


def test_what_is_declared_no_more_is_taken_back_only_as_far_as_it_was_ours() -> None:
    seen = edited(booked(occurrence()), rooms=(RoomBooking("aurora"), RoomBooking("cirrus")))
    result = found(occurrence(rooms=None), seen=observation(seen))
    change = result.changes[0].comparison.fields[0]
    assert (change.path, change.before, change.after) == ("rooms", ["aurora", "cirrus"], ["cirrus"])


def test_without_a_memory_the_marker_tells_about_what_cannot_be_read() -> None:
    want = occurrence(settings={"recording.layout": "speech"})
    other = occurrence(settings={"recording.layout": "grid"})
    result = found(other, seen=observation(booked(want, remembered=False)))
    assert "settings.recording.layout" in paths(result)
    assert found(want, seen=observation(booked(want, remembered=False))).changes == ()


def test_a_setting_that_an_answer_leaves_out_is_as_last_applied() -> None:
    want = occurrence(settings={"waiting_room": True, "cohosts": ()})
    seen = booked(want)
    assert seen.conference is not None
    silent = replace(seen, conference=replace(seen.conference, settings={}))
    assert found(want, seen=observation(silent)).changes == ()


def test_a_second_event_with_the_same_marker_goes() -> None:
    want = occurrence()
    copy = booked(want, number=2)
    result = found(want, seen=observation(booked(want), duplicates=[copy]))
    assert [(change.action, change.duplicate) for change in result.changes] == [(Action.CANCEL, True)]


def test_a_half_made_occurrence_is_completed() -> None:
    want = occurrence()
    seen = booked(want)
    assert seen.entry is not None
    half = Observed(key=want.key, conference=seen.conference, entry=replace(seen.entry, event_id="", applied=None))
    result = found(want, seen=observation(half))
    assert [change.action for change in result.changes] == [Action.UPDATE]
    assert half.revision == 0


def test_keys_are_read_back_from_addresses() -> None:
    key = Key("sync", local("2026-12-02T10:00"))
    assert Key.parse(str(key)) == key
