"""Calendar events: create, get, modify, delete."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint

from reconciler.sandbox import eventfields as read
from reconciler.sandbox.answers import ApiFailure, invalid, not_found
from reconciler.sandbox.bookings import check_held, recheck
from reconciler.sandbox.clock import BEIJING, from_ms, to_ms
from reconciler.sandbox.conferences import new_conference
from reconciler.sandbox.eventrows import (
    Event,
    event_of,
    find_event,
    find_instance,
    own_event,
    save_event,
    shown_event,
    takes_part,
    touch,
)
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.gateway import CALENDAR_READ, CALENDAR_WRITE, Api, Call, endpoint
from reconciler.sandbox.people import display_name
from reconciler.sandbox.recurrence import Span, last_end
from reconciler.sandbox.store import Store

blueprint = Blueprint("events", __name__)
EVENTS = "/v1.0/calendar/users/<user>/calendars/primary/events"
EVENT = f"{EVENTS}/<event_id>"
WRONG = "invalidParameter"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

CREATE = Api(name="event.create", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
UPDATE = Api(name="event.update", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
DELETE = Api(name="event.delete", permission=CALENDAR_WRITE, wrong=WRONG, repeatable=True)
GET = Api(name="event.get", permission=CALENDAR_READ, wrong=WRONG)


def known_user(store: Store, user: str) -> str:
    if display_name(store, user) is None:
        raise invalid(f"userId invalid: {user}")
    return user


@endpoint(blueprint, "POST", EVENTS, CREATE)
def create(call: Call, user: str) -> dict[str, Any]:
    event, people = draft(call.store, call.body, known_user(call.store, user), call.now_ms)
    _check_daily(call, user)
    store_new(call.store, event, people, wants_conference=read.wants_conference(call.body))
    return shown_event(call.store, _again(call.store, event.id), user)


def draft(store: Store, body: Fields, organizer: str, now_ms: int) -> tuple[Event, list[read.Person]]:
    """Return the event that a body describes, and its attendees; nothing is stored."""
    all_day = body.flag("isAllDay")
    summary = body.text("summary", most=read.SUMMARY_MOST)
    description = body.optional_text("description", most=read.DESCRIPTION_MOST) or ""
    times = read.read_times(body, all_day=all_day)
    if "start" not in times:
        raise body.fail("start", "must be provided.")
    end = times.get("end", times["start"] + (DAY_MS if all_day else HOUR_MS))
    recurrence = read.read_series(body)
    event = Event(
        id=secrets.token_urlsafe(15).replace("_", "-"),  # an underscore parts the series from the instance
        organizer=organizer,
        summary=summary,
        description=description,
        start=times["start"],
        end=end,
        last=end,
        zone=times["zone"],
        all_day=all_day,
        recurrence=recurrence,
        excluded=frozenset(),
        extras={"reminders": read.DEFAULT_REMINDERS, **read.read_extras(body)},
        conference_id=None,
        cancelled=False,
        created=now_ms,
        updated=now_ms,
        changed=0,
    )
    return _timed(event), read.read_people(store, body, "attendees")


def store_new(
    store: Store, event: Event, people: list[read.Person], *, wants_conference: bool = False, by_api: bool = True
) -> None:
    if wants_conference:
        event = replace(event, conference_id=_own_conference(store, event))
    save_event(store, replace(event, changed=store.next_change()), by_api=by_api)
    invite(store, event, people)


def invite(store: Store, event: Event, people: list[read.Person]) -> None:
    """Add people to the event; who is there already keeps the answer."""
    for person, optional in people:
        store.run(
            "INSERT INTO attendees VALUES (?, ?, ?, 'needsAction', 0) ON CONFLICT (event_id, union_id) "
            "DO UPDATE SET optional = excluded.optional, removed = 0",
            event.id,
            person,
            optional,
        )
    sql = "SELECT COUNT(*) FROM attendees WHERE event_id = ? AND NOT removed"
    if store.number(sql, event.id) > read.ATTENDEES_MOST:
        raise invalid(f"too many attendees. Maximum allowed:{read.ATTENDEES_MOST}")


@endpoint(blueprint, "GET", EVENT, GET)
def get(call: Call, user: str, event_id: str) -> dict[str, Any]:
    most = call.query.query_integer("maxAttendees", default=100, least=100, most=500)
    known_user(call.store, user)
    if find_event(call.store, event_id) is None:
        found = find_instance(call.store, event_id, user)
        if found is not None:
            return shown_event(call.store, found[0], user, most_attendees=most, instance=found[1])
    event = find_event(call.store, event_id)
    if event is None or not takes_part(call.store, event, user) or (event.cancelled and event.organizer == user):
        raise not_found()
    return shown_event(call.store, event, user, most_attendees=most)


@endpoint(blueprint, "PUT", EVENT, UPDATE)
def update(call: Call, user: str, event_id: str) -> dict[str, Any]:
    event = own_event(call.store, event_id, known_user(call.store, user))
    if call.body.text("id") != event_id:
        raise invalid("id must be the id of the event.")
    modify(call.store, event, call.body, call.now_ms)
    return shown_event(call.store, _again(call.store, event_id), user)


def modify(store: Store, event: Event, body: Fields, now_ms: int) -> None:
    """Change what the body names, and nothing else."""
    all_day = body.flag("isAllDay", default=event.all_day)
    changed = _timed(
        replace(
            event,
            summary=body.text("summary", most=read.SUMMARY_MOST) if "summary" in body.data else event.summary,
            description=_description(body, event),
            all_day=all_day,
            recurrence=read.read_series(body) or event.recurrence,
            extras={**event.extras, **read.read_extras(body)},
            **read.read_times(body, all_day=all_day),
        )
    )
    if read.wants_conference(body):
        changed = replace(changed, conference_id=_own_conference(store, changed))
    if changed.recurrence != event.recurrence:
        check_held(store, changed, from_ms(now_ms))
    save_event(store, changed)
    if body.has("attendees"):
        people = read.read_people(store, body, "attendees")
        store.run("UPDATE attendees SET removed = 1 WHERE event_id = ?", event.id)
        invite(store, changed, people)
    if (event.start, event.end, event.recurrence) != (changed.start, changed.end, changed.recurrence):
        recheck(store, changed, from_ms(now_ms))
    touch(store, event.id, now_ms)


@endpoint(blueprint, "DELETE", EVENT, DELETE)
def delete(call: Call, user: str, event_id: str) -> None:
    call.query.query_flag("pushNotification")
    known_user(call.store, user)
    if find_event(call.store, event_id) is None:
        found = find_instance(call.store, event_id, user)
        if found is not None:
            own_event(call.store, found[0].id, user)
            exclude(call.store, *found, call.now_ms)
            return
    event = event_of(call.store, event_id, user)
    if event.organizer == user:
        cancel_event(call.store, event)
    else:
        sql = "UPDATE attendees SET removed = 1 WHERE event_id = ? AND union_id = ?"
        call.store.run(sql, event_id, user)
    touch(call.store, event_id, call.now_ms)


def cancel_event(store: Store, event: Event) -> None:
    """Cancel the event for everyone: its rooms are free, the conference that DingTalk made for it is cancelled."""
    store.run("UPDATE events SET cancelled = 1 WHERE id = ?", event.id)
    store.run("DELETE FROM event_rooms WHERE event_id = ?", event.id)
    store.run("UPDATE conferences SET cancelled = 1 WHERE event_id = ?", event.id)


def exclude(store: Store, event: Event, span: Span, now_ms: int) -> None:
    """Take one instance out of a series."""
    save_event(store, replace(event, excluded=event.excluded | {span[0]}))
    touch(store, event.id, now_ms)


def _timed(event: Event) -> Event:
    """Return the event with its `last` moment; raise the refusal of one that ends before it starts."""
    if event.end <= event.start:
        raise invalid("end must be after start.")
    return replace(event, last=last_end(event.recurrence, (event.start, event.end), event.zone))


def _description(body: Fields, event: Event) -> str:
    given = body.optional_text("description", most=read.DESCRIPTION_MOST)
    return event.description if given is None else given


def _own_conference(store: Store, event: Event) -> str:
    made = new_conference(
        store,
        creator=event.organizer,
        title=event.summary,
        start=event.start,
        end=event.end,
        event_id=event.id,
    )
    return str(made["id"])


def _check_daily(call: Call, user: str) -> None:
    if call.daily_events is None:
        return
    today = call.now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    sql = "SELECT COUNT(*) FROM events WHERE organizer = ? AND created >= ? AND created < ? AND by_api"
    if call.store.number(sql, user, to_ms(today), to_ms(today + timedelta(days=1))) >= call.daily_events:
        raise ApiFailure(400, "flowLimit", f"current user can not create events exceed {call.daily_events} per day")


def _again(store: Store, event_id: str) -> Event:
    event = find_event(store, event_id)
    assert event is not None  # noqa: S101  # it was just stored
    return event
