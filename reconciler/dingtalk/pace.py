"""What several processes keep one pace by, as the limiter sees it."""

from __future__ import annotations

from typing import Protocol


class Unreachable(Exception):
    """What several processes share can't be used. Its text is for messages: it holds no secret."""


class Lane(Protocol):
    """The calls of one API, of all who share it."""

    def enter(self) -> float:
        """Return 0 where a call may pass now, and count it; else the seconds to wait. Raises Unreachable."""

    def close(self) -> None:
        """Let go of connections."""


class Shared(Protocol):
    """What several processes keep one pace by."""

    def lane(self, call: str, qps: float) -> Lane:
        """Return the lane of an API. Connects to nothing yet."""
