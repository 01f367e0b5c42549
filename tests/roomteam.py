"""A team with rooms of all kinds, and the server that has them, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.apply.outcome import Outcome
from reconciler.config.model import Config, Invitation, Meeting, Person, Provider, Room
from reconciler.dingtalk import Client, Credentials, Options, Secret, connect
from reconciler.dingtalk.retrying import Backoff
from reconciler.errors import Position
from reconciler.model.occurrence import Event, RoomStatus
from reconciler.plan.file import dumps, loads
from reconciler.sandbox import seed as seeds
from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.limits import Limits
from reconciler.schedule.model import Schedule
from reconciler.state.store import Store, local_store
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.carrying import apply_plan
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan
from reconciler.workflow.saved import check_saved

NOW = datetime(2026, 11, 29, tzinfo=UTC)  # a Sunday
PEOPLE = ("alice", "bob", "carol", "dave")
ROOMS = {
    "aurora": Room(alias="aurora", id="room-aurora", capacity=4, location="Hangzhou 3F", tags=("video",)),
    "borealis": Room(alias="borealis", id="room-borealis", capacity=8, location="Hangzhou 3F", tags=("video",)),
    "cirrus": Room(alias="cirrus", id="room-cirrus", capacity=6, location="Berlin", tags=("video",)),
    "dune": Room(alias="dune", id="room-dune", capacity=20, location="Hangzhou 1F"),
}


def meeting(name: str = "sync", start: str = "2026-01-05T10:00", **fields: Any) -> Meeting:
    """Return a weekly meeting of 45 minutes, in Shanghai, of alice and bob."""
    schedule = Schedule(
        start=datetime.fromisoformat(start),
        duration=timedelta(minutes=fields.pop("minutes", 45)),
        timezone="Asia/Shanghai",
        rule=fields.pop("rule", "FREQ=WEEKLY"),
    )
    base = Meeting(
        name=name,
        title=name.title(),
        organizer="alice",
        position=Position("meetings.yaml", 1, 1),
        attendees=(Invitation(person="bob"),),
        schedule=schedule,
    )
    return replace(base, **fields)


@dataclass
class RoomTeam:
    config: Config
    sandbox: Sandbox
    client: Client
    store: Store
    now: datetime = NOW

    def declare(self, *meetings: Meeting) -> None:
        self.config = replace(self.config, meetings={one.name: one for one in meetings})

    def plan(self, **question: Any) -> Planned:
        made = make_plan(self.config, self.client, self.store, Question(**question), now=self.now)
        remember_calls(self.store, self.client, now=self.now, rooms=made.state.rooms)
        return made

    def apply(self, planned: Planned | None = None, **more: Any) -> Outcome:
        return apply_plan(planned or self.plan(), self.client, self.store, clock=lambda: self.now, **more)

    def saved(self, planned: Planned) -> Planned:
        """Return a plan as it comes back from a file, checked against what is there now."""
        text = dumps(planned.plan, config=self.config, people=planned.people, state=self.store.load(), refresh="auto")
        return check_saved(*loads(text, where="plan.json"), self.config, self.client, self.store, now=self.now)

    def calls(self, *apis: str) -> list[str]:
        """Return the names of the calls so far, of `apis` alone if some are named."""
        found = [call["api"] for call in self.sandbox.control("calls")["calls"]]
        return [api for api in found if not apis or api in apis]

    def edit(self, action: str, **fields: Any) -> dict[str, Any]:
        return dict(self.sandbox.control("edits", {"action": action, **fields}))

    def rules(self, room: str, **rules: Any) -> None:
        self.edit("change_room", room=f"room-{room}", rules=rules)

    def occupy(self, room: str, start: str, end: str, who: str = "carol") -> str:
        """Let somebody else have a room, by local times; return the event."""
        times = {
            name: {"dateTime": f"{at}:00+08:00", "timeZone": "Asia/Shanghai"}
            for name, at in (("start", start), ("end", end))
        }
        made = self.edit("create_event", organizer=f"union-{who}", summary="Theirs", rooms=[f"room-{room}"], **times)
        return str(made["event"])

    def respond(self, event: str, room: str, status: str) -> None:
        self.edit("respond_room", event=event, room=f"room-{room}", status=status)

    def events(self) -> list[Event]:
        """Return our events, by start."""
        found = self.client.events.list(organizer="union-alice", since=NOW, show_deleted=False).events
        return sorted(
            (one for one in found if "reconciler:" in one.description), key=lambda one: (one.start, one.title)
        )

    def rooms(self) -> Mapping[str, list[str]]:
        """Return by title the rooms of our events, by start, as their aliases."""
        found: dict[str, list[str]] = {}
        for event in self.events():
            held = [room.room_id for room in event.rooms if room.status is not RoomStatus.DECLINED]
            found.setdefault(event.title, []).append(" ".join(room.removeprefix("room-") for room in sorted(held)))
        return found


@contextmanager
def room_team(
    folder: Path, rooms: Mapping[str, Room] = ROOMS, limits: Limits | None = None, qps: float = 20
) -> Iterator[RoomTeam]:
    config = Config(
        root=folder,
        workspace="acme",
        provider=Provider(),
        horizon=timedelta(days=14),
        people={name: Person(alias=name, union_id=f"union-{name}") for name in PEOPLE},
        rooms=dict(rooms),
        meetings={},
    )
    seed = seeds.Seed(
        people={f"union-{name}": seeds.Person(name=name, userid=name) for name in PEOPLE},
        rooms={
            room.id: seeds.RoomSeed(name=name, capacity=room.capacity or 0, location=room.location or "")
            for name, room in rooms.items()
        },
    )
    with Sandbox(folder / "server.db", clock=lambda: NOW, seed=seed, limits=limits or Limits()) as sandbox:
        keys = Credentials(app_key=sandbox.credentials.app_key, app_secret=Secret(sandbox.credentials.app_secret))
        quick = Options(qps=qps, backoff=Backoff(attempts=3, first_s=0.01, most_s=0.02))
        client = connect(sandbox.endpoint, keys, options=quick)
        yield RoomTeam(config=config, sandbox=sandbox, client=client, store=local_store(folder, "acme"))
