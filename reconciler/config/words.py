"""Values and choices as a message names them."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable

_SHOWN = 40
_LENGTH = re.compile(r"(\d+) ?(w|d|h|m)(?:eeks?|ays?|rs?|ours?|ins?|inutes?)?")
_HOURS = re.compile(r"(\d+)(?:[.,](\d+) ?h(?:rs?|ours?)?|:(\d\d))")  # 1.5h, 1:30
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T]+(\d\d:\d\d)(?::00)?")


def show(value: object) -> str:
    """Return `value` as a message names it, short and printable."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…")
    return "a list" if isinstance(value, list) else "a mapping"


def similar(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `word` is most like, None where none is."""
    by_fold = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold()[:80], by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def choose_from(word: str, known: Iterable[str]) -> str:
    """Return the hint for a name on the command line that nothing has: what it is like, and all there are."""
    names = sorted(known)
    match = similar(word, names)
    return f"{f'did you mean {match!r}? ' if match else ''}choose one of: {', '.join(names) or 'none'}"


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return the hint that goes with an unknown name; where nothing is like it, what is known, or `otherwise`."""
    names = sorted(known)
    if match := similar(word, names):
        return f"did you mean {match!r}?"
    if names and len(", ".join(names)) <= 120:  # noqa: PLR2004  # what fits on a line
        return f"known: {', '.join(names)}"
    return otherwise


def meant(value: str, allowed: Callable[[str], bool], *, slug: bool = False) -> str | None:
    """Return what `value` seems to mean, written so that it is `allowed`; None where nothing suggests itself.

    `slug`: it is to be a name of lower-case letters, digits and hyphens.
    """
    ascii_like = unicodedata.normalize("NFKC", value).strip()  # １０：００ becomes 10:00
    folded, guesses = ascii_like.casefold(), [ascii_like]
    if hours := _HOURS.fullmatch(folded):
        minutes = int(hours[3]) if hours[3] else round(float(f"0.{hours[2]}") * 60)
        guesses.append(f"{int(hours[1])}h{minutes}m" if int(hours[1]) else f"{minutes}m")
    if length := _LENGTH.fullmatch(folded):
        guesses.append(length[1] + length[2])
    if moment := _MOMENT.fullmatch(ascii_like):
        guesses.append(f"{moment[1]}T{moment[2]}")
    if slug:
        guesses.append(re.sub(r"[\s_.]+", "-", folded))
    return next((guess for guess in guesses if guess != value and allowed(guess)), None)


def one_of(names: Iterable[str]) -> str:
    """Return `a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def example(value: object) -> str:
    """Return a schema's example as it is written in YAML, on one line."""
    return value if isinstance(value, str) else _flow(value)


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)
