"""Instant video conferences: they start now and ring the people invited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.dingtalk import calls
from reconciler.dingtalk.errors import NotFound
from reconciler.dingtalk.session import ReadSession, Session
from reconciler.dingtalk.wire import from_ms, needed, number, part, text, texts
from reconciler.model.occurrence import InstantConference


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What DingTalk tells of a video conference. `status` is as answered; None where it tells nothing."""

    id: str
    title: str
    room_code: str
    url: str
    creator: str
    status: int | None
    start: datetime | None
    end: datetime | None


class InstantReader:
    def __init__(self, session: ReadSession) -> None:
        self._reading = session

    def ongoing(self, union_id: str) -> tuple[str, ...]:
        """Return the ids of the conferences that this person is in now."""
        return texts(self._reading.read(calls.INSTANT_ONGOING, query={"unionId": union_id}), "onGoingConfIdList")

    def info(self, conference_id: str) -> Running:
        answer = part(self._reading.read(calls.INSTANT_INFO, path={"conference": conference_id}), "confInfo")
        return Running(
            id=text(answer, "conferenceId") or conference_id,
            title=text(answer, "title"),
            room_code=text(answer, "roomCode"),
            url=text(answer, "externalLinkUrl"),
            creator=text(answer, "creatorId"),
            status=number(answer, "status"),
            start=from_ms(answer, "startTime"),
            end=from_ms(answer, "endTime"),
        )


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

    def close(self, *, conference_id: str, host: str) -> None:
        """End the conference for everybody; `host` is its host's union id."""
        try:
            self._writing.write(calls.INSTANT_CLOSE, path={"conference": conference_id}, query={"unionId": host})
        except NotFound as error:
            if not error.unclear_before:
                raise
