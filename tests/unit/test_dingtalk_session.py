"""The session against a server on loopback that answers what a test has written down."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from reconciler.dingtalk import (
    ApiError,
    AuthenticationFailed,
    CallDone,
    Client,
    ConferenceCancelled,
    Credentials,
    NoAnswer,
    NotFound,
    NotSent,
    Options,
    RateLimited,
    Reader,
    ReadSession,
    RoomNotAvailable,
    Secret,
    ServerError,
    Session,
    TokenRejected,
    UnreadableAnswer,
    calls,
    connection,
)
from reconciler.dingtalk.errors import Halted
from reconciler.dingtalk.retrying import Backoff
from reconciler.dingtalk.transport import Limits, Request, Transport
from reconciler.errors import ReconcilerError

SECRET = "s3cr3t-of-the-app"
NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)
EVENT = {"id": "e1", "summary": "x", "start": {"dateTime": "2026-12-01T10:00:00Z", "timeZone": "UTC"}}
CREATED = {"scheduleConferenceId": "c1", "url": "https://x", "roomCode": "1"}


@dataclass(frozen=True)
class Got:
    method: str
    path: str
    headers: dict[str, str]
    body: str
    connection: int = 0  # the client's port


@dataclass
class Scripted:
    """What the server answers next: (status, body) to write, bytes to write raw, or None to hang up."""

    url: str = ""
    script: list[Any] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    tokens: list[Any] = field(default_factory=list)
    issued: int = 0
    life: object = 7200

    def token(self) -> Any:
        if self.tokens:
            return self.tokens.pop(0)
        self.issued += 1
        return 200, {"accessToken": f"token-number-{self.issued}", "expireIn": self.life}

    @property
    def api(self) -> list[Got]:
        return [got for got in self.got if "oauth2" not in got.path]


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            scripted.got.append(Got(self.command, self.path, headers, body, self.client_address[1]))
            answer = scripted.token() if "oauth2" in self.path else scripted.script.pop(0)
            if answer is None:
                self.close_connection = True
                return
            if isinstance(answer, bytes):
                self.wfile.write(answer)
                self.close_connection = True
                return
            status, content = answer
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  # the base class looks for these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    scripted.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield scripted
    httpd.shutdown()
    httpd.server_close()
    thread.join()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Connect = Callable[..., Client]


@pytest.fixture
def connect(server: Scripted, clock: Clock) -> Connect:
    def made(**options: Any) -> Client:
        on_call = options.pop("on_call", None)
        credentials = Credentials(app_key="the-app-key", app_secret=Secret(SECRET))
        return Client(
            Session(
                server.url,
                credentials,
                options=Options(**options),
                on_call=on_call,
                clock=clock,
                sleep=clock.sleep,
                jitter=lambda: 0.5,
            )
        )

    return made


def _get(client: Client) -> str:
    return client.events.get(organizer="alice", event_id="e1").id


def _create(client: Client) -> str:
    return client.conferences.create(organizer="alice", title="x", start=NOW, end=NOW).id


def _error(status: int, code: str) -> tuple[int, dict[str, str]]:
    return status, {"code": code, "message": "no", "requestid": "R"}


QPS = _error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
BAN = (403, {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u"})
CUT = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id"'


@pytest.mark.parametrize(
    "failure", [None, CUT, (200, b'{"id":'), (500, {}), (503, b"busy"), QPS, BAN, (200, b"<html>hm</html>")]
)
def test_a_read_is_repeated(server: Scripted, connect: Connect, failure: Any) -> None:
    server.script = [failure, failure, (200, EVENT)]
    assert _get(connect()) == "e1"
    assert len(server.api) == 3


@pytest.mark.parametrize(
    "refusal", [{"success": False, "errorCode": "quiteNew", "errorMsg": "no"}, {"code": "quiteNew", "message": "no"}]
)
def test_a_refusal_of_status_200_that_says_why_is_not_asked_for_again(
    server: Scripted, connect: Connect, refusal: dict[str, Any]
) -> None:
    server.script = [(200, refusal)] * 6
    with pytest.raises(ApiError, match="quiteNew"):
        connect().conferences.cancel(organizer="alice", conference_id="c1")
    assert len(server.api) == 1


@pytest.mark.parametrize("more", [{"code": "00000", "message": "ok"}, {"errcode": None}])
def test_what_says_that_it_succeeded_did(server: Scripted, connect: Connect, more: dict[str, Any]) -> None:
    server.script = [(200, {"success": True, "code": 200, "requestId": "R"} | more)]
    connect().conferences.cancel(organizer="alice", conference_id="c1")
    assert len(server.api) == 1


def test_a_server_that_wants_to_be_left_alone_for_an_hour_holds_up_nobody_that_long(
    server: Scripted, connect: Connect, clock: Clock
) -> None:
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 2\r\n\r\n{}"
    server.script = [busy, (200, EVENT)]
    client = connect()
    with pytest.raises(ApiError):
        _get(client)
    assert _get(client) == "e1"
    assert sum(clock.slept) <= Options().backoff.total_s + 1


@pytest.mark.parametrize("failure", [QPS, BAN, _error(403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi")])
def test_a_conference_is_created_after_a_refusal_that_certainly_did_nothing(
    server: Scripted, connect: Connect, failure: Any
) -> None:
    server.script = [failure, (200, CREATED)]
    assert _create(connect()) == "c1"
    assert len(server.api) == 2


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (None, NoAnswer),
        (CUT, NoAnswer),
        (_error(500, "systemError"), ServerError),
        ((503, b""), ServerError),
        ((200, b'{"scheduleConf'), UnreadableAnswer),
        ((200, {"requestId": "no id in it"}), UnreadableAnswer),
        (_error(409, "whatever"), ApiError),
    ],
)
def test_a_conference_that_may_have_been_created_is_not_created_again(
    server: Scripted, connect: Connect, failure: Any, kind: type[ApiError]
) -> None:
    server.script = [failure]
    with pytest.raises(kind) as caught:
        _create(connect())
    assert not caught.value.certain_not_done
    assert len(server.api) == 1


def test_an_instant_conference_rings_once(server: Scripted, connect: Connect) -> None:
    server.script = [None]
    with pytest.raises(NoAnswer):
        connect().instant.start(organizer="alice", title="x", invite=["bob"])
    assert len(server.api) == 1


def test_no_token_means_that_nothing_was_created(server: Scripted, connect: Connect) -> None:
    server.tokens = [None] * 9
    with pytest.raises(NotSent, match="no access token") as caught:
        _create(connect())
    assert caught.value.certain_not_done
    assert server.api == []
    assert len(server.got) == 5


def test_repeats_end(server: Scripted, connect: Connect, clock: Clock) -> None:
    server.script = [(500, {})] * 9
    with pytest.raises(ServerError):
        _get(connect())
    assert len(server.api) == 5
    assert sum(clock.slept) < 120


def test_a_wait_beyond_the_patience_is_not_begun(server: Scripted, connect: Connect, clock: Clock) -> None:
    server.script = [(403, b"<html>denied</html>")]
    with pytest.raises(ApiError, match="banned"):
        _get(connect())
    assert sum(clock.slept) < 1


def test_a_ban_is_waited_for_as_long_as_it_says(server: Scripted, connect: Connect, clock: Clock) -> None:
    server.script = [BAN, (200, EVENT)]
    _get(connect())
    assert sum(clock.slept) >= 5


def test_the_limit_per_second_is_waited_for_and_not_counted(server: Scripted, connect: Connect, clock: Clock) -> None:
    server.script = [QPS, (200, EVENT)]
    client = connect()
    _get(client)
    assert clock.now >= 1
    assert client.session.calls == {"event.get": 1}


def test_a_limit_that_stays_is_an_error(server: Scripted, connect: Connect) -> None:
    server.script = [QPS] * 3
    with pytest.raises(RateLimited):
        _get(connect(backoff=Backoff(attempts=3)))


def test_one_token_serves_many_calls(server: Scripted, connect: Connect) -> None:
    server.script = [(200, EVENT)] * 3
    client = connect()
    for _ in range(3):
        _get(client)
    assert server.issued == 1
    assert client.session.calls == {"event.get": 3}
    assert {got.headers["x-acs-dingtalk-access-token"] for got in server.api} == {"token-number-1"}


def test_a_token_that_is_fetched_ahead_is_not_fetched_again(server: Scripted, connect: Connect) -> None:
    server.script = [(200, EVENT)] * 2
    client = connect()
    client.session.login_ahead()
    for _ in range(2):
        _get(client)
    assert server.issued == 1


def test_a_token_that_is_fetched_ahead_in_vain_is_told_to_who_needs_it(server: Scripted, connect: Connect) -> None:
    server.tokens = [_error(400, "invalidClientIdOrSecret")]
    server.script = [(200, EVENT)]
    client = connect()
    client.session.login_ahead()
    while server.tokens:
        time.sleep(0.01)
    with pytest.raises(AuthenticationFailed):
        _get(client)
    assert _get(client) == "e1"


def test_a_token_is_renewed_before_it_ends(server: Scripted, connect: Connect, clock: Clock) -> None:
    server.script = [(200, EVENT)] * 3
    client = connect()
    _get(client)
    clock.now = 6890
    _get(client)
    assert server.issued == 1
    clock.now = 6950
    _get(client)
    assert server.issued == 2


@pytest.mark.parametrize("life", [0, -1, "7200", None, True, 1e300])
def test_a_token_with_a_strange_life_is_used_all_the_same(server: Scripted, connect: Connect, life: object) -> None:
    server.life = life
    server.script = [(200, EVENT)]
    assert _get(connect()) == "e1"


def test_a_rejected_token_is_replaced_once(server: Scripted, connect: Connect) -> None:
    server.script = [_error(400, "InvalidAuthentication"), (200, CREATED)]
    assert _create(connect()) == "c1"
    assert [got.headers["x-acs-dingtalk-access-token"] for got in server.api] == ["token-number-1", "token-number-2"]


def test_a_new_token_that_is_rejected_too_is_an_error(server: Scripted, connect: Connect) -> None:
    server.script = [_error(400, "InvalidAuthentication")] * 2
    with pytest.raises(TokenRejected):
        _get(connect())
    assert server.issued == 2


def test_a_wrong_secret_is_not_tried_again(server: Scripted, connect: Connect) -> None:
    server.tokens = [_error(400, "invalidClientIdOrSecret")]
    with pytest.raises(AuthenticationFailed):
        _get(connect())
    assert len(server.got) == 1


def test_a_token_that_is_no_header_is_refused(server: Scripted, connect: Connect) -> None:
    server.tokens = [(200, {"accessToken": "a\r\nX-Evil: 1"})] * 5
    with pytest.raises(NotSent, match="no access token"):
        _get(connect())


def test_secrets_are_nowhere(server: Scripted, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="reconciler")
    server.script = [
        (500, {"code": "systemError", "message": f"token-number-1 and {SECRET}"}),
        (400, {"code": "odd", "message": f"token-number-1 and {SECRET}"}),
        (200, {"conferenceId": "i1", "conferencePassword": "pass-one", "hostPassword": "pass-two"}),
        (200, {"errcode": 0, "result": {"unionid": "u1"}}),
    ]
    client = connect()
    with pytest.raises(ApiError) as caught:
        _get(client)
    instant = client.instant.start(organizer="alice", title="x")
    client.people.union_id_by_userid("7")
    credentials = Credentials(app_key="k", app_secret=Secret(SECRET))
    seen = "\n".join(
        [
            caplog.text,
            str(caught.value),
            repr(caught.value),
            repr(instant),
            repr(credentials),
            f"{credentials.app_secret}",
        ]
    )
    assert "attempt 2 of 5" in seen
    for secret in (SECRET, "token-number-1", "pass-one", "pass-two"):
        assert secret not in seen
    assert client.session.redact(f"x {SECRET} y") == "x [hidden] y"


def test_every_attempt_is_reported(server: Scripted, connect: Connect) -> None:
    seen: list[CallDone] = []
    server.script = [(500, {}), (200, EVENT)]
    _get(connect(on_call=seen.append))
    assert [(done.call, done.status, done.attempt, done.counted) for done in seen] == [
        ("token", 200, 1, False),
        ("event.get", 500, 1, True),
        ("event.get", 200, 2, True),
    ]


def test_a_redirect_is_not_followed(server: Scripted, connect: Connect) -> None:
    server.script = [(302, {})]
    with pytest.raises(ApiError):
        _get(connect())
    assert len(server.api) == 1


def test_a_huge_answer_is_not_read_to_its_end(server: Scripted, connect: Connect) -> None:
    server.script = [(200, b"x" * 300_000)]
    with pytest.raises(UnreadableAnswer, match="too big"):
        _get(connect(limits=Limits(size=1000), backoff=Backoff(attempts=1)))


def test_a_server_that_does_not_answer_is_given_up(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(limits=Limits(read_s=0.05), backoff=Backoff(attempts=2))
        client.session.endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotSent, match=r"no answer from 127\.0\.0\.1 in time"):  # of the token, so nothing was sent
            _get(client)


@pytest.mark.parametrize("idle", [False, True])
def test_what_must_not_be_done_twice_goes_on_no_connection_that_has_idled(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch, *, idle: bool
) -> None:
    if idle:
        monkeypatch.setattr(connection, "_FRESH_S", 0.0)
    server.script = [(200, EVENT), (200, CREATED), (200, EVENT), (200, CREATED), (200, EVENT)]
    client = connect()
    _get(client)
    for _ in range(2):
        _create(client)
        _get(client)
    first, made, second, made_too, third = (got.connection for got in server.api)
    assert (second, third) == (made, made_too)
    assert len({first, made, made_too}) == (3 if idle else 1)


def test_a_proxy_of_the_environment_is_asked_for_other_servers(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    server.script = [(200, {}), (200, {})]
    transport = Transport(Limits())
    for fresh in (False, True):
        request = Request(method="POST", url="http://example.com/a?b=1", call="a call", headers={}, json={"c": "ü"})
        assert transport.send(request, fresh=fresh).status == 200
    assert {(got.path, got.body, got.headers["host"]) for got in server.got} == {
        ("http://example.com/a?b=1", '{"c": "\\u00fc"}', "example.com")
    }


def test_a_request_leaves_in_one_piece(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    send = HTTPConnection.send

    def noted(self: HTTPConnection, data: bytes) -> None:
        sent.append(data)
        send(self, data)

    monkeypatch.setattr(HTTPConnection, "send", noted)
    server.script = [(200, {}), (200, {})]
    transport = Transport(Limits())
    for json_body in ({"a": 1}, None):
        transport.send(Request(method="POST", url=f"{server.url}/a", call="a call", headers={}, json=json_body))
    assert [data.partition(b"\r\n\r\n")[2] for data in sent] == [b'{"a": 1}', b""]
    assert [got.headers["content-length"] for got in server.got] == ["8", "0"]


def test_a_refused_connection_is_certain_to_have_done_nothing(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = connect()
    client.session.endpoint = f"http://127.0.0.1:{port}"
    with pytest.raises(NotSent) as caught:
        _create(client)
    assert caught.value.certain_not_done
    assert client.session.calls == {}


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    server: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.script = [(200, EVENT)]
    assert _get(connect()) == "e1"


def test_a_cancellation_whose_answer_was_lost_is_done(server: Scripted, connect: Connect) -> None:
    server.script = [None, _error(400, "resourceCancel")]
    connect().conferences.cancel(organizer="alice", conference_id="c1")
    server.script = [_error(400, "resourceCancel")]
    with pytest.raises(ConferenceCancelled):
        connect().conferences.cancel(organizer="alice", conference_id="c1")


def test_a_deletion_whose_answer_was_lost_is_done(server: Scripted, connect: Connect) -> None:
    server.script = [None, _error(404, "itemNotFound")]
    connect().events.delete(organizer="alice", event_id="e1", notify=True, token="t")
    server.script = [_error(404, "itemNotFound")]
    with pytest.raises(NotFound):
        connect().events.delete(organizer="alice", event_id="e1", notify=True, token="t")


def _lost_booking(server: Scripted, held: list[str]) -> None:
    event = {**EVENT, "meetingRooms": [{"roomId": room, "responseStatus": "accepted"} for room in held]}
    server.script = [None, _error(400, "meetingRoomNotAvailable"), (200, event)]


def test_a_booking_whose_answer_was_lost_is_done_where_the_event_holds_the_rooms(
    server: Scripted, connect: Connect
) -> None:
    _lost_booking(server, held=["r1", "r2"])
    connect().events.book_rooms(organizer="alice", event_id="e1", rooms=["r1", "r2"])
    assert [got.method for got in server.api] == ["POST", "POST", "GET"]


@pytest.mark.parametrize("held", [["r1"], []])
def test_a_booking_whose_answer_was_lost_fails_where_the_event_holds_them_not(
    server: Scripted, connect: Connect, held: list[str]
) -> None:
    _lost_booking(server, held)
    with pytest.raises(RoomNotAvailable):
        connect().events.book_rooms(organizer="alice", event_id="e1", rooms=["r1", "r2"])


def test_a_room_that_is_taken_is_not_asked_for_again(server: Scripted, connect: Connect) -> None:
    server.script = [_error(400, "meetingRoomNotAvailable")]
    with pytest.raises(RoomNotAvailable):
        connect().events.book_rooms(organizer="alice", event_id="e1", rooms=["r1"])
    assert len(server.api) == 1


def test_a_success_that_says_false_is_none(server: Scripted, connect: Connect) -> None:
    server.script = [(200, {"success": False}), (200, {"result": False})]
    client = connect()
    with pytest.raises(ApiError, match="success: false"):
        client.conferences.update(organizer="alice", conference_id="c", title="x", start=NOW, end=NOW)
    with pytest.raises(ApiError, match="result: false"):
        client.events.book_rooms(organizer="alice", event_id="e1", rooms=["r1"])


def test_a_list_is_followed_to_its_end(server: Scripted, connect: Connect) -> None:
    other = {**EVENT, "id": "e2"}
    server.script = [(200, {"events": [EVENT], "nextToken": "p2"}), (200, {"events": [EVENT, other], "syncToken": "s"})]
    found = connect().events.list(organizer="alice", since=NOW)
    assert [event.id for event in found.events] == ["e1", "e2"]
    assert found.sync_token == "s"
    assert "nextToken=p2" in server.api[1].path
    assert "timeMin=2026-12-01T10%3A00%3A00%2B00%3A00" in server.api[1].path


def test_a_list_that_goes_round_in_circles_is_refused(server: Scripted, connect: Connect) -> None:
    server.script = [(200, {"events": [], "nextToken": "p"})] * 2
    with pytest.raises(UnreadableAnswer, match="never ends"):
        connect().events.list(organizer="alice", since=NOW)


def test_an_event_created_with_a_sparse_answer_is_as_it_was_sent(server: Scripted, connect: Connect) -> None:
    from reconciler.dingtalk import EventDraft

    server.script = [(200, {"id": "e9", "summary": None})]
    draft = EventDraft(title="T", description="D", start=NOW, end=NOW, timezone="Asia/Shanghai")
    event = connect().events.create(organizer="alice", draft=draft, token="t")
    assert (event.id, event.title, event.description, event.start) == ("e9", "T", "D", NOW)


@pytest.mark.parametrize("event_id", ["", ".", "..", " "])
def test_an_id_that_would_name_another_path_is_refused(server: Scripted, connect: Connect, event_id: str) -> None:
    with pytest.raises(ReconcilerError, match="is not an id"):
        connect().events.get(organizer="alice", event_id=event_id)
    assert server.got == []


def test_an_id_is_one_segment_of_the_path(server: Scripted, connect: Connect) -> None:
    server.script = [(200, {**EVENT, "id": "x?y=1#z"})]
    connect().events.get(organizer="a/../b", event_id="x?y=1#z")
    path = "/v1.0/calendar/users/a%2F..%2Fb/calendars/primary/events/x%3Fy%3D1%23z?maxAttendees=500"
    assert server.api[0].path == path


def test_an_answer_about_another_event_is_not_believed(server: Scripted, connect: Connect) -> None:
    server.script = [(200, {**EVENT, "id": "other"})]
    with pytest.raises(UnreadableAnswer, match="no usable 'id'"):
        connect().events.get(organizer="alice", event_id="e1")


def test_people_are_asked_for_with_a_form(server: Scripted, connect: Connect) -> None:
    server.script = [
        (200, {"errcode": 0, "result": {"userid": "u 1"}}),
        (200, {"errcode": 0, "result": {"unionid": "U1"}}),
    ]
    client = connect()
    assert client.people.by_mobile("+86 1") == "U1"
    assert [(got.path, got.body) for got in server.api] == [
        ("/topapi/v2/user/getbymobile", "access_token=token-number-1&mobile=%2B86+1"),
        ("/topapi/v2/user/get", "access_token=token-number-1&userid=u+1"),
    ]
    assert client.session.calls == {}


def test_an_unknown_person_is_not_found(server: Scripted, connect: Connect) -> None:
    server.script = [(200, {"errcode": 60121, "errmsg": "找不到该用户"})]
    with pytest.raises(NotFound, match="找不到该用户"):
        connect().people.union_id_by_userid("nobody")


def test_a_reader_has_no_way_to_write(server: Scripted) -> None:
    session = ReadSession(server.url, Credentials(app_key="k", app_secret=Secret(SECRET)))
    reader = Reader(session)
    assert not hasattr(session, "write")
    for part in (reader.conferences, reader.events, reader.instant, reader.rooms, reader.people):
        assert not {"create", "update", "patch", "delete", "cancel", "start", "book_rooms"} & set(dir(part))
    with pytest.raises(TypeError, match="does not read"):
        session.read(calls.EVENT_CREATE)  # type: ignore[arg-type]  # what mypy forbids is refused at run time too
    assert server.got == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://api.dingtalk.com",
        "ftp://127.0.0.1",
        "nonsense",
        "https://u:p@x.org",
        "https://x.org?a=1",
        "http://[",
        "",
    ],
)
def test_an_endpoint_that_would_show_secrets_is_refused(endpoint: str) -> None:
    with pytest.raises(ReconcilerError):
        Session(endpoint, Credentials(app_key="k", app_secret=Secret(SECRET)))


def test_nothing_is_sent_once_the_run_is_halted(server: Scripted, connect: Connect) -> None:
    client, halt = connect(), threading.Event()
    halt.set()
    with client.session.halting(halt), pytest.raises(Halted) as caught:
        _create(client)
    assert caught.value.certain_not_done
    assert not caught.value.unclear_before
    assert server.got == []
    server.script = [(200, CREATED)]
    assert _create(client) == "c1"


@pytest.mark.parametrize("answer", [(500, {"code": "x"}), (429, {"code": "Throttling.User.Qps"}), None])
def test_a_call_that_is_halted_while_it_waits_ends_with_what_came_of_it(server: Scripted, answer: Any) -> None:
    halt = threading.Event()
    client = Client(
        Session(
            server.url,
            Credentials(app_key="the-app-key", app_secret=Secret(SECRET)),
            sleep=lambda _: halt.set(),
        )
    )
    server.script = [answer]
    with client.session.halting(halt), pytest.raises(ApiError) as caught:
        _get(client)
    assert not isinstance(caught.value, Halted)
    assert len(server.api) == 1


def test_a_halt_ends_a_real_wait_at_once(server: Scripted) -> None:
    halt = threading.Event()
    session = Session(
        server.url,
        Credentials(app_key="the-app-key", app_secret=Secret(SECRET)),
        options=Options(backoff=Backoff(first_s=7200, most_s=7200, total_s=72000)),
        on_call=lambda done: halt.set() if done.status == 500 else None,
    )
    server.script = [(500, {"code": "x"})]
    with session.halting(halt), pytest.raises(ServerError):
        _get(Client(session))
    assert len(server.api) == 1
