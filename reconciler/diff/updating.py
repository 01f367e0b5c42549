"""One wanted occurrence and what is there of it: what has to change, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.diff.change import ADOPTED, AGAIN, OWN, SHARED, Action, Change
from reconciler.diff.compare import Comparison, Field, compare
from reconciler.diff.sharing import Role
from reconciler.model.marker import ends_with
from reconciler.model.native import follows, is_date, nearest
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Link, Occurrence
from reconciler.schedule.zones import elapsed, later


def creation(want: Occurrence, have: Observed | None, reason: str, role: Role | None) -> Change:
    """Return the change that makes `want`. `have` is what is left of it, a number of events made so far perhaps."""
    comparison = Comparison()
    if role is not None and role.conference is not None:
        comparison = Comparison(conference=compare(want, as_seen(want, Observed(key=want.key), role)).conference)
    return Change(action=Action.CREATE, before=have, after=want, comparison=comparison, reason=reason, role=role)


def as_seen(want: Occurrence, have: Observed, role: Role | None) -> Observed:
    """Return `have` with the conference that `want` has to compare itself with."""
    return have if role is None else replace(have, conference=role.seen(want))


def changes_of(want: Occurrence, have: Observed, role: Role | None, now: datetime) -> list[Change]:
    """Return what turns `have` into `want`: nothing, one change, or two where an event can't become what is wanted."""
    if have.organizer and have.organizer != want.organizer and (have.event is not None or have.alive):
        reason = "another organiser: an event can't change hands"
        return [
            Change(action=Action.CANCEL, before=have, after=None, reason=reason),
            creation(want, None, reason, role),
        ]
    if _joins_elsewhere(want, have):
        reason = f"link: {want.link}: an event can't change where people join"
        return [
            Change(action=Action.CANCEL, before=have, after=None, reason=reason),
            creation(want, None, reason, role),
        ]
    if have.event is None and not have.alive:
        reason = AGAIN if have.dropped else "deleted in DingTalk" if have.revision else "new occurrence"
        return [creation(want, have, reason, role)]
    if have.untouched and role is None and not have.asked and have.applied == want:
        return []  # nothing was heard of the event since it was as applied, and the conference is presumed to be so
    shown = as_seen(want, have, role)
    comparison = _switched(compare(want, shown), want, have, role)
    if told := _told_of_another_event(want, have, now):
        fields = _from_then(comparison.event, want, have) if have.key.series == bool(want.recurrence) else ()
        fields = fields or (_calendar_field(want),)
        return [_replacement(want, have, replace(comparison, event=fields), role, told)]
    if comparison.fields:
        reason = _told(have, comparison)
    elif _needs_marker(want, shown):
        comparison, reason = _marker_lost(want, have), _marker_reason(want, have)
    else:
        return []
    return [Change(action=Action.UPDATE, before=have, after=want, comparison=comparison, reason=reason, role=role)]


def _told_of_another_event(want: Occurrence, have: Observed, now: datetime) -> str:
    """Return why the event can't become what is wanted, so that another one has to take its place; "" where it can."""
    if have.event is None:
        return ""
    if have.key.series != (want.recurrence is not None):
        return f"calendar: {'occurrences' if have.key.series else 'series'}"
    if want.recurrence is None or follows(want, have.event):
        return ""
    if have.event.start <= now:
        return "another rule or time from now on: what has been of the series stays"
    if _takes_back(want, have):
        return "another rule or time, on dates that were taken out of the series"
    return ""


def _takes_back(want: Occurrence, have: Observed) -> bool:
    """Return whether a series is to have a date that was taken out of it: nobody can put one back into an event."""
    applied = have.applied
    where, left_out = want.start.tzinfo, {one.date() for one in want.left_out}
    out = {one.astimezone(where).date() for one in applied.left_out} if applied is not None else set()
    on = (datetime.combine(day, want.start.timetz()) for day in sorted(out - left_out))
    return any(is_date(want.recurrence, want.start, one) for one in on)


def _from_then(fields: Sequence[Field], want: Occurrence, have: Observed) -> tuple[Field, ...]:
    """Return the fields with the date of the old series that the new one begins in place of, not its first one ever."""
    assert have.event is not None  # noqa: S101  # the caller has checked
    start = nearest(have.event, want.start)
    old = {"start": start, "end": later(start, elapsed(have.event.start, have.event.end))}
    shown = {path: moment.astimezone(want.start.tzinfo).isoformat() for path, moment in old.items()}
    told = (replace(one, before=shown.get(one.path, one.before)) for one in fields)
    return tuple(one for one in told if one.before != one.after)


def _calendar_field(want: Occurrence) -> Field:
    kinds = ["occurrences", "series"] if want.recurrence is not None else ["series", "occurrences"]
    return Field(path="calendar", before=kinds[0], after=kinds[1])


def _replacement(want: Occurrence, have: Observed, comparison: Comparison, role: Role | None, reason: str) -> Change:
    return Change(
        action=Action.UPDATE, before=have, after=want, comparison=comparison, reason=reason, role=role, replaces=True
    )


def _switched(comparison: Comparison, want: Occurrence, have: Observed, role: Role | None) -> Comparison:
    """Return `comparison` without blame for what nobody did: where people join is the config's change."""
    if role is None:
        return comparison
    if _changes_conference(have, role):
        kinds = [OWN, SHARED] if want.link is Link.STABLE else [SHARED, OWN]
        link = Field(path="link", before=kinds[0], after=kinds[1])
        return Comparison(
            event=(*(one for one in comparison.event if one.path != "link"), link),
            conference=tuple(one for one in comparison.conference if one.path not in {"conference", "link"}),
        )
    ours = tuple(
        replace(field, drift=False) if field.path in {"conference", "link"} else field
        for field in comparison.conference
    )
    return replace(comparison, conference=ours)


def _changes_conference(have: Observed, role: Role) -> bool:
    """Return whether the occurrence leaves a conference that lives for another one: people join by another link."""
    if have.event is None or not have.alive or have.conference is None:
        return False
    return role.conference is None or role.conference.id != have.conference.id


def _joins_elsewhere(want: Occurrence, have: Observed) -> bool:
    """Return whether people join by a conference of ours where the event is to have its own, or the other way."""
    if want.link is Link.EVENT:
        return have.alive
    ours = have.marker.conference if have.marker is not None else have.entry.conference_id if have.entry else ""
    return have.event is not None and have.event.own_conference != "" and not have.alive and not ours


def _needs_marker(want: Occurrence, have: Observed) -> bool:
    """Return whether the event's marker no longer leads to this occurrence and its conference."""
    marker = have.description.marker
    return (
        marker is None
        or marker.key != want.key
        or (have.conference is not None and marker.conference != have.conference.id)
        or not (have.event is not None and ends_with(have.event.description, marker))
    )


def _marker_lost(want: Occurrence, have: Observed) -> Comparison:
    marker = have.description.marker
    drift = (marker is None or marker.key == want.key) and not have.adopting
    renamed = marker is not None and marker.key.meeting != want.key.meeting
    after = ADOPTED if have.adopting else f"renamed from {marker.key.meeting}" if marker and renamed else ""
    return Comparison(event=(Field(path="marker", before=marker and str(marker), after=after, drift=drift),))


def _marker_reason(want: Occurrence, have: Observed) -> str:
    marker = have.description.marker
    if marker is not None and marker.key == want.key and want.link is Link.STABLE:
        return "link: stable: it joins the conference of its meeting"
    if marker is not None and marker.key.meeting != want.key.meeting:
        return f"renamed: was {marker.key.meeting}"
    if have.adopting:
        return ADOPTED
    return "the marker is missing or moved"


def _told(have: Observed, comparison: Comparison) -> str:
    if have.dropped:
        return AGAIN
    told = _reason(comparison.fields)
    return f"{ADOPTED}; {told}" if have.adopting else told


def _reason(fields: Sequence[Field]) -> str:
    by_people = [field.path for field in fields if field.drift]
    ours = [field.path for field in fields if not field.drift]
    told = [f"config: {', '.join(ours)}"] if ours else []
    if by_people:
        told.append(f"changed in DingTalk: {', '.join(by_people)}")
    return "; ".join(told)
