"""Plan and apply against the sandbox in this process: limits, lost answers, half-done work."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply.applying import Stop
from reconciler.apply.outcome import Failure, Outcome, Status
from reconciler.cli.planfile import save_plan
from reconciler.cli.project import Project
from reconciler.config.model import Config, Invitation, Meeting, Person, Provider, Room
from reconciler.dingtalk import Client, Credentials, EventDraft, EventPatch, Options, Secret, connect
from reconciler.dingtalk.calls import EVENT_LIST, ReadCall
from reconciler.dingtalk.retrying import Backoff
from reconciler.dingtalk.session import ReadSession
from reconciler.errors import Position, QuotaTooSmall, ReconcilerError, UnsafePlan, UsageError
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Event, Key
from reconciler.observe import Refresh
from reconciler.plan.policy import refuse_mass_cancellation, refuse_over_quota
from reconciler.sandbox import seed as seeds
from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.limits import Limits
from reconciler.schedule.model import Schedule
from reconciler.state.store import Store, local_store
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.carrying import apply_plan, rebuild_state
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.opening import open_meeting
from reconciler.workflow.planning import make_plan

NOW = datetime(2026, 11, 29, tzinfo=UTC)
PAGE: dict[str, Any] = {"kind": "html_404"}
GATEWAY: dict[str, Any] = {"kind": "error_before", "status": 404, "code": "InvalidAction.NotFound"}


_WEEKLY: dict[str, Any] = {
    "start": datetime(2026, 1, 5, 10, 0),  # noqa: DTZ001  # local, by design
    "duration": timedelta(minutes=45),
    "timezone": "Asia/Shanghai",
    "rule": "FREQ=WEEKLY;BYDAY=MO",
}


def meeting(name: str = "sync", **fields: Any) -> Meeting:
    base = Meeting(
        name=name,
        title=name.title(),
        organizer="alice",
        position=Position("meetings.yaml", 1, 1),
        attendees=(Invitation(person="bob"),),
        rooms=("aurora",),
        schedule=Schedule(**_WEEKLY),
    )
    return replace(base, **fields)


def state_file(team: Team) -> Path:
    return team.config.root / ".reconciler" / "state.json"


@dataclass
class Team:
    config: Config
    sandbox: Sandbox
    client: Client
    store: Store
    now: datetime = NOW

    def plan(self, **question: Any) -> Planned:
        return make_plan(self.config, self.client, self.store, Question(**question), now=self.now)

    def apply(self, stop: Stop | None = None) -> Outcome:
        return apply_plan(self.plan(), self.client, self.store, clock=lambda: self.now, stop=stop)

    def declare(self, *meetings: Meeting) -> None:
        self.config = replace(self.config, meetings={one.name: one for one in meetings})

    def fault(self, api: str, kind: str, **more: Any) -> None:
        self.sandbox.control("faults", {"api": api, "kind": kind, **more})

    def events(self) -> list[Event]:
        found = self.client.events.list(organizer="union-alice", since=NOW, show_deleted=False).events
        return sorted(found, key=lambda event: event.start)

    def converged(self) -> bool:
        return not self.plan().plan.changes


@contextmanager
def a_team(tmp_path: Path, limits: Limits | None = None, people: int = 4) -> Iterator[Team]:
    names = ["alice", "bob", "carol", "dave", *(f"p{number}" for number in range(people - 4))]
    rooms = ("aurora", "borealis")
    config = Config(
        root=tmp_path,
        workspace="acme",
        provider=Provider(),
        horizon=timedelta(days=28),
        people={name: Person(alias=name, union_id=f"union-{name}") for name in names},
        rooms={name: Room(alias=name, id=f"room-{name}") for name in rooms},
        meetings={"sync": meeting()},
    )
    seed = seeds.Seed(
        people={f"union-{name}": seeds.Person(name=name, userid=name) for name in names},
        rooms={f"room-{name}": seeds.RoomSeed(name=name) for name in rooms},
    )
    with Sandbox(tmp_path / "server.db", clock=lambda: NOW, seed=seed, limits=limits or Limits()) as sandbox:
        keys = Credentials(app_key=sandbox.credentials.app_key, app_secret=Secret(sandbox.credentials.app_secret))
        quick = Options(backoff=Backoff(attempts=3, first_s=0.01, most_s=0.02))
        client = connect(sandbox.endpoint, keys, options=quick)
        yield Team(config=config, sandbox=sandbox, client=client, store=local_store(tmp_path, "acme"))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with a_team(tmp_path) as found:
        yield found


def test_a_lost_answer_to_an_event_creation_makes_one_event(team: Team) -> None:
    team.fault("event.create", "drop_after", times=2)
    assert team.apply().count(Status.DONE) == 4
    assert len(team.events()) == 4
    assert team.converged()


def test_a_lost_answer_to_a_conference_creation_is_reported_and_made_anew(team: Team) -> None:
    team.fault("conference.create", "drop_after", times=1)
    outcome = team.apply()
    assert (outcome.count(Status.DONE), outcome.count(Status.FAILED)) == (3, 1)
    assert len(outcome.orphans) == 1
    assert outcome.orphans[0].organizer == "union-alice"
    again = team.apply()
    assert again.orphans == outcome.orphans
    assert len(team.sandbox.control("conferences")["conferences"]) == 5
    assert team.converged()


def test_the_daily_limit_of_events_defers_the_farthest(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(daily_events=2)) as team:
        outcome = team.apply()
        assert outcome.count(Status.FAILED) == 0
        assert outcome.count(Status.DEFERRED) >= 2
        assert len(team.events()) == 2
        tomorrow = NOW + timedelta(days=1)
        team.sandbox.control("clock", {"now": tomorrow.isoformat()})
        assert team.apply().count(Status.DONE) == 2
        assert len(team.events()) == 4


def _daily(team: Team, days: int) -> None:
    team.config = replace(team.config, horizon=timedelta(days=days))
    team.declare(meeting(schedule=Schedule(**{**_WEEKLY, "rule": "FREQ=DAILY"}), rooms=None))


def _made(team: Team) -> tuple[int, int]:
    """Return how many events and how many conferences there are."""
    return len(team.events()), len(team.sandbox.control("conferences")["conferences"])


def test_beyond_the_daily_limit_of_events_one_conference_is_made_and_no_more(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(qps=None)) as team:
        _daily(team, 110)
        planned = team.plan(foresight=False)
        (told,) = planned.plan.warnings
        assert told.startswith("10 of 110 new events of alice have to wait for a later day")
        outcome = apply_plan(planned, team.client, team.store, clock=lambda: NOW)
        assert (outcome.count(Status.DONE), outcome.count(Status.DEFERRED)) == (100, 10)
        assert _made(team) == (100, 101)


def test_a_limit_that_dingtalk_told_of_costs_one_further_call_a_run(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(daily_events=2)) as team:
        _daily(team, 12)
        assert team.apply().count(Status.FAILED) == 0
        before = _made(team)
        calls = team.sandbox.control("calls")["calls"]
        outcome = team.apply()
        since = team.sandbox.control("calls")["calls"][len(calls) :]
        apis = [call["api"] for call in since]
        assert [api for api in apis if api.startswith("conference") or api == "event.create"] == ["event.create"]
        assert (outcome.count(Status.DONE), outcome.count(Status.DEFERRED)) == (0, 10)
        assert {result.error.code for result in outcome.results if result.error is not None} == {"flowLimit"}
        assert _made(team) == before
        (told,) = team.plan().plan.warnings
        assert told.startswith("10 of 10 new events of alice have to wait for a later day")
        team.now += timedelta(days=1)
        team.sandbox.control("clock", {"now": team.now.isoformat()})
        assert team.apply().count(Status.DONE) == 2


def test_a_conference_that_waits_for_its_event_is_changed_where_the_config_is(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(daily_events=2)) as team:
        team.apply()
        team.declare(meeting(title="New"))
        team.now += timedelta(days=1)
        team.sandbox.control("clock", {"now": team.now.isoformat()})
        outcome = team.apply()
        assert outcome.count(Status.FAILED) == 0
        assert team.converged()
        assert len(_alive(team)) == 4
        alive = [one for one in team.sandbox.control("conferences")["conferences"] if not one["cancelled"]]
        assert {one["title"] for one in alive} == {"New"}


def test_what_was_created_today_counts_in_the_next_run(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(qps=None)) as team:
        _daily(team, 60)
        team.apply()
        assert {who: one.made for who, one in team.store.load().event_days.items()} == {"union-alice": 60}
        _daily(team, 110)
        (told,) = team.plan(foresight=False).plan.warnings
        assert told.startswith("10 of 50 new events of alice have to wait")
        team.apply()
        assert _made(team) == (100, 101)


@pytest.mark.chaos  # a hundred events take seconds
def test_how_conferences_without_an_event_were_made_is_known_where_the_limit_is_another(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(qps=None, daily_events=112)) as team:
        _daily(team, 149)
        team.apply()
        bare = [one for one in team.store.load().entries.values() if one.conference_id and not one.event_id]
        assert bare
        assert all(one.made for one in bare)


@pytest.mark.chaos  # a hundred events take seconds
def test_where_there_is_no_such_limit_nothing_waits(tmp_path: Path) -> None:
    with a_team(tmp_path, Limits(qps=None, daily_events=None)) as team:
        _daily(team, 110)
        assert team.apply().count(Status.DONE) == 110
        assert team.converged()


def test_an_occurrence_is_finished_before_another_is_begun(team: Team) -> None:
    planned = team.plan(foresight=False)
    apply_plan(planned, team.client, team.store, clock=lambda: NOW, parallelism=1)
    called = [call["api"] for call in team.sandbox.control("calls")["calls"] if call["api"] != "token"]
    assert called[1:] == ["conference.create", "event.create", "rooms.book"] * 4


def test_a_spent_quota_defers_everything(team: Team) -> None:
    planned = team.plan()
    team.fault("*", "quota", times=None)
    outcome = apply_plan(planned, team.client, team.store, clock=lambda: NOW)
    assert outcome.count(Status.DEFERRED) == 4
    assert outcome.stopped is not None
    assert team.plan().plan.failures[0].code == "quota-exhausted"


def test_a_plan_beyond_the_quota_is_refused_before_its_first_write(team: Team) -> None:
    team.config = replace(team.config, provider=Provider(monthly_quota=10))
    with pytest.raises(QuotaTooSmall, match="takes 12 calls"):
        refuse_over_quota(team.plan(foresight=False).plan)
    team.config = replace(team.config, provider=Provider(monthly_quota=14))
    refuse_over_quota(team.plan(foresight=False).plan)


def test_the_month_of_the_calls_begins_at_midnight_in_beijing(team: Team) -> None:
    team.now = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    team.plan(foresight=False)
    remember_calls(team.store, team.client, now=team.now)
    team.now += timedelta(minutes=1)
    quota = team.plan(foresight=False).plan.quota
    assert quota is not None
    assert quota.month == "2026-12"
    assert "2026-11" not in team.store.load().calls or quota.used < 5


def test_calls_are_counted_over_runs(team: Team) -> None:
    team.plan(foresight=False)
    remember_calls(team.store, team.client, now=NOW)
    assert team.store.load().calls == {"2026-11": 1}


def test_a_failed_list_keeps_its_meetings_out_of_the_plan(team: Team) -> None:
    team.apply()
    team.declare()
    team.fault("event.list", "error_before", times=None)
    planned = team.plan().plan
    assert planned.changes == ()
    assert [failure.where for failure in planned.failures] == ["the calendar of union-alice"]


@pytest.mark.parametrize("api", ["conference.info", "conference.settings.get"])
def test_a_conference_that_cannot_be_read_keeps_its_meeting_out(team: Team, api: str) -> None:
    team.declare(meeting(settings={"waiting_room": True}))
    team.apply()
    team.declare(meeting(title="New", settings={"waiting_room": True}))
    team.fault(api, "error_before", times=None)
    planned = team.plan().plan
    assert planned.changes == ()
    assert planned.failures


def test_a_stopped_run_does_nothing_more(team: Team) -> None:
    stop = Stop()
    stop.request(Failure(code="SIGINT", message="stopped"))
    outcome = team.apply(stop)
    assert outcome.count(Status.DEFERRED) == 4
    assert team.events() == []


def _stopped_at(team: Team, call: str, options: Options) -> Outcome:
    """Apply with a client that waits for hours, and ask it to stop as soon as it has made `call`."""
    keys = team.sandbox.credentials
    team.client = connect(
        team.sandbox.endpoint,
        Credentials(app_key=keys.app_key, app_secret=Secret(keys.app_secret)),
        options=options,
        on_call=lambda done: stop.request(Failure(code="SIGTERM", message="stopped")) if done.call == call else None,
    )
    stop = Stop()
    return team.apply(stop)


def test_a_stopped_run_repeats_nothing(team: Team) -> None:
    team.fault("event.create", "error_before", times=None)
    outcome = _stopped_at(team, "event.create", Options(backoff=Backoff(first_s=7200, most_s=7200, total_s=72000)))
    assert outcome.stopped is not None
    made = [one["api"] for one in team.sandbox.control("calls")["calls"]]
    assert made.count("event.create") <= 4
    assert outcome.count(Status.DONE) == 0
    team.sandbox.control("faults", method="DELETE")
    team.apply()
    assert team.converged()


@pytest.mark.parametrize("writes", range(1, 9))
def test_a_disk_that_fills_up_stops_the_run_which_tells_what_it_did(
    team: Team, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    left, fsync = iter(range(writes)), os.fsync

    def filling(file: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    planned = team.plan()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", filling)
        outcome = apply_plan(planned, team.client, team.store, clock=lambda: NOW, parallelism=1)
    assert outcome.count(Status.FAILED) >= 1
    assert outcome.count(Status.DONE) <= 1
    assert {one.error.code for one in outcome.results if one.error is not None} == {"state"}
    assert outcome.unsaved is not None
    assert "No space left on device" in outcome.unsaved.message
    again = team.apply()
    assert again.count(Status.FAILED) == 0
    assert team.converged()
    assert len(team.events()) == 4
    assert len(team.sandbox.control("conferences")["conferences"]) == 4 + len(again.orphans)


def test_a_plan_that_finds_no_room_is_told_and_leaves_nothing_behind(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, **_: Any) -> int:
        with path.open("w", encoding="utf-8") as file:
            file.write(text[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    made, folder = team.plan(), tmp_path / "plans"
    folder.mkdir()
    project = Project(config=team.config, store=team.store, clock=lambda: NOW)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(ReconcilerError, match="No space left on device"):
            save_plan(made, project, folder / "plan.json", refresh="auto")
    assert [*folder.iterdir()] == []


def test_what_waits_for_its_turn_when_a_run_is_stopped_was_never_asked_for(team: Team) -> None:
    outcome = _stopped_at(team, "conference.create", Options(qps=0.001))
    assert outcome.count(Status.DEFERRED) == 4
    assert {one.error.code for one in outcome.results if one.error is not None} == {"SIGTERM"}
    assert len(team.sandbox.control("conferences")["conferences"]) == 1
    assert outcome.orphans == ()
    assert team.store.journal.replay().open == ()


def test_of_several_rooms_the_free_ones_are_booked(team: Team) -> None:
    team.declare(meeting(rooms=("aurora", "borealis")))
    team.apply()
    first = team.events()[0]
    team.client.events.release_rooms(organizer="union-alice", event_id=first.id, rooms=["room-aurora", "room-borealis"])
    team.declare(meeting(rooms=("aurora", "borealis")), meeting("other", organizer="dave", schedule=_once(10, 15)))
    outcome = team.apply()
    errors = [result.error for result in outcome.results if result.error is not None]
    assert len(errors) == 1
    assert "room aurora is held by" in errors[0].message
    assert [room.room_id for room in team.events()[0].rooms] in (["room-borealis"], ["room-aurora", "room-borealis"])


def test_a_copy_with_the_same_marker_goes_and_the_original_stays(team: Team) -> None:
    team.apply()
    original = team.events()[0]
    draft = EventDraft(
        title=original.title,
        description=original.description,
        start=original.start,
        end=original.end,
        timezone="Asia/Shanghai",
    )
    copy = team.client.events.create(organizer="union-alice", draft=draft, token="copy")
    outcome = team.apply()
    assert [one.planned.change.duplicate for one in outcome.results] == [True]
    assert original.id in {event.id for event in team.events()}
    assert copy.id not in {event.id for event in team.events()}
    assert team.converged()
    alive = {one["id"] for one in team.sandbox.control("conferences")["conferences"] if not one["cancelled"]}
    assert {entry.conference_id for entry in team.store.load().entries.values()} <= alive


def test_where_a_newer_program_was_nothing_is_booked_a_second_time(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    patch = EventPatch(description=event.description.replace("reconciler:1/", "reconciler:2/"))
    team.client.events.patch(organizer="union-alice", event_id=event.id, patch=patch, token="x")
    state_file(team).unlink()
    with pytest.raises(ReconcilerError, match="marker of format 2"):
        team.plan()


def _handed_on(team: Team, *, state: bool) -> None:
    """Let alice, whose meeting it was, invite carol, and carol organise it from now on."""
    team.declare(meeting(attendees=(Invitation(person="carol"),)))
    team.apply()
    if not state:
        state_file(team).unlink()
    team.declare(meeting(organizer="carol", attendees=(Invitation(person="alice"),)))


@pytest.mark.parametrize("state", [True, False])
def test_an_organiser_who_left_keeps_no_event_even_if_the_state_is_lost(team: Team, *, state: bool) -> None:
    _handed_on(team, state=state)
    outcome = team.apply()
    assert outcome.count(Status.FAILED) == 0
    assert {event.organizer for event in team.events()} == {"union-carol"}  # who invites alice
    assert len(team.events()) == 4
    alive = [one for one in team.sandbox.control("conferences")["conferences"] if not one["cancelled"]]
    assert len(alive) == 4
    assert team.converged()


def test_where_it_can_not_be_known_who_organised_before_nothing_is_made(team: Team) -> None:
    _handed_on(team, state=False)
    team.fault("conference.info", **PAGE)
    planned = team.plan().plan
    assert planned.changes == ()
    assert planned.failures


def test_a_look_at_a_lost_state_hides_no_former_organiser_from_the_apply(team: Team) -> None:
    _handed_on(team, state=False)
    team.plan()
    remember_calls(team.store, team.client, now=NOW)
    team.apply()
    assert {event.organizer for event in team.events()} == {"union-carol"}


def test_a_rebuilt_state_knows_events_of_people_who_are_no_organisers_any_more(team: Team) -> None:
    team.apply()
    state_file(team).unlink()
    team.declare(meeting(organizer="dave", attendees=()))
    planned = team.plan(forget=True)
    rebuild_state(planned, team.store, team.client, now=team.now)
    assert team.store.load().organizers >= {"union-alice"}
    assert team.apply().count(Status.FAILED) == 0
    assert team.events() == []
    assert team.converged()


def test_a_former_organiser_is_forgotten_once_nothing_is_left_there(team: Team) -> None:
    _handed_on(team, state=True)
    team.apply()
    assert "union-alice" in team.store.load().organizers  # what was deleted there is still listed
    team.now += timedelta(days=40)
    team.apply()
    assert team.store.load().organizers == {"union-carol"}


def _with_a_second_conference(team: Team) -> tuple[Key, str]:
    """Leave what a run does that dies before it has ended the conference that came second; return whose it is."""
    team.apply()
    made = team.client.conferences.create(
        organizer="union-alice", title="Sync", start=NOW + timedelta(days=1), end=NOW + timedelta(days=2), settings={}
    )
    state = team.store.load()
    key, entry = next(iter(state.entries.items()))
    second = replace(entry, conference_id=made.id, event_id="", applied=None)
    team.store.save(replace(state, entries={**state.entries, key: second}))
    return key, made.id


def test_a_conference_that_came_second_is_ended_by_the_run_after_a_crash(team: Team) -> None:
    _, second = _with_a_second_conference(team)
    assert team.apply().count(Status.DONE) == 1
    ended = {one["id"] for one in team.sandbox.control("conferences")["conferences"] if one["cancelled"]}
    assert ended == {second}
    assert team.converged()


def test_a_conference_that_came_second_and_can_not_be_ended_is_reported(team: Team) -> None:
    key, _ = _with_a_second_conference(team)
    team.fault("conference.cancel", "error_before", times=9)
    assert [orphan.address for orphan in team.apply().orphans] == [str(key)]


def test_of_two_events_with_one_marker_the_conference_of_the_second_goes_as_well(team: Team) -> None:
    team.apply()
    original = team.events()[0]
    conference = team.client.conferences.create(
        organizer="union-alice", title="Sync", start=original.start, end=original.end, settings={}
    )
    marker = parse_description(original.description).marker
    assert marker is not None
    draft = EventDraft(
        title=original.title,
        description=str(replace(marker, conference=conference.id)),
        start=original.start,
        end=original.end,
        timezone="Asia/Shanghai",
    )
    team.client.events.create(organizer="union-alice", draft=draft, token="second")
    team.apply()
    ended = {one["id"] for one in team.sandbox.control("conferences")["conferences"] if one["cancelled"]}
    assert ended == {conference.id}
    assert len(team.events()) == 4
    assert team.converged()


def test_an_event_deleted_twice_in_a_day_is_made_again_twice(team: Team) -> None:
    team.apply()
    for number in range(2):
        event = team.events()[0]
        team.client.events.delete(organizer="union-alice", event_id=event.id, notify=False, token=f"t{number}")
        assert team.apply().count(Status.DONE) == 1
        assert len(team.events()) == 4
    assert len(team.sandbox.control("conferences")["conferences"]) == 4


def test_without_a_state_a_deleted_event_is_made_again_with_its_conference(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    team.client.events.delete(organizer="union-alice", event_id=event.id, notify=False, token="t")
    state_file(team).unlink()
    assert team.apply().count(Status.DONE) == 1
    assert len(team.sandbox.control("conferences")["conferences"]) == 4
    assert team.converged()


def test_a_meeting_removed_and_declared_again_on_one_day_is_booked_again(team: Team) -> None:
    team.apply()
    team.declare()
    team.apply()
    assert team.events() == []
    team.declare(meeting())
    assert team.apply().count(Status.DONE) == 4
    assert len(team.events()) == 4
    assert team.converged()


def test_an_event_moved_far_away_by_hand_is_found_and_brought_back(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    far = timedelta(days=400)
    patch = EventPatch(start=event.start + far, end=event.end + far, timezone="Asia/Shanghai")
    team.client.events.patch(organizer="union-alice", event_id=event.id, patch=patch, token="x")
    assert team.apply().count(Status.DONE) == 1
    assert team.events()[0].start == event.start


def test_more_than_a_hundred_attendees_are_read_whole(tmp_path: Path) -> None:
    with a_team(tmp_path, people=130) as team:
        everybody = tuple(Invitation(person=name) for name in team.config.people if name != "alice")
        team.declare(meeting(attendees=everybody))
        team.apply()
        assert team.converged()


def test_what_is_only_remembered_costs_no_call(team: Team) -> None:
    team.apply()
    before = sum(team.client.session.calls.values())
    assert team.plan(refresh=Refresh.NONE).plan.changes == ()
    assert sum(team.client.session.calls.values()) == before
    assert team.plan(refresh=Refresh.CALENDAR).plan.changes == ()
    assert sum(team.client.session.calls.values()) == before + 1


def test_calendar_alone_sees_what_is_in_the_calendar_without_a_state(team: Team) -> None:
    team.apply()
    state_file(team).unlink()
    assert team.plan(refresh=Refresh.CALENDAR).plan.changes == ()


def test_the_state_is_rebuilt_from_the_markers(team: Team) -> None:
    team.apply()
    before = team.store.load()
    state_file(team).write_text("{ damaged", encoding="utf-8")
    rebuilt = rebuild_state(team.plan(forget=True), team.store, team.client, now=NOW)
    assert {key: replace(one, intact=False) for key, one in rebuilt.entries.items()} == before.entries
    assert state_file(team).with_suffix(".broken.json").exists()
    assert team.converged()


def test_another_organiser_takes_over_what_was_deleted(team: Team) -> None:
    team.apply()
    for entry in team.store.load().entries.values():
        team.client.events.delete(organizer="union-alice", event_id=entry.event_id, notify=False, token=entry.event_id)
        team.client.conferences.cancel(organizer="union-alice", conference_id=entry.conference_id)
    team.declare(meeting(organizer="dave"))
    assert team.apply().count(Status.DONE) == 4
    assert {entry.organizer for entry in team.store.load().entries.values()} == {"union-dave"}
    assert team.converged()


def test_two_runs_on_two_machines_make_one_event_for_each_occurrence(team: Team, tmp_path: Path) -> None:
    elsewhere = replace(team, store=local_store(tmp_path / "elsewhere", "acme"))
    both = [(one, one.plan()) for one in (team, elsewhere)]
    for one, planned in both:
        outcome = apply_plan(planned, one.client, one.store, clock=lambda: NOW)
        assert outcome.count(Status.DONE) == 4
    assert len(team.events()) == 4
    conferences = team.sandbox.control("conferences")["conferences"]
    assert sorted(bool(one["cancelled"]) for one in conferences) == [False] * 4 + [True] * 4
    assert team.converged()
    assert elsewhere.converged()


def test_another_organiser_takes_over(team: Team) -> None:
    team.apply()
    team.declare(meeting(organizer="dave"))
    assert team.apply().count(Status.FAILED) == 0
    assert team.events() == []
    assert len(team.client.events.list(organizer="union-dave", since=NOW, show_deleted=False).events) == 4
    assert team.converged()


@pytest.mark.parametrize(
    ("fields", "calls"),
    [
        ({"title": "New"}, 8),
        ({"description": "New agenda"}, 4),
        ({"schedule": Schedule(**(_WEEKLY | {"start": datetime(2026, 1, 5, 11, 0)}))}, 8),  # noqa: DTZ001  # local
        ({"attendees": (Invitation(person="carol"),)}, 8),
        ({"rooms": ("borealis",)}, 8),
        ({"rooms": None}, 4),
        ({"attendees": None}, 4),
        ({"settings": {"waiting_room": True}}, 4),
        ({"settings": {"recording.layout": "grid"}}, 8),
        ({"ui_lock": True}, 4),
        ({"title": "New", "notify": False, "attendees": (Invitation(person="carol"),)}, 16),
    ],
)
def test_an_edit_is_carried_out_in_its_own_calls(team: Team, fields: dict[str, Any], calls: int) -> None:
    team.declare(meeting(settings={"waiting_room": False}))
    team.apply()
    before = {(event.id, event.created) for event in team.events()}
    team.declare(meeting(**({"settings": {"waiting_room": False}} | fields)))
    outcome = team.apply()
    assert (outcome.count(Status.DONE), outcome.api_calls) == (4, calls)
    assert {(event.id, event.created) for event in team.events()} == before
    assert team.converged()


def test_the_nearest_first_and_the_rest_when_one_read_fails(team: Team) -> None:
    team.apply()
    event = team.events()[0]
    far = timedelta(days=-400)
    patch = EventPatch(start=event.start + far, end=event.end + far, timezone="Asia/Shanghai")
    team.client.events.patch(organizer="union-alice", event_id=event.id, patch=patch, token="x")
    team.fault("event.get", "error_before", times=None)
    planned = team.plan(refresh=Refresh.FULL).plan
    assert planned.changes == ()
    assert [failure.where for failure in planned.failures] == ["sync@2026-11-30T10:00"]


def test_attendees_that_cannot_be_read_keep_their_meeting_out(tmp_path: Path) -> None:
    with a_team(tmp_path, people=130) as team:
        team.declare(meeting(attendees=tuple(Invitation(person=name) for name in team.config.people)))
        team.apply()
        team.fault("attendees.list", "error_before", times=None)
        planned = team.plan().plan
        assert planned.changes == ()
        assert planned.failures


def test_destroy_cancels_and_forgets(team: Team) -> None:
    team.apply()
    planned = team.plan(destroy=True)
    with pytest.raises(UnsafePlan, match="cancel 12 of 12"):
        refuse_mass_cancellation(replace(planned.plan, changes=planned.plan.changes * 3), allowed=0)
    refuse_mass_cancellation(planned.plan)
    outcome = apply_plan(planned, team.client, team.store, clock=lambda: NOW)
    assert outcome.count(Status.DONE) == 4
    assert team.store.load().entries == {}


def test_a_plan_tells_that_it_will_be_refused_for_all_that_it_cancels(team: Team) -> None:
    daily = Schedule(**{**_WEEKLY, "rule": "FREQ=DAILY"})
    team.config = replace(team.config, horizon=timedelta(days=12))
    team.declare(meeting(schedule=daily, rooms=None))
    assert team.plan().plan.warnings == ()
    team.apply()
    team.declare()
    assert team.plan().plan.warnings == (
        "this would cancel 12 of 12 future occurrences\n  apply refuses without --allow-cancel 12",
    )
    assert team.plan(destroy=True).plan.warnings == ()


def test_a_conference_is_opened_once_for_an_occurrence(team: Team) -> None:
    first = open_meeting(team.config, team.client, team.store, "sync", now=NOW)
    assert first.conference is not None
    assert first.conference.password
    second = open_meeting(team.config, team.client, team.store, "sync", now=NOW)
    assert second.conference is None
    assert second.opened.url == first.opened.url
    assert first.conference.password not in state_file(team).read_text(encoding="utf-8")
    instants = team.sandbox.control("conferences")["instants"]
    assert [one["invited"] for one in instants] == [["union-bob"]]
    assert open_meeting(team.config, team.client, team.store, "sync", now=NOW, again=True).conference is not None


def test_a_call_that_was_never_answered_rings_nobody_again_unasked(team: Team) -> None:
    team.fault("instant.create", "drop_after", times=None)
    with pytest.raises(ReconcilerError):
        open_meeting(team.config, team.client, team.store, "sync", now=NOW)
    with pytest.raises(ReconcilerError, match="never answered"):
        open_meeting(team.config, team.client, team.store, "sync", now=NOW)


def test_a_call_that_was_refused_may_be_tried_again(team: Team) -> None:
    team.fault("instant.create", "qps", times=3)
    with pytest.raises(ReconcilerError):
        open_meeting(team.config, team.client, team.store, "sync", now=NOW)
    assert open_meeting(team.config, team.client, team.store, "sync", now=NOW).conference is not None


def test_only_a_declared_meeting_that_goes_on_can_be_opened(team: Team) -> None:
    with pytest.raises(UsageError):
        open_meeting(team.config, team.client, team.store, "nonsense", now=NOW)
    team.declare(meeting(schedule=_once(1, 0)))
    with pytest.raises(ReconcilerError, match="no longer"):
        open_meeting(team.config, team.client, team.store, "sync", now=NOW + timedelta(days=9))


def _once(hour: int, minute: int) -> Schedule:
    return Schedule(
        start=datetime(2026, 11, 30, hour, minute),  # noqa: DTZ001  # local, by design
        duration=timedelta(minutes=30),
        timezone="Asia/Shanghai",
    )


@pytest.mark.parametrize(
    "edit",
    [
        {"start": datetime(2026, 1, 6, 10, 0), "rule": "FREQ=WEEKLY;BYDAY=TU"},  # noqa: DTZ001  # local
        pytest.param(
            {"start": datetime(2026, 1, 9, 10, 0), "rule": "FREQ=WEEKLY;BYDAY=FR"},  # noqa: DTZ001  # local
            marks=pytest.mark.chaos,
        ),
        {"start": datetime(2026, 1, 5, 10, 30)},  # noqa: DTZ001  # local
        pytest.param({"timezone": "Europe/Berlin"}, marks=pytest.mark.chaos),
    ],
    ids=["tuesdays", "fridays", "half past", "zone"],
)
def test_half_a_year_of_meetings_moves_by_updates_alone(team: Team, edit: dict[str, Any]) -> None:
    team.config = replace(team.config, horizon=timedelta(days=182))
    team.apply()
    before = {(event.id, parse_description(event.description).link) for event in team.events()}
    assert len(before) == 26
    team.declare(meeting(schedule=Schedule(**(_WEEKLY | edit))))
    planned = team.plan().plan
    assert {one.change.action.value for one in planned.changes} == {"update"}
    outcome = team.apply()
    assert (outcome.count(Status.DONE), outcome.api_calls) == (26, 52)
    assert {(event.id, parse_description(event.description).link) for event in team.events()} == before
    assert team.converged()


def _alive(team: Team) -> set[str]:
    return {one["id"] for one in team.sandbox.control("conferences")["conferences"] if not one["cancelled"]}


@pytest.mark.parametrize("fault", [PAGE, GATEWAY])
def test_a_404_that_is_not_dingtalks_own_hides_no_event(team: Team, fault: dict[str, Any]) -> None:
    team.apply()
    state = team.store.load()
    team.store.save(replace(state, calendars={}))  # the calendar has to be listed whole
    listed = team.client.events.list
    team.client.events.list = lambda **given: replace(listed(**given), events=())  # type: ignore[method-assign]  # a list that shows nothing
    team.fault("event.get", times=None, **fault)
    planned = team.plan().plan
    assert planned.changes == ()
    assert len(planned.failures) == 4
    team.client.events.list = listed  # type: ignore[method-assign]
    assert len(team.events()) == 4


@pytest.mark.parametrize("api", ["conference.info", "conference.settings.get"])
@pytest.mark.parametrize("fault", [PAGE, GATEWAY])
def test_a_404_that_is_not_dingtalks_own_replaces_no_conference(team: Team, api: str, fault: dict[str, Any]) -> None:
    team.declare(meeting(settings={"waiting_room": True}))
    team.apply()
    before = _alive(team)
    team.declare(meeting(title="New", settings={"waiting_room": True}))
    team.fault(api, times=None, **fault)
    outcome = team.apply()
    assert outcome.results == ()
    assert team.plan().plan.failures
    assert _alive(team) == before


@pytest.mark.parametrize("code", ["userNotInOrg", "paramError", "paramsError", "scheduleConferenceIdError"])
def test_settings_that_are_refused_replace_no_conference(team: Team, code: str) -> None:
    team.declare(meeting(settings={"waiting_room": True}))
    team.apply()
    team.fault("conference.settings.get", "error_before", times=None, status=400, code=code)
    planned = team.plan(refresh=Refresh.FULL).plan
    assert planned.changes == ()
    assert planned.failures


@pytest.mark.parametrize(
    "code", ["userNotInOrg", "paramError", "user.not.employee", "org.not.found", "permissionError"]
)
def test_a_conference_that_may_not_be_asked_for_is_not_replaced(team: Team, code: str) -> None:
    team.apply()
    team.fault("conference.info", "error_before", times=None, status=400, code=code)
    planned = team.plan(refresh=Refresh.FULL).plan
    assert planned.changes == ()
    assert planned.failures


def test_a_conference_that_dingtalk_does_not_know_is_made_anew_and_told(team: Team) -> None:
    team.apply()
    known = {entry.conference_id for entry in team.store.load().entries.values()}
    team.fault("conference.info", "error_before", times=1, status=400, code="paramsError")
    outcome = apply_plan(team.plan(refresh=Refresh.FULL), team.client, team.store, clock=lambda: team.now)
    assert outcome.count(Status.DONE) == 1
    (told,) = outcome.orphans
    assert told.conference_id in known
    assert told.title == "Sync"
    assert _alive(team) - {one.conference_id for one in team.store.load().entries.values()} == {told.conference_id}
    assert team.store.load().orphans == (told,)
    assert team.converged()


@pytest.mark.parametrize("api", ["event.delete", "conference.cancel"])
@pytest.mark.parametrize("fault", [PAGE, GATEWAY])
def test_a_404_that_is_not_dingtalks_own_cancels_nothing(team: Team, api: str, fault: dict[str, Any]) -> None:
    team.apply()
    team.declare()
    team.fault(api, times=None, **fault)
    outcome = team.apply()
    assert outcome.count(Status.FAILED) == 4
    team.sandbox.control("faults", method="DELETE")
    assert len(team.events()) == 4
    assert team.apply().count(Status.DONE) == 4
    assert team.events() == []
    assert _alive(team) == set()
    assert team.converged()


def test_a_list_that_came_back_half_makes_nothing_twice(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last page has a sync token, as long as no end was asked for: without one it is not the last."""
    team.apply()
    state_file(team).unlink()
    whole = ReadSession.read

    def half(self: ReadSession, call: ReadCall, **given: Any) -> Any:
        answer = whole(self, call, **given)
        return {"events": answer["events"][:2]} if call is EVENT_LIST else answer

    with monkeypatch.context() as patch:
        patch.setattr(ReadSession, "read", half)
        planned = team.plan().plan
        assert planned.changes == ()
        assert [one.code for one in planned.failures] == ["unreadable-answer"]
    assert team.converged()
    assert len(team.events()) == 4
