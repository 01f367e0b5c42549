"""Events that people made, chosen, grouped, named and written down."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.adopting.choosing import One, choose
from reconciler.adopting.grouping import Group, group
from reconciler.adopting.naming import alias, meeting_name, unique
from reconciler.adopting.writing import added_to, new_text
from reconciler.config.texts import unshowable
from reconciler.config.yaml import parse
from reconciler.errors import ReconcilerError
from reconciler.model.occurrence import Attendee, Event, RoomBooking, RoomStatus
from reconciler.resources import schema
from reconciler.schedule.expand import expand
from reconciler.schedule.model import Schedule

ZONE = "Europe/Berlin"


def event(start: str = "2026-11-30T10:00", *, minutes: int = 60, **fields: object) -> Event:
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(ZONE))
    base = Event(
        id=f"event-{start}-{fields.get('title', '')}",
        organizer="alice",
        title="Sync",
        description="",
        start=begin,
        end=begin + timedelta(minutes=minutes),
        timezone=ZONE,
        attendees=(Attendee("bob"),),
    )
    return replace(base, **fields)  # type: ignore[arg-type]  # a test names fields that there are


def chosen(*events: Event) -> tuple[One, ...]:
    found, _, left = choose(events, organizer="alice", now=datetime(2026, 1, 1, tzinfo=UTC), adopted=frozenset())
    assert not left
    return found


def dates_of(made: Group) -> set[datetime]:
    schedule = Schedule(
        start=made.start,
        duration=made.duration,
        timezone=made.timezone,
        rule=made.fit.rule(made.at),
        skip=tuple(datetime.combine(day, made.at) for day in made.fit.skip),
        add=tuple(datetime.combine(day, made.at) for day in made.fit.add),
    )
    window = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
    return {slot.original for slot in expand(schedule, after=window[0], before=window[1])}


STARTS = st.builds(
    datetime.combine,
    st.dates(date(2026, 2, 1), date(2026, 6, 30)),
    st.sampled_from([time(9), time(10), time(14, 30)]),
)
EVENTS = st.lists(st.tuples(STARTS, st.sampled_from(["Sync", "Retro"]), st.sampled_from(["bob", "carol"])), max_size=25)


@settings(deadline=None, max_examples=50)
@given(EVENTS)
def test_every_event_is_one_occurrence_of_one_meeting(drawn: list[tuple[datetime, str, str]]) -> None:
    events = [
        event(start.isoformat(), id=f"{number}", title=title, attendees=(Attendee(who),))
        for number, (start, title, who) in enumerate(drawn)
    ]
    groups = group(chosen(*events))
    assert sorted(one.event.id for made in groups for one in made.members.values()) == sorted(one.id for one in events)
    for made in groups:
        assert dates_of(made) == made.members.keys()
        assert {one.event.title for one in made.members.values()} == {made.title}


def test_the_local_time_counts_when_the_clocks_change() -> None:
    weeks = [datetime(2026, 3, 16, 10) + timedelta(weeks=number) for number in range(4)]  # noqa: DTZ001  # local
    (made,) = group(chosen(*(event(start.isoformat()) for start in weeks)))
    assert (made.at, made.fit.exceptions) == (time(10), 0)


def test_mostly_the_same_people_are_one_meeting_and_others_another() -> None:
    weeks = [f"2026-12-{day:02}T10:00" for day in (7, 14, 21, 28)]
    people = [("bob", "carol"), ("bob", "carol"), ("bob", "carol", "dave"), ("eve",)]
    events = [
        event(start, attendees=tuple(Attendee(who) for who in named))
        for start, named in zip(weeks, people, strict=True)
    ]
    first, second = group(chosen(*events))
    assert (len(first.members), len(second.members)) == (3, 1)
    assert first.attendees == (Attendee("bob"), Attendee("carol"))


def test_two_times_of_the_day_are_two_meetings() -> None:
    days = [f"2026-12-{day:02}" for day in (7, 14, 21)]
    events = [event(f"{day}T{hour}:00", id=f"{day}-{hour}") for day in days for hour in ("09", "15")]
    assert [(made.at.hour, len(made.members)) for made in group(chosen(*events))] == [(9, 3), (15, 3)]


def test_a_room_that_declined_is_none() -> None:
    held, declined = RoomBooking("aurora"), RoomBooking("borealis", RoomStatus.DECLINED)
    (made,) = group(chosen(event(rooms=(held, declined))))
    assert made.rooms == ("aurora",)


def test_an_hour_that_comes_twice_and_an_unknown_zone_are_left_out() -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(ZONE), fold=1)
    events = [
        replace(event(), start=twice, end=twice + timedelta(hours=1)),
        event("2026-12-01T10:00", timezone="Mars/Base"),
        event("2026-12-02T10:00", timezone=""),
    ]
    found, _, left = choose(events, organizer="alice", now=datetime(2026, 1, 1, tzinfo=UTC), adopted=frozenset())
    assert not found
    assert [re.findall("twice|nobody knows|no time zone", one.reason) for one in left] == [
        ["twice"], ["nobody knows"], ["no time zone"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "name"),
    [("Weekly Sync", "weekly-sync"), ("周会", "zhouhui"), ("Über 1:1 – Köln", "uber-1-1-koln"), ("!!!", "meeting")],
)
def test_a_meeting_is_named_by_its_title(title: str, name: str) -> None:
    assert meeting_name(title, ()) == name


@settings(max_examples=60)
@given(st.text(max_size=90), st.integers(0, 3))
def test_names_are_as_the_schema_wants_them_and_nobodys_else(text: str, taken: int) -> None:
    definitions = schema("meetings")["$defs"]
    names: set[str] = set()
    aliases: set[str] = set()
    for _ in range(taken + 1):
        name, person = meeting_name(text, names), alias(text, aliases, otherwise="person")
        assert name not in names
        assert person not in aliases
        assert re.search(definitions["meeting_name"]["pattern"], name)
        assert re.search(definitions["alias"]["pattern"], person)
        names.add(name)
        aliases.add(person)


def test_a_long_name_keeps_room_for_its_number() -> None:
    assert unique("x" * 80, {"x" * 60}) == "x" * 58 + "-2"


MEETINGS = {"meetings": {"lunch": {"title": "Lunch: 12", "schedule": {"start": "2026-12-01T12:00"}}}}


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nmeetings:\n    deep:   # indented by four\n        title: 'Deep'\n",
        "version: 1\nmeetings: {one: {title: One}}  # in one line\npeople: {}\n",
        "version: 1 # no meetings yet\n",
        "version: 1\nmeetings:\n",
        "a: &x {b: [1, 2]}\nc: *x\nmeetings:\n  one:\n    list:\n    - a   # not indented\n    - 'b'\n    at: 10:30\n",
    ],
)
def test_what_a_config_says_stays_when_something_is_added(text: str) -> None:
    after = added_to(text, MEETINGS, ["from alice"], where="meetings.yaml")
    assert "lunch" in after
    for line in text.splitlines():
        assert all(word in after for word in re.findall(r"#.*", line))


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nmeetings:\n    deep:   # by four\n        title: 'Deep'\n        attendees:\n            - bob\n",
        "version: 1\r\n# as Windows ends lines\r\nmeetings:\r\n  one: {title: One}\r\n",
        "---\n# a document\nversion: 1\nmeetings:\n  one:\n    title: One\n    attendees:\n      - bob\n",
    ],
    ids=["deep", "windows", "document"],
)
def test_lines_that_are_there_stay_as_they_are_when_something_is_added(text: str) -> None:
    after = added_to(text, MEETINGS, ["from alice"], where="meetings.yaml")
    rest = iter(after.splitlines(keepends=True))
    assert all(line in rest for line in text.splitlines(keepends=True)), after
    assert added_to(after, {"meetings": {"tea": {"title": "Tea"}}}, (), where="meetings.yaml").startswith(after)


def test_what_is_no_config_is_not_rewritten() -> None:
    with pytest.raises(ReconcilerError, match="can't be rewritten"):
        added_to("meetings: [\n", MEETINGS, (), where="meetings.yaml")


def test_remarks_alone_are_comments() -> None:
    assert new_text({}, ("one", "two")) == "# one\n# two\n"


SHOWABLE = st.text(min_size=1, max_size=50).filter(lambda text: unshowable(text) is None)


@settings(max_examples=80)
@given(SHOWABLE)
@example("- a: [b] # c")
@example("*alias &anchor !tag")
@example("2026-12-01")
@example("null")
@example("\u2028x\ufeff")
def test_whatever_a_title_says_it_stays_a_title(title: str) -> None:
    tree = {"meetings": {"lunch": {"title": title, "adopt": {"2026-12-01T12:00": title}}}}
    for text in (new_text(tree, ()), added_to("version: 1\n", tree, ("remark",), where="meetings.yaml")):
        document, problems = parse(text.encode(), "meetings.yaml")
        assert not problems
        assert isinstance(document.value, dict)
        assert document.value["meetings"] == tree["meetings"]
