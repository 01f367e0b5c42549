"""What the tool costs besides waiting for DingTalk: medians of several rounds, as ratios to a bare interpreter.

    python benchmarks/run.py [--runs 5] [--apply] [--large] [--world FOLDER]

Ratios are what count: machines differ, and this one may be busy. Plans run against the sandbox in another process.
Worlds of many occurrences are booked once and kept. `--apply` adds an apply against a server that takes 300 ms.
Writes benchmarks/results.json and the table in docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from measure import Case, Run, rounds, run
from page import heading, keep, tell
from server import ENVIRONMENT, Server, serving
from worlds import booked, cache_folder, make_empty, organizers, point, reconciler, weekly_meetings

MEETINGS = 1_000
SIZES, LARGE = (2_000, 10_000), 50_000
APPLIED = 500  # occurrences
QPS, DELAY_S = 20, 0.3
BARE = [sys.executable, "-c", "pass"]
LOAD = [sys.executable, "-c", "import yaml; yaml.load(open('meetings.yaml'), yaml.CSafeLoader)"]
LOADED, VALIDATED = "load of the same file by PyYAML's C loader", f"`validate`, {MEETINGS:,} meetings"
THROTTLED = 403


@dataclass(frozen=True, slots=True)
class Target:
    """What a case may take `most`, in words too, and where that value is in its results."""

    case: str
    words: str
    value: Callable[[Mapping[str, Any]], float]
    most: float


def cases(stack: ExitStack, worlds: Path, *, apply: bool, large: bool, runs: int) -> Iterator[Case]:
    """Yield everything to measure; what it needs goes with `stack`."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "meetings.yaml").write_text(weekly_meetings(MEETINGS), encoding="utf-8")
    plain = partial(run, folder=folder, environment=ENVIRONMENT)
    yield Case(name="`--version`", measure=partial(plain, reconciler("--version")))
    yield Case(name="`--help`", measure=partial(plain, reconciler("--help")))
    yield Case(name=LOADED, measure=partial(plain, LOAD))
    yield Case(name=VALIDATED, measure=partial(plain, reconciler("validate")))
    for size in (*SIZES, LARGE) if large else SIZES:
        world = booked(worlds, size, say)
        server = stack.enter_context(serving(world))
        point(world, server)
        planned = partial(looked, world, server)
        planned()  # sees what the apply has booked
        yield Case(name=plan_of(size), measure=planned)
    if apply:
        names = (folder / f"apply{number}" for number in count())
        yield Case(name=f"`apply`, {APPLIED} occurrences, 300 ms", measure=lambda: applied(next(names)), runs=runs)


def plan_of(size: int) -> str:
    """Return the name of the case."""
    return f"`plan`, nothing to do, {size:,} occurrences"


def looked(world: Path, server: Server) -> Run:
    """Measure a plan, and count its calls; raise RuntimeError where it has anything to do."""
    server.calls()
    found = run(reconciler("plan", "--detailed-exitcode"), world, server.environment)
    return replace(found, facts={"calls": float(len(server.calls()))})


def applied(folder: Path) -> Run:
    """Measure an apply into an empty world whose server takes its time, and minds its limits."""
    make_empty(folder, APPLIED)
    with serving(folder, qps=QPS, delay_s=DELAY_S) as server:
        point(folder, server)
        found = run(reconciler("apply", "--auto-approve"), folder, server.environment)
        calls = server.calls()
    refused = sum(call["status"] == THROTTLED for call in calls)
    most = max(sum(call["api"] == api for call in calls) for api in {call["api"] for call in calls})
    facts = {"calls": len(calls), "throttled": refused, "of the limit's time": found.wall_s / (most / QPS)}
    return replace(found, facts={**facts, "ms CPU a call": 1000 * found.cpu_s / len(calls)})


def targets() -> Iterator[Target]:
    """Yield what is aimed at."""
    for name in ("`--version`", "`--help`"):
        yield Target(name, "100 ms", lambda one: 1000 * one["wall_s"], 100)
        yield Target(name, "5.5 × bare", lambda one: one["ratio"], 5.5)
    yield Target(VALIDATED, "0.45 s CPU", lambda one: one["cpu_s"], 0.45)
    yield Target(VALIDATED, "2 × the load", lambda one: one["facts"]["of the load"], 2.0)
    yield Target(VALIDATED, "60 MiB", lambda one: one["rss_mib"], 60)
    plan, large = plan_of(SIZES[-1]), plan_of(LARGE)
    yield Target(plan, "1.0 s CPU", lambda one: one["cpu_s"], 1.0)
    yield Target(plan, "80 MiB", lambda one: one["rss_mib"], 80)
    for name, size in ((plan, SIZES[-1]), (large, LARGE)):
        calls = organizers(size)
        yield Target(name, f"a call an organiser ({calls})", lambda one: one["facts"]["calls"], calls)
    yield Target(large, "5 × that of 10,000", lambda one: one["facts"]["of 10,000"], 5)
    yield Target(large, "180 MiB", lambda one: one["rss_mib"], 180)
    apply = f"`apply`, {APPLIED} occurrences, 300 ms"
    yield Target(apply, "1.05 × the limit's time", lambda one: one["facts"]["of the limit's time"], 1.05)
    yield Target(apply, "nothing throttled", lambda one: one["facts"]["throttled"], 0)
    yield Target(apply, "2 ms CPU a call", lambda one: one["facts"]["ms CPU a call"], 2.0)


def table(found: Mapping[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        *heading(found),
        "| what | runs | CPU s | × `python -c pass` | wall s | MiB | counted |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in found["cases"].items():
        facts = ", ".join(f"{value:.4g} {fact}" for fact, value in one["facts"].items())
        numbers = f"{one['cpu_s']:.3f} | {one['ratio']:.1f} | {one['wall_s']:.2f} | {one['rss_mib']:.0f}"
        lines.append(f"| {name} | {one['runs']} | {numbers} | {facts} |")
    lines += ["", "| aim | at most | measured | met |", "| --- | --- | --- | --- |"]
    for target in targets():
        if target.case in found["cases"]:
            value = target.value(found["cases"][target.case])
            lines.append(
                f"| {target.case} | {target.words} | {value:.3g} | {'yes' if value <= target.most else '**no**'} |"
            )
    return lines


def say(text: str) -> None:
    """Tell what goes on."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--apply", action="store_true", help="an apply against 300 ms, too")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} occurrences, too; booking them takes an hour")
    parser.add_argument("--world", type=Path, default=cache_folder(), help="where booked worlds are kept")
    given = parser.parse_args(arguments)
    with ExitStack() as stack:
        found = rounds(
            partial(run, BARE, Path.cwd()),
            list(cases(stack, given.world, apply=given.apply, large=given.large, runs=given.runs)),
            given.runs,
            say,
        )
    cpu = {one.name: one.cpu_s for one in found}
    for one in found:
        if one.name == VALIDATED:
            one.facts["of the load"] = one.cpu_s / cpu[LOADED]
        if one.name == plan_of(LARGE):
            one.facts["of 10,000"] = one.cpu_s / cpu[plan_of(SIZES[-1])]
    tell("measured", table(keep("bench", found)))


if __name__ == "__main__":
    main()
