"""The pages in Chromium: on phones and desks, by day and by night, with the keyboard, by clicks, without a script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import DESKTOP, NARROW, PHONE, a_browser, a_tab
from playwright.sync_api import Browser, expect

from reconciler.pages.chips import UNPLACED
from reconciler.pages.layout import lay_out
from reconciler.pages.model import Earlier, Entry, Heading, Mark, Place, Room, State
from reconciler.pages.render import agenda_page
from reconciler.sandbox.embedded import Sandbox
from reconciler.sandbox.seed import Person, RoomSeed, Seed
from reconciler.schedule.zones import zone

NOW = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)  # a Monday, 08:00 in Shanghai
SHANGHAI = zone("Asia/Shanghai")
ROOMS = (
    Room(id="r1", name="aurora", detail="12 seats · Hangzhou 3F"),
    Room(id="r2", name="borealis", detail="8 seats"),
    Room(id="r3", name="cirrus"),
)
SEED = Seed(
    people={"uAlice": Person(name="Alice"), "uBob": Person(name="Bob")},
    rooms={
        "r1": RoomSeed(name="aurora", capacity=12, location="Hangzhou 3F"),
        "r2": RoomSeed(name="borealis", approval=True),
        "long": RoomSeed(name="a-room-with-a-name-that-nobody-would-like-to-type-twice"),
    },
)


def entry(name: str, hours: float, *places: Place, minutes: int = 60, **fields: Any) -> Entry:
    start = NOW + timedelta(hours=hours)
    end = start + timedelta(minutes=minutes)
    return Entry(id=name, meeting=name, title=name.title(), start=start, end=end, places=places, **fields)


def at(room: int, mark: Mark = Mark.HELD) -> Place:
    return Place(room=f"r{room}", name=ROOMS[room - 1].name, mark=mark)


AGENDA: tuple[Entry, ...] = (
    entry("stand-up", 1.5, at(2), minutes=15, organizer="alice", url="https://meet.example/1", room_code="123"),
    entry("review", 26, at(1), at(2, Mark.PENDING), timezone="Europe/Berlin"),
    entry("clash", 26.5, at(1)),
    entry("refused", 50, at(3, Mark.DECLINED)),
    entry("open", 74, at(3, Mark.MISSING), state=State.OPEN),
    entry("call", 98),
    *(entry(f"colour-{number}", 168 + number, at(3)) for number in range(8)),  # with the others, every hue
)
ELSEWHERE = Earlier(start=NOW + timedelta(hours=220), end=NOW + timedelta(hours=221), title="Else", places=(at(2),))
AGENDA += (
    entry("elsewhere", 196, at(1, Mark.MISSING), state=State.ELSEWHERE, before=ELSEWHERE),
    entry("swap", 198, at(1, Mark.LEAVING), at(2, Mark.MISSING)),
    *(entry(f"week-{week}", 168 * week + 50, at(3)) for week in range(2, 5)),  # more than a phone has place for
    entry("pooled", 200, Place(room=UNPLACED, name="a room of its pool", mark=Mark.MISSING)),
)
MOVED = Earlier(start=NOW + timedelta(hours=2), end=NOW + timedelta(hours=3), title="Old", places=(at(2),))
PLAN = (
    entry("new", 2, at(1, Mark.BOOKING), state=State.NEW, notes=("attendees: bob",)),
    entry("moved", 27, at(1, Mark.BOOKING), state=State.CHANGED, before=MOVED, notes=("title: Old → Moved",)),
    entry("gone", 50, at(2), state=State.CANCELLED),
    entry("later", 170, at(2), state=State.NEW),
    entry("stays", 172, at(1), state=State.STAYS),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages that are files, by what they show."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        kind: _written(folder / f"{kind}.html", agenda_page(lay_out(entries, ROOMS, heading=heading, zone=SHANGHAI)))
        for kind, entries in (("agenda", AGENDA), ("plan", PLAN))
        for heading in [
            Heading(
                kind=kind.title(),
                title="acme",
                generated_at=NOW,
                lead=("Two weeks.",),
                errors=("error: no room",),
                warnings=("freeze",),
            )
        ]
    }


def _written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox.db", clock=lambda: NOW, seed=SEED) as running:
        yield running


def make(sandbox: Sandbox, summary: str = "Sync", *rooms: str, hour: int = 10) -> str:
    times = {
        name: {"dateTime": f"2026-12-01T{value}:00:00+08:00", "timeZone": "Asia/Shanghai"}
        for name, value in (("start", hour), ("end", hour + 1))
    }
    document = {"action": "create_event", "organizer": "uAlice", "summary": summary, "rooms": rooms, **times}
    made: str = sandbox.control("edits", document)["event"]
    return made


def booked(sandbox: Sandbox) -> dict[str, Any]:
    """Return the one event that is there, as far as people see it."""
    (event,) = [one for one in sandbox.control("events")["events"] if one["status"] == "confirmed"]
    rooms = {room["displayName"]: room["responseStatus"] for room in event["meetingRooms"]}
    return {"title": event["summary"], "start": event["start"]["dateTime"], "rooms": rooms}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
def test_nobody_is_kept_out(
    browser: Browser, files: dict[str, str], sandbox: Sandbox, size: tuple[int, int], *, dark: bool
) -> None:
    """No barrier that axe-core knows, nothing on the console, nothing that has to be scrolled sideways."""
    make(sandbox, "Sync", "r1", "r2")
    with a_tab(browser, size=size, dark=dark) as tab:
        for address in (*files.values(), sandbox.endpoint):
            tab.page.goto(address)
            for one in tab.page.locator("details.edit > summary").all():
                one.click()
            assert tab.barriers() == []
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert tab.complaints == []


def test_blocks_stand_below_their_day_and_beside_their_room(browser: Browser, files: dict[str, str]) -> None:
    with a_tab(browser) as tab:
        tab.page.goto(files["agenda"])
        week = tab.page.get_by_role("table").first
        for title, room, day in (
            ("Stand-Up", "borealis", "Mon 30 Nov"),
            ("Review", "aurora", "Tue 1 Dec"),
            ("Refused", "cirrus", "Wed 2 Dec"),
            ("Call", "No room", "Fri 4 Dec"),
        ):
            block = week.get_by_role("link", name=title).first.bounding_box()
            column = week.get_by_role("columnheader", name=day).bounding_box()
            row = week.get_by_role("rowheader", name=room).bounding_box()
            assert block is not None and column is not None and row is not None  # noqa: PT018  # all are drawn
            assert column["x"] <= block["x"] < block["x"] + block["width"] <= column["x"] + column["width"] + 1
            assert row["y"] <= block["y"] < block["y"] + block["height"] <= row["y"] + row["height"] + 1
        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []


def test_what_goes_over_midnight_stays_in_its_cell(browser: Browser, tmp_path: Path) -> None:
    night = entry("night", 5 * 24 + 14.5, at(1), minutes=240)  # from Saturday to Sunday
    heading = Heading(kind="Agenda", title="acme", generated_at=NOW)
    address = _written(tmp_path / "night.html", agenda_page(lay_out([night], ROOMS, heading=heading, zone=SHANGHAI)))
    with a_tab(browser, size=(768, 900)) as tab:
        tab.page.goto(address)
        for block in tab.page.locator("a.block").all():
            inside, cell = block.bounding_box(), block.locator("xpath=ancestor::td").bounding_box()
            assert inside is not None and cell is not None  # noqa: PT018  # both are drawn
            assert inside["x"] + inside["width"] <= cell["x"] + cell["width"]


def test_a_phone_shows_all_of_a_form_however_long_the_names(browser: Browser, sandbox: Sandbox) -> None:
    make(sandbox, "Planning of everything that is left to do this year", "long", "r1")
    with a_tab(browser, size=NARROW) as tab:
        tab.page.goto(sandbox.endpoint)
        tab.page.locator("details.edit > summary").click()
        card = tab.page.get_by_role("article").bounding_box()
        assert card is not None
        for one in tab.page.locator("article :is(input:not([type=hidden]), select, button, b)").all():
            box = one.bounding_box()
            assert box is not None
            assert card["x"] <= box["x"]
            assert box["x"] + box["width"] <= card["x"] + card["width"]


def test_a_phone_shows_a_card_for_each_room(browser: Browser, files: dict[str, str]) -> None:
    with a_tab(browser, size=PHONE) as tab:
        tab.page.goto(files["agenda"])
        row = tab.page.get_by_role("row").filter(has=tab.page.get_by_role("rowheader", name="borealis")).first
        inside = row.get_by_role("link", name="Stand-Up").bounding_box()
        card = row.bounding_box()
        assert inside is not None and card is not None  # noqa: PT018  # both are drawn
        assert card["x"] <= inside["x"]
        assert inside["width"] > PHONE[0] / 2
        assert not row.locator("td.free").first.is_visible()


def test_a_block_leads_to_its_line_in_the_list(browser: Browser, files: dict[str, str]) -> None:
    with a_tab(browser) as tab:
        tab.page.goto(files["agenda"])
        tab.page.get_by_role("link", name="Review").first.click()
        target = tab.page.locator(":target")
        expect(target).to_contain_text("pending approval")
        expect(target).to_contain_text("03:00–04:00 in Europe/Berlin")
        expect(target).to_be_in_viewport()


def test_the_keyboard_skips_to_the_content(browser: Browser, files: dict[str, str]) -> None:
    with a_tab(browser) as tab:
        tab.page.goto(files["plan"])
        tab.page.keyboard.press("Tab")
        expect(tab.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("main")).to_be_focused()


def test_paper_shows_the_week_without_what_can_only_be_clicked(browser: Browser, files: dict[str, str]) -> None:
    with a_tab(browser, dark=True) as tab:
        tab.page.goto(files["plan"])
        tab.page.emulate_media(media="print")
        assert not tab.page.get_by_role("navigation", name="On this page").is_visible()
        assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.page.get_by_role("table").first.is_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_meeting_is_edited_by_clicks(browser: Browser, sandbox: Sandbox, *, script: bool) -> None:
    make(sandbox, "Sync", "r1", "r2")
    with a_tab(browser, script=script) as tab:
        page = tab.page
        page.goto(sandbox.endpoint)
        page.get_by_text("Edit by hand").click()
        page.get_by_label("Title").fill("Sync, by hand")
        page.get_by_label("Start").fill("2026-12-03T14:30")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".said")).to_have_text("The event is changed. Now run reconciler drift or reconciler plan.")
        expect(
            page.get_by_role("table").first.get_by_role("link", name="14:30–15:30 Sync, by hand").first
        ).to_be_visible()
        assert booked(sandbox) == {
            "title": "Sync, by hand",
            "start": "2026-12-03T14:30:00+08:00",
            "rooms": {"aurora": "accepted", "borealis": "tentative"},
        }
        page.get_by_text("Edit by hand").click()
        page.get_by_role("button", name="Decline in aurora").click()
        expect(page.get_by_role("region", name="Needs a look")).to_contain_text("aurora has declined")
        page.get_by_text("Edit by hand").click()
        page.get_by_role("button", name="Accept in borealis").click()
        expect(page.locator(".place.held")).to_have_text("borealis")
        assert booked(sandbox)["rooms"] == {"aurora": "declined", "borealis": "accepted"}
        page.get_by_text("Edit by hand").click()
        page.get_by_role("button", name="Cancel this occurrence").click()
        expect(page.get_by_text("Nothing is booked in these two weeks.")).to_be_visible()
        assert tab.complaints == []


def test_calls_come_in_and_what_is_being_edited_is_left_alone(browser: Browser, sandbox: Sandbox) -> None:
    make(sandbox)
    with a_tab(browser) as tab:
        page = tab.page
        page.goto(sandbox.endpoint)
        page.get_by_text("Edit by hand").click()
        page.get_by_label("Title").fill("Half writ")
        sandbox.app.test_client().post("/v1.0/oauth2/accessToken", json={"appKey": "x", "appSecret": "y"})
        make(sandbox, "Another", hour=15)
        expect(page.get_by_role("cell", name="400 invalidClientIdOrSecret")).to_be_visible()
        expect(page.get_by_role("link", name="Something has changed")).to_be_visible()
        assert page.get_by_label("Title").input_value() == "Half writ"
        page.get_by_text("Edit by hand").click()
        page.get_by_role("heading", level=1).click()
        expect(page.get_by_role("link", name="Another").first).to_be_visible()
        assert tab.complaints == []


def test_no_other_website_can_drive_the_sandbox(browser: Browser, sandbox: Sandbox) -> None:
    event = make(sandbox)
    form = (
        f'<form action="{sandbox.endpoint}/edit" method="post"><input name="event" value="{event}">'
        '<button name="do" value="cancel">Win a prize</button></form>'
    )
    with a_tab(browser) as tab:
        tab.page.route("http://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
        tab.page.goto("http://evil.example/")
        with tab.page.expect_response(f"{sandbox.endpoint}/edit") as answered:
            tab.page.get_by_role("button").click()
        assert answered.value.status == 403
    assert booked(sandbox)["title"] == "Sync"
