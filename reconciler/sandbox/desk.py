"""The sandbox's page: look at what is booked, do by hand what people do, and watch the calls come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from reconciler.pages.layout import anchor, lay_out
from reconciler.pages.model import Heading
from reconciler.pages.render import fragment, live_page
from reconciler.sandbox import deskview as view
from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.clock import from_ms
from reconciler.sandbox.edits import edit
from reconciler.sandbox.eventrows import find_event
from reconciler.sandbox.gateway import gateway
from reconciler.sandbox.guard import only_from_here, only_own_forms
from reconciler.sandbox.limits import calls_this_month

blueprint = Blueprint("desk", __name__)
DONE = {
    "change": "The event is changed.",
    "cancel": "The event is cancelled.",
    "accept": "The room has accepted.",
    "decline": "The room has declined.",
    "remove": "The room is released.",
    "add": "The room is booked.",
}
HINT = "Now run reconciler drift or reconciler plan."


@blueprint.before_request
def _guard() -> None:
    only_from_here()
    only_own_forms()


@blueprint.get("/")
def show() -> Response:
    done = DONE.get(request.args.get("done", ""))
    return _page(said=f"{done} {HINT}" if done else "")


@blueprint.get("/log")
def show_log() -> Response:
    """Return the log alone, for the page's script."""
    return _html(fragment("log.html", **_log(_zone())))


@blueprint.post("/edit")
def post_edit() -> AnyResponse:
    """Do what a form of the page asks for, and show the page again."""
    server, asked = gateway(), request.form
    try:
        with server.store.transaction():
            edit(server.store, _document(), server.clock())
    except ApiFailure as failure:
        return _page(said=failure.message, wrong=True)
    kept = {name: asked[name] for name in ("zone", "from") if asked.get(name)}
    query = urlencode({**kept, "done": asked["do"]})
    return redirect(f"/?{query}#{anchor(asked['event'])}", code=303)


def _document() -> dict[str, Any]:
    """Return the edit that the form asks for, as the control takes it. Raises the refusal of a form that is none."""
    asked = request.form
    event, room = asked.get("event", ""), asked.get("room", "")
    holder = event.partition("_")[0]  # of a date of a series: rooms are the series'
    match asked.get("do"):
        case "change":
            return {"action": "change_event", "event": event, "summary": asked.get("title", ""), **_times(event)}
        case "cancel":
            return {"action": "delete_event", "event": event}
        case "accept" | "decline" as answer:
            status = {"accept": "accepted", "decline": "declined"}[answer]
            return {"action": "respond_room", "event": holder, "room": room, "status": status}
        case "remove":
            return {"action": "release_rooms", "event": holder, "rooms": [room]}
        case "add":
            return {"action": "add_rooms", "event": holder, "rooms": [room]}
        case _:
            raise ApiFailure(400, "invalid", "Nothing is asked for that can be done.")


def _times(event_id: str) -> dict[str, Any]:
    """Return start and end as the calendar takes them; the form has them in the zone of the page.

    A start that is left as it was is the same moment, also in an hour that comes twice.
    """
    event = find_event(gateway().store, event_id)
    zone = event.zone if event is not None else "UTC"
    try:
        start = datetime.fromisoformat(request.form["start"]).replace(tzinfo=_zone()).astimezone(UTC)
        known = from_ms(event.start).astimezone(_zone()) if event is not None else None
        if known is not None and f"{known:%Y-%m-%dT%H:%M}" == request.form["start"]:
            start = known.astimezone(UTC)
        end = start + timedelta(minutes=int(request.form["minutes"]))
    except (ValueError, OverflowError):
        raise ApiFailure(400, "invalid", "The start must be a date and a time, the minutes a number.") from None
    return {
        name: {"dateTime": one.astimezone(_zone()).isoformat(), "timeZone": zone}
        for name, one in (("start", start), ("end", end))
    }


def _page(*, said: str = "", wrong: bool = False) -> Response:
    server, zone = gateway(), _zone()
    now, first = server.clock(), _first(zone)
    after, before = view.window(first, zone)
    rooms = view.rooms(server.store)
    heading = Heading(
        kind="DingTalk sandbox",
        title="What is booked",
        generated_at=now,
        lead=("A stand-in for DingTalk on this machine. Change by hand what people change; reconciler will see it.",),
    )
    page = lay_out(view.entries(server.store, after=after, before=before), rooms, heading=heading, zone=zone)
    made = live_page(
        page,
        rooms=rooms,
        zones=sorted({*view.zones(server.store), "UTC", str(zone)}),
        first=first.isoformat(),
        earlier=(first - timedelta(days=view.DAYS)).isoformat(),
        later=(first + timedelta(days=view.DAYS)).isoformat(),
        said=said,
        wrong=wrong,
        **_log(zone),
    )
    return _html(made.html, policy=made.policy, status=400 if wrong else 200)


def _log(zone: ZoneInfo) -> dict[str, Any]:
    server = gateway()
    limit = server.gate.limits.monthly_quota
    return {
        "version": server.store.last_change(),
        "calls": view.calls(server.store, zone),
        "used": f"{calls_this_month(server.store, server.clock()):,}",
        "limit": "" if limit is None else f"{limit:,}",
    }


def _zone() -> ZoneInfo:
    asked = request.values.get("zone", "")
    return ZoneInfo(asked if asked in available_timezones() else view.zones(gateway().store)[0])


def _first(zone: ZoneInfo) -> date:
    """Return the Monday that the page begins with: of the week asked for, or of this one."""
    today = gateway().clock().astimezone(zone).date()
    try:
        day = date.fromisoformat(request.values.get("from", ""))
    except ValueError:
        day = today
    if not date(2000, 1, 1) < day < date(2100, 1, 1):
        day = today
    return day - timedelta(days=day.weekday())


def _html(text: str, *, policy: str = "default-src 'none'", status: int = 200) -> Response:
    response = Response(text, status=status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
