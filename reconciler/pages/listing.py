"""Entries → the list by meeting, what needs a look, and the figures over both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from reconciler.pages import words
from reconciler.pages.chips import Chip, instants
from reconciler.pages.model import Earlier, Entry, Mark, State
from reconciler.pages.page import MARKS, STATES, Line, Meeting, Notice


def figures(entries: Sequence[Entry], found: Sequence[Chip]) -> tuple[tuple[str, str], ...]:
    """Return how many there are of what, nothing of which there is none."""
    states = [entry.state for entry in entries]
    if any(state in {State.NEW, State.CHANGED, State.CANCELLED} for state in states):
        told = [(states.count(state), STATES[state]) for state in (State.NEW, State.CHANGED, State.CANCELLED)]
    else:
        meetings = len({entry.meeting for entry in entries})
        told = [
            (meetings, "meeting" if meetings == 1 else "meetings"),
            (len(entries), "occurrence" if len(entries) == 1 else "occurrences"),
            (states.count(State.OPEN), STATES[State.OPEN]),
            (states.count(State.ELSEWHERE), STATES[State.ELSEWHERE]),
        ]
    marks = [chip.mark for chip in found if not chip.old]
    conflicts = sum(bool(chip.conflict) for chip in found)
    told += [
        (marks.count(Mark.PENDING), MARKS[Mark.PENDING]),
        (marks.count(Mark.DECLINED), MARKS[Mark.DECLINED]),
        (conflicts, "in conflict"),
    ]
    return tuple((f"{number:,}", noun) for number, noun in told if number)


def notices(found: Iterable[Chip], anchors: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Notice]:
    """Yield what needs a look, by time; `names` are those of the rooms."""
    told: set[str] = set()
    for chip in found:
        if chip.old:
            continue
        when = f"{words.short_day(chip.start.date())}, {words.span(chip.start, chip.end)}"
        what = f"{chip.title}, {when}: {names.get(chip.room, chip.room)}"
        anchor = anchors[chip.entry.id]
        if chip.entry.state is State.ELSEWHERE and chip.entry.before is not None and chip.entry.id not in told:
            told.add(chip.entry.id)
            other = _was(chip.entry, chip.entry.before)
            yield Notice(
                kind="missing", text=f"{chip.title}, {when}: is booked for another time: {other}", anchor=anchor
            )
        if chip.conflict:
            yield Notice(kind="conflict", text=f"{what} is taken by {', '.join(chip.conflict)}", anchor=anchor)
        if chip.mark is Mark.DECLINED:
            yield Notice(kind="declined", text=f"{what} has declined", anchor=anchor)
        elif chip.mark is Mark.PENDING:
            yield Notice(kind="pending", text=f"{what} waits for an approval", anchor=anchor)
        elif chip.mark is Mark.MISSING and chip.entry.state is State.BOOKED:
            yield Notice(kind="missing", text=f"{what} is not booked", anchor=anchor)


def meetings(
    entries: Iterable[Entry], found: Iterable[Chip], colours: Mapping[str, int], anchors: Mapping[str, str]
) -> Iterator[Meeting]:
    """Yield every meeting with its occurrences, by title."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.meeting].append(entry)
    conflicts: dict[str, list[str]] = defaultdict(list)
    for chip in found:
        conflicts[chip.entry.id] += chip.conflict
    ordered = sorted(groups.items(), key=lambda item: (item[1][0].title.casefold(), item[0]))
    for number, (name, group) in enumerate(ordered, 1):
        yield Meeting(
            anchor=f"m{number}",
            name=name,
            title=group[0].title,
            hue=colours[name],
            organizer=group[0].organizer,
            count=words.counted(len(group), "occurrence"),
            lines=tuple(_line(entry, anchors[entry.id], conflicts[entry.id]) for entry in group),
        )


def _line(entry: Entry, anchor: str, conflicts: Sequence[str]) -> Line:
    return Line(
        entry=entry,
        anchor=anchor,
        day=words.short_day(entry.start.date()),
        iso=entry.start.isoformat(timespec="minutes"),
        time=words.span(entry.start, entry.end),
        length=words.length(entry.start, entry.end),
        minutes=words.minutes_between(entry.start, entry.end),
        own=_own_time(entry),
        was=_was(entry, entry.before) if entry.before is not None else "",
        state=STATES[entry.state],
        rooms=tuple(_rooms(entry)),
        conflicts=tuple(dict.fromkeys(conflicts)),
    )


def _rooms(entry: Entry) -> Iterator[tuple[str, str, str]]:
    for place in entry.places:
        open_ = entry.state is State.OPEN and place.mark is Mark.MISSING  # the occurrence says it for all its rooms
        leaving = entry.state is State.CANCELLED
        yield place.name, str(place.mark), "" if open_ or leaving else MARKS.get(place.mark, "")
    if entry.state is State.ELSEWHERE:
        return  # what it has at the other time is told with that time
    here = {place.room for place in entry.places}
    for place in entry.before.places if entry.before is not None else ():
        if place.room not in here:
            yield place.name, str(Mark.LEAVING), MARKS[Mark.LEAVING]


def _own_time(entry: Entry) -> str:
    """Return when it is where the meeting lives, "" where that is what the page says anyway."""
    try:
        own = ZoneInfo(entry.timezone)
    except (ValueError, OSError, KeyError):
        return ""  # the name may come from DingTalk
    start = entry.start.astimezone(own)
    if start.utcoffset() == entry.start.utcoffset():
        return ""
    day = f"{words.short_day(start.date())}, " if start.date() != entry.start.date() else ""
    return f"{day}{words.span(start, entry.end.astimezone(own))} in {entry.timezone}"


def _was(entry: Entry, before: Earlier) -> str:
    if instants(before) == instants(entry):
        return ""
    told = f"{words.short_day(before.start.date())}, {words.span(before.start, before.end)}"
    rooms = ", ".join(place.name for place in before.places) if entry.state is State.ELSEWHERE else ""
    return f"{told}, in {rooms}" if rooms else told
