"""When a call is tried again, and how long is waited before."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.dingtalk.calls import Repeat
from reconciler.dingtalk.errors import (
    ApiError,
    Banned,
    Halted,
    MinuteLimited,
    NoAnswer,
    NotSent,
    RateLimited,
    ServerError,
    StillProcessing,
    UnreadableAnswer,
)

_PASSING = (NotSent, RateLimited, MinuteLimited, Banned, NoAnswer, ServerError, StillProcessing, UnreadableAnswer)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often and how long: `attempts` in all, waiting at most `total_s` seconds between them, all together."""

    attempts: int = 5
    total_s: float = 120.0
    first_s: float = 0.5
    most_s: float = 20.0
    minute_s: float = 20.0  # after the limit per minute


def may_repeat(error: BaseException, repeat: Repeat) -> bool:
    """Return whether the same call may be sent again after `error`, and whether that could help."""
    if not isinstance(error, ApiError) or error.final or not isinstance(error, _PASSING) or isinstance(error, Halted):
        return False
    return repeat is Repeat.ALWAYS or error.certain_not_done


def wait_before(error: BaseException | None, attempt: int, backoff: Backoff, jitter: float) -> float:
    """Return the seconds to wait after the failed `attempt` (from 1); `jitter` is in [0, 1).

    What the server asks for is waited in full, with something on top, so that threads do not come back together.
    """
    step = min(backoff.first_s * 2.0 ** (attempt - 1), backoff.most_s)
    told = error.retry_after if isinstance(error, ApiError) else None
    if told is not None:
        return max(told, 1.0 if isinstance(error, RateLimited) else 0.0) + step * jitter
    if isinstance(error, RateLimited):
        return max(1.0, step) + step * jitter
    if isinstance(error, MinuteLimited):
        return backoff.minute_s * (1 + jitter)
    return step * (0.5 + jitter)
