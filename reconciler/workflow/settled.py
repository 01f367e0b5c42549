"""Meetings that need no look: each of their occurrences stands in the state as the config wants it, unchanged since.

Most of what a run is asked about is so. It is told by the text of the state alone: what is as it should be is never
read, compared or written anew. Whatever is the least bit out of the ordinary is left to the comparison proper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from reconciler.config.model import Config, Meeting, Override
from reconciler.desired import People, maker
from reconciler.model.marker import parse_description
from reconciler.model.observed import Changes, Told
from reconciler.model.occurrence import Event, Link, Occurrence
from reconciler.model.settings import readable
from reconciler.model.state import State
from reconciler.plan.operations import Verification
from reconciler.schedule.expand import expand
from reconciler.schedule.model import Slot
from reconciler.state.lines import Lines, json_text
from reconciler.state.values import lean_occurrence

BACK = timedelta(days=2)  # what began before decides nothing any more, in whatever zone
_NEVER = datetime.min.replace(tzinfo=UTC)

# An occurrence as it mostly is: applied in full, its event seen to be so, its conference its own.
_TEXT = rb'"([^"\\]+)"'
_LINE = re.compile(
    rb'\{"applied": (\{.*\})(?:, "conference_id": ' + _TEXT + rb')?, "event_id": ' + _TEXT + rb', "intact": true'
    rb', "organizer": ' + _TEXT + rb'(?:, "revision": \d{1,9})?(?:, "room_code": "[^"\\]*")?(?:, "url": "[^"\\]*")?'
    rb'(?:, "verified": ' + _TEXT + rb")?\}"
)
_ID = re.compile(rb'"(?:conference|event)_id": ' + _TEXT)
_BEGINS = re.compile(rb'"start": ' + _TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The `meetings` that need no look, how many of their occurrences are to come, and who organises them."""

    meetings: frozenset[str] = frozenset()
    kept: Mapping[str, int] = field(default_factory=dict)  # by meeting
    organizers: frozenset[str] = frozenset()
    verification: Verification = field(default_factory=Verification)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """A meeting all of whose occurrences are as they should be. Each has when it begins and was last verified."""

    name: str
    organizer: str
    kept: int
    presumed: tuple[tuple[datetime, datetime], ...]  # verified (or _NEVER), start; of those with a conference
    cost: int  # of verifying one of them, in calls


def settle(
    config: Config, people: People, state: State, heard: Mapping[str, object], *, now: datetime, budget: int
) -> Settled:
    """Return the meetings of which nothing was `heard` since all their occurrences were as the config wants them.

    What falls due to be verified now, within `budget` calls, is not among them. Where one meeting with rooms needs a
    look, all of them do: what one books depends on what the others have.
    """
    lines = state.entries
    if not isinstance(lines, Lines) or not _all_different(lines.texts.values()):
        return Settled()
    news = _news(heard, state, config.moved)
    addresses = lines.by_meeting()
    found = []
    for name, meeting in config.meetings.items():
        organizer = people[meeting.organizer]
        if name in news.meetings or not isinstance(heard.get(organizer), Changes) or not _is_ordinary(meeting):
            continue
        own = {address: lines.texts[address] for address in addresses.get(name, ())}
        one = _unchanged(config, meeting, people, own, news.events, now=now)
        if one is not None:
            found.append(one)
    names = {one.name for one in found}
    if any(_has_rooms(meeting) and name not in names for name, meeting in config.meetings.items()):
        found = [one for one in found if not _has_rooms(config.meetings[one.name])]
    due = _due(found, every=config.verify.every, budget=budget, now=now)
    return _told([one for one in found if one.name not in due])


def _all_different(texts: Iterable[bytes]) -> bool:
    """Return whether no event and no conference belongs to two occurrences, which then concern each other."""
    ids = [one for text in texts for one in _ID.findall(text)]
    return len(ids) == len({*ids})


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """What was heard of: ids of events, and the meetings that their markers name."""

    events: frozenset[bytes]
    meetings: frozenset[str]


def _news(heard: Mapping[str, object], state: State, moved: Mapping[str, str]) -> _News:
    told: list[Event] = []
    for who, answer in heard.items():
        if isinstance(answer, Changes):
            told += [*answer.events, *state.calendars[who].events]
        elif isinstance(answer, Told):  # listed whole, with what its owner is invited to
            told += answer.calendar.events
    markers = (parse_description(event.description).marker for event in told)
    return _News(
        events=frozenset(event.id.encode() for event in told),
        meetings=frozenset(marker.key.moved(moved).meeting for marker in markers if marker is not None),
    )


def _is_ordinary(meeting: Meeting) -> bool:
    """Return whether each occurrence stands for itself, and is what the config alone says."""
    pools = (meeting.pool, *(override.pool for override in meeting.overrides.values()))
    alone = meeting.link is not Link.STABLE and meeting.pattern is None
    return alone and not meeting.adopt and all(pool is None for pool in pools)


def _has_rooms(meeting: Meeting) -> bool:
    some: tuple[Meeting | Override, ...] = (meeting, *meeting.overrides.values())
    return any(one.rooms or one.pool is not None for one in some)


def _unchanged(  # all of it is what the comparison takes
    config: Config,
    meeting: Meeting,
    people: People,
    lines: Mapping[str, bytes],
    news: frozenset[bytes],
    *,
    now: datetime,
) -> _Meeting | None:
    """Return the meeting, None where anything about it is not as it should be, or can't be told."""
    wanted = {address: (text, slot) for address, text, slot in _wanted(config, meeting, people, now)}
    organizer, kept, presumed = people[meeting.organizer], 0, []
    for address, line in lines.items():
        text, slot = wanted.pop(address, (b"", None))
        found = _LINE.fullmatch(line)
        if slot is None:
            if not news.isdisjoint(_ID.findall(line)) or not _is_over(line, now):
                return None
            continue
        if found is None or found[1] != text or found[3] in news or found[4].decode() != organizer:
            return None
        verified = _instant(found[5]) if found[5] is not None else _NEVER
        if verified is None:
            return None
        if slot.start > now:
            kept += 1
            if found[2] is not None:
                presumed.append((verified, slot.start))
    if any(slot.start > now for _, slot in wanted.values()):
        return None
    cost = 2 if readable(meeting.settings) else 1
    return _Meeting(name=meeting.name, organizer=organizer, kept=kept, presumed=tuple(presumed), cost=cost)


def _wanted(config: Config, meeting: Meeting, people: People, now: datetime) -> Iterator[tuple[str, bytes, Slot]]:
    """Yield the occurrences that should be there: their addresses, how the state should have them applied, and when."""
    make = maker(config, meeting, people)
    before, between, after = b"", b"", b""
    for slot in expand(meeting.schedule, after=now - BACK, before=now + config.horizon):
        address = f"{meeting.name}@{slot.original.isoformat(timespec='minutes')}"
        if slot.change is not None:
            yield address, json_text(lean_occurrence(make(slot, False))), slot  # noqa: FBT003  # a Callable
            continue
        if not before:
            before, between, after = _around_times(make(slot, False))  # noqa: FBT003  # a Callable names no arguments
        times = slot.end.isoformat().encode(), slot.start.isoformat().encode()
        yield address, b'%s"%s"%s"%s"%s' % (before, times[0], between, times[1], after), slot


def _around_times(one: Occurrence) -> tuple[bytes, bytes, bytes]:
    """Return the text of an occurrence without its times: what stands before its end, between, and after its start."""
    parts = [b"{"]
    for number, (name, value) in enumerate(sorted(lean_occurrence(one).items())):
        parts[-1] += b"%s%s: " % (b", " if number else b"", json_text(name))
        if name in {"end", "start"}:
            parts.append(b"")
        else:
            parts[-1] += json_text(value)
    before, between, after = parts
    return before, between, after + b"}"


def _is_over(line: bytes, now: datetime) -> bool:
    begins = _BEGINS.search(line)
    start = _instant(begins[1]) if begins is not None else None
    return start is not None and start < now - BACK


@lru_cache(maxsize=1024)
def _instant(text: bytes) -> datetime | None:
    """Return the moment that a line names; None where it names none."""
    try:
        found = datetime.fromisoformat(text.decode())
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _due(found: Iterable[_Meeting], *, every: timedelta, budget: int, now: datetime) -> frozenset[str]:
    """Return the meetings with conferences whose turn it is: unverified for the longest time, as far as it goes."""
    turns = sorted(
        (verified, start, one.name, one.cost)
        for one in found
        for verified, start in one.presumed
        if verified == _NEVER or now - verified >= every
    )
    due, left = set(), budget
    for _, _, name, cost in turns:
        if cost > budget:
            continue
        left -= cost
        if left < 0:
            break
        due.add(name)
    return frozenset(due)


def _told(found: Iterable[_Meeting]) -> Settled:
    found = list(found)
    moments = [verified for one in found for verified, _ in one.presumed]
    oldest = min(moments, default=None)
    return Settled(
        meetings=frozenset(one.name for one in found),
        kept={one.name: one.kept for one in found},
        organizers=frozenset(one.organizer for one in found),
        verification=Verification(presumed=len(moments), oldest=None if oldest == _NEVER else oldest),
    )
