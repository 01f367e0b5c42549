"""DingTalk's limits: calls per second, minute and month, calls per address, events per day."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.clock import beijing_month
from reconciler.sandbox.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is allowed; None: no limit. `qps` and `qpm` are per API, `monthly_quota` for all calls that count."""

    qps: int | None = 20
    qpm: int | None = None
    monthly_quota: int | None = 5000
    daily_events: int | None = 100  # that one person may create
    address_calls: int | None = 10_000  # from one address in `address_window_s`
    address_window_s: float = 20.0
    address_ban_s: float = 300.0


class AddressBanned(Exception):
    """The address called too often; the answer is no API error."""


class Gate:
    """Counts calls in sliding windows of real time, whatever the sandbox's clock says."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = Lock()
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._banned_until: dict[str, float] = {}

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
            self._banned_until.clear()

    def check_address(self, address: str) -> None:
        """Raise AddressBanned if `address` called, or now calls, too often."""
        limits, now = self.limits, time.monotonic()
        if limits.address_calls is None:
            return
        with self._lock:
            if self._banned_until.get(address, 0.0) > now:
                raise AddressBanned
            if not self._admit(f"address {address}", now, limits.address_calls, limits.address_window_s):
                self._banned_until[address] = now + limits.address_ban_s
                raise AddressBanned

    def check_rate(self, api: str) -> None:
        """Raise the 403 of a caller that is too fast on `api`. Refused calls do not count."""
        limits, now = self.limits, time.monotonic()
        with self._lock:
            if limits.qpm is not None and not self._admit(f"minute {api}", now, limits.qpm, 60.0):
                raise too_fast("QpmLimitForAppkeyAndApi")
            if limits.qps is not None and not self._admit(f"second {api}", now, limits.qps, 1.0):
                raise too_fast("QpsLimitForAppkeyAndApi")

    def _admit(self, key: str, now: float, most: int, window_s: float) -> bool:
        calls = self._calls[key]
        while calls and calls[0] <= now - window_s:
            calls.popleft()
        if len(calls) >= most:
            return False
        calls.append(now)
        return True


def too_fast(limit: str) -> ApiFailure:
    return ApiFailure(403, f"Forbidden.AccessDenied.{limit}", "The request was throttled. Try again later.")


def quota_spent() -> ApiFailure:
    message = "The number of API calls of this month is used up for the organization."
    return ApiFailure(403, "Forbidden.AccessDenied.ApiCountLimitForOrg", message)


def calls_this_month(store: Store, now: datetime) -> int:
    return store.number("SELECT calls FROM months WHERE month = ?", beijing_month(now))


def count_call(store: Store, now: datetime, limits: Limits) -> None:
    """Count one call in the month's quota; raise the 403 if that is used up."""
    if limits.monthly_quota is not None and calls_this_month(store, now) >= limits.monthly_quota:
        raise quota_spent()
    store.run(
        "INSERT INTO months VALUES (?, 1) ON CONFLICT (month) DO UPDATE SET calls = calls + 1", beijing_month(now)
    )
