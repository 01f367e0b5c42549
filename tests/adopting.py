"""A team whose calendars have meetings that people made by hand, planned and applied in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from team import NOW, Team, union

from reconciler.adopting.writing import added_to
from reconciler.apply.outcome import Outcome
from reconciler.config import load
from reconciler.config.model import Config
from reconciler.diff.drift import Finding
from reconciler.model.occurrence import Event
from reconciler.plan.file import dumps, loads
from reconciler.state.store import Store, local_store
from reconciler.workflow.carrying import apply_plan
from reconciler.workflow.drift import look_for_drift
from reconciler.workflow.importing import Calendar, Imported, import_calendar
from reconciler.workflow.looking import Planned, Question
from reconciler.workflow.planning import make_plan
from reconciler.workflow.saved import check_saved

ZONE = "Asia/Shanghai"


@dataclass(slots=True, kw_only=True)
class Hands:
    """What people do in DingTalk, and what the program makes of it, without a process for each step."""

    team: Team
    now: datetime = NOW

    def create(
        self,
        title: str,
        start: str,
        minutes: int = 60,
        *,
        organizer: str = "alice",
        people: Iterable[str] = (),
        rooms: Iterable[str] = (),
        online: bool = False,
        **more: Any,
    ) -> str:
        """Make an event by hand at a local time; return its id."""
        begin = datetime.fromisoformat(start)
        fields = {
            "action": "create_event",
            "organizer": union(organizer),
            "summary": title,
            "start": {"dateTime": f"{begin.isoformat()}+08:00", "timeZone": ZONE},
            "end": {"dateTime": f"{(begin + timedelta(minutes=minutes)).isoformat()}+08:00", "timeZone": ZONE},
            "attendees": [{"id": union(who)} for who in people],
            "rooms": [f"room-{room}" for room in rooms],
            **({"onlineMeetingInfo": {"type": "dingtalk"}} if online else {}),
            **more,
        }
        return self.edit(**fields)

    def edit(self, **fields: Any) -> str:
        """Do by hand what the fields say; return the id of the event."""
        return str(self.team.sandbox.control("edits", fields)["event"])

    def declare(self, **meetings: Mapping[str, Any]) -> None:
        """Let the config have these meetings alone, named with dashes for underscores."""
        self.team.config["meetings"] = {name.replace("_", "-"): dict(one) for name, one in meetings.items()}

    def plan(self, *, forget: bool = False) -> Planned:
        self.team.write()
        return self.plan_of_file(forget=forget)

    def plan_of_file(self, *, forget: bool = False) -> Planned:
        """Return the plan for the config as it stands in its file."""
        config = load(self.team.folder / "meetings.yaml", now=self.now)
        store = local_store(self.team.folder, config.workspace)
        return make_plan(config, self.team.client, store, Question(forget=forget), now=self.now)

    def apply(self, planned: Planned) -> Outcome:
        config = load(self.team.folder / "meetings.yaml", now=self.now)
        store = local_store(self.team.folder, config.workspace)
        return apply_plan(planned, self.team.client, store, clock=lambda: self.now)

    def config(self) -> Config:
        self.team.write()
        return load(self.team.folder / "meetings.yaml", now=self.now)

    def store(self) -> Store:
        return local_store(self.team.folder, self.config().workspace)

    def drift(self) -> tuple[Finding, ...]:
        config = load(self.team.folder / "meetings.yaml", now=self.now)
        store = local_store(self.team.folder, config.workspace)
        return look_for_drift(config, self.team.client, store, Question(), now=self.now).findings

    def saved(self, planned: Planned) -> str:
        """Return the plan as the text of a file."""
        config = load(self.team.folder / "meetings.yaml", now=self.now)
        return dumps(planned.plan, config=config, people=planned.people, state=planned.state, refresh="auto")

    def of_saved(self, text: str) -> Planned:
        """Return a saved plan, checked against what is there now."""
        config = load(self.team.folder / "meetings.yaml", now=self.now)
        store = local_store(self.team.folder, config.workspace)
        return check_saved(*loads(text, where="plan"), config, self.team.client, store, now=self.now)

    def calls(self) -> list[str]:
        """Return the names of all calls that have been made, but for tokens."""
        return [one["api"] for one in self.team.sandbox.control("calls")["calls"] if one["api"] != "token"]

    def event(self, event_id: str, organizer: str = "alice") -> Event:
        return self.team.client.events.get(organizer=union(organizer), event_id=event_id)


def calls_of(planned: Planned) -> list[str]:
    return [operation.call.value for operation in planned.plan.operations]


def reasons(planned: Planned) -> set[str]:
    return {one.change.reason for one in planned.plan.changes}


def look(hands: Hands, organizer: str = "alice", days: int = 365, *, since: datetime = NOW) -> Imported:
    """Return what `import` makes of what people have made."""
    path = hands.team.folder / "meetings.yaml"
    config = load(path, now=hands.now)
    state = local_store(hands.team.folder, config.workspace).load()
    asked = Calendar(organizer=organizer, since=since, until=since + timedelta(days=days))
    return import_calendar(config, path, hands.team.client, state, asked, now=hands.now)


def write_into(hands: Hands, found: Imported) -> str:
    """Write what was found into the config, as `import --write` does; return its text."""
    path = hands.team.folder / "meetings.yaml"
    text = added_to(path.read_text(encoding="utf-8"), found.tree, found.remarks, where=str(path))
    path.write_text(text, encoding="utf-8")
    return text
