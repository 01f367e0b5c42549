"""The calls of a run, counted into the month that they are paid for in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.beijing import beijing_month
from reconciler.config.model import Config
from reconciler.dingtalk import Reader
from reconciler.errors import StateError
from reconciler.model.state import State
from reconciler.plan.operations import Quota
from reconciler.state.store import Store


def calls_made(client: Reader) -> int:
    """Return how many calls `client` has made that count in the monthly quota."""
    return sum(client.session.calls.values())


def counted(state: State, client: Reader, now: datetime) -> State:
    """Return `state` with the calls of `client` added to those of this month; older months are forgotten."""
    month = beijing_month(now)
    return replace(state, calls={month: state.calls.get(month, 0) + calls_made(client)})


def quota_of(config: Config, state: State, client: Reader, now: datetime) -> Quota:
    """Return what is known of this month's calls, those of `client` among them."""
    month = beijing_month(now)
    used = state.calls.get(month, 0) + calls_made(client)
    return Quota(month=month, used=used, limit=config.provider.monthly_quota)


def count_calls(store: Store, made: int, *, now: datetime, anew: bool = True) -> None:
    """Add calls that were made since to those of this month, as far as the state can be written.

    With `anew` False a state that is missing or damaged is left so: what the next run does about that matters more.
    """
    month = beijing_month(now)
    try:
        with store.lock.held("apply", now=now):
            state = store.load(unread=True)
            if not anew and (store.notice or not state.serial):
                return
            store.save(replace(state, calls={month: state.calls.get(month, 0) + made}), rescue=False)
    except StateError:
        return  # the count is no promise
