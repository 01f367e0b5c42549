"""Conferences that came second: another run, which knew nothing of this one, has made an event and a conference, too.

Everybody joins by the event, and its marker says which conference counts. The other one has to end.
"""

from __future__ import annotations

import uuid
from collections.abc import Container
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.apply.work import Work
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import ApiError, ConferenceCancelled, NotFound
from reconciler.model.state import Orphan
from reconciler.plan.operations import Call
from reconciler.state.journal import Intent, Journal


class SecondConferences:
    """The conferences of a run whose event leads to another run's. Safe to use from many threads.

    What can't be ended goes into `orphans`: nobody will know of it any more, unless a person is told.
    """

    def __init__(self, client: Client, journal: Journal, orphans: list[Orphan]) -> None:
        self._client = client
        self._journal = journal
        self._orphans = orphans
        self._made: set[str] = set()  # conferences of this run
        self._shared: dict[str, Intent] = {}  # those of them that came second, with what the journal says of them

    def made(self, conference_id: str) -> None:
        """Take note that this run has made a conference."""
        self._made.add(conference_id)

    def give_way(self, work: Work, conference_id: str) -> None:
        """End the conference of `work`, whose event leads to `conference_id`.

        One that other occurrences may lead to is only noted, in the journal as well: see `end`.
        """
        own = work.entry.conference_id
        if not own or own == conference_id:
            return
        if work.planned.change.role is None:
            self._end(own, _leftover(work))
        elif own in self._made:
            intent = _leftover(work)
            if self._shared.setdefault(own, intent) is intent:
                self._journal.begin(intent)

    def end(self, led: Container[str], *, stopped: bool) -> None:
        """End the shared conferences of this run that came second: none of its events has come to lead there.

        Of what is `led` to the next run sees which of the two it will be. A run that is to stop only reports.
        """
        for conference_id, intent in self._shared.items():
            if conference_id in led:
                self._journal.settled(intent)
            elif stopped:
                self._orphans.append(replace(intent.orphan(), conference_id=conference_id))
            elif self._end(conference_id, intent):
                self._journal.settled(intent)

    def _end(self, conference_id: str, intent: Intent) -> bool:
        try:
            with suppress(ConferenceCancelled, NotFound):
                self._client.conferences.cancel(organizer=intent.organizer, conference_id=conference_id)
        except ApiError:
            self._orphans.append(replace(intent.orphan(), conference_id=conference_id))
            return False
        return True


def _leftover(work: Work) -> Intent:
    """Return how the journal tells of the conference of `work`, as of one that may be left behind."""
    after = work.after
    return Intent(
        id=uuid.uuid4().hex,
        call=Call.CONFERENCE_CREATE,
        key=work.key,
        organizer=after.organizer,
        title=after.title,
        start=after.start,
        at=datetime.now(UTC),
    )
