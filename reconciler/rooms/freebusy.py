"""How to ask for free/busy with the fewest calls: a call takes five rooms and 90 days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.model.room import BUSY_LONGEST, BUSY_ROOMS


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A room for a time, both ends aware."""

    start: datetime
    end: datetime
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One call."""

    rooms: tuple[str, ...]
    start: datetime
    end: datetime

    def covers(self, span: Span) -> bool:
        """Return whether the answer tells of all of `span`."""
        return span.room in self.rooms and self.start <= span.start and span.end <= self.end


def queries(spans: Iterable[Span], also: Sequence[str] = ()) -> tuple[Query, ...]:
    """Return the calls that tell of all `spans`, none of which may be longer than 90 days.

    Where a call has room left, it asks for the first of the rooms `also`, which costs nothing.
    """
    exact = sorted(Span(span.start.astimezone(UTC), span.end.astimezone(UTC), span.room) for span in spans)
    return tuple(query for block in _blocks(exact) for query in _calls(block, also))


def _blocks(spans: Sequence[Span]) -> Iterator[list[Span]]:
    block: list[Span] = []
    for span in spans:
        if block and span.end > block[0].start + BUSY_LONGEST:
            yield block
            block = []
        block.append(span)
    if block:
        yield block


def _calls(block: Sequence[Span], also: Sequence[str]) -> Iterator[Query]:
    start, end = block[0].start, max(span.end for span in block)
    rooms = sorted({span.room for span in block})
    spare = [room for room in also if room not in rooms]
    rooms += spare[: -len(rooms) % BUSY_ROOMS]
    for first in range(0, len(rooms), BUSY_ROOMS):
        yield Query(rooms=tuple(rooms[first : first + BUSY_ROOMS]), start=start, end=end)
