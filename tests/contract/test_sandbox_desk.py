"""The sandbox's page: what it shows, what its forms do, and who may use it. Without a network: the app is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from reconciler.sandbox.embedded import Sandbox

HOME = "http://127.0.0.1"
Make = Callable[..., str]


@pytest.fixture
def browser(sandbox: Sandbox) -> FlaskClient:
    return sandbox.app.test_client()


@pytest.fixture
def make(sandbox: Sandbox) -> Make:
    """Make an event of alice's on Tuesday, from 10:00 to 11:00."""

    def event(*rooms: str, **fields: Any) -> str:
        times = {
            name: {"dateTime": f"2026-12-01T{hour}:00:00+08:00", "timeZone": "Asia/Shanghai"}
            for name, hour in (("start", 10), ("end", 11))
        }
        document = {"action": "create_event", "organizer": "uAlice", "summary": "Sync", "rooms": rooms}
        made: str = sandbox.control("edits", {**document, **times, **fields})["event"]
        return made

    return event


def look(browser: FlaskClient, path: str = "/", **headers: str) -> str:
    answer = browser.get(path, headers={"Host": "127.0.0.1", **headers})
    assert answer.status_code == 200, answer.text
    return answer.text


def post(browser: FlaskClient, **form: str) -> TestResponse:
    return browser.post("/edit", data=form, headers={"Host": "127.0.0.1", "Origin": HOME})


def found(sandbox: Sandbox) -> dict[str, Any]:
    (event,) = [one for one in sandbox.control("events")["events"] if one["status"] == "confirmed"]
    return {"title": event["summary"], "start": event["start"]["dateTime"], "end": event["end"]["dateTime"]} | {
        room["displayName"]: room["responseStatus"] for room in event["meetingRooms"]
    }


def test_the_page_shows_what_is_booked_and_counts_as_no_call(
    browser: FlaskClient, sandbox: Sandbox, make: Make
) -> None:
    make("rAurora", "rCirrus")
    text = look(browser)
    for told in ("10:00–11:00", "Sync", "Aurora", "pending approval", "organised by Alice", "Nobody has called yet"):
        assert told in text, told
    assert sandbox.control("calls") == {"calls": [], "month": 0}


def test_what_a_program_booked_goes_by_the_name_in_its_marker(browser: FlaskClient, make: Make) -> None:
    make(description="What shipped.\nreconciler:1/acme/weekly-sync/2026-12-01T10:00?conference=c1&revision=0")
    assert "<code>weekly-sync</code>" in look(browser)


def test_times_are_shown_and_taken_in_the_zone_of_the_page(browser: FlaskClient, sandbox: Sandbox, make: Make) -> None:
    event = make()
    assert "03:00–04:00" in look(browser, "/?zone=Europe/Berlin")
    form = {"do": "change", "title": "Sync", "start": "2026-12-01T05:00", "minutes": "90", "zone": "Europe/Berlin"}
    assert post(browser, event=event, **form).status_code == 303
    assert found(sandbox) == {
        "title": "Sync", "start": "2026-12-01T12:00:00+08:00", "end": "2026-12-01T13:30:00+08:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    "start", ["2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]
)
def test_what_is_saved_as_it_is_stays_as_it_is_when_clocks_are_put_back(
    browser: FlaskClient, sandbox: Sandbox, make: Make, start: str
) -> None:
    end = (datetime.fromisoformat(start) + timedelta(hours=3)).isoformat()
    times = {name: {"dateTime": at, "timeZone": "Asia/Shanghai"} for name, at in (("start", start), ("end", end))}
    event = make(**times)
    before = found(sandbox)
    text = look(browser, "/?zone=Europe/Berlin&from=2026-10-19")
    shown = {name: re.findall(f'name="{name}"[^>]* value="([^"]*)"', text)[0] for name in ("start", "minutes")}
    assert shown == {"start": start[:16], "minutes": "180"}
    assert post(browser, event=event, do="change", title="Sync", zone="Europe/Berlin", **shown).status_code == 303
    assert found(sandbox) == before


@pytest.mark.parametrize(
    ("form", "after"),
    [
        (
            {"do": "change", "title": "New", "start": "2026-12-01T10:00", "minutes": "60"},
            {"title": "New", "Cirrus": "tentative"},
        ),
        ({"do": "accept", "room": "rCirrus"}, {"title": "Sync", "Cirrus": "accepted"}),
        ({"do": "decline", "room": "rCirrus"}, {"title": "Sync", "Cirrus": "declined"}),
        ({"do": "remove", "room": "rCirrus"}, {"title": "Sync"}),
        ({"do": "add", "room": "rAurora"}, {"title": "Sync", "Cirrus": "tentative", "Aurora": "accepted"}),
    ],
)
def test_each_button_does_what_it_says(
    browser: FlaskClient, sandbox: Sandbox, make: Make, form: dict[str, str], after: dict[str, str]
) -> None:
    answer = post(browser, event=make("rCirrus"), **form)
    assert answer.status_code == 303
    seen = found(sandbox)
    assert [seen.pop(name)[:16] for name in ("start", "end")] == ["2026-12-01T10:00", "2026-12-01T11:00"]
    assert seen == after
    target, _, anchor = answer.headers["Location"].partition("#")
    text = look(browser, target)
    assert 'role="status"><p>The ' in text
    assert f'id="{anchor}"' in text


def test_a_cancelled_event_is_gone(browser: FlaskClient, sandbox: Sandbox, make: Make) -> None:
    assert post(browser, event=make("rAurora"), do="cancel").status_code == 303
    assert [one["status"] for one in sandbox.control("events")["events"]] == ["cancelled"]
    assert "Nothing is booked in these two weeks" in look(browser)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"do": "change", "title": "", "start": "2026-12-01T10:00", "minutes": "60"}, "summary"),
        ({"do": "change", "title": "x", "start": "soon", "minutes": "60"}, "must be a date"),
        ({"do": "change", "title": "x", "start": "2026-12-01T10:00", "minutes": "99999999999999"}, "must be a date"),
        ({"do": "change", "title": "x", "start": "2026-12-01T10:00", "minutes": "0"}, "end must be after start"),
        ({"do": "add", "room": "rShut"}, "not open"),
        ({"do": "decline", "room": "nowhere"}, "no such booking"),
        ({"do": "explode"}, "Nothing is asked for"),
        ({}, "Nothing is asked for"),
    ],
)
def test_what_can_t_be_done_is_told_on_the_page(
    browser: FlaskClient, sandbox: Sandbox, make: Make, form: dict[str, str], told: str
) -> None:
    event = make()
    before = found(sandbox)
    answer = post(browser, event=event, **form)
    assert answer.status_code == 400
    alert = re.search(r'role="alert"><p>(.*?)</p>', answer.text)
    assert alert is not None
    assert told in alert[1]
    assert found(sandbox) == before


def test_of_a_series_one_date_is_cancelled_and_the_rooms_are_those_of_all(
    browser: FlaskClient, sandbox: Sandbox, make: Make
) -> None:
    last = {"type": "endDate", "endDate": "2026-12-03T23:59:59+08:00"}
    series = make("rAurora", recurrence={"pattern": {"type": "daily", "interval": 1}, "range": last})
    clock = re.compile(r'<span class="clock">10:00–11:00')
    text = look(browser)
    assert len(clock.findall(text)) == 3
    assert (text.count('value="cancel"'), text.count('value="change"')) == (3, 0)
    second = f"{series}_20261202T020000Z"
    assert f'value="{second}"' in text
    assert post(browser, event=second, do="decline", room="rAurora").status_code == 303
    assert found(sandbox)["Aurora"] == "declined"
    assert post(browser, event=second, do="cancel").status_code == 303
    text = look(browser)
    assert len(clock.findall(text)) == 2
    assert second not in text
    assert post(browser, event=second, do="cancel").status_code == 400  # it is gone


def test_the_log_follows_the_calls(browser: FlaskClient, sandbox: Sandbox) -> None:
    browser.post("/v1.0/oauth2/accessToken", json={"appKey": "x", "appSecret": "y"})
    text = look(browser, "/log")
    assert "<code>token</code></td><td>400 invalidClientIdOrSecret</td><td>free" in text
    assert "0 of 5,000 calls this month" in text
    assert sandbox.control("calls")["month"] == 0


@pytest.mark.parametrize(
    "path", ["/?from=nonsense&zone=Mars", "/?from=9999-12-31", "/?from=0001-01-01&done=x", "/?zone=%00"]
)
def test_an_odd_address_shows_this_week(browser: FlaskClient, make: Make, path: str) -> None:
    make()
    assert "30 November – 6 December 2026" in look(browser, path)


def test_other_weeks_can_be_looked_at(browser: FlaskClient, make: Make) -> None:
    make()
    assert "Nothing is booked" in look(browser, "/?from=2026-12-20")
    assert "10:00–11:00" in look(browser, "/?from=2026-11-26")


FOREIGN = [
    {},
    {"Host": "127.0.0.1"},
    {"Host": "127.0.0.1", "Origin": "null"},
    {"Host": "127.0.0.1", "Origin": "https://evil.example"},
    {"Host": "127.0.0.1", "Origin": "http://127.0.0.1:9"},
    {"Host": "127.0.0.1", "Origin": "https://127.0.0.1"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
    {"Host": "127.0.0.1.evil.example", "Origin": "http://127.0.0.1.evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_other_site_can_edit(browser: FlaskClient, sandbox: Sandbox, make: Make, headers: dict[str, str]) -> None:
    event = make()
    assert browser.post("/edit", data={"event": event, "do": "cancel"}, headers=headers).status_code == 403
    assert found(sandbox)["title"] == "Sync"


@pytest.mark.parametrize("path", ["/", "/log"])
def test_a_name_that_was_made_to_point_here_is_shown_nothing(browser: FlaskClient, path: str) -> None:
    assert browser.get(path, headers={"Host": "evil.example"}).status_code == 403
    away = {"REMOTE_ADDR": "192.0.2.7"}
    assert browser.get(path, headers={"Host": "127.0.0.1"}, environ_overrides=away).status_code == 403


def test_the_page_can_be_framed_by_nobody_and_runs_its_own_script_alone(browser: FlaskClient) -> None:
    answer = browser.get("/", headers={"Host": "localhost:8790"})
    policy = answer.headers["Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'; script-src 'sha256-[^']+'; "
        r"connect-src 'self'; form-action 'self'; frame-ancestors 'none'",
        policy,
    )
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_people_write_stays_text(browser: FlaskClient, make: Make) -> None:
    nasty = '"><script>alert(1)</script>\u202e'
    event = make(summary=nasty)
    text = look(browser)
    assert "<script>alert" not in text
    assert "\u202e" not in text
    answer = post(browser, event=event + nasty, do="cancel", zone=nasty)
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text
