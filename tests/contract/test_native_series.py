"""`calendar: series`: one recurring event for a meeting, rolled forward, its exceptions events of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from adopting import Hands, calls_of, reasons
from team import NOW, a_team, union

from reconciler.apply.outcome import Status
from reconciler.diff.accepting import accept
from reconciler.diff.drift import has_drift
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Event
from reconciler.observe import Refresh
from reconciler.report.agenda import agenda_items
from reconciler.workflow.agenda import remembered_agenda
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.looking import Question
from reconciler.workflow.planning import make_plan

WEEK = timedelta(days=7)


def schedule(**more: Any) -> dict[str, Any]:
    return {"start": "2026-01-05T10:00", "duration": "45m", "repeat": {"every": "week", "on": ["mon"]}} | more


def sync(times: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "title": "Sync",
        "calendar": "series",
        "attendees": ["bob"],
        "schedule": times or schedule(),
    } | fields


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        yield Hands(team=team)


def applied(hands: Hands, *, forgetting: bool = False) -> list[str]:
    """Plan and apply; return the calls that it took. Nothing is left to do, `forgetting`: without a state as well."""
    hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
    planned = hands.plan()
    assert planned.plan.failures == ()
    outcome = hands.apply(planned)
    assert outcome.count(Status.DONE) == len(outcome.results), outcome
    assert calls_of(hands.plan()) == []
    assert not forgetting or calls_of(hands.plan(forget=True)) == []
    return calls_of(planned)


def coming(hands: Hands, days: int = 42) -> list[Event]:
    """Return what alice's calendar shows from now on, instances of series among it."""
    events = hands.team.client.events
    return sorted(
        events.view(organizer=union("alice"), since=hands.now, until=hands.now + timedelta(days=days)).events,
        key=lambda event: event.start,
    )


def on(events: list[Event]) -> list[str]:
    return [f"{event.start:%m-%d %H:%M}" for event in events]


def master(hands: Hands) -> Event:
    (name,) = {event.series for event in coming(hands) if event.series}
    return hands.event(name)


def alive(hands: Hands) -> list[dict[str, Any]]:
    return [one for one in hands.team.sandbox.control("conferences")["conferences"] if not one["cancelled"]]


def test_a_series_is_one_conference_and_one_event(hands: Hands) -> None:
    hands.declare(sync=sync())
    assert applied(hands) == ["conference.create", "event.create"]
    assert on(coming(hands)) == [
        "11-30 10:00",
        "12-07 10:00",
        "12-14 10:00",
        "12-21 10:00",
        "12-28 10:00",
        "01-04 10:00",
    ]
    marker = parse_description(master(hands).description).marker
    assert marker is not None
    assert str(marker.key) == "sync@2026-01-05T10:00+"


def test_the_link_stays_as_the_conference_moves_on(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    link = parse_description(master(hands).description).link
    for _ in range(2):
        hands.now += WEEK
        assert applied(hands, forgetting=True) == ["conference.update"]
        (conference,) = alive(hands)
        assert conference["start"] == coming(hands)[0].start.timestamp() * 1000
        assert parse_description(master(hands).description).link == link


def test_with_rooms_the_end_rolls_forward_and_nobody_is_told(hands: Hands) -> None:
    hands.declare(sync=sync(rooms=["aurora"]))
    assert applied(hands, forgetting=True) == ["conference.create", "event.create", "rooms.book"]
    assert on(coming(hands)) == ["11-30 10:00", "12-07 10:00", "12-14 10:00", "12-21 10:00"]
    hands.now += WEEK
    planned = hands.plan()
    assert sorted(calls_of(planned)) == ["conference.update", "event.update"]
    assert [one.notifies for one in planned.plan.changes] == [0]
    applied(hands)
    assert on(coming(hands)) == ["12-07 10:00", "12-14 10:00", "12-21 10:00", "12-28 10:00"]
    assert [room.room_id for room in coming(hands)[-1].rooms] == ["room-aurora"]


def test_what_is_skipped_changed_or_added_leaves_the_series(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    times = schedule(
        skip=["2026-12-07"],
        change={"2026-12-14": {"start": "14:00", "title": "Late sync"}},
        add=["2026-12-16T09:00"],
    )
    hands.declare(sync=sync(times))
    assert sorted(applied(hands, forgetting=True)) == ["event.create"] * 2 + ["event.delete"] * 2
    assert on(coming(hands, 28)) == ["11-30 10:00", "12-14 14:00", "12-16 09:00", "12-21 10:00"]
    assert [event.title for event in coming(hands)][1] == "Late sync"
    assert len(alive(hands)) == 1


def test_a_series_that_is_made_with_exceptions_has_them_at_once(hands: Hands) -> None:
    times = schedule(skip=["2026-12-07"], change={"2026-11-30": {"start": "14:00"}})
    hands.declare(sync=sync(times))
    assert sorted(applied(hands)) == ["conference.create", "event.create", "event.create"]
    assert on(coming(hands, 28)) == ["11-30 14:00", "12-14 10:00", "12-21 10:00"]


def test_what_a_person_takes_out_comes_back_as_an_event_of_its_own(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    second = coming(hands)[1]
    hands.team.client.events.delete(organizer=union("alice"), event_id=second.id, notify=False, token="t1")
    assert [one.path for one in hands.drift() if one.cause == "edited"] == ["event"]
    assert reasons(hands.plan()) == {"taken out of the series in DingTalk"}
    assert applied(hands) == ["event.create"]
    assert on(coming(hands, 14)) == ["11-30 10:00", "12-07 10:00"]


def test_another_time_before_it_has_begun_moves_the_event(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    event = master(hands)
    hands.declare(sync=sync(schedule(start="2026-01-05T10:30")))
    assert sorted(applied(hands)) == ["conference.update", "event.update"]
    assert master(hands).id == event.id
    assert on(coming(hands, 14)) == ["11-30 10:30", "12-07 10:30"]


def test_a_series_that_is_put_off_by_weeks_has_none_of_the_earlier_dates(hands: Hands) -> None:
    hands.declare(sync=sync(schedule(start="2026-12-07T10:00")))
    applied(hands)
    event = master(hands)
    hands.declare(sync=sync(schedule(start="2026-12-21T10:00")))
    applied(hands, forgetting=True)
    assert on(coming(hands, 30)) == ["12-21 10:00", "12-28 10:00"]
    assert master(hands).id == event.id
    hands.declare(sync=sync(schedule(start="2026-12-14T10:00")))
    applied(hands, forgetting=True)
    assert on(coming(hands, 30)) == ["12-14 10:00", "12-21 10:00", "12-28 10:00"]


@pytest.mark.parametrize("change", [{"repeat": {"every": "2 weeks"}}, {"start": "2026-12-02T10:30"}])
def test_a_date_that_comes_back_with_another_rule_is_there_at_once(hands: Hands, change: dict[str, Any]) -> None:
    weekly = {"start": "2026-12-02T10:00", "repeat": {"every": "week"}}
    hands.declare(sync=sync(schedule(**weekly, skip=["2026-12-16"])))
    applied(hands)
    assert "12-16 10:00" not in on(coming(hands))
    (before,) = alive(hands)
    hands.declare(sync=sync(schedule(**(weekly | change))))
    assert {"event.delete", "event.create"} <= {*applied(hands, forgetting=True)}
    assert any(one.startswith("12-16 ") for one in on(coming(hands)))
    assert [one["id"] for one in alive(hands)] == [before["id"]]


def test_another_time_once_it_has_begun_leaves_the_past_alone(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    event, link = master(hands), parse_description(master(hands).description).link
    hands.now += 2 * WEEK
    hands.declare(sync=sync(schedule(start="2026-01-05T10:30")))
    assert sorted(applied(hands, forgetting=True)) == ["conference.update", "event.create", "event.update"]
    assert on(coming(hands, 14)) == ["12-14 10:30", "12-21 10:30"]
    before = hands.team.client.events.view(organizer=union("alice"), since=NOW, until=hands.now).events
    assert on(list(before)) == ["11-30 10:00", "12-07 10:00"]
    assert {one.series for one in before} == {event.id}
    assert parse_description(master(hands).description).link == link


def test_a_series_that_is_removed_is_ended_and_its_past_stays(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += 2 * WEEK
    hands.declare(
        other=sync(
            title="Other",
            calendar="occurrences",
            schedule=schedule(start="2026-01-06T09:00", repeat={"every": "week", "on": ["tue"]}),
        )
    )
    assert applied(hands, forgetting=True)[:2] == ["conference.cancel", "event.update"]
    assert {event.title for event in coming(hands)} == {"Other"}
    past = hands.team.client.events.view(organizer=union("alice"), since=NOW, until=hands.now).events
    assert on(list(past)) == ["11-30 10:00", "12-07 10:00"]


def test_a_series_that_has_not_begun_is_deleted(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.declare(
        other=sync(title="Other", schedule=schedule(start="2026-01-06T09:00", repeat={"every": "week", "on": ["tue"]}))
    )
    assert sorted(applied(hands)) == ["conference.cancel", "conference.create", "event.create", "event.delete"]


@pytest.mark.parametrize("link", ["stable", "event"])
def test_a_meeting_becomes_a_series_and_single_events_again(hands: Hands, link: str) -> None:
    hands.declare(sync=sync(calendar="occurrences", link=link))
    applied(hands)
    conferences = {one["id"] for one in alive(hands)}
    hands.declare(sync=sync(link=link))
    planned = hands.plan()
    assert sum(one.notifies for one in planned.plan.changes) == 1
    assert sorted(applied(hands, forgetting=True)) == ["event.create", *["event.delete"] * 4]
    assert on(coming(hands, 28)) == ["11-30 10:00", "12-07 10:00", "12-14 10:00", "12-21 10:00"]
    if link == "stable":
        assert {one["id"] for one in alive(hands)} == conferences
    hands.now += WEEK
    hands.declare(sync=sync(calendar="occurrences", link=link))
    calls = applied(hands, forgetting=True)
    assert calls.count("event.create") == 4
    assert on(coming(hands, 28)) == ["12-07 10:00", "12-14 10:00", "12-21 10:00", "12-28 10:00"]
    if link == "stable":
        assert {one["id"] for one in alive(hands)} == conferences


def test_with_the_conference_of_the_event_nothing_has_to_be_moved(hands: Hands) -> None:
    hands.declare(sync=sync(link="event"))
    assert applied(hands, forgetting=True) == ["event.create"]
    hands.now += 2 * WEEK
    assert applied(hands) == []


def test_title_and_people_change_in_place(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += WEEK
    hands.declare(sync=sync(title="Weekly sync", attendees=["bob", "carol"]))
    assert sorted(applied(hands)) == ["attendees.add", "conference.update", "event.update"]
    assert {event.title for event in coming(hands)} == {"Weekly sync"}


def test_a_saved_plan_of_a_series_is_applied_as_it_was_made(hands: Hands) -> None:
    hands.declare(sync=sync(schedule(skip=["2026-12-07"])))
    text = hands.saved(hands.plan())
    hands.apply(hands.of_saved(text))
    assert calls_of(hands.plan()) == []
    hands.declare(sync=sync(schedule(skip=["2026-12-14"])))
    text = hands.saved(hands.plan())
    hands.apply(hands.of_saved(text))
    assert calls_of(hands.plan()) == []
    assert on(coming(hands, 28)) == ["11-30 10:00", "12-07 10:00", "12-21 10:00"]
    assert not has_drift(hands.drift())


def test_what_the_program_says_it_costs_is_what_it_costs(hands: Hands) -> None:
    hands.declare(sync=sync(schedule(skip=["2026-12-07"])))
    planned = hands.plan()
    before = len(hands.calls())
    hands.apply(planned)
    assert len(hands.calls()) - before == planned.plan.api_calls


def test_a_rule_that_has_its_end_ends_there(hands: Hands) -> None:
    hands.declare(sync=sync(schedule(repeat={"every": "week", "on": ["mon"], "until": "2026-12-14"})))
    assert applied(hands) == ["conference.create", "event.create"]
    assert on(coming(hands)) == ["11-30 10:00", "12-07 10:00", "12-14 10:00"]
    hands.now = datetime.fromisoformat("2026-12-15T10:00:00+08:00")
    assert applied(hands) == []


def test_the_agenda_shows_each_date_with_the_link_of_the_series(hands: Hands) -> None:
    hands.declare(sync=sync(schedule(change={"2026-12-07": {"start": "14:00"}})))
    hands.apply(hands.plan())
    agenda = remembered_agenda(hands.config(), hands.store(), now=hands.now, until=hands.now + 2 * WEEK)
    items = agenda_items(agenda.wanted, agenda.observed)
    assert [(f"{one.start:%m-%d %H:%M}", one.booked) for one in items] == [("11-30 10:00", True), ("12-07 14:00", True)]
    assert {one.url for one in items} == {alive(hands)[0]["url"]}


def test_a_renamed_series_keeps_its_event_and_its_link(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    event = master(hands)
    hands.declare(standup=sync())
    hands.team.config["moved"] = {"from": "sync", "to": "standup"}
    planned = hands.plan()
    assert [one.notifies for one in planned.plan.changes] == [0]
    assert applied(hands) == ["event.update"]
    assert master(hands).id == event.id


def test_another_organiser_ends_one_series_and_begins_another(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += WEEK
    hands.declare(sync=sync(organizer="carol"))
    assert sorted(applied(hands)) == ["conference.cancel", "conference.create", "event.create", "event.update"]
    assert coming(hands) == []


def test_however_little_is_asked_a_series_that_is_as_declared_needs_nothing(hands: Hands) -> None:
    hands.declare(sync=sync(schedule(skip=["2026-12-07"]), link="event"))
    applied(hands)
    hands.now += WEEK
    for refresh in (Refresh.NONE, Refresh.CALENDAR, Refresh.FULL):
        question = Question(refresh=refresh)
        assert calls_of(make_plan(hands.config(), hands.team.client, hands.store(), question, now=hands.now)) == []


def test_rooms_that_are_declared_no_more_are_released_before_the_series_goes_on_for_ever(hands: Hands) -> None:
    hands.declare(sync=sync(rooms=["aurora"]))
    applied(hands)
    hands.declare(sync=sync(rooms=[]))
    assert applied(hands) == ["rooms.release", "event.update"]
    assert len(coming(hands)) == 6
    hands.declare(sync=sync(rooms=["borealis"]))
    assert applied(hands) == ["event.update", "rooms.book"]
    assert len(coming(hands)) == 4


def test_a_rule_that_no_pattern_says_is_booked_one_by_one(hands: Hands) -> None:
    hands.declare(
        sync=sync(schedule(repeat={"every": "week", "on": ["mon"]}, skip=[]) | {"repeat": {"every": "odd-weeks"}})
    )
    planned = hands.plan()
    assert "numbers of weeks" in " ".join(planned.plan.warnings)
    assert calls_of(planned).count("event.create") == 2


def test_an_instance_that_begins_today_is_not_held_twice(hands: Hands) -> None:
    """At noon the meeting of ten o'clock is moved to three: from next week on."""
    hands.declare(sync=sync())
    applied(hands)
    hands.now = datetime.fromisoformat("2026-11-30T12:00:00+08:00")
    hands.declare(sync=sync(schedule(start="2026-01-05T15:00")))
    applied(hands)
    assert on(coming(hands, 14)) == ["12-07 15:00"]
    assert not has_drift(hands.drift())


def test_another_zone_does_not_hold_a_second_time_what_has_begun_today(hands: Hands) -> None:
    daily = {"repeat": {"every": "workday"}}
    hands.declare(sync=sync(schedule(**daily)))
    applied(hands)
    hands.now += timedelta(days=1, hours=5)  # Monday, 13:00 in Shanghai, midnight in New York
    hands.declare(sync=sync(schedule(**daily, timezone="America/New_York")))
    applied(hands)
    assert on(coming(hands, 3))[0] == "12-01 10:00"


def test_single_events_in_place_of_a_series_leave_the_conference_that_is_on(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    (before,) = alive(hands)
    hands.now = datetime.fromisoformat("2026-11-30T02:10+00:00")  # in the middle of it
    single = {"every": "odd-weeks", "on": ["tue"]}
    hands.declare(sync=sync(schedule(repeat=single), calendar="occurrences", link="stable"))
    applied(hands)
    (there,) = alive(hands)
    assert (there["id"], there["start"]) == (before["id"], before["start"])
    hands.now += timedelta(hours=1)
    assert applied(hands) == ["conference.update"]


def test_what_a_person_takes_out_can_be_accepted_as_skipped(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    gone, edited = coming(hands)[1], master(hands)
    hands.team.client.events.delete(organizer=union("alice"), event_id=gone.id, notify=False, token="t1")
    hands.edit(action="change_event", event=edited.id, summary="Our sync")
    drift = look_for_drift(hands.config(), hands.team.client, hands.store(), Question(), now=hands.now)
    accepted = accept(drift.findings, drift.seen, hands.config(), drift.people)
    assert accepted.patch == {"meetings": {"sync": {"title": "Our sync", "schedule": {"skip": ["2026-12-07T10:00"]}}}}
    hands.declare(sync=sync(schedule(skip=["2026-12-07"]), title="Our sync"))
    assert calls_of(hands.plan()) == ["conference.update"]  # it has the old title still


def test_a_protected_meeting_does_not_become_a_series(hands: Hands) -> None:
    """Its events would have to go for it."""
    hands.declare(sync=sync(calendar="occurrences", link="stable", protect=True))
    applied(hands)
    hands.declare(sync=sync(protect=True))
    assert calls_of(hands.plan()) == []


def test_a_series_that_became_single_events_hands_no_conference_on_once_that_is_over(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += 2 * WEEK
    hands.declare(sync=sync(calendar="occurrences", link="per-occurrence"))
    applied(hands, forgetting=True)
    hands.now += WEEK
    applied(hands, forgetting=True)


def test_a_monthly_series_is_found_again_after_a_month_without_it(hands: Hands) -> None:
    monthly = schedule(repeat={"every": "month", "on": "first mon"}, skip=["2027-01-04"])
    hands.declare(sync=sync(monthly))
    for _ in range(8):
        applied(hands, forgetting=True)
        hands.now += WEEK


@pytest.mark.parametrize(("there", "here"), [("America/Sao_Paulo", "America/New_York"), ("UTC", "Asia/Shanghai")])
def test_in_another_zone_a_series_ends_with_the_same_date(hands: Hands, there: str, here: str) -> None:
    at = {"start": "2026-12-07T23:30" if here.startswith("America") else "2026-12-07T00:30", "duration": "15m"}
    repeat = {"every": "week", "until": "2026-12-21"}
    hands.declare(sync=sync({**at, "repeat": repeat, "timezone": there}))
    applied(hands)
    hands.declare(sync=sync({**at, "repeat": repeat, "timezone": here}))
    applied(hands, forgetting=True)
    local = [event.start.astimezone(ZoneInfo(here)).date().day for event in coming(hands)]
    assert local == [7, 14, 21]


def test_a_conference_that_was_on_when_its_series_changed_is_moved_on_by_the_next_run(hands: Hands) -> None:
    hands.declare(sync=sync())
    applied(hands)
    hands.now += timedelta(days=5)
    assert applied(hands) == ["conference.update"]
    hands.now = datetime(2026, 12, 7, 2, 20, tzinfo=UTC)  # it is on
    hands.declare(sync=sync(schedule(start="2026-01-05T15:00")))
    assert "conference.update" not in applied(hands)
    hands.now += timedelta(hours=1)
    assert applied(hands) == ["conference.update"]
    (event,) = coming(hands, days=8)
    assert hands.team.conference(event).start == event.start


def test_a_series_has_a_conference_though_its_next_date_is_another_event_that_is_not_due_yet(hands: Hands) -> None:
    monthly = schedule(repeat={"every": "month", "on": "first mon"}, change={"2027-01-04": {"duration": "20m"}})
    hands.team.config["horizon"] = "14d"
    hands.now = datetime(2026, 12, 8, tzinfo=UTC)
    hands.declare(sync=sync(monthly))
    assert "conference.create" in applied(hands, forgetting=True)
    hands.now += 3 * WEEK
    applied(hands, forgetting=True)
    assert on(coming(hands)) == ["01-04 10:00", "02-01 10:00"]


def test_a_series_of_the_night_in_which_the_clock_changes_stays(hands: Hands) -> None:
    window = {"start": "2027-01-02T23:00", "duration": "5h", "timezone": "Europe/Berlin"}
    hands.declare(window=sync(window | {"repeat": {"every": "week", "on": ["sat"]}}))
    hands.now = datetime(2027, 3, 18, tzinfo=UTC)
    applied(hands)
    for day in (22, 30):  # the next date is the one of the change, and the one after it
        hands.now = datetime(2027, 3, day, tzinfo=UTC)
        assert not {"event.create", "event.delete"} & set(applied(hands))
