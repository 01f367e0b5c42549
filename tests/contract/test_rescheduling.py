"""A changed rule against the sandbox in this process: what is kept, and what a plan says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from roomteam import RoomTeam, meeting, room_team

from reconciler.apply.outcome import Status
from reconciler.diff.change import Action, Change
from reconciler.diff.drift import Finding, has_drift
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Link
from reconciler.sandbox.limits import Limits
from reconciler.schedule.model import Change as ScheduleChange
from reconciler.schedule.model import Closure, DaysOff, Shift
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.rules import Repeat, rule_from_repeat
from reconciler.schedule.translation import pattern_of
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.looking import Question

MONDAY = datetime(2026, 11, 30, 10)  # noqa: DTZ001  # local
MONDAY_MORNING = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)  # 9:30 there


@pytest.fixture
def team(tmp_path: Path) -> Iterator[RoomTeam]:
    with room_team(tmp_path, limits=Limits(qps=None)) as found:
        found.config = replace(found.config, horizon=timedelta(days=56))
        yield found


def declare(team: RoomTeam, rule: str | None, start: datetime = MONDAY, **fields: Any) -> None:
    """Declare the one meeting with another rule; `fields` are those of its schedule."""
    one = meeting()
    team.declare(replace(one, schedule=replace(one.schedule, rule=rule, start=start, **fields)))


def booked(team: RoomTeam, rule: str | None, start: datetime = MONDAY, **fields: Any) -> None:
    declare(team, rule, start, **fields)
    assert team.apply().count(Status.FAILED) == 0


def changes(team: RoomTeam) -> list[Change]:
    return [planned.change for planned in team.plan().plan.changes]


def actions(team: RoomTeam) -> Counter[str]:
    return Counter(change.action.value for change in changes(team))


def weekly(days: str, interval: int = 1) -> str:
    return f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={days}"


@pytest.mark.parametrize(
    ("old", "new", "updates"),
    [
        ("MO,TU", "WE,TH", 16),
        ("MO,TU", "TH,FR", 16),
        ("MO,TU,WE", "TH,FR,SA", 24),
        ("MO,WE", "TH,SA", 16),
        ("MO,TU,WE,TH", "TU,WE,TH,FR", 8),
    ],
)
def test_other_weekdays_are_updates_alone(team: RoomTeam, old: str, new: str, updates: int) -> None:
    booked(team, weekly(old))
    declare(team, weekly(new))
    assert actions(team) == {"update": updates}


@pytest.mark.parametrize("horizon", [7, 14, 28])
def test_however_little_is_booked_it_moves(team: RoomTeam, horizon: int) -> None:
    team.config = replace(team.config, horizon=timedelta(days=horizon))
    booked(team, weekly("MO,WE"))
    declare(team, weekly("TH,SA"))
    assert actions(team) == {"update": horizon // 7 * 2}


@pytest.mark.parametrize("every", ["moved by a week", "even-weeks", "odd-weeks"])
def test_every_other_week_becomes_the_other_weeks_by_updates_alone(team: RoomTeam, every: str) -> None:
    team.config = replace(team.config, horizon=timedelta(days=28))
    booked(team, weekly("MO,WE", interval=2))
    if every == "moved by a week":
        declare(team, weekly("MO,WE", interval=2), MONDAY + timedelta(days=7))
    else:
        words = Repeat(unit="even-weeks" if every == "even-weeks" else "odd-weeks", on=("mon", "wed"))
        declare(team, rule_from_repeat(words, MONDAY))
    assert actions(team).keys() <= {"update"}


def test_an_hour_earlier_on_the_day_itself_moves_all_others_by_an_hour(team: RoomTeam) -> None:
    """Today's should have begun by now: it stays as people know it."""
    booked(team, weekly("MO"))
    declare(team, weekly("MO"), MONDAY.replace(hour=9))
    team.now = MONDAY_MORNING
    found = changes(team)
    moved = [one.after.start - one.before.start for one in found if one.after and one.before and one.before.start]
    assert moved == [timedelta(hours=-1)] * 7
    assert {one.action for one in found} <= {Action.UPDATE, Action.CREATE}
    assert team.apply().count(Status.FAILED) == 0
    assert changes(team) == []


def test_on_a_sunday_evening_mondays_become_sundays_by_a_day(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    declare(team, weekly("SU"))
    team.now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    declare(team, weekly("SU"), MONDAY - timedelta(days=7))
    found = changes(team)
    moved = [one.after.start - one.before.start for one in found if one.after and one.before and one.before.start]
    assert moved == [timedelta(days=-1)] * 7
    cancelled = [one.address for one in found if one.action is Action.CANCEL]
    assert cancelled == ["sync@2026-11-30T10:00"]


DAILY = "FREQ=DAILY"


@pytest.mark.parametrize("now", [datetime(2026, 11, 29, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)])
@pytest.mark.parametrize(
    ("there", "here"),
    [
        (("America/Los_Angeles", "2026-11-29T18:00", DAILY), ("Asia/Shanghai", "2026-11-30T10:00", DAILY)),
        (("Asia/Shanghai", "2026-11-30T09:00", DAILY), ("America/Los_Angeles", "2026-11-29T17:00", DAILY)),
        (
            ("America/Los_Angeles", "2026-11-30T18:00", weekly("MO,TU,WE,TH,FR")),
            ("Asia/Shanghai", "2026-12-01T10:00", weekly("TU,WE,TH,FR,SA")),
        ),
        (("Asia/Shanghai", "2026-11-30T10:00", DAILY), ("PRC", "2026-11-30T10:00", DAILY)),
    ],
)
def test_the_same_moments_told_in_another_zone_move_nothing(
    team: RoomTeam, there: tuple[str, str, str], here: tuple[str, str, str], now: datetime
) -> None:
    team.config = replace(team.config, horizon=timedelta(days=7))
    zone, start, rule = there
    booked(team, rule, datetime.fromisoformat(start), timezone=zone)
    events = {event.id: event.start for event in team.events()}
    team.now = now
    zone, start, rule = here
    declare(team, rule, datetime.fromisoformat(start), timezone=zone)
    assert actions(team).keys() <= {"update", "create"}
    assert team.apply().count(Status.FAILED) == 0
    assert events.items() <= {event.id: event.start for event in team.events()}.items()
    assert changes(team) == []


def test_what_is_called_the_same_is_the_same_in_another_zone(team: RoomTeam) -> None:
    team.config = replace(team.config, horizon=timedelta(days=7))
    booked(team, DAILY, datetime(2026, 11, 30, 10), timezone="America/Los_Angeles")  # noqa: DTZ001  # local
    team.now = datetime(2026, 12, 2, 19, tzinfo=UTC)  # it was on today, an hour ago; it will be on in Shanghai in 7
    declare(team, DAILY, datetime(2026, 11, 30, 10), timezone="Asia/Shanghai")  # noqa: DTZ001  # local
    moved = {
        one.after.start - one.before.start for one in changes(team) if one.after and one.before and one.before.start
    }
    assert moved == {timedelta(hours=-16)}
    assert "cancel" not in actions(team)


@pytest.mark.parametrize("link", [Link.PER_OCCURRENCE, Link.STABLE, Link.EVENT])
@pytest.mark.parametrize("minutes", [3, 20])
@pytest.mark.parametrize("saved", [False, True])
def test_a_day_that_was_left_and_comes_back_on_the_same_day_is_there(
    team: RoomTeam, link: Link, saved: bool, minutes: int
) -> None:
    """A client token that was used today would be answered with the event that has moved since."""
    team.config = replace(team.config, horizon=timedelta(days=14))
    for days in ("MO", "TU", "MO,TU"):
        one = replace(meeting(), link=link)
        team.declare(replace(one, schedule=replace(one.schedule, rule=weekly(days))))
        planned = team.plan()
        assert team.apply(team.saved(planned) if saved else planned).count(Status.FAILED) == 0
        team.now += timedelta(minutes=minutes)
        assert changes(team) == []
    assert [f"{event.start:%a %d}" for event in team.events()] == ["Mon 30", "Tue 01", "Mon 07", "Tue 08"]
    markers = [parse_description(event.description).marker for event in team.events()]
    assert len({marker.conference for marker in markers if marker}) == (4 if link is Link.PER_OCCURRENCE else 1)


def drift(team: RoomTeam) -> tuple[Finding, ...]:
    return look_for_drift(team.config, team.client, team.store, Question(), now=team.now).findings


def reasons(team: RoomTeam) -> set[tuple[str, str]]:
    return {(change.action.value, change.reason) for change in changes(team)}


@pytest.mark.parametrize("link", [Link.PER_OCCURRENCE, Link.STABLE, Link.EVENT])
def test_what_was_skipped_and_is_no_more_was_deleted_by_nobody(team: RoomTeam, link: Link) -> None:
    declare(team, weekly("MO"))
    sync = replace(team.config.meetings["sync"], link=link)
    team.declare(sync)
    team.apply()
    team.declare(replace(sync, schedule=replace(sync.schedule, skip=(date(2026, 12, 14),))))
    team.apply()
    team.declare(sync)
    assert [(change.address, change.reason) for change in changes(team)] == [
        ("sync@2026-12-14T10:00", "declared again")
    ]
    assert not has_drift(drift(team))
    assert team.apply().count(Status.FAILED) == 0
    assert changes(team) == []


def test_a_rule_that_comes_back_was_changed_by_nobody(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    booked(team, weekly("MO", interval=2))
    declare(team, weekly("MO"))
    assert reasons(team) == {("create", "declared again")}
    assert not has_drift(drift(team))


def test_what_a_day_off_would_move_to_a_day_that_is_over_is_cancelled(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    team.now = datetime(2026, 12, 12, 12, tzinfo=UTC)  # a Saturday
    closed = Closure(first=date(2026, 12, 14), last=date(2026, 12, 14), reason="off-site")
    declare(team, weekly("MO"), days_off=DaysOff(closures=(closed,), shift=Shift.PREVIOUS))
    assert ("cancel", "closed: off-site") in reasons(team)
    assert not has_drift(drift(team))
    team.apply()
    assert "2026-12-14" not in {f"{event.start:%F}" for event in team.events()}
    assert changes(team) == []


def test_what_is_changed_to_a_day_that_is_over_is_cancelled_and_says_so(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    team.now = datetime(2026, 12, 12, 12, tzinfo=UTC)
    moved = {date(2026, 12, 14): ScheduleChange(start=datetime(2026, 12, 11, 10))}  # noqa: DTZ001  # local
    declare(team, weekly("MO"), changes=moved)
    assert ("cancel", "moved to a day that is over") in reasons(team)
    assert not has_drift(drift(team))


def test_a_day_off_that_is_none_any_more_takes_back_what_it_has_moved(team: RoomTeam) -> None:
    closed = Closure(first=date(2026, 12, 7), last=date(2026, 12, 7), reason="off-site")
    booked(team, weekly("MO"), days_off=DaysOff(closures=(closed,), shift=Shift.NEXT))
    assert "2026-12-08" in {f"{event.start:%F}" for event in team.events()}
    team.now = datetime(2026, 12, 7, 12, tzinfo=UTC)  # after Monday's
    declare(team, weekly("MO"))
    assert ("cancel", "no longer closed: off-site") in reasons(team)


@pytest.mark.parametrize("ignore", [(), ("time",)])
def test_what_a_person_has_put_off_stays_when_its_own_day_is_over(team: RoomTeam, ignore: tuple[str, ...]) -> None:
    one = replace(meeting(), ignore=ignore)
    team.declare(one)
    team.apply()
    (event,) = [event for event in team.events() if f"{event.start:%F}" == "2026-11-30"]
    times = {
        name: {"dateTime": f"2026-12-02T{hour}:00:00+08:00", "timeZone": "Asia/Shanghai"}
        for name, hour in (("start", 10), ("end", 11))
    }
    team.edit("change_event", event=event.id, **times)
    if ignore:
        team.declare(replace(one, title="Another"))
        team.apply()  # what is applied now is where people have put it
    team.now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert not any(change.action is Action.CANCEL for change in changes(team))


def test_an_hour_that_has_passed_today_leaves_the_occurrence_as_people_know_it(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    team.now = MONDAY_MORNING
    declare(team, weekly("MO"), changes={date(2026, 11, 30): ScheduleChange(start=time(8))})
    assert not any(change.address.endswith("2026-11-30T10:00") for change in changes(team))


def test_a_day_off_that_is_none_any_more_is_the_reason_and_no_drift(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    closed = Closure(first=date(2026, 12, 14), last=date(2026, 12, 14), reason="off-site")
    booked(team, weekly("MO"), days_off=DaysOff(closures=(closed,)))
    declare(team, weekly("MO"))
    assert reasons(team) == {("create", "no longer closed: off-site")}
    assert not has_drift(drift(team))


def test_what_a_person_deletes_after_it_came_back_is_told_as_that(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    booked(team, weekly("MO"), skip=(date(2026, 12, 14),))
    booked(team, weekly("MO"))
    event = next(one for one in team.events() if one.start.date() == date(2026, 12, 14))
    team.edit("delete_event", event=event.id)
    (change,) = changes(team)
    assert "declared again" not in change.reason
    assert has_drift(drift(team))


def next_of(team: RoomTeam) -> list[str]:
    """Return the next dates of the rules that a plan tells to be new or changed."""
    return [f"{each:%a %d}" for rule in team.plan().plan.rules for each in rule.dates]


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        (weekly("MO,WE"), ["Mon 30", "Wed 02", "Mon 07", "Wed 09", "Mon 14"]),
        (weekly("MO,TU,WE,TH,FR"), ["Mon 30", "Tue 01", "Wed 02", "Thu 03", "Fri 04"]),
        (f"{weekly('MO')};UNTIL=20270531", ["Mon 30", "Mon 07", "Mon 14", "Mon 21", "Mon 28"]),
        (f"{weekly('MO')};COUNT=20", ["Mon 30", "Mon 07", "Mon 14", "Mon 21", "Mon 28"]),
    ],
)
def test_the_next_dates_of_a_changed_rule_are_told_whatever_it_changes(
    team: RoomTeam, rule: str, dates: list[str]
) -> None:
    booked(team, weekly("MO"))
    assert next_of(team) == []
    declare(team, rule)
    assert next_of(team) == dates
    team.apply()
    assert next_of(team) == []


def test_an_exception_is_no_other_rule(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    declare(team, weekly("MO"), skip=(date(2026, 12, 14),))
    assert next_of(team) == []
    assert team.plan(excluded=frozenset({"sync"})).plan.rules == ()


def test_a_state_that_knows_no_rules_yet_tells_by_what_moves(team: RoomTeam) -> None:
    booked(team, weekly("MO"))
    team.store.save(replace(team.store.load(), rules={}))
    declare(team, f"{weekly('MO')};UNTIL=20270531")
    assert next_of(team) == []
    declare(team, weekly("TU"))
    assert next_of(team)[0] == "Tue 01"


def test_a_switch_between_series_and_occurrences_says_so_and_warns_of_no_room_of_ours(team: RoomTeam) -> None:
    rule = weekly("MO")
    single = meeting(start="2026-11-30T10:00", rule=rule, rooms=("aurora",))
    team.config = replace(team.config, horizon=timedelta(days=28))
    team.declare(single)
    team.apply()
    pattern = pattern_of(parse_rule(rule), single.schedule.start)
    series = replace(single, link=Link.STABLE, pattern=pattern)
    team.declare(series)
    assert reasons(team) == {("cancel", "calendar: series"), ("update", "calendar: series")}
    assert team.apply().count(Status.FAILED) == 0
    assert changes(team) == []
    team.declare(replace(single, link=Link.STABLE))
    planned = team.plan().plan
    assert planned.problems == ()
    assert reasons(team) == {("create", "calendar: occurrences"), ("update", "calendar: occurrences")}
    assert team.apply().count(Status.FAILED) == 0
    assert changes(team) == []
