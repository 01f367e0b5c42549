from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from graphlib import TopologicalSorter

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, edited, observation, occurrence
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diff.changes import diff
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Attendee, Occurrence, RoomBooking
from reconciler.plan.making import plan
from reconciler.plan.operations import Call, Operation, Plan


def planned(wanted: list[Occurrence], seen: list[Observed]) -> Plan:
    observed = observation(*seen)
    found = diff(wanted, observed, now=NOW, create_before=UNTIL)
    return plan(found, observed, workspace=WORKSPACE, now=NOW, until=UNTIL)


def calls(made: Plan) -> list[str]:
    return [operation.call.value for operation in made.operations]


def order(made: Plan) -> list[str]:
    """Return the ids in an order that the needs allow; fails on a circle."""
    return list(TopologicalSorter({one.id: one.needs for one in made.operations}).static_order())


def one(made: Plan, call: Call, address: str) -> Operation:
    return next(
        operation
        for change in made.changes
        if change.change.address == address
        for operation in change.operations
        if operation.call is call
    )


def test_a_creation_is_conference_then_event_then_rooms() -> None:
    made = planned([occurrence()], [])
    first, second, third = made.operations
    assert calls(made) == ["conference.create", "event.create", "rooms.book"]
    assert (first.needs, second.needs, third.needs) == ((), (first.id,), (second.id,))
    assert made.changes[0].notifies == 2
    assert made.api_calls == 3


def test_a_creation_without_rooms_costs_two_calls() -> None:
    assert calls(planned([occurrence(rooms=None)], [])) == ["conference.create", "event.create"]


def test_a_cancellation_ends_the_conference_before_its_trace() -> None:
    made = planned([], [booked(occurrence())])
    first, second = made.operations
    assert calls(made) == ["conference.cancel", "event.delete"]
    assert second.needs == (first.id,)


@pytest.mark.parametrize(
    ("fields", "expected", "notified"),
    [
        ({"title": "New"}, ["conference.update", "event.update"], 2),
        ({"start": "2026-12-02T10:30"}, ["conference.update", "event.update"], 2),
        ({"description": "New"}, ["event.update"], 2),
        ({"attendees": (Attendee("bob"), Attendee("dave"))}, ["attendees.add", "attendees.remove"], 2),
        ({"rooms": ("borealis",)}, ["rooms.book", "rooms.release"], 0),
        ({"settings": {"waiting_room": False}}, ["conference.settings"], 0),
        ({"settings": {"recording.layout": "grid"}}, ["conference.settings", "event.update"], 0),
        ({"ui_lock": True}, ["event.update"], 0),
        ({"notify": False, "title": "New"}, ["conference.update", "event.update"], 0),
    ],
)
def test_each_change_costs_its_own_minimal_calls(fields: dict[str, object], expected: list[str], notified: int) -> None:
    before = occurrence(settings={"waiting_room": True})
    after = occurrence(**({"settings": before.settings} | fields))  # type: ignore[arg-type]
    made = planned([after], [booked(before)])
    assert calls(made) == expected
    assert made.changes[0].notifies == notified


def test_the_marker_is_rewritten_only_after_the_settings_that_it_tells_of() -> None:
    made = planned([occurrence(settings={"recording.layout": "grid"})], [booked(occurrence())])
    settings_call, update = made.operations
    assert update.needs == (settings_call.id,)
    assert update.parts == ("description",)


def test_a_move_sends_the_time_and_the_marker_and_keeps_the_conference() -> None:
    moved = occurrence("2026-12-02T10:30")
    made = planned([moved], [booked(occurrence())])
    assert calls(made) == ["conference.update", "event.update"]
    assert one(made, Call.EVENT_UPDATE, str(moved.key)).parts == ("time", "description")


def test_people_are_added_before_others_are_removed() -> None:
    made = planned([occurrence(attendees=(Attendee("dave"),))], [booked(occurrence())])
    add, remove = made.operations
    assert [who.union_id for who in add.people] == ["dave"]
    assert [who.union_id for who in remove.people] == ["bob", "carol"]
    assert remove.needs == (add.id,)


def test_one_who_becomes_optional_is_not_dropped_and_invited_again() -> None:
    made = planned(
        [occurrence(attendees=(Attendee("bob", optional=True), Attendee("carol", optional=True)))],
        [booked(occurrence())],
    )
    assert calls(made) == ["attendees.add"]


def test_a_room_is_booked_before_another_is_released() -> None:
    made = planned([occurrence(rooms=("borealis",))], [booked(occurrence())])
    book, release = made.operations
    assert (book.rooms, release.rooms) == (("borealis",), ("aurora",))
    assert release.needs == (book.id,)


def test_with_five_rooms_the_release_comes_first() -> None:
    rooms = ("a", "b", "c", "d", "e")
    made = planned([occurrence(rooms=("a", "b", "c", "d", "f"))], [booked(occurrence(rooms=rooms))])
    book, release = made.operations
    assert book.needs == (release.id,)
    assert release.needs == ()


def test_a_booking_follows_the_move_of_its_own_event() -> None:
    made = planned([occurrence("2026-12-02T10:30", rooms=("aurora", "borealis"))], [booked(occurrence())])
    address = "sync@2026-12-02T10:30"
    update = one(made, Call.EVENT_UPDATE, address)
    assert one(made, Call.ROOMS_BOOK, address).needs == (update.id,)


def test_a_deleted_event_is_made_again_with_its_rooms() -> None:
    made = planned([occurrence()], [replace(booked(occurrence()), event=None)])
    assert calls(made) == ["event.create", "rooms.book"]


def test_a_new_conference_is_named_in_the_event() -> None:
    seen = booked(occurrence())
    assert seen.conference is not None
    made = planned([occurrence()], [replace(seen, conference=replace(seen.conference, cancelled=True))])
    create, update = made.operations
    assert calls(made) == ["conference.create", "event.update"]
    assert update.needs == (create.id,)
    assert update.parts == ("description",)


def test_a_booking_waits_for_the_release_that_frees_its_room() -> None:
    a, b = occurrence(meeting="a", rooms=("aurora",)), occurrence(meeting="b", rooms=("aurora",))
    made = planned([replace(a, rooms=("borealis",)), b], [booked(a)])
    release = one(made, Call.ROOMS_RELEASE, str(a.key))
    assert release.id in one(made, Call.ROOMS_BOOK, str(b.key)).needs
    order(made)


def test_a_booking_waits_for_the_cancellation_that_frees_its_room() -> None:
    a, b = occurrence(meeting="a"), occurrence(meeting="b", start="2026-12-02T10:15")
    made = planned([b], [booked(a)])
    assert one(made, Call.EVENT_DELETE, str(a.key)).id in one(made, Call.ROOMS_BOOK, str(b.key)).needs


def test_a_booking_at_another_time_waits_for_nobody() -> None:
    a, b = occurrence(meeting="a"), occurrence(meeting="b", start="2026-12-02T10:45")
    made = planned([b], [booked(a)])
    assert one(made, Call.EVENT_DELETE, str(a.key)).id not in one(made, Call.ROOMS_BOOK, str(b.key)).needs


def test_a_move_waits_for_the_move_that_makes_room() -> None:
    a = occurrence("2026-12-02T10:00", meeting="a", minutes=30)
    b = occurrence("2026-12-02T10:30", meeting="b", minutes=30)
    to_half = occurrence("2026-12-02T10:30", meeting="a", minutes=30)
    to_eleven = occurrence("2026-12-02T11:00", meeting="b", minutes=30)
    made = planned([to_half, to_eleven], [booked(a), booked(b)])
    second = one(made, Call.EVENT_UPDATE, str(to_eleven.key))
    assert second.id in one(made, Call.EVENT_UPDATE, str(to_half.key)).needs


@pytest.mark.parametrize("size", [2, 3, 10])
def test_rooms_that_rotate_are_freed_by_one_early_release(size: int) -> None:
    rooms = [f"room{number}" for number in range(size)]
    old = [occurrence(meeting=f"m{number}", rooms=(rooms[number],)) for number in range(size)]
    new = [replace(one, rooms=(rooms[(number + 1) % size],)) for number, one in enumerate(old)]
    made = planned(new, [booked(one) for one in old])
    order(made)
    early = [one for one in made.operations if one.call is Call.ROOMS_RELEASE and not one.needs]
    assert len(early) == 1
    assert made.api_calls == 2 * size


def test_the_early_release_is_where_there_is_most_time() -> None:
    """Of two that swap, the one that starts later is the one to be without a room for a moment."""
    a = occurrence("2026-12-02T10:00", meeting="a", rooms=("aurora",), minutes=60)
    b = occurrence("2026-12-02T10:30", meeting="b", rooms=("borealis",), minutes=60)
    made = planned([replace(a, rooms=("borealis",)), replace(b, rooms=("aurora",))], [booked(a), booked(b)])
    assert one(made, Call.ROOMS_RELEASE, str(b.key)).needs == ()
    assert one(made, Call.ROOMS_RELEASE, str(a.key)).needs != ()


def test_two_meetings_that_swap_their_times_in_one_room_do_not_wait_for_ever() -> None:
    early = occurrence("2026-12-02T10:00", meeting="a", minutes=30)
    late = occurrence("2026-12-02T11:00", meeting="b", minutes=30)
    to_late = occurrence("2026-12-02T11:00", meeting="a", minutes=30)
    to_early = occurrence("2026-12-02T10:00", meeting="b", minutes=30)
    made = planned([to_late, to_early], [booked(early), booked(late)])
    ids = order(made)
    address = str(to_late.key)
    release, book = one(made, Call.ROOMS_RELEASE, address), one(made, Call.ROOMS_BOOK, address)
    move = one(made, Call.EVENT_UPDATE, address)
    other = one(made, Call.EVENT_UPDATE, str(to_early.key))
    assert ids.index(release.id) < ids.index(move.id) < ids.index(book.id)
    assert ids.index(release.id) < ids.index(other.id) < ids.index(book.id)


def test_another_organiser_is_booked_after_the_old_event_is_gone() -> None:
    made = planned([occurrence(organizer="bob")], [booked(occurrence())])
    create = next(one for one in made.operations if one.call is Call.CONFERENCE_CREATE)
    delete = next(one for one in made.operations if one.call is Call.EVENT_DELETE)
    assert delete.id in create.needs


ROOMS = ("aurora", "borealis", "cirrus")


@given(
    before=st.lists(st.tuples(st.integers(0, 5), st.sets(st.sampled_from(ROOMS))), min_size=2, max_size=5),
    after=st.lists(st.tuples(st.integers(0, 5), st.sets(st.sampled_from(ROOMS))), min_size=2, max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_a_plan_is_always_a_dag_that_never_holds_a_room_twice(
    before: list[tuple[int, set[str]]], after: list[tuple[int, set[str]]]
) -> None:
    """Walk any plan in an order that its needs allow, with the rooms as DingTalk would hold them."""
    old, new = _without_conflicts(before), _without_conflicts(after)
    made = planned(new, [booked(one) for one in old])
    held = {one.key.meeting: (one, set(one.rooms or ())) for one in old}
    owner = {operation.id: change for change in made.changes for operation in change.operations}
    operations = {operation.id: operation for operation in made.operations}
    for name in order(made):
        operation, change = operations[name], owner[name].change
        meeting = (change.after or change.before).key.meeting  # type: ignore[union-attr]
        if operation.call is Call.EVENT_DELETE:
            held.pop(meeting)
        elif operation.call is Call.EVENT_CREATE and change.after:
            held[meeting] = (change.after, set())
        elif operation.call is Call.EVENT_UPDATE and change.after and "time" in operation.parts:
            held[meeting] = (change.after, held[meeting][1])
        elif operation.call is Call.ROOMS_BOOK:
            held[meeting][1].update(operation.rooms)
        elif operation.call is Call.ROOMS_RELEASE:
            held[meeting][1].difference_update(operation.rooms)
        _assert_no_room_twice(held)
    assert {name: rooms for name, (_, rooms) in held.items()} == {one.key.meeting: set(one.rooms or ()) for one in new}


def _without_conflicts(slots: list[tuple[int, set[str]]]) -> list[Occurrence]:
    found: list[Occurrence] = []
    for number, (slot, rooms) in enumerate(slots):
        start = f"2026-12-02T{10 + slot // 2:02}:{30 * (slot % 2):02}"
        free = rooms - {
            room
            for other in found
            for room in other.rooms or ()
            if abs(other.start.replace(tzinfo=None) - occurrence(start).start.replace(tzinfo=None))
            < timedelta(minutes=60)
        }
        found.append(
            occurrence("2026-12-02T10:00", start=start, meeting=f"m{number}", minutes=60, rooms=tuple(sorted(free)))
        )
    return found


def _assert_no_room_twice(held: dict[str, tuple[Occurrence, set[str]]]) -> None:
    holds = [(room, one.start, one.end) for one, rooms in held.values() for room in rooms]
    for index, (room, start, end) in enumerate(holds):
        for other, other_start, other_end in holds[index + 1 :]:
            assert not (room == other and start < other_end and other_start < end)


def test_a_room_added_by_hand_is_released() -> None:
    seen = edited(booked(occurrence()), rooms=(RoomBooking("aurora"), RoomBooking("cirrus")))
    made = planned([occurrence()], [seen])
    assert [(operation.call, operation.rooms) for operation in made.operations] == [(Call.ROOMS_RELEASE, ("cirrus",))]
