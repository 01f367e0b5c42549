"""A time zone as iCalendar writes it, from the changes of its clocks. Source: RFC 5545 §3.6.5."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from reconciler.schedule.seams import seams
from reconciler.schedule.zones import zone

_Kind = tuple[bool, timedelta, timedelta, str]  # daylight saving, offset before, offset after, abbreviation


def vtimezone(timezone: str, *, since: int, through: int) -> Timezone:
    """Return the VTIMEZONE of an IANA zone, exact from the beginning of year `since` through year `through`."""
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
    for (daylight, before, after_offset, name), dates in onsets.items():
        part = TimezoneDaylight() if daylight else TimezoneStandard()
        part.add("DTSTART", dates[0])
        if dates[1:]:
            part.add("RDATE", dates[1:])
        part.add("TZNAME", name)
        part.add("TZOFFSETFROM", before)
        part.add("TZOFFSETTO", after_offset)
        whole.add_component(part)
    return whole


def _kind(after: datetime, before: timedelta) -> _Kind:
    return bool(after.dst()), before, after.utcoffset() or timedelta(), after.tzname() or ""
