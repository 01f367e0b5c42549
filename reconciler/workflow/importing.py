"""A person's calendar → what the config has to say so that what people made there becomes managed.

Reads DingTalk, writes nothing there. Whatever is declared has been tried: it validates beside the config that is there,
and the next plan has nothing to do for it but to adopt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.adopting.choosing import LeftOut, One, choose, managed, series_left_out
from reconciler.adopting.declaring import Known, Tree
from reconciler.adopting.grouping import Group, group
from reconciler.adopting.recurring import Window, recurring
from reconciler.adopting.trial import tried
from reconciler.adopting.writing import new_text
from reconciler.config import files_of
from reconciler.config.model import Config
from reconciler.config.words import choose_from
from reconciler.config.yaml import parse
from reconciler.desired import aliases_of
from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import NotFound
from reconciler.errors import UsageError
from reconciler.model.occurrence import LOCAL_FORMAT, Event
from reconciler.model.state import State
from reconciler.pages.words import counted
from reconciler.visible import visible
from reconciler.workflow.people import resolve_people

A_YEAR = timedelta(days=365)  # the most that one list may reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What is asked for: the calendar of `organizer`, an alias, in a window of aware moments."""

    organizer: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was found. `tree` are the sections that the config lacks; `left_out` stays as it is, and why.

    `managed` is how many events were passed over because they are some workspace's already, by workspace.
    """

    tree: Tree = field(default_factory=dict)
    events: int = 0
    left_out: tuple[LeftOut, ...] = ()
    managed: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def meetings(self) -> int:
        """Return how many meetings were found."""
        return len(self.tree.get("meetings", {}))

    @property
    def text(self) -> str:
        """Return it as YAML of its own."""
        return new_text(self.tree, self.remarks)


def import_calendar(
    config: Config,
    path: Path,
    reader: Reader,
    state: State,
    asked: Calendar,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Imported:
    """Return what people made in the calendar, as meetings that adopt it. `path` is where `config` was read from.

    Raises UsageError for somebody who is not in the config or for too wide a window, ApiError where something can't be
    read, and ReconcilerError where the config can't be kept as it is.
    """
    _check(config, asked)
    who = resolve_people(config, reader, state)
    people, organizer = who.people, who.union_id(asked.organizer, config)
    # Of a recurring event all that the next plan looks at has to be known.
    since = max(asked.since, now)
    until = min(max(asked.until, now + config.horizon), since + A_YEAR)
    found = reader.events.view(organizer=organizer, since=since, until=until)
    progress(1, 1)
    adopted = frozenset(event_id for meeting in config.meetings.values() for event_id in meeting.adopt.values())
    window = Window(now=now, since=since, until=until)
    chosen, series, left = choose(found.events, organizer=organizer, now=now, adopted=adopted)
    chosen = tuple(one for one in chosen if one.event.start < asked.until)
    left = tuple(one for one in left if one.start < asked.until)
    series = {name: instances for name, instances in series.items() if instances[0].start < asked.until}
    groups = list(group(_with_all_people(chosen, reader, progress)))
    for made in _recurring(series, reader, organizer, window):
        if isinstance(made, LeftOut):
            left = (*left, made)
        else:
            groups.append(made)
    known = Known(
        people=aliases_of(people),
        rooms=config.room_aliases,
        person_names=frozenset(config.people) | _group_names(path),
        room_names=frozenset(config.rooms),
        meeting_names=frozenset(config.meetings) | frozenset(config.moved),
        names={**found.names, **_room_names(one for made in groups for one in made.members.values())},
    )
    trial = tried(groups, known, people, path, organizer=asked.organizer, window=window)
    left = tuple(sorted((*left, *trial.refused), key=lambda one: (one.start, one.event_id)))
    events = sum(len(made.members) for made in trial.groups)
    theirs = managed(found.events, organizer=organizer, now=now, before=asked.until)
    remarks = (*_remarks(asked, events, trial.groups, left, now), *passed_over(theirs, config.workspace))
    return Imported(tree=trial.tree, events=events, left_out=left, managed=theirs, remarks=remarks)


def _check(config: Config, asked: Calendar) -> None:
    if asked.organizer not in config.people:
        fix = choose_from(asked.organizer, config.people) if config.people else "add the person to `people`"
        raise UsageError(f"there is no person {asked.organizer!r}", fix=fix)
    if not timedelta(0) < asked.until - asked.since <= A_YEAR:
        raise UsageError("--to must be after --from, by a year at most", fix="import one year after the other")


def _with_all_people(chosen: Sequence[One], reader: Reader, progress: Callable[[int, int], None]) -> list[One]:
    """Return the events with all who are invited: a list shows a hundred of them."""
    cut = [one.event for one in chosen if not one.event.attendees_complete]
    whole: dict[str, Event] = {}
    for event in cut:
        everybody = reader.events.attendees(organizer=event.organizer, event_id=event.id)
        whole[event.id] = replace(event, attendees=everybody, attendees_complete=True)
        progress(1 + len(whole), 1 + len(cut))
    return [replace(one, event=whole.get(one.event.id, one.event)) for one in chosen]


def _recurring(
    series: Mapping[str, tuple[Event, ...]], reader: Reader, organizer: str, window: Window
) -> Iterator[Group | LeftOut]:
    """Yield each recurring event as a meeting, or why it is left out; one call each, for what no instance tells."""
    for name, instances in series.items():
        try:
            master = reader.events.get(organizer=organizer, event_id=name)
        except NotFound:
            yield series_left_out(name, instances, "it can't be read by itself")
            continue
        if not master.attendees_complete:
            everybody = reader.events.attendees(organizer=organizer, event_id=name)
            master = replace(master, attendees=everybody, attendees_complete=True)
        yield recurring(master, instances, window)


def _room_names(chosen: Iterable[One]) -> Mapping[str, str]:
    return {room.room_id: room.name for one in chosen for room in one.event.rooms}


def _group_names(path: Path) -> frozenset[str]:
    """Return the names of groups, which share one room with those of people."""
    found: set[str] = set()
    for file in files_of(path):
        document, _ = parse(file.read_bytes(), str(file))
        groups = document.value.get("groups") if isinstance(document.value, dict) else None
        found.update(groups or ())
    return frozenset(found)


def _remarks(
    asked: Calendar, events: int, made: Sequence[Group], left: Sequence[LeftOut], now: datetime
) -> Iterator[str]:
    """Yield what a reader of the YAML should know, line by line, harmless whatever people wrote."""
    yield f"Imported from the calendar of {asked.organizer} on {now.date()}: {count(events, len(made))}."
    if any(one.instances is None for one in made):
        yield "`until` is the last date that was there: take it away, or move it, and the meeting goes on."
    yield from (visible(f"Left out: {told(one)}") for one in left)


def count(events: int, meetings: int) -> str:
    """Return how much was found, in words."""
    return f"{counted(events, 'event')} in {counted(meetings, 'meeting')}"


def passed_over(managed: Mapping[str, int], ours: str) -> Iterator[str]:
    """Yield a line for each workspace that manages events of the calendar already; `ours` is that of the config."""
    for workspace, number in managed.items():
        whose = "this workspace" if workspace == ours else f"workspace {workspace}"
        yield f"Passed over: {counted(number, 'event')} that {whose} manages already"


def told(one: LeftOut) -> str:
    """Return what was left out, and why, on one line."""
    return f"{one.title or '(no title)'}, {one.start.strftime(LOCAL_FORMAT)}: {one.reason}"
