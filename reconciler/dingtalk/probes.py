"""Whether the app has its permissions: for each the cheapest call, one of the quota, that changes nothing.

DingTalk's gateway looks at the permission before anything else, so that a call which can't be carried out tells, too:
it is refused for want of the permission, or else for what it lacks.
"""

from __future__ import annotations

from reconciler.dingtalk import calls
from reconciler.dingtalk.session import ReadSession

NOWHERE = "reconciler-doctor"  # no id of DingTalk's


class Probes:
    """Each method returns, or raises the ApiError that tells."""

    def __init__(self, session: ReadSession) -> None:
        self._reading = session

    def conference_read(self, union_id: str) -> None:
        self._reading.read(calls.INSTANT_ONGOING, query={"unionId": union_id})

    def conference_write(self) -> None:
        """Ask to cancel, without saying what."""
        self._reading.read(calls.PROBE_CONFERENCE_WRITE, body={})

    def calendar_read(self, union_id: str) -> None:
        """Ask for an event that there is not."""
        self._reading.read(calls.EVENT_GET, path={"user": union_id, "event": NOWHERE})

    def calendar_write(self, union_id: str) -> None:
        """Ask to release no room of an event that there is not."""
        path = {"user": union_id, "event": NOWHERE}
        self._reading.read(calls.PROBE_CALENDAR_WRITE, path=path, body={"meetingRoomsToRemove": []})
