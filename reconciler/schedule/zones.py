"""Time zones by IANA name, and local wall-clock time placed in them."""

from __future__ import annotations

import difflib
import os
import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from reconciler.errors import ReconcilerError

# No offset takes a local time between the two over the ends of what datetime can hold (years 1 to 9999).
EARLIEST: Final = datetime(2, 1, 1)  # noqa: DTZ001  # local, by design
LATEST: Final = datetime(9999, 1, 1)  # noqa: DTZ001  # local, by design

# The zones of the tzdata package, the same on every machine, unless somebody names another place: what an operating
# system brings along may be years old.
if "PYTHONTZPATH" not in os.environ:
    zoneinfo.reset_tzpath(to=())

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_OFFSET: Final = re.compile(r"(?:GMT|UTC)([+-])0?([0-9]{1,2})(?::?00)?", re.IGNORECASE)
_HOURS_OF_CHINA: Final = 8
_SUGGESTIONS: Final = 3
# Cities that people write and that IANA files under another one.
_ELSEWHERE: Final = {
    "bangalore": "Asia/Kolkata",
    "beijing": "Asia/Shanghai",
    "boston": "America/New_York",
    "delhi": "Asia/Kolkata",
    "guangzhou": "Asia/Shanghai",
    "hangzhou": "Asia/Shanghai",
    "mumbai": "Asia/Kolkata",
    "munich": "Europe/Berlin",
    "san_francisco": "America/Los_Angeles",
    "seattle": "America/Los_Angeles",
    "shenzhen": "Asia/Shanghai",
}

# Abbreviations, which are no names of zones: the same ones mean several, and summer time has another one.
_ABBREVIATED: Final = {
    "z": ("UTC",),
    "pt": ("America/Los_Angeles",),
    "pst": ("America/Los_Angeles",),
    "pdt": ("America/Los_Angeles",),
    "mt": ("America/Denver",),
    "mdt": ("America/Denver",),
    "ct": ("America/Chicago",),
    "cdt": ("America/Chicago",),
    "et": ("America/New_York",),
    "edt": ("America/New_York",),
    "bst": ("Europe/London",),
    "cest": ("Europe/Berlin",),
    "mez": ("Europe/Berlin",),
    "mesz": ("Europe/Berlin",),
    "eest": ("Europe/Helsinki",),
    "msk": ("Europe/Moscow",),
    "ist": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "cst": ("Asia/Shanghai", "America/Chicago"),
    "sgt": ("Asia/Singapore",),
    "hkt": ("Asia/Hong_Kong",),
    "jst": ("Asia/Tokyo",),
    "kst": ("Asia/Seoul",),
    "aest": ("Australia/Sydney", "Australia/Brisbane"),
    "aedt": ("Australia/Sydney",),
    "nzst": ("Pacific/Auckland",),
    "nzdt": ("Pacific/Auckland",),
}
# Names that IANA keeps for a clock that is never changed, and what people nearly always mean by them.
_NEVER_CHANGED: Final = {"EST": "America/New_York", "MST": "America/Denver"}


class UnknownZone(ReconcilerError):
    """No time zone has this name; `suggestions` are IANA names that may be meant, the likeliest first."""

    code = "unknown-zone"

    def __init__(self, name: str, suggestions: tuple[str, ...]) -> None:
        meant = (
            f"did you mean {' or '.join(suggestions)}?" if suggestions else "write an IANA name, as in Asia/Shanghai"
        )
        if suggestions and suggestions[-1].startswith("Etc/GMT") and _OFFSET.fullmatch(name.strip()):
            meant += " The signs of Etc are the other way round: Etc/GMT-8 is eight hours ahead of UTC"
        super().__init__(f"there is no time zone {name!r}", fix=meant)
        self.suggestions = suggestions


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return the zone of that IANA name, the same object each time; raise UnknownZone where there is none."""
    # ZoneInfo would open a file of this name: only what is listed ever reaches it.
    if not is_zone(name):
        raise UnknownZone(name, _suggest(name))
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    """Return whether that is the name of an IANA zone."""
    return _NAME.fullmatch(name) is not None and name in _names()


def _suggest(name: str) -> tuple[str, ...]:
    asked = name.strip().lower().replace(" ", "_")
    if found := _OFFSET.fullmatch(name.strip()):
        ahead, hours = found[1] == "+", int(found[2])
        exact = f"Etc/GMT{'-' if ahead else '+'}{hours}"
        some = ("Asia/Shanghai",) if ahead and hours == _HOURS_OF_CHINA else ()
        return (*some, exact) if exact in _names() else some
    city = asked.rpartition("/")[2]
    if asked in _ABBREVIATED:
        return _ABBREVIATED[asked]
    if city in _ELSEWHERE:
        return (_ELSEWHERE[city],)
    known = {each.lower(): each for each in sorted(_names())}
    if asked in known:
        return (known[asked],)
    if (windows := _of_windows(name)) in _names():
        return (windows,)
    same_city = [full for lower, full in known.items() if city and lower.rpartition("/")[2] == city]
    close = [known[lower] for lower in difflib.get_close_matches(asked, known, n=_SUGGESTIONS, cutoff=0.7)]
    return tuple(dict.fromkeys([*same_city, *close]))[:_SUGGESTIONS]


def _of_windows(name: str) -> str:
    """Return the zone that Windows and Outlook call `name`, "" where they don't."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # a long table, and it takes time to import

    called = {each.casefold(): zone for each, zone in WINDOWS_TO_OLSON.items()}
    return called.get(" ".join(name.split()).casefold(), "")


def never_changed(name: str) -> str:
    """Return the zone that is rather meant by one whose clocks are never changed, "" for any other zone."""
    return _NEVER_CHANGED.get(name, "")


def localise(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the aware datetime of a naive local time, its wall clock one that exists in the zone.

    A time in a gap moves forward by the gap's length; of a time that comes twice the first counts. `local` lies
    between EARLIEST and LATEST. Source: RFC 5545 §3.3.5.
    """
    # fold=0 means the offset before the transition, in a gap and in an overlap alike (PEP 495); the way over UTC
    # makes the wall clock real.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Return how much time passes between two aware datetimes; of one zone `-` tells what the clocks show."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def later(start: datetime, duration: timedelta) -> datetime:
    """Return the aware datetime that lies `duration` of elapsed time after the aware `start`, in its zone."""
    return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)
