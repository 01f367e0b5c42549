"""The conferences that events lead to, or led to once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import ApiError, ConferenceCancelled, InvalidParameter, NotFound
from reconciler.model.observed import Observed
from reconciler.model.occurrence import Conference, Key, Link
from reconciler.model.rendering import conference_as_applied
from reconciler.model.state import State
from reconciler.observe.findings import Findings
from reconciler.observe.scope import Refresh, Scope
from reconciler.observe.survey import Asking, Survey
from reconciler.state.remembering import bare, is_intact

UNKNOWN = "paramsError"  # what the query of a conference says of one that is not there


def with_conferences(survey: Survey) -> dict[Key, Observed]:
    """Return all that was found with its conference: as it is, where that is asked for, else as it should be."""
    state, scope, findings, now = survey.state, survey.scope, survey.findings, survey.now
    remains = {key: one for key, one in findings.deleted.items() if _is_missed(one, findings, scope)}
    remains |= _left_over(state, scope, [*findings.live.values(), *remains.values()])
    stands = _stands(state)
    found = {
        key: _presumed(one, stands, scope, is_news=_is_news(one, state, findings))
        for key, one in {**findings.live, **remains}.items()
    }
    if scope.refresh is Refresh.CALENDAR:
        return found
    groups = grouped((one for one in found.values() if scope.asks_for(one.key)), now)
    if scope.refresh is Refresh.AUTO:
        groups = _due(groups, replace(scope, budget=scope.budget - findings.spent), now)
    # What is over is looked after no more, and yet the next occurrence is to lead there.
    groups += _by_conference(found[key] for key, one in remains.items() if one.has_started(now) and scope.asks_for(key))
    return found | ask_conferences(survey, groups)


def _is_news(one: Observed, state: State, findings: Findings) -> bool:
    """Return whether the list told of the event because somebody else has changed it.

    It is neither as we have applied it nor as it was seen before: who has changed it may have changed the rest, too.
    """
    event = one.event
    if event is None or one.key.series or findings.is_known(event) or one.entry is None:
        return False
    calendar = state.calendars.get(event.organizer)
    told = findings.calendars.get(event.organizer)
    if calendar is None or told is None or told.changed is None:
        return False  # everything was listed: that it has changed is no news
    before = next((bare(known) for known in calendar.events if known.id == event.id), None)
    return bare(event) != before and not is_intact(event, one.entry, state.workspace)


def _is_missed(one: Observed, findings: Findings, scope: Scope) -> bool:
    """Return whether what is left of an event matters: it is to be there again.

    A series that is over hands its conference on to whatever its meeting has next, if nothing leads there yet.
    """
    if not one.key.series:
        return one.key in scope.expected and one.key not in findings.live
    led = {live.conference_id for live in findings.live.values()}
    expected = {key.meeting for key in scope.expected}
    return one.key.meeting in expected and one.key not in findings.live and one.conference_id not in {"", *led}


def _left_over(state: State, scope: Scope, there: Iterable[Observed]) -> dict[Key, Observed]:
    """Return the last that is remembered of each meeting whose link is to last, where nothing leads there any more."""
    led = {one.key.meeting for one in there if one.conference_id}
    last: dict[str, Observed] = {}
    for entry in state.entries.values():
        key, applied = entry.key.moved(scope.moved), entry.applied
        if applied is None or applied.link is not Link.STABLE or not entry.conference_id:
            continue
        if key.meeting not in scope.lasting - led or entry.organizer != scope.meetings.get(key.meeting):
            continue
        known = last.get(key.meeting)
        one = Observed(key=key, entry=entry)
        if known is None or known.start is None or applied.start > known.start:
            last[key.meeting] = one
    return {one.key: one for one in last.values()}


Group = list[Observed]  # what leads to one conference


def grouped(some: Iterable[Observed], now: datetime) -> list[Group]:
    """Return what has not begun and leads to a conference, together by conference."""
    return _by_conference(one for one in some if not one.has_started(now))


def _by_conference(some: Iterable[Observed]) -> list[Group]:
    groups: dict[tuple[str, str], Group] = defaultdict(list)
    for one in some:
        if one.conference_id:
            groups[one.conference_id, one.key.meeting].append(one)
    return list(groups.values())


def _due(groups: Iterable[Group], scope: Scope, now: datetime) -> list[Group]:
    """Return those whose turn it is: unverified for the longest time, as far as the budget goes."""
    turns: list[tuple[datetime, datetime, int]] = []
    groups = list(groups)
    never = datetime.min.replace(tzinfo=UTC)
    for index, some in enumerate(groups):
        verified = max((one.verified for one in some if one.verified is not None), default=never)
        if verified == never or now - verified >= scope.every:
            turns.append((verified, some[0].start or now, index))
    budget, due = scope.budget, []
    for _, _, index in sorted(turns):
        cost = _cost(groups[index], scope)
        if cost > scope.budget:
            continue  # its turn would never come, nor that of any other
        budget -= cost
        if budget < 0:
            break
        due.append(groups[index])
    return due


def _cost(some: Group, scope: Scope) -> int:
    meeting = some[0].key.meeting
    return 0 if meeting not in scope.meetings else 2 if meeting in scope.with_settings else 1


def ask_conferences(asking: Asking, groups: Iterable[Group]) -> dict[Key, Observed]:
    """Return what leads to these conferences with the conference as it is; what can't be read is noted."""

    def ask(some: Group) -> Conference | None:
        return _conference(asking.reader, some[0], asking.scope)

    found: dict[Key, Observed] = {}
    for some, answer in asking.reads.all(ask, groups):
        if isinstance(answer, ApiError):
            asking.findings.fail(str(some[0].key), answer, {one.key.meeting for one in some})
        else:
            found |= {one.key: replace(one, conference=answer, verified=asking.now, asked=True) for one in some}
    return found


def _stands(state: State) -> Mapping[str, Conference]:
    """Return the shared conferences that the state knows, by their ids, where they were last moved to."""
    return {
        conference.id: conference
        for entry in state.entries.values()
        if entry.carries and entry.applied is not None and entry.applied.link is Link.STABLE
        for conference in (conference_as_applied(entry),)
        if conference is not None
    }


def _presumed(one: Observed, stands: Mapping[str, Conference], scope: Scope, *, is_news: bool) -> Observed:
    """Return an occurrence with its conference as it should be; of one that is news it counts as never verified."""
    if one.key.meeting not in scope.meetings:
        conference = _to_be_cancelled_if_any(one)
    else:
        conference = stands.get(one.conference_id) or _by_memory(one)
    same = one.entry is not None and conference is not None and one.entry.conference_id == conference.id
    verified = one.entry.verified if one.entry is not None and same and not is_news else None
    return replace(one, conference=conference, verified=verified)


def _to_be_cancelled_if_any(one: Observed) -> Conference | None:
    return to_be_cancelled(one, one.conference_id) if one.conference_id else None


def _by_memory(one: Observed) -> Conference | None:
    """Return the conference as it should be: nobody asked for it, so nothing about it differs."""
    known = conference_as_applied(one.entry) if one.entry is not None else None
    if one.marker is not None and known is not None and one.marker.conference not in {"", known.id}:
        known = None  # the memory is older than the marker
    if known is not None or one.event is None or one.marker is None or not one.marker.conference:
        return known
    event = one.event
    link = one.description.link
    return Conference(id=one.marker.conference, title=event.title, start=event.start, end=event.end, url=link)


def _conference(reader: Reader, one: Observed, scope: Scope) -> Conference | None:
    """Return the conference of an occurrence; cancelled where it was cancelled, None where there is none.

    Raises ApiError for all else: also where a conference that is there does not tell its settings.
    """
    conference_id = one.conference_id
    requester = one.organizer or scope.meetings.get(one.key.meeting, "")
    if one.key.meeting not in scope.meetings:
        return to_be_cancelled(one, conference_id)
    try:
        conference = reader.conferences.info(conference_id=conference_id, requester=requester)
    except ConferenceCancelled:
        return replace(to_be_cancelled(one, conference_id), cancelled=True)
    except NotFound:
        return None
    except InvalidParameter as error:
        if error.dingtalk_code != UNKNOWN:
            raise
        return None
    if one.key.meeting not in scope.with_settings:
        return conference
    return replace(conference, settings=reader.conferences.settings(conference_id=conference_id))


def to_be_cancelled(one: Observed, conference_id: str) -> Conference:
    """Return a conference of which only the id matters: its meeting is not declared any more."""
    start = one.start or one.key.original.astimezone()
    end = one.event.end if one.event is not None else start
    return Conference(id=conference_id, title="", start=start, end=end)


def find_superfluous(findings: Findings, state: State) -> None:
    """File each conference of ours that an event no longer leads to, or does not yet.

    It is left behind by a run that died: between learning that it had come second and ending what it had made, or
    before its event came to lead there.
    """
    led = {one.marker.conference for one in findings.live.values() if one.marker is not None}
    for key, entry in state.entries.items():
        found = findings.live.get(key)
        if found is None or found.event is None or found.marker is None or not found.marker.conference:
            continue
        if entry.conference_id and entry.conference_id not in led:
            alone = Observed(key=key, entry=entry)
            findings.duplicates[entry.conference_id] = replace(
                alone, conference=to_be_cancelled(alone, entry.conference_id)
            )


def with_own_conference(one: Observed, in_use: frozenset[str]) -> Observed:
    """Return a duplicate with the conference that only it leads to: it has to go as well."""
    conference_id = one.marker.conference if one.marker is not None else ""
    if one.event is None or not conference_id or conference_id in in_use:
        return one
    return replace(one, conference=to_be_cancelled(one, conference_id))
