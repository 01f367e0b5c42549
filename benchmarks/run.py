"""What the tool costs besides waiting for DingTalk: medians of several runs, as ratios to a bare interpreter.

    python benchmarks/run.py [--runs 5]

Ratios are what count: machines differ, and this one may be busy.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MEETINGS = 1000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def cpu_seconds(command: Sequence[str], folder: Path) -> float:
    """Return the user and system seconds that `command` takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def many_meetings() -> str:
    """Return a valid config of 1,000 meetings, each with its own time and room."""
    head = "version: 1\nworkspace: bench\ndefaults: {timezone: Asia/Shanghai}\npeople:\n"
    people = "".join(f"  p{number}: union{number}\n" for number in range(MEETINGS))
    rooms = "rooms:\n" + "".join(f"  r{number}: {{id: room{number}, capacity: 9}}\n" for number in range(MEETINGS))
    return head + people + rooms + "meetings:\n" + "".join(meeting(number) for number in range(MEETINGS))


def meeting(number: int) -> str:
    """Return one meeting as YAML."""
    return f"""  m{number}:
    title: Meeting {number}
    description: What number {number} is about.
    organizer: p{number}
    attendees: [p{(number + 1) % MEETINGS}, {{person: p{(number + 2) % MEETINGS}, optional: true}}]
    schedule:
      start: 2026-01-05T{8 + number % 10:02}:00
      duration: 45m
      repeat:
        every: week
        on: [{WEEKDAYS[number % 5]}]
    rooms: [r{number}]
    settings:
      waiting_room: true
      mute_on_join: over_6
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    python = sys.executable
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "meetings.yaml").write_text(many_meetings(), encoding="utf-8")
        commands = {
            "python -c pass": [python, "-c", "pass"],
            "reconciler --version": [python, "-m", "reconciler", "--version"],
            "reconciler --help": [python, "-m", "reconciler", "--help"],
            f"load of the YAML alone ({MEETINGS:,} meetings)": [
                python,
                "-c",
                "import yaml; yaml.load(open('meetings.yaml'), yaml.CSafeLoader)",
            ],
            f"reconciler validate ({MEETINGS:,} meetings)": [python, "-m", "reconciler", "validate"],
        }
        print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}; {runs} runs")
        print(f"{'what':<46}{'CPU s, median':>14}{'ratio':>8}")
        bare = 0.0
        for name, command in commands.items():
            median = statistics.median(cpu_seconds(command, folder) for _ in range(runs))
            bare = bare or median
            print(f"{name:<46}{median:>14.3f}{median / bare:>8.1f}")


if __name__ == "__main__":
    main()
