"""What lies ahead of a plan: which occurrences days off take, and the next dates of a rule that is new or changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.config.model import Config
from reconciler.diff.change import AGAIN, PASSED, Action, Change, Diff
from reconciler.model.occurrence import Key
from reconciler.schedule.expand import next_slots, taken_between
from reconciler.schedule.holidays import WEEKEND
from reconciler.schedule.model import DaysOff, Schedule
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.zones import localise, zone

NEW, NO_LONGER_DECLARED = "new occurrence", "no longer declared"  # the reasons of a diff
DESTROYED = "destroyed"  # the reason where nothing is to be left, whatever is declared
NEXT = 5  # dates of a rule that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOff:
    """An occurrence that a day off takes: when it would be, aware, why not, and where it goes; None: nowhere."""

    key: Key
    start: datetime
    reason: str
    moved_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDates:
    """The next dates, aware, of a meeting whose rule is new or changed; `rule` is "" for a single occurrence."""

    meeting: str
    rule: str
    dates: tuple[datetime, ...]


def days_off(config: Config, *, after: datetime, before: datetime) -> tuple[DayOff, ...]:
    """Return what days off take of the occurrences that would start in [after, before), by start and meeting."""
    found = [
        DayOff(
            key=Key(name, one.original),
            start=localise(one.original, where),
            reason=one.reason,
            moved_to=None if one.moved_to is None else localise(one.moved_to, where),
        )
        for name, meeting in config.meetings.items()
        if meeting.enabled and meeting.schedule.days_off != DaysOff()
        for where in (zone(meeting.schedule.timezone),)
        for one in taken_between(meeting.schedule, after=after, before=before)
    ]
    return tuple(sorted(found, key=lambda one: (one.start.timestamp(), one.key)))


def ahead(off: Iterable[DayOff], *, now: datetime, before: datetime) -> tuple[DayOff, ...]:
    """Return what of `off` is not yet over at `now` and would start before `before`."""
    return tuple(one for one in off if now <= max(one.start, one.moved_to or one.start) and one.start < before)


def made_up(config: Config) -> frozenset[str]:
    """Return the meetings of every workday, which are also on weekend days that are worked in place of a holiday."""
    schedules = {name: meeting.schedule for name, meeting in config.meetings.items()}
    return frozenset(name for name, one in schedules.items() if one.days_off.make_up and not _is_on_weekends(one))


def _is_on_weekends(schedule: Schedule) -> bool:
    """Return whether people work on Saturdays or Sundays by the rule, as where the weekend is another one."""
    return schedule.rule is not None and any(day.weekday in WEEKEND for day in parse_rule(schedule.rule).by_day)


def explained(
    found: Diff, off: Iterable[DayOff], before: Mapping[str, str], *, on_workdays: Collection[str] = ()
) -> Diff:
    """Return `found` with the day off as the reason of what it changes.

    `before` says by address what days off took when the calendar was last applied: what an update of the holidays
    gives back is told as that. `on_workdays` are the meetings that are `made_up`.
    """
    taken = {str(one.key): one.reason for one in off}
    return replace(found, changes=tuple(_explained(change, taken, before, on_workdays) for change in found.changes))


def destroyed(found: Diff) -> Diff:
    """Return `found`, a diff with nothing, with the reason that it was asked for."""
    changes = (
        replace(one, reason=DESTROYED) if one.reason in {NO_LONGER_DECLARED, PASSED} and not one.duplicate else one
        for one in found.changes
    )
    return replace(found, changes=tuple(changes))


def _explained(
    change: Change, taken: Mapping[str, str], before: Mapping[str, str], on_workdays: Collection[str]
) -> Change:
    if change.duplicate:
        return change
    now, then = taken.get(change.address, ""), before.get(change.address, "")
    back = f"no longer {'a ' if then.startswith('holiday') else ''}{then}" if then and not now else ""
    weekend = _is_weekend(change, on_workdays)
    match change.action:
        case Action.CANCEL if change.reason in {NO_LONGER_DECLARED, PASSED}:
            return replace(change, reason=now or back or ("no longer a workday" if weekend else change.reason))
        case Action.CREATE if change.reason in {NEW, AGAIN}:
            more = now or ("worked in place of a holiday" if weekend else "")
            return replace(change, reason=back or (f"{change.reason}; {more}" if more else change.reason))
        case Action.UPDATE if now or back:
            return _moved(change, now or back)
        case _:
            return change


def _moved(change: Change, why: str) -> Change:
    """Return an update with the day off before its reason, or in its place, if that is what moves it."""
    fields = change.comparison.fields
    if not any(one.path == "start" and not one.drift for one in fields):
        return change
    only = {one.path for one in fields} <= {"start", "end"}
    return replace(change, reason=why if only else f"{why}; {change.reason}")


def day_off_of(change: Change) -> str:
    """Return the day off that moves an occurrence, or moves it back, as the reason of an update tells it; else ""."""
    if change.action is not Action.UPDATE or not change.reason.startswith(("holiday", "closed", "no longer")):
        return ""
    return change.reason.partition("; config:")[0].partition("; changed in DingTalk:")[0]


def _is_weekend(change: Change, on_workdays: Collection[str]) -> bool:
    key = change.after.key if change.after is not None else change.before.key if change.before is not None else None
    return key is not None and key.meeting in on_workdays and key.original.weekday() in WEEKEND


def rules_of(config: Config, meetings: Collection[str]) -> dict[str, str]:
    """Return by name what decides the dates of `meetings`, but for exceptions, as a text: the same for equal rules."""
    declared = {name: config.meetings[name].schedule for name in meetings if name in config.meetings}
    return {
        name: f"{one.start.isoformat(timespec='minutes')} {one.timezone} {one.rule or ''}".rstrip()
        for name, one in declared.items()
    }


def next_dates(
    config: Config, found: Diff, before: Mapping[str, str], *, meetings: Collection[str], now: datetime
) -> tuple[NextDates, ...]:
    """Return the next dates from `now` on of those of `meetings` whose rule is new or changed.

    `before` are the `rules_of` the last apply. Of a meeting that it does not know `found` tells.
    """
    rules, inferred = rules_of(config, meetings), frozenset(_changed(found))
    told = []
    for name, rule in sorted(rules.items()):
        if before[name] != rule if name in before else name in inferred:
            schedule = config.meetings[name].schedule
            dates = tuple(slot.start for slot in next_slots(schedule, NEXT, after=now))
            told.append(NextDates(meeting=name, rule=schedule.rule or "", dates=dates))
    return tuple(told)


def _changed(found: Diff) -> Iterator[str]:
    """Yield the meetings that are new, and those of which the config moved or dropped an occurrence."""
    known = {have.key.meeting for _, have in found.unchanged}
    known |= {one.before.key.meeting for one in found.changes if one.before is not None and not one.duplicate}
    wanted = {want.key.meeting for want, _ in found.unchanged}
    wanted |= {one.after.key.meeting for one in found.changes if one.after is not None}
    rescheduled = {_meeting_of(one) for one in found.changes if _is_rescheduled(one)}
    yield from (meeting for meeting in wanted if meeting not in known or meeting in rescheduled)


def _meeting_of(change: Change) -> str:
    side = change.after if change.after is not None else change.before
    return side.key.meeting if side is not None else ""


def _is_rescheduled(change: Change) -> bool:
    if change.action is Action.CANCEL:
        return not change.duplicate and change.reason == NO_LONGER_DECLARED
    ours = any(one.path == "start" and not one.drift for one in change.comparison.fields)
    return change.action is Action.UPDATE and ours and not day_off_of(change)
