"""The http backend against a server that answers as GitLab does, and at its worst."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from backends import backend, document, note
from builders import config_with_state
from statehttp import PASSWORD, USER, StateServer, state_server

from reconciler.config.model import Config, StateKind
from reconciler.errors import StateError
from reconciler.state.backend import Backend, Held, LockInfo, StateConflict
from reconciler.state.choose import open_store
from reconciler.state.http import HttpBackend, HttpSettings


@pytest.fixture
def server() -> Iterator[StateServer]:
    with state_server() as running:
        yield running


@pytest.fixture
def http(server: StateServer) -> Backend:
    return backend("http", server.address)


def test_requests_are_those_of_terraform(http: Backend, server: StateServer) -> None:
    ours = note()
    with http.lock(ours, timeout_s=0):
        assert http.read() is None  # the lock has made the row: 204
        http.write(document(1), None)
    assert [kind for kind, _, _ in server.seen if kind != "GET state"] == ["POST lock", "POST state", "DELETE lock"]
    _, query, headers = next(one for one in server.seen if one[0] == "POST state")
    assert parse_qs(query) == {"ID": [ours.id]}
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Md5"] == b64encode(md5(document(1)).digest()).decode()  # noqa: S324  # the protocol's


@pytest.mark.parametrize("status", [409, 423])
def test_both_answers_to_a_taken_lock_are_understood(http: Backend, server: StateServer, status: int) -> None:
    server.locked_status = status
    server.lock = {"ID": "x", "Who": "carol"}
    with pytest.raises(Held, match="locked by carol"), http.lock(note(), timeout_s=0):
        pass


def test_a_killed_client_leaves_the_lock_which_can_be_taken_away(http: Backend, server: StateServer) -> None:
    server.lock = {"ID": "dead", "Who": "ci@runner"}
    holder = http.force_unlock()
    assert holder is not None
    assert (holder.id, holder.who) == ("dead", "ci@runner")
    assert server.lock is None


def test_with_an_id_the_lock_is_given_back_and_none_asked_for(http: Backend, server: StateServer) -> None:
    server.lock = {"ID": "dead", "Who": "ci@runner"}
    with pytest.raises(StateError, match="409"):
        http.force_unlock("another")
    assert http.force_unlock("dead") == LockInfo(id="dead")
    assert vars(server)["lock"] is None
    assert {kind for kind, _, _ in server.seen} == {"DELETE lock"}


def test_a_write_whose_answer_was_lost_is_found_done(http: Backend, server: StateServer) -> None:
    server.refusals["POST state"] = [(502, "after")]
    http.write(document(1), None)
    assert server.body == document(1)


def test_a_lock_whose_answer_was_lost_is_ours(http: Backend, server: StateServer) -> None:
    server.refusals["POST lock"] = [(502, "after")]
    with http.lock(note(), timeout_s=0):
        http.write(document(1), None)
    assert server.lock is None


def test_a_lock_of_which_no_answer_ever_came_is_given_back(http: Backend, server: StateServer) -> None:
    server.refusals["POST lock"] = [(502, "after")] * 3
    with pytest.raises(StateError, match="502"), http.lock(note(), timeout_s=0):
        pass
    assert server.lock is None


def test_giving_back_a_lock_that_was_never_ours_leaves_it_to_its_holder(http: Backend, server: StateServer) -> None:
    server.lock = {"ID": "x", "Who": "carol"}
    server.refusals["POST lock"] = [(502, "")] * 3
    with pytest.raises(StateError, match="502"), http.lock(note(), timeout_s=0):
        pass
    assert server.lock == {"ID": "x", "Who": "carol"}


def test_a_write_that_is_done_while_every_answer_is_lost_is_no_failure(http: Backend, server: StateServer) -> None:
    server.refusals["POST state"] = [(502, "after"), (502, ""), (502, "")]
    http.write(document(1), None)
    assert server.body == document(1)


def test_a_serial_used_before_is_a_conflict(http: Backend, server: StateServer) -> None:
    server.serials.add(1)
    with pytest.raises(StateConflict, match="serial"):
        http.write(document(1), None)


def test_a_state_too_large_is_told(http: Backend, server: StateServer) -> None:
    server.largest = 10
    with pytest.raises(StateError, match="does not accept a state of"):
        http.write(document(1), None)


def test_writing_past_somebody_elses_lock_fails(http: Backend, server: StateServer) -> None:
    server.lock = {"ID": "x"}
    with pytest.raises(StateError, match="answers 500"):
        http.write(document(1), None)
    assert server.body is None


def test_a_failed_unlock_after_a_good_write_is_a_warning(
    http: Backend, server: StateServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.refusals["DELETE lock"] = [(500, "")] * 3
    with caplog.at_level(logging.WARNING), http.lock(note(), timeout_s=0):
        http.write(document(1), None)
    assert f"{server.address}: the state can't be unlocked" in caplog.text
    assert "reconciler state unlock" in caplog.text


def test_what_is_to_be_done_names_the_config_that_was_given(server: StateServer, tmp_path: Path) -> None:
    server.lock = {"ID": "dead", "Who": "ci@runner"}
    program = "reconciler -c 'my meetings.yaml'"
    environment = {
        "TF_HTTP_ADDRESS": server.address,
        "TF_HTTP_LOCK_ADDRESS": f"{server.address}/lock",
        "TF_HTTP_LOCK_METHOD": "POST",
        "TF_HTTP_USERNAME": USER,
        "TF_HTTP_PASSWORD": PASSWORD,
    }
    store = open_store(config(tmp_path), environment, program=program)
    with pytest.raises(Held) as refused, store.lock.held("apply", now=datetime.now(UTC)):
        pass
    assert f"`{program} state unlock dead`" in refused.value.fix


@pytest.mark.parametrize("answer", ["page", "elsewhere"])
def test_a_login_page_is_neither_a_state_nor_a_lock_nor_a_place_to_store_one(
    http: Backend, server: StateServer, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    told = "a web page answers" if answer == "page" else f"sends on to http://127.0.0.1:{server.port}/users/sign_in\n"
    refusal = (200 if answer == "page" else 302, answer)
    server.refusals["GET state"] = [refusal]
    with pytest.raises(StateError, match=told):
        http.read()
    server.refusals["POST lock"] = [refusal]
    with pytest.raises(StateError, match=told), http.lock(note(), timeout_s=0):
        pass
    server.refusals["POST state"] = [refusal]
    with pytest.raises(StateError, match=told), http.lock(note(), timeout_s=0):
        http.write(document(1), None)
    server.refusals["DELETE lock"] = [refusal]
    with caplog.at_level(logging.WARNING), http.lock(note(), timeout_s=0):
        http.write(document(1), None)
    assert "state unlock" in caplog.text
    assert "secret" not in caplog.text


def test_reading_is_tried_three_times(http: Backend, server: StateServer) -> None:
    server.refusals["GET state"] = [(500, ""), (503, "")]
    assert http.read() is None
    server.refusals["GET state"] = [(500, "")] * 3
    with pytest.raises(StateError, match="answers 500"):
        http.read()


def test_wrong_credentials_are_told_without_them(server: StateServer) -> None:
    wrong = HttpBackend(HttpSettings(address=server.address, username=USER, password="wrong-one"))
    with pytest.raises(StateError, match="401") as refused:
        wrong.read()
    assert "TF_HTTP_PASSWORD" in str(refused.value)
    assert "wrong-one" not in str(refused.value) + repr(HttpSettings(address="x", password="wrong-one"))


def test_no_server_is_told_without_the_query() -> None:
    gone = HttpBackend(HttpSettings(address="http://127.0.0.1:9/state?token=secret"), sleep=lambda _: None)
    with pytest.raises(StateError, match="does not answer") as refused:
        gone.read()
    assert "secret" not in str(refused.value)


def test_gitlabs_variables_are_enough(server: StateServer, tmp_path: Path) -> None:
    environment = {
        "TF_HTTP_ADDRESS": server.address,
        "TF_HTTP_LOCK_ADDRESS": f"{server.address}/lock",
        "TF_HTTP_LOCK_METHOD": "POST",
        "TF_HTTP_UNLOCK_ADDRESS": f"{server.address}/lock",
        "TF_HTTP_UNLOCK_METHOD": "DELETE",
        "TF_HTTP_USERNAME": USER,
        "TF_HTTP_PASSWORD": PASSWORD,
        "TF_HTTP_RETRY_WAIT_MIN": "0",
    }
    store = open_store(config(tmp_path), environment)
    with store.backend.lock(note(), timeout_s=0):
        saved = store.save(store.load())
    assert open_store(config(tmp_path), environment).load() == saved
    assert not (tmp_path / ".reconciler" / "state.json").exists()


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="the address of the state"):
        open_store(config(tmp_path), {})
    half = {"TF_HTTP_ADDRESS": "https://x", "TF_HTTP_CLIENT_CERTIFICATE_PEM": "x"}
    with pytest.raises(StateError, match="with its key"):
        open_store(config(tmp_path), half)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TF_HTTP_ADDRESS", "ftp://user:hunter2@x", "TF_HTTP_ADDRESS: this is not an http or https URL, but ftp"),
        ("TF_HTTP_ADDRESS", "states.example.com", "TF_HTTP_ADDRESS: this is not an http or https URL"),
        ("TF_HTTP_LOCK_ADDRESS", "ftp://x/lock", "TF_HTTP_LOCK_ADDRESS: this is not an http or https URL"),
        ("TF_HTTP_RETRY_MAX", "many", "TF_HTTP_RETRY_MAX: 'many' is not a number"),
        ("TF_HTTP_RETRY_WAIT_MAX", "inf", "TF_HTTP_RETRY_WAIT_MAX: 'inf' is not a number from 0"),
    ],
)
def test_a_variable_that_can_not_be_is_named(tmp_path: Path, name: str, value: str, told: str) -> None:
    with pytest.raises(StateError) as refused:
        open_store(config(tmp_path), {"TF_HTTP_ADDRESS": "https://x", name: value})
    assert told in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_header_of_the_config_goes_with_every_request_and_is_told_nowhere(
    server: StateServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {
        "TF_HTTP_ADDRESS": server.address,
        "TF_HTTP_LOCK_ADDRESS": f"{server.address}/lock",
        "TF_HTTP_LOCK_METHOD": "POST",
        "TF_HTTP_UNLOCK_METHOD": "DELETE",
        "TF_HTTP_USERNAME": USER,
        "TF_HTTP_PASSWORD": PASSWORD,
        "TF_HTTP_RETRY_MAX": "0",
    }
    with_header = config(tmp_path, headers={"X-Token": "hunter2"})
    store = open_store(with_header, environment)
    with caplog.at_level(logging.DEBUG):
        with store.backend.lock(note(), timeout_s=0):
            store.save(store.load())
        server.refusals["GET state"] = [(500, "")]
        with pytest.raises(StateError) as refused:
            store.backend.read()
    assert {kind for kind, _, _ in server.seen} == {"POST lock", "GET state", "POST state", "DELETE lock"}
    assert all(headers["X-Token"] == "hunter2" for _, _, headers in server.seen)
    assert "hunter2" not in caplog.text + str(refused.value) + repr(with_header.state)


def test_a_user_and_a_header_can_not_both_log_in(tmp_path: Path) -> None:
    given = config(tmp_path, headers={"authorization": "Bearer x"})
    open_store(given, {"TF_HTTP_ADDRESS": "https://x"})
    for environment in (
        {"TF_HTTP_ADDRESS": "https://x", "TF_HTTP_USERNAME": USER},
        {"TF_HTTP_ADDRESS": "https://me@x"},
    ):
        with pytest.raises(StateError, match="can't both log in"):
            open_store(given, environment)


@pytest.mark.parametrize("body", [b"", b"[]", b"busy", b'{"ID": null}'])
def test_any_word_of_a_holder_is_understood(body: bytes) -> None:
    read = LockInfo.loads(body)
    assert read is None or read.id == ""


def config(root: Path, **settings: Any) -> Config:
    return config_with_state(root, kind=StateKind.HTTP, **settings)


def test_a_signal_while_the_lock_is_taken_gives_it_back(
    server: StateServer, http: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = requests.request

    def cut(method: str, url: str, **more: Any) -> requests.Response:
        answer = send(method, url, **more)
        if method == "POST" and url.endswith("/lock"):
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(requests, "request", cut)
        with pytest.raises(KeyboardInterrupt), http.lock(note(), timeout_s=0):
            pass
    with backend("http", server.address).lock(note(), timeout_s=0):
        pass
