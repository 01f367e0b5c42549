"""The config as data: defaults resolved, groups expanded, people and rooms still by their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from reconciler.errors import Position, Problem
from reconciler.model.occurrence import Link, Settings
from reconciler.schedule.model import Schedule
from reconciler.schedule.pattern import Pattern


class ProviderKind(StrEnum):
    SANDBOX = "sandbox"
    DINGTALK = "dingtalk"


class LimiterKind(StrEnum):
    LOCAL = "local"
    FILE = "file"
    REDIS = "redis"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterSettings:
    """With whom the pace is shared. `path` is a folder, from the config's; "": one in the user's cache."""

    kind: LimiterKind = LimiterKind.LOCAL
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Where the meetings live. `qps` is calls per second and API; `monthly_quota` is of the whole organisation."""

    kind: ProviderKind = ProviderKind.SANDBOX
    endpoint: str = "https://api.dingtalk.com"
    qps: int = 20
    monthly_quota: int = 5000
    limiter: LimiterSettings = LimiterSettings()


class StateKind(StrEnum):
    LOCAL = "local"
    HTTP = "http"
    S3 = "s3"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSettings:
    """Where the state is kept. "" where the environment, or the backend's own default, decides. Never a secret."""

    kind: StateKind = StateKind.LOCAL
    address: str = ""
    lock_address: str = ""
    unlock_address: str = ""
    update_method: str = ""
    lock_method: str = ""
    unlock_method: str = ""
    skip_cert_verification: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    bucket: str = ""
    key: str = ""
    region: str = ""
    endpoint: str = ""
    dsn: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of `union_id`, `userid` and `mobile` is set; the latter two are resolved by DingTalk."""

    alias: str
    union_id: str | None = None
    userid: str | None = None
    mobile: str | None = None
    position: Position | None = field(default=None, compare=False, repr=False)  # no part of what is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    alias: str
    id: str
    capacity: int | None = None
    location: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPool:
    """Any `count` rooms that fit. `any` are aliases, () for all rooms of the config.

    `tags` and `location` narrow them; `capacity` is what each has to seat, None: the attendees, together;
    of named rooms that is no more than a preference.
    """

    any: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    location: str = ""
    capacity: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A person's alias among the attendees; groups are expanded already."""

    person: str
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What else a `change` says of one occurrence besides its time; None: as the meeting has it."""

    title: str | None = None
    description: str | None = None
    attendees: tuple[Invitation, ...] | None = None
    rooms: tuple[str, ...] | None = None
    pool: RoomPool | None = None  # instead of `rooms`


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One declared meeting. None for `description`, `attendees` and `rooms`: not declared, so not managed.

    People in `settings` are aliases. `overrides` has the keys of `schedule.changes`. Of `rooms` and `pool` one at most
    is there. More than `max_conflicts` occurrences for which the pool has no room are an error.
    """

    name: str
    title: str
    organizer: str
    schedule: Schedule
    position: Position
    description: str | None = None
    attendees: tuple[Invitation, ...] | None = None
    rooms: tuple[str, ...] | None = None
    pool: RoomPool | None = None
    max_conflicts: int = 0
    rooms_at: Position | None = None  # where its rooms stand
    notify: bool = True
    ui_lock: bool = False
    settings: Settings = field(default_factory=dict)
    overrides: Mapping[date | datetime, Override] = field(default_factory=dict)
    enabled: bool = True  # False: nothing of it is created, changed or cancelled
    protect: bool = False  # nothing of it is ever cancelled
    link: Link = Link.PER_OCCURRENCE
    pattern: Pattern | None = None  # of the one recurring event that it is; None: an event for each occurrence
    adopt: Mapping[datetime, str] = field(default_factory=dict)  # original local start → id of an event people made
    ignore: tuple[str, ...] = ()  # what is left to people once it is created; see reconciler.diff.compare.is_ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A window, both ends aware, `end` not part of it, in which nothing is applied unasked."""

    start: datetime
    end: datetime
    reason: str = ""

    def holds(self, now: datetime) -> bool:
        """Return whether `now` is in the window."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """How what no list told of is looked after, conferences and recurring events: how often, by how many calls."""

    every: timedelta = timedelta(hours=24)
    budget: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole, valid config. `root` is the folder it stands in; `warnings` are what validation found bearable."""

    root: Path
    workspace: str
    provider: Provider
    horizon: timedelta
    people: Mapping[str, Person]
    rooms: Mapping[str, Room]
    meetings: Mapping[str, Meeting]
    state: StateSettings = field(default_factory=StateSettings)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the people in each
    moved: Mapping[str, str] = field(default_factory=dict)  # old name → the name that the meeting has now
    freezes: tuple[Freeze, ...] = ()
    verify: Verify = field(default_factory=Verify)
    warnings: tuple[Problem, ...] = ()

    @property
    def room_aliases(self) -> dict[str, str]:
        """Return the aliases of rooms by their ids."""
        return {room.id: room.alias for room in self.rooms.values()}
