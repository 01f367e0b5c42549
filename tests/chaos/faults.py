"""The faults to order, by kind and API, and what a run under them came to."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chaos import workload
from chaos.oracle import Verdict, converge
from chaos.world import WRITES, Json, World

KINDS = (
    "drop_before",
    "drop_after",
    "error_before",
    "error_after",
    "html_503",
    "html_404",
    "delay",
    "cut_json",
    "wrong_json",
    "qps",
    "ban",
    "quota",
    "token_expired",
)
APIS = ("token", "event.list", "conference.info", "conference.settings.get", *WRITES)
SHARE = 0.2
SEEDS = 20
READ_S = 0.4  # what the client waits for an answer under a delay
DELAY_S = 0.8
UNDISTURBED_WRITES = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault order. `api` `*` is every API, at random; `lasting`: it strikes every time, not once."""

    kind: str
    api: str
    seed: int = 0
    lasting: bool = False

    def __str__(self) -> str:
        name = f"{self.kind}-{self.api}" if self.api != "*" else f"random-{self.seed}"
        return f"{name}-lasting" if self.lasting else name

    def orders(self) -> list[Json]:
        if self.api != "*":
            return [
                {
                    "api": self.api,
                    "kind": self.kind,
                    "delay_s": DELAY_S,
                    "times": None if self.lasting else 1,
                    "seed": 0,
                }
            ]
        # Orders are asked one after the other; each takes its share of what the ones before it let pass.
        kinds = [kind for kind in KINDS if kind != "quota"]
        return [
            {
                "api": "*",
                "kind": kind,
                "times": None,
                "probability": SHARE / len(kinds),
                "delay_s": DELAY_S,
                "seed": self.seed * 100 + number,
            }
            for number, kind in enumerate(kinds)
        ]


ONCE = tuple(Case(kind=kind, api=api) for kind in KINDS for api in APIS)
LASTING = tuple(Case(kind=kind, api=api, lasting=True) for kind in KINDS for api in APIS)
RANDOM = tuple(Case(kind="any", api="*", seed=seed) for seed in range(SEEDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a case came to. `wasted`: calls that wrote, beyond those that an undisturbed run needs."""

    code: int
    hits: int
    verdict: Verdict
    wasted: int


def suffer(world: World, case: Case) -> Told:
    """Apply under faults, then undisturbed."""
    world.config = workload.edited(world.config)
    before = world.writes()
    with world.faults(*case.orders()):
        done = world.apply(read_s=READ_S)
        hits = sum(order["hits"] for order in world.sandbox.control("faults")["faults"])
    if case.kind in {"delay", "any"}:
        time.sleep(DELAY_S)  # what is still being carried out would disturb
    verdict = converge(world)
    wasted = world.writes() - before - UNDISTURBED_WRITES
    return Told(code=done.code, hits=hits, verdict=verdict, wasted=wasted)
