"""What one change costs in calls: the rows of the table in docs/performance.md, which `python tests/costs.py` writes.

tests/contract/test_costs.py carries each of them out and counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- begin: calls (generated) -->", "<!-- end: calls -->"

ONCE: dict[str, Any] = {"start": "2026-12-01T10:00", "duration": "45m"}
MONDAYS: dict[str, Any] = {"start": "2026-01-05T10:00", "duration": "45m", "repeat": {"every": "week", "on": ["mon"]}}
PLAIN: dict[str, Any] = {"title": "Demo", "description": "About.", "attendees": ["bob"], "schedule": ONCE}
WEEKLY: dict[str, Any] = PLAIN | {"schedule": MONDAYS}
BOOKED: dict[str, Any] = PLAIN | {"rooms": ["aurora"]}
SERIES: dict[str, Any] = WEEKLY | {"calendar": "series"}
MUTED: dict[str, Any] = PLAIN | {"settings": {"waiting_room": True, "recording": {"layout": "speech"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A change of the meeting `was` to `now`, after `days`; None: not declared.

    `reads` are all calls of the plan, `writes` all calls of the apply, in words: `2 conference.info, event.update`.
    """

    what: str
    was: Mapping[str, Any] | None
    now: Mapping[str, Any] | None
    reads: str = "conference.info, event.list"
    writes: str
    days: int = 0
    hours: int = 0
    every: str = "30d"  # how long what was looked at is presumed to be as it was
    name: str = "demo"  # that the meeting has afterwards
    moved: Mapping[str, Any] | None = None


def schedule(base: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the meeting with a schedule that differs in this."""
    return {**base, "schedule": {**base["schedule"], **more}}


ROWS = (
    Row(what="a new meeting", was=None, now=PLAIN, reads="event.list", writes="conference.create, event.create"),
    Row(
        what="a new meeting with a room",
        was=None,
        now=BOOKED,
        reads="event.list, rooms.busy, rooms.get",
        writes="conference.create, event.create, rooms.book",
    ),
    Row(
        what="a new meeting with `link: event`",
        was=None,
        now=PLAIN | {"link": "event"},
        reads="event.list",
        writes="event.create",
    ),
    Row(what="title", was=PLAIN, now=PLAIN | {"title": "New"}, writes="conference.update, event.update"),
    Row(
        what="time", was=PLAIN, now=schedule(PLAIN, start="2026-12-01T11:00"), writes="conference.update, event.update"
    ),
    Row(
        what="title, time and description at once",
        was=PLAIN,
        now=schedule(PLAIN, start="2026-12-01T11:00") | {"title": "New", "description": "More."},
        writes="conference.update, event.update",
    ),
    Row(what="description", was=PLAIN, now=PLAIN | {"description": "More."}, writes="event.update"),
    Row(what="people added", was=PLAIN, now=PLAIN | {"attendees": ["bob", "carol", "dave"]}, writes="attendees.add"),
    Row(what="a person removed", was=PLAIN, now=PLAIN | {"attendees": []}, writes="attendees.remove"),
    Row(
        what="a person replaced",
        was=PLAIN,
        now=PLAIN | {"attendees": ["carol"]},
        writes="attendees.add, attendees.remove",
    ),
    Row(
        what="two rooms added",
        was=PLAIN,
        now=PLAIN | {"rooms": ["aurora", "borealis"]},
        reads="conference.info, event.list, rooms.busy, 2 rooms.get",
        writes="rooms.book",
    ),
    Row(what="a room given up", was=BOOKED, now=PLAIN | {"rooms": []}, writes="rooms.release"),
    Row(
        what="a room replaced",
        was=BOOKED,
        now=PLAIN | {"rooms": ["borealis"]},
        reads="conference.info, event.list, rooms.busy, rooms.get",
        writes="rooms.book, rooms.release",
    ),
    Row(
        what="a setting that DingTalk tells (`waiting_room`)",
        was=MUTED,
        now=MUTED | {"settings": MUTED["settings"] | {"waiting_room": False}},
        reads="conference.info, conference.settings.get, event.list",
        writes="conference.settings",
    ),
    Row(
        what="a setting that it doesn't tell (`recording.layout`)",
        was=MUTED,
        now=MUTED | {"settings": MUTED["settings"] | {"recording": {"layout": "grid"}}},
        reads="conference.info, conference.settings.get, event.list",
        writes="conference.settings, event.update",
    ),
    Row(what="`ui_lock`", was=PLAIN, now=PLAIN | {"ui_lock": True}, writes="event.update"),
    Row(
        what="a meeting taken out of the config",
        was=PLAIN,
        now=None,
        reads="event.list",
        writes="conference.cancel, event.delete",
    ),
    Row(
        what="one date skipped",
        was=WEEKLY,
        now=schedule(WEEKLY, skip=["2026-12-07"]),
        writes="conference.cancel, event.delete",
    ),
    Row(
        what="one date changed",
        was=WEEKLY,
        now=schedule(WEEKLY, change={"2026-12-07": {"start": "14:00"}}),
        writes="conference.update, event.update",
    ),
    Row(what="renamed, with `moved`", was=PLAIN, now=PLAIN, name="other", moved={}, writes="event.update"),
    Row(
        what="another organiser",
        was=PLAIN,
        now=PLAIN | {"organizer": "dave"},
        reads="conference.info, 2 event.list",
        writes="conference.cancel, conference.create, event.create, event.delete",
    ),
    Row(
        what="a date passes",
        was=WEEKLY,
        now=WEEKLY,
        days=2,
        reads="event.list",
        writes="conference.create, event.create",
    ),
    Row(
        what="a date passes, `link: stable`",
        was=WEEKLY | {"link": "stable"},
        now=WEEKLY | {"link": "stable"},
        days=2,
        writes="conference.update, event.create",
    ),
    Row(
        what="a date passes, `calendar: series`",
        was=SERIES,
        now=SERIES,
        days=2,
        reads="conference.info, event.get, event.list, event.view",
        writes="conference.update",
    ),
    Row(
        what="a date passes, `calendar: series` with a room",
        was=SERIES | {"rooms": ["aurora"]},
        now=SERIES | {"rooms": ["aurora"]},
        reads="conference.info, event.get, event.list, event.view",
        days=2,
        writes="conference.update, event.update",
    ),
    Row(
        what="a new series (`calendar: series`), all its dates",
        was=None,
        now=SERIES,
        reads="event.list",
        writes="conference.create, event.create",
    ),
    Row(
        what="title of a series, all its dates",
        was=SERIES,
        now=SERIES | {"title": "New"},
        reads="conference.info, event.get, event.list, event.view",
        writes="conference.update, event.update",
    ),
    Row(
        what="one date of a series skipped",
        was=SERIES,
        now=schedule(SERIES, skip=["2026-12-07"]),
        reads="conference.info, event.get, event.list, event.view",
        writes="event.delete",
    ),
    Row(
        what="one date of a series changed",
        was=SERIES,
        now=schedule(SERIES, change={"2026-12-07": {"start": "14:00"}}),
        reads="conference.info, event.get, event.list, event.view",
        writes="event.create, event.delete",
    ),
    Row(what="nothing", was=PLAIN, now=PLAIN, reads="event.list", writes=""),
    Row(
        what="`protect`, `notify`: what is of the config alone",
        was=PLAIN,
        now=PLAIN | {"protect": True, "notify": False},
        reads="event.list",
        writes="",
    ),
    Row(what="nothing, in a series", was=SERIES, now=SERIES, reads="event.list", writes=""),
    Row(
        what="nothing, in a series, a day after it was looked at",
        was=SERIES,
        now=SERIES,
        hours=24,
        every="24h",
        reads="conference.info, event.get, event.list, event.view",
        writes="",
    ),
    Row(
        what="a date passes, `calendar: series` with `link: event`",
        was=SERIES | {"link": "event"},
        now=SERIES | {"link": "event"},
        days=2,
        reads="event.list",
        writes="",
    ),
)


def in_words(calls: Counter[str]) -> str:
    """Return calls as the table tells them: by name, with their number where there are several."""
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in sorted(calls.items()))


def counted(words: str) -> Counter[str]:
    """Return the calls that a row tells."""
    found: Counter[str] = Counter()
    for one in filter(None, words.split(", ")):
        number, _, name = one.rpartition(" ")
        found[name] += int(number or 1)
    return found


def table() -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what changes | the plan asks | the apply writes | writes |", "| --- | --- | --- | --- |"]
    for row in ROWS:
        writes = in_words(counted(row.writes))
        lines.append(
            f"| {row.what} | {in_words(counted(row.reads))} | {writes or '–'} | {counted(row.writes).total()} |"
        )
    return "\n".join(lines)


def updated(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
