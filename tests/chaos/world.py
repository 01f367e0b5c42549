"""A folder with a config, a server with faults, and runs of the command line between them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from chaos import workload
from chaos.interceptor import Interceptor, Kill
from chaos.runner import Done, Run, Runner

from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.limits import Limits

Json = dict[str, Any]
WRITES = (
    "conference.create",
    "conference.update",
    "conference.settings",
    "conference.cancel",
    "event.create",
    "event.update",
    "event.delete",
    "attendees.add",
    "attendees.remove",
    "rooms.book",
    "rooms.release",
)


@dataclass(slots=True, kw_only=True)
class World:
    folder: Path
    sandbox: Sandbox
    interceptor: Interceptor
    runner: Runner
    config: workload.Config
    foreign: str = ""  # the foreign events as they were, as text
    environment: dict[str, str] = field(default_factory=dict)  # what a run finds besides its credentials
    now: datetime = workload.NOW

    @property
    def state(self) -> Path:
        return self.folder / ".reconciler" / "state.json"

    @property
    def journal(self) -> Path:
        return self.folder / ".reconciler" / "journal.jsonl"

    def start(self, *arguments: str, **more: Any) -> Run:
        self.write()
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "DINGTALK_APP_KEY": self.sandbox.credentials.app_key,
            "DINGTALK_APP_SECRET": self.sandbox.credentials.app_secret,
            "RECONCILER_NOW": self.now.isoformat(),
            "NO_COLOR": "1",
            **self.environment,
        }
        return self.runner.start(*arguments, cwd=self.folder, environment=environment, **more)

    def run(self, *arguments: str, **more: Any) -> Done:
        done = self.runner.wait(self.start(*arguments, **more))
        assert "Traceback" not in done.err, done.err
        assert "unexpected" not in done.err, done.err
        return done

    def apply(self, *arguments: str, **more: Any) -> Done:
        return self.run("apply", "-y", "--json", *arguments, **more)

    def killed(self, kill: Kill, *arguments: str) -> Done:
        """Apply, and die at `kill`."""
        self.interceptor.arm(kill)
        run = self.start("apply", "-y", "--json", *arguments)
        self.interceptor.aim(run.pid)
        done = self.runner.wait(run)
        self.interceptor.arm(None)
        return done

    @contextmanager
    def faults(self, *orders: Json) -> Iterator[None]:
        """Let these faults strike for as long as the block runs."""
        for order in orders:
            self.sandbox.control("faults", order)
        try:
            yield
        finally:
            self.sandbox.control("faults", method="DELETE")

    def write(self) -> None:
        text = yaml.safe_dump(self.config, sort_keys=False)
        path = self.folder / "meetings.yaml"
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # another run may be reading it
            path.write_text(text, encoding="utf-8")

    def events(self) -> list[Json]:
        """Return the live events."""
        return [event for event in self.sandbox.control("events")["events"] if event["status"] != "cancelled"]

    def conferences(self) -> list[Json]:
        """Return the conferences that can be joined."""
        return [one for one in self.sandbox.control("conferences")["conferences"] if not one["cancelled"]]

    def writes(self) -> int:
        """Return how many calls that write the server has seen."""
        return sum(call["api"] in WRITES for call in self.sandbox.control("calls")["calls"])

    def edit(self, **document: Any) -> Json:
        """Do something by hand in DingTalk."""
        return dict(self.sandbox.control("edits", document))

    def foreign_now(self) -> str:
        """Return what the events of others look like; those that were there from the start, once there is a start."""
        known = {one["id"] for one in json.loads(self.foreign)} if self.foreign else None
        found = [one for one in self.events() if (one["id"] in known if known is not None else not ours(one))]
        return json.dumps(found, sort_keys=True)


def ours(event: Json, workspaces: tuple[str, ...] = ("acme",)) -> bool:
    from reconciler.model.marker import parse_description

    marker = parse_description(event["description"]).marker
    return marker is not None and marker.workspace in workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A server's file and a folder, to begin from again and again."""

    server: Path
    folder: Path
    config: workload.Config
    foreign: str


def opened(
    root: Path, runner: Runner, *, snapshot: Snapshot | None = None, clock: Callable[[], datetime] | None = None
) -> World:
    """Return a world in `root`, new or from `snapshot`; its sandbox has to be stopped."""
    root.mkdir(parents=True, exist_ok=True)
    folder = root / "repository"
    if snapshot is None:
        folder.mkdir()
    else:
        shutil.copy(snapshot.server, root / "server.db")
        shutil.copytree(snapshot.folder, folder)
    started = datetime.now(UTC)
    sandbox = Sandbox(
        root / "server.db",
        clock=clock or (lambda: workload.NOW + (datetime.now(UTC) - started)),
        seed=workload.seed(),
        limits=Limits(qps=None, address_calls=None, monthly_quota=None),
    )
    interceptor = Interceptor(sandbox.app.wsgi_app)
    sandbox.app.wsgi_app = interceptor  # type: ignore[assignment]  # Flask's documented way
    world = World(
        folder=folder,
        sandbox=sandbox,
        interceptor=interceptor,
        runner=runner,
        config=workload.base(sandbox.endpoint) if snapshot is None else deepcopy(snapshot.config),
    )
    world.config["provider"]["endpoint"] = sandbox.endpoint
    if snapshot is None:
        for event in workload.foreign_events():
            sandbox.control("edits", event)
        world.foreign = world.foreign_now()
    else:
        world.foreign = snapshot.foreign
    return world


def snapshot_of(root: Path, runner: Runner) -> Snapshot:
    """Return a snapshot in which the base config has been applied undisturbed."""
    world = opened(root, runner)
    with world.sandbox:
        done = world.apply()
        assert done.code == 0, done.err + done.out
    return Snapshot(
        server=root / "server.db", folder=world.folder, config=deepcopy(world.config), foreign=world.foreign
    )
