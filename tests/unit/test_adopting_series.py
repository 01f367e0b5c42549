"""A recurring event that people made, said as one meeting of the config."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.adopting.choosing import LeftOut
from reconciler.adopting.grouping import Group
from reconciler.adopting.recurring import Window, recurring
from reconciler.model.native import starts
from reconciler.model.occurrence import Attendee, Event, RoomBooking
from reconciler.schedule.pattern import Kind, Pattern, Recurrence, weekly
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.translation import pattern_of

ZONE = "Europe/Berlin"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = Window(now=NOW, since=NOW, until=NOW + timedelta(days=300))
MONDAYS = Recurrence(pattern=weekly((0,)))


def master(recurrence: Recurrence | None = MONDAYS, start: str = "2026-01-05T10:00", **fields: Any) -> Event:
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(ZONE))
    base = Event(
        id="series",
        organizer="alice",
        title="Sync",
        description="Notes",
        start=begin,
        end=begin + timedelta(hours=1),
        timezone=ZONE,
        attendees=(Attendee("bob"),),
        recurring=True,
        recurrence=recurrence,
    )
    return replace(base, **fields)


def instances(event: Event) -> list[Event]:
    assert event.recurrence is not None
    length = event.end - event.start
    return [
        replace(event, id=f"{event.id}_{start:%Y%m%d}", series=event.id, start=start, end=start + length, origin=start)
        for start in starts(event.recurrence, event.start, after=WINDOW.since, before=WINDOW.until)
    ]


def declared(event: Event, those: list[Event] | None = None) -> Group:
    made = recurring(event, instances(event) if those is None else those, WINDOW)
    assert isinstance(made, Group), made
    return made


def reason(event: Event, those: list[Event] | None = None, window: Window = WINDOW) -> str:
    made = recurring(event, (instances(event) or [event]) if those is None else those, window)
    assert isinstance(made, LeftOut), made
    return made.reason


PATTERNS = st.one_of(
    st.builds(lambda number: Pattern(kind=Kind.DAILY, interval=number), st.integers(1, 35)),
    st.builds(
        lambda days, number, first: weekly(tuple(days), interval=number, first_day=first),
        st.sets(st.integers(0, 6), min_size=1),
        st.integers(1, 5),
        st.integers(0, 6),
    ),
    st.builds(lambda day: Pattern(kind=Kind.ABSOLUTE_MONTHLY, day_of_month=day), st.integers(1, 28)),
    st.builds(
        lambda day, index: Pattern(kind=Kind.RELATIVE_MONTHLY, days=(day,), index=index),
        st.integers(0, 6),
        st.sampled_from([1, 2, 3, 4, -1]),
    ),
)


@settings(deadline=None, max_examples=80)
@given(PATTERNS, st.dates(date(2026, 1, 1), date(2026, 5, 31)), st.sampled_from(["noEnd", "until", "count"]))
def test_the_rule_has_just_the_pattern_and_the_end_of_the_event(pattern: Pattern, day: date, end: str) -> None:
    until, count = (date(2026, 9, 30) if end == "until" else None), 99 if end == "count" else 0
    recurrence = Recurrence(pattern=pattern, until=until, count=count)
    begin = datetime.combine(day, datetime.min.time(), ZoneInfo(ZONE))
    first = next(starts(Recurrence(pattern=pattern), begin, after=begin, before=begin + timedelta(days=80)), None)
    assume(first is not None)
    event = master(recurrence, f"{first:%Y-%m-%dT10:00}")
    there = instances(event)
    assume(there)
    made = declared(event, there)
    local = made.start
    text = made.fit.rule(made.at)
    assert text is not None
    assert pattern_of(parse_rule(text), local) == pattern
    assert not made.fit.skip
    assert list(made.members) == [local]
    rule = parse_rule(text)
    assert (rule.count, str(rule.until or "")[:10]) == (recurrence.count or None, str(recurrence.until or ""))


def test_what_was_deleted_is_skipped() -> None:
    event = master()
    there = instances(event)
    made = declared(event, [*there[:2], *there[3:]])
    assert made.fit.skip == (there[2].start.date(),)


def test_the_local_time_stays_when_the_clocks_change() -> None:
    assert not declared(master()).fit.skip


@pytest.mark.parametrize(
    "edit",
    [
        {"title": "Other"},
        {"description": "Other"},
        {"attendees": ()},
        {"rooms": (RoomBooking("aurora"),)},
        {"start": datetime(2026, 3, 9, 12, tzinfo=UTC)},
        {"end": datetime(2026, 3, 9, 12, tzinfo=UTC)},
    ],
)
def test_what_people_changed_about_one_date_keeps_the_series_out(edit: dict[str, Any]) -> None:
    first, second, *rest = instances(master())
    assert second.start.date() == date(2026, 3, 9)
    told = reason(master(), [first, replace(second, **edit), *rest])
    assert told.endswith("people have changed single dates of it: 2026-03-09")


def test_whom_a_list_does_not_show_was_not_taken_out() -> None:
    event = master(attendees=tuple(Attendee(f"person-{number}") for number in range(120)))
    cut = [replace(one, attendees=event.attendees[:100], attendees_complete=False) for one in instances(event)]
    assert declared(event, cut).attendees == event.attendees


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (master(recurrence=None), "nothing that is known"),
        (master(Recurrence(pattern=Pattern(kind=Kind.ABSOLUTE_MONTHLY))), "nothing that is known"),
        (master(Recurrence(pattern=Pattern(kind=Kind.ABSOLUTE_YEARLY))), "rarer than once a month"),
        (master(Recurrence(pattern=weekly((0,), interval=6))), "rarer than once a month"),
        (master(Recurrence(pattern=weekly((1,)))), "its own pattern leaves out"),
        (master(Recurrence(pattern=Pattern(kind=Kind.ABSOLUTE_MONTHLY, day_of_month=31))), "without a day 31"),
        (master(rooms=(RoomBooking("aurora"),)), "no date on which it ends"),
        (master(all_day=True), "whole days"),
    ],
)
def test_a_series_that_is_none_of_ours_says_why(event: Event, told: str) -> None:
    assert told in reason(event, [replace(event, series=event.id)])


def test_a_series_that_begins_in_a_later_window_is_known_whole() -> None:
    later = replace(WINDOW, since=NOW + timedelta(days=30))
    event = master(start="2026-04-06T10:00")
    assert isinstance(recurring(event, instances(event), later), Group)
    assert "before --from" in reason(master(), window=later)
