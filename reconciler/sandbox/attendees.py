"""The people of an event."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from reconciler.sandbox.answers import invalid
from reconciler.sandbox.eventfields import read_people
from reconciler.sandbox.eventrows import all_attendees, event_of, own_event, touch
from reconciler.sandbox.events import EVENT, WRONG, invite, known_user
from reconciler.sandbox.gateway import CALENDAR_READ, CALENDAR_WRITE, Api, Call, endpoint

blueprint = Blueprint("attendees", __name__)
ADD = Api(name="attendees.add", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
REMOVE = Api(name="attendees.remove", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
LIST = Api(name="attendees.list", permission=CALENDAR_READ, wrong=WRONG)


@endpoint(blueprint, "POST", f"{EVENT}/attendees", ADD)
def add(call: Call, user: str, event_id: str) -> None:
    event = own_event(call.store, event_id, known_user(call.store, user))
    call.body.flag("pushNotification")
    call.body.flag("chatNotification")
    invite(call.store, event, read_people(call.store, call.body, "attendeesToAdd", required=True))
    touch(call.store, event_id, call.now_ms)


@endpoint(blueprint, "POST", f"{EVENT}/attendees/batchRemove", REMOVE)
def remove(call: Call, user: str, event_id: str) -> None:
    event = own_event(call.store, event_id, known_user(call.store, user))
    invited = {
        row["union_id"] for row in call.store.rows("SELECT union_id FROM attendees WHERE event_id = ?", event_id)
    }
    people = read_people(call.store, call.body, "attendeesToRemove", required=True, known=invited)  # some may have left
    for person, _ in people:
        if person == event.organizer:
            raise invalid("the organizer can not be removed.")
        sql = "UPDATE attendees SET removed = 1 WHERE event_id = ? AND union_id = ?"
        call.store.run(sql, event_id, person)
    touch(call.store, event_id, call.now_ms)


@endpoint(blueprint, "GET", f"{EVENT}/attendees", LIST)
def list_all(call: Call, user: str, event_id: str) -> dict[str, Any]:
    event = event_of(call.store, event_id, known_user(call.store, user))
    size = call.query.query_integer("maxResults", default=100, least=1, most=500)
    offset = call.query.query_integer("nextToken", default=0, least=0, most=10**9)
    people = all_attendees(call.store, event, user)
    more = offset + size < len(people)
    return {"attendees": people[offset : offset + size], "nextToken": str(offset + size) if more else None}
