"""Control of the sandbox itself, under `/_sandbox/`: for its own machine alone, without a token or a quota."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.edits import edit
from reconciler.sandbox.eventrows import event_rooms, load_event, shown_event
from reconciler.sandbox.faults import read_fault
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.gateway import PERMISSIONS, gateway
from reconciler.sandbox.guard import only_from_here
from reconciler.sandbox.limits import calls_this_month
from reconciler.sandbox.recurrence import read_moment
from reconciler.sandbox.rooms import shown_room
from reconciler.sandbox.seed import load_room

blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")


@blueprint.before_request
def _guard() -> None:
    """Refuse other machines, and web pages that reach for this one."""
    only_from_here()
    if request.method == "POST" and not request.is_json:
        raise ApiFailure(400, "invalid", "Send JSON, with its content type.")


def _document() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiFailure(400, "invalid", "The body must be a JSON object.")
    return body


@blueprint.get("/events")
def get_events() -> Response:
    store = gateway().store
    with store.transaction():
        events = [load_event(row) for row in store.rows("SELECT * FROM events ORDER BY start, id")]
        shown = [
            {
                **shown_event(store, event, event.organizer, most_attendees=5000),
                "uiConfigs": event.extras.get("uiConfigs", []),
                "extra": event.extras.get("extra", {}),
                "meetingRooms": event_rooms(store, event.id),
            }
            for event in events
        ]
    return jsonify({"events": shown})


@blueprint.get("/conferences")
def get_conferences() -> Response:
    """Return all conferences with all their settings; the passwords of the instant ones stay inside."""
    rows = gateway().store.rows("SELECT * FROM conferences ORDER BY start, id")
    instants = gateway().store.rows("SELECT id, host, title, start, end, invited, schedule_id FROM instants")
    shown = [{**dict(row), "settings": json.loads(row["settings"])} for row in rows]
    return jsonify(
        {"conferences": shown, "instants": [{**dict(r), "invited": json.loads(r["invited"])} for r in instants]}
    )


@blueprint.get("/rooms")
def get_rooms() -> Response:
    rows = gateway().store.rows("SELECT * FROM rooms ORDER BY room_id")
    return jsonify({"rooms": [shown_room(row["room_id"], load_room(row["data"])) for row in rows]})


@blueprint.get("/calls")
def get_calls() -> Response:
    """Return the log of calls, oldest first, with this month's count; `?since=SEQ` leaves out older ones."""
    server = gateway()
    rows = server.store.rows("SELECT * FROM calls WHERE seq > ? ORDER BY seq", request.args.get("since", 0, int))
    calls = [{**dict(row), "counted": bool(row["counted"])} for row in rows]
    return jsonify({"calls": calls, "month": calls_this_month(server.store, server.clock())})


@blueprint.post("/reset")
def reset() -> Response:
    """Forget everything but people and rooms: data, calls, faults, permissions, the clock's shift."""
    server = gateway()
    with server.store.transaction():
        server.store.forget()
    server.faults.clear()
    server.gate.forget()
    server.permissions = set(PERMISSIONS)
    server.clock.move(None)
    return jsonify({"reset": True})


@blueprint.post("/clock")
def move_clock() -> Response:
    """Make it `now` (ISO 8601 with an offset) from here on; null: the real time again."""
    fields = Fields(_document(), "invalid")
    gateway().clock.move(read_moment(fields, "now") if fields.has("now") else None)
    return jsonify({"now": gateway().clock().isoformat()})


@blueprint.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> Response:
    orders = gateway().faults
    if request.method == "POST":
        orders.order(read_fault(_document(), gateway().apis))
    elif request.method == "DELETE":
        orders.clear()
    return jsonify({"faults": orders.shown()})


@blueprint.route("/permissions", methods=["GET", "POST"])
def permissions() -> Response:
    """Show or set what the app is granted."""
    if request.method == "POST":
        gateway().permissions = set(Fields(_document(), "invalid").texts("permissions"))
    return jsonify({"permissions": sorted(gateway().permissions)})


@blueprint.post("/edits")
def post_edit() -> Response:
    """Do by hand what the document asks for: see `edits`."""
    server = gateway()
    with server.store.transaction():
        done = edit(server.store, _document(), server.clock())
    return jsonify(done)
