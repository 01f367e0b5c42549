from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, edited, observation, occurrence
from rich.console import Console

from reconciler.diff.change import Action, Change
from reconciler.diff.changes import diff
from reconciler.diff.compare import Comparison, Field
from reconciler.model.observed import Observed, ReadFailure
from reconciler.model.occurrence import Attendee, Occurrence
from reconciler.plan.making import plan
from reconciler.plan.operations import Plan, Quota
from reconciler.report.fields_text import told_fields
from reconciler.report.names import Names
from reconciler.report.plan_text import plan_text

HOSTILE = "\x1b[31mred [bold]x[/] \u202eevil\nForged: line"
NAMES = Names(people={"bob": "Bobby", "dave": "David"}, rooms={"aurora": "Aurora", "borealis": "Borealis"})


def planned(wanted: list[Occurrence], seen: list[Observed], *failures: ReadFailure) -> Plan:
    observed = replace(observation(*seen), failures=failures)
    found = diff(wanted, observed, now=NOW, create_before=UNTIL)
    return plan(found, observed, workspace=WORKSPACE, now=NOW, until=UNTIL)


def printed(made: Plan, *, verbose: bool = False, colour: bool = False, qps: int = 20) -> str:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=colour, no_color=not colour)
    console.print(plan_text(made, NAMES, qps=qps, verbose=verbose))
    return file.getvalue()


def rows(made: Plan, *, verbose: bool = False) -> list[str]:
    return [" ".join(row.split()) for row in printed(made, verbose=verbose).splitlines()]


def days(first: int, last: int, **fields: object) -> list[Occurrence]:
    return [occurrence(f"2026-12-{day:02}T10:00", **fields) for day in range(first, last + 1)]  # type: ignore[arg-type]


def test_nothing_to_do_is_one_sentence() -> None:
    made = planned(days(2, 4), [booked(one) for one in days(2, 4)])
    assert printed(made) == "Nothing to do: 3 occurrences are as declared.\n"


def test_the_month_s_calls_are_told_even_where_nothing_is_to_be_done() -> None:
    made = replace(planned([], []), quota=Quota(month="2026-11", used=31, limit=5000))
    assert "Quota: 31 of 5,000 calls used in 2026-11, 4,969 left." in printed(made)


def test_a_new_occurrence_shows_when_where_and_who() -> None:
    text = rows(planned(days(2, 2), []))
    assert "sync Weekly sync 1 change, Asia/Shanghai" in text
    assert "+ Wed 2026-12-02 10:00–10:45 new occurrence" in text
    assert "attendees Bobby, carol (optional)" in text
    assert "rooms Aurora" in text
    assert "Plan: 1 to create, 0 to update, 0 to cancel, 0 unchanged." in text
    assert "Rooms: 1 to book, 0 to release." in text
    assert "Messages: 2 to 2 people invited." in text
    assert "Cost: 3 API calls, about 1 s at 20/s." in text


def test_an_update_shows_what_was_and_what_will_be() -> None:
    new = occurrence(
        title="Sync",
        start="2026-12-02T10:30",
        attendees=(Attendee("bob"), Attendee("dave")),
        rooms=("borealis",),
        settings={"waiting_room": True, "host": "bob"},
    )
    text = rows(planned([new], [booked(occurrence(settings={"waiting_room": False, "host": "dave"}))]))
    assert "~ Wed 2026-12-02 10:30–11:15" in text
    assert "title Weekly sync → Sync" in text
    assert "start 10:00 → 10:30" in text
    assert not any(row.startswith("end") for row in text)
    assert "attendees +David −carol" in text
    assert "rooms +Borealis −Aurora" in text
    assert "waiting_room no → yes" in text
    assert "host David → Bobby" in text


def test_the_times_of_a_shared_conference_read_like_all_times() -> None:
    start = Field(path="conference.start", before="2026-12-02T10:00:00+08:00", after="2026-12-09T10:30:00+08:00")
    end = Field(path="conference.end", before="2026-12-02T11:00:00+08:00", after="2026-12-09T11:30:00+08:00")
    want = occurrence()
    moved = Change(action=Action.UPDATE, before=booked(want), after=want, reason="")
    (told,) = told_fields(replace(moved, comparison=Comparison(conference=(start, end))), NAMES)
    assert (told.label, told.plain) == ("conference", "Wed 2026-12-02 10:00 → Wed 2026-12-09 10:30")
    longer = replace(end, after="2026-12-09T12:00:00+08:00")
    whole = Comparison(conference=(start, longer))
    assert [one.label for one in told_fields(replace(moved, comparison=whole), NAMES)] == [
        "conference",
        "conference.end",
    ]
    same = tuple(replace(one, path=one.path.removeprefix("conference.")) for one in (start, longer))
    both = Comparison(event=same, conference=(start, longer))
    assert [one.label for one in told_fields(replace(moved, comparison=both), NAMES)] == ["start", "end"]


def test_another_length_shows_the_end_and_another_day_its_date() -> None:
    text = rows(planned([occurrence(minutes=60)], [booked(occurrence())]))
    assert "end 10:45 → 11:00" in text
    text = rows(planned([occurrence(start="2026-12-03T09:00")], [booked(occurrence())]))
    assert "start Wed 2026-12-02 10:00 → Thu 2026-12-03 09:00" in text


def test_whoever_becomes_optional_is_named() -> None:
    new = occurrence(attendees=(Attendee("bob", optional=True), Attendee("carol", optional=True)))
    assert "attendees ~Bobby (optional)" in rows(planned([new], [booked(occurrence())]))


def test_drift_is_said_in_words() -> None:
    seen = edited(booked(occurrence()), title="By hand")
    assert "title By hand → Weekly sync drift: changed in DingTalk" in rows(planned([occurrence()], [seen]))


def test_a_cancellation_shows_how_it_was() -> None:
    text = rows(planned([], [booked(occurrence())]))
    assert "- Wed 2026-12-02 10:00–10:45 no longer declared" in text


def test_a_deleted_event_is_made_anew() -> None:
    seen = replace(booked(occurrence()), event=None)
    assert any(row.startswith("event missing → made anew") for row in rows(planned([occurrence()], [seen])))


def test_a_lost_marker_is_put_back() -> None:
    seen = edited(booked(occurrence()), description="What shipped.")
    text = rows(planned([occurrence()], [seen]))
    assert any("put back" in row or "put into the description" in row for row in text)


def test_changes_that_are_alike_are_folded_after_three() -> None:
    made = planned(days(2, 13), [])
    text = rows(made)
    assert sum(row.startswith(("+ Wed", "+ Thu", "+ Fri")) for row in text) == 3
    assert "+ … and 9 more like these, the last on Sun 2026-12-13" in text
    assert sum("new occurrence" in row for row in rows(made, verbose=True)) == 12


def test_updates_by_the_same_half_hour_are_alike() -> None:
    moved = [
        replace(one, start=one.start + timedelta(minutes=30), end=one.end + timedelta(minutes=30)) for one in days(2, 7)
    ]
    text = rows(planned(moved, [booked(one) for one in days(2, 7)]))
    assert "~ … and 3 more like these, the last on Mon 2026-12-07" in text


def test_the_month_s_calls_are_told_and_too_few_of_them_in_words() -> None:
    made = replace(planned(days(2, 2), []), quota=Quota(month="2026-11", used=4000, limit=5000))
    assert "Quota: 4,000 of 5,000 calls used in 2026-11, 1,000 left." in rows(made)
    short = replace(made, quota=Quota(month="2026-11", used=4999, limit=5000))
    assert "Quota: 4,999 of 5,000 calls used in 2026-11, 1 left: too few for this plan." in rows(short)


def test_an_event_of_another_zone_or_length_tells_its_own() -> None:
    other = occurrence("2026-12-03T10:00", timezone="Europe/Berlin")
    text = rows(planned([occurrence(), other], []))
    assert "+ Thu 2026-12-03 10:00–10:45 Europe/Berlin new occurrence" in text


def test_what_is_different_is_never_folded() -> None:
    special = replace(occurrence("2026-12-05T10:00"), title="Year-end sync")
    text = rows(planned([*days(2, 4), special, *days(6, 8)], []))
    assert "+ Sat 2026-12-05 10:00–10:45 Year-end sync new occurrence" in text
    assert not any("more like these" in row for row in text)


def test_long_texts_show_where_they_part() -> None:
    long = "All the things that this meeting has been about since it began, and "
    text = printed(planned([occurrence(description=long + "more")], [booked(occurrence(description=long + "less"))]))
    assert "less →" in text
    assert "more" in text
    assert "All the things" not in text


def test_what_could_not_be_read_and_warnings_are_told() -> None:
    made = planned([], [], ReadFailure(where="calendar of bob", code="Forbidden", message="no right", hint="grant it"))
    text = rows(replace(made, warnings=("meetings.yaml:3:1: too small\n  take another",)))
    assert text[:3] == ["not read calendar of bob", "no right [Forbidden]", "grant it"]
    assert text[3:5] == ["warning meetings.yaml:3:1: too small", "take another"]
    assert text[-1].startswith("Incomplete: 0 occurrences are as declared")


@pytest.mark.parametrize("colour", [True, False])
def test_a_hostile_title_does_nothing(colour: bool) -> None:
    made = planned([occurrence(title=HOSTILE)], [edited(booked(occurrence()), title=HOSTILE[::-1])])
    text = printed(made, colour=colour, verbose=True)
    assert "\x1b[31mred" not in text
    assert "\u202e" not in text
    assert "[bold]x[/]" in text
    assert r"\x1b[31mred" in text
    assert not any(row.startswith("Forged") for row in text.splitlines())


def test_everything_fits_eighty_columns() -> None:
    made = planned(
        days(2, 9, title="周" * 50, rooms=tuple(f"room-{n}" for n in range(5))), [booked(one) for one in days(2, 5)]
    )
    assert all(len(row) <= 80 and row == row.rstrip() for row in printed(made, verbose=True).splitlines())


def test_the_busiest_api_sets_the_time() -> None:
    assert "Cost: 60 API calls, about 20 s at 1/s." in printed(planned(days(2, 21), []), qps=1)


def test_whose_calendar_could_not_be_read_is_told_by_the_name_in_the_config() -> None:
    failure = ReadFailure(where="the calendar of bob", code="no-answer", message="it broke", who="bob")
    assert "not read the calendar of Bobby" in rows(planned([], [], failure))
