"""A series with rooms that rolls forward, run by run, over dates on which it does not take place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from adopting import Hands, calls_of
from team import NOW, a_team, union

from reconciler.apply.outcome import Status
from reconciler.model.occurrence import Event, RoomStatus

DAY = timedelta(days=1)


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with a_team(tmp_path) as team:
        team.config["horizon"] = "21d"
        yield Hands(team=team)


def series(*, repeat: dict[str, Any] | None = None, rooms: Any = ("aurora",), **times: Any) -> dict[str, Any]:
    schedule = {"start": "2026-01-05T10:00", "duration": "45m", "repeat": repeat or {"every": "week"}} | times
    return {
        "title": "Sync",
        "calendar": "series",
        "attendees": ["bob"],
        "rooms": list(rooms),
        "schedule": schedule,
    }


def once(start: str, *, title: str = "Other", organizer: str = "carol", rooms: Any = ("aurora",)) -> dict[str, Any]:
    return {
        "title": title,
        "organizer": organizer,
        "rooms": list(rooms),
        "schedule": {"start": start, "duration": "45m"},
    }


def run(hands: Hands, now: datetime) -> tuple[int, list[str]]:
    """Plan and apply at `now`; return who hears of it, and the calls. A second plan finds nothing."""
    hands.now = now
    hands.team.sandbox.control("clock", {"now": now.isoformat()})
    planned = hands.plan()
    assert [one.message for one in planned.plan.problems] == []
    before = len(hands.calls())
    outcome = hands.apply(planned)
    assert len(hands.calls()) - before == planned.plan.api_calls
    assert outcome.count(Status.DONE) == len(outcome.results), outcome
    assert calls_of(hands.plan()) == []
    assert hands.drift() == ()
    return sum(one.notifies for one in planned.plan.changes), calls_of(planned)


def calendar(hands: Hands, who: str = "alice") -> list[Event]:
    until = hands.now + timedelta(days=21)
    events = hands.team.client.events.view(organizer=union(who), since=hands.now, until=until).events
    return sorted((one for one in events if one.organizer == union(who)), key=lambda event: event.start)


def shown(events: list[Event]) -> list[str]:
    """Return when events are, and in which rooms that they really have."""
    found = []
    for event in events:
        rooms = [room.room_id.removeprefix("room-") for room in event.rooms if room.status is RoomStatus.ACCEPTED]
        found.append(f"{event.start:%m-%d %H:%M} {' '.join(sorted(rooms))}")
    return found


def test_a_series_keeps_its_room_where_another_meeting_has_it_on_a_skipped_date(hands: Hands) -> None:
    hands.declare(sync=series(skip=["2026-12-21"]), other=once("2026-12-21T10:00"))
    for day in (0, 4, 10):
        run(hands, NOW - DAY + day * DAY)
    assert shown(calendar(hands)) == ["12-14 10:00 aurora", "12-28 10:00 aurora"]
    assert shown(calendar(hands, "carol")) == ["12-21 10:00 aurora"]


def test_a_skipped_date_is_taken_out_as_the_series_goes_on_past_it(hands: Hands) -> None:
    hands.declare(sync=series(skip=["2026-12-21"]))
    run(hands, NOW - DAY)
    told, calls = run(hands, NOW + 9 * DAY)
    assert told == 0
    assert calls == ["conference.update", "rooms.release", "event.update", "event.delete", "rooms.book"]


def test_a_series_that_goes_on_over_plain_dates_keeps_its_rooms_all_the_time(hands: Hands) -> None:
    hands.declare(sync=series())
    run(hands, NOW - DAY)
    assert run(hands, NOW + 9 * DAY) == (0, ["conference.update", "event.update"])


def test_rolling_on_with_all_kinds_of_exceptions_loses_no_room_and_tells_nobody_of_dates_that_never_were(
    hands: Hands,
) -> None:
    hands.team.config["closures"] = [{"from": "2026-12-22", "to": "2026-12-23", "reason": "moving house"}]
    meeting = series(
        repeat={"every": "week", "on": ["mon", "wed"]},
        skip=["2026-12-14", "2027-01-25"],
        change={"2026-12-28": {"start": "10:15", "title": "Year-end sync"}, "2027-01-11": {"rooms": ["borealis"]}},
    )
    meeting["holidays"] = {"skip": ["DE-BY"], "shift": "next-workday"}
    hands.declare(
        sync=meeting,
        a=once("2026-12-14T10:00", title="A"),
        b=once("2026-12-23T10:00", title="B"),
        c=once("2027-01-11T10:00", title="C"),
        d=once("2027-01-25T10:00", title="D"),
        e=once("2026-12-30T11:00", title="E"),
    )
    seen: dict[str, str] = {}
    heard = []
    for week in range(10):
        told, calls = run(hands, NOW + week * 7 * DAY + timedelta(hours=week % 3))
        heard.append((told, calls.count("event.create")))
        seen |= {line.split(" ", 1)[0]: line for line in shown(calendar(hands))}

    # Bob hears of the series, and of each day that has an event of its own; the others' meetings have no guests.
    assert heard == [(1, 2), (1, 1), (1, 2), (1, 1), (1, 2), (0, 0), (0, 1), (0, 0), (0, 0), (0, 0)]
    assert [day for day in ("12-14", "12-23", "01-06", "01-25") if day in seen] == []
    assert seen["12-24"] == "12-24 10:00 aurora"
    assert seen["12-28"] == "12-28 10:15 aurora"
    assert seen["01-07"] == "01-07 10:00 aurora"
    assert seen["01-11"] == "01-11 10:00 borealis"
    assert all(line.endswith(("aurora", "borealis")) for line in seen.values()), seen


def test_a_saved_plan_ends_a_series_whose_rule_has_ended(hands: Hands) -> None:
    def declare(until: str) -> None:
        hands.declare(sync=series(repeat={"every": "week", "until": until}, start="2026-11-30T10:00"))

    declare("2027-03-01")
    run(hands, NOW)
    run(hands, NOW + 10 * DAY)
    declare("2026-12-08")
    ended = hands.saved(hands.plan())
    assert hands.apply(hands.of_saved(ended)).count(Status.DONE) == 1
    assert calls_of(hands.plan()) == []


def test_what_remains_of_a_former_organisers_series_asks_for_no_occurrence_beyond_the_horizon(hands: Hands) -> None:
    meeting = series(start="2026-12-02T15:00")
    hands.declare(sync=meeting)
    run(hands, NOW)
    hands.declare(sync=meeting | {"organizer": "bob"})
    run(hands, NOW + 4 * DAY)
    hands.declare(sync={**meeting, "organizer": "bob", "calendar": "occurrences"})
    run(hands, NOW + 4 * DAY)
    assert run(hands, NOW + 4 * DAY) == (0, [])
