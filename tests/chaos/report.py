"""Make docs/reliability.md: order every fault, kill at every call, and count what came of it.

Usage: python tests/chaos/report.py [FILE]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos import workload
from chaos.faults import LASTING, ONCE, RANDOM, UNDISTURBED_WRITES, suffer
from chaos.interceptor import Kill
from chaos.oracle import Verdict, converge
from chaos.runner import Runner
from chaos.world import Snapshot, World, opened, snapshot_of

CALLS = 34
TARGET = Path(__file__).parents[2] / "docs" / "reliability.md"
Case = Callable[[World], tuple[Verdict, int, int]]  # → verdict, faults that struck, calls wasted


@dataclass(slots=True)
class Row:
    runs: int = 0
    struck: int = 0
    converged: int = 0
    duplicates: int = 0
    orphans: int = 0
    wasted: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict, struck: int, wasted: int) -> None:
        self.runs += 1
        self.struck += struck
        self.converged += not verdict.faults
        self.duplicates += verdict.duplicates
        self.orphans += verdict.orphans
        self.wasted += wasted
        self.wrong += verdict.faults

    def cells(self) -> Iterator[int]:
        yield from (self.runs, self.struck, self.converged, self.duplicates, self.orphans, self.wasted)


def _killed(kill: Kill) -> Case:
    def run(world: World) -> tuple[Verdict, int, int]:
        world.config = workload.edited(world.config)
        before = world.writes()
        world.killed(kill, "--parallelism", "1")
        verdict = converge(world)
        return verdict, 1, world.writes() - before - UNDISTURBED_WRITES

    return run


def _cases() -> Iterator[tuple[str, str, Case]]:
    for after in (False, True):
        for index in range(1, CALLS + 1):
            yield f"kill -9 {'after' if after else 'before'} the call", "every call", _killed(Kill(index, after))
    for case in (*ONCE, *LASTING, *RANDOM):

        def run(world: World, case: object = case) -> tuple[Verdict, int, int]:
            told = suffer(world, case)  # type: ignore[arg-type]  # bound as a default, so that each has its own
            return told.verdict, told.hits, told.wasted

        api = case.api if case.api != "*" else "a fifth of all calls"
        yield case.kind if case.api != "*" else "any", api, run


def _run(number: int, case: Case, runner: Runner, applied: Snapshot, root: Path) -> tuple[Verdict, int, int]:
    world = opened(root / str(number), runner, snapshot=applied)
    with world.sandbox:
        return case(world)


def _table(head: str, rows: Iterable[tuple[str, Row]]) -> str:
    lines = [f"| {head} | runs | faults | converged | duplicates | orphans, all reported | calls wasted |"]
    lines.append("| --- " + "| ---: " * 6 + "|")
    lines += [f"| {name} | " + " | ".join(map(str, row.cells())) + " |" for name, row in rows]
    return "\n".join(lines)


TEXT = """# Reliability

`make chaos-report` makes this page. Each run applies an edit that contains everything: creations, updates, a move, a
swap of rooms, a cancellation, settings, people, and a meeting that changes hands. That takes {calls} calls, {writes}
of which write. It is applied under a fault, and then once more undisturbed. A run has *converged* if the second
apply succeeds, the plan after it is empty, the server's own dump equals the declaration field by field, other
people's events are byte for byte as before, no room is held twice, and every conference is used by one event, or
reported.

*Orphans* are conferences that were created although the answer never arrived. DingTalk can't list conferences, so
they are reported (`reconciler state orphans`), never guessed. *Calls wasted* are writing calls beyond the {writes}
that an undisturbed run needs, in both applies together: repeats of what may or may not have been done, and refused
attempts.

{verdict}

## By kind

{kinds}

`error_*` answers with status 500; `*_before` did nothing; `*_after` was carried out, but the answer was lost. Each
kind strikes each API once, and in further runs every call of that API. `any` strikes a fifth of all calls at random,
with {seeds} seeds.

## By API

{apis}

## What else is tested

`make chaos` runs these cases, and: a kill at every moment that makes something last on the disk; kills with other
calls in flight, and several kills in a row; the state deleted, cut short or one run old after a crash; two and five
runs at once; two checkouts of one workspace; two workspaces with shared rooms; arbitrary states, journals and
answers; and weeks in the life of a team (a state machine of edits, hand-made changes, faults, crashes and passing
days).
"""


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    kinds: dict[str, Row] = defaultdict(Row)
    apis: dict[str, Row] = defaultdict(Row)
    cases = list(_cases())
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "runs").mkdir()
        runner = Runner(root / "runs")
        applied = snapshot_of(root / "base", runner)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            told = [pool.submit(_run, n, case, runner, applied, root) for n, (_, _, case) in enumerate(cases)]
            for (kind, api, _), future in zip(cases, told, strict=True):
                kinds[kind].add(*future.result())
                apis[api].add(*future.result())
        runner.close()
    total = Row()
    for row in kinds.values():
        total.runs += row.runs
        total.converged += row.converged
        total.duplicates += row.duplicates
        total.orphans += row.orphans
        total.wrong += row.wrong
    verdict = (
        f"**{total.converged} of {total.runs} runs converged; {total.duplicates} duplicates, "
        f"{total.orphans} orphans, all of them reported; no foreign event was touched and nothing was lost.**"
        if not total.wrong
        else "\n".join(["**Not all runs converged:**", "", *(f"- {one}" for one in total.wrong)])
    )
    text = TEXT.format(
        calls=CALLS,
        writes=UNDISTURBED_WRITES,
        verdict=verdict,
        seeds=len(RANDOM),
        kinds=_table("fault", kinds.items()),
        apis=_table("at", apis.items()),
    )
    target.write_text(text, encoding="utf-8")
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
