"""Instant video conferences."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from flask import Blueprint

from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.conferences import PHONES, TITLE_KEPT, TITLE_MOST
from reconciler.sandbox.gateway import CONFERENCE_READ, CONFERENCE_WRITE, Api, Call, endpoint
from reconciler.sandbox.people import display_name, strangers

blueprint = Blueprint("instant", __name__)
VIDEO = "/v1.0/conference/videoConferences"

CREATE = Api(name="instant.create", permission=CONFERENCE_WRITE)
CLOSE = Api(name="instant.close", permission=CONFERENCE_WRITE)
INFO = Api(name="instant.info", permission=CONFERENCE_READ)
ONGOING = Api(name="instant.ongoing", permission=CONFERENCE_READ)


@endpoint(blueprint, "POST", VIDEO, CREATE)
def create(call: Call) -> dict[str, Any]:
    host = call.body.text("userId")
    title = call.body.data.get("confTitle")
    if not isinstance(title, str) or not title.strip() or len(title) > TITLE_MOST:
        raise ApiFailure(400, "paramsTitleError", f"confTitle must have 1 to {TITLE_MOST} characters.")
    invited = call.body.texts("inviteUserIds")
    call.body.flag("inviteCaller", default=True)
    if strangers(call.store, [host]):
        raise ApiFailure(400, "unknownUserError", "The user does not exist.")
    if strangers(call.store, invited):
        raise ApiFailure(400, "orgAccessForbidden", "An invited user is not in the organization.")
    conference, code = secrets.token_hex(12), f"{secrets.randbelow(10**9):09d}"
    url = f"https://meeting.dingtalk.com/j/{secrets.token_urlsafe(9)}"
    password, host_password = (f"{secrets.randbelow(10**6):06d}" for _ in range(2))
    call.store.run(
        "INSERT INTO instants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        conference, host, title[:TITLE_KEPT], code, url, password, host_password, json.dumps(invited), call.now_ms,
    )  # fmt: skip
    return {
        "conferenceId": conference,
        "conferencePassword": password,
        "hostPassword": host_password,
        "externalLinkUrl": url,
        "phoneNumbers": PHONES,
        "roomCode": code,
    }


@endpoint(blueprint, "DELETE", f"{VIDEO}/<conference>", CLOSE)
def close(call: Call, conference: str) -> dict[str, Any]:
    person = call.query.text("unionId")
    found = _existing(call, conference)
    if found["host"] != person:
        raise ApiFailure(404, "permissionError", "Only the host can close the conference.")
    call.store.run("UPDATE instants SET end = ? WHERE id = ? AND end IS NULL", call.now_ms, conference)
    return {"code": 200, "cause": "success"}


@endpoint(blueprint, "GET", f"{VIDEO}/<conference>", INFO)
def info(call: Call, conference: str) -> dict[str, Any]:
    found = _existing(call, conference)
    invited = json.loads(found["invited"])
    ended = found["end"] is not None
    return {
        "confInfo": {
            "conferenceId": found["id"],
            "title": found["title"],
            "creatorId": found["host"],
            "creatorNick": display_name(call.store, found["host"]),
            "roomCode": found["room_code"],
            "externalLinkUrl": found["url"],
            "scheduleConferenceId": found["schedule_id"],
            "startTime": found["start"],
            "endTime": found["end"],
            "confDuration": (found["end"] if ended else call.now_ms) - found["start"],
            "status": 1 if ended else 2,
            "invitedNum": len(invited),
            "activeNum": 0 if ended else 1,
            "attendNum": 1,
            "bizType": "meeting",
        }
    }


@endpoint(blueprint, "GET", "/v1.0/conference/users/lists", ONGOING)
def ongoing(call: Call) -> dict[str, Any]:
    """Return the conferences that the person is in now; whoever was invited has not picked up."""
    person = call.query.text("unionId")
    name = display_name(call.store, person)
    if name is None:
        raise ApiFailure(400, "unknownUserError", "The user does not exist.")
    found = call.store.rows("SELECT * FROM instants WHERE host = ? AND end IS NULL ORDER BY start, id", person)
    members = {
        row["id"]: {"conferenceId": row["id"], "unionId": person, "userNick": name, "joinTime": row["start"]}
        for row in found
    }
    return {"onGoingConfIdList": list(members), "memberModelMap": members}


def _existing(call: Call, conference: str) -> sqlite3.Row:
    found = call.store.row("SELECT * FROM instants WHERE id = ?", conference)
    if found is None:
        raise ApiFailure(400, "paramsError", "conferenceId invalid")
    return found
