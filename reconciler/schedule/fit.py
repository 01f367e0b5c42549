"""From dates to the simplest rule that has them, with its exceptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo

from reconciler.schedule.dates import rule_dates
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.rules import Repeat, rule_from_repeat

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_Unit = Literal["day", "week", "month", "year"]
_UTC: Final = ZoneInfo("UTC")
_NOON: Final = time(12)
_LONGEST: Final[dict[_Unit, int]] = {"day": 30, "week": 12, "month": 12, "year": 5}
# What a rule costs beside one exception: a rule has to save the reader something over a plain list of dates.
_A_RULE: Final = 1.5
_A_DAY: Final = 0.05
_SEVERAL: Final = 0.1  # days of a month: where every second week has the same dates, that is what people mean
_AN_INTERVAL: Final = 0.1
_AN_ADDITION: Final = 0.1  # that a date was called off is more likely than that one was called in
_A_POSITION: Final = 0.3  # the last working day, say: rarer than what it is a case of


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Exactly the dates it was made for: those of a rule without `skip`, and `add`.

    `repeat` says the rule in words, `rrule` as RFC 5545 does, whichever can; neither: `first` is a single date. A
    rule begins with `first`, which is one of its dates, and ends with the last date that it has here.
    """

    first: date
    repeat: Repeat | None = None
    rrule: str | None = None
    skip: tuple[date, ...] = ()
    add: tuple[date, ...] = ()

    @property
    def exceptions(self) -> int:
        """Return how many dates the rule alone would get wrong."""
        return len(self.skip) + len(self.add)

    def rule(self, at: time) -> str | None:
        """Return the RRULE value for occurrences that start at the local time `at`, None for a single one."""
        if self.repeat is not None:
            return rule_from_repeat(self.repeat, datetime.combine(self.first, at))
        return self.rrule


def fit(dates: Iterable[date]) -> Fit:
    """Return the simplest rule for `dates`, of which there is at least one; a list of them where no rule is simpler."""
    days = sorted(set(dates))
    found = [(float(len(days) - 1), Fit(first=days[0], add=tuple(days[1:])))]
    for candidate in _candidates(days):
        fitted = _fitted(candidate, days)
        if fitted is not None:
            found.append((candidate.cost + fitted.exceptions + _AN_ADDITION * len(fitted.add), fitted))
    return min(found, key=lambda one: one[0])[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A rule without an end. `first` is one of its dates, `hits` are those of the given dates that it should have."""

    hits: tuple[date, ...]
    cost: float
    repeat: Repeat | None = None
    rrule: str = ""


def _fitted(candidate: _Candidate, days: Sequence[date]) -> Fit | None:
    first, last = candidate.hits[0], candidate.hits[-1]
    repeat = None if candidate.repeat is None else replace(candidate.repeat, until=last)
    rrule = None if repeat is not None else f"{candidate.rrule};UNTIL={last:%Y%m%d}"
    bare = Fit(first=first, repeat=repeat, rrule=rrule)
    start = datetime.combine(first, _NOON)
    rule = parse_rule(bare.rule(_NOON) or "")
    having = [one.date() for one in rule_dates(rule, start, _UTC, first=start, last=datetime.combine(last, _NOON))]
    if not having or having[0] != first:
        return None
    given = set(days)
    return replace(
        bare,
        skip=tuple(one for one in having if one not in given),
        add=tuple(sorted(given - set(having))),
    )


def _candidates(days: Sequence[date]) -> Iterator[_Candidate]:
    if len(days) < 3:  # noqa: PLR2004  # two dates are no rule
        return
    for unit in _LONGEST:
        for interval, hits in _in_step(days, unit):
            extra = _A_RULE + _AN_INTERVAL * (interval - 1)
            match unit:
                case "day":
                    cost = extra + (_A_RULE if interval % 7 == 0 else 0)  # people say weeks
                    yield _Candidate(hits=hits, cost=cost, repeat=Repeat(interval=interval, unit="day"))
                case "week":
                    yield from _weekly(hits, interval, extra)
                case "month":
                    yield from _monthly_by_day(hits, interval, extra)
                    yield from _monthly_by_weekday(hits, interval, extra)
                case _:
                    yield from _yearly(hits, interval, extra)


def _number(day: date, unit: _Unit) -> int:
    """Return which day, week (from Monday), month or year it is in, counted from the beginning of the calendar."""
    match unit:
        case "day":
            return day.toordinal()
        case "week":
            return (day.toordinal() - 1) // 7
        case "month":
            return 12 * day.year + day.month - 1
        case "year":
            return day.year


def _in_step(days: Sequence[date], unit: _Unit) -> Iterator[tuple[int, tuple[date, ...]]]:
    """Yield intervals, and which days lie in step with the period where most of them are."""
    numbers = [_number(day, unit) for day in days]
    gaps = {later - earlier for earlier, later in pairwise(numbers)}
    for interval in sorted({1, *(gap for gap in gaps if 1 <= gap <= _LONGEST[unit])}):
        phase = Counter(number % interval for number in numbers).most_common(1)[0][0]
        yield interval, tuple(day for day, number in zip(days, numbers, strict=True) if number % interval == phase)


def _periods(hits: Sequence[date], unit: _Unit, interval: int) -> int:
    return (_number(hits[-1], unit) - _number(hits[0], unit)) // interval + 1


def _frequent(values: Iterable[int], periods: int, *, least: int = 1) -> Iterator[tuple[int, ...]]:
    """Yield what is there in most periods: to have it in the rule takes fewer exceptions than to leave it out.

    The first and the last period may be seen in part: what may be missing there for this reason is tried, too.
    Nothing counts that is there fewer than `least` times.
    """
    votes = Counter(values)
    chosen = {
        tuple(sorted(value for value, count in votes.items() if 2 * count > whole and count >= least))
        for whole in (periods, periods - 2)
    }
    yield from sorted(one for one in chosen if one)


def _weekly(hits: tuple[date, ...], interval: int, extra: float) -> Iterator[_Candidate]:
    for chosen in _frequent((day.weekday() for day in hits), _periods(hits, "week", interval)):
        kept = tuple(day for day in hits if day.weekday() in chosen)
        on = tuple(DAYS[weekday] for weekday in chosen)
        cost = extra + _A_DAY * len(on)
        yield _Candidate(hits=kept, cost=cost, repeat=Repeat(interval=interval, unit="week", on=on))


def _monthly_by_day(hits: tuple[date, ...], interval: int, extra: float) -> Iterator[_Candidate]:
    every = f"FREQ=MONTHLY;INTERVAL={interval}" if interval > 1 else "FREQ=MONTHLY"
    for chosen in _frequent((day.day for day in hits), _periods(hits, "month", interval), least=2):
        kept = tuple(day for day in hits if day.day in chosen)
        if len(chosen) == 1:
            yield _Candidate(hits=kept, cost=extra, repeat=Repeat(interval=interval, unit="month"))
        else:
            listed = ",".join(map(str, chosen))
            yield _Candidate(hits=kept, cost=extra + _SEVERAL * len(chosen), rrule=f"{every};BYMONTHDAY={listed}")
    last = tuple(day for day in hits if _days_after(day) == 0)
    if last:
        yield _Candidate(hits=last, cost=extra + _A_DAY, rrule=f"{every};BYMONTHDAY=-1")
    for position, matching in ((1, _is_first_working_day), (-1, _is_last_working_day)):
        ends = tuple(day for day in hits if matching(day))
        if ends:
            rrule = f"{every};BYDAY=MO,TU,WE,TH,FR;BYSETPOS={position}"
            yield _Candidate(hits=ends, cost=extra + _A_POSITION, rrule=rrule)


def _monthly_by_weekday(hits: tuple[date, ...], interval: int, extra: float) -> Iterator[_Candidate]:
    periods = _periods(hits, "month", interval)
    # A fifth one is left to be counted from the end: not every month has it.
    from_start = {day: place for day, place in _by_weekday(hits, from_end=False).items() if place // 7 <= 4}  # noqa: PLR2004
    from_end = {day: place for day, place in _by_weekday(hits, from_end=True).items() if place // 7 == -1}
    for places in (from_start, from_end):
        for chosen in _frequent(places.values(), periods, least=2):
            kept = tuple(day for day in hits if places.get(day) in chosen)
            on = tuple(f"{place // 7}{DAYS[place % 7]}" for place in chosen)
            cost = extra + (2 * _A_DAY if len(on) == 1 else _SEVERAL * len(on))
            yield _Candidate(hits=kept, cost=cost, repeat=Repeat(interval=interval, unit="month", on=on))


def _by_weekday(hits: Sequence[date], *, from_end: bool) -> dict[date, int]:
    """Return for each day which of its weekdays in the month it is (from 1, or from -1), times 7, plus the weekday."""
    return {
        day: 7 * (-(_days_after(day) // 7 + 1) if from_end else (day.day - 1) // 7 + 1) + day.weekday() for day in hits
    }


def _yearly(hits: tuple[date, ...], interval: int, extra: float) -> Iterator[_Candidate]:
    (month, day), _ = Counter((one.month, one.day) for one in hits).most_common(1)[0]
    kept = tuple(one for one in hits if (one.month, one.day) == (month, day))
    yield _Candidate(hits=kept, cost=extra, repeat=Repeat(interval=interval, unit="year"))


def _days_after(day: date) -> int:
    """Return how many days its month has after it."""
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return following.toordinal() - day.toordinal() - 1


def _is_first_working_day(day: date) -> bool:
    return day.weekday() < 5 and day.day <= (3 if day.weekday() == 0 else 1)  # noqa: PLR2004  # Saturday, and a Monday after it


def _is_last_working_day(day: date) -> bool:
    return day.weekday() < 5 and _days_after(day) <= (2 if day.weekday() == 4 else 0)  # noqa: PLR2004  # the same for Fridays


def in_words(repeat: Repeat) -> str:
    """Return the value of `every`, as in `week` or `2 weeks`."""
    return repeat.unit if repeat.interval == 1 else f"{repeat.interval} {repeat.unit}s"
