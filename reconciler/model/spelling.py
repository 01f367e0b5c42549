"""The same text and the same zone in other spellings: servers trim, escape and rename what was written."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_YEAR = tuple(timedelta(days=days) for days in range(-372, 373, 31))


def one_line_end(text: str) -> str:
    """Return `text` with line feeds alone at the ends of its lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def shown(text: str) -> str:
    """Return `text` without what nobody sees: line ends of another kind, blanks at them, spaces that do not break."""
    lines = one_line_end(text).replace("\xa0", " ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def alike(wanted: str, seen: str) -> bool:
    """Return whether `seen` is `wanted` on one line, as a server shows it that trims or escapes HTML."""
    return _words(wanted) in {_words(seen), _words(html.unescape(seen))}


def plain(title: str) -> str:
    """Return a title on one line as people see it, whether or not a server has escaped it as HTML."""
    return _words(html.unescape(title))


def _words(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=256)
def clocks(name: str, around: datetime) -> str:
    """Return what clocks in a zone show in the year before and after `around` (aware), "" where it is no IANA zone."""
    try:
        place = ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ""
    return " ".join(str((around + step).astimezone(place).utcoffset()) for step in _YEAR)


@lru_cache(maxsize=256)
def same_zone(wanted: str, seen: str, around: datetime) -> bool:
    """Return whether clocks in both zones show the same in the year before and after `around` (aware).

    Of a name that is no IANA zone nothing can be told: it counts as the same.
    """
    if wanted == seen:
        return True
    one, other = clocks(wanted, around), clocks(seen, around)
    return one == other or not one or not other
