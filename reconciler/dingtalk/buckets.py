"""Calls of several processes in one bucket, by pyrate-limiter: the rates, and the question whether one may pass now."""

from __future__ import annotations

import math

from pyrate_limiter import AbstractBucket, Decision, Rate, RateItem

_SECOND_MS = 1045  # a little over a second: calls arrive less evenly than they leave; 1052 would be 95 % of the rate


def rates(qps: float) -> list[Rate]:
    """Return what lets `qps` calls pass in any sliding second, evenly spread, in milliseconds."""
    if qps < 1:
        return [Rate(1, math.ceil(_SECOND_MS / qps))]
    whole = math.floor(qps)
    spread = [Rate(1, 1000 // whole)] if 1 < whole <= 1000 else []  # noqa: PLR2004  # the bucket counts milliseconds
    return [*spread, Rate(whole, _SECOND_MS)]


def ask(bucket: AbstractBucket, now_ms: int, *, tidy: bool = True) -> float:
    """Return 0 where a call may pass at `now_ms`, and count it; else the seconds to wait before asking again.

    `tidy` forgets what is long past, which changes nothing but how much is kept.
    """
    item = RateItem("call", now_ms)
    if tidy:
        bucket.leak(now_ms)
    decision = bucket.put_decision(item)
    if not isinstance(decision, Decision):
        raise TypeError("an asynchronous bucket is none for threads")
    if decision.allowed:
        return 0
    return max(1, decision.retry_after_ms or 0) / 1000  # None: another run was asking at this very moment
