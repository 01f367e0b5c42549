"""Dates, times and durations as the config writes them, and the schedule made of them."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.moments import read_moment
from reconciler.config.registry import section, words
from reconciler.config.repeating import read_rule
from reconciler.errors import Severity
from reconciler.schedule.model import Change, DaysOff, Schedule
from reconciler.schedule.originals import originals
from reconciler.schedule.shifting import taken
from reconciler.schedule.zones import UnknownZone, never_changed, zone

MAX_DURATION = timedelta(hours=24)
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?", re.ASCII)
_SAY_LENGTH = "write how long it lasts, for example 45m or 1h30m"


def parse_duration(text: str) -> timedelta:
    """Return the length that `28d`, `1h30m` and the like mean; the schema has checked the form."""
    found = _DURATION.fullmatch(text)
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)


def read_duration(value: object, path: Path, findings: Findings) -> timedelta | None:
    """Return the length of an occurrence; note one that is nothing or too long."""
    if not isinstance(value, str):
        return None
    duration = parse_duration(value)
    if not duration:
        findings.error(path, "it would end when it starts", _SAY_LENGTH)
    elif duration > MAX_DURATION:
        findings.error(path, f"{value} is longer than 24 hours", _SAY_LENGTH)
    else:
        return duration
    return None


def read_zone(name: object, path: Path, findings: Findings) -> str | None:
    """Return the name of a zone that exists; note one that doesn't."""
    if not isinstance(name, str):
        return None
    try:
        zone(name)
    except UnknownZone as error:
        findings.error(path, error.what, error.fix)
        return None
    if meant := never_changed(name):
        findings.warn(
            path, f"{name} has no summer time: its clocks are never changed", f"write {meant}, if that is meant"
        )
    return name


def read_schedule(
    tree: dict[str, Any], default_zone: str | None, days_off: DaysOff, path: Path, findings: Findings
) -> Schedule | None:
    """Return the schedule; None where something is wrong with it, which is noted.

    `default_zone` is None where the defaults have none, "" where theirs is broken. `days_off` are those of the meeting.
    """
    before = len(findings.problems)
    start = read_moment(tree.get("start"), (*path, "start"), findings)
    duration = read_duration(tree.get("duration"), (*path, "duration"), findings)
    timezone = read_zone(tree.get("timezone"), (*path, "timezone"), findings)
    if "timezone" not in tree:
        timezone = default_zone
        if timezone is None:
            message, hint = "the meeting has no timezone", "add timezone: Asia/Shanghai, here or in `defaults`"
            findings.error(path, message, hint, on_key=True)
    rule = read_rule(tree, start, days_off, path, findings) if isinstance(start, datetime) else None
    skip = [read_moment(when, (*path, "skip", at), findings) for at, when in words(tree.get("skip"))]
    add = [read_moment(when, (*path, "add", at), findings) for at, when in words(tree.get("add"))]
    changes = _changes(tree, (*path, "change"), findings)
    found = findings.problems[before:]
    if rule is None or not duration or not timezone or any(one.severity is Severity.ERROR for one in found):
        return None
    counted = rule.counted and bool(days_off.calendars or days_off.closures)
    schedule = Schedule(
        start=rule.start,
        duration=duration,
        timezone=timezone,
        rule=rule.text,
        skip=tuple(when for when in skip if when is not None),
        add=tuple(when for when in add if isinstance(when, datetime)),
        changes=changes,
        days_off=replace(days_off, make_up=rule.make_up, counted=counted),
    )
    return _from_its_original(schedule) if counted else schedule


def _from_its_original(schedule: Schedule) -> Schedule:
    """Return a schedule of counted workdays that begins where its start would be without days off.

    Who writes the workday that the first of them really is, as a Saturday that is worked, means it.
    """
    begin = datetime.combine(schedule.start.date().replace(day=1), schedule.start.time())
    whole = replace(schedule, start=begin)
    last = begin + timedelta(days=monthrange(begin.year, begin.month)[1] - 1)
    for original in originals(replace(whole, skip=()), first=begin, last=last):
        off = taken(whole, original)
        if off is not None and off.moved_to == schedule.start:
            return replace(schedule, start=original)
    return schedule


def _changes(tree: dict[str, Any], path: Path, findings: Findings) -> dict[date | datetime, Change]:
    changes = {}
    for key, value in section(tree, "change").items():
        when = read_moment(key, (*path, key), findings, on_key=True)
        if when is None or not isinstance(value, dict):
            continue
        duration = read_duration(value.get("duration"), (*path, key, "duration"), findings)
        start = _new_start(value.get("start"), (*path, key, "start"), findings)
        changes[when] = Change(start=start, duration=duration)
    return changes


def _new_start(value: object, path: Path, findings: Findings) -> datetime | time | None:
    if isinstance(value, str) and "T" not in value:
        return time.fromisoformat(value)
    moment = read_moment(value, path, findings)
    return moment if isinstance(moment, datetime) else None
