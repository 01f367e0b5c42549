"""Processes, measured: CPU, wall time and memory of each, and medians beside a bare baseline of the same rounds."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_SHOWN = 2_000  # characters of what a failed process said


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one process took; `facts` is what else was counted of it."""

    cpu_s: float
    wall_s: float
    rss_mib: float
    facts: Mapping[str, float] = field(default_factory=dict)


# A child counts the memory of whoever it was forked from before it became another program: something small starts it.
_START = """
import os, sys, time
began = time.monotonic()
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
wall = time.monotonic() - began
with open(sys.argv[1], "w") as file:
    print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, file=file)
"""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end and return what it took, with its children; raise RuntimeError if it fails.

    The command begins with the path of a program. Memory is that of its largest process; less than 10 MiB isn't seen.
    What Python compiles is kept, as an installation would: else every start compiles all sources anew.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as temporary:
        told = Path(temporary) / "told"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _START, str(told), *command],
            cwd=folder,
            env={**inherited, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
        code, cpu, wall, rss = told.read_text(encoding="utf-8").split()
    if code != "0":
        text = done.stdout.decode(errors="replace")[-LONGEST_SHOWN:]
        raise RuntimeError(f"{' '.join(command)} failed ({code}):\n{text}")
    return Run(cpu_s=float(cpu), wall_s=float(wall), rss_mib=float(rss))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something to measure. `runs` says how often, where that is not as often as everything else."""

    name: str
    measure: Callable[[], Run]
    runs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """Medians of a case. `ratio` is its CPU by that of the baseline in the same rounds."""

    name: str
    runs: int
    cpu_s: float
    wall_s: float
    rss_mib: float
    ratio: float
    facts: dict[str, float]


def rounds(baseline: Callable[[], Run], cases: Sequence[Case], runs: int, say: Callable[[str], None]) -> list[Median]:
    """Measure all cases in turn, `runs` times over, each beside a baseline of its own; return the medians."""
    bare: dict[str, list[Run]] = {case.name: [] for case in cases}
    found: dict[str, list[Run]] = {case.name: [] for case in cases}
    for number in range(runs):
        for case in cases:
            if number < (case.runs or runs):
                bare[case.name].append(baseline())
                found[case.name].append(case.measure())
                say(f"{number + 1} of {case.runs or runs}: {case.name}: {found[case.name][-1].cpu_s:.2f} s CPU")
    return [_median(case.name, found[case.name], bare[case.name]) for case in cases]


def _median(name: str, found: Sequence[Run], bare: Sequence[Run]) -> Median:
    cpu = statistics.median(one.cpu_s for one in found)
    facts = {key: statistics.median(one.facts[key] for one in found) for key in found[0].facts}
    return Median(
        name=name,
        runs=len(found),
        cpu_s=cpu,
        wall_s=statistics.median(one.wall_s for one in found),
        rss_mib=statistics.median(one.rss_mib for one in found),
        ratio=cpu / statistics.median(one.cpu_s for one in bare),
        facts=facts,
    )


def machine() -> str:
    """Return what this was measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores ({model})"
