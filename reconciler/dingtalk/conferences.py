"""Scheduled conferences. Nothing lists them, and creating one is not idempotent: see `Repeat.IF_NOT_DONE`."""

from __future__ import annotations

from datetime import datetime

from reconciler.dingtalk import calls
from reconciler.dingtalk.errors import ConferenceCancelled
from reconciler.dingtalk.session import ReadSession, Session
from reconciler.dingtalk.wire import needed, part, text, to_conference, to_link, to_ms
from reconciler.dingtalk.wire_settings import decode, encode
from reconciler.model.occurrence import Conference, Settings
from reconciler.model.settings import SETTINGS


class ConferenceReader:
    def __init__(self, session: ReadSession) -> None:
        self._reading = session

    def info(self, *, conference_id: str, requester: str) -> Conference:
        """Return the conference without its settings; `requester` is its creator.

        Raises ConferenceCancelled, NotCreator, InvalidParameter (also where there is no such conference).
        """
        answer = self._reading.read(
            calls.CONFERENCE_INFO, path={"conference": conference_id}, query={"requestUnionId": requester}
        )
        return to_conference(answer, conference_id=conference_id, call=calls.CONFERENCE_INFO)

    def settings(self, *, conference_id: str) -> Settings:
        """Return those settings that can be read back, by our names."""
        answer = self._reading.read(calls.CONFERENCE_GET_SETTINGS, query={"scheduleConferenceId": conference_id})
        return decode(part(answer, "scheduleConfSettingModel"))


class Conferences(ConferenceReader):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    def create(
        self, *, organizer: str, title: str, start: datetime, end: datetime, settings: Settings | None = None
    ) -> Conference:
        """Create a conference and return it with its id, link and code; `settings` of the result is None.

        Not idempotent: after an error without `certain_not_done` it may or may not exist, and nothing can tell.
        """
        body: dict[str, object] = {
            "creatorUnionId": organizer,
            "title": title,
            "startTime": to_ms(start),
            "endTime": to_ms(end),
        }
        if settings:
            body["scheduleConfSettingModel"] = encode(settings)
        answer = self._writing.write(calls.CONFERENCE_CREATE, body=body)
        return Conference(
            id=needed(answer, "scheduleConferenceId", calls.CONFERENCE_CREATE),
            title=title,
            start=start,
            end=end,
            url=to_link(answer),
            room_code=text(answer, "roomCode"),
        )

    def update(self, *, organizer: str, conference_id: str, title: str, start: datetime, end: datetime) -> None:
        """Set title and times; the link and the code stay. Raises ConferenceCancelled, NotCreator."""
        body = {
            "creatorUnionId": organizer,
            "scheduleConferenceId": conference_id,
            "title": title,
            "startTime": to_ms(start),
            "endTime": to_ms(end),
        }
        self._writing.write(calls.CONFERENCE_UPDATE, body=body)

    def update_settings(self, *, organizer: str, conference_id: str, settings: Settings) -> None:
        """Set the settings given; those not given stay as they are, and those that can't be changed are not sent."""
        changeable = {name: value for name, value in settings.items() if SETTINGS[name].changeable}
        body = {
            "creatorUnionId": organizer,
            "scheduleConferenceId": conference_id,
            "scheduleConfSettingModel": encode(changeable),
        }
        self._writing.write(calls.CONFERENCE_SETTINGS, body=body)

    def cancel(self, *, organizer: str, conference_id: str) -> None:
        """Cancel the conference. Raises ConferenceCancelled where somebody else already has."""
        body = {"scheduleConferenceId": conference_id, "creatorUnionId": organizer}
        try:
            self._writing.write(calls.CONFERENCE_CANCEL, body=body)
        except ConferenceCancelled as error:
            if error.unclear_before:  # our own first attempt, whose answer was lost
                return
            raise
