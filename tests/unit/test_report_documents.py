from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, edited, observation, occurrence
from jsonschema import Draft202012Validator, FormatChecker

from reconciler.apply.outcome import Failure, Outcome, Result, Status
from reconciler.diff.changes import diff
from reconciler.errors import ConfigError, PlanStale, Position, Problem, Severity, StateError
from reconciler.model.observed import Observed, ReadFailure
from reconciler.model.occurrence import InstantConference, Occurrence, RoomBooking, RoomStatus
from reconciler.model.state import Opened, Orphan
from reconciler.plan.making import plan
from reconciler.plan.operations import Blocked, Plan, Quota, RoomProblem
from reconciler.report.agenda import agenda_items
from reconciler.report.document import (
    agenda_document,
    apply_document,
    dump,
    error_document,
    opening_document,
    plan_document,
    validate_document,
)
from reconciler.resources import schema

FAILURE = ReadFailure(where="calendar of bob", code="Forbidden", message="no right", hint="grant it")


def planned(wanted: list[Occurrence], seen: list[Observed]) -> Plan:
    observed = observation(*seen)
    found = diff(wanted, observed, now=NOW, create_before=UNTIL)
    return plan(found, observed, workspace=WORKSPACE, now=NOW, until=UNTIL)


def valid(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` as a reader gets it, checked against its schema."""
    again: dict[str, Any] = json.loads(dump(document))
    assert again == document
    Draft202012Validator(schema(name), format_checker=FormatChecker()).validate(again)
    return again


@pytest.fixture
def mixed() -> Plan:
    first, second, third, fourth = (occurrence(f"2026-12-0{day}T10:00", rule="FREQ=DAILY") for day in range(2, 6))
    return planned(
        [first, replace(second, title="New"), fourth],
        [edited(booked(second), title="By hand"), booked(third), booked(fourth)],
    )


@pytest.mark.parametrize("name", ["plan", "apply", "validate", "agenda", "start", "drift", "doctor", "error"])
def test_each_schema_is_one_and_describes_all_that_it_names(name: str) -> None:
    document = schema(name)
    Draft202012Validator.check_schema(document)

    def described(node: dict[str, Any]) -> None:
        for child in node.get("properties", {}).values():
            if "$ref" not in child:
                assert child["title"]
                assert child["description"]
            described(child)
        if isinstance(node.get("items"), dict):
            described(node["items"])

    described(document)


def test_the_plan_has_the_keys_of_its_contract(mixed: Plan) -> None:
    document = valid("plan", plan_document(replace(mixed, failures=(FAILURE,), warnings=("beware",))))
    assert list(document) == [
        "format_version", "workspace", "generated_at", "window", "summary", "changes", "failures", "warnings",
        "days_off", "rules", "room_problems", "pending", "verification",
    ]  # fmt: skip
    assert document["generated_at"] == "2026-11-29T00:00:00Z"
    assert document["window"] == {"from": "2026-11-29T00:00:00Z", "to": "2026-12-27T00:00:00Z"}
    assert document["summary"] == {
        "create": 1, "update": 1, "cancel": 1, "unchanged": 1, "book": 1, "release": 0, "api_calls": 7,
        "pending": 0,
    }  # fmt: skip
    assert document["failures"][0]["where"] == "calendar of bob"
    assert document["warnings"] == ["beware"]


def test_a_creation_lists_what_is_declared_and_how_it_is_done(mixed: Plan) -> None:
    create = plan_document(mixed)["changes"][0]
    assert create["address"] == "sync@2026-12-02T10:00"
    assert (create["meeting"], create["action"], create["reason"]) == ("sync", "create", "new occurrence")
    assert (create["start"], create["end"]) == ("2026-12-02T10:00:00+08:00", "2026-12-02T10:45:00+08:00")
    assert create["notifies"] == 2
    assert create["fields"][0] == {"path": "title", "before": None, "after": "Weekly sync"}
    assert [field["path"] for field in create["fields"]] == [
        "title", "start", "end", "description", "organizer", "attendees", "rooms",
    ]  # fmt: skip
    assert create["operations"] == [
        {"id": "o1", "call": "conference.create", "needs": []},
        {"id": "o2", "call": "event.create", "needs": ["o1"]},
        {"id": "o3", "call": "rooms.book", "needs": ["o2"]},
    ]


def test_settings_of_a_creation_are_fields_and_the_undeclared_is_none() -> None:
    want = occurrence(
        description=None, attendees=None, rooms=None, settings={"cohosts": ("bob",), "waiting_room": True}, ui_lock=True
    )
    fields = valid("plan", plan_document(planned([want], [])))["changes"][0]["fields"]
    assert [field["path"] for field in fields] == [
        "title", "start", "end", "organizer", "settings.cohosts", "settings.waiting_room", "ui_lock",
    ]  # fmt: skip
    assert fields[4]["after"] == ["bob"]


def test_a_cancellation_lists_what_goes(mixed: Plan) -> None:
    cancel = plan_document(mixed)["changes"][2]
    assert cancel["action"] == "cancel"
    assert cancel["fields"] == [
        {"path": "title", "before": "Weekly sync", "after": None},
        {"path": "start", "before": "2026-12-04T10:00:00+08:00", "after": None},
        {"path": "end", "before": "2026-12-04T10:45:00+08:00", "after": None},
    ]


def test_a_cancellation_of_which_nothing_is_known_still_makes_a_document() -> None:
    seen = replace(booked(occurrence()), event=None, entry=None)
    change = valid("plan", plan_document(planned([], [seen])))["changes"][0]
    assert change["start"] == "2026-12-02T10:00:00+08:00"


def test_drift_is_marked_and_nothing_else_is() -> None:
    seen = edited(booked(occurrence()), title="By hand")
    drifted = valid("plan", plan_document(planned([occurrence()], [seen])))["changes"][0]["fields"]
    assert drifted == [{"path": "title", "before": "By hand", "after": "Weekly sync", "drift": True}]


def test_an_outcome_tells_each_result_and_errors_only_where_there_are_some(mixed: Plan) -> None:
    error = Failure(code="room-taken", message="aurora is taken", hint="choose another")
    create, update, cancel = mixed.changes
    outcome = Outcome(
        results=(
            Result(planned=create, status=Status.FAILED, error=error, done=create.operations[:2]),
            Result(planned=update, status=Status.DEFERRED, error=error),
            Result(planned=cancel, status=Status.DONE, done=cancel.operations),
        ),
        orphans=(Orphan(address="sync@2026-12-02T10:00", organizer="alice", title="T", start=NOW, asked_at=NOW),),
        stopped=error,
        api_calls=9,
    )
    document = valid("apply", apply_document(outcome, replace(mixed, failures=(FAILURE,))))
    assert document["summary"] == {
        "created": 0, "updated": 0, "cancelled": 1, "booked": 0, "released": 0, "failed": 1, "deferred": 1,
        "api_calls": 9, "pending": 0,
    }  # fmt: skip
    assert document["results"][0]["error"] == {
        "code": "room-taken",
        "message": "aurora is taken",
        "hint": "choose another",
    }
    assert "error" not in document["results"][2]
    assert document["orphans"][0]["asked_at"] == "2026-11-29T00:00:00Z"
    assert document["failures"][0]["code"] == "Forbidden"
    assert document["stopped"]["code"] == "room-taken"


def test_warnings_leave_a_config_valid() -> None:
    warning = Problem(Position("m.yaml", 1, 2), "rooms.a", "too small", "take b", Severity.WARNING)
    document = valid("validate", validate_document((warning,)))
    assert document["valid"] is True
    assert document["errors"] == []
    assert document["warnings"] == [
        {"file": "m.yaml", "line": 1, "column": 2, "path": "rooms.a", "message": "too small", "hint": "take b"}
    ]
    assert validate_document((warning, Problem(Position("m.yaml", 1, 2), "", "bad")))["valid"] is False


def test_the_agenda_tells_what_became_of_each_room() -> None:
    want = occurrence(rooms=("aurora", "borealis", "polaris"))
    rooms = (RoomBooking("aurora"), RoomBooking("borealis", RoomStatus.TENTATIVE))
    seen = edited(booked(want), rooms=rooms)
    items = agenda_items([occurrence("2026-12-03T10:00"), want], {want.key: seen})
    document = valid("agenda", agenda_document(items, workspace=WORKSPACE, now=NOW))
    first, second = document["occurrences"]
    assert first["rooms"] == [
        {"id": "aurora", "status": "accepted"},
        {"id": "borealis", "status": "tentative"},
        {"id": "polaris", "status": "missing"},
    ]
    assert first["booked"] is True
    assert first["url"].startswith("https://")
    assert (second["booked"], second["url"]) == (False, "")


def test_the_agenda_does_not_call_booked_what_stands_at_another_time() -> None:
    want = occurrence(rooms=("aurora",))
    moved = edited(booked(want), start=want.start + timedelta(days=1), end=want.end + timedelta(days=1))
    items = agenda_items([want], {want.key: moved})
    (found,) = valid("agenda", agenda_document(items, workspace=WORKSPACE, now=NOW))["occurrences"]
    assert (found["booked"], found["rooms"]) == (False, [{"id": "aurora", "status": "missing"}])
    assert found["elsewhere"] == {
        "start": "2026-12-03T10:00:00+08:00",
        "end": "2026-12-03T10:45:00+08:00",
        "rooms": [{"id": "aurora", "status": "accepted"}],
    }


def test_an_opening_bears_its_passwords_only_when_it_is_new() -> None:
    opened = Opened(address="sync@2026-12-02T10:00", conference_id="c", url="https://m", room_code="1", at=NOW)
    conference = InstantConference(id="c", url="https://m", room_code="1", password="pw", host_password="hp")
    assert valid("start", opening_document(occurrence(), opened, conference))["password"] == "pw"
    again = valid("start", opening_document(occurrence(), opened, None))
    assert (again["password"], again["opened_now"]) == (None, False)


def test_the_quota_is_told_where_it_is_counted(mixed: Plan) -> None:
    assert "quota" not in plan_document(mixed)
    document = valid("plan", plan_document(replace(mixed, quota=Quota(month="2026-11", used=7, limit=5000))))
    assert document["quota"] == {"month": "2026-11", "used": 7, "limit": 5000}


def test_why_a_pool_has_no_room_is_told_as_data(mixed: Plan) -> None:
    blocked = (Blocked(room="r1", holder="u", until=NOW), Blocked(room="r2", reason="can't be booked for a series"))
    short = RoomProblem(address="sync@2026-12-02T10:00", start=NOW, end=NOW, room="", code="no-room", message="none")
    document = valid("plan", plan_document(replace(mixed, problems=(replace(short, blocked=blocked),))))
    assert document["room_problems"][0]["blocked"] == [
        {"room": "r1", "reason": None, "holder": "u", "until": NOW.isoformat()},
        {"room": "r2", "reason": "can't be booked for a series", "holder": None, "until": None},
    ]


def test_the_same_plan_makes_the_same_text(mixed: Plan) -> None:
    assert dump(plan_document(mixed)) == dump(plan_document(mixed))
    assert dump(plan_document(mixed)).endswith("}\n")


def test_a_document_is_readable_text_that_no_terminal_obeys() -> None:
    text = dump({"title": "周会 \x1b[31m \x9b1m \u202e \ud800"})
    assert "周会" in text
    assert not {"\x1b", "\x9b", "\u202e", "\ud800"} & set(text)
    assert json.loads(text) == {"title": "周会 \x1b[31m \x9b1m \u202e \ud800"}
    text.encode()


def test_a_refusal_says_why_in_a_word_and_for_a_person() -> None:
    found = valid("error", error_document(PlanStale("it is stale", fix="plan again"), workspace="acme"))
    assert found == {
        "format_version": "1.0",
        "workspace": "acme",
        "errored": True,
        "failure_reason": "plan-changed",
        "error": {"code": "plan-changed", "message": "it is stale", "hint": "plan again"},
    }
    problem = Problem(Position("meetings.yaml", 3, 5), "meetings", "wrong", "right")
    invalid = valid("error", error_document(ConfigError((problem,))))
    assert (invalid["failure_reason"], invalid["errors"][0]["line"]) == ("validation-failed", 3)
    assert "workspace" not in invalid
    assert valid("error", error_document(StateError("gone", where="state.json")))["error"]["where"] == "state.json"
