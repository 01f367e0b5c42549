"""Pages: what stands in which cell, what needs a look, and that foreign text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.pages.chips import UNPLACED
from reconciler.pages.colours import HUES, hues
from reconciler.pages.layout import lay_out
from reconciler.pages.model import Earlier, Entry, Heading, Mark, Place, Room, State
from reconciler.pages.page import Block, Page
from reconciler.pages.render import agenda_page
from reconciler.pages.words import length, week

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)  # a Monday, 08:00 in Shanghai
HEADING = Heading(kind="Agenda", title="acme", generated_at=NOW)
ROOMS = (Room(id="r1", name="aurora", detail="12 seats"), Room(id="r2", name="borealis"))


def entry(number: int = 1, *, at: datetime = NOW + timedelta(hours=2), minutes: int = 45, **fields: object) -> Entry:
    base = Entry(
        id=f"sync@{number}",
        meeting="sync",
        title=f"Sync {number}",
        start=at,
        end=at + timedelta(minutes=minutes),
        places=(Place(room="r1", name="aurora"),),
    )
    return replace(base, **fields)  # type: ignore[arg-type]  # a test names fields that there are


def page(*entries: Entry, zone: ZoneInfo = SHANGHAI) -> Page:
    return lay_out(entries, ROOMS, heading=HEADING, zone=zone)


def cells(found: Page) -> dict[tuple[str, str], tuple[Block, ...]]:
    """Return what stands in the cells that are not empty, by room and day."""
    return {
        (row.name, cell.day.name): cell.blocks
        for one in found.weeks
        for row in one.rows
        for cell in row.cells
        if cell.blocks
    }


class Tags(HTMLParser):
    """Collects elements and text of a page, style and script left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_an_occurrence_stands_at_its_room_and_day_in_the_zone_of_the_page() -> None:
    late = entry(at=datetime(2026, 12, 1, 20, 0, tzinfo=UTC))  # 04:00 on Wednesday in Shanghai, 15:00 in New York
    assert list(cells(page(late))) == [("aurora", "Wed 2 Dec")]
    (block,) = cells(page(late, zone=ZoneInfo("America/New_York")))["aurora", "Tue 1 Dec"]
    assert (block.time, block.title) == ("15:00–15:45", "Sync 1")


def test_the_bar_shows_the_hours_that_are_needed() -> None:
    found = page(entry(), entry(2, at=NOW + timedelta(hours=12, minutes=30)))
    assert found.hours == (8, 22)  # 20:30 to 21:15 in Shanghai
    assert [(b.x, b.width) for b in cells(found)["aurora", "Mon 30 Nov"]] == [(120, 45), (750, 45)]


def test_what_has_no_room_and_rooms_that_nobody_declared_have_rows_of_their_own() -> None:
    found = page(entry(), entry(2, places=()), entry(3, places=(Place(room="r9", name="attic"),)))
    assert [row.name for row in found.weeks[0].rows] == ["aurora", "borealis", "attic", "No room"]
    assert [row.name for row in page(entry()).weeks[0].rows] == ["aurora", "borealis"]


def test_a_weekend_is_shown_where_something_takes_place() -> None:
    saturday = NOW + timedelta(days=5)
    assert [day.name for day in page(entry(at=saturday)).weeks[0].days][-1] == "Sat 5 Dec"
    assert [day.name for day in page(entry()).weeks[0].days][-1] == "Fri 4 Dec"
    assert [day.today for day in page(entry()).weeks[0].days] == [True, False, False, False, False]


def test_two_in_one_room_at_once_are_in_conflict_and_told() -> None:
    first, touching = entry(), entry(3, at=NOW + timedelta(hours=2, minutes=45))
    second = entry(2, at=NOW + timedelta(hours=2, minutes=30), minutes=15)
    found = page(first, second, touching)
    blocks = cells(found)["aurora", "Mon 30 Nov"]
    assert [block.tags for block in blocks] == [("conflict with Sync 2",), ("conflict with Sync 1",), ()]
    assert [notice.kind for notice in found.notices] == ["conflict", "conflict"]
    assert found.notices[0].text == "Sync 1, Mon 30 Nov, 10:00–10:45: aurora is taken by Sync 2"
    assert ("2", "in conflict") in found.summary


@pytest.mark.parametrize(
    ("mark", "tag", "text"),
    [
        (Mark.PENDING, "pending approval", "aurora waits for an approval"),
        (Mark.DECLINED, "declined", "aurora has declined"),
        (Mark.MISSING, "not booked", "aurora is not booked"),
    ],
)
def test_a_room_that_is_not_held_is_marked_and_needs_a_look(mark: Mark, tag: str, text: str) -> None:
    found = page(entry(places=(Place(room="r1", name="aurora", mark=mark),)))
    (block,) = cells(found)["aurora", "Mon 30 Nov"]
    assert (block.kinds, block.tags) == (str(mark), (tag,))
    assert [notice.text for notice in found.notices] == [f"Sync 1, Mon 30 Nov, 10:00–10:45: {text}"]


def test_a_declined_room_is_in_nobodys_way() -> None:
    declined = (Place(room="r1", name="aurora", mark=Mark.DECLINED),)
    assert not [one for one in page(entry(), entry(2, places=declined)).notices if one.kind == "conflict"]


def test_what_is_not_booked_yet_says_so_once() -> None:
    places = (Place(room="r1", name="aurora", mark=Mark.MISSING),)
    found = page(entry(state=State.OPEN, places=places))
    assert cells(found)["aurora", "Mon 30 Nov"][0].tags == ("not booked yet",)
    assert found.notices == ()
    assert found.meetings[0].lines[0].rooms == (("aurora", "missing", ""),)


def test_two_that_exchange_their_rooms_are_in_nobodys_way() -> None:
    leaves_a = (
        Place(room="r1", name="aurora", mark=Mark.LEAVING),
        Place(room="r2", name="borealis", mark=Mark.MISSING),
    )
    leaves_b = (
        Place(room="r2", name="borealis", mark=Mark.LEAVING),
        Place(room="r1", name="aurora", mark=Mark.MISSING),
    )
    found = page(entry(places=leaves_a), entry(2, places=leaves_b))
    assert {notice.kind for notice in found.notices} == {"missing"}
    assert [block.tags for block in cells(found)["aurora", "Mon 30 Nov"]] == [("to be released",), ("not booked",)]
    assert "in conflict" not in {noun for _, noun in found.summary}


def test_who_lacks_a_room_that_another_keeps_is_told_who_has_it() -> None:
    missing = (Place(room="r1", name="aurora", mark=Mark.MISSING),)
    found = page(entry(), entry(2, places=missing))
    assert "Sync 2, Mon 30 Nov, 10:00–10:45: aurora is taken by Sync 1" in {one.text for one in found.notices}


def test_what_is_booked_for_another_time_stands_at_both_and_holds_its_room_at_its_own() -> None:
    at = NOW + timedelta(hours=27)
    before = Earlier(start=at, end=at + timedelta(hours=1), title="Sync", places=(Place(room="r1", name="aurora"),))
    wanted = (Place(room="r1", name="aurora", mark=Mark.MISSING),)
    found = page(entry(state=State.ELSEWHERE, before=before, places=wanted), entry(2, at=at))
    seen = {day: [(one.kinds, one.tags) for one in blocks] for (_, day), blocks in cells(found).items()}
    assert seen["Mon 30 Nov"] == [("missing", ("booked at another time",))]
    assert seen["Tue 1 Dec"][1] == ("elsewhere conflict", ("wanted at another time", "conflict with Sync 2"))
    assert found.meetings[0].lines[0].was == "Tue 1 Dec, 11:00–12:00, in aurora"
    assert "is booked for another time: Tue 1 Dec, 11:00–12:00, in aurora" in found.notices[0].text
    assert found.summary[2] == ("1", "booked at another time")


def test_a_pool_without_a_room_has_a_row_and_needs_a_look() -> None:
    found = page(entry(places=(Place(room=UNPLACED, name="a room of its pool", mark=Mark.MISSING),)))
    assert list(cells(found)) == [("No room yet", "Mon 30 Nov")]
    assert [one.text for one in found.notices] == ["Sync 1, Mon 30 Nov, 10:00–10:45: a room of its pool is not booked"]


def test_what_goes_over_midnight_is_drawn_on_each_of_its_days() -> None:
    found = page(entry(at=NOW + timedelta(hours=9, days=6), minutes=14 * 60))  # Sunday 17:00 to Monday 07:00
    (first,), (second,) = (cells(found)["aurora", day] for day in ("Sun 6 Dec", "Mon 7 Dec"))
    assert (first.time, first.x, first.width) == ("17:00–07:00 (+1 d)", 17 * 60, 7 * 60)
    assert (second.time, second.x, second.width) == ("until 07:00", 0, 7 * 60)
    assert found.hours == (0, 24)
    assert list(cells(page(entry(at=NOW + timedelta(hours=14), minutes=120)))) == [("aurora", "Mon 30 Nov")]  # to 24:00


def test_a_plan_shows_where_an_occurrence_was_and_where_it_would_be() -> None:
    at = NOW + timedelta(hours=3)
    before = Earlier(start=at, end=at + timedelta(hours=1), title="Old", places=(Place(room="r2", name="borealis"),))
    found = page(
        entry(state=State.CHANGED, before=before, places=(Place(room="r1", name="aurora", mark=Mark.BOOKING),)),
        entry(2, state=State.CANCELLED, places=()),
    )
    seen = {room: (blocks[0].kinds, blocks[0].tags) for (room, _), blocks in cells(found).items()}
    assert seen == {
        "aurora": ("changed", ("moved here",)),
        "borealis": ("former", ("moves away",)),
        "No room": ("cancelled", ("cancelled",)),
    }
    line = found.meetings[0].lines[0]
    assert line.was == "Mon 30 Nov, 11:00–12:00"
    assert line.rooms == (("aurora", "booking", "to be booked"), ("borealis", "leaving", "to be released"))
    assert found.summary[:2] == (("1", "changed"), ("1", "cancelled"))
    assert found.notices == ()


def test_another_room_at_the_same_time_is_booked_and_the_old_one_released() -> None:
    one = entry(state=State.CHANGED, places=(Place(room="r2", name="borealis", mark=Mark.BOOKING),))
    before = Earlier(start=one.start, end=one.end, title="Old", places=(Place(room="r1", name="aurora"),))
    seen = {room: blocks[0].tags for (room, _), blocks in cells(page(replace(one, before=before))).items()}
    assert seen == {"aurora": ("to be released",), "borealis": ("to be booked",)}


def test_a_room_that_stays_while_the_title_changes_is_shown_once() -> None:
    one = entry(state=State.CHANGED)
    before = Earlier(start=one.start, end=one.end, title="Old", places=one.places)
    assert [b.tags for b in cells(page(replace(one, before=before)))["aurora", "Mon 30 Nov"]] == [("changed",)]


def test_what_stays_beside_a_plan_is_pale_in_its_weeks_and_counted_nowhere() -> None:
    stays = entry(2, at=NOW + timedelta(hours=3), state=State.STAYS)
    later = entry(3, at=NOW + timedelta(days=8), state=State.STAYS)
    found = page(entry(state=State.NEW), stays, later)
    blocks = cells(found)["aurora", "Mon 30 Nov"]
    assert [(block.kinds, block.tags) for block in blocks] == [("new", ("new",)), ("stays", ("stays",))]
    assert found.summary == (("1", "new"),)
    assert len(found.weeks) == 1
    assert [len(meeting.lines) for meeting in found.meetings] == [1]
    assert "stays as it is" in Tags(agenda_page(found)).text


def test_a_booking_in_the_way_of_what_stays_is_told() -> None:
    booking = (Place(room="r1", name="aurora", mark=Mark.BOOKING),)
    found = page(entry(state=State.NEW, places=booking), entry(2, state=State.STAYS))
    assert [one.text for one in found.notices] == ["Sync 1, Mon 30 Nov, 10:00–10:45: aurora is taken by Sync 2"]


def test_the_list_tells_the_meetings_own_time_where_it_differs() -> None:
    found = page(entry(timezone="Europe/Berlin"), entry(2, timezone="Asia/Singapore"), entry(3, timezone="Mars/Base"))
    owns = [line.own for line in found.meetings[0].lines]
    assert owns == ["03:00–03:45 in Europe/Berlin", "", ""]


@given(st.sets(st.text(min_size=1, max_size=20), max_size=40))
def test_colours_go_by_name_and_are_shared_only_when_there_are_too_many(names: set[str]) -> None:
    found = hues(sorted(names, reverse=True))
    assert found == hues(names)
    assert len(set(found.values())) == min(len(names), HUES)


NASTY = st.text(alphabet=st.sampled_from("<>&\"'/=script `{}%onerror\u202e\x1b\n\ud800-->"), max_size=30)


@settings(max_examples=30)
@given(NASTY, NASTY, NASTY)
def test_foreign_text_makes_no_element_no_attribute_and_no_trick(title: str, room: str, url: str) -> None:
    plain = Tags(agenda_page(page(entry(title="a", meeting="m", url="u", notes=("n",)))))
    odd = entry(
        title=title, meeting=room, url=url, room_code="", notes=(title,), organizer=room,
        places=(Place(room="r1", name="aurora"), Place(room=room, name=room)),
    )  # fmt: skip
    found = page(odd, replace(odd, id="2", places=(Place(room="r1", name=title, mark=Mark.PENDING),)))
    tags = Tags(agenda_page(replace(found, heading=replace(HEADING, title=title, lead=(room,), warnings=(url,)))))
    assert {tag for tag, _ in tags.elements} <= {tag for tag, _ in plain.elements} | {"code"}
    attributes = {name for _, attrs in tags.elements for name in attrs}
    assert attributes <= {name for _, attrs in plain.elements for name in attrs}
    assert not set("\u202e\x1b\ud800") & set(tags.text)
    assert all((attrs.get("href") or "#").startswith(("#", "data:,")) for _, attrs in tags.elements)


def test_a_page_reaches_for_nothing_and_runs_nothing() -> None:
    text = agenda_page(page(entry(url="javascript:alert(1)"), entry(2, url="https://meet.example/1")))
    tags = Tags(text)
    assert not {tag for tag, _ in tags.elements} & {"script", "img", "iframe", "form", "object"}
    links = [attrs["href"] for tag, attrs in tags.elements if tag == "a" and attrs.get("href", "#")[:1] != "#"]  # type: ignore[index]  # it is there
    assert links == ["https://meet.example/1"]
    (policy,) = [attrs["content"] for _, attrs in tags.elements if attrs.get("http-equiv")]
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")
    assert "http" not in text.replace("https://meet.example/1", "").replace("http-equiv", "")
    assert 'style="' not in text


def test_every_link_on_a_page_leads_somewhere_on_it() -> None:
    found = page(entry(), entry(2, places=(Place(room="r1", name="aurora", mark=Mark.DECLINED),)))
    tags = Tags(agenda_page(found))
    ids = [attrs["id"] for _, attrs in tags.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {str(attrs["href"])[1:] for tag, attrs in tags.elements if tag == "a"}
    wanted |= {str(attrs["aria-labelledby"]) for _, attrs in tags.elements if "aria-labelledby" in attrs}
    assert wanted <= set(ids)


def test_an_empty_page_says_so_and_leads_nowhere() -> None:
    found = Tags(agenda_page(page()))
    assert "Nothing is on." in found.text
    assert "nav" not in [tag for tag, _ in found.elements]


BERLIN = ZoneInfo("Europe/Berlin")
TWICE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Berlin, for the first time


def test_a_length_is_what_passes_when_clocks_are_put_back() -> None:
    found = page(entry(at=TWICE - timedelta(hours=1), minutes=180), zone=BERLIN)
    ((line,),) = (one.lines for one in found.meetings)
    assert (line.time, line.length, line.minutes) == ("01:30–03:30", "3 h", 180)


def test_an_hour_that_comes_twice_is_two_hours() -> None:
    both = (entry(1, at=TWICE, minutes=30), entry(2, at=TWICE + timedelta(minutes=40), minutes=40))
    assert page(*both, zone=BERLIN).notices == ()
    meet = (entry(1, at=TWICE, minutes=75), entry(2, at=TWICE + timedelta(minutes=70), minutes=40))
    assert [one.kind for one in page(*meet, zone=BERLIN).notices] == ["conflict", "conflict"]
    was = Earlier(start=TWICE, end=TWICE + timedelta(minutes=30), title="Sync 1", places=entry().places)
    later = TWICE + timedelta(hours=1)
    (moved,) = page(entry(at=later, minutes=30, state=State.CHANGED, before=was), zone=BERLIN).meetings
    assert moved.lines[0].was == "Sun 25 Oct, 02:30–02:00"


def test_what_is_told_in_two_lines_stands_on_two() -> None:
    heading = replace(HEADING, errors=("no room\n  book another",), warnings=("two at once\n  move one",))
    text = agenda_page(lay_out([], ROOMS, heading=heading, zone=SHANGHAI))
    assert 'no room <span class="further">book another</span>' in text
    assert 'two at once <span class="further">move one</span>' in text


def test_words() -> None:
    assert week(datetime(2026, 11, 30, tzinfo=UTC).date()) == "30 November – 6 December 2026"
    assert week(datetime(2026, 12, 28, tzinfo=UTC).date()) == "28 December 2026 – 3 January 2027"
    assert week(datetime(2026, 12, 7, tzinfo=UTC).date()) == "7 – 13 December 2026"
    assert [length(NOW, NOW + timedelta(minutes=m)) for m in (45, 60, 90)] == ["45 min", "1 h", "1 h 30 min"]
