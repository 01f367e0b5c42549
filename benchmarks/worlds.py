"""Worlds to measure in: a config, and a server whose calendars are as it declares. Large ones take minutes to book."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from measure import run
from server import ENVIRONMENT, Server, serving

FEWEST, BUSY = 5, 100  # organisers, and how many meetings one of them has at most
MINUTES = 10  # of a meeting: nobody has two at once
PEOPLE = 100
EACH = 20  # occurrences of one meeting within the horizon: four weeks of working days
ENDPOINT = "ENDPOINT"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def cache_folder() -> Path:
    """Return where worlds are kept."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home else Path.home() / ".cache") / "reconciler-bench"


def organizers(occurrences: int) -> int:
    """Return how many people organise so many occurrences: each has time for all of theirs."""
    return max(FEWEST, -(-occurrences // (EACH * BUSY)))


def daily_meetings(occurrences: int) -> str:
    """Return a config with so many occurrences in four weeks, two people at each besides the organiser."""
    people = "".join(f"  p{number}: union-p{number}\n" for number in range(PEOPLE))
    series, single = divmod(occurrences, EACH)
    each = organizers(occurrences)
    meetings = "".join(_daily(number, each) for number in range(series))
    meetings += "".join(_daily(series + number, each, once=True) for number in range(single))
    return (
        "version: 1\nworkspace: bench\n"
        f"provider: {{kind: dingtalk, endpoint: '{ENDPOINT}', monthly_quota: 100000000}}\n"
        f"defaults: {{timezone: Asia/Shanghai}}\npeople:\n{people}meetings:\n{meetings}"
    )


def _daily(number: int, organizers: int, *, once: bool = False) -> str:
    day, repeat = ("2026-12-01", "") if once else ("2026-01-05", f"repeat: {{every: day, on: [{', '.join(WEEKDAYS)}]}}")
    hour, minute = divmod(number // organizers * MINUTES, 60)
    return f"""  m{number}:
    title: Meeting {number}
    description: About {number}
    organizer: p{number % organizers}
    attendees: [p{PEOPLE // 2 + number % 40}, {{person: p{PEOPLE // 2 + 1 + number % 40}, optional: true}}]
    schedule:
      start: {day}T{hour:02}:{minute:02}
      duration: {MINUTES}m
      {repeat}
"""


def weekly_meetings(count: int) -> str:
    """Return a valid config of so many meetings in 15 lines each, everyone with a room of its own."""
    head = "version: 1\nworkspace: bench\ndefaults: {timezone: Asia/Shanghai}\npeople:\n"
    people = "".join(f"  p{number}: union{number}\n" for number in range(count))
    rooms = "rooms:\n" + "".join(f"  r{number}: {{id: room{number}, capacity: 9}}\n" for number in range(count))
    return head + people + rooms + "meetings:\n" + "".join(_weekly(number, count) for number in range(count))


def _weekly(number: int, count: int) -> str:
    return f"""  m{number}:
    title: Meeting {number}
    description: What number {number} is about.
    organizer: p{number}
    attendees: [p{(number + 1) % count}, {{person: p{(number + 2) % count}, optional: true}}]
    schedule:
      start: 2026-01-{5 + number % 5:02}T{8 + number % 10:02}:00
      duration: 45m
      repeat:
        every: week
        on: [{WEEKDAYS[number % 5]}]
    rooms: [r{number}]
    settings:
      waiting_room: true
      mute_on_join: over_6
"""


def make_empty(folder: Path, occurrences: int) -> Path:
    """Make a folder whose config declares these occurrences, and a server that knows its people."""
    from reconciler.sandbox.embedded import Sandbox
    from reconciler.sandbox.seed import Person, Seed

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(daily_meetings(occurrences), encoding="utf-8")
    with Sandbox(folder / "server.db", seed=Seed(people={f"union-p{n}": Person(name=f"p{n}") for n in range(PEOPLE)})):
        pass
    return folder


def booked(parent: Path, occurrences: int, say: Callable[[str], None]) -> Path:
    """Return the world of these occurrences, all booked: as it was kept, or made by an apply, which is kept."""
    folder = parent / f"{occurrences}-of-{MINUTES}-minutes"
    if not (folder / "done").exists():
        say(f"booking {occurrences:,} occurrences into {folder}, once …")
        make_empty(folder, occurrences)
        with serving(folder) as server:
            point(folder, server, qps=60)
            run(reconciler("apply", "--auto-approve", "--foresight=false"), folder, server.environment)
        (folder / "done").touch()
    return folder


def point(folder: Path, server: Server, *, qps: int = 20) -> None:
    """Write the config of a world, with where its server is now."""
    text = (folder / "template.yaml").read_text(encoding="utf-8")
    place = f"{ENDPOINT}', qps: {qps}, "
    text = text.replace(f"{ENDPOINT}', ", place).replace(ENDPOINT, server.endpoint)
    (folder / "meetings.yaml").write_text(text, encoding="utf-8")


def reconciler(*arguments: str) -> list[str]:
    """Return the command line of the program as it stands in this folder."""
    return [sys.executable, "-m", "reconciler", *arguments]


__all__ = ["ENVIRONMENT", "booked", "cache_folder", "make_empty", "point", "reconciler", "weekly_meetings"]
