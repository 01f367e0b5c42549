"""The rule of a schedule: `repeat` in words, or an RRULE."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.moments import read_moment
from reconciler.config.registry import words
from reconciler.errors import ReconcilerError
from reconciler.schedule.model import DaysOff
from reconciler.schedule.rules import (
    MONDAY_TO_FRIDAY,
    Repeat,
    RuleError,
    check_rule,
    rule_from_repeat,
    start_from_anchor,
)
from reconciler.schedule.words import parse_every
from reconciler.schedule.workdays import working_week

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The RRULE of a schedule, None for a single occurrence, and where it begins.

    `make_up`: weekend days that people work are days of it, too. `counted`: it chooses workdays by their number.
    """

    start: datetime
    text: str | None = None
    make_up: bool = False
    counted: bool = False


def read_rule(tree: dict[str, Any], start: datetime, days_off: DaysOff, path: Path, findings: Findings) -> Rule | None:
    """Return the rule that is written there; note what is wrong with it. `days_off` tell on which days people work.

    None where the schema has found a part of it to be of no use: then nothing can be told about its dates.
    """
    repeat, rrule = tree.get("repeat"), tree.get("rrule")
    if _is_spoilt(tree):
        return None
    place = (*path, "rrule") if isinstance(rrule, str) else (*path, "repeat")
    try:
        if isinstance(rrule, str):
            check_rule(rrule, start=start)
            return Rule(start=start, text=rrule.strip().upper().removeprefix("RRULE:"))
        if isinstance(repeat, dict) and isinstance(repeat.get("every"), str):
            return _repeated(repeat, start, days_off, place, findings)
    except ReconcilerError as error:
        part = (*place, error.where)
        findings.error(part if error.where and findings.document.has(part) else place, error.what, error.fix)
    return Rule(start=start)


def _is_spoilt(tree: dict[str, Any]) -> bool:
    """Return whether a part of the rule is None, as values are that the schema forbids, or its period is missing."""
    if "rrule" in tree and tree["rrule"] is None:
        return True
    if "repeat" not in tree:
        return False
    repeat = tree["repeat"]
    if not isinstance(repeat, dict) or repeat.get("every") is None:
        return True
    return any(value is None or (isinstance(value, list) and None in value) for value in repeat.values())


def _repeated(tree: dict[str, Any], start: datetime, days_off: DaysOff, path: Path, findings: Findings) -> Rule:
    until = read_moment(tree.get("until"), (*path, "until"), findings)
    if until is not None and until < start.date():
        message = f"until {until} is before the start on {start.date()}"
        findings.error((*path, "until"), message, "write a later day, or leave it out")
        return Rule(start=start)
    interval, unit = parse_every(tree["every"])
    count = tree.get("count") if until is None else None
    repeat = Repeat(
        interval=interval,
        unit=unit,
        on=(tree["on"],) if isinstance(tree.get("on"), str) else tuple(day for _, day in words(tree.get("on"))),
        days=_days(tree.get("day"), (*path, "day"), findings),
        until=until,
        count=None if count is None else int(count),
    )
    text = rule_from_repeat(repeat, start, workdays=_working_week(repeat, days_off, start))
    rule = Rule(start=start, text=text, make_up=unit == "workday", counted="BYSETPOS" in text)
    if "anchor" not in tree:
        return rule
    anchor = _anchor(tree["anchor"], (*path, "anchor"), findings)
    first = start if anchor is None else start_from_anchor(text, start, anchor)
    if first is None:
        raise RuleError("the rule has ended before its first date", where="until", fix="write a later end, or none")
    return replace(rule, start=first)


def _working_week(repeat: Repeat, days_off: DaysOff, start: datetime) -> frozenset[int]:
    """Return the days of the week on which people work, where the rule is of workdays: else nobody needs to know."""
    if repeat.unit != "workday" and not any("workday" in day for day in repeat.on):
        return MONDAY_TO_FRIDAY
    return working_week(days_off, start.year)


def _days(value: object, path: Path, findings: Findings) -> tuple[int, ...]:
    given = [(path, value)]
    if isinstance(value, list):
        given = [((*path, index), one) for index, one in enumerate(value)]
    numbers = []
    for place, one in given:
        if one == 0:
            findings.error(place, "no month has a day 0", "write 1 to 31, or -1 for its last day")
        elif isinstance(one, int | float) and not isinstance(one, bool):
            numbers.append(int(one))
    return tuple(numbers)


def _anchor(value: object, path: Path, findings: Findings) -> date | None:
    """Return a day of the week, month or day that is named; note a week that its year does not have."""
    if not isinstance(value, str):
        return None
    if week := _WEEK.fullmatch(value):
        try:
            return date.fromisocalendar(int(week[1]), int(week[2]), 1)
        except ValueError:
            findings.error(path, f"{week[1]} has no week {int(week[2])}", "write a week from W01 to W52")
            return None
    moment = read_moment(f"{value}-01" if _MONTH.fullmatch(value) else value, path, findings)
    return moment.date() if isinstance(moment, datetime) else moment
