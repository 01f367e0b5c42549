"""Whether everything is as declared: judged by the server's own dump, field by field."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from chaos.workload import union
from chaos.world import Json, World

from reconciler.config import load
from reconciler.config.model import Config
from reconciler.desired import desired
from reconciler.model.marker import parse_description
from reconciler.model.occurrence import Key, Occurrence

# What the workloads declare: where the server keeps it, and as which code. One can be read back, the other can't.
SETTINGS: dict[str, tuple[str, str, dict[Any, Any]]] = {
    "waiting_room": ("moziConfVirtualExtraSetting", "waitingRoom", {False: 0, True: 1}),
    "recording.layout": ("moziConfOpenRecordSetting", "mode", {"grid": "grid", "speech": "speech"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an undisturbed run after a fault came to."""

    faults: tuple[str, ...] = ()  # what is wrong, in words
    duplicates: int = 0
    orphans: int = 0  # conferences that nobody uses, all of them reported
    writes: int = 0


def converge(world: World, *arguments: str) -> Verdict:
    """Apply undisturbed, once, and return what of the declaration is not fulfilled."""
    world.interceptor.arm(None)
    before = world.writes()
    done = world.apply(*arguments)
    faults = [] if done.code == 0 else [f"apply ended with {done.code}: {done.err}{_told(done.out)}"]
    writes = world.writes() - before
    plan = world.run("plan", "--json", "--detailed-exitcode")
    if plan.code != 0:
        faults.append(f"the second plan ended with {plan.code}: {plan.err}{_told(plan.out)}")
    reported = done.json["orphans"] if done.out.startswith("{") else []
    verdict = judge(world, reported)
    return Verdict(
        faults=(*faults, *verdict.faults), duplicates=verdict.duplicates, orphans=verdict.orphans, writes=writes
    )


def _told(text: str) -> str:
    """Return what went wrong in a document of plan or apply, short."""
    document = json.loads(text) if text.startswith("{") else {}
    wrong = [one for one in document.get("results", ()) if one["status"] != "done"]
    changes = [(one["address"], one["fields"]) for one in document.get("changes", ())]
    return str([*wrong, *document.get("failures", ()), *changes])


def judge(world: World, reported: list[Json]) -> Verdict:
    """Return what differs between the server's dump and the declaration; `reported` are the orphans of the run."""
    world.write()
    config = load(world.folder / "meetings.yaml", now=world.now)
    wanted = _declared(world, config)
    faults: list[str] = []
    events = world.events()
    conferences = {one["id"]: one for one in world.conferences()}
    by_key: dict[Key, list[Json]] = {}
    for event in events:
        marker = parse_description(event["description"]).marker
        if marker is not None and marker.workspace == config.workspace:
            by_key.setdefault(marker.key, []).append(event)
    duplicates = sum(len(found) - 1 for found in by_key.values())
    if duplicates:
        faults.append(f"{duplicates} duplicates")
    for want in wanted:
        found = by_key.pop(want.key, [])
        if found:
            faults.extend(_compare(want, found[0], conferences))
        elif want.start < world.now + config.horizon:
            faults.append(f"{want.key} is missing")
    faults.extend(
        f"{key} is there undeclared"
        for key, found in by_key.items()
        if _moment(found[0], "start") > world.now
        and key.original > (world.now + timedelta(hours=8)).replace(tzinfo=None)
    )
    if world.foreign_now() != world.foreign:
        faults.append("a foreign event was changed")
    faults.extend(_held_twice(events))
    lost, orphans = _orphans(events, conferences, reported)
    faults.extend(lost)
    return Verdict(faults=tuple(faults), duplicates=duplicates, orphans=orphans)


def _declared(world: World, config: Config) -> tuple[Occurrence, ...]:
    people = {alias: union(alias) for alias in config.people}
    return desired(config, people, after=world.now + timedelta(seconds=1), before=world.now + timedelta(days=60))


def _compare(want: Occurrence, event: Json, conferences: dict[str, Json]) -> list[str]:
    """Return how one event differs from the declaration."""
    text = parse_description(event["description"])
    marker = text.marker
    assert marker is not None
    conference = conferences.get(marker.conference)
    pairs: list[tuple[str, Any, Any]] = [
        ("title", want.title, event["summary"]),
        ("organizer", want.organizer, event["organizer"]["id"]),
        ("start", want.start, _moment(event, "start")),
        ("end", want.end, _moment(event, "end")),
        ("conference", True, conference is not None),
    ]
    if want.description is not None:
        pairs.append(("description", want.description, text.body))
    if want.rooms is not None:
        rooms = [room["roomId"] for room in event["meetingRooms"] if room["responseStatus"] != "declined"]
        pairs.append(("rooms", sorted(want.rooms), sorted(rooms)))
    if want.attendees is not None:
        people = sorted((one["id"], one["isOptional"]) for one in event["attendees"] if not one["self"])
        pairs.append(("attendees", sorted((one.union_id, one.optional) for one in want.attendees), people))
    if conference is not None:
        pairs += [
            ("conference title", want.title, conference["title"]),
            ("conference start", want.start, datetime.fromtimestamp(conference["start"] / 1000, UTC)),
            ("conference end", want.end, datetime.fromtimestamp(conference["end"] / 1000, UTC)),
            ("conference creator", want.organizer, conference["creator"]),
            ("link", conference["url"], text.link),
        ]
        stored = conference["settings"]
        pairs += [
            (path, code[want.settings[path]], stored.get(block, {}).get(name))
            for path, (block, name, code) in SETTINGS.items()
            if path in want.settings
        ]
    return [f"{want.key}: {name} is {have!r}, not {wish!r}" for name, wish, have in pairs if wish != have]


def _moment(event: Json, side: str) -> datetime:
    return datetime.fromisoformat(event[side]["dateTime"])


def _held_twice(events: list[Json]) -> list[str]:
    holds: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for event in events:
        for room in event["meetingRooms"]:
            if room["responseStatus"] != "declined":
                holds.setdefault(room["roomId"], []).append(
                    (_moment(event, "start"), _moment(event, "end"), event["id"])
                )
    found = []
    for room, spans in holds.items():
        spans.sort()
        found += [f"{room} is held twice at {later[0]}" for earlier, later in pairwise(spans) if later[0] < earlier[1]]
    return found


def _orphans(events: list[Json], conferences: dict[str, Json], reported: list[Json]) -> tuple[list[str], int]:
    """Return what was lost without a report, and how many conferences nobody uses."""
    markers = [parse_description(event["description"]).marker for event in events]
    used = Counter(marker.conference for marker in markers if marker is not None)
    faults = [f"conference {one} is used {count} times" for one, count in used.items() if count > 1]
    known = Counter((one["organizer"], one["title"], datetime.fromisoformat(one["start"])) for one in reported)
    unused = [one for identifier, one in conferences.items() if identifier not in used]
    for one in unused:
        name = (one["creator"], one["title"], datetime.fromtimestamp(one["start"] / 1000, UTC))
        if known[name] > 0:
            known[name] -= 1
        else:
            faults.append(f"conference {one['title']!r} of {one['creator']} is left behind, and nobody was told")
    return faults, len(unused)
