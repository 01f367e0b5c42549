"""What needs no look: leaving it out never changes what a run finds or does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from roomteam import NOW, RoomTeam, meeting, room_team

from reconciler.config.model import Invitation, Meeting, Override, RoomPool, Verify
from reconciler.model.occurrence import Key, Link
from reconciler.sandbox.limits import Limits
from reconciler.schedule.model import Change
from reconciler.state.codec import dumps
from reconciler.state.store import local_store
from reconciler.workflow import looking
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan
from reconciler.workflow.settled import Settled

MOVED = date(2026, 12, 7)
UNLIMITED = Limits(qps=None, monthly_quota=None, daily_events=None, address_calls=None)
VARIANTS: list[dict[str, Any]] = [
    {},
    {"title": "Another title"},
    {"description": 'What shipped.\n"What" is stuck; \\ and {more}, "event_id": "x"'},
    {"rooms": ("aurora",)},
    {"pool": RoomPool(any=("aurora", "borealis"))},
    {"link": Link.STABLE},
    {"link": Link.EVENT},
    {"ignore": ("title",), "protect": True},
    {"attendees": (Invitation(person="bob", optional=True), Invitation(person="carol"))},
    {"organizer": "carol"},
    {"settings": {"waiting_room": True}, "ui_lock": True},
    {"notify": False},
    {"enabled": False},
    {"start": "2026-01-05T14:15", "rule": "FREQ=WEEKLY;BYDAY=MO,WE"},
    {"rule": "FREQ=DAILY;BYHOUR=9,15"},
    {"overrides": {MOVED: Override(title="Moved")}, "changes": {MOVED: Change(start=time(16))}},
    {"organizer": "bob", "attendees": ()},  # whose calendar shows what the others invite to
]  # fmt: skip


def made(name: str, variant: int) -> Meeting:
    fields = dict(VARIANTS[variant])
    changes = fields.pop("changes", {})
    found = meeting(name, fields.pop("start", "2026-01-05T10:00"), **fields)
    return replace(found, schedule=replace(found.schedule, changes=changes))


HANDS = st.tuples(
    st.sampled_from(["delete_event", "change_event", "add_attendees", "cancel_conference", "copy"]), st.integers(0, 9)
)
STEPS = st.tuples(
    st.dictionaries(st.sampled_from(["one", "two", "three"]), st.integers(0, len(VARIANTS) - 1), min_size=1),
    st.lists(HANDS, max_size=2),
    st.sampled_from([timedelta(), timedelta(hours=11), timedelta(days=2)]),
)


def happen(team: RoomTeam, what: str, number: int) -> None:
    """Let somebody do something by hand."""
    events = team.events()
    if not events:
        return
    event = events[number % len(events)]
    match what:
        case "delete_event":
            team.edit(what, event=event.id)
        case "change_event":
            team.edit(what, event=event.id, summary="By hand")
        case "add_attendees":
            team.edit(what, event=event.id, attendees=[{"id": "union-dave"}])
        case "cancel_conference":
            found = [one for one in team.sandbox.control("conferences")["conferences"] if not one["cancelled"]]
            if found:
                team.edit(what, conference=found[number % len(found)]["id"])
        case _:
            times = {"dateTime": "2026-12-03T10:00:00+08:00", "timeZone": "Asia/Shanghai"}
            end = times | {"dateTime": "2026-12-03T10:45:00+08:00"}
            team.edit(
                "create_event",
                organizer="union-alice",
                summary="A copy",
                description=event.description,
                start=times,
                end=end,
            )


def told(planned: Planned) -> dict[str, Any]:
    plan = planned.plan
    changes = [
        (
            one.change.address,
            one.change.action,
            one.change.reason,
            one.change.comparison,
            [(call.call, call.parts, call.people, call.rooms) for call in one.operations],
            one.notifies,
        )
        for one in plan.changes
    ]
    some = ("kept", "problems", "pending", "failures", "verification", "days_off", "rules", "warnings")
    return {"changes": changes, **{name: getattr(plan, name) for name in some}}


def looked(team: RoomTeam) -> Planned:
    return make_plan(team.config, team.client, local_store(team.store.folder.parent, "acme"), Question(), now=team.now)


def agree(team: RoomTeam, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """Return the plan; it is the same where everything is looked at."""
    planned = looked(team)
    with monkeypatch.context() as patch:
        patch.setattr(looking, "settle", lambda *_args, **_more: Settled())
        assert told(planned) == told(looked(team))
    return planned


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomTeam]:
    with room_team(tmp_path_factory.mktemp("team"), limits=UNLIMITED, qps=1000) as found:
        yield found


@pytest.fixture
def calm(team: RoomTeam, tmp_path: Path) -> RoomTeam:
    """Return a team with three meetings, all booked, one of them with a room."""
    anew(team, tmp_path)
    team.declare(made("one", 0), made("two", 13), made("three", 3))
    team.apply()
    remember_calls(team.store, team.client, now=team.now, planned=looked(team))
    return team


def anew(team: RoomTeam, folder: Path) -> None:
    team.sandbox.control("reset", {})
    team.store, team.now = local_store(folder, "acme"), NOW
    provider = replace(team.config.provider, monthly_quota=10**6)
    team.config = replace(team.config, provider=provider, verify=Verify(every=timedelta(hours=24), budget=2))


def live(team: RoomTeam, folder: Path, steps: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    anew(team, folder)
    for declared, hands, passes in steps:
        team.declare(*(made(name, variant) for name, variant in declared.items()))
        team.now += passes
        team.sandbox.control("clock", {"now": team.now.isoformat()})
        for what, number in hands:
            happen(team, what, number)
        team.apply(agree(team, monkeypatch))
        remember_calls(team.store, team.client, now=team.now, planned=agree(team, monkeypatch))
        agree(team, monkeypatch)


def check(team: RoomTeam, folder: Path, monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    numbers = iter(range(10**6))

    @settings(max_examples=examples, phases=(Phase.generate,))  # to make a failure small takes minutes
    @given(st.lists(STEPS, min_size=2, max_size=4))
    def story(steps: list[Any]) -> None:
        place = folder / str(next(numbers))
        place.mkdir()
        live(team, place, steps, monkeypatch)

    story()


def test_a_plan_is_the_same_where_everything_is_looked_at(
    team: RoomTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(team, tmp_path, monkeypatch, 6)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_a_plan_is_the_same_where_everything_is_looked_at_in_many_stories(
    team: RoomTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(team, tmp_path, monkeypatch, 120)


def test_what_is_as_declared_is_never_read(calm: RoomTeam) -> None:
    planned = looked(calm)
    assert planned.settled.meetings == {"one", "two", "three"}
    assert planned.plan.kept == sum(planned.settled.kept.values()) == 8
    assert planned.plan.unchanged == ()


def test_a_change_of_one_meeting_leaves_the_others_be(calm: RoomTeam) -> None:
    calm.declare(*calm.config.meetings.values(), made("four", 1))
    assert looked(calm).settled.meetings == {"one", "two", "three"}
    calm.declare(made("one", 1), made("two", 13), made("three", 3))
    assert looked(calm).settled.meetings == {"two", "three"}


def test_who_wants_a_room_has_all_rooms_looked_at(calm: RoomTeam) -> None:
    calm.declare(made("one", 0), made("two", 13), made("three", 3), made("four", 4))
    assert looked(calm).settled.meetings == {"one", "two"}


def test_what_was_heard_of_has_its_meeting_looked_at(calm: RoomTeam) -> None:
    event = next(event for event in calm.events() if event.title == "Two")
    calm.edit("change_event", event=event.id, summary="By hand")
    planned = looked(calm)
    assert planned.settled.meetings == {"one", "three"}
    assert [one.change.address.partition("@")[0] for one in planned.plan.changes] == ["two"]


def test_who_begins_to_organize_and_is_invited_elsewhere_leaves_those_meetings_be(calm: RoomTeam) -> None:
    """Their calendar is listed for the first time, and shows the invitations as well."""
    calm.declare(*calm.config.meetings.values(), replace(made("four", 0), organizer="bob", attendees=()))
    planned = looked(calm)
    assert {(one.change.address.partition("@")[0], one.change.action) for one in planned.plan.changes} == {
        ("four", "create")
    }
    assert planned.plan.kept == 8


def test_a_calendar_that_has_to_be_listed_whole_leaves_the_other_meetings_in_it_be(calm: RoomTeam) -> None:
    """Of one meeting nothing is remembered, so that its calendar is listed, with all that nothing was heard of."""
    state = calm.store.load()
    entries = {
        key: replace(entry, intact=False) if key.meeting == "one" else entry for key, entry in state.entries.items()
    }
    calm.store.save(replace(state, entries=entries))
    planned = looked(calm)
    assert planned.settled.meetings == {"two", "three"}
    assert planned.plan.changes == ()
    assert planned.plan.kept == 8


def test_whose_turn_it_is_to_be_verified_is_looked_at(calm: RoomTeam) -> None:
    calm.now += timedelta(hours=25)
    planned = looked(calm)
    assert len(planned.settled.meetings) in {1, 2}
    assert (planned.plan.verification.asked, planned.plan.verification.presumed) == (2, 6)


def test_a_state_that_is_kept_is_written_as_it_was(calm: RoomTeam) -> None:
    before = calm.store.load()
    outcome = calm.apply(looked(calm))
    after = local_store(calm.store.folder.parent, "acme").load()
    assert outcome.results == ()
    assert dumps(replace(before, calls={}, serial=0)) == dumps(replace(after, calls={}, serial=0))


def test_occurrences_long_past_leave_the_state(calm: RoomTeam) -> None:
    calm.now += timedelta(days=15)
    calm.sandbox.control("clock", {"now": calm.now.isoformat()})
    calm.apply(looked(calm))
    assert min(key.original for key in calm.store.load().entries) > datetime(2026, 12, 6)  # noqa: DTZ001  # local


def test_a_state_that_turns_out_to_be_damaged_is_made_anew(calm: RoomTeam) -> None:
    path = calm.store.folder / "state.json"
    line = f'"{Key("one", datetime(2026, 11, 30, 10))}": '  # noqa: DTZ001  # local
    text = path.read_text(encoding="utf-8")
    begin = text.index(line)
    path.write_text(text[:begin] + text[begin:].replace('"end": "2026', '"end": "x026', 1), encoding="utf-8")
    store = local_store(calm.store.folder.parent, "acme")
    planned = make_plan(calm.config, calm.client, store, Question(), now=calm.now)
    assert planned.plan.changes == ()
    assert planned.plan.kept == 8
    assert "going on without it" in store.notice
