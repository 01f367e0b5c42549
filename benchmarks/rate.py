"""How close to the allowed rate a real apply comes, as a server sees it that takes 300 ms for each answer.

    python benchmarks/rate.py [--occurrences 500] [--processes 1] [--limiter 'kind: file'] [--latency-ms 300]

The server is the sandbox in a process of its own, with its limit of 20 calls in any sliding second of each API.
Shown is, for each API: the calls, how many of them were refused, the most in any sliding second, and the share of 20 a
second from the first call to the last. Several processes apply a workspace each, to the same app.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

QPS = 20
DATES = 20  # occurrences of one meeting
NOW = "2026-11-21T00:00:00Z"


def serve(folder: Path, latency_s: float) -> None:
    """Run the server until a line comes in; then print the time of every call of each API, and what was refused."""
    from reconciler.sandbox.answers import ApiFailure
    from reconciler.sandbox.embedded import Sandbox
    from reconciler.sandbox.limits import Gate, Limits
    from reconciler.sandbox.seed import Person, RoomSeed, Seed

    arrivals: dict[str, list[float]] = defaultdict(list)
    refused: dict[str, int] = defaultdict(int)

    class Watched(Gate):
        def check_rate(self, api: str) -> None:
            arrivals[api].append(time.monotonic())
            try:
                super().check_rate(api)
            except ApiFailure:
                refused[api] += 1
                raise

    seed = Seed(
        people={f"union{number}": Person(name=f"p{number}") for number in range(100)},
        rooms={
            f"room{number}": RoomSeed(name=f"r{number}", capacity=9, location="", labels=()) for number in range(100)
        },
    )
    limits = Limits(qps=QPS, monthly_quota=None, daily_events=None)
    with Sandbox(folder / "server.db", seed=seed, limits=limits) as sandbox:
        sandbox.gateway.gate = Watched(limits)
        if latency_s:
            sandbox.control("faults", {"kind": "delay", "api": "*", "times": None, "delay_s": latency_s})
        print(json.dumps([sandbox.endpoint, *sandbox.credentials]), flush=True)
        sys.stdin.readline()
        print(json.dumps({"arrivals": arrivals, "refused": refused}), flush=True)


def config(endpoint: str, workspace: int, meetings: int, limiter: str) -> str:
    """Return a config with `meetings` meetings, each with its own organiser and room, that no other workspace has."""
    first = workspace * meetings
    numbers = range(first, first + meetings)
    shared = f", limiter: {{{limiter}}}" if limiter else ""
    head = f"version: 1\nworkspace: bench-{workspace}\ndefaults: {{timezone: Asia/Shanghai}}\n"
    provider = f"provider: {{kind: dingtalk, endpoint: {endpoint}, qps: {QPS}, monthly_quota: 1000000{shared}}}\n"
    people = "people:\n" + "".join(f"  p{number}: union{number}\n" for number in numbers)
    rooms = "rooms:\n" + "".join(f"  r{number}: {{id: room{number}, capacity: 9}}\n" for number in numbers)
    return head + provider + people + rooms + "meetings:\n" + "".join(meeting(number) for number in numbers)


def meeting(number: int) -> str:
    """Return one daily meeting as YAML."""
    return f"""  m{number}:
    title: Meeting {number}
    organizer: p{number}
    attendees: [p{number}]
    schedule:
      start: 2026-11-23T{8 + number % 10:02}:00
      duration: 45m
      repeat: {{every: day, count: {DATES}}}
    rooms: [r{number}]
"""


def most_in_a_second(times: list[float]) -> int:
    """Return the most calls in any sliding second."""
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def measure(occurrences: int, processes: int, limiter: str, latency_s: float) -> None:
    """Apply, and print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        limiter = limiter.format(root=root)
        command = [sys.executable, __file__, "--serve", temporary, "--latency-ms", str(latency_s * 1000)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None  # noqa: S101  # it was asked for
            assert server.stdout is not None  # noqa: S101  # so was this
            endpoint, key, secret = json.loads(server.stdout.readline())
            environment = os.environ | {"DINGTALK_APP_KEY": key, "DINGTALK_APP_SECRET": secret, "RECONCILER_NOW": NOW}
            runs = []
            started = time.monotonic()
            for number in range(processes):
                folder = root / str(number)
                folder.mkdir()
                text = config(endpoint, number, max(1, occurrences // DATES // processes), limiter)
                (folder / "meetings.yaml").write_text(text, encoding="utf-8")
                apply = [sys.executable, "-m", "reconciler", "apply", "-y", "--json"]
                runs.append(subprocess.Popen(apply, cwd=folder, env=environment, stdout=subprocess.DEVNULL))
            codes = [run.wait() for run in runs]
            elapsed = time.monotonic() - started
            server.stdin.write("\n")
            server.stdin.flush()
            seen = json.loads(server.stdout.readline())
    print(
        f"{occurrences} occurrences, {processes} process(es), {latency_s * 1000:.0f} ms: {elapsed:.1f} s, exit {codes}"
    )
    print(f"{'API':<24}{'calls':>7}{'refused':>9}{'most/s':>8}{'of the rate':>13}")
    for api, times in sorted(seen["arrivals"].items()):
        if len(times) > QPS:
            rate = (len(times) - 1) / (times[-1] - times[0])
            refused = seen["refused"].get(api, 0)
            print(f"{api:<24}{len(times):>7}{refused:>9}{most_in_a_second(times):>8}{rate / QPS:>13.1%}")


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--occurrences", type=int, default=500)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--limiter", default="", help="of the config, as in `kind: file, path: {root}/pace`")
    parser.add_argument("--latency-ms", type=float, default=300)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.latency_ms / 1000)
    else:
        measure(given.occurrences, given.processes, given.limiter, given.latency_ms / 1000)


if __name__ == "__main__":
    main()
