"""A target for octoDNS that has the records r0, r1, … and takes no calls."""

from __future__ import annotations

import logging
from typing import Any

from octodns.provider.base import BaseProvider
from octodns.record import Record


class StubTarget(BaseProvider):  # type: ignore[misc]  # ships no types
    """Has `size` records."""

    SUPPORTS_GEO = False
    SUPPORTS = frozenset({"A"})

    def __init__(self, id: str, size: int, **more: Any) -> None:  # noqa: A002  # octoDNS's name
        self.log = logging.getLogger(f"StubTarget[{id}]")
        self.size = size
        super().__init__(id, **more)

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:  # noqa: FBT001, FBT002, ARG002  # as octoDNS calls it
        """Add the records to the zone."""
        for number in range(self.size):
            data = {"ttl": 300, "type": "A", "value": f"192.0.2.{number % 250}"}
            zone.add_record(Record.new(zone, f"r{number}", data, source=self, lenient=lenient), lenient=lenient)
        return True

    def _apply(self, plan: Any) -> None:
        raise RuntimeError(f"there should have been nothing to do: {plan}")
