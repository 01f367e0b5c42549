"""A plan as JSON, and back: each part as plain values. Whether a file may be believed is the file's own matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from reconciler.config.model import Room
from reconciler.diff.change import Action, Change
from reconciler.diff.compare import Comparison, Field
from reconciler.diff.sharing import Role
from reconciler.model.observed import Observed, ReadFailure
from reconciler.model.occurrence import Attendee, Key, RoomBooking, RoomStatus
from reconciler.model.state import Entry
from reconciler.plan.digests import seen_digest
from reconciler.plan.operations import (
    Blocked,
    Call,
    Operation,
    Pending,
    Plan,
    PlannedChange,
    PlannedPool,
    Quota,
    RoomProblem,
    Staying,
    Verification,
)
from reconciler.plan.staying import staying
from reconciler.plan.upcoming import DayOff, NextDates
from reconciler.state.values import (
    decode_conference,
    decode_entry,
    decode_event,
    decode_instance,
    decode_occurrence,
    encode_conference,
    encode_entry,
    encode_event,
    encode_instance,
    encode_occurrence,
    known,
)

Json = dict[str, Any]


def encode(plan: Plan, *, settled: Iterable[Entry] = ()) -> Json:
    """Return a plan as plain values. `settled` are what is known of occurrences that needed no look."""
    return {
        "workspace": plan.workspace,
        "generated_at": plan.generated_at.isoformat(),
        "window": {"from": plan.window_from.isoformat(), "to": plan.window_to.isoformat()},
        "changes": [_encode_change(planned) for planned in plan.changes],
        "unchanged": plan.kept,
        "organizers": sorted(plan.organizers),
        "failures": [asdict(failure) for failure in plan.failures],
        "warnings": list(plan.warnings),
        "days_off": [_encode_day_off(one) for one in plan.days_off],
        "rules": [_encode_rule(one) for one in plan.rules],
        "problems": [_encode_problem(one) for one in plan.problems],
        "pending": [_encode_times(asdict(one)) for one in plan.pending],
        "stays": [_encode_staying(one) for one in staying(plan, settled)],
        "quota": None if plan.quota is None else asdict(plan.quota),
        "verification": _encode_verification(plan.verification),
    }


def decode(document: Json) -> Plan:
    """Return the plan that `encode` made `document` of. Raises KeyError, TypeError or ValueError for another one."""
    quota = document["quota"]
    return Plan(
        workspace=document["workspace"],
        generated_at=datetime.fromisoformat(document["generated_at"]),
        window_from=datetime.fromisoformat(document["window"]["from"]),
        window_to=datetime.fromisoformat(document["window"]["to"]),
        changes=tuple(_decode_change(one) for one in document["changes"]),
        kept=int(document["unchanged"]),
        organizers=frozenset(document["organizers"]),
        failures=tuple(ReadFailure(**known(ReadFailure, one)) for one in document["failures"]),
        warnings=tuple(document["warnings"]),
        days_off=tuple(_decode_day_off(one) for one in document.get("days_off", ())),
        rules=tuple(_decode_rule(one) for one in document.get("rules", ())),
        problems=tuple(_decode_problem(one) for one in document.get("problems", ())),
        pending=tuple(_decode_pending(one) for one in document.get("pending", ())),
        stays=tuple(_decode_staying(one) for one in document.get("stays", ())),
        declared_rooms=tuple(
            Room(**(known(Room, one) | {"tags": tuple(one["tags"])})) for one in document.get("rooms", ())
        ),
        quota=None if quota is None else Quota(**known(Quota, quota)),
        verification=_decode_verification(document["verification"]),
    )


def _encode_verification(looked: Verification) -> Json:
    return asdict(looked) | {"oldest": None if looked.oldest is None else looked.oldest.isoformat()}


def _decode_verification(document: Json) -> Verification:
    oldest = document["oldest"]
    return Verification(
        **(known(Verification, document) | {"oldest": None if oldest is None else datetime.fromisoformat(oldest)})
    )


def _encode_change(planned: PlannedChange) -> Json:
    change = planned.change
    return {
        "address": change.address,
        "action": change.action.value,
        "reason": change.reason,
        "duplicate": change.duplicate,
        "keeps_conference": change.keeps_conference,
        "series": {
            "replaces": change.replaces,
            "ends": change.ends,
            "quiet": change.quiet,
            "follows": list(change.follows),
            "instances": [encode_instance(one) for one in change.instances],
        },
        "role": None if change.role is None else _encode_role(change.role),
        "notifies": planned.notifies,
        "before": None if change.before is None else _encode_observed(change.before),
        "before_digest": seen_digest(change.before),
        "after": None
        if change.after is None
        else {"address": str(change.after.key), **encode_occurrence(change.after)},
        "fields": {
            "event": [asdict(field) for field in change.comparison.event],
            "conference": [asdict(field) for field in change.comparison.conference],
        },
        "operations": [_encode_operation(operation) for operation in planned.operations],
        "spares": list(planned.spares),
        "pool": None if planned.pool is None else asdict(planned.pool),
    }


def _decode_change(document: Json) -> PlannedChange:
    before, after, fields = document["before"], document["after"], document["fields"]
    change = Change(
        action=Action(document["action"]),
        before=None if before is None else _decode_observed(before),
        after=None if after is None else decode_occurrence(after, Key.parse(after["address"])),
        comparison=Comparison(
            event=tuple(Field(**known(Field, field)) for field in fields["event"]),
            conference=tuple(Field(**known(Field, field)) for field in fields["conference"]),
        ),
        reason=document["reason"],
        duplicate=document["duplicate"],
        keeps_conference=document["keeps_conference"],
        **_decode_series(document.get("series", {})),
        role=None if document["role"] is None else _decode_role(document["role"]),
    )
    operations = tuple(_decode_operation(operation) for operation in document["operations"])
    spares = tuple(str(room) for room in document.get("spares", ()))
    notifies, pool = int(document["notifies"]), _decode_pool(document.get("pool"))
    return PlannedChange(change=change, operations=operations, notifies=notifies, spares=spares, pool=pool)


def _decode_pool(document: Json | None) -> PlannedPool | None:
    return (
        None
        if document is None
        else PlannedPool(**(known(PlannedPool, document) | {"rooms": tuple(document["rooms"])}))
    )


def _decode_series(document: Json) -> Json:
    flags = {name: bool(document.get(name)) for name in ("replaces", "ends", "quiet")}
    instances = tuple(decode_instance(one) for one in document.get("instances", ()))
    return {**flags, "follows": tuple(document.get("follows", ())), "instances": instances}


def _encode_day_off(one: DayOff) -> Json:
    return {
        "address": str(one.key),
        "start": one.start.isoformat(),
        "reason": one.reason,
        "moved_to": None if one.moved_to is None else one.moved_to.isoformat(),
    }


def _decode_day_off(document: Json) -> DayOff:
    moved_to = document["moved_to"]
    return DayOff(
        key=Key.parse(document["address"]),
        start=datetime.fromisoformat(document["start"]),
        reason=document["reason"],
        moved_to=None if moved_to is None else datetime.fromisoformat(moved_to),
    )


def _encode_rule(one: NextDates) -> Json:
    return {"meeting": one.meeting, "rule": one.rule, "dates": [each.isoformat() for each in one.dates]}


def _decode_rule(document: Json) -> NextDates:
    dates = tuple(datetime.fromisoformat(each) for each in document["dates"])
    return NextDates(meeting=document["meeting"], rule=document["rule"], dates=dates)


def _encode_times(document: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in document.items()}


def _encode_problem(one: RoomProblem) -> Json:
    return _encode_times(asdict(one)) | {"blocked": [_encode_times(asdict(each)) for each in one.blocked]}


def _decode_problem(document: Json) -> RoomProblem:
    times: Json = {name: datetime.fromisoformat(document[name]) for name in ("start", "end")}
    times["until"] = _decode_moment(document["until"])
    lists: Json = {"alternatives": tuple(document["alternatives"])}
    lists["blocked"] = tuple(
        Blocked(**(known(Blocked, one) | {"until": _decode_moment(one["until"])}))
        for one in document.get("blocked", ())
    )
    return RoomProblem(**(known(RoomProblem, document) | times | lists))


def _decode_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _decode_pending(document: Json) -> Pending:
    return Pending(**(known(Pending, document) | {"start": datetime.fromisoformat(document["start"])}))


def _encode_staying(one: Staying) -> Json:
    return _encode_times(asdict(one)) | {"rooms": [asdict(room) for room in one.rooms]}


def _decode_staying(document: Json) -> Staying:
    times: Json = {name: datetime.fromisoformat(document[name]) for name in ("start", "end")}
    rooms = tuple(
        RoomBooking(**(known(RoomBooking, one) | {"status": RoomStatus(one["status"])})) for one in document["rooms"]
    )
    return Staying(**(known(Staying, document) | times | {"rooms": rooms}))


def _encode_role(role: Role) -> Json:
    conference = encode_conference(role.conference)
    return {"conference": conference, "maker": role.maker, "carries": role.carries, "ends": role.ends}


def _decode_role(document: Json) -> Role:
    conference = None if document["conference"] is None else decode_conference(document["conference"])
    return Role(conference=conference, **{name: document[name] for name in ("maker", "carries", "ends")})


def _encode_operation(operation: Operation) -> Json:
    return {
        "id": operation.id,
        "call": operation.call.value,
        "needs": list(operation.needs),
        "parts": list(operation.parts),
        "people": [asdict(who) for who in operation.people],
        "rooms": list(operation.rooms),
        "conference": operation.conference,
        "instance": None if operation.instance is None else encode_instance(operation.instance),
    }


def _decode_operation(document: Json) -> Operation:
    return Operation(
        id=document["id"],
        call=Call(document["call"]),
        needs=tuple(document["needs"]),
        parts=tuple(document["parts"]),
        people=tuple(Attendee(**known(Attendee, who)) for who in document["people"]),
        rooms=tuple(document["rooms"]),
        conference=document["conference"],
        instance=None if document.get("instance") is None else decode_instance(document["instance"]),
    )


def _encode_observed(seen: Observed) -> Json:
    return {
        "address": str(seen.key),
        "event": None if seen.event is None else encode_event(seen.event),
        "conference": encode_conference(seen.conference),
        "entry": None if seen.entry is None else {"address": str(seen.entry.key), **encode_entry(seen.entry)},
        "marker": None if seen.marker is None else str(seen.marker),
        "adopting": seen.adopting,
    }


def _decode_observed(document: Json) -> Observed:
    from reconciler.model.marker import parse_marker

    event, conference, entry, marker = (document[name] for name in ("event", "conference", "entry", "marker"))
    return Observed(
        key=Key.parse(document["address"]),
        event=None if event is None else decode_event(event),
        conference=None if conference is None else decode_conference(conference),
        entry=None if entry is None else decode_entry(entry, entry["address"]),
        marker=None if marker is None else parse_marker(marker),
        adopting=bool(document.get("adopting")),
    )
