"""What a schema can't see in a single meeting: its schedule against itself, its rooms against its people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import Config, Invitation, Meeting
from reconciler.model.occurrence import LOCAL_FORMAT
from reconciler.schedule.dates import day_bounds
from reconciler.schedule.expand import first_occurrence, is_occurrence, originals
from reconciler.schedule.model import Schedule
from reconciler.schedule.rules import start_where_each_counts

_LOOK_AHEAD = timedelta(days=366)


def check_meeting(meeting: Meeting, config: Config, findings: Findings) -> None:
    """Note what is wrong with one meeting by itself, whatever the day is."""
    path: Path = ("meetings", meeting.name)
    if _check_rule(meeting.schedule, (*path, "schedule"), findings):
        _check_exceptions(meeting.schedule, (*path, "schedule"), findings)
    _check_seats(meeting, config, path, findings)


def write_moment(when: date | datetime) -> str:
    """Return a date or a local time as the config writes it."""
    return when.strftime(LOCAL_FORMAT) if isinstance(when, datetime) else when.isoformat()


def _check_rule(schedule: Schedule, path: Path, findings: Findings) -> bool:
    first = first_occurrence(schedule)
    if first is None:
        until = (*path, "repeat", "until")
        place = until if findings.document.has(until) else (*path, "rrule")
        findings.error(place, "the rule has ended before its first date", "write a later end, or none")
        return False
    start = _written_start(schedule, path, findings)
    if first == start:
        return True
    message = f"{start:%A} {write_moment(start)} is not a date of the rule"
    hint = f"the first occurrence is on {first:%A} {write_moment(first)}: write that as the start"
    nearest = start_where_each_counts(schedule.rule, schedule.start) if schedule.rule else None
    if nearest is None or nearest >= first:
        findings.warn((*path, "start"), message, hint)
        return True
    # Of every other week, month or year another one may be meant.
    either = f"{write_moment(nearest)} if the rule is to count from then"
    if findings.document.has((*path, "repeat")):
        fix = f"write {write_moment(first)} as the start, or {either}; or add anchor: {first.date()}"
        findings.error(
            (*path, "start"), f"the rule needs an anchor: {message}, so it is unclear which periods count", fix
        )
        return False
    findings.warn((*path, "start"), message, f"{hint}, or {either}")  # an RRULE counts from its DTSTART
    return True


def _written_start(schedule: Schedule, path: Path, findings: Findings) -> datetime:
    """Return the start as it is written, where an anchor has said from where the rule counts."""
    if not findings.document.has((*path, "repeat", "anchor")) or schedule.days_off.counted:
        return schedule.start
    value: Any = findings.document.value
    for step in (*path, "start"):
        value = value[step]
    return datetime.fromisoformat(str(value))


def _check_exceptions(schedule: Schedule, path: Path, findings: Findings) -> None:
    for index, added in enumerate(schedule.add):
        if is_occurrence(replace(schedule, add=()), added):
            message = f"{write_moment(added)} is an occurrence already"
            findings.warn((*path, "add", index), message, "take it out")
        elif added in schedule.skip or added.date() in schedule.skip:
            message = f"{write_moment(added)} is skipped, as all of that day is"
            hint = "skip what is meant by its date and time, or `change` its start instead of adding another"
            findings.warn((*path, "add", index), message, hint)
    for index, when in enumerate(schedule.skip):
        if not is_occurrence(schedule, when):
            _not_there(schedule, when, (*path, "skip", index), findings, on_key=False)
    changed: dict[datetime, date | datetime] = {}
    for when in schedule.changes:
        place = (*path, "change", write_moment(when))
        if not is_occurrence(schedule, when):
            _not_there(schedule, when, place, findings, on_key=True)
            continue
        first, last = day_bounds(when)
        found = originals(schedule, first=first, last=last)
        if not found:
            message = f"the occurrence of {write_moment(when)} is skipped"
            findings.error(place, message, "take it out of `skip`, or out of `change`", on_key=True)
        for original in found:
            other = changed.setdefault(original, when)
            if other != when:
                message = f"{write_moment(original)} is changed by {write_moment(other)!r}, too"
                findings.error(place, message, "keep one of the two", on_key=True)


def _not_there(schedule: Schedule, when: date | datetime, path: Path, findings: Findings, *, on_key: bool) -> None:
    first, _ = day_bounds(when)
    same_day = originals(replace(schedule, skip=()), first=_midnight(first), last=_midnight(first) + timedelta(days=1))
    near = same_day or originals(replace(schedule, skip=()), first=first, last=first + _LOOK_AHEAD)
    hint = f"the next one is {write_moment(near[0])}" if near else "there is none after it, either"
    day = f"{first:%A} {write_moment(when)}"
    findings.error(path, f"there is no occurrence on {day}", hint, on_key=on_key)


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0)


def _check_seats(meeting: Meeting, config: Config, path: Path, findings: Findings) -> None:
    _seats(meeting.rooms, meeting.attendees, config, (*path, "rooms"), findings)
    for when, override in meeting.overrides.items():
        if override.pool is not None or (override.rooms is None and override.attendees is None):
            continue
        place = (*path, "schedule", "change", write_moment(when))
        rooms = meeting.rooms if override.rooms is None else override.rooms
        people = meeting.attendees if override.attendees is None else override.attendees
        field = "attendees" if override.rooms is None else "rooms"
        _seats(rooms, people, config, (*place, field), findings)


def _seats(
    rooms: Iterable[str] | None,
    attendees: tuple[Invitation, ...] | None,
    config: Config,
    path: Path,
    findings: Findings,
) -> None:
    if not rooms or attendees is None:
        return
    seats = [config.rooms[alias].capacity if alias in config.rooms else None for alias in rooms]
    known = [capacity for capacity in seats if capacity is not None]
    people = len(attendees) + 1
    # Of several rooms each may hold a part of the people, in their own city.
    if len(known) == len(seats) and sum(known) < people:
        where = "the room seats" if len(seats) == 1 else "the rooms seat"
        findings.warn(path, f"{where} {sum(known)}, and {people} people are invited", "book a larger room")
