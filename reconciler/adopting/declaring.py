"""Groups → what the config has to say for them, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from reconciler.adopting.choosing import One
from reconciler.adopting.grouping import Group
from reconciler.adopting.naming import alias, meeting_name
from reconciler.diff.compare import held_rooms
from reconciler.model.occurrence import LOCAL_FORMAT, Attendee, Link
from reconciler.schedule.fit import in_words
from reconciler.schedule.zones import elapsed

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the config has: aliases by union id and by room id, and the names that are taken.

    `names` are people and rooms by their ids as DingTalk calls them.
    """

    people: Mapping[str, str]
    rooms: Mapping[str, str]
    person_names: frozenset[str]
    room_names: frozenset[str]
    meeting_names: frozenset[str]
    names: Mapping[str, str]


def declare(groups: Sequence[Group], known: Known, *, organizer: str) -> tuple[Tree, dict[str, Group]]:
    """Return the sections `people`, `rooms` and `meetings` that the config lacks, and the groups by their names.

    `organizer` is the alias of the person whose events they are. A section without entries is left out.
    """
    people, new_people = _aliases(
        (who.union_id for made in groups for one in made.members.values() for who in one.event.attendees),
        known.people,
        known.person_names,
        known.names,
        otherwise="person",
    )
    rooms, new_rooms = _aliases(
        (room for made in groups for one in made.members.values() for room in sorted(held_rooms(one.event))),
        known.rooms,
        known.room_names,
        known.names,
        otherwise="room",
    )
    by_name: dict[str, Group] = {}
    for made in groups:
        by_name[meeting_name(made.title, known.meeting_names | by_name.keys())] = made
    meetings = {name: _meeting(made, people, rooms, organizer) for name, made in by_name.items()}
    sections = {"people": new_people, "rooms": new_rooms, "meetings": meetings}
    return {name: entries for name, entries in sections.items() if entries}, by_name


def _aliases(
    ids: Iterable[str], known: Mapping[str, str], taken: frozenset[str], names: Mapping[str, str], *, otherwise: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return aliases by id, and the new ones: ids by alias."""
    found, new = dict(known), dict[str, str]()
    reserved = set(taken)
    for one in dict.fromkeys(ids):
        if one not in found:
            name = alias(names.get(one, ""), reserved, otherwise=otherwise)
            reserved.add(name)
            found[one], new[name] = name, one
    return found, new


def _meeting(made: Group, people: Mapping[str, str], rooms: Mapping[str, str], organizer: str) -> Tree:
    tree: Tree = {"title": made.title, "organizer": organizer, "link": Link.EVENT.value}
    if made.instances is not None:
        tree["calendar"] = "series"
    if made.attendees is not None:
        tree["attendees"] = _invited(made.attendees, people)
    tree["schedule"] = _schedule(made, people, rooms)
    if made.every_day:
        tree["holidays"] = {"skip": [], "closures": False}
    if made.rooms is not None:
        tree["rooms"] = [rooms[room] for room in made.rooms]
    tree["adopt"] = {_moment(original): one.event.id for original, one in made.members.items()}
    return tree


def _schedule(made: Group, people: Mapping[str, str], rooms: Mapping[str, str]) -> Tree:
    tree: Tree = {
        "start": _moment(made.start),
        "duration": _length(made.duration),
        "timezone": made.timezone,
        **_rule(made),
    }
    changes = {_moment(original): _change(made, original, one, people, rooms) for original, one in made.members.items()}
    exceptions = {
        "skip": [_moment(datetime.combine(day, made.at)) for day in made.fit.skip],
        "add": [_moment(datetime.combine(day, made.at)) for day in made.fit.add],
        "change": {original: change for original, change in changes.items() if change},
    }
    return tree | {name: value for name, value in exceptions.items() if value}


def _rule(made: Group) -> Tree:
    if made.fit.rrule is not None:
        return {"rrule": made.fit.rrule}
    repeat = made.fit.repeat
    if repeat is None:
        return {}
    tree: Tree = {"every": in_words(repeat)}
    if repeat.on:
        tree["on"] = list(repeat.on)
    if repeat.days:
        tree["day"] = list(repeat.days) if len(repeat.days) > 1 else repeat.days[0]
    if repeat.until is not None:
        tree["until"] = str(repeat.until)
    if repeat.count is not None:
        tree["count"] = repeat.count
    return {"repeat": tree}


def _change(made: Group, original: datetime, one: One, people: Mapping[str, str], rooms: Mapping[str, str]) -> Tree:
    """Return what is different about one occurrence."""
    tree: Tree = {}
    if one.local != original:
        same_day = one.local.date() == original.date()
        tree["start"] = _clock(one.local.time()) if same_day else _moment(one.local)
    if (length := elapsed(one.event.start, one.event.end)) != made.duration:
        tree["duration"] = _length(length)
    if made.attendees is not None and one.event.attendees != made.attendees:
        tree["attendees"] = _invited(one.event.attendees, people)
    held = tuple(sorted(held_rooms(one.event)))
    if made.rooms is not None and held != made.rooms:
        tree["rooms"] = [rooms[room] for room in held]
    return tree


def _invited(attendees: Iterable[Attendee], people: Mapping[str, str]) -> list[Any]:
    named = sorted((people[who.union_id], who.optional) for who in attendees)
    return [{"person": name, "optional": True} if optional else name for name, optional in named]


def _moment(local: datetime) -> str:
    return local.strftime(LOCAL_FORMAT)


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _length(duration: timedelta) -> str:
    hours, rest = divmod(duration, _HOUR)
    return (f"{hours}h" if hours else "") + (f"{rest // _MINUTE}m" if rest else "")
