"""Meeting rooms: what there is, under which rules, and who holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.dingtalk import calls
from reconciler.dingtalk.paging import pages
from reconciler.dingtalk.session import ReadSession
from reconciler.dingtalk.wire import Answer, flag, from_ms, from_time, iso, items, needed, number, part, text
from reconciler.model.occurrence import Busy
from reconciler.model.room import RoomDetail


class RoomReader:
    def __init__(self, session: ReadSession) -> None:
        self._reading = session

    def busy(self, *, requester: str, rooms: Sequence[str], start: datetime, end: datetime) -> tuple[Busy, ...]:
        """Return who holds up to 5 rooms within at most 90 days, sorted by room and start."""
        body = {"roomIds": list(rooms), "startTime": iso(start), "endTime": iso(end)}
        answer = self._reading.read(calls.ROOMS_BUSY, path={"user": requester}, body=body)
        found = [
            busy
            for room in items(answer, "scheduleInformation")
            for item in items(room, "scheduleItems")
            if (busy := _busy(text(room, "roomId"), item))
        ]
        return tuple(sorted(found, key=lambda busy: (busy.room_id, busy.start, busy.event_id)))

    def list(self, requester: str) -> tuple[RoomDetail, ...]:
        """Return the organisation's rooms, without their rules."""
        query = {"unionId": requester, "maxResults": 100}
        return tuple(
            _detail(item)
            for answer in pages(self._reading, calls.ROOMS_LIST, query=query)
            for item in items(answer, "result")
        )

    def get(self, room_id: str, requester: str) -> RoomDetail:
        """Return one room with its rules. Raises InvalidParameter or NotFound where there is none."""
        answer = self._reading.read(calls.ROOMS_GET, path={"room": room_id}, query={"unionId": requester})
        return _with_rules(part(answer, "result"))


def _busy(room_id: str, item: Answer) -> Busy | None:
    start, end = from_time(part(item, "start")), from_time(part(item, "end"))
    if start is None or end is None:
        return None
    return Busy(
        room_id=room_id,
        event_id=text(item, "eventId"),
        organizer=text(part(item, "organizer"), "id"),
        start=start,
        end=end,
        status=text(item, "status") or "BUSY",
    )


def _detail(item: Answer) -> RoomDetail:
    return RoomDetail(
        id=needed(item, "roomId", calls.ROOMS_LIST),
        name=text(item, "roomName"),
        capacity=number(item, "roomCapacity"),
        status=number(item, "roomStatus"),
        labels=tuple(text(label, "labelName") for label in items(item, "roomLabels")),
        location=text(part(item, "roomLocation"), "title"),
        group=text(part(item, "roomGroup"), "groupName"),
    )


def _with_rules(item: Answer) -> RoomDetail:
    rules = part(item, "extensionConfig")
    advance, closed = part(rules, "advanceReservation"), part(rules, "reservationCloseDetail")
    return replace(
        _detail(item),
        recurring=_maybe(item, "enableCycleReservation"),
        open=_maybe(rules, "openReservation"),
        max_minutes=number(rules, "maxReservationTimeInterval") or None,
        min_minutes=number(rules, "minReservationTimeInterval") or None,
        advance=number(advance, "advanceReservationTime"),
        advance_unit=text(advance, "advanceReservationTimeUnit"),
        approval=_maybe(rules, "approvalSwitch"),
        closed_from=from_ms(closed, "taskStartTime"),
        closed_until=from_ms(closed, "taskEndTime"),
        closed_reason=text(closed, "closeReason"),
        contact=text(closed, "contactUnionId"),
        members=_members(item, "user"),
        departments=_members(item, "dept"),
    )


def _members(item: Answer, kind: str) -> tuple[str, ...]:
    found = items(part(item, "reservationAuthority"), "authorizedMembers")
    return tuple(text(who, "memberId") for who in found if (text(who, "memberType") or "user") == kind)


def _maybe(answer: Answer, key: str) -> bool | None:
    return flag(answer, key) if answer.get(key) is not None else None
