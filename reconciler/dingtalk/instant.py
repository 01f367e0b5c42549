"""Instant video conferences: they start now and ring the people invited."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.dingtalk import calls
from reconciler.dingtalk.session import ReadSession, Session
from reconciler.dingtalk.wire import needed, text, texts
from reconciler.model.occurrence import InstantConference


class InstantReader:
    def __init__(self, session: ReadSession) -> None:
        self._reading = session

    def ongoing(self, union_id: str) -> tuple[str, ...]:
        """Return the ids of the conferences that this person is in now."""
        return texts(self._reading.read(calls.INSTANT_ONGOING, query={"unionId": union_id}), "onGoingConfIdList")


class InstantConferences(InstantReader):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    def start(
        self, *, organizer: str, title: str, invite: Sequence[str] = (), ring_organizer: bool = True
    ) -> InstantConference:
        """Open a conference now and ring `invite` (union ids), and the organiser too where `ring_organizer`.

        Not idempotent: after an error without `certain_not_done` people may have been called.
        """
        body = {
            "userId": organizer,  # a union id, whatever its name says
            "confTitle": title,
            "inviteUserIds": list(invite),
            "inviteCaller": ring_organizer,
        }
        answer = self._writing.write(calls.INSTANT_START, body=body)
        return InstantConference(
            id=needed(answer, "conferenceId", calls.INSTANT_START),
            url=text(answer, "externalLinkUrl"),
            room_code=text(answer, "roomCode"),
            phones=texts(answer, "phoneNumbers"),
            password=text(answer, "conferencePassword"),
            host_password=text(answer, "hostPassword"),
        )
