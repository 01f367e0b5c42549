"""A colour for each meeting: by its name, so that it is the same on every page and every day."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

HUES = 12  # hues a reader can tell apart; style.css has a class for each


def hues(names: Iterable[str]) -> dict[str, int]:
    """Return a hue, 0 to 11, for each name: its own, or the next free one while there are any."""
    found: dict[str, int] = {}
    for name in sorted(set(names)):
        own = zlib.crc32(name.encode("utf-8", "surrogatepass")) % HUES
        taken = set(found.values())
        free = [hue for step in range(HUES) if (hue := (own + 5 * step) % HUES) not in taken]  # 5: far from a neighbour
        found[name] = free[0] if free else own
    return found
