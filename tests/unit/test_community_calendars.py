"""A hundred and more meetings as open communities have them, in ten zones, against what other programs make of them.

Weekly, in odd or even weeks, every few weeks, twice a week, once or twice a month; with dates skipped, added and moved,
and ends. What they should be is counted day by day, without any rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
import yaml
from icalendar import Calendar

from reconciler.config import load
from reconciler.config.model import Config
from reconciler.report.ics import calendar
from reconciler.schedule.expand import expand

BEGIN, END = date(2026, 6, 1), date(2028, 12, 31)
WINDOWS = [datetime(2026, 5, 30, tzinfo=UTC), datetime(2027, 5, 31, tzinfo=UTC)]
YEAR = timedelta(days=366)
ZONES = [
    "UTC", "America/Los_Angeles", "America/New_York", "Europe/Berlin", "Europe/London", "Asia/Shanghai",
    "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Pacific/Auckland", "Africa/Cairo", "America/Santiago",
]  # fmt: skip
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
Days = Callable[[date, date], bool]  # whether a day is one of a meeting's, and the meeting's first


@dataclass
class Declared:
    """A schedule as somebody writes it, and the local starts that it means."""

    schedule: dict[str, Any]
    starts: set[datetime] = field(default_factory=set)


def _is_nth(day: date, nth: int) -> bool:
    return (day + timedelta(days=7)).month != day.month if nth < 0 else (day.day - 1) // 7 + 1 == nth


def _weeks_between(first: date, day: date) -> int:
    return (day - timedelta(days=day.weekday()) - (first - timedelta(days=first.weekday()))).days // 7


def _rules(chance: Random) -> list[tuple[dict[str, Any], Days]]:
    """Return each kind of rule, on a weekday by chance, as it is written and as it is counted."""
    one, nth, step = chance.randrange(5), chance.choice([*ORDINALS]), chance.choice([2, 3, 4])
    name, other = NAMES[one], (one + 2) % 7
    twice = {one, other}
    return [
        ({"every": "week"}, lambda day, _: day.weekday() == one),
        ({"every": "odd-weeks", "on": [name]}, lambda day, _: day.weekday() == one and day.isocalendar().week % 2 == 1),
        (
            {"every": "even-weeks", "on": [name]},
            lambda day, _: day.weekday() == one and day.isocalendar().week % 2 == 0,
        ),
        (
            {"every": f"{step} weeks"},
            lambda day, first: day.weekday() == one and _weeks_between(first, day) % step == 0,
        ),
        ({"every": "week", "on": [NAMES[day] for day in sorted(twice)]}, lambda day, _: day.weekday() in twice),
        (
            {"every": "2 weeks", "on": [NAMES[day] for day in sorted(twice)]},
            lambda day, first: day.weekday() in twice and _weeks_between(first, day) % 2 == 0,
        ),
        (
            {"every": "month", "on": f"{ORDINALS[nth]} {name}"},
            lambda day, _: day.weekday() == one and _is_nth(day, nth),
        ),
        (
            {"rrule": f"FREQ=MONTHLY;BYDAY=2{name[:2].upper()},4{name[:2].upper()}"},
            lambda day, _: day.weekday() == one and (_is_nth(day, 2) or _is_nth(day, 4)),
        ),
        ({"every": "workday"}, lambda day, _: day.weekday() < 5),
        ({"every": "month", "on": "last day"}, lambda day, _: (day + timedelta(days=1)).day == 1),
    ]


def _declared(number: int) -> Declared:
    chance = Random(number)
    rules = _rules(chance)
    rule, is_on = rules[number % len(rules)]
    since = BEGIN + timedelta(days=chance.randrange(200))
    at = time(chance.randrange(24), chance.choice([0, 15, 30, 45]))
    first = next(day for day in _days(since) if is_on(day, day))
    starts = [datetime.combine(day, at) for day in _days(first) if is_on(day, first)]
    schedule: dict[str, Any] = {
        "start": f"{starts[0]:%Y-%m-%dT%H:%M}",
        "duration": "45m",
        "timezone": ZONES[number % len(ZONES)],
        **({"rrule": rule["rrule"]} if "rrule" in rule else {"repeat": dict(rule)}),
    }
    if "repeat" in schedule and chance.random() < 0.3:
        last = first + timedelta(days=chance.randrange(200, 700))
        schedule["repeat"]["until"] = last.isoformat()
        starts = [start for start in starts if start.date() <= last]
    found = Declared(schedule, {*starts})
    _except(found, starts, chance)
    return found


def _except(found: Declared, starts: list[datetime], chance: Random) -> None:
    """Skip, add and move some of the starts."""
    skipped, moved = chance.sample(starts, 3), chance.choice(starts)
    exception = chance.choice(["skip days", "skip times", "add", "none"])
    if exception.startswith("skip"):
        form = "%Y-%m-%d" if exception == "skip days" else "%Y-%m-%dT%H:%M"
        found.schedule["skip"] = [one.strftime(form) for one in skipped]
        found.starts -= {*skipped}
    if exception == "add":
        extra = starts[3] + timedelta(hours=12)
        found.schedule["add"] = [f"{extra:%Y-%m-%dT%H:%M}"]
        found.starts.add(extra)
    if chance.random() < 0.4 and moved in found.starts:
        later = moved + timedelta(hours=5)
        found.schedule["change"] = {f"{moved:%Y-%m-%dT%H:%M}": {"start": f"{later:%Y-%m-%dT%H:%M}"}}
        found.starts = found.starts - {moved} | {later}


def _days(first: date) -> Iterator[date]:
    yield from (date.fromordinal(one) for one in range(first.toordinal(), END.toordinal() + 1))


MEETINGS = {f"meeting-{number:03}": _declared(number) for number in range(120)}


def _counted(name: str, first: datetime) -> list[datetime]:
    declared = MEETINGS[name]
    where = ZoneInfo(declared.schedule["timezone"])
    instants = (start.replace(tzinfo=where).astimezone(UTC) for start in declared.starts)
    return sorted(one for one in instants if first <= one < first + YEAR)


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("community")
    meetings = {name: {"title": name, "schedule": one.schedule} for name, one in MEETINGS.items()}
    whole = {"version": 1, "workspace": "community", "people": {"alice": "A1"}, "meetings": meetings}
    (folder / "meetings.yaml").write_text(yaml.safe_dump({**whole, "defaults": {"organizer": "alice"}}))
    return load(Path(folder / "meetings.yaml"), now=WINDOWS[0])


@pytest.mark.parametrize("first", WINDOWS)
def test_every_meeting_is_where_a_calendar_on_the_wall_has_it(community: Config, first: datetime) -> None:
    for name, meeting in community.meetings.items():
        slots = expand(meeting.schedule, after=first, before=first + YEAR)
        assert [slot.start.astimezone(UTC) for slot in slots] == _counted(name, first), name


@pytest.mark.parametrize("first", WINDOWS)
def test_another_program_reads_each_of_them_from_the_export(community: Config, first: datetime) -> None:
    text = calendar(community, community.meetings, {}, now=first)
    read: dict[str, list[datetime]] = defaultdict(list)
    for one in recurring_ical_events.of(Calendar.from_ical(text)).between(first, first + YEAR):
        read[str(one["SUMMARY"])].append(one.start.astimezone(UTC))
    for name in MEETINGS:
        found = sorted(start for start in read[name] if first <= start < first + YEAR)
        assert found == _counted(name, first), name
