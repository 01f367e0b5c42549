"""What the calendar takes in: the fields of an event, checked."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.sandbox.answers import invalid
from reconciler.sandbox.clock import to_ms
from reconciler.sandbox.eventrows import midnight_ms
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.people import strangers
from reconciler.sandbox.recurrence import read_moment, read_recurrence
from reconciler.sandbox.store import Store

SUMMARY_MOST = 2048
DESCRIPTION_MOST = 5000
ATTENDEES_PER_CALL = 500
ATTENDEES_MOST = 5000
DEFAULT_ZONE = "Asia/Shanghai"
DEFAULT_REMINDERS = [{"method": "dingtalk", "minutes": 15}]
UI_NAMES = ("updateEventButton", "deleteEventButton", "transferEventButton", "attendee", "comment")
UI_STATES = ("hide", "disable", "enable")
EXTRA_NAMES = ("noPushNotification", "noChatNotification")

Person = tuple[str, bool]  # union id, optional


def read_times(body: Fields, *, all_day: bool) -> dict[str, Any]:
    """Return `start`, `end` and `zone` as far as the body gives them."""
    found: dict[str, Any] = {}
    zones = set()
    for name in ("start", "end"):
        block = body.block(name)
        if block is not None:
            found[name], zone = _read_time(block, all_day=all_day)
            zones.add(zone)
    if len(zones) > 1:
        raise invalid("start and end must have the same timeZone.")
    if zones:
        found["zone"] = zones.pop()
    return found


def _read_time(block: Fields, *, all_day: bool) -> tuple[int, str]:
    if all_day:
        if block.has("dateTime"):
            raise block.fail("dateTime", "must be empty when isAllDay is true.")
        zone = _zone(block) if block.has("timeZone") else DEFAULT_ZONE
        try:
            return midnight_ms(block.text("date"), zone), zone
        except ValueError:
            raise block.fail("date", "must be a date, yyyy-MM-dd.") from None
    if block.has("date"):
        raise block.fail("date", "must be empty unless isAllDay is true.")
    return to_ms(read_moment(block, "dateTime")), _zone(block)


def _zone(block: Fields) -> str:
    name = block.text("timeZone")
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, KeyError):  # what ZoneInfo raises depends on the name's form
        raise block.fail("timeZone", "is no IANA time zone.") from None


def read_people(
    store: Store, body: Fields, name: str, *, required: bool = False, known: Collection[str] = ()
) -> list[Person]:
    """Return the people that the list `name` holds, each once; of the organisation, or `known` all the same."""
    if required and not body.blocks(name):
        raise body.fail(name, "must be provided.")
    people = {item.text("id"): item.flag("isOptional") for item in body.blocks(name)}
    if len(body.blocks(name)) > ATTENDEES_PER_CALL:
        raise invalid(f"attendees batch size too large. Maximum allowed:{ATTENDEES_PER_CALL}")
    if unknown := strangers(store, (one for one in people if one not in known)):
        raise invalid(f"{name} invalid: {', '.join(unknown)}")
    return list(people.items())


def read_extras(body: Fields) -> dict[str, Any]:
    """Return the fields that are kept as they are."""
    found: dict[str, Any] = {}
    location = body.block("location")
    if location is not None:
        found["location"] = location.optional_text("displayName") or ""
    if body.data.get("reminders") is not None:
        found["reminders"] = [_read_reminder(item) for item in body.blocks("reminders")]
    rich = body.block("richTextDescription")
    if rich is not None:
        found["richText"] = rich.optional_text("text") or ""
    extra = body.block("extra")
    if extra is not None:
        for name in EXTRA_NAMES:
            if extra.has(name):
                extra.one_of(name, ("true", "false"))
        found["extra"] = dict(extra.data)
    if body.data.get("uiConfigs") is not None:
        found["uiConfigs"] = [
            {"uiName": item.one_of("uiName", UI_NAMES), "uiStatus": item.one_of("uiStatus", UI_STATES)}
            for item in body.blocks("uiConfigs")
        ]
    return found


def _read_reminder(item: Fields) -> dict[str, Any]:
    minutes = item.integer("minutes")
    if minutes < 0:
        raise item.fail("minutes", "must not be negative.")
    return {"method": item.one_of("method", ("dingtalk",)), "minutes": minutes}


def read_series(body: Fields) -> dict[str, Any] | None:
    block = body.block("recurrence")
    return None if block is None else read_recurrence(block)


def wants_conference(body: Fields) -> bool:
    """Tell whether DingTalk is to make a conference of its own for the event."""
    block = body.block("onlineMeetingInfo")
    if block is None:
        return False
    block.one_of("type", ("dingtalk",))
    return True
