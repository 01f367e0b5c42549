"""What a plan says in people's terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, observation, occurrence

from reconciler.diff.changes import diff
from reconciler.model.occurrence import Attendee, Occurrence
from reconciler.plan.making import plan
from reconciler.plan.operations import PlannedChange
from reconciler.report.moves import duration, notified, summary
from reconciler.schedule.pattern import Kind, Pattern, Recurrence
from reconciler.schedule.zones import later


def changes(wanted: list[Occurrence], old: list[Occurrence]) -> list[PlannedChange]:
    seen = observation(*(booked(one) for one in old))
    found = diff(wanted, seen, now=NOW, create_before=UNTIL)
    return list(plan(found, seen, workspace=WORKSPACE, now=NOW, until=UNTIL).changes)


def told_of(changes: list[PlannedChange]) -> str:
    return summary(changes, until=UNTIL)


def weekly(hour: str, day: int = 2, **fields: Any) -> list[Occurrence]:
    return [occurrence(f"2026-12-{day + 7 * week:02}T{hour}", **fields) for week in range(3)]


def test_a_later_hour_is_a_move_of_all_by_the_same_span() -> None:
    told = told_of(changes(weekly("10:30"), weekly("10:00")))
    assert told == "moves 3 occurrences by +30 min, notifies 2 people"


def test_another_weekday_is_a_move_by_days() -> None:
    told = told_of(changes(weekly("10:00", day=3), weekly("10:00")))
    assert told == "moves 3 occurrences by +1 day, notifies 2 people"


def test_moves_by_different_spans_are_counted_apart() -> None:
    wanted = [*weekly("10:00")[:2], occurrence("2026-12-16T10:00", start="2026-12-16T14:00")]
    assert told_of(changes(wanted, weekly("10:00"))) == "moves 1 occurrence by +4 h, notifies 2 people"


def test_everybody_is_counted_once_and_only_where_a_message_goes_out() -> None:
    quiet = weekly("11:00", notify=False, attendees=(Attendee("dave"),))
    assert told_of(changes(quiet, [])) == ""
    assert notified(changes(weekly("10:00"), [])) == {"bob", "carol"}
    assert told_of(changes(weekly("10:00", attendees=(Attendee("bob"),)), [])) == "notifies 1 person"


def test_a_move_across_a_change_of_clocks_is_told_by_the_wall() -> None:
    old = [occurrence("2027-03-27T10:00", timezone="Europe/Berlin")]
    new = [occurrence("2027-03-28T10:00", timezone="Europe/Berlin")]
    assert told_of(changes(new, old)).startswith("moves 1 occurrence by +1 day,")


def test_what_moves_into_the_night_of_another_clock_is_told_as_no_longer() -> None:
    evening, night = (
        occurrence(f"2027-03-27T{hour}", timezone="Europe/Berlin", notify=False) for hour in ("18:00", "23:00")
    )
    evening, night = (replace(one, end=later(one.start, timedelta(hours=5))) for one in (evening, night))
    assert told_of(changes([replace(night, key=evening.key)], [evening])) == "moves 1 occurrence by +5 h"


def test_another_length_says_by_how_much_and_of_how_many() -> None:
    longer = [replace(one, end=one.end + timedelta(minutes=30)) for one in weekly("10:00")]
    told = told_of(changes(longer, weekly("10:00")))
    assert told == "makes 3 occurrences 30 min longer, notifies 2 people"
    assert told_of(changes(weekly("10:00"), longer)).startswith("makes 3 occurrences 30 min shorter")
    both = [replace(one, end=one.end + timedelta(hours=2)) for one in weekly("11:00")]
    told = told_of(changes(both, weekly("10:00")))
    assert told.startswith("moves 3 occurrences by +1 h, makes 3 occurrences 2 h longer,")


def test_a_series_counts_as_many_as_it_has_dates_in_the_window() -> None:
    pattern = Pattern(kind=Kind.WEEKLY, days=(2,))
    old = replace(weekly("10:00")[0], recurrence=Recurrence(pattern=pattern))
    old = replace(old, key=replace(old.key, series=True))
    day, hour = timedelta(days=1), timedelta(hours=1)
    new = replace(
        old,
        start=old.start + day,
        end=old.end + day + hour,
        recurrence=Recurrence(pattern=replace(pattern, days=(3,))),
        left_out=(old.start + 8 * day,),
    )
    many = len([at for weeks in range(60) if (at := new.start + timedelta(weeks=weeks)) < UNTIL]) - 1
    assert many > 1
    told = told_of(changes([new], [old]))
    assert told.startswith(f"moves {many} occurrences by +1 day, makes {many} occurrences 1 h longer")


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(minutes=-15), "-15 min"),
        (timedelta(days=1, hours=2, minutes=5), "+1 day 2 h 5 min"),
        (timedelta(days=-3), "-3 days"),
    ],
)
def test_a_span_reads_as_people_say_it(span: timedelta, told: str) -> None:
    assert duration(span) == told
