"""`doctor` against the sandbox, in this process."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.config.model import Config, Person, Provider, ProviderKind, Room
from reconciler.dingtalk import Options, Reader
from reconciler.dingtalk.retrying import Backoff
from reconciler.doctor.checkup import Checkup, Verdict
from reconciler.doctor.examine import Examination
from reconciler.errors import ReconcilerError
from reconciler.report.doctor_document import doctor_document
from reconciler.resources import schema
from reconciler.sandbox.embedded import Sandbox
from reconciler.state.store import Store, local_store
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.people import Resolved, resolve_people
from reconciler.workflow.provider import connected_reader

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
PEOPLE = (
    Person(alias="alice", union_id="uAlice"),
    Person(alias="bob", userid="bob01"),
    Person(alias="dave", mobile="13800000002"),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Options(backoff=Backoff(attempts=2, first_s=0.01, most_s=0.02))
    monkeypatch.setattr("reconciler.workflow.provider.Options", lambda **_: quick)


@pytest.fixture
def config(tmp_path: Path, sandbox: Sandbox) -> Config:
    return Config(
        root=tmp_path,
        workspace="acme",
        provider=Provider(kind=ProviderKind.DINGTALK, endpoint=sandbox.endpoint),
        horizon=timedelta(days=28),
        people={one.alias: one for one in PEOPLE},
        rooms={"aurora": Room(alias="aurora", id="rAurora"), "lab": Room(alias="lab", id="rSome")},
        meetings={},
    )


def keys(sandbox: Sandbox) -> dict[str, str]:
    return {"DINGTALK_APP_KEY": sandbox.credentials.app_key, "DINGTALK_APP_SECRET": sandbox.credentials.app_secret}


def examined(config: Config, environment: dict[str, str], **more: Any) -> Checkup:
    return Examination(config=config, environment=environment, clock=lambda: NOW, **more).run()


def verdicts(checkup: Checkup) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in checkup.checks}


def store_of(config: Config) -> Store:
    return local_store(config.root, config.workspace)


def asked(sandbox: Sandbox, *apis: str) -> list[str]:
    return [call["api"] for call in sandbox.control("calls")["calls"] if not apis or call["api"] in apis]


def test_all_is_well_at_four_calls_which_are_counted(sandbox: Sandbox, config: Config) -> None:
    before = sandbox.control("events"), sandbox.control("conferences")
    checkup = examined(config, keys(sandbox))
    assert set(verdicts(checkup).values()) == {Verdict.OK}, checkup.checks
    assert checkup.api_calls == sandbox.control("calls")["month"] == 4
    assert store_of(config).load().calls == {"2026-11": 4}
    assert (sandbox.control("events"), sandbox.control("conferences")) == before
    jsonschema.validate(doctor_document(checkup, workspace="acme", now=NOW), schema("doctor"))


def test_each_permission_that_is_missing_is_named(sandbox: Sandbox, config: Config) -> None:
    sandbox.control("permissions", {"permissions": ["Calendar.Event.Read"]})
    checkup = examined(config, keys(sandbox))
    failed = {name for name, verdict in verdicts(checkup).items() if verdict is Verdict.FAILED}
    assert failed == {
        "permission VideoConference.Conference.Read",
        "permission VideoConference.Conference.Write",
        "permission Calendar.Event.Write",
        "rooms",
    }
    assert all(check.fix for check in checkup.checks if check.verdict is Verdict.FAILED)


def test_who_and_what_is_not_there_is_named(sandbox: Sandbox, config: Config) -> None:
    people = {**config.people, "eve": Person(alias="eve", userid="nobody"), "mal": Person(alias="mal", union_id="uMal")}
    rooms = {**config.rooms, "borealis": Room(alias="borealis", id="r9")}
    told = verdicts(examined(replace(config, people=people, rooms=rooms), keys(sandbox)))
    failed = {name for name, verdict in told.items() if verdict is Verdict.FAILED}
    assert failed == {"person eve", "person mal", "room borealis"}


def test_wrong_or_missing_credentials_are_a_line_like_any_other(sandbox: Sandbox, config: Config) -> None:
    wrong = examined(config, {**keys(sandbox), "DINGTALK_APP_SECRET": "a-secret-of-ours"})
    assert verdicts(wrong)["credentials"] is Verdict.FAILED
    assert verdicts(wrong)["clock"] is Verdict.OK
    assert "a-secret-of-ours" not in str(wrong)
    assert verdicts(examined(config, {})) == {
        "credentials": Verdict.FAILED,
        "state": Verdict.OK,
        "lock": Verdict.OK,
    }


def test_a_wrong_clock_is_told_by_the_date_of_the_answers(sandbox: Sandbox, config: Config) -> None:
    checkup = examined(config, keys(sandbox), machine=lambda: datetime.now(UTC) + timedelta(minutes=7))
    assert verdicts(checkup)["clock"] is Verdict.FAILED


def test_a_state_in_use_is_told_and_one_that_may_not_be_locked_is_left_alone(sandbox: Sandbox, config: Config) -> None:
    store = store_of(config)
    with store.lock.held("apply", now=NOW):
        checkup = examined(config, keys(sandbox))
    (lock,) = [check for check in checkup.checks if check.name == "lock"]
    assert (lock.verdict, checkup.sound) == (Verdict.WARNING, True)
    assert "apply" in lock.message
    assert "lock" not in verdicts(examined(config, keys(sandbox), lock=False))
    assert store.pull() is None


def test_a_robot_with_an_address_of_no_use_is_told(sandbox: Sandbox, config: Config) -> None:
    told = examined(config, {**keys(sandbox), "RECONCILER_ROBOT_WEBHOOK": "http://evil.example/?access_token=tok-en-1"})
    assert verdicts(told)["robot"] is Verdict.WARNING
    assert "tok-en-1" not in str(told)


def test_a_spent_quota_is_told(sandbox: Sandbox, config: Config) -> None:
    store = store_of(config)
    store.save(replace(store.load(), calls={"2026-11": 4999}))
    assert verdicts(examined(config, keys(sandbox)))["quota"] is Verdict.FAILED


def test_people_are_asked_for_once_and_never_again(sandbox: Sandbox, config: Config) -> None:
    for _ in range(2):
        store = store_of(config)
        with connected_reader(config, keys(sandbox), clock=lambda: NOW) as reader:
            people = resolve_people(config, reader, store.load()).people
            remember_calls(store, reader, now=NOW)
        assert people == {"alice": "uAlice", "bob": "uBob", "dave": "uBob"}
    assert asked(sandbox, "user.get", "user.mobile") == ["user.get", "user.mobile", "user.get"]


def test_no_person_is_blamed_for_wrong_credentials(sandbox: Sandbox, config: Config) -> None:
    wrong = {**keys(sandbox), "DINGTALK_APP_SECRET": "wrong-secret"}
    with connected_reader(config, wrong, clock=lambda: NOW) as reader, pytest.raises(ReconcilerError) as caught:
        resolve_people(config, reader, store_of(config).load())
    assert "people." not in str(caught.value)
    assert "accessToken" in str(caught.value)
    assert "check the app key and secret" in caught.value.fix


def test_doctor_asks_again_and_what_it_learns_is_kept(sandbox: Sandbox, config: Config) -> None:
    store = store_of(config)
    store.save(replace(store.load(), people={"userid:bob01": "uElse"}))
    examined(config, keys(sandbox))
    assert store.load().people == {"userid:bob01": "uBob", "mobile:13800000002": "uBob"}


def test_all_strangers_are_named_at_once_and_asked_for_again(sandbox: Sandbox, config: Config) -> None:
    people = {"bob": PEOPLE[1], "eve": Person(alias="eve", userid="e"), "mal": Person(alias="mal", mobile="1")}
    store = store_of(config)

    def resolved(reader: Reader) -> Resolved:
        found = resolve_people(replace(config, people=people), reader, store.load())
        remember_calls(store, reader, now=NOW)
        return found

    for _ in range(2):
        with connected_reader(config, keys(sandbox), clock=lambda: NOW) as reader:
            found = resolved(reader)
        assert found.strangers.keys() == {"eve", "mal"}
    assert dict(store.load().people) == {"userid:bob01": "uBob"}
    assert asked(sandbox, "user.get", "user.mobile") == [
        "user.get",
        "user.get",
        "user.mobile",
        "user.get",
        "user.mobile",
    ]


def test_permissions_are_not_asked_for_as_somebody_who_left(sandbox: Sandbox, config: Config) -> None:
    gone = Person(alias="anna", union_id="uGone")
    told = verdicts(examined(replace(config, people={"anna": gone, **config.people}), keys(sandbox)))
    assert told["person anna"] is Verdict.FAILED
    assert {one for name, one in told.items() if name.startswith(("permission", "rooms"))} == {Verdict.OK}
