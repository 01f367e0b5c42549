"""The JSON documents: what machines read. Their schemas are in `schema/`; keys are only ever added.

Order of keys and of elements is fixed, so that the same values make the same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from reconciler.apply.outcome import Failure, Outcome, Result, Status
from reconciler.diff.change import Action
from reconciler.diff.compare import Field
from reconciler.errors import ConfigError, Problem, ReconcilerError, Severity
from reconciler.model.observed import ReadFailure
from reconciler.model.occurrence import InstantConference, Occurrence, meeting_of
from reconciler.model.state import Opened, Orphan
from reconciler.plan.operations import Blocked, Call, Operation, Pending, Plan, PlannedChange, Quota, RoomProblem
from reconciler.plan.upcoming import DayOff, NextDates
from reconciler.report.agenda import AgendaItem, Elsewhere
from reconciler.report.fields import fields_of, times_of
from reconciler.report.times import in_zone, utc
from reconciler.rooms.approval import counted
from reconciler.visible import is_unseen

FORMAT_VERSION = "1.0"
Document = dict[str, Any]

_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")


def dump(document: Mapping[str, Any]) -> str:
    """Return `document` as text, with a newline at its end. What can't be seen is escaped, as everywhere."""
    return _BEYOND_ASCII.sub(_escaped, json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if is_unseen(found[0]) else found[0]


def plan_document(plan: Plan) -> Document:
    """Return the document of `plan --json`. People and rooms are their ids."""
    document: Document = {
        "format_version": FORMAT_VERSION,
        "workspace": plan.workspace,
        "generated_at": utc(plan.generated_at),
        "window": {"from": utc(plan.window_from), "to": utc(plan.window_to)},
        "summary": {
            "create": plan.count(Action.CREATE),
            "update": plan.count(Action.UPDATE),
            "cancel": plan.count(Action.CANCEL),
            "unchanged": plan.kept,
            "book": plan.rooms(Call.ROOMS_BOOK),
            "release": plan.rooms(Call.ROOMS_RELEASE),
            "api_calls": plan.api_calls,
            "pending": counted(plan.pending),
        },
        "changes": [_change(planned) for planned in plan.changes],
        "failures": _failures(plan.failures),
        "warnings": list(plan.warnings),
        "days_off": [_day_off(one) for one in plan.days_off],
        "rules": [_rule(one) for one in plan.rules],
        "room_problems": [_room_problem(one) for one in plan.problems],
        "pending": [_pending(one) for one in plan.pending],
    }
    document["verification"] = {
        "asked": plan.verification.asked,
        "presumed": plan.verification.presumed,
        "oldest": None if plan.verification.oldest is None else utc(plan.verification.oldest),
    }
    return document if plan.quota is None else document | {"quota": _quota(plan.quota)}


def apply_document(outcome: Outcome, plan: Plan) -> Document:
    """Return the document of `apply --json`. `plan` is what was applied: what it could not read is told again."""
    document: Document = {
        "format_version": FORMAT_VERSION,
        "workspace": plan.workspace,
        "summary": {
            "created": outcome.count(Status.DONE, Action.CREATE),
            "updated": outcome.count(Status.DONE, Action.UPDATE),
            "cancelled": outcome.count(Status.DONE, Action.CANCEL),
            "booked": outcome.rooms(Call.ROOMS_BOOK),
            "released": outcome.rooms(Call.ROOMS_RELEASE),
            "failed": outcome.count(Status.FAILED),
            "deferred": outcome.count(Status.DEFERRED),
            "api_calls": outcome.api_calls,
            "pending": len(outcome.pending),
        },
        "results": [_result(result) for result in outcome.results],
        "orphans": [_orphan(orphan) for orphan in outcome.orphans],
        "failures": _failures(plan.failures),
        "pending": [_waiting(one) for one in outcome.pending],
        "declined": [_waiting(one) for one in outcome.declined],
        "room_problems": [_room_problem(one) for one in plan.problems],
    }
    return document if outcome.stopped is None else document | {"stopped": _error(outcome.stopped)}


def validate_document(problems: Iterable[Problem]) -> Document:
    """Return the document of `validate --json`; warnings leave a config valid."""
    found: dict[Severity, list[Document]] = {severity: [] for severity in Severity}
    for problem in problems:
        found[problem.severity].append(_problem(problem))
    errors, warnings = found[Severity.ERROR], found[Severity.WARNING]
    return {"valid": not errors, "errors": errors, "warnings": warnings}


def error_document(
    error: ReconcilerError, *, workspace: str = "", lock_info: Mapping[str, str] | None = None
) -> Document:
    """Return what any command prints with `--json` when it ends without its own document, because of `error`.

    `workspace` is empty where the config could not be read. `lock_info` is who holds the state, in the fields of
    Terraform's backends.
    """
    told = {"code": error.code, "message": error.what, "hint": error.fix}
    document: Document = {
        "format_version": FORMAT_VERSION,
        **({"workspace": workspace} if workspace else {}),
        "errored": True,
        "failure_reason": error.code,
        "error": told | ({"where": error.where} if error.where else {}),
    }
    if isinstance(error, ConfigError):
        found = validate_document(error.problems)
        document |= {"errors": found["errors"], "warnings": found["warnings"]}
    return document if lock_info is None else document | {"lock_info": dict(lock_info)}


def agenda_document(items: Iterable[AgendaItem], *, workspace: str, now: datetime) -> Document:
    """Return the document of `agenda --json`. People and rooms are their ids."""
    return {
        "format_version": FORMAT_VERSION,
        "workspace": workspace,
        "generated_at": utc(now),
        "occurrences": [_agenda_item(item) for item in items],
    }


def opening_document(occurrence: Occurrence, opened: Opened, conference: InstantConference | None) -> Document:
    """Return the document of `start --json`. Its passwords are null where the conference was opened before."""
    return {
        "format_version": FORMAT_VERSION,
        "address": opened.address,
        "title": occurrence.title,
        "opened_now": conference is not None,
        "opened_at": utc(opened.at),
        "conference_id": opened.conference_id,
        "url": opened.url,
        "room_code": opened.room_code,
        "phones": list(conference.phones) if conference is not None else [],
        "password": conference.password if conference is not None else None,
        "host_password": conference.host_password if conference is not None else None,
    }


def _quota(quota: Quota) -> Document:
    return {"month": quota.month, "used": quota.used, "limit": quota.limit}


def _day_off(one: DayOff) -> Document:
    return {
        "address": str(one.key),
        "meeting": one.key.meeting,
        "start": one.start.isoformat(),
        "reason": one.reason,
        "moved_to": None if one.moved_to is None else one.moved_to.isoformat(),
    }


def _rule(one: NextDates) -> Document:
    return {"meeting": one.meeting, "rule": one.rule, "next": [each.isoformat() for each in one.dates]}


def _room_problem(one: RoomProblem) -> Document:
    return {
        "address": one.address,
        "meeting": meeting_of(one.address),
        "start": one.start.isoformat(),
        "end": one.end.isoformat(),
        "room": one.room or None,
        "code": one.code,
        "message": one.message,
        "holder": one.holder or None,
        "until": None if one.until is None else one.until.astimezone(one.start.tzinfo).isoformat(),
        "alternatives": list(one.alternatives),
        "contact": one.contact or None,
        "is_error": one.is_error,
        "blocked": [_blocked(each, one.start.tzinfo) for each in one.blocked],
    }


def _blocked(one: Blocked, zone: tzinfo | None) -> Document:
    return {
        "room": one.room,
        "reason": one.reason or None,
        "holder": one.holder or None,
        "until": None if one.until is None else one.until.astimezone(zone).isoformat(),
    }


def _pending(one: Pending) -> Document:
    return {"address": one.address, "start": one.start.isoformat(), "room": one.room, "booked": one.booked}


def _waiting(one: Pending) -> Document:
    return {"address": one.address, "start": one.start.isoformat(), "room": one.room, "contact": one.contact or None}


def _change(planned: PlannedChange) -> Document:
    change = planned.change
    times = times_of(change)
    return {
        "address": change.address,
        "meeting": change.meeting,
        "action": change.action.value,
        "reason": change.reason,
        "start": times[0].isoformat() if times is not None else None,
        "end": times[1].isoformat() if times is not None else None,
        "notifies": planned.notifies,
        "fields": [_field(field) for field in fields_of(change)],
        "operations": [_operation(operation) for operation in planned.operations],
    }


def _field(field: Field) -> Document:
    document = {"path": field.path, "before": field.before, "after": field.after}
    return document | {"drift": True} if field.drift else document


def _operation(operation: Operation) -> Document:
    return {"id": operation.id, "call": operation.call.value, "needs": list(operation.needs)}


def _result(result: Result) -> Document:
    change = result.planned.change
    document = {"address": change.address, "action": change.action.value, "status": result.status.value}
    error = {"error": _error(result.error)} if result.error is not None else {}
    mismatches = {"mismatches": [asdict(one) for one in result.mismatches]} if result.mismatches else {}
    shortage = {"room_shortage": _error(result.short)} if result.short is not None else {}
    return document | error | mismatches | shortage


def _error(failure: Failure) -> Document:
    return {"code": failure.code, "message": failure.message, "hint": failure.hint}


def _failures(failures: Iterable[ReadFailure]) -> list[Document]:
    return [
        {"where": failure.where, "code": failure.code, "message": failure.message, "hint": failure.hint}
        for failure in failures
    ]


def _orphan(orphan: Orphan) -> Document:
    return {
        "address": orphan.address,
        "organizer": orphan.organizer,
        "title": orphan.title,
        "start": orphan.start.isoformat(),
        "asked_at": utc(orphan.asked_at),
        "conference_id": orphan.conference_id or None,
    }


def _problem(problem: Problem) -> Document:
    return {
        "file": problem.position.file,
        "line": problem.position.line,
        "column": problem.position.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
    }


def _agenda_item(item: AgendaItem) -> Document:
    return {
        "address": item.address,
        "meeting": item.meeting,
        "title": item.title,
        "start": in_zone(item.start, item.timezone).isoformat(),
        "end": in_zone(item.end, item.timezone).isoformat(),
        "timezone": item.timezone,
        "organizer": item.organizer,
        "booked": item.booked,
        "rooms": [{"id": room.room_id, "status": room.status.value} for room in item.rooms]
        + [{"id": room, "status": "missing"} for room in item.missing],
        "lacking": item.lacking,
        "elsewhere": None if item.elsewhere is None else _elsewhere(item.elsewhere, item.timezone),
        "url": item.url,
        "room_code": item.room_code,
    }


def _elsewhere(other: Elsewhere, timezone: str) -> Document:
    return {
        "start": in_zone(other.start, timezone).isoformat(),
        "end": in_zone(other.end, timezone).isoformat(),
        "rooms": [{"id": room.room_id, "status": room.status.value} for room in other.rooms],
    }
