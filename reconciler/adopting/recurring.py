"""A recurring event that people made → one meeting with `calendar: series`, or the reason why it can't be one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.adopting.choosing import LeftOut, One, local_start, series_left_out, why_not
from reconciler.adopting.grouping import Group
from reconciler.config.native import LONGEST_GAP
from reconciler.diff.compare import held_rooms
from reconciler.model.native import starts
from reconciler.model.occurrence import Event
from reconciler.schedule.dates import first_date
from reconciler.schedule.fit import DAYS, Fit
from reconciler.schedule.pattern import Kind, Pattern, Recurrence
from reconciler.schedule.recurrence import WEEKDAYS, Rule, RuleError, parse_rule
from reconciler.schedule.rules import Repeat, rule_from_repeat
from reconciler.schedule.translation import NotExpressible, pattern_of, rule_of
from reconciler.schedule.words import Unit
from reconciler.schedule.zones import elapsed, zone

_UNITS: dict[str, Unit] = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}
_TOLD = 3  # dates that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Between which aware moments the calendar was looked at, and when that was; `since` is never before `now`."""

    now: datetime
    since: datetime
    until: datetime


def recurring(master: Event, instances: Sequence[Event], window: Window) -> Group | LeftOut:
    """Return a recurring event as the one member of a group, where its dates can be said exactly.

    `instances` are those that start in the window, by start; what is not among them was deleted.
    """
    reason = why_not(master) or _why_no_rule(master) or _why_not_as_it_is(master, instances, window)
    if reason or master.recurrence is None:
        return series_left_out(master.id, instances, reason)
    first = local_start(master)
    repeat, rrule = _said(master.recurrence, first)
    there = {one.start for one in instances}
    rooms = tuple(sorted(held_rooms(master)))
    return Group(
        title=master.title,
        timezone=master.timezone,
        at=first.time(),
        duration=elapsed(master.start, master.end),
        fit=Fit(
            first=first.date(),
            repeat=repeat,
            rrule=rrule,
            skip=tuple(start.date() for start in _planned(master, window) if start not in there),
        ),
        attendees=master.attendees or None,
        rooms=rooms or None,
        members={first: One(event=master, local=first)},
        instances=tuple(instances),
    )


def _why_no_rule(master: Event) -> str:
    """Return why no rule of the config has the dates of a recurring event, "" where one has."""
    recurrence = master.recurrence
    if recurrence is None or (recurrence.pattern.kind is Kind.ABSOLUTE_MONTHLY and not recurrence.pattern.day_of_month):
        return "what it says of its dates is nothing that is known"
    if recurrence.pattern.longest_gap > LONGEST_GAP:
        return "it is rarer than once a month"
    first = local_start(master)
    rule = rule_of(recurrence, first)
    try:
        if pattern_of(replace(rule, until=None, count=None), first) != recurrence.pattern:
            return "no rule has just its dates"
    except NotExpressible as refusal:
        return refusal.what
    if first_date(rule, first, zone(master.timezone)) != first:
        return "it starts on a date that its own pattern leaves out"
    if held_rooms(master) and recurrence.until is None:
        return "it has rooms, and no date on which it ends"
    return ""


def _why_not_as_it_is(master: Event, instances: Sequence[Event], window: Window) -> str:
    """Return what is different about single dates of a recurring event, "" where nothing is."""
    if master.start < window.since and window.since > window.now:
        return "nobody has looked at its dates before --from"
    planned = set(_planned(master, window))
    odd = [one for one in instances if one.start not in planned or not _is_alike(one, master)]
    if not odd:
        return ""
    where = zone(master.timezone)
    told = ", ".join(str(one.start.astimezone(where).date()) for one in odd[:_TOLD])
    more = f" and {len(odd) - _TOLD} more" if len(odd) > _TOLD else ""
    return f"people have changed single dates of it: {told}{more}"


def _is_alike(one: Event, master: Event) -> bool:
    same_people = one.attendees == master.attendees or not one.attendees_complete
    return (
        same_people
        and one.origin in {None, one.start}
        and (one.title, one.description, elapsed(one.start, one.end), held_rooms(one))
        == (master.title, master.description, elapsed(master.start, master.end), held_rooms(master))
    )


def _planned(master: Event, window: Window) -> list[datetime]:
    """Return the dates in the window that the pattern gives, as aware starts in the zone of the event."""
    if master.recurrence is None:
        return []
    start = master.start.astimezone(zone(master.timezone))
    after = max(window.since, window.now + timedelta(microseconds=1))
    return list(starts(master.recurrence, start, after=after, before=window.until))


def _said(recurrence: Recurrence, first: datetime) -> tuple[Repeat | None, str | None]:
    """Return the rule in words, or where they don't say it exactly as an RRULE value."""
    rule = rule_of(recurrence, first)
    repeat = _in_words(rule)
    if repeat is not None and _pattern(rule_from_repeat(repeat, first), first) == recurrence.pattern:
        return repeat, None
    return None, _as_text(rule)


def _in_words(rule: Rule) -> Repeat | None:
    if rule.freq not in _UNITS or rule.week_start:
        return None
    return Repeat(
        interval=rule.interval,
        unit=_UNITS[rule.freq],
        on=tuple(f"{day.nth or ''}{DAYS[day.weekday]}" for day in rule.by_day),
        days=rule.by_month_day,
        until=rule.until,
        count=rule.count,
    )


def _pattern(text: str, first: datetime) -> Pattern | None:
    try:
        return pattern_of(parse_rule(text), first)
    except (NotExpressible, RuleError):
        return None


def _as_text(rule: Rule) -> str:
    """Return the RRULE value of a rule that `rule_of` has made."""
    parts = [f"FREQ={rule.freq}", f"INTERVAL={rule.interval}", f"WKST={WEEKDAYS[rule.week_start]}"]
    if rule.by_day:
        parts.append("BYDAY=" + ",".join(f"{day.nth or ''}{WEEKDAYS[day.weekday]}" for day in rule.by_day))
    if rule.by_month_day:
        parts.append(f"BYMONTHDAY={','.join(map(str, rule.by_month_day))}")
    if rule.until is not None:
        parts.append(f"UNTIL={rule.until:%Y%m%d}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    return ";".join(parts)
