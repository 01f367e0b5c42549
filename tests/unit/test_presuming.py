"""What stands in for a look at a recurring event: its instances by the clocks of its zone, but for those gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.model.observed import Told
from reconciler.model.occurrence import Event
from reconciler.model.state import Calendar, Look, State
from reconciler.observe.presuming import begun, instances, look_at
from reconciler.schedule.pattern import Instance, Recurrence, weekly
from reconciler.state.codec import dumps, loads
from reconciler.state.remembering import with_calendars

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 10, tzinfo=BERLIN)  # clocks go forward on the 29th
NOW = datetime(2026, 3, 9, 12, tzinfo=BERLIN)
UNTIL = NOW + timedelta(days=28)
EVENT = Event(
    id="e",
    organizer="alice",
    title="Sync",
    description="",
    start=START,
    end=START + timedelta(hours=1),
    timezone="Europe/Berlin",
    attendees=(),
    recurring=True,
    recurrence=Recurrence(pattern=weekly((0,))),
)
LOOK = Look(event=EVENT, at=NOW, until=UNTIL)
DATES = tuple(datetime(2026, month, day, 10, tzinfo=BERLIN) for month, day in ((3, 16), (3, 23), (3, 30), (4, 6)))


def shown(*starts: datetime) -> tuple[Instance, ...]:
    return tuple(Instance(start=start, origin=start, id="i") for start in starts)


def test_what_was_there_is_presumed_to_be_there_and_what_comes_near_by_the_pattern() -> None:
    look = look_at(EVENT, shown(DATES[0], *DATES[2:]), (), now=NOW, until=UNTIL)
    assert look is not None
    assert look.gone == (DATES[1],)
    later = instances(look, now=NOW, until=UNTIL + timedelta(days=7))
    assert [one.start for one in later] == [DATES[0], *DATES[2:], datetime(2026, 4, 13, 10, tzinfo=BERLIN)]


def test_a_look_is_the_same_after_it_was_saved() -> None:
    look = look_at(EVENT, shown(*DATES), (START,), now=NOW, until=UNTIL)
    assert look is not None
    calendar = Calendar(token="t", listed_at=NOW, looks={"e": look})
    state = State(workspace="acme", lineage="l", calendars={"alice": calendar})
    saved = loads(dumps(state), where="state").calendars["alice"].looks["e"]
    assert saved == look
    assert instances(saved, now=NOW, until=UNTIL) == instances(look, now=NOW, until=UNTIL)
    assert saved.event.start.tzinfo is BERLIN


def test_what_was_written_since_has_to_be_looked_at_again() -> None:
    looks = {name: replace(LOOK, event=replace(EVENT, id=name)) for name in ("e", "f")}
    told = Told(calendar=Calendar(token="t", listed_at=NOW, looks=looks), changed=frozenset())
    state = with_calendars(State(workspace="acme", lineage="l"), {"alice": told}, touched=frozenset({"e"}))
    assert state.calendars["alice"].looks.keys() == {"f"}


def test_what_has_begun_is_what_was_seen_and_what_was_to_come_but_for_what_was_gone() -> None:
    look = look_at(EVENT, shown(*DATES[1:]), (datetime(2026, 3, 9, 10, tzinfo=BERLIN),), now=NOW, until=UNTIL)
    assert look is not None
    assert [*begun(look, NOW)] == [datetime(2026, 3, 9, 10, tzinfo=BERLIN)]
    assert [*begun(look, DATES[0] + timedelta(hours=2))] == []
    assert [*begun(look, DATES[1] + timedelta(hours=2))] == [DATES[1]]


def test_what_no_pattern_tells_is_looked_at_each_time() -> None:
    moved = Instance(start=DATES[0] + timedelta(hours=1), origin=DATES[0])
    odd = DATES[0] + timedelta(days=1)
    assert look_at(EVENT, (moved, *shown(*DATES[1:])), (), now=NOW, until=UNTIL) is None
    assert look_at(EVENT, shown(odd, *DATES), (), now=NOW, until=UNTIL) is None
    assert look_at(EVENT, None, (), now=NOW, until=UNTIL) is None
    assert look_at(replace(EVENT, recurrence=None), shown(*DATES), (), now=NOW, until=UNTIL) is None
    assert look_at(replace(EVENT, timezone=""), shown(*DATES), (), now=NOW, until=UNTIL) is None


def test_of_what_is_over_no_instance_need_be_seen() -> None:
    over = replace(EVENT, recurrence=Recurrence(pattern=weekly((0,)), until=date(2026, 3, 9)))
    look = look_at(over, None, (), now=NOW, until=UNTIL)
    assert look is not None
    assert instances(look, now=NOW, until=UNTIL) == ()
