"""Faults to order: what goes wrong, at which API, how often."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any

from reconciler.sandbox.answers import ApiFailure, system_error
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.limits import quota_spent, too_fast


class FaultKind(StrEnum):
    DROP_BEFORE = "drop_before"  # the connection breaks; nothing was done
    DROP_AFTER = "drop_after"  # it was done; the answer is lost
    ERROR_BEFORE = "error_before"  # 500; nothing was done
    ERROR_AFTER = "error_after"  # 500, though it was done
    HTML_503 = "html_503"  # a proxy's page; nothing was done
    HTML_404 = "html_404"  # the same, of a proxy that does not know the way
    DELAY = "delay"  # done, later
    CUT_JSON = "cut_json"  # done; half of the answer arrives
    WRONG_JSON = "wrong_json"  # done; the answer is JSON of another shape
    QPS = "qps"
    QUOTA = "quota"
    BAN = "ban"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105  # a name


BEFORE = frozenset(FaultKind) - {
    FaultKind.DROP_AFTER,
    FaultKind.ERROR_AFTER,
    FaultKind.DELAY,
    FaultKind.CUT_JSON,
    FaultKind.WRONG_JSON,
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """An order. `api` is a name or `*`; `times` None: without end; `after_calls`: that many calls pass first."""

    api: str
    kind: FaultKind
    times: int | None = 1
    probability: float = 1.0
    after_calls: int = 0
    delay_s: float = 0.0
    status: int = 500
    code: str = "systemError"
    message: str = "system error"
    hits: int = 0
    chance: random.Random = field(default_factory=random.Random, repr=False)

    def strikes(self, api: str) -> bool:
        """Tell whether this call is hit, and remember it."""
        if self.api not in {"*", api} or (self.times is not None and self.hits >= self.times):
            return False
        if self.after_calls > 0:
            self.after_calls -= 1
            return False
        if self.chance.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def failure(self) -> ApiFailure:
        """Return the refusal that this fault answers with."""
        if self.kind is FaultKind.QPS:
            return too_fast("QpsLimitForAppkeyAndApi")
        if self.kind is FaultKind.QUOTA:
            return quota_spent()
        if self.kind is FaultKind.TOKEN_EXPIRED:
            return ApiFailure(400, "InvalidAuthentication", "The access token has expired.")
        if self.kind in {FaultKind.ERROR_BEFORE, FaultKind.ERROR_AFTER}:
            return ApiFailure(self.status, self.code, self.message)
        return system_error()

    def shown(self) -> dict[str, Any]:
        names = ("api", "times", "probability", "after_calls", "delay_s", "status", "code", "hits")
        return {"kind": self.kind.value, **{name: getattr(self, name) for name in names}}


class Faults:
    """The orders that stand, first come first served."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._orders: list[Fault] = []

    def order(self, fault: Fault) -> None:
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def draw(self, api: str) -> Fault | None:
        """Return the fault that hits this call of `api`."""
        with self._lock:
            return next((fault for fault in self._orders if fault.strikes(api)), None)

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.shown() for fault in self._orders]


def read_fault(data: dict[str, Any], apis: Collection[str]) -> Fault:
    """Return the fault that a control document orders for one of `apis`; raise the 400 for one that makes no sense."""
    fields = Fields(data, "invalidFault")
    if fields.has("api"):
        fields.one_of("api", ["*", *sorted(apis)])
    kind = fields.one_of("kind", [kind.value for kind in FaultKind])
    times = data.get("times", 1)
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise fields.fail("times", "must be a whole number from 1, or null for no end.")
    return Fault(
        api=fields.optional_text("api") or "*",
        kind=FaultKind(kind),
        times=times,
        probability=_number(fields, "probability", 1.0),
        after_calls=int(_number(fields, "after_calls", 0)),
        delay_s=_number(fields, "delay_s", 0.5),
        status=int(_number(fields, "status", 500)),
        code=fields.optional_text("code") or "systemError",
        message=fields.optional_text("message") or "system error",
        chance=random.Random(_seed(fields)),  # noqa: S311  # repeatable, not secret
    )


def _seed(fields: Fields) -> int | None:
    return fields.integer("seed") if fields.has("seed") else None


def _number(fields: Fields, name: str, default: float) -> float:
    value = fields.data.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise fields.fail(name, "must be a number from 0.")
    return value
