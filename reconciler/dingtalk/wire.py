"""Wire to model and back, for events and conferences: the one place that knows how DingTalk spells things.

Answers come from a server that may be any version, so what is missing, unknown or of a wrong type is passed over;
UnreadableAnswer is raised only for what a value can't be without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.dingtalk.calls import Call
from reconciler.dingtalk.errors import UnreadableAnswer
from reconciler.dingtalk.wire_recurrence import from_recurrence
from reconciler.model.occurrence import Attendee, Conference, Event, RoomBooking, RoomStatus
from reconciler.schedule.pattern import Recurrence

Answer = Mapping[str, Any]

_RESPONSES = {"accepted", "declined", "tentative"}  # needsAction is none
_GONE = {"cancelled", "canceled", "deleted"}  # documented is the first
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unreadable(call: Call, field: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"the answer has no usable {field!r}", call=str(call), status=200)


def text(answer: Answer, key: str) -> str:
    """Return the text at `key`; a number as text; "" for anything else."""
    value = answer.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def needed(answer: Answer, key: str, call: Call) -> str:
    return text(answer, key) or _raise(unreadable(call, key))


def _raise(error: Exception) -> str:
    raise error


def number(answer: Answer, key: str) -> int | None:
    """Return the whole number at `key`, which may be written as text; None where there is none."""
    value = answer.get(key)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str | int | float):
        try:
            return int(value)
        except (ValueError, OverflowError):
            return None
    return None


def flag(answer: Answer, key: str) -> bool:
    """Return whether `key` says yes: true, "true" or 1."""
    return str(answer.get(key)).lower() in {"true", "1"}


def part(answer: Answer, key: str) -> Answer:
    """Return the object at `key`, an empty one where there is none."""
    value = answer.get(key)
    return value if isinstance(value, Mapping) else {}


def items(answer: Answer, key: str) -> Iterator[Answer]:
    """Yield the objects of the list at `key`."""
    value = answer.get(key)
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping))


def listed(answer: Answer, key: str, call: Call) -> Iterator[Answer]:
    """Yield the objects of the list at `key`, none where it is absent.

    Raises UnreadableAnswer for anything else: what a list does not show counts as gone.
    """
    value = answer.get(key)
    if value is None:
        return
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise unreadable(call, key)
    yield from value


def texts(answer: Answer, key: str) -> tuple[str, ...]:
    """Return the texts of the list at `key`."""
    value = answer.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def to_ms(moment: datetime) -> int:
    """Return an aware moment as UTC milliseconds."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_ms(answer: Answer, key: str) -> datetime | None:
    """Return the moment at `key`, in UTC milliseconds; None where it is none."""
    value = number(answer, key)
    try:
        return None if value is None else EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None


def zone(name: str) -> tzinfo | None:
    """Return the zone of that IANA name; None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def iso(moment: datetime) -> str:
    """Return an aware moment as ISO 8601 with seconds and offset."""
    return moment.isoformat(timespec="seconds")


def to_time(moment: datetime, timezone: str) -> dict[str, str]:
    """Return a moment as the calendar API writes it: local time with offset, and its IANA zone."""
    return {"dateTime": iso(moment.astimezone(ZoneInfo(timezone))), "timeZone": timezone}


def from_time(value: Answer) -> datetime | None:
    """Return the moment of a `dateTime` with an offset or a `timeZone`, or of an all-day `date`; None where it is none.

    The result is in the named zone where that is known, else at the offset given; a `date` starts at its midnight.
    """
    place = zone(text(value, "timeZone"))
    try:
        if written := text(value, "dateTime"):
            moment = datetime.fromisoformat(written)
        elif day := text(value, "date"):
            moment = datetime.combine(date.fromisoformat(day), time())
        else:
            return None
        if moment.tzinfo is None:
            return moment.replace(tzinfo=place or UTC)
        return moment.astimezone(place) if place else moment
    except (ValueError, OverflowError):
        return None


def to_attendees(attendees: tuple[Attendee, ...]) -> list[dict[str, object]]:
    return [{"id": person.union_id, "isOptional": person.optional} for person in attendees]


def from_attendees(answer: Answer, organizer: str) -> tuple[Attendee, ...]:
    """Return the attendees sorted, each once, without the organiser."""
    found = {
        union_id: Attendee(union_id, flag(person, "isOptional"))
        for person in items(answer, "attendees")
        if (union_id := text(person, "id")) and union_id != organizer
    }
    return tuple(sorted(found.values()))


def _responses(answer: Answer, organizer: str) -> tuple[tuple[str, str], ...]:
    """Return who has answered the invitation, and how; sorted, without the organiser."""
    found = {
        union_id: response
        for person in items(answer, "attendees")
        if (union_id := text(person, "id")) and union_id != organizer
        if (response := text(person, "responseStatus")) in _RESPONSES
    }
    return tuple(sorted(found.items()))


def _rooms(answer: Answer) -> tuple[RoomBooking, ...]:
    known = {status.value: status for status in RoomStatus}
    return tuple(
        RoomBooking(
            room_id=room_id,
            status=known.get(text(room, "responseStatus").lower(), RoomStatus.ACCEPTED),
            name=text(room, "displayName"),
        )
        for room in items(answer, "meetingRooms")
        if (room_id := text(room, "roomId"))
    )


def to_event(answer: Answer, *, organizer: str, call: Call, max_attendees: int) -> Event:
    """Return the event that `answer` describes; `organizer` is whose calendar was asked.

    `max_attendees` is what was asked for: an answer with as many may have been cut. Of a deleted event there may be
    the id alone; its times are then those of the epoch. Raises UnreadableAnswer without an id or a start,
    or where the description is no text.
    """
    cancelled = text(answer, "status").lower() in _GONE
    owner = text(part(answer, "organizer"), "id") or organizer
    start = from_time(part(answer, "start")) or (EPOCH if cancelled else None)
    if start is None:
        raise unreadable(call, "start")
    if not isinstance(answer.get("description"), str | int | None):
        raise unreadable(call, "description")  # it may hold our marker
    return Event(
        id=needed(answer, "id", call),
        organizer=owner,
        title=text(answer, "summary"),
        description=text(answer, "description"),
        start=start,
        end=from_time(part(answer, "end")) or start,
        timezone=text(part(answer, "start"), "timeZone"),
        attendees=from_attendees(answer, owner),
        attendees_complete=sum(1 for _ in items(answer, "attendees")) < max_attendees,
        responses=_responses(answer, owner),
        rooms=_rooms(answer),
        cancelled=cancelled,
        all_day=flag(answer, "isAllDay") or bool(text(part(answer, "start"), "date")),
        series=text(answer, "seriesMasterId"),
        recurring=bool(part(answer, "recurrence")),
        origin=from_time(part(answer, "originStart")),
        recurrence=_recurrence(answer),
        own_conference=text(part(answer, "onlineMeetingInfo"), "conferenceId"),
        created=text(answer, "createTime"),
        updated=text(answer, "updateTime"),
    )


def _recurrence(answer: Answer) -> Recurrence | None:
    said = part(answer, "recurrence")
    return from_recurrence(said, zone(text(part(answer, "start"), "timeZone"))) if said else None


def to_link(answer: Answer) -> str:
    """Return the join link, "" where there is none: people would be sent to whatever else stands there."""
    link = text(answer, "url")
    return link if "://" in link else ""


def to_conference(answer: Answer, *, conference_id: str, call: Call) -> Conference:
    """Return the conference that `infos` describes, without its settings.

    Raises UnreadableAnswer without its times, and where it is about another conference than was asked for.
    """
    if text(answer, "scheduleConferenceId") not in {"", conference_id}:
        raise unreadable(call, "scheduleConferenceId")
    start, end = from_ms(answer, "startTime"), from_ms(answer, "endTime")
    if start is None or end is None:
        raise unreadable(call, "startTime" if start is None else "endTime")
    return Conference(
        id=conference_id,
        title=text(answer, "title"),
        start=start,
        end=end,
        url=to_link(answer),
        room_code=text(answer, "roomCode"),
    )
