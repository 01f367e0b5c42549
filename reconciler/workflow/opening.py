"""`start`: open an instant video conference for a meeting's occurrence, and never ring twice for the same one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.config.model import Config
from reconciler.config.words import choose_from
from reconciler.desired import desired
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import ApiError
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.occurrence import InstantConference, Occurrence
from reconciler.model.state import Opened
from reconciler.state.edit import moves, renamed
from reconciler.state.store import Store
from reconciler.workflow.people import named, resolve_people

FAR = timedelta(days=366)
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An open conference: `conference` is new and bears its passwords, or is None where it was `opened` before."""

    occurrence: Occurrence
    opened: Opened
    conference: InstantConference | None = None
    running: bool = True


def open_meeting(
    config: Config, client: Client, store: Store, meeting: str, *, now: datetime, again: bool = False
) -> Opening:
    """Open a conference for the occurrence of `meeting` that is on at `now`, or else for the next one.

    Its declared attendees are rung. An occurrence that has one already is not rung for again, unless `again`. That a
    call is about to be made is on disk before it is made: after a crash nobody is called twice unasked.
    Raises UsageError for an unknown meeting, ReconcilerError where it has no further occurrence or where a call
    for it was never answered, and ApiError.
    """
    if meeting not in config.meetings:
        raise UsageError(f"there is no meeting {meeting!r}", fix=choose_from(meeting, config.meetings))
    state = store.load()
    state = renamed(state, moves(config, state))
    who = resolve_people(config, client, state)
    for alias in sorted(named(config.meetings[meeting])):
        who.union_id(alias, config)
    people = who.people
    occurrence = _current(
        desired(
            replace(config, meetings={meeting: config.meetings[meeting]}), people, after=now - LONGEST, before=now + FAR
        ),
        meeting,
        now,
    )
    address = str(occurrence.key)
    before = state.opened.get(address)
    if before is not None and not again:
        return _opened_before(client, occurrence, before)
    asked = Opened(address=address, conference_id="", url="", room_code="", at=now)
    state = store.save(replace(state, people=who.known, opened={**state.opened, address: asked}))
    try:
        conference = client.instant.start(
            organizer=occurrence.organizer,
            title=occurrence.title,
            invite=[who.union_id for who in occurrence.attendees or ()],
        )
    except ApiError as error:
        if error.certain_not_done and not error.unclear_before:
            opened = {name: one for name, one in state.opened.items() if name != address}
            store.save(replace(state, opened=opened if before is None else {**opened, address: before}))
        raise
    opened_now = replace(asked, conference_id=conference.id, url=conference.url, room_code=conference.room_code)
    store.save(replace(state, opened={**state.opened, address: opened_now}))
    return Opening(occurrence=occurrence, opened=opened_now, conference=conference)


def _current(occurrences: tuple[Occurrence, ...], meeting: str, now: datetime) -> Occurrence:
    ahead = [occurrence for occurrence in occurrences if occurrence.end > now]
    if not ahead:
        raise ReconcilerError(
            f"{meeting} no longer takes place", where=f"meetings.{meeting}", fix="extend its schedule"
        )
    return ahead[0]


def _opened_before(client: Client, occurrence: Occurrence, before: Opened) -> Opening:
    if not before.conference_id:
        raise ReconcilerError(
            f"a conference was asked for at {before.at:%F %H:%M} UTC and never answered: people may have been rung",
            where=before.address,
            fix="look whether it runs; to ring everybody again, add --again",
        )
    running = before.conference_id in client.instant.ongoing(occurrence.organizer)
    return Opening(occurrence=occurrence, opened=before, running=running)
