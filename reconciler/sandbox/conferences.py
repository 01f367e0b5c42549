"""Scheduled conferences."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from flask import Blueprint

from reconciler.sandbox.answers import ApiFailure, request_id
from reconciler.sandbox.confsettings import merge_settings, read_settings, readable_settings
from reconciler.sandbox.gateway import CONFERENCE_READ, CONFERENCE_WRITE, Api, Call, endpoint
from reconciler.sandbox.people import display_name
from reconciler.sandbox.store import Store

blueprint = Blueprint("conferences", __name__)
SCHEDULED = "/v1.0/conference/scheduleConferences"
TITLE_KEPT = 50
TITLE_MOST = 256
PHONES = ["+86 057128095818"]

CREATE = Api(name="conference.create", permission=CONFERENCE_WRITE)
UPDATE = Api(name="conference.update", permission=CONFERENCE_WRITE)
CANCEL = Api(name="conference.cancel", permission=CONFERENCE_WRITE)
SET = Api(name="conference.settings", permission=CONFERENCE_WRITE, wrong="paramError")
INFO = Api(name="conference.info", permission=CONFERENCE_READ)
SETTINGS = Api(name="conference.settings.get", permission=CONFERENCE_READ, wrong="paramError")
HISTORY = Api(name="conference.history", permission=CONFERENCE_READ, wrong="paramError")


def new_conference(
    store: Store, *, creator: str, title: str, start: int, end: int, settings: str = "{}", event_id: str | None = None
) -> sqlite3.Row:
    """Store a new conference and return it; `event_id`: the calendar event that it belongs to."""
    conference = secrets.token_hex(12)
    code = f"{secrets.randbelow(10**9):09d}"
    url = f"https://meeting.dingtalk.com/j/{secrets.token_urlsafe(9)}"
    store.run(
        "INSERT INTO conferences VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        conference, creator, title[:TITLE_KEPT], start, end, code, url, settings, event_id,
    )  # fmt: skip
    found = store.row("SELECT * FROM conferences WHERE id = ?", conference)
    assert found is not None  # noqa: S101  # it was just stored
    return found


@endpoint(blueprint, "POST", SCHEDULED, CREATE)
def create(call: Call) -> dict[str, Any]:
    body = call.body
    creator = body.text("creatorUnionId")
    title = body.text("title", most=TITLE_MOST)
    start, end = _times(call)
    if display_name(call.store, creator) is None:
        raise body.fail("creatorUnionId", "is not in the organization.")
    model = body.block("scheduleConfSettingModel")
    settings = read_settings(call.store, model, stranger_code="paramsError", app_code="paramsError", create=True)
    made = new_conference(call.store, creator=creator, title=title, start=start, end=end, settings=json.dumps(settings))
    return {
        "requestId": request_id(),
        "scheduleConferenceId": made["id"],
        "roomCode": made["room_code"],
        "url": made["url"],
        "phones": PHONES,
    }


@endpoint(blueprint, "PUT", SCHEDULED, UPDATE)
def update(call: Call) -> dict[str, Any]:
    body = call.body
    creator = body.text("creatorUnionId")
    conference = body.text("scheduleConferenceId")
    title = body.text("title", most=TITLE_KEPT)
    start, end = _times(call)
    found = _created_by(call, conference, creator)
    call.store.run("UPDATE conferences SET title = ?, start = ?, end = ? WHERE id = ?", title, start, end, found["id"])
    return {"success": True}


@endpoint(blueprint, "POST", f"{SCHEDULED}/cancel", CANCEL)
def cancel(call: Call) -> dict[str, Any]:
    conference, creator = call.body.text("scheduleConferenceId"), call.body.text("creatorUnionId")
    found = _created_by(call, conference, creator)
    call.store.run("UPDATE conferences SET cancelled = 1 WHERE id = ?", found["id"])
    return {"success": True}


@endpoint(blueprint, "GET", f"{SCHEDULED}/<conference>/infos", INFO)
def info(call: Call, conference: str) -> dict[str, Any]:
    person = call.query.text("requestUnionId")
    found = _existing(call, conference)
    settings = json.loads(found["settings"])
    if person not in {found["creator"], settings.get("hostUnionId"), *settings.get("cohostUnionIds", ())}:
        raise ApiFailure(400, "permissionError", "no permission")
    return {
        "requestId": request_id(),
        "scheduleConferenceId": found["id"],
        "title": found["title"],
        "startTime": found["start"],
        "endTime": found["end"],
        "roomCode": found["room_code"],
        "url": found["url"],
        "phones": PHONES,
    }


@endpoint(blueprint, "GET", f"{SCHEDULED}/settings", SETTINGS)
def get_settings(call: Call) -> dict[str, Any]:
    found = _with_settings(call, call.query.text("scheduleConferenceId"))
    model = json.loads(found["settings"])
    return {"scheduleConfSettingModel": readable_settings(model, creator=found["creator"], app_key=call.app_key)}


@endpoint(blueprint, "PUT", f"{SCHEDULED}/settings", SET)
def put_settings(call: Call) -> dict[str, Any]:
    creator = call.body.text("creatorUnionId")
    found = _with_settings(call, call.body.text("scheduleConferenceId"))
    if display_name(call.store, creator) is None:
        raise ApiFailure(400, "userNotInOrg", "The user is not in the organization.")
    if found["creator"] != creator:
        raise ApiFailure(400, "creatorUidError", "The user did not create this conference.")
    new = read_settings(
        call.store,
        call.body.block("scheduleConfSettingModel"),
        stranger_code="userNotInOrg",
        app_code="extensionAppSettingError",
        create=False,
    )
    merged = merge_settings(json.loads(found["settings"]), new)
    call.store.run("UPDATE conferences SET settings = ? WHERE id = ?", json.dumps(merged), found["id"])
    return {"success": True}


@endpoint(blueprint, "GET", "/v1.0/conference/videoConferences/scheduleConferences/<conference>", HISTORY)
def history(call: Call, conference: str) -> dict[str, Any]:
    if call.store.row("SELECT id FROM conferences WHERE id = ?", conference) is None:
        raise ApiFailure(400, "invalidScheduleConferenceId", "The scheduled conference does not exist.")
    size = call.query.query_integer("maxResults", default=20, least=1, most=100)
    offset = call.query.query_integer("nextToken", default=0, least=0, most=10**9)
    held = call.store.rows("SELECT * FROM instants WHERE schedule_id = ? ORDER BY start, id", conference)
    page = held[offset : offset + size]
    more = offset + size < len(held)
    return {
        "totalCount": len(held),
        "nextToken": str(offset + size) if more else None,
        "conferenceList": [_held(row) for row in page],
    }


def _held(row: sqlite3.Row) -> dict[str, Any]:
    shown = {"conferenceId": row["id"], "title": row["title"], "roomCode": row["room_code"], "startTime": row["start"]}
    return {**shown, "status": 2 if row["end"] is None else 1, "endTime": row["end"]}


def _times(call: Call) -> tuple[int, int]:
    start, end = call.body.moment_ms("startTime"), call.body.moment_ms("endTime")
    if end <= start:
        raise call.body.fail("endTime", "must be after startTime.")
    return start, end


def _existing(call: Call, conference: str) -> sqlite3.Row:
    found = call.store.row("SELECT * FROM conferences WHERE id = ?", conference)
    if found is None:
        raise ApiFailure(400, "paramsError", "scheduleConferenceId invalid")
    if found["cancelled"]:
        raise ApiFailure(400, "resourceCancel", "Schedule conference has canceled")
    return found


def _created_by(call: Call, conference: str, creator: str) -> sqlite3.Row:
    """Return the conference if the create call made it for `creator`."""
    found = _existing(call, conference)
    if found["creator"] != creator or found["event_id"] is not None:
        raise ApiFailure(400, "permissionError", "no permission")
    return found


def _with_settings(call: Call, conference: str) -> sqlite3.Row:
    found = call.store.row("SELECT * FROM conferences WHERE id = ? AND NOT cancelled", conference)
    if found is None:
        raise ApiFailure(400, "scheduleConferenceIdError", "The scheduled conference does not exist.")
    return found
