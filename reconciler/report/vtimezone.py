"""A time zone as iCalendar writes it, from the changes of its clocks. Source: RFC 5545 §3.6.5."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from reconciler.schedule.dates import rule_dates
from reconciler.schedule.recurrence import WEEKDAYS, parse_rule
from reconciler.schedule.seams import seams
from reconciler.schedule.zones import zone

_Kind = tuple[bool, timedelta, timedelta, str]  # daylight saving, offset before, offset after, abbreviation
_REGULAR = 3  # onsets from which a rule is read
_WEEK = 7


def vtimezone(timezone: str, *, since: int, through: int) -> Timezone:
    """Return the VTIMEZONE of an IANA zone, exact from the beginning of year `since` through year `through`.

    An observance has a rule, or a single onset: several onsets in an RDATE are valid, but ical.js, by which Thunderbird
    and Nextcloud read, knows but the first of them.
    """
    begin = datetime(since, 1, 1, tzinfo=UTC).astimezone(zone(timezone))
    first = begin.replace(tzinfo=None)
    offset = begin.utcoffset() or timedelta()
    onsets: dict[_Kind, list[datetime]] = defaultdict(list)
    onsets[_kind(begin, offset)].append(datetime(since, 1, 1))  # noqa: DTZ001  # local
    for seam in seams(timezone, first=first, last=datetime(through, 12, 31)):  # noqa: DTZ001  # local
        # An onset is told by the clock as it was before: the end of what comes twice, the beginning of a gap.
        onset = seam.first if seam.gap else seam.last
        after = (onset - offset).replace(tzinfo=UTC).astimezone(zone(timezone))
        if onset > datetime(since, 1, 1):  # noqa: DTZ001  # local
            onsets[_kind(after, offset)].append(onset)
        offset = after.utcoffset() or timedelta()
    whole = Timezone()
    whole.add("TZID", timezone)
    for kind, dates in onsets.items():
        single, rule = _told_by_rule(dates)
        for onset in dates[:single]:
            whole.add_component(_observance(kind, onset))
        if rule:
            regular = _observance(kind, dates[single])
            end = f";UNTIL={dates[-1] - kind[1]:%Y%m%dT%H%M%SZ}" if dates[-1].year < through else ""
            regular.add("RRULE", vRecur.from_ical(rule + end))
            whole.add_component(regular)
    return whole


def _observance(kind: _Kind, onset: datetime) -> TimezoneStandard | TimezoneDaylight:
    daylight, before, after, name = kind
    part = TimezoneDaylight() if daylight else TimezoneStandard()
    part.add("DTSTART", onset)
    part.add("TZNAME", name)
    part.add("TZOFFSETFROM", before)
    part.add("TZOFFSETTO", after)
    return part


def _told_by_rule(dates: Sequence[datetime]) -> tuple[int, str]:
    """Return how many of the first onsets no rule tells, and the rule that tells all others; "" where none does."""
    for single in range(len(dates) - _REGULAR + 1):
        for rule in _candidates(dates[single:]):
            last = dates[-1].replace(month=12, day=31)
            if [*rule_dates(parse_rule(rule), dates[single], zone("UTC"), first=dates[single], last=last)] == [
                *dates[single:]
            ]:
                return single, rule
    return len(dates), ""


def _candidates(dates: Sequence[datetime]) -> Iterator[str]:
    """Yield the yearly rules that may tell `dates`: a weekday by its number, the last one, the first after some day."""
    first, latest = dates[0], max(date.day for date in dates)
    weekday, yearly = WEEKDAYS[first.weekday()], f"FREQ=YEARLY;BYMONTH={first.month}"
    yield f"{yearly};BYDAY=-1{weekday}"
    yield f"{yearly};BYDAY={(first.day - 1) // 7 + 1}{weekday}"
    if latest > _WEEK:
        yield f"{yearly};BYMONTHDAY={','.join(map(str, range(latest - _WEEK + 1, latest + 1)))};BYDAY={weekday}"


def _kind(after: datetime, before: timedelta) -> _Kind:
    return bool(after.dst()), before, after.utcoffset() or timedelta(), after.tzname() or ""
