"""The values that flow through the program: desired and observed occurrences and what they are made of.

All of them are frozen. People are union ids, rooms are room ids; the aliases of the config end at
`reconciler.desired`. Instants are aware datetimes, in the zone of their meeting where it is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.errors import ReconcilerError
from reconciler.schedule.pattern import Recurrence

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
_LOCAL_LENGTH = len("YYYY-MM-DDTHH:MM")


def parse_local(text: str) -> datetime:
    """Return the naive local time that `text` writes as `YYYY-MM-DDTHH:MM`, and in no other way. Raises ValueError."""
    if len(text) != _LOCAL_LENGTH or text[10] != "T" or not text.isascii():
        raise ValueError(text)
    return datetime.fromisoformat(text)  # strptime takes ten times as long, and there are many


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The identity of an occurrence: its meeting and its original local start (naive, whole minutes).

    The original start is the one that the recurrence rule gives; a `change` may move the occurrence, not its key.
    """

    meeting: str
    original: datetime
    series: bool = False  # all occurrences from there on, as one recurring event

    def moved(self, names: Mapping[str, str]) -> Key:
        """Return the key under the name that the meeting has now, by `names` old → new."""
        return Key(names.get(self.meeting, self.meeting), self.original, self.series)

    def __str__(self) -> str:
        """Return the address, as in `weekly-sync@2026-12-02T10:00`, of a series with `+` at its end."""
        return f"{self.meeting}@{self.original.isoformat(timespec='minutes')}{'+' if self.series else ''}"

    @classmethod
    def parse(cls, address: str) -> Key:
        """Return the key that `address` names; raise ReconcilerError where it names none."""
        meeting, _, original = address.partition("@")
        try:
            if not meeting:
                raise ValueError(address)
            when = parse_local(original.removesuffix("+"))
            return cls(meeting, when, series=original.endswith("+"))
        except ValueError:
            fix = "write MEETING@YYYY-MM-DDTHH:MM, as `plan` prints it"
            raise ReconcilerError(f"{address!r} is not an address", fix=fix) from None


def meeting_of(address: str) -> str:
    """Return the name of the meeting that an address begins with; of what is no address, all of it."""
    return address.partition("@")[0]


@dataclass(frozen=True, slots=True, order=True)
class Attendee:
    """A person at a meeting. The organiser is never one: they are part of it anyway."""

    union_id: str
    optional: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ExtensionApp:
    """An app that runs inside the conference (`moziConfExtensionAppSettings`)."""

    code: str
    auto_open: str = "never"  # never | hosts | everyone
    data: str = ""


SettingValue = bool | str | tuple[str, ...] | tuple[ExtensionApp, ...]
Settings = Mapping[str, SettingValue]  # by name, as in `recording.auto_start`: see reconciler.model.settings


class Link(StrEnum):
    """Where the conference that people join comes from."""

    PER_OCCURRENCE = "per-occurrence"  # each occurrence has a scheduled conference, made and managed by us
    STABLE = "stable"  # all occurrences of a meeting share one, which each run moves forward to the next of them
    EVENT = "event"  # DingTalk makes it for the event, if there is one at all; it is never touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Any `count` of `rooms`, which are room ids, the one that fits best first."""

    rooms: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One occurrence as the config wants it.

    `None` for `description`, `attendees` and `rooms` means: not declared, so not managed. A setting that is
    absent from `settings` is not managed either. Where a `pool` stands, rooms have yet to be assigned: see
    `reconciler.rooms.pools`.
    """

    key: Key
    title: str
    description: str | None
    organizer: str
    start: datetime
    end: datetime
    timezone: str  # IANA name; what `start` and `end` are shown in
    attendees: tuple[Attendee, ...] | None  # sorted, without the organiser
    rooms: tuple[str, ...] | None  # in the order of the config
    settings: Settings = field(default_factory=dict)
    notify: bool = True
    ui_lock: bool = False
    protect: bool = False  # never to be cancelled
    link: Link = Link.PER_OCCURRENCE
    ignore: tuple[str, ...] = ()  # fields left to people: title, description, time, attendees, rooms, settings.NAME
    pool: Pool | None = None
    serial: bool = False  # a date of the rule, of a meeting that is one recurring event
    recurrence: Recurrence | None = None  # of that event; `start` and `end` are those of its next date
    left_out: tuple[datetime, ...] = ()  # coming dates of `recurrence` on which it does not take place
    rule: str = field(default="", compare=False)  # the RRULE value of its meeting, "" if there is none or it is unknown


class RoomStatus(StrEnum):
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"  # waits for an approval; no drift
    DECLINED = "declined"  # refused; the event does not hold the room


@dataclass(frozen=True, slots=True, order=True)
class RoomBooking:
    room_id: str
    status: RoomStatus = RoomStatus.ACCEPTED
    name: str = ""  # as DingTalk shows it: text from remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A calendar event as DingTalk answers it, on the organiser's primary calendar."""

    id: str
    organizer: str
    title: str
    description: str  # whole, with the marker
    start: datetime
    end: datetime
    timezone: str  # "" where the answer names none
    attendees: tuple[Attendee, ...]  # sorted, without the organiser
    attendees_complete: bool = True  # False: the answer was cut at its limit
    responses: tuple[tuple[str, str], ...] = ()  # union ids of who answered, and accepted | declined | tentative
    rooms: tuple[RoomBooking, ...] = ()
    cancelled: bool = False
    all_day: bool = False
    series: str = ""  # id of the recurring event that this is an instance of
    recurring: bool = False
    origin: datetime | None = None  # of an instance: when it starts by the pattern
    recurrence: Recurrence | None = None  # None of a recurring event, too, where it says what we don't know
    own_conference: str = ""  # id of the conference that DingTalk made for the event itself
    created: str = ""  # createTime, as answered
    updated: str = ""  # updateTime, as answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """A scheduled conference as `infos` and `settings` answer it.

    `settings` holds the readable ones alone, by our names, and is None where they were not asked for.
    """

    id: str
    title: str
    start: datetime
    end: datetime
    url: str = ""
    room_code: str = ""
    settings: Settings | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantConference:
    """A conference that runs now. Its passwords are secrets: `repr` hides them, nothing stores them."""

    id: str
    url: str
    room_code: str
    phones: tuple[str, ...] = ()
    password: str = field(default="", repr=False)
    host_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Somebody's hold on a room: `status` is BUSY or TENTATIVE."""

    room_id: str
    event_id: str
    organizer: str
    start: datetime
    end: datetime
    status: str = "BUSY"
