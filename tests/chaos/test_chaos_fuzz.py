"""Whatever state, journal or answers hold: text and an exit code, and no write after a failed read."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import yaml
from chaos import workload
from chaos.oracle import converge
from chaos.world import WRITES, World

Json = Any
SEEDS = 40
LEAVES: tuple[Json, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\x1b[2J",
    "2026-11-30T10:00:00+08:00",
    [],
    {},
    [[]],
)


def mutated(value: Json, chance: random.Random) -> Json:
    """Return `value` with one place in it replaced by something else, removed, or doubled."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        if chance.random() < 0.15:
            return {other: one for other, one in value.items() if other != name}
        return {**value, name: mutated(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        index = chance.randrange(len(value))
        if chance.random() < 0.1:
            return [*value, value[index]]
        return [*value[:index], mutated(value[index], chance), *value[index + 1 :]]
    return chance.choice(LEAVES)


def scrambled(text: bytes, chance: random.Random) -> bytes:
    """Return `text` with some bytes replaced, or a piece of it missing or doubled."""
    start = chance.randrange(len(text))
    end = min(len(text), start + chance.randrange(1, 60))
    piece = chance.choice((b"", bytes(chance.randrange(256) for _ in range(8)), text[start:end] * 2))
    return text[:start] + piece + text[end:]


@pytest.mark.parametrize("seed", [0, pytest.param(range(1, SEEDS), marks=pytest.mark.chaos)], ids=str)
def test_any_state_file(world: World, seed: int | range) -> None:
    original = world.state.read_bytes()
    for number in seed if isinstance(seed, range) else [seed]:
        chance = random.Random(number)
        document = json.dumps(mutated(json.loads(original), chance)).encode()
        world.state.write_bytes(document if chance.random() < 0.7 else scrambled(original, chance))
        before = world.events()
        done = world.apply()
        assert done.code in {0, 1}, done.err
        assert done.code == 0 or done.err.startswith("error: ") or done.json["failures"], done.err
        if done.code == 1:
            assert world.events() == before
        world.state.write_bytes(original)
        world.journal.unlink(missing_ok=True)
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)


@pytest.mark.parametrize("seed", [0, pytest.param(range(1, SEEDS), marks=pytest.mark.chaos)], ids=str)
def test_any_journal(world: World, seed: int | range) -> None:
    key = "sync@2026-11-30T10:00"
    original = world.state.read_bytes()
    entry = json.loads(original)["occurrences"][key]
    begin = {"begin": "1", "call": "event.update", "address": key, "organizer": "union-alice", "title": "t"}
    begin |= {"start": "2026-11-30T10:00:00+08:00", "at": "2026-11-29T00:00:00+00:00"}
    lines = [begin, {"end": "1", "address": key, "entry": entry}, {**begin, "begin": "2"}]
    for number in seed if isinstance(seed, range) else [seed]:
        chance = random.Random(number)
        text = b"".join(json.dumps(mutated(line, chance)).encode() + b"\n" for line in lines)
        world.journal.write_bytes(text if chance.random() < 0.6 else scrambled(text, chance))
        before = world.events()
        done = world.apply()
        # An organiser who exists nowhere can't be read, which fails the run; what can be read is as it was.
        assert done.code == 0 or (done.code == 1 and done.json["failures"]), done.err + done.out
        assert world.events() == before
        world.state.write_bytes(original)
        world.journal.unlink(missing_ok=True)
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)


@pytest.mark.parametrize("seed", [0, pytest.param(range(1, SEEDS), marks=pytest.mark.chaos)], ids=str)
def test_any_config(world: World, seed: int | range) -> None:
    """What is no config says where and changes nothing; what still is one is carried out, or refused whole."""
    original = yaml.safe_dump(world.config, sort_keys=False)
    for number in seed if isinstance(seed, range) else [seed]:
        chance = random.Random(number)
        other = yaml.safe_dump(mutated(world.config, chance), sort_keys=False, allow_unicode=True).encode()
        (world.folder / "other.yaml").write_bytes(
            other if chance.random() < 0.6 else scrambled(original.encode(), chance)
        )
        before, writes = world.events(), world.writes()
        done = world.run("plan", "-c", "other.yaml", "--json")
        assert done.code in {0, 1}, done.err
        assert done.code == 0 or "other.yaml:" in done.err or done.json["failures"], done.err
        valid = world.run("validate", "-c", "other.yaml")
        assert valid.code in {0, 1}
        assert valid.code == 0 or "other.yaml" in valid.err + valid.out
        assert (world.events(), world.writes()) == (before, writes)
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)


@pytest.mark.parametrize("seed", [0, pytest.param(range(1, SEEDS), marks=pytest.mark.chaos)], ids=str)
def test_any_saved_plan(world: World, seed: int | range) -> None:
    """A plan that was tampered with is refused, and changes nothing."""
    world.config = workload.edited(world.config)
    assert world.run("plan", "--out", "plan.json").code == 0
    path = world.folder / "plan.json"
    original = path.read_bytes()
    for number in seed if isinstance(seed, range) else [seed]:
        chance = random.Random(number)
        document = json.dumps(mutated(json.loads(original), chance)).encode()
        path.write_bytes(document if chance.random() < 0.7 else scrambled(original, chance))
        if json.loads(original) == _document(path.read_bytes()):
            continue
        before, writes = world.events(), world.writes()
        for command in (("show", "plan.json"), ("apply", "plan.json", "--json")):
            done = world.run(*command)
            assert done.code == 1
            assert done.err.startswith("error: "), done.err
        assert (world.events(), world.writes()) == (before, writes)
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)


def _document(text: bytes) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return None


MAKES_OR_ENDS = {"conference.create", "conference.cancel", "event.create", "event.delete"}
READS = {
    "token": "/v1.0/oauth2/accessToken",
    "event.list": "/calendars/primary/events",
    "conference.info": "/infos",
    "settings": "/scheduleConferences/settings",
}


@pytest.mark.parametrize("api", READS)
@pytest.mark.parametrize("seed", [0, pytest.param(range(1, SEEDS // 2), marks=pytest.mark.chaos)], ids=str)
def test_any_answer_to_a_read(world: World, api: str, seed: int | range) -> None:
    """Whatever a read answers: text, an exit code, and nothing is created or cancelled for what it hides."""
    answers = recorded(world, READS[api])
    assert answers
    for number in seed if isinstance(seed, range) else [seed]:
        chance = random.Random(number)
        wrong = json.dumps(mutated(json.loads(chance.choice(answers)), chance)).encode()
        wrong = wrong if chance.random() < 0.8 else scrambled(wrong, chance)
        command = ("plan", "--refresh", "full") if number % 2 else ("apply", "-y", "--refresh", "full")

        def instead(method: str, path: str, wrong: bytes = wrong) -> bytes | None:
            reads = method == ("POST" if api == "token" else "GET")
            return wrong if reads and path.endswith(READS[api]) else None

        world.interceptor.instead = instead
        since = len(world.sandbox.control("calls")["calls"])
        plan = world.run(*command, "--json")
        assert plan.code in {0, 1, 3}
        calls = [call["api"] for call in world.sandbox.control("calls")["calls"][since:]]
        assert not set(WRITES if command[0] == "plan" else MAKES_OR_ENDS) & set(calls)
        if plan.code == 1 and not plan.out:
            assert plan.err.startswith("error: ")
    world.interceptor.instead = None
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)


def recorded(world: World, path: str) -> list[bytes]:
    """Return what the server answers at `path`, from a run that asks it."""
    bodies: list[bytes] = []
    inner = world.interceptor._app

    def listening(environment: dict[str, Any], respond: Any) -> Any:
        answer = list(inner(environment, respond))
        if environment["PATH_INFO"].endswith(path) and environment["REQUEST_METHOD"] != "PUT":
            bodies.append(b"".join(answer))
        return answer

    world.interceptor._app = listening
    assert world.run("plan", "--json", "--refresh", "full").code == 0
    world.interceptor._app = inner
    return bodies


WRITE_ANSWERS: tuple[Json, ...] = (
    {},
    [],
    None,
    {"id": 5},
    {"id": ""},
    {"conferenceId": None},
    {"success": False},
    "text",
)


@pytest.mark.parametrize(
    "answer", [{}, *(pytest.param(one, marks=pytest.mark.chaos) for one in WRITE_ANSWERS[1:])], ids=str
)
def test_any_answer_to_a_write(world: World, answer: Json) -> None:
    """The write never happened, whatever the answer pretends: the next run makes up for it."""
    world.config = workload.edited(world.config)
    body = json.dumps(answer).encode()
    world.interceptor.instead = lambda method, path: (
        None if method == "GET" or path.endswith("accessToken") or "query" in path else body
    )
    done = world.apply()
    assert done.code in {0, 1}
    world.interceptor.instead = None
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)
