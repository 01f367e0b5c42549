"""(desired, observed) → changes. A failed read is not an absence: what was not seen is on neither side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.diff.change import PASSED, TAKEN_OUT, Action, Change, Diff
from reconciler.diff.compare import yielding
from reconciler.diff.pairing import by_meeting, is_spent, pairs_of
from reconciler.diff.sharing import ahead, roles
from reconciler.diff.turns import in_turn
from reconciler.diff.updating import changes_of, creation
from reconciler.model.native import is_date
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Occurrence


def diff(
    wanted: Iterable[Occurrence],
    seen: Observation,
    *,
    now: datetime,
    create_before: datetime,
    targets: frozenset[str] = frozenset(),
    excluded: frozenset[str] = frozenset(),
) -> Diff:
    """Return the changes that turn what was `seen` into what is `wanted`.

    `wanted` has to reach as far, back and ahead, as what was seen. Nothing that has started by `now` is touched, and
    nothing is created that starts at `create_before` or later. With `targets` only those meetings are looked at,
    and those `excluded` are not.
    """

    def is_meant(meeting: str) -> bool:
        return meeting not in excluded and (not targets or meeting in targets)

    found = [
        _of_meeting(wants, haves, now=now, create_before=create_before)
        for meeting, (wants, haves) in by_meeting(wanted, seen).items()
        if meeting not in seen.unresolved and is_meant(meeting)
    ]
    changes = [_duplicate(one) for one in seen.duplicates if is_meant(one.key.meeting)]
    changes += [change for one in found for change in one.changes]
    led_to = frozenset(conference for one in found for conference in _led_to(one))
    ordered = tuple(_sparing(sorted(changes, key=_order), seen, now, led_to))
    over = [change.before for change in ordered if change.before is not None and _needs_nothing(change)]
    return Diff(
        changes=tuple(change for change in ordered if not _needs_nothing(change)),
        unchanged=tuple(pair for one in found for pair in one.unchanged),
        gone=(*(have for one in found for have in one.gone), *over),
        roles={key: role for one in found for key, role in one.roles.items()},
    )


def _of_meeting(
    wants: Sequence[Occurrence], haves: Sequence[Observed], *, now: datetime, create_before: datetime
) -> Diff:
    """Return what has to change of one meeting, each change in its turn."""
    pairs = list(pairs_of(wants, haves, now=now))
    shared = roles(pairs, haves, now=now, create_before=create_before)
    early, dropped = ahead(pairs), _dropped(haves)
    changes: list[Change] = []
    unchanged: list[tuple[Occurrence, Observed]] = []
    gone: list[Observed] = []
    for want, have in pairs:
        if want is None:
            if have is None or have.adopting:
                continue  # nothing of people's making is ever cancelled
            if have.event is None and (not have.alive or is_spent(have, wants, now=now)):
                gone.append(have)
            else:
                reason = _reason_to_cancel(have, wants)
                changes.append(Change(action=Action.CANCEL, before=have, after=None, reason=reason))
        elif have is None:
            if want.start < create_before or want.key in early:
                taken_out = want.serial and want.start not in dropped
                reason = TAKEN_OUT if taken_out else _reason_to_create(want, pairs, "new occurrence")
                changes.append(creation(want, None, reason, shared.get(want.key)))
        else:
            wish = yielding(want, have)
            news = changes_of(wish, have, shared.get(want.key), now)
            if have.dropped:
                news = [replace(one, reason=_reason_to_create(want, pairs, one.reason)) for one in news]
            changes.extend(news)
            if not news:
                unchanged.append((wish, have))
    ordered = tuple(in_turn(changes, wants, now))
    return Diff(changes=ordered, unchanged=tuple(unchanged), gone=tuple(gone), roles=shared)


def _reason_to_create(
    want: Occurrence, pairs: Iterable[tuple[Occurrence | None, Observed | None]], otherwise: str
) -> str:
    """Return why an occurrence is made: it was one date of a recurring event that goes, or else `otherwise`."""
    going = (have.event for wish, have in pairs if have is not None and (wish is None or wish.recurrence is None))
    was = any(event is not None and is_date(event.recurrence, event.start, want.start) for event in going)
    return "calendar: occurrences" if was else otherwise


def _reason_to_cancel(have: Observed, wants: Iterable[Occurrence]) -> str:
    """Return why an occurrence goes: nobody wants it, or it becomes one date of a recurring event."""
    start = have.start
    if start is not None and not have.key.series:
        for want in wants:
            if is_date(want.recurrence, want.start, start) and start not in want.left_out:
                return "calendar: series"
    return PASSED if any(want.key == have.key for want in wants) else "no longer declared"


def _dropped(haves: Iterable[Observed]) -> frozenset[datetime]:
    """Return the dates that we have taken out of a series ourselves: nobody else has."""
    applied = (one.entry.applied for one in haves if one.key.series and one.entry is not None)
    return frozenset(start for one in applied if one is not None for start in one.left_out)


def _needs_nothing(change: Change) -> bool:
    """Return whether all that is left of what is cancelled is a conference that others lead to."""
    no_event = change.before is not None and change.before.event is None
    return change.action is Action.CANCEL and no_event and change.keeps_conference and not change.duplicate


def _led_to(found: Diff) -> Iterator[str]:
    """Yield the shared conferences to which an occurrence of a meeting leads when all is done."""
    staying = {change.after.key for change in found.changes if change.after is not None}
    staying |= {want.key for want, _ in found.unchanged}
    for key, role in found.roles.items():
        if role.conference is not None and key in staying:
            yield role.conference.id


def _sparing(changes: Sequence[Change], seen: Observation, now: datetime, led_to: frozenset[str]) -> Iterator[Change]:
    """Yield `changes` so that none cancels a conference that others lead to, and of several that do only the first.

    `led_to` are the conferences to which the changes themselves lead others.
    """
    cancelled = {
        change.before.key for change in changes if change.action is Action.CANCEL and change.before is not None
    }
    spared = {
        conference_id
        for one in seen.occurrences.values()
        if one.key not in cancelled and not _is_past(one, now)
        for conference_id in (one.conference_id,)
    } | led_to
    for change in changes:
        if change.action is Action.CANCEL and change.conference is not None and not change.duplicate:
            keeps = change.conference.id in spared
            spared.add(change.conference.id)
            yield replace(change, keeps_conference=True) if keeps else change
        else:
            yield change


def _is_past(one: Observed, now: datetime) -> bool:
    if one.key.series:
        return one.has_started(now) and not one.takes_place(now)
    return one.event is not None and one.event.end <= now


def _order(change: Change) -> tuple[float, str, str]:
    start = change.start
    return (start.timestamp() if start is not None else 0.0, change.address, change.action.value)


def _duplicate(observed: Observed) -> Change:
    reason = "a second event with the same marker"
    if observed.event is None:
        reason = "a second conference, of a run that was cut short"
    return Change(action=Action.CANCEL, before=observed, after=None, reason=reason, duplicate=True)
