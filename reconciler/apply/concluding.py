"""What a run leaves: what became of each change, what is known of every occurrence, and what may be left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from reconciler.apply.outcome import Result, Status
from reconciler.apply.work import Work
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Key
from reconciler.model.state import Entry, Orphan
from reconciler.plan.operations import Plan


def result_of(work: Work) -> Result:
    """Return what became of a change."""
    error = work.failure or work.deferral
    status = Status.FAILED if work.failure is not None else Status.DEFERRED if error is not None else Status.DONE
    return Result(
        planned=work.planned,
        status=status,
        error=error,
        done=tuple(work.done),
        mismatches=tuple(work.mismatches),
        lost=frozenset(work.lost),
        short=work.short,
    )


def entries(works: Iterable[Work]) -> dict[Key, Entry | None]:
    """Return what is known of every occurrence touched; what stands under an old key is gone."""
    touched = [work for work in works if work.done and not work.planned.change.duplicate]
    moved = {work.planned.change.before.key: None for work in touched if work.planned.change.before is not None}
    return {**moved, **{work.key: work.result() for work in touched}}


def left_behind(works: Iterable[Work]) -> Iterator[Orphan]:
    """Yield conferences without an event that could not be ended: nothing leads to them from now on."""
    for work in works:
        before = work.planned.change.before
        if work.planned.change.duplicate and before is not None and before.event is None and not work.finished:
            yield _orphan(before, at=datetime.now(UTC))


def replaced(works: Iterable[Work], plan: Plan) -> Iterator[Orphan]:
    """Yield conferences that DingTalk did not know, so that another took their place: nobody has ended them."""
    works = list(works)
    kept = {have.conference_id for _, have in plan.unchanged}
    led = {"", *kept, *(work.entry.conference_id for work in works)}
    for work in works:
        before = work.planned.change.before
        if before is None or before.conference is not None or not work.done or work.planned.change.duplicate:
            continue
        if before.conference_id not in led:
            led.add(before.conference_id)
            yield _orphan(before, at=datetime.now(UTC))


def _orphan(one: Observed, *, at: datetime) -> Orphan:
    """Return what may be left of the conference of `one`, to which nothing leads any more."""
    applied = one.applied
    title = one.event.title if one.event is not None else applied.title if applied is not None else ""
    return Orphan(
        address=str(one.key),
        organizer=one.organizer,
        title=title,
        start=one.start or one.key.original.replace(tzinfo=UTC),
        asked_at=at,
        conference_id=one.conference_id,
    )
