"""What the calendar holds in store: changed clocks, long years, months that lack a day, holidays not yet published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import Config, Meeting
from reconciler.config.semantics import write_moment
from reconciler.schedule.dates import day_bounds, filled
from reconciler.schedule.expand import is_plain, slot_of
from reconciler.schedule.model import Schedule
from reconciler.schedule.originals import originals, planned
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.rules import parity
from reconciler.schedule.seams import Seam, seams
from reconciler.schedule.shifting import change_of, moved_by, taken
from reconciler.schedule.workdays import unpublished
from reconciler.schedule.zones import LATEST, localise, zone

LOOK_AHEAD = timedelta(days=366)
_SOON = timedelta(days=8)  # most meetings take place by then
_LONG = 53  # weeks of some years
_ALWAYS_THERE = 28  # days that each month has
_LEAP_DAY = (2, 29)


def check_outlook(config: Config, findings: Findings, *, now: datetime) -> None:
    """Note what is coming within a year of the aware `now`, or of a meeting's start, that people may not expect."""
    told: set[tuple[str, int]] = set()
    long_years: dict[tuple[str, int], list[str]] = defaultdict(list)
    for meeting in config.meetings.values():
        path: Path = ("meetings", meeting.name)
        begin = min(max(now.astimezone(UTC).replace(tzinfo=None), meeting.schedule.start), LATEST - LOOK_AHEAD)
        _check_clocks(meeting.schedule, begin, (*path, "schedule"), findings)
        if (year := _long_year(meeting.schedule, begin)) is not None:
            long_years[year].append(meeting.name)
        _check_short_months(meeting.schedule, (*path, "schedule"), findings)
        _check_taken(meeting.schedule, begin, (*path, "schedule"), findings)
        _check_published(config, meeting, now, told, findings)
    _tell_long_years(long_years, findings)


def _check_clocks(schedule: Schedule, begin: datetime, path: Path, findings: Findings) -> None:
    """Note the first occurrence that the clocks' change meets in a way that needs a rule."""
    for seam in seams(schedule.timezone, first=begin, last=begin + LOOK_AHEAD):
        for original, local in _within(schedule, seam):
            when = f"{local:%A} {write_moment(local)}"
            if seam.gap:
                message = f"{when} does not exist in {schedule.timezone}: it starts"
                message += f" at {localise(local, zone(schedule.timezone)):%H:%M}"
            else:
                message = f"{when} comes twice in {schedule.timezone}; the first one counts"
            key, change = change_of(schedule, original)
            place: Path = ("start",) if change.start is None or key is None else ("change", write_moment(key), "start")
            findings.warn((*path, *place), message, "use `change` to give that occurrence another time")
            return


def _within(schedule: Schedule, seam: Seam) -> Iterator[tuple[datetime, datetime]]:
    """Yield the occurrences, original and local start, whose local start lies in the seam."""
    for original in originals(schedule, first=seam.first, last=seam.last):
        if original < seam.last and change_of(schedule, original)[1].start is None:
            yield original, original
    for named, change in schedule.changes.items():
        if change.start is not None:
            first, last = day_bounds(named)
            for original in originals(schedule, first=first, last=last):
                if seam.first <= (local := moved_by(change, original)) < seam.last:
                    yield original, local


def _long_year(schedule: Schedule, begin: datetime) -> tuple[str, int] | None:
    """Return `odd` or `even` and the year of 53 weeks after which that is not every second week; None if none comes."""
    which = parity(schedule.rule) if schedule.rule is not None else ""
    if not which:
        return None
    for year in range(begin.year - 1, (begin + LOOK_AHEAD).year + 1):
        last_week = date(year, 12, 28).isocalendar().week  # that day is always in it
        first = datetime.combine(date.fromisocalendar(year + 1, 1, 1), time.min)
        last = first + timedelta(weeks=2)
        is_near = first <= begin + LOOK_AHEAD and last >= begin
        if last_week == _LONG and is_near and originals(schedule, first=first, last=last):
            return which, year
    return None


def _tell_long_years(found: Mapping[tuple[str, int], Sequence[str]], findings: Findings) -> None:
    """Note each of the long years once, at the first of its meetings."""
    for (which, year), meetings in found.items():
        what = {
            "odd": f"two odd weeks follow each other, {year}-W53 and {year + 1}-W01",
            "even": f"there are two weeks between {year}-W52 and {year + 1}-W02 instead of one",
        }[which]
        more = f" (also in {len(meetings) - 1} more)" if len(meetings) > 1 else ""
        path: Path = ("meetings", meetings[0], "schedule")
        place = (*path, "repeat", "every")
        findings.warn(
            place if findings.document.has(place) else (*path, "rrule"),
            f"{year} has 53 weeks: {what}{more}",
            "for every second week throughout, write every: 2 weeks and an anchor",
        )


def _check_short_months(schedule: Schedule, path: Path, findings: Findings) -> None:
    if schedule.rule is None:
        return
    rule = filled(parse_rule(schedule.rule), schedule.start)
    if rule.freq not in {"MONTHLY", "YEARLY"} or rule.by_day or rule.by_year_day or rule.by_week or rule.by_set_pos:
        return
    days = [day for day in rule.by_month_day if day > _ALWAYS_THERE]
    short = [month for month in rule.by_month or range(1, 13) if days and min(days) > _days_in(month)]
    if not days or rule.by_month_day != tuple(days) or not short:
        return
    leap = (rule.by_month, rule.by_month_day) == ((_LEAP_DAY[0],), (_LEAP_DAY[1],))
    message = "it takes place only in leap years" if leap else f"a month without a day {min(days)} has no occurrence"
    hint = "for the last day of each month, write on: last day"
    for place in (("repeat", "day"), ("repeat", "every"), ("rrule",)):
        if findings.document.has((*path, *place)):
            findings.warn((*path, *place), message, hint)
            return


def _days_in(month: int) -> int:
    return ((date(2027, month % 12 + 1, 1) if month < 12 else date(2028, 1, 1)) - timedelta(days=1)).day  # noqa: PLR2004  # December


def _check_taken(schedule: Schedule, begin: datetime, path: Path, findings: Findings) -> None:
    """Note a meeting of which skips and days off leave nothing, in the year from `begin` on."""
    if is_plain(schedule) or (schedule.start < begin and _comes_to_an_end(schedule)):
        return  # of what comes to an end the last dates may well be skipped
    for far in (_SOON, LOOK_AHEAD):
        coming = originals(schedule, first=begin, last=begin + far)
        if any(slot_of(schedule, each) is not None for each in coming):
            return
    dates = sorted(planned(schedule, begin, begin + LOOK_AHEAD))
    if not dates:
        return
    off = [one for each in dates if (one := taken(schedule, each)) is not None and not _is_skipped(schedule, each)]
    if not off:
        why, shifted = "skipped", ""
    else:
        why = f"on a day off ({off[0].reason})" if len(off) == len(dates) else "skipped or on days off"
        shifted = ", as with holidays: {shift: next-workday}"
    single = len(dates) == 1
    what = (
        f"its date {write_moment(dates[0])} is" if single else f"all {len(dates)} dates through {dates[-1].date()} are"
    )
    skip = (*path, "skip")
    findings.warn(
        skip if findings.document.has(skip) else (*path, "start"),
        f"it does not take place: {what} {why}",
        f"let some of them take place{shifted}, or remove the meeting",
    )


def _comes_to_an_end(schedule: Schedule) -> bool:
    rule = None if schedule.rule is None else parse_rule(schedule.rule)
    return rule is None or rule.until is not None or rule.count is not None


def _is_skipped(schedule: Schedule, original: datetime) -> bool:
    return original in schedule.skip or original.date() in schedule.skip


def _check_published(
    config: Config, meeting: Meeting, now: datetime, told: set[tuple[str, int]], findings: Findings
) -> None:
    """Note, once for each calendar, the years inside the horizon whose holidays nobody knows yet."""
    years = range(now.year, (now + config.horizon).year + 1)
    for code, year in unpublished(meeting.schedule.days_off, years):
        if (code, year) in told:
            continue
        told.add((code, year))
        message = f"the holidays of {code} in {year} are not published yet, so none are kept free then"
        hint = "when they are, run pip install --upgrade chinesecalendar holidays"
        findings.warn(_place_of(code, meeting, findings), message, hint)


def _place_of(code: str, meeting: Meeting, findings: Findings) -> Path:
    for path in (("meetings", meeting.name, "holidays", "skip"), ("defaults", "holidays", "skip")):
        value: Any = findings.document.value
        for step in path if findings.document.has(path) else ():
            value = value[step]
        if isinstance(value, list) and code in value:
            return (*path, value.index(code))
    return ("meetings", meeting.name)
