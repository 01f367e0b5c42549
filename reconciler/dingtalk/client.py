"""The client: a Reader that can't write, and a Client that can."""

from __future__ import annotations

from reconciler.dingtalk.conferences import ConferenceReader, Conferences
from reconciler.dingtalk.credentials import Credentials
from reconciler.dingtalk.events import EventReader, Events
from reconciler.dingtalk.instant import InstantConferences, InstantReader
from reconciler.dingtalk.people import People
from reconciler.dingtalk.probes import Probes
from reconciler.dingtalk.rooms import RoomReader
from reconciler.dingtalk.session import Options, Progress, ReadSession, Session


class Reader:
    """All that can be asked. It writes nothing, and holds nothing that could."""

    conferences: ConferenceReader
    events: EventReader
    instant: InstantReader

    def __init__(self, session: ReadSession) -> None:
        self.session = session
        self.conferences = ConferenceReader(session)
        self.events = EventReader(session)
        self.instant = InstantReader(session)
        self.rooms = RoomReader(session)
        self.people = People(session)
        self.probes = Probes(session)

    def close(self) -> None:
        """Let go of what is shared with other processes. Calls may go on."""
        self.session.close()


class Client(Reader):
    conferences: Conferences
    events: Events
    instant: InstantConferences

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.conferences = Conferences(session)
        self.events = Events(session)
        self.instant = InstantConferences(session)


def connect(
    endpoint: str, credentials: Credentials, *, options: Options | None = None, on_call: Progress | None = None
) -> Client:
    """Return a client for the API at `endpoint`. No call is made before the first one is asked for.

    Raises ReconcilerError where `endpoint` is plain http to another machine.
    """
    return Client(Session(endpoint, credentials, options=options, on_call=on_call))


def connect_reader(
    endpoint: str, credentials: Credentials, *, options: Options | None = None, on_call: Progress | None = None
) -> Reader:
    """Return a reader for the API at `endpoint`: as `connect`, with no way to write."""
    return Reader(ReadSession(endpoint, credentials, options=options, on_call=on_call))
