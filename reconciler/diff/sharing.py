"""One conference for several occurrences: which one it is, who makes it, and where it stands now.

With `link: stable` all occurrences of a meeting lead to one conference, so that the link never changes. A conference
has but one time: it stands at the next occurrence, and each run moves it forward once the last one is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.model.observed import Observed
from reconciler.model.occurrence import Conference, Key, Link, Occurrence

AHEAD = 2  # occurrences that are booked however far away they are: the next one must know the link when this one ends
Pair = tuple[Occurrence | None, Observed | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an occurrence has to do with the conference that it leads to.

    `conference` is None where there is none yet; then the occurrence at address `maker` makes it. Where it `carries`
    the conference, that has its title, time and settings. `ends` is the id of one that only this occurrence led to.
    """

    conference: Conference | None
    maker: str = ""
    carries: bool = True
    ends: str = ""

    def seen(self, want: Occurrence) -> Conference | None:
        """Return the conference as `want` has to compare itself with: of another occurrence's nothing can differ."""
        if self.carries or self.conference is None:
            return self.conference
        return replace(self.conference, title=want.title, start=want.start, end=want.end, settings=None)


def roles(
    pairs: Sequence[Pair], seen: Iterable[Observed], *, now: datetime, create_before: datetime
) -> Mapping[Key, Role]:
    """Return the roles of one meeting's wanted occurrences, by their keys; of those that have nothing to share, none.

    `pairs` are what is wanted with what it keeps; `seen` is everything of the meeting, also what has begun. What starts
    at `create_before` or later, and is not there yet, comes last: it makes no conference, and none stands at it.
    """
    early = ahead(pairs)
    later = {want.key for want, have in pairs if want is not None and have is None and want.start >= create_before}
    wants = sorted(
        (want for want, _ in pairs if want is not None), key=lambda want: (want.key in later - early, want.start)
    )
    if not wants:
        return {}
    return _shared(wants, pairs, seen, now) if wants[0].link is Link.STABLE else _split(wants, pairs)


def ahead(pairs: Sequence[Pair]) -> frozenset[Key]:
    """Return the occurrences of a meeting with one conference that are booked even beyond the horizon."""
    wants = sorted((want for want, _ in pairs if want is not None), key=lambda want: want.start)
    series = [want for want in wants if want.recurrence is not None]  # it takes the link along by itself
    return frozenset(want.key for want in (series or wants[:AHEAD]) if want.link is Link.STABLE)


def _shared(
    wants: Sequence[Occurrence], pairs: Sequence[Pair], seen: Iterable[Observed], now: datetime
) -> Mapping[Key, Role]:
    seen = [one for one in seen if one.organizer == wants[0].organizer]
    staying = frozenset(have.key for want, have in pairs if want is not None and have is not None)
    conference = _chosen(seen, staying)
    used = conference.id if conference is not None else ""
    leading = [one for one in seen if _leads(one, used)]
    running = _is_on(conference, now) or any(one.takes_place(now) for one in leading)
    # What stays as people know it, though the schedule says otherwise by now, has the conference until it is over.
    compared = {have.key for _, have in pairs if have is not None}
    running |= any(one.key not in compared and one.event is not None and not one.has_started(now) for one in leading)
    maker = "" if conference is not None else str(wants[0].key)
    had = {want.key: have for want, have in pairs if want is not None and have is not None}
    return {
        want.key: Role(
            conference=conference,
            maker=maker,
            carries=number == 0 and not running,
            ends=_own(had.get(want.key), used),
        )
        for number, want in enumerate(wants)
    }


def _split(wants: Sequence[Occurrence], pairs: Sequence[Pair]) -> Mapping[Key, Role]:
    """Return a role without a conference for all but the first of those that lead to the same one."""
    if wants[0].link is not Link.PER_OCCURRENCE:
        return {}
    taken: set[str] = set()
    found: dict[Key, Role] = {}
    for want, have in sorted(pairs, key=lambda pair: pair[0].start.timestamp() if pair[0] is not None else 0.0):
        if want is None or have is None or not have.alive or have.conference is None:
            continue
        if have.conference.id in taken:
            found[want.key] = Role(conference=None, maker=str(want.key))
        taken.add(have.conference.id)
    return found


def _chosen(seen: Sequence[Observed], staying: Collection[Key]) -> Conference | None:
    """Return the conference that most of them lead to, of several the one of the earliest that stays, if any does.

    Some may only presume to know where it stands: who has asked knows best, and next who has not begun.
    """
    alive = sorted((one for one in seen if one.alive), key=lambda one: (one.key not in staying, one.key))
    ids = [one.conference.id for one in alive if one.conference is not None]
    if not ids:
        return None
    best = Counter(ids).most_common(1)[0][0]
    known = [one for one in alive if one.conference is not None and one.conference.id == best]
    return max(known, key=lambda one: (one.asked, one.key)).conference


def _is_on(conference: Conference | None, now: datetime) -> bool:
    """Return whether a conference is on by its own time: what led there may be an instance of a series that is over."""
    return conference is not None and conference.start <= now < conference.end


def _leads(one: Observed, conference_id: str) -> bool:
    return bool(conference_id) and one.marker is not None and one.marker.conference == conference_id


def _own(have: Observed | None, used: str) -> str:
    if have is None or not have.alive or have.conference is None or not used or have.conference.id == used:
        return ""
    return have.conference.id
