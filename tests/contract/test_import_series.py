"""DingTalk's own recurring events, made by people, become meetings with `calendar: series` and stay the same events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of, look, reasons, write_into
from team import NOW, a_team, union

from reconciler.apply.outcome import Status
from reconciler.diff.change import ADOPTED
from reconciler.errors import ConfigError
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Event

FOREVER = {"type": "noEnd"}
FOREIGN = "reconciler:1/other/sync/2026-11-30T10:00?conference=&revision=0&applied=00&series=1"


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        team.config["meetings"] = {}
        team.write()
        yield Hands(team=team)


def through(day: str) -> dict[str, Any]:
    return {"type": "endDate", "endDate": f"{day}T23:59:59+08:00"}


def times(count: int) -> dict[str, Any]:
    return {"type": "numbered", "numberOfOccurrences": count}


def recur(hands: Hands, title: str, start: str, bounds: dict[str, Any], pattern: dict[str, Any], **more: Any) -> str:
    return hands.create(title, start, recurrence={"pattern": pattern, "range": bounds}, **more)


def weekly(days: str = "monday", interval: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "weekly", "interval": interval, "daysOfWeek": days, **more}


def delete(hands: Hands, series: str, day: str) -> None:
    """Take one date out of a recurring event, as a person does."""
    since = datetime.fromisoformat(f"{day}T00:00+08:00")
    events = hands.team.client.events
    for one in events.view(organizer=union("alice"), since=since, until=since + timedelta(days=1)).events:
        if one.series == series:
            events.delete(organizer=union("alice"), event_id=one.id, notify=False, token=f"delete-{one.id}")


def as_people_see_it(event: Event) -> Event:
    told = parse_description(event.description)
    return replace(event, description=told.body, updated="")


def many(hands: Hands) -> list[str]:
    """Make recurring events of every kind that can be declared; return their ids."""
    third_friday = {"type": "relativeMonthly", "interval": 1, "daysOfWeek": "friday", "index": "third"}
    made = [
        recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly(), people=["bob"], online=True, description="Notes"),
        recur(hands, "Board", "2026-11-04T09:00", through("2027-01-31"), weekly("wednesday"), rooms=["aurora"]),
        recur(hands, "Course", "2026-11-19T14:00", times(6), weekly("thursday"), people=["carol"]),
        recur(hands, "Pairs", "2026-11-24T16:00", FOREVER, weekly("tuesday,sunday", 2, firstDayOfWeek="sunday")),
        recur(hands, "Review", "2026-09-18T11:00", FOREVER, third_friday),
        recur(
            hands, "Payday", "2026-10-15T08:00", through("2027-06-30"), {"type": "absoluteMonthly", "dayOfMonth": 15}
        ),
        recur(hands, "Standup", "2026-12-01T09:00", times(30), {"type": "daily", "interval": 1}),
        recur(hands, "Spring", "2027-03-01T10:00", FOREVER, weekly(), people=["bob"]),
    ]
    delete(hands, made[0], "2026-12-07")
    delete(hands, made[6], "2026-12-01")
    return made


def test_recurring_events_are_adopted_and_nothing_else_happens(hands: Hands) -> None:
    ids = many(hands)
    before = {name: hands.event(name) for name in ids}
    asked = len(hands.calls())
    found = look(hands)
    assert [one for one in hands.calls()[asked:] if not one.startswith("event.view")] == ["event.get"] * 8
    assert (found.events, found.left_out) == (8, ())
    write_into(hands, found)
    for planned in (hands.plan_of_file(forget=True), hands.plan_of_file()):
        assert planned.plan.failures == ()
        assert (calls_of(planned), reasons(planned)) == (["event.update"] * 8, {ADOPTED})
        assert {one.notifies for one in planned.plan.changes} == {0}
    assert hands.apply(hands.plan_of_file()).count(Status.DONE) == 8
    after = {name: hands.event(name) for name in ids}
    assert {name: as_people_see_it(one) for name, one in after.items()} == {
        name: as_people_see_it(one) for name, one in before.items()
    }
    marks = [parse_description(one.description).marker for one in after.values()]
    assert all(mark is not None and mark.key.series for mark in marks)
    assert look(hands).events == 0
    for weeks in (0, 1, 5):
        hands.now = NOW + timedelta(weeks=weeks)
        hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
        for planned in (hands.plan_of_file(), hands.plan_of_file(forget=True)):
            assert (planned.plan.changes, planned.plan.failures) == ((), ())


def test_what_is_written_says_the_rule_in_words_where_it_can(hands: Hands) -> None:
    ids = many(hands)
    found = look(hands)
    assert found.remarks == ("Imported from the calendar of alice on 2026-11-29: 8 events in 8 meetings.",)
    meetings = found.tree["meetings"]
    assert {one["calendar"] for one in meetings.values()} == {"series"}
    assert meetings["sync"] == {
        "title": "Sync",
        "organizer": "alice",
        "link": "event",
        "calendar": "series",
        "attendees": ["bob"],
        "schedule": {
            "start": "2026-01-05T10:00",
            "duration": "1h",
            "timezone": "Asia/Shanghai",
            "repeat": {"every": "week", "on": ["mon"]},
            "skip": ["2026-12-07T10:00"],
        },
        "adopt": {"2026-01-05T10:00": ids[0]},
    }
    assert meetings["board"]["rooms"] == ["aurora"]
    assert meetings["board"]["schedule"]["repeat"] == {"every": "week", "on": ["wed"], "until": "2027-01-31"}
    assert meetings["course"]["schedule"]["repeat"] == {"every": "week", "on": ["thu"], "count": 6}
    assert meetings["pairs"]["schedule"]["rrule"] == "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU"
    assert meetings["review"]["schedule"]["repeat"] == {"every": "month", "on": ["3fri"]}
    assert meetings["payday"]["schedule"]["repeat"] == {"every": "month", "day": 15, "until": "2027-06-30"}
    assert meetings["standup"]["schedule"]["repeat"] == {"every": "day", "count": 30}
    assert list(meetings["standup"]["adopt"]) == ["2026-12-01T09:00"]


def test_once_adopted_it_is_managed_like_any_other_series(hands: Hands) -> None:
    name = recur(hands, "Sync", "2026-01-05T10:00", times(60), weekly(), people=["bob"], online=True)
    write_into(hands, look(hands))
    hands.apply(hands.plan_of_file())
    path = hands.team.folder / "meetings.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("title: Sync", "title: Our sync"), encoding="utf-8")
    hands.apply(hands.plan_of_file())
    event = hands.event(name)
    assert (event.title, event.recurrence.count if event.recurrence else 0) == ("Our sync", 60)
    assert event.own_conference
    assert hands.plan_of_file(forget=True).plan.changes == ()


def test_what_is_no_meeting_that_could_be_declared_is_left_out_with_the_reason(hands: Hands) -> None:
    recur(hands, "Thirtieth", "2026-11-30T08:00", FOREVER, {"type": "absoluteMonthly", "dayOfMonth": 30})
    recur(hands, "Yearly", "2026-12-01T08:00", FOREVER, {"type": "absoluteYearly"})
    two_days = {"type": "relativeMonthly", "interval": 1, "daysOfWeek": "monday,friday", "index": "first"}
    recur(hands, "Two days", "2026-12-04T08:00", FOREVER, two_days)
    hands.edit(
        action="create_event",
        organizer=union("alice"),
        summary="Days",
        isAllDay=True,
        start={"date": "2026-12-05"},
        end={"date": "2026-12-06"},
        recurrence={"pattern": weekly("saturday"), "range": FOREVER},
    )
    recur(hands, "Managed", "2026-11-30T10:00", FOREVER, weekly(), description=FOREIGN)
    recur(hands, "Invited", "2026-11-30T10:00", FOREVER, weekly(), organizer="bob", people=["alice"])
    found = look(hands)
    assert found.events == 0
    told = {one.title: one.reason for one in found.left_out}
    assert set(told) == {"Thirtieth", "Yearly", "Two days", "Days"}
    assert "without a day 30" in told["Thirtieth"]
    assert "rarer than once a month" in told["Yearly"]
    assert "several weekdays" in told["Two days"]
    assert "whole days" in told["Days"]
    assert all(reason.startswith("a recurring event of DingTalk's own (") for reason in told.values())


def test_dates_that_nobody_has_looked_at_keep_it_out(hands: Hands) -> None:
    recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly())
    recur(hands, "Spring", "2027-03-01T10:00", FOREVER, weekly())
    found = look(hands, since=NOW + timedelta(days=30))
    assert list(found.tree["meetings"]) == ["spring"]
    assert "before --from" in found.left_out[0].reason


def test_a_short_window_knows_all_that_the_next_plan_looks_at(hands: Hands) -> None:
    delete(hands, recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly()), "2026-12-14")
    recur(hands, "Later", "2026-12-10T10:00", FOREVER, weekly("thursday"))
    found = look(hands, days=5)
    assert list(found.tree["meetings"]) == ["sync"]
    write_into(hands, found)
    assert reasons(hands.plan_of_file()) == {ADOPTED}


def test_days_off_of_the_config_do_not_count_for_a_series_that_is_there(hands: Hands) -> None:
    hands.team.config["closures"] = [{"from": "2026-12-07"}]
    hands.team.write()
    recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly())
    found = look(hands)
    assert found.tree["meetings"]["sync"]["holidays"] == {"skip": [], "closures": False}
    write_into(hands, found)
    assert (calls_of(hands.plan_of_file()), reasons(hands.plan_of_file())) == (["event.update"], {ADOPTED})


def declared(series: str, **more: Any) -> dict[str, Any]:
    schedule = {"start": "2026-01-05T10:00", "duration": "1h", "repeat": {"every": "week", "on": ["mon"]}}
    return {
        "title": "Sync",
        "link": "event",
        "calendar": "series",
        "schedule": schedule,
        "adopt": {"2026-01-05T10:00": series},
    } | more


@pytest.mark.parametrize(
    "adopt",
    [{"2026-01-12T10:00": "one"}, {"2026-01-05T10:00": "one", "2026-01-12T10:00": "two"}, {"2026-01-05T11:00": "one"}],
)
def test_a_series_adopts_one_event_by_its_first_date(hands: Hands, adopt: dict[str, str]) -> None:
    hands.declare(sync=declared("one", adopt=adopt))
    with pytest.raises(ConfigError) as caught:
        hands.plan()
    (problem,) = (one for one in caught.value.problems if one.severity == "error")
    assert problem.path == "meetings.sync.adopt"
    assert "2026-01-05T10:00" in problem.hint


def test_a_recurring_event_that_goes_otherwise_is_never_replaced(hands: Hands) -> None:
    for bounds, pattern, start in (
        (FOREVER, weekly("tuesday"), "2026-01-06T10:00"),
        (FOREVER, weekly(), "2026-01-05T11:00"),
    ):
        hands.declare(sync=declared(recur(hands, "Sync", start, bounds, pattern)))
        planned = hands.plan()
        assert planned.plan.changes == ()
        assert [one.code for one in planned.plan.failures] == ["not-adoptable"]
        assert "another rule, time" in planned.plan.failures[0].message


def test_what_can_not_become_the_series_of_a_meeting_is_told(hands: Hands) -> None:
    events = {
        "belongs to workspace other": recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly(), description=FOREIGN),
        "not a recurring event": hands.create("Sync", "2026-12-07T10:00"),
    }
    for told, name in events.items():
        hands.declare(sync=declared(name))
        planned = hands.plan()
        assert planned.plan.changes == ()
        assert told in planned.plan.failures[0].message


def test_a_series_that_is_gone_before_it_was_adopted_is_made_anew_and_told(hands: Hands) -> None:
    name = recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly())
    hands.edit(action="delete_event", event=name)
    hands.declare(sync=declared(name))
    planned = hands.plan()
    assert calls_of(planned) == ["event.create"]
    assert planned.plan.warnings[0].startswith("sync: 1 of the events to adopt is gone, and will be made anew")


def test_a_saved_plan_adopts_the_series_that_it_was_made_for(hands: Hands) -> None:
    name = recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly())
    hands.declare(sync=declared(name))
    text = hands.saved(hands.plan())
    assert hands.apply(hands.of_saved(text)).count(Status.DONE) == 1
    assert parse_description(hands.event(name).description).marker is not None
    assert hands.plan().plan.changes == ()


def test_a_series_to_adopt_is_no_drift_and_never_cancelled(hands: Hands) -> None:
    name = recur(hands, "Sync", "2026-01-05T10:00", FOREVER, weekly())
    hands.declare(sync=declared(name))
    hands.plan()
    assert {one.cause for one in hands.drift()} == {"ours"}
    hands.declare()
    assert hands.plan().plan.changes == ()
    assert not hands.event(name).cancelled


def test_what_lasts_over_a_change_of_the_clock_is_as_long_as_ever(hands: Hands) -> None:
    hands.now = datetime(2027, 3, 18, tzinfo=UTC)
    hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
    every = {"recurrence": {"pattern": weekly("saturday"), "range": FOREVER}}
    for title, since, until, more in (
        ("Window", "2027-03-20T23:00:00+01:00", "2027-03-21T04:00:00+01:00", every),
        ("Night", "2027-03-27T22:00:00+01:00", "2027-03-28T04:00:00+02:00", {}),
    ):
        start, end = ({"dateTime": one, "timeZone": "Europe/Berlin"} for one in (since, until))
        hands.edit(action="create_event", organizer=union("alice"), summary=title, start=start, end=end, **more)
    found = look(hands, since=hands.now)
    assert found.left_out == ()
    assert {one["schedule"]["duration"] for one in found.tree["meetings"].values()} == {"5h"}
