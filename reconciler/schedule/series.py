"""A schedule as other calendars know it: a rule with exceptions, additions and moved instances. Source: RFC 5545."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.schedule.dates import day_bounds, end_of, in_full
from reconciler.schedule.expand import first_occurrence, slot_of
from reconciler.schedule.model import Schedule, Slot
from reconciler.schedule.originals import originals, planned
from reconciler.schedule.recurrence import WEEKDAYS, Rule, parse_rule
from reconciler.schedule.seams import seams
from reconciler.schedule.zones import EARLIEST, LATEST, localise, zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Local times are naive, in the schedule's zone.

    `first` is DTSTART, the first date of `rule`, whose UNTIL is in UTC ("" where there is but one date); `left_out` are
    EXDATEs, `added` RDATEs. `moved` differ from what the rule gives, by RECURRENCE-ID. `before` are additions that
    come before the first date, and belong to no series. From `last` on another series goes on.
    """

    first: datetime
    last: datetime = LATEST
    rule: str = ""
    left_out: tuple[datetime, ...] = ()
    added: tuple[datetime, ...] = ()
    moved: tuple[Slot, ...] = ()
    before: tuple[Slot, ...] = ()


def series(schedule: Schedule, *, until: datetime) -> Series | None:
    """Return the schedule as a series; None where its rule has no date. Days off count until the aware `until`."""
    first = first_occurrence(schedule)
    if first is None:
        return None
    last = min(until.astimezone(UTC).replace(tzinfo=None), LATEST)
    rule = None if schedule.rule is None else parse_rule(schedule.rule)
    added = {one for one in schedule.add if originals(schedule, first=one, last=one)}
    if schedule.days_off.make_up:
        by_rule = {*_by_rule(schedule, first, last)}
        added |= {one for one in originals(schedule, first=first, last=last) if one not in by_rule}
    exceptions = {one for one in _touched(schedule) if one not in added and one >= first}
    if schedule.days_off.calendars or schedule.days_off.closures:
        exceptions |= set(originals(schedule, first=first, last=last))
    exceptions |= {one for one in _at_seams(schedule, first, last) if one not in added and one >= first}
    kept = {one: slot_of(schedule, one) for one in exceptions | added}
    skipped = {one for one in _skipped(schedule) if one >= first}
    return Series(
        first=first,
        rule="" if rule is None else _written(rule, schedule),
        left_out=tuple(sorted(skipped | {one for one, slot in kept.items() if slot is None and one not in added})),
        added=tuple(sorted(one for one in added if one > first and kept[one] is not None)),
        moved=tuple(
            slot for _, slot in sorted(kept.items()) if slot and slot.original >= first and _differs(slot, schedule)
        ),
        before=tuple(slot for one in sorted(added) if one < first and (slot := kept[one]) is not None),
    )


def _by_rule(schedule: Schedule, first: datetime, last: datetime) -> set[datetime]:
    plain = replace(schedule, days_off=replace(schedule.days_off, make_up=False))
    return planned(plain, first, last)


def _touched(schedule: Schedule) -> Iterator[datetime]:
    """Yield the original starts for which there is a change."""
    for named in schedule.changes:
        first, last = day_bounds(named)
        yield from originals(schedule, first=max(first, EARLIEST), last=last)


def _skipped(schedule: Schedule) -> Iterator[datetime]:
    for named in schedule.skip:
        first, last = day_bounds(named)
        yield from planned(schedule, first, last)


def _differs(slot: Slot, schedule: Schedule) -> bool:
    planned_start = localise(slot.original, zone(schedule.timezone))
    return slot.change is not None or slot.start != planned_start or meets_clocks(slot)


def _at_seams(schedule: Schedule, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the original starts of what is on while the clocks are changed."""
    for seam in seams(schedule.timezone, first=first, last=last):
        yield from originals(schedule, first=seam.first - schedule.duration, last=seam.last)


def meets_clocks(slot: Slot) -> bool:
    """Return whether the clocks are changed during an occurrence, or its start or end is a time that comes twice.

    Programs then count on the wall, and end it an hour early or late: only in UTC they all read the same.
    """
    offsets = {each.replace(fold=fold).utcoffset() for each in (slot.start, slot.end) for fold in (0, 1)}
    return len(offsets) > 1 or _is_moved_by_gap(slot)


def _is_moved_by_gap(slot: Slot) -> bool:
    where = slot.start.tzinfo
    original = slot.original.replace(tzinfo=where)
    return original.astimezone(UTC).astimezone(where).replace(tzinfo=None) != slot.original


def _written(rule: Rule, schedule: Schedule) -> str:
    """Return the rule as every program reads it: UNTIL in UTC, each day by its number where one is counted."""
    parts = [f"FREQ={rule.freq}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.until is not None:
        where = zone(schedule.timezone)
        end = localise(end_of(rule, where).replace(microsecond=0), where).astimezone(UTC)
        parts.append(f"UNTIL={end:%Y%m%dT%H%M%SZ}")
    if rule.week_start:
        parts.append(f"WKST={WEEKDAYS[rule.week_start]}")
    days = [f"{day.nth or ''}{WEEKDAYS[day.weekday]}" for day in in_full(rule)]
    if rule.by_week and not days:
        days = [*WEEKDAYS]  # else some programs take the weekday of the start alone
    lists = {
        "BYMONTH": rule.by_month,
        "BYWEEKNO": rule.by_week,
        "BYYEARDAY": rule.by_year_day,
        "BYMONTHDAY": rule.by_month_day,
        "BYDAY": days,
        "BYHOUR": rule.by_hour,
        "BYMINUTE": rule.by_minute,
        "BYSETPOS": rule.by_set_pos,
    }
    parts += [f"{name}={','.join(map(str, values))}" for name, values in lists.items() if values]
    return ";".join(parts)
