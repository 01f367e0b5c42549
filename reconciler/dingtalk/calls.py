"""The calls that this program makes: one table. Source: DingTalk's Open Platform and the models of its Python SDK."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CONFERENCE_READ = "VideoConference.Conference.Read"
CONFERENCE_WRITE = "VideoConference.Conference.Write"
CALENDAR_READ = "Calendar.Event.Read"
CALENDAR_WRITE = "Calendar.Event.Write"


class Repeat(StrEnum):
    """When a call may be sent again."""

    ALWAYS = "always"  # a read, or a write that does nothing the second time
    IF_NOT_DONE = "if not done"  # only where it is certain that the server did nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API. `path` is a template; `permission` what the app needs; `counted`: it counts in the monthly quota."""

    name: str
    method: str
    path: str
    permission: str = ""
    repeat: Repeat = Repeat.ALWAYS
    counted: bool = True
    empty: bool = False  # the answer may be empty

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ReadCall(Call):
    __slots__ = ()


class WriteCall(Call):
    __slots__ = ()


_SCHEDULED = "/v1.0/conference/scheduleConferences"
_VIDEO = "/v1.0/conference/videoConferences"
_USER = "/v1.0/calendar/users/{user}"
_EVENTS = f"{_USER}/calendars/primary/events"
_EVENT = f"{_EVENTS}/{{event}}"

TOKEN = ReadCall(name="token", method="POST", path="/v1.0/oauth2/accessToken", counted=False)  # a name

CONFERENCE_CREATE = WriteCall(
    name="conference.create",
    method="POST",
    path=_SCHEDULED,
    permission=CONFERENCE_WRITE,
    repeat=Repeat.IF_NOT_DONE,
)
CONFERENCE_UPDATE = WriteCall(name="conference.update", method="PUT", path=_SCHEDULED, permission=CONFERENCE_WRITE)
CONFERENCE_SETTINGS = WriteCall(
    name="conference.settings", method="PUT", path=f"{_SCHEDULED}/settings", permission=CONFERENCE_WRITE
)
CONFERENCE_CANCEL = WriteCall(
    name="conference.cancel", method="POST", path=f"{_SCHEDULED}/cancel", permission=CONFERENCE_WRITE
)
CONFERENCE_INFO = ReadCall(
    name="conference.info", method="GET", path=f"{_SCHEDULED}/{{conference}}/infos", permission=CONFERENCE_READ
)
CONFERENCE_GET_SETTINGS = ReadCall(
    name="conference.get_settings", method="GET", path=f"{_SCHEDULED}/settings", permission=CONFERENCE_READ
)

INSTANT_START = WriteCall(
    name="instant.start", method="POST", path=_VIDEO, permission=CONFERENCE_WRITE, repeat=Repeat.IF_NOT_DONE
)
INSTANT_ONGOING = ReadCall(
    name="instant.ongoing", method="GET", path="/v1.0/conference/users/lists", permission=CONFERENCE_READ
)

EVENT_CREATE = WriteCall(name="event.create", method="POST", path=_EVENTS, permission=CALENDAR_WRITE)
EVENT_UPDATE = WriteCall(name="event.update", method="PUT", path=_EVENT, permission=CALENDAR_WRITE, empty=True)
EVENT_DELETE = WriteCall(name="event.delete", method="DELETE", path=_EVENT, permission=CALENDAR_WRITE, empty=True)
EVENT_GET = ReadCall(name="event.get", method="GET", path=_EVENT, permission=CALENDAR_READ)
EVENT_LIST = ReadCall(name="event.list", method="GET", path=_EVENTS, permission=CALENDAR_READ)
EVENT_VIEW = ReadCall(
    name="event.view", method="GET", path=f"{_USER}/calendars/primary/eventsview", permission=CALENDAR_READ
)
ATTENDEES_ADD = WriteCall(
    name="attendees.add", method="POST", path=f"{_EVENT}/attendees", permission=CALENDAR_WRITE, empty=True
)
ATTENDEES_REMOVE = WriteCall(
    name="attendees.remove",
    method="POST",
    path=f"{_EVENT}/attendees/batchRemove",
    permission=CALENDAR_WRITE,
    empty=True,
)
ATTENDEES_LIST = ReadCall(name="attendees.list", method="GET", path=f"{_EVENT}/attendees", permission=CALENDAR_READ)

ROOMS_BOOK = WriteCall(name="rooms.book", method="POST", path=f"{_EVENT}/meetingRooms", permission=CALENDAR_WRITE)
ROOMS_RELEASE = WriteCall(
    name="rooms.release", method="POST", path=f"{_EVENT}/meetingRooms/batchRemove", permission=CALENDAR_WRITE
)
ROOMS_BUSY = ReadCall(
    name="rooms.busy", method="POST", path=f"{_USER}/meetingRooms/schedules/query", permission=CALENDAR_READ
)
ROOMS_LIST = ReadCall(name="rooms.list", method="GET", path="/v1.0/rooms/meetingRoomLists", permission=CONFERENCE_READ)
ROOMS_GET = ReadCall(name="rooms.get", method="GET", path="/v1.0/rooms/meetingRooms/{room}", permission=CONFERENCE_READ)

PEOPLE_GET = ReadCall(name="people.get", method="POST", path="/topapi/v2/user/get", counted=False)
PEOPLE_BY_MOBILE = ReadCall(name="people.by_mobile", method="POST", path="/topapi/v2/user/getbymobile", counted=False)
PEOPLE_BY_UNION_ID = ReadCall(name="people.by_union_id", method="POST", path="/topapi/user/getbyunionid", counted=False)

# These ask whether a permission is granted, at the address of a call that writes: see `probes`, which sends them empty.
PROBE_CONFERENCE_WRITE = ReadCall(
    name="probe.conference", method="POST", path=CONFERENCE_CANCEL.path, permission=CONFERENCE_WRITE
)
PROBE_CALENDAR_WRITE = ReadCall(
    name="probe.calendar", method="POST", path=ROOMS_RELEASE.path, permission=CALENDAR_WRITE, empty=True
)
