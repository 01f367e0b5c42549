"""What a DingTalk group is told after an apply, and how it gets there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, observation, occurrence

from reconciler.apply.outcome import Failure, Outcome, Result, Status
from reconciler.cli.notify import notify
from reconciler.diff.changes import diff
from reconciler.dingtalk import Secret
from reconciler.dingtalk.robot import robot_from_environment, signature
from reconciler.errors import ReconcilerError
from reconciler.model.observed import ReadFailure
from reconciler.plan.making import plan
from reconciler.plan.operations import Plan
from reconciler.report.names import Names
from reconciler.report.robot_markdown import robot_message

TOKEN, KEY = "a-token-of-ours", "SEC-a-secret-of-ours"


def changes(count: int = 1, title: str = "Weekly sync") -> Plan:
    wanted = [occurrence(f"2026-12-{day:02}T10:00", title=title) for day in range(2, 2 + count)]
    seen = observation(booked(occurrence("2026-12-30T10:00", meeting="retro", title="Old")))
    return plan(diff(wanted, seen, now=NOW, create_before=UNTIL), seen, workspace=WORKSPACE, now=NOW, until=UNTIL)


def done(made: Plan, status: Status = Status.DONE, error: Failure | None = None) -> Outcome:
    return Outcome(results=tuple(Result(planned=one, status=status, error=error) for one in made.changes))


def test_a_group_is_told_what_was_done_and_where() -> None:
    made = changes()
    message = robot_message(done(made), made, job="https://ci.example/jobs/7")
    assert message is not None
    assert message.title == "reconciler apply: acme: 1 created, 1 cancelled"
    assert "- created: Weekly sync, Wed 2026-12-02 10:00\n- cancelled: Old, Wed 2026-12-30 10:00\n" in message.markdown
    assert message.markdown.endswith("[CI job](https://ci.example/jobs/7)\n")


def test_a_group_is_told_what_failed_and_why_first() -> None:
    made = changes()
    results = [
        Result(planned=made.changes[0], status=Status.DONE),
        Result(planned=made.changes[1], status=Status.FAILED, error=Failure(code="x", message="the room is taken")),
    ]
    failure = ReadFailure(where="calendar of union-bob", code="x", message="no right", who="union-bob")
    unread, names = replace(made, failures=(failure,)), Names(people={"union-bob": "bob"})
    message = robot_message(Outcome(results=tuple(results)), unread, names)
    assert message is not None
    assert message.title.endswith(": 1 created, 1 failed, 1 not read")
    lines = [line for line in message.markdown.splitlines() if line.startswith("- ")]
    assert lines[0] == "- not read: calendar of bob: no right"
    assert lines[1] == "- failed to cancel: Old, Wed 2026-12-30 10:00: the room is taken"


def test_nobody_is_told_that_nothing_happened() -> None:
    assert robot_message(Outcome(results=()), changes()) is None


def test_titles_format_nothing_and_long_lists_are_cut() -> None:
    made = changes(23, title="**[x](http://evil.example)** @all\n# Forged")
    message = robot_message(done(made), made)
    assert message is not None
    assert "[x](" not in message.markdown
    assert "\n# Forged" not in message.markdown
    assert "@all" not in message.markdown
    assert "- … and 4 more" in message.markdown


def test_the_signature_is_that_of_the_documentation() -> None:
    signed = signature(Secret("this is secret"), datetime(2026, 11, 29, tzinfo=UTC))
    text = f"{signed['timestamp']}\nthis is secret"
    wanted = base64.b64encode(hmac.new(b"this is secret", text.encode(), hashlib.sha256).digest()).decode()
    assert signed == {"timestamp": "1795910400000", "sign": wanted}


@dataclass
class Group:
    """A robot that takes what is signed right. `answer` is what it says instead."""

    port: int = 0
    answer: tuple[int, bytes] | None = None
    got: list[dict[str, Any]] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self.answer is not None:
            return self.answer
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        text = f"{query.get('timestamp')}\n{KEY}"
        wanted = base64.b64encode(hmac.new(KEY.encode(), text.encode(), hashlib.sha256).digest()).decode()
        late = abs(int(query.get("timestamp", 0)) / 1000 - datetime.now(UTC).timestamp()) > 3600
        if query.get("access_token") != TOKEN or query.get("sign") != wanted or late:
            return 200, json.dumps({"errcode": 310000, "errmsg": f"sign not match, {TOKEN}"}).encode()
        self.got.append(json.loads(body))
        return 200, b'{"errcode":0,"errmsg":"ok"}'


@contextmanager
def group() -> Iterator[Group]:
    robot = Group()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = robot.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        robot.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield robot
        finally:
            server.shutdown()
            thread.join()


def named(monkeypatch: pytest.MonkeyPatch, robot: Group, secret: str = KEY) -> None:
    webhook = f"http://127.0.0.1:{robot.port}/robot/send?access_token={TOKEN}"
    monkeypatch.setenv("RECONCILER_ROBOT_WEBHOOK", webhook)
    monkeypatch.setenv("RECONCILER_ROBOT_SECRET", secret)


def test_a_signed_message_arrives_with_the_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI_JOB_URL", "https://ci.example/jobs/7")
    with group() as robot:
        named(monkeypatch, robot)
        made = changes()
        notify(done(made), made, Names(), operation="apply")
        notify(Outcome(results=()), made, Names(), operation="apply")
    (message,) = robot.got
    assert message["msgtype"] == "markdown"
    assert message["markdown"]["title"].startswith("reconciler apply: acme")
    assert "https://ci.example/jobs/7" in message["markdown"]["text"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "refusal",
    [
        ("SEC-another", None, "sign not match"),
        (KEY, (503, b"<html>"), "HTTP 503"),
        (KEY, (302, b""), "HTTP 302"),
        (KEY, (200, b"[]"), "HTTP 200"),
    ],
)
def test_a_message_that_is_refused_is_a_warning_that_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    refusal: tuple[str, tuple[int, bytes] | None, str],
) -> None:
    secret, answer, told = refusal
    made = changes()
    with group() as robot, caplog.at_level(logging.DEBUG, logger="reconciler"):
        robot.answer = answer
        named(monkeypatch, robot, secret)
        notify(done(made), made, Names(), operation="apply")
    warned = capsys.readouterr().err
    assert warned.startswith("warning: the DingTalk group was not told")
    assert told in warned
    for hidden in (TOKEN, KEY, secret):
        assert hidden not in warned + caplog.text


def test_a_robot_that_is_not_there_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with group() as robot:
        pass
    named(monkeypatch, robot)
    made = changes()
    notify(done(made), made, Names(), operation="apply")
    warned = capsys.readouterr().err
    assert "was not told" in warned
    assert TOKEN not in warned


@pytest.mark.parametrize(
    "webhook",
    [
        "http://oapi.dingtalk.com/robot/send?access_token=tok-en-123",
        "http://localhost.evil.example/?access_token=tok-en-123",
        "https://user:tok-en-123@oapi.dingtalk.com/robot/send",
        "ftp://tok-en-123",
        "https://[tok-en-123",
        "tok-en-123",
    ],
)
def test_an_address_that_would_show_its_token_is_refused_without_repeating_it(webhook: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        robot_from_environment({"RECONCILER_ROBOT_WEBHOOK": webhook})
    assert "tok-en-123" not in str(caught.value)


def test_without_a_webhook_there_is_no_robot_and_it_may_stand_in_a_file(tmp_path: Path) -> None:
    assert robot_from_environment({}) is None
    assert robot_from_environment({"RECONCILER_ROBOT_WEBHOOK": ""}) is None
    (tmp_path / "webhook").write_text("https://oapi.dingtalk.com/robot/send?access_token=t\n")
    robot = robot_from_environment({"RECONCILER_ROBOT_WEBHOOK_FILE": str(tmp_path / "webhook")})
    assert robot is not None
    assert robot.webhook.reveal().endswith("access_token=t")
    assert "access_token" not in repr(robot)
