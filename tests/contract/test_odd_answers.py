"""Answers that DingTalk never promised: what a run makes of them, and that the next undisturbed run converges.

The whole command line runs in this process against a server whose answers are changed on their way.
"""

from __future__ import annotations

import html
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from team import NOW, Done, Team, a_team, clean_environment

from reconciler.cli.main import run
from reconciler.dingtalk import Options
from reconciler.dingtalk.retrying import Backoff
from reconciler.dingtalk.transport import Limits
from reconciler.sandbox.embedded import Sandbox
from reconciler.workflow import provider

pytestmark = pytest.mark.chaos  # minutes of answers that never end well

QUICK = Options(
    qps=1000,
    backoff=Backoff(attempts=3, first_s=0.01, most_s=0.02, minute_s=0.02),
    limits=Limits(read_s=3, whole_s=3.5),  # no machine is so busy that an honest answer takes that
)
EVENTS = r"/primary/events$"
CONFERENCES = r"/scheduleConferences$"
Body = dict[str, Any]
READS = {"event.list": f"GET .*{EVENTS}", "conference.info": "GET .*/infos$"}
WRITES = {
    "conference.create": f"POST .*{CONFERENCES}",
    "event.create": f"POST .*{EVENTS}",
    "rooms.book": "POST .*/meetingRooms$",
}
UPDATES = {"conference.update": f"PUT .*{CONFERENCES}", "event.update": "PUT .*/primary/events/[^/]+$"}


@dataclass
class Answer:
    """An answer on its way. `after_s` passes between its bytes."""

    status: str
    headers: dict[str, str]
    body: bytes

    def document(self, change: Callable[[Body], object]) -> None:
        """Change the JSON object that it is; in place, or to what `change` returns."""
        document = json.loads(self.body)
        changed = change(document)
        self.body = json.dumps(document if changed is None else changed).encode()
        self.headers["Content-Length"] = str(len(self.body))

    def replace(self, status: int, body: object, kind: str = "application/json", **headers: str) -> None:
        self.status = f"{status} X"
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = {"Content-Type": kind, "Content-Length": str(len(self.body))}
        self.headers |= length | {name.replace("_", "-"): value for name, value in headers.items()}


Change = Callable[[Answer], object]


def put(name: str, value: object) -> Change:
    """Return what puts `value` into the answer as `name`."""
    return lambda answer: answer.document(lambda body: body.update({name: value}))


@dataclass
class Meddler:
    """Changes those answers of a sandbox whose "METHOD /path" matches; `before` keeps the call from its effect."""

    sandbox: Sandbox
    orders: list[tuple[re.Pattern[str], Change, bool]] = field(default_factory=list)
    hits: int = 0

    def __post_init__(self) -> None:
        inner = self.sandbox.app.wsgi_app

        def outer(environ: Any, start_response: Any) -> Any:
            call = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            order = next((one for one in self.orders if one[0].fullmatch(call)), None)
            if order is None:
                return inner(environ, start_response)
            _, change, before = order
            self.hits += 1
            answer = Answer("200 OK", {}, b"{}")
            if before:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            else:

                def taken(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Callable[[bytes], None]:
                    answer.status, answer.headers = status, dict(headers)
                    return lambda _data: None

                answer.body = b"".join(inner(environ, taken))
            parts = change(answer)
            start_response(answer.status, list(answer.headers.items()))
            return parts if isinstance(parts, Iterator) else [answer.body]

        self.sandbox.app.wsgi_app = outer  # type: ignore[method-assign]  # Flask's way to wrap an app

    def order(self, call: str, change: Change, *, before: bool = False) -> None:
        self.orders.append((re.compile(call), change, before))

    def rest(self) -> None:
        assert self.hits, "nothing was changed"
        self.orders.clear()


@dataclass
class Odd:
    """A team, its server with a meddler, and the command line in this process."""

    team: Team
    meddler: Meddler
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        self.team.write()
        self.capture.readouterr()
        code = run(arguments)
        out, err = self.capture.readouterr()
        assert "Traceback" not in err
        assert "unexpected" not in err, err
        return Done(code=code, out=out, err=err)

    def apply(self) -> Done:
        return self.run("apply", "-y", "--json")

    def edit(self) -> None:
        self.team.config["meetings"]["weekly-sync"]["title"] = "Platform sync"
        self.team.config["meetings"]["retro"]["rooms"] = ["cirrus"]

    def converges(self) -> None:
        """See the next undisturbed run end as declared, and the one after it find nothing to do."""
        self.meddler.rest()
        done = self.apply()
        assert done.code == 0, done.err + done.out
        plan = self.run("plan", "--json").json
        assert plan["changes"] == []
        events = self.team.events()
        assert len(events) == 6
        assert len({event.start for event in events}) == 6
        assert all(event.rooms for event in events)
        assert len(self.team.conferences()) == 6

    def known(self) -> int:
        """Return how many live conferences the server has that no event names: nobody can list them there."""
        rows = self.team.sandbox.control("conferences")["conferences"]
        return len([row for row in rows if not row.get("cancelled")]) - 6


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Odd]:
    with a_team(tmp_path) as team:
        for name in list(os.environ):
            if name.startswith(("RECONCILER", "DINGTALK")):
                monkeypatch.delenv(name)
        for name, value in (clean_environment(team.sandbox) | {"RECONCILER_NOW": NOW.isoformat()}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(team.folder)
        monkeypatch.setattr(provider, "Options", lambda **_: QUICK)
        team.sandbox.gateway.gate.limits = replace(team.sandbox.gateway.gate.limits, qps=None)
        yield Odd(team=team, meddler=Meddler(team.sandbox), capture=capsys)


def messages(done: Done) -> str:
    return " ".join(one["error"]["message"] for one in done.json["results"] if one.get("error")) + done.err


# Nothing is wrong


def more(value: Any) -> Any:
    """Return `value` with unknown fields in each of its objects."""
    if isinstance(value, dict):
        extra = {"x-new": {"deep": [1, None]}, "version": 9, "zzz": "\ud800\x1b[2J"}
        return {name: more(one) for name, one in value.items()} | extra
    return [more(one) for one in value] if isinstance(value, list) else value


def test_unknown_fields_change_nothing(odd: Odd) -> None:
    odd.meddler.order(".*", lambda answer: answer.document(more))
    done = odd.apply()
    assert done.code == 0, done.err
    assert odd.run("plan", "--json").json["changes"] == []
    odd.edit()
    assert odd.apply().code == 0
    odd.converges()


@pytest.mark.parametrize("minutes", [-10, -3, 3, 10])
def test_a_server_whose_clock_is_off_is_served_all_the_same(odd: Odd, minutes: int) -> None:
    wrong = NOW + timedelta(minutes=minutes)
    odd.team.sandbox.control("clock", {"now": wrong.isoformat()})
    odd.meddler.order(".*", lambda answer: answer.headers.update(Date="Thu, 01 Jan 1970 00:00:00 GMT"))
    assert odd.apply().code == 0
    odd.converges()


# Tokens


@pytest.mark.parametrize("call", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_a_token_that_ends_in_the_middle_of_a_run_is_replaced(odd: Odd, call: str) -> None:
    if call in READS.values():
        odd.apply()

    once = threading.Lock()

    def forget(answer: Answer) -> None:
        if once.acquire(blocking=False):  # what was sent beside it has the same token
            odd.team.sandbox.gateway.store.run("DELETE FROM tokens")
        body = {"code": "InvalidAuthentication", "message": "expired", "requestid": "r"}
        answer.replace(400, body)
        odd.meddler.orders.clear()

    odd.meddler.order(call, forget, before=True)
    odd.edit()
    done = odd.apply()
    assert done.code == 0, done.err + done.out
    odd.converges()


def test_a_token_that_can_not_be_renewed_ends_the_run_before_a_write(odd: Odd) -> None:
    odd.meddler.order(".*/accessToken", lambda answer: answer.replace(500, b"<html>"), before=True)
    done = odd.apply()
    assert done.code == 1
    assert "no access token" in done.err + done.out
    assert odd.team.sandbox.control("calls")["calls"] == []
    odd.converges()


def test_a_token_of_no_use_is_told(odd: Odd) -> None:
    for token in (None, 7, "", "line\nbreak", {"a": 1}):
        odd.meddler.order(".*/accessToken", put("accessToken", token))
        done = odd.apply()
        assert done.code == 1
        assert "accessToken" in done.err + done.out
        odd.meddler.orders.clear()
    odd.converges()


# Answers that are none

HTML = b"<!DOCTYPE html><title>Sign in</title><script>alert('secret')</script>"


def slow(answer: Answer) -> Iterator[bytes]:
    """Yield the body a byte at a time, each in time, all of it too late."""
    import time

    body = answer.body or b" "

    def drip() -> Iterator[bytes]:
        for at in range(20):
            time.sleep(0.25)
            yield body[at : at + 1] if at < 19 else body[19:]

    return drip()


NO_ANSWERS: dict[str, Change] = {
    "page": lambda answer: answer.replace(200, HTML, "text/html"),
    "page of a proxy": lambda answer: answer.replace(502, HTML, "text/html"),
    "login": lambda answer: answer.replace(302, HTML, "text/html", Location="https://login.example/"),
    "nothing": lambda answer: answer.replace(200, b""),
    "list": lambda answer: answer.replace(200, [1]),
    "number": lambda answer: answer.replace(200, 7),
    "null": lambda answer: answer.replace(200, None),
    "half": lambda answer: answer.replace(200, answer.body[: max(1, len(answer.body) // 2)]),
    "connection cut": lambda answer: answer.headers.update({"Content-Length": str(len(answer.body) + 100)}),
    "not UTF-8": lambda answer: answer.replace(200, b'{"a": "\xff\xfe"}'),
    "not gzip": lambda answer: answer.headers.update({"Content-Encoding": "gzip"}),
    "deep": lambda answer: answer.replace(200, b'{"a":' * 50_000),
    "slow": slow,
}


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_a_read_without_a_usable_answer_is_told_and_nothing_is_written(odd: Odd, kind: str) -> None:
    assert odd.apply().code == 0
    calls = len(odd.team.sandbox.control("calls")["calls"])
    (odd.team.folder / ".reconciler" / "state.json").unlink()
    odd.edit()
    odd.meddler.order(READS["event.list"], NO_ANSWERS[kind])
    done = odd.apply()
    assert done.code == 1
    made = odd.team.sandbox.control("calls")["calls"][calls:]
    assert {one["api"] for one in made} <= {"token", "event.list"}
    assert "alert" not in done.err + done.out
    told = odd.run("plan")
    assert told.code == 1
    assert "the calendar of" in told.out + told.err
    odd.converges()


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_a_write_without_a_usable_answer_is_finished_or_told_and_never_done_twice(odd: Odd, kind: str) -> None:
    struck = dict.fromkeys(WRITES, 0)

    def once(name: str) -> Change:
        def change(answer: Answer) -> object:
            struck[name] += 1
            return NO_ANSWERS[kind](answer) if struck[name] == 1 else None

        return change

    for name, call in WRITES.items():
        odd.meddler.order(call, once(name))
    done = odd.apply()
    assert done.code == 1
    assert messages(done)
    assert [one["status"] for one in done.json["results"]].count("done") >= 3, messages(done)
    orphans = done.json["orphans"]
    odd.converges()
    assert odd.known() == len(orphans)  # one, or more where the machine is slow
    assert len(odd.run("state", "orphans").out.splitlines()) == len(orphans)


@pytest.mark.parametrize("kind", ["page", "half", "connection cut", "slow"])
def test_an_update_without_a_usable_answer_is_repeated(odd: Odd, kind: str) -> None:
    assert odd.apply().code == 0
    odd.edit()
    struck: set[str] = set()

    def once(name: str) -> Change:
        def change(answer: Answer) -> object:
            if name in struck:
                return None
            struck.add(name)
            return NO_ANSWERS[kind](answer)

        return change

    for name, call in UPDATES.items():
        odd.meddler.order(call, once(name))
    done = odd.apply()
    assert done.code in {0, 1}
    assert done.code == 0 or messages(done)
    assert len(odd.team.sandbox.control("conferences")["conferences"]) == 6
    odd.converges()


# Answers of other shapes

ODD: list[object] = [None, True, 7, -1, 10**30, "x", [], ["x"], [None], {}, {"a": 1}]


FIELDS = {
    "events": READS["event.list"],
    "nextToken": READS["event.list"],
    "startTime": READS["conference.info"],
    "title": READS["conference.info"],
    "url": READS["conference.info"],
    "scheduleConferenceId": READS["conference.info"],
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_wrong_types_never_make_or_cancel_anything(odd: Odd, name: str) -> None:
    assert odd.apply().code == 0
    state = (odd.team.folder / ".reconciler" / "state.json").read_bytes()
    for value in ODD:
        (odd.team.folder / ".reconciler" / "state.json").write_bytes(state)
        odd.meddler.order(FIELDS[name], put(name, value))
        done = odd.run("plan", "--json", "--refresh", "full")
        assert done.code in {0, 1}
        actions = {one["action"] for one in done.json["changes"]}
        assert actions <= {"update"}, value
        odd.meddler.orders.clear()
    odd.converges()


@pytest.mark.parametrize("value", [True, 7, "x", ["x"], [None], {}])
def test_a_calendar_of_another_shape_is_not_an_empty_one(odd: Odd, value: object) -> None:
    assert odd.apply().code == 0
    (odd.team.folder / ".reconciler" / "state.json").unlink()  # the calendar alone could tell
    for name in ("events", "nextToken"):
        if name == "nextToken" and isinstance(value, bool | int | str):
            continue  # a token as any
        odd.meddler.order(READS["event.list"], put(name, value))
        done = odd.apply()
        assert done.code == 1
        assert odd.run("plan", "--json").json["changes"] == []
        odd.meddler.orders.clear()
    odd.converges()


EVENT_FIELDS = ["id", "summary", "description", "start", "end", "attendees", "meetingRooms", "organizer", "status"]


@pytest.mark.parametrize("name", EVENT_FIELDS)
def test_events_with_fields_of_wrong_types_are_told_or_mended_and_never_doubled(odd: Odd, name: str) -> None:
    assert odd.apply().code == 0

    def spoil(value: object) -> Change:
        def change(body: Body) -> None:
            for event in body["events"]:
                event[name] = value

        return lambda answer: answer.document(change)

    for value in (None, 7, "x", [None], {"a": 1}):
        odd.meddler.order(READS["event.list"], spoil(value))
        done = odd.run("plan", "--json")
        assert done.code in {0, 1}
        assert {one["action"] for one in done.json["changes"]} <= {"update"}, value
        odd.meddler.orders.clear()
    odd.converges()


HABITS: dict[str, Callable[[Body], object]] = {
    "escaped": lambda event: event.update(
        description=html.escape(event["description"]), summary=html.escape(event["summary"])
    ),
    "line ends": lambda event: event.update(description=event["description"].replace("\n", "\r\n") + "\r\n"),
    "breaks": lambda event: event.update(description=event["description"].replace("\n", "<br>")),
    "zones": lambda event: [event[side].update(timeZone="PRC") for side in ("start", "end")],
}


@pytest.mark.parametrize("habit", HABITS)
def test_an_event_that_is_as_it_was_written_but_for_its_spelling_is_left_alone(odd: Odd, habit: str) -> None:
    odd.team.config["meetings"]["weekly-sync"] |= {"title": "R&D <sync>", "description": 'What "shipped",\nR&D.'}
    assert odd.apply().code == 0

    def spell(body: Body) -> None:
        for event in body["events"]:
            HABITS[habit](event)

    odd.meddler.order(READS["event.list"], lambda answer: answer.document(spell))
    for refresh in ("full", "auto"):
        assert odd.run("plan", "--json", "--refresh", refresh).json["changes"] == []
    (odd.team.folder / ".reconciler" / "state.json").unlink()
    plan = odd.run("plan", "--json")
    assert (plan.code, plan.json["changes"]) == (0, [])
    odd.converges()


@pytest.mark.parametrize("value", [None, True, [], {}, {"a": 1}, ""])
def test_a_conference_without_an_id_is_an_orphan_and_made_anew(odd: Odd, value: object) -> None:
    struck: list[Answer] = []

    def first(answer: Answer) -> None:
        struck.append(answer)
        if len(struck) == 1:
            answer.document(lambda body: body.update(scheduleConferenceId=value))

    odd.meddler.order(WRITES["conference.create"], first)
    done = odd.apply()
    assert done.code == 1
    assert "scheduleConferenceId" in messages(done)
    assert len(done.json["orphans"]) == 1
    odd.converges()
    assert odd.known() == 1


# Errors of other codes

CODES = [
    (400, "somethingNew"),
    (403, "Forbidden.AccessDenied.SomethingNew"),
    (404, "somethingNew"),
    (409, "somethingNew"),
    (418, "somethingNew"),
    (500, "somethingNew"),
    (520, ""),
    (599, "somethingNew"),
]


@pytest.mark.parametrize(("status", "code"), CODES)
def test_an_unknown_error_is_told_with_its_code_and_fails_that_call_alone(odd: Odd, status: int, code: str) -> None:
    body = {"code": code, "message": "\x1b[31mquite new\u202e", "requestid": "r"}
    odd.meddler.order(WRITES["rooms.book"], lambda answer: answer.replace(status, body), before=True)
    done = odd.apply()
    assert done.code == 1
    assert "quite new" in messages(done)
    assert code in messages(done)
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err
    assert len(odd.team.events()) == 6
    odd.converges()


REFUSALS: list[dict[str, object]] = [
    {"errcode": 99999, "errmsg": "quite new"},
    {"code": "somethingNew", "message": "quite new", "requestid": "r"},
    {"success": False, "errorCode": "somethingNew", "errorMsg": "quite new"},
]


@pytest.mark.parametrize("body", REFUSALS, ids=["errcode", "code", "success"])
@pytest.mark.parametrize("name", [*WRITES, *UPDATES])
def test_an_error_in_an_answer_of_status_200_is_no_success(odd: Odd, name: str, body: dict[str, object]) -> None:
    if name in UPDATES:
        assert odd.apply().code == 0
        odd.edit()
    odd.meddler.order({**WRITES, **UPDATES}[name], lambda answer: answer.replace(200, body), before=True)
    done = odd.apply()
    assert done.code == 1
    assert "quite new" in messages(done)
    odd.converges()


@pytest.mark.parametrize(("status", "code"), CODES[::3])
def test_an_unknown_error_of_a_read_is_no_absence(odd: Odd, status: int, code: str) -> None:
    assert odd.apply().code == 0
    (odd.team.folder / ".reconciler" / "state.json").unlink()
    body = {"code": code, "message": "quite new", "requestid": "r"}
    odd.meddler.order(READS["event.list"], lambda answer: answer.replace(status, body), before=True)
    done = odd.apply()
    assert done.code == 1
    told = odd.run("plan")
    assert told.code == 1
    assert "quite new" in told.out + told.err
    assert odd.run("plan", "--json").json["changes"] == []
    odd.converges()
