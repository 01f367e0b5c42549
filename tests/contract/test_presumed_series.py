"""Recurring events of which nothing was heard are not asked for, and that never changes what a run finds."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of, reasons
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from team import NOW, a_team, union

from reconciler.apply.outcome import Status
from reconciler.config import load
from reconciler.model.occurrence import Event
from reconciler.observe import Refresh, observe
from reconciler.state.store import local_store
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.carrying import apply_plan
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan

QUIET = {"event.list": 1}
LOOKED_AT = {"event.list": 1, "event.get": 1, "event.view": 1}
CHANGED = LOOKED_AT | {"conference.info": 1}


def sync(hour: int = 10, day: str = "mon", **fields: Any) -> dict[str, Any]:
    times = {"start": f"2026-01-05T{hour:02}:00", "duration": "45m", "repeat": {"every": "week", "on": [day]}}
    schedule = times | fields.pop("schedule", {})
    return {"title": "Sync", "calendar": "series", "attendees": ["bob"], "schedule": schedule} | fields


@dataclass
class Runs:
    """Runs one after the other, each of which remembers what it has seen."""

    hands: Hands

    def plan(self, **question: Any) -> tuple[Planned, Counter[str]]:
        """Return a plan, and the calls that it took."""
        hands = self.hands
        hands.team.write()
        hands.team.sandbox.control("clock", {"now": hands.now.isoformat()})
        config = load(hands.team.folder / "meetings.yaml", now=hands.now)
        before = len(hands.calls())
        store = local_store(hands.team.folder, config.workspace)
        planned = make_plan(config, hands.team.client, store, Question(**question), now=hands.now)
        made = Counter(hands.calls()[before:])
        remember_calls(store, hands.team.client, now=hands.now, planned=planned)
        return planned, made

    def apply(self) -> list[str]:
        """Plan and apply; return the calls that it took."""
        planned, _ = self.plan()
        assert planned.plan.failures == ()
        store = self.hands.store()
        outcome = apply_plan(planned, self.hands.team.client, store, clock=lambda: self.hands.now)
        assert outcome.count(Status.DONE) == len(outcome.results), outcome
        return calls_of(planned)

    def settled(self, **meetings: Any) -> None:
        """Declare these meetings, apply, and see what was written."""
        self.hands.declare(**meetings)
        self.apply()
        assert self.plan()[0].plan.changes == ()

    def coming(self) -> list[Event]:
        events = self.hands.team.client.events
        found = events.view(organizer=union("alice"), since=self.hands.now, until=self.hands.now + timedelta(days=42))
        return sorted(found.events, key=lambda event: event.start)

    def delete(self, event_id: str) -> None:
        hand = f"hand-{len(self.hands.calls())}"
        self.hands.team.client.events.delete(organizer=union("alice"), event_id=event_id, notify=False, token=hand)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with a_team(tmp_path) as team:
        team.config["verify"] = {"every": "24h"}
        yield Runs(hands=Hands(team=team))


def without_a_trace(runs: Runs, event: Event) -> None:
    """Take an instance out of its series so that no list tells of it."""
    series = event.series
    with closing(sqlite3.connect(runs.hands.team.folder.parent / "server.db")) as server:
        before = server.execute("SELECT updated, changed FROM events WHERE id = ?", (series,)).fetchone()
    runs.delete(event.id)
    with closing(sqlite3.connect(runs.hands.team.folder.parent / "server.db")) as server:
        server.execute("UPDATE events SET updated = ?, changed = ? WHERE id = ?", (*before, series))
        server.commit()


def test_with_nothing_changed_a_plan_costs_one_call_for_each_organiser(runs: Runs) -> None:
    meetings = {f"sync-{hour}": sync(hour) for hour in (9, 10, 11)}
    runs.settled(**meetings, other=sync(12, organizer="carol"), rooms=sync(14, rooms=["aurora"]))
    for _ in range(3):
        runs.hands.now += timedelta(minutes=15)
        planned, calls = runs.plan()
        assert planned.plan.changes == ()
        assert planned.plan.kept == 5
        assert calls == {"event.list": 2}


def test_what_has_begun_of_a_series_is_known_without_asking(runs: Runs) -> None:
    runs.settled(sync=sync(link="event", schedule={"skip": ["2026-12-07"]}))
    for _ in range(20):
        runs.hands.now += timedelta(hours=23)
        planned, calls = runs.plan()
        assert planned.plan.changes == ()
        assert calls["event.get"] == calls["event.view"] <= 1


def test_what_was_taken_out_beyond_the_horizon_is_known_when_it_comes_near(runs: Runs) -> None:
    """The last look was made when it was not in the window yet."""
    runs.settled(sync=sync(link="event"))
    runs.hands.now = NOW + timedelta(hours=20)  # the fifth Monday is 28 days and six hours ahead
    assert f"{runs.coming()[4].start:%m-%d}" == "12-28"
    runs.delete(runs.coming()[4].id)
    assert runs.plan()[0].plan.changes == ()
    runs.hands.now += timedelta(hours=7)
    assert reasons(runs.plan()[0]) == {"taken out of the series in DingTalk"}


def test_a_horizon_that_is_raised_is_looked_at_as_far(runs: Runs) -> None:
    runs.hands.team.config["verify"] = {"every": "30d"}
    runs.settled(sync=sync(link="event"))
    runs.hands.now += timedelta(minutes=15)
    without_a_trace(runs, runs.coming()[5])  # beyond what the last look has shown
    runs.hands.team.config["horizon"] = "40d"
    planned, calls = runs.plan()
    assert reasons(planned) == {"taken out of the series in DingTalk"}
    assert calls == LOOKED_AT


def test_a_series_that_a_person_takes_the_marker_from_is_seen_by_the_next_plan(runs: Runs) -> None:
    runs.settled(sync=sync())
    runs.hands.edit(action="change_event", event=runs.coming()[0].series, description="By hand")
    assert calls_of(runs.plan()[0]) == ["event.update"]


def test_a_saved_plan_takes_no_look_away_from_others(runs: Runs) -> None:
    runs.settled(sync=sync(), other=sync(12))
    runs.hands.team.config["meetings"]["sync"]["title"] = "Another"
    text = runs.hands.saved(runs.plan()[0])
    runs.hands.apply(runs.hands.of_saved(text))
    _, calls = runs.plan()
    assert (calls["event.get"], calls["event.view"]) == (1, 1)
    other = next(one for one in runs.coming() if one.start.hour == 12)
    runs.hands.team.config["meetings"]["sync"]["title"] = "Yet another"
    text = runs.hands.saved(runs.plan()[0])
    runs.hands.edit(action="change_event", event=other.series, summary="By hand")
    runs.hands.apply(runs.hands.of_saved(text))
    assert calls_of(runs.plan()[0]) == ["event.update"]


@pytest.mark.parametrize("number", [0, 2])
def test_an_instance_that_a_person_deletes_is_seen_by_the_next_plan(runs: Runs, number: int) -> None:
    runs.settled(sync=sync())
    runs.delete(runs.coming()[number].id)
    planned, calls = runs.plan()
    assert reasons(planned) == {"taken out of the series in DingTalk"}
    assert calls == LOOKED_AT
    runs.apply()
    runs.plan()
    assert runs.plan()[1] == QUIET


def test_a_series_that_a_person_edits_or_deletes_is_seen_by_the_next_plan(runs: Runs) -> None:
    runs.settled(sync=sync(), other=sync(12))
    first = next(one for one in runs.coming() if one.start.hour == 10)
    runs.hands.edit(action="change_event", event=first.series, summary="By hand")
    planned, calls = runs.plan()
    assert calls_of(planned) == ["event.update"]
    assert calls == CHANGED
    runs.apply()
    runs.plan()
    runs.delete(first.series)
    assert calls_of(runs.plan()[0]) == ["event.create"]


def test_what_no_list_told_is_found_when_its_turn_comes(runs: Runs) -> None:
    runs.settled(sync=sync())
    without_a_trace(runs, runs.coming()[2])
    runs.hands.now += timedelta(hours=23)
    assert runs.plan()[0].plan.changes == ()
    assert calls_of(runs.plan(refresh=Refresh.FULL)[0]) == ["event.create"]


def test_a_turn_comes_after_a_day(runs: Runs) -> None:
    runs.settled(sync=sync())
    without_a_trace(runs, runs.coming()[2])
    runs.hands.now += timedelta(hours=24)
    planned, calls = runs.plan()
    assert reasons(planned) == {"taken out of the series in DingTalk"}
    assert (calls["event.get"], calls["event.view"]) == (1, 1)


def test_drift_is_looked_for_and_not_presumed(runs: Runs) -> None:
    runs.settled(sync=sync())
    without_a_trace(runs, runs.coming()[2])
    hands = runs.hands
    found = look_for_drift(hands.config(), hands.team.client, hands.store(), Question(), now=hands.now)
    assert [one.path for one in found.findings if one.cause == "edited"] == ["event"]


def test_turns_come_the_longest_unseen_first_as_far_as_the_budget_goes(runs: Runs) -> None:
    runs.settled(**{f"sync-{hour}": sync(hour, link="event") for hour in (9, 10, 11, 12)})
    runs.hands.team.config["verify"] = {"every": "24h", "budget": 3}
    runs.hands.now += timedelta(hours=24)
    asked = []
    for _ in range(4):
        _, calls = runs.plan()
        asked.append((calls["event.get"], calls["event.view"]))
        runs.hands.now += timedelta(minutes=15)
    assert asked == [(2, 1), (2, 1), (0, 0), (0, 0)]


def test_conferences_that_are_unseen_for_longer_come_before_series(runs: Runs) -> None:
    runs.settled(sync=sync(link="event"), single=sync(12, calendar="occurrences"))
    runs.hands.now += timedelta(hours=12)
    runs.plan(refresh=Refresh.CALENDAR)  # sees the series alone
    runs.hands.team.config["verify"] = {"every": "24h", "budget": 2}
    runs.hands.now += timedelta(hours=24)
    asked = []
    for _ in range(4):
        _, calls = runs.plan()
        asked.append((calls["conference.info"], calls["event.get"]))
        runs.hands.now += timedelta(minutes=15)
    assert asked == [(2, 0), (1, 0), (0, 1), (0, 0)]


def test_nothing_is_written_that_was_only_presumed(runs: Runs) -> None:
    """The config skips a date that a person has taken out already, and nobody has told."""
    runs.settled(sync=sync())
    without_a_trace(runs, runs.coming()[1])
    runs.hands.declare(sync=sync(schedule={"skip": ["2026-12-07"]}))
    planned, calls = runs.plan()
    assert planned.plan.changes == ()
    assert calls == LOOKED_AT


def test_of_several_series_only_the_one_that_changes_is_asked_for(runs: Runs) -> None:
    runs.settled(**{f"sync-{hour}": sync(hour) for hour in (9, 10, 11)})
    runs.hands.team.config["meetings"]["sync-10"]["title"] = "Another"
    assert runs.plan()[1] == CHANGED
    assert sorted(runs.apply()) == ["conference.update", "event.update"]
    assert runs.plan()[1] == LOOKED_AT  # what was written is looked at
    assert runs.plan()[1] == QUIET


def test_a_look_that_fails_is_made_by_the_next_run(runs: Runs) -> None:
    runs.settled(sync=sync())
    runs.hands.edit(action="change_event", event=runs.coming()[0].series, summary="By hand")
    fault = {"api": "event.get", "kind": "error_before", "times": 1, "status": 400, "code": "invalidParameter"}
    runs.hands.team.sandbox.control("faults", fault)
    assert runs.plan()[0].plan.failures != ()
    runs.hands.team.sandbox.control("faults", method="DELETE")
    assert calls_of(runs.plan()[0]) == ["event.update"]


SCHEDULES: list[dict[str, Any]] = [
    {},
    {"skip": ["2026-12-07"]},
    {"change": {"2026-12-07": {"start": "15:00"}}},
    {"add": ["2026-12-09T10:00"]},
    {"start": "2026-01-05T14:00"},
    {"repeat": {"every": "week", "on": ["mon", "thu"]}},
    {"repeat": {"every": "day", "until": "2026-12-10"}},
]
FIELDS: list[dict[str, Any]] = [
    {},
    {"title": "Another"},
    {"rooms": ["aurora"]},
    {"link": "event"},
    {"calendar": "occurrences"},
    {"organizer": "carol"},
    {"ignore": ["title"]},
    {"protect": True},
]  # fmt: skip
MEETINGS = st.tuples(st.sampled_from(SCHEDULES), st.sampled_from(FIELDS))
HANDS = st.tuples(
    st.sampled_from(["delete_instance", "delete_event", "change_event", "move_event", "cancel_conference", "copy"]),
    st.integers(0, 9),
)
PASSES = [timedelta(), timedelta(minutes=15), timedelta(hours=11), timedelta(days=1), timedelta(days=5)]
STEPS = st.tuples(
    st.dictionaries(st.sampled_from(["one", "two"]), MEETINGS, max_size=2),
    st.lists(HANDS, max_size=2),
    st.sampled_from(PASSES),
)


def meetings(declared: dict[str, Any]) -> dict[str, Any]:
    """Return meetings that clash in no room."""
    found = {}
    for name, (schedule, fields) in declared.items():
        rooms = {"rooms": ["aurora" if name == "one" else "borealis"]} if "rooms" in fields else {}
        found[name] = sync(9 if name == "one" else 11, **{**fields, **rooms, "schedule": schedule})
    return found


def happen(runs: Runs, what: str, number: int) -> None:
    """Let somebody do something by hand."""
    events = runs.coming()
    if not events:
        return
    event = events[number % len(events)]
    name = event.series or event.id
    match what:
        case "delete_instance":
            runs.delete(event.id)
        case "delete_event":
            runs.hands.edit(action="delete_event", event=name)
        case "change_event":
            runs.hands.edit(action="change_event", event=name, summary="By hand")
        case "move_event":
            whole = runs.hands.event(name)
            times = {
                part: {"dateTime": (moment + timedelta(hours=1)).isoformat(), "timeZone": whole.timezone}
                for part, moment in (("start", whole.start), ("end", whole.end))
            }
            runs.hands.edit(action="change_event", event=name, **times)
        case "copy":
            begin = {"dateTime": "2026-12-09T18:00:00+08:00", "timeZone": "Asia/Shanghai"}
            end = begin | {"dateTime": "2026-12-09T19:00:00+08:00"}
            runs.hands.edit(
                action="create_event",
                organizer=union("alice"),
                summary="A copy",
                description=event.description,
                start=begin,
                end=end,
            )
        case _:
            found = runs.hands.team.sandbox.control("conferences")["conferences"]
            alive = [one["id"] for one in found if not one["cancelled"]]
            if alive:
                runs.hands.team.sandbox.control("edits", {"action": what, "conference": alive[number % len(alive)]})


def told(planned: Planned) -> dict[str, Any]:
    plan = planned.plan
    changes = [
        (
            one.change.address,
            one.change.action,
            one.change.reason,
            one.change.comparison,
            one.change.instances,
            one.change.follows,
            [(call.call, call.parts, call.people, call.rooms, call.instance) for call in one.operations],
            one.notifies,
        )
        for one in plan.changes
    ]
    some = ("kept", "problems", "pending", "failures", "verification", "days_off", "rules", "warnings")
    return {"changes": changes, **{name: getattr(plan, name) for name in some}}


def looked(runs: Runs) -> Planned:
    hands = runs.hands
    return make_plan(hands.config(), hands.team.client, hands.store(), Question(), now=hands.now)


def agree(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan; it is the same where every recurring event is looked at."""
    planned = looked(runs)
    with monkeypatch.context() as patch:
        patch.setattr(
            "reconciler.workflow.looking.observe",
            lambda reader, state, scope, **more: observe(reader, state, replace(scope, presume=False), **more),
        )
        assert told(planned) == told(looked(runs))


def check(runs: Runs, monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    team = runs.hands.team

    @settings(max_examples=examples, phases=(Phase.generate,), deadline=None)  # to make a failure small takes minutes
    @given(st.lists(STEPS, min_size=2, max_size=5))
    def story(steps: list[Any]) -> None:
        team.sandbox.control("reset", {})
        (team.folder / ".reconciler" / "state.json").unlink(missing_ok=True)
        runs.hands.now = NOW
        for declared, hands, passes in steps:
            runs.hands.declare(**meetings(declared), base=sync(16, calendar="occurrences"))
            runs.hands.now += passes
            team.sandbox.control("clock", {"now": runs.hands.now.isoformat()})
            for what, number in hands:
                happen(runs, what, number)
            agree(runs, monkeypatch)
            runs.plan()
            agree(runs, monkeypatch)
            planned, _ = runs.plan()
            apply_plan(planned, team.client, runs.hands.store(), clock=lambda: runs.hands.now)
            runs.plan()
            agree(runs, monkeypatch)

    story()


@pytest.fixture
def free(tmp_path: Path) -> Iterator[Runs]:
    """Return a team that may call as often as it likes."""
    with a_team(tmp_path) as team:
        team.config["verify"] = {"every": "24h", "budget": 1000}
        team.config["provider"] = {**team.config.get("provider", {}), "monthly_quota": 10**6}
        yield Runs(hands=Hands(team=team))


def test_a_plan_is_the_same_where_every_series_is_looked_at(free: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    check(free, monkeypatch, 3)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_a_plan_is_the_same_where_every_series_is_looked_at_in_many_stories(
    free: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(free, monkeypatch, 100)
