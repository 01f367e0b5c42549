"""The public holidays of a country or region, by year, from well-kept libraries.

China's come from `chinesecalendar`, which has the official arrangements with their make-up workdays; those of all other
countries from `holidays`. Both are an extra: who declares no holidays needs neither.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final

from reconciler.errors import ReconcilerError

CHINA: Final = "CN"
EXTRA: Final = "pip install chinesecalendar holidays"
WEEKEND: Final = frozenset({5, 6})


class UnknownCalendar(ReconcilerError):
    """No country or region has this code."""

    code = "unknown-calendar"


class HolidaysMissing(ReconcilerError):
    """The library that knows these holidays is not installed."""

    code = "holidays-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One year of a calendar: days off by what is celebrated, and weekend days that are worked.

    `weekend` has the weekdays, 0 for Monday, on which nobody works. Where nothing is `published` for the year, no day
    is off.
    """

    off: Mapping[date, str] = field(default_factory=dict)
    worked: frozenset[date] = frozenset()
    weekend: frozenset[int] = WEEKEND
    published: bool = False


def check_calendar(code: str) -> None:
    """Raise UnknownCalendar where `code` is neither a country (`CN`) nor one of its regions (`DE-BY`).

    Raises HolidaysMissing where the library that would know is not there.
    """
    if code == CHINA:
        _china()
        return
    country, _, region = code.partition("-")
    if country == CHINA:
        raise UnknownCalendar(f"China's holidays are the same everywhere: there is no {code!r}", fix="write CN")
    known = _library().list_supported_countries(include_aliases=True)
    if country not in known:
        near = difflib.get_close_matches(country, known, n=1, cutoff=0.5)
        raise UnknownCalendar(
            f"there is no holiday calendar {code!r}",
            fix=f"write a country's ISO code, as in CN or DE-BY{f'; did you mean {near[0]}?' if near else ''}",
        )
    if region and region not in known[country]:
        regions = ", ".join(sorted(known[country])[:20])
        fix = f"known: {regions}" if regions else f"write {country}"
        raise UnknownCalendar(f"{country} has no region {region!r} with holidays of its own", fix=fix)


@lru_cache(maxsize=512)
def year_of(code: str, year: int) -> Year:
    """Return a year of a calendar that `check_calendar` has let pass; one not published where it can't be known."""
    try:
        return _year_of_china(year) if code == CHINA else _year_elsewhere(code, year)
    except NotImplementedError:  # what both libraries say of years and places that they don't know
        return Year()


def _year_of_china(year: int) -> Year:
    constants = _china()
    off = {day: str(name) for day, name in constants.holidays.items() if day.year == year}
    worked = frozenset(day for day in constants.workdays if day.year == year)
    return Year(off=off, worked=worked, published=bool(off))


def _year_elsewhere(code: str, year: int) -> Year:
    library = _library()
    country, _, region = code.partition("-")
    languages = library.country_holidays(country).supported_languages
    found = library.country_holidays(
        country,
        subdiv=region or None,
        years=year,
        expand=False,
        language="en_US" if "en_US" in languages else None,  # not that of whoever runs it
    )
    return Year(
        off={day: str(name) for day, name in sorted(found.items()) if day.year == year},
        worked=frozenset(day for day in found.weekend_workdays if day.year == year),
        weekend=frozenset(found.weekend),
        published=bool(found),
    )


def _china() -> Any:
    try:
        from chinese_calendar import constants
    except ImportError as error:
        raise HolidaysMissing("China's holidays need the package chinesecalendar", fix=EXTRA) from error
    return constants


def _library() -> Any:
    try:
        import holidays
    except ImportError as error:
        raise HolidaysMissing("holidays need the package of that name", fix=EXTRA) from error
    return holidays
