"""plan → DingTalk: runs the DAG of calls, and puts what each one did into the journal at once."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from reconciler.apply.concluding import entries, left_behind, replaced, result_of
from reconciler.apply.daily import CREATIONS, held_back
from reconciler.apply.execute import Executor
from reconciler.apply.order import Order
from reconciler.apply.outcome import Failure, Outcome, borne
from reconciler.apply.unwinding import Unwinding
from reconciler.apply.work import Work, is_bare, lacks_rooms, left_to_do
from reconciler.apply.workers import carry_out
from reconciler.diff.change import Action
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import ApiError, DailyEventLimit, Halted, LimitReached, RateLimited
from reconciler.errors import ReconcilerError, StateError
from reconciler.plan.operations import Call, Operation, Plan
from reconciler.state.journal import Journal

PARALLELISM = 64  # four APIs, each busy at 20 calls a second that take up to 0.8 s


class Progress(Protocol):
    def __call__(self, operation: Operation, error: ReconcilerError | None, /) -> None:
        """Take note that `operation` has ended."""


class Stop:
    """Ask a running apply to send no further call, be it a new one or a repeat. `reason` is set once."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason: Failure | None = None

    def request(self, reason: Failure) -> None:
        """Ask to stop, for this reason; the first one counts."""
        if not self.event.is_set():
            self.reason = reason
            self.event.set()

    @property
    def requested(self) -> bool:
        return self.event.is_set()


def untold(_operation: Operation, _error: ReconcilerError | None, /) -> None:
    pass


def apply(
    plan: Plan,
    client: Client,
    journal: Journal,
    *,
    clock: Callable[[], datetime],
    names: Mapping[str, str] | None = None,
    left: Mapping[str, int] | None = None,
    known: Collection[str] = (),
    parallelism: int = PARALLELISM,
    stop: Stop | None = None,
    progress: Progress = untold,
) -> Outcome:
    """Carry out `plan`, `parallelism` calls at a time at most, the nearest occurrences first.

    One change that fails does not stop the others; the calls of the same change that come after it are left out.
    `names` are people and rooms as the config calls them, for messages. `left` is how many events can be created today
    for an organiser, where that is known. `known` are the ids of events that are there besides those that the plan
    knows: a saved one does not know what stays as it is. Raises nothing of the API.
    """
    stop = Stop() if stop is None else stop
    run = _Run(plan, client, journal, clock=clock, names=names or {}, known=known, stop=stop, progress=progress)
    with client.session.halting(stop.event):
        run.drain(held_back(plan, left or {}), parallelism=parallelism)
    return run.outcome()


class _Run:
    def __init__(
        self,
        plan: Plan,
        client: Client,
        journal: Journal,
        *,
        clock: Callable[[], datetime],
        names: Mapping[str, str],
        known: Collection[str],
        stop: Stop,
        progress: Progress,
    ) -> None:
        self._works = [Work.begin(planned, at=clock()) for planned in plan.changes]
        there = [have for _, have in plan.unchanged] + [work.planned.change.before for work in self._works]
        seen = frozenset(have.event.id for have in there if have is not None and have.event is not None) | {*known}
        self._executor = Executor(client, journal, workspace=plan.workspace, clock=clock, names=names, seen=seen)
        self._plan = plan
        self._unwinding = Unwinding(self._works, client, names)
        self._stop = stop
        self._progress = progress
        self._owner = {operation.id: work for work in self._works for operation in work.planned.operations}
        self._operation = {operation.id: operation for operation in plan.operations}
        self._rank = {operation.id: rank for rank, operation in enumerate(plan.operations)}
        self._cancelled = {
            work.planned.change.address: work
            for work in self._works
            if work.planned.change.action is Action.CANCEL and not work.planned.change.duplicate
        }
        self._made = {
            work.planned.change.address: work
            for work in self._works
            if work.planned.change.makes_conference and work.planned.change.action is not Action.CANCEL
        }
        self._by_address: dict[str, list[Work]] = defaultdict(list)
        for work in self._works:
            self._by_address[work.planned.change.address].append(work)
        self._exhausted: dict[str, Failure] = {}  # organiser → why no further event can be made today

    def drain(self, operations: Mapping[str, Operation], *, parallelism: int) -> None:
        """Run `operations`, by their ids, in the order of their needs; return when nothing is left that could run.

        Of what could run next the nearest occurrence goes first, and is finished before another is begun: whatever
        ends a run early (a crash, a limit) leaves few occurrences half made. No API takes all places, where its calls
        would wait for its pace while the calls of another could go out.
        """
        order = Order(operations, self._rank, parallelism)
        carry_out(order, self._run, most=parallelism, name="apply")
        self._help_the_bare()
        led = {work.entry.conference_id for work in self._works if work.entry.event_id}
        self._executor.end_second(led, stopped=self._stop.requested)

    def _help_the_bare(self) -> None:
        """Let no occurrence be without rooms because it let go of some early, for a circle that then came to a halt.

        What was refused is tried once more, as often as that brings anything on; else it gets back what it had, and so
        does who has that by now.
        """
        going = any(is_bare(work) for work in self._works)
        while going and not self._stop.requested:
            going = sum(self._executor.go_on(work) for work in self._works if self._may_go_on(work)) > 0
        for work in self._works:
            if is_bare(work) and not self._stop.requested:
                self._unwinding.restore(work)

    def _may_go_on(self, work: Work) -> bool:
        """Return whether what a change lacks may be had by now: rooms that others of this run were to free."""
        left = left_to_do(work)
        return lacks_rooms(work) and any(self._owner[need] is not work for one in left for need in one.needs)

    def _run(self, name: str) -> None:
        """Run one call, unless its change has failed or the run was stopped. Errors become the change's result."""
        work, operation = self._owner[name], self._operation[name]
        self._follow(work)
        if work.failure is not None or work.deferral is not None:
            return
        if self._stop.requested:
            work.deferral = self._stop.reason
            return
        if operation.call in CREATIONS:
            work.deferral = self._exhausted.get(work.entry.organizer)
            if work.deferral is not None:
                return
        error: ReconcilerError | None = None
        try:
            self._executor.execute(operation, work)
        except Halted as halted:
            work.deferral = self._stop.reason or failure(halted)
            return
        except LimitReached as limit:
            error = limit
            self._defer(work, limit)
        except StateError as unwritten:  # what is not in the journal must not be done
            error = unwritten
            work.failure = failure(unwritten)
            self._stop.request(work.failure)
        except ReconcilerError as failed:
            error = failed
            work.failure = failure(failed)
        self._progress(operation, error)

    def _follow(self, work: Work) -> None:
        """Leave out what can't be done for what became of another occurrence.

        A creation in the place of one that could not be cancelled: there would be two. What leads to a conference that
        another one was to make, and did not.
        """
        maker = self._made.get(work.maker)
        if maker is not None and not work.entry.conference_id:
            with maker.lock:
                known = maker.entry
            if known.conference_id:
                work.entry = replace(
                    work.entry, conference_id=known.conference_id, url=known.url, room_code=known.room_code
                )
            elif maker.failure is not None or maker.deferral is not None:
                work.failure = work.failure or maker.failure
                work.deferral = work.deferral or maker.deferral
        for before in (one for address in work.planned.change.follows for one in self._by_address[address]):
            if before is not work:
                work.failure = work.failure or before.failure
                work.deferral = work.deferral or before.deferral
        cancelled = self._cancelled.get(str(work.key))
        if cancelled is not None and work.planned.change.action is Action.CREATE:
            work.failure = work.failure or cancelled.failure
            work.deferral = work.deferral or cancelled.deferral

    def _defer(self, work: Work, limit: LimitReached) -> None:
        """Put `work` off, and with it whatever the same limit would refuse as well."""
        work.deferral = failure(limit)
        if isinstance(limit, DailyEventLimit):
            self._exhausted[work.entry.organizer] = work.deferral
        elif not isinstance(limit, RateLimited):
            self._stop.request(work.deferral)

    def outcome(self) -> Outcome:
        return Outcome(
            results=borne((result_of(work) for work in self._works), self._plan),
            entries=entries(self._works),
            orphans=(*self._executor.orphans, *left_behind(self._works), *replaced(self._works, self._plan)),
            stopped=self._stop.reason,
            refused_rooms=self._executor.refused_rooms,
            created=Counter(
                work.entry.organizer for work in self._works for one in work.done if one.call is Call.EVENT_CREATE
            ),
            refused=frozenset(self._exhausted),
        )


def failure(error: ReconcilerError) -> Failure:
    """Return an error as it is reported: DingTalk's own code where it has one."""
    code = error.dingtalk_code if isinstance(error, ApiError) and error.dingtalk_code else error.code
    return Failure(code=code, message=error.what, hint=error.fix)
