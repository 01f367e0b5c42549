from __future__ import annotations

from dataclasses import replace

from builders import NOW, UNTIL, WORKSPACE
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Position, Problem, Severity
from reconciler.model.observed import ReadFailure
from reconciler.plan.operations import Plan, RoomProblem
from reconciler.report.annotations import error_annotation, plan_annotations, problem_annotations
from reconciler.report.codequality import codequality
from reconciler.report.names import Names

PLAN = Plan(workspace=WORKSPACE, generated_at=NOW, window_from=NOW, window_to=UNTIL)
ERROR = Problem(Position("m.yaml", 3, 4), "meetings.x.title", "100% wrong", "write\nless")
WARNING = Problem(Position("a,b:c.yaml", 9, 1), "", "odd", severity=Severity.WARNING)


def test_problems_stand_on_their_lines() -> None:
    assert list(problem_annotations((ERROR, WARNING))) == [
        "::error file=m.yaml,line=3,col=4::meetings.x.title: 100%25 wrong%0Awrite%0Aless",
        "::warning file=a%2Cb%3Ac.yaml,line=9,col=1::odd",
    ]


def test_files_are_named_as_the_repository_has_them() -> None:
    found = list(problem_annotations((ERROR,), located=lambda file: f"teams/{file}"))
    assert found[0].startswith("::error file=teams/m.yaml,line=3")


def test_warnings_of_a_plan_and_what_was_not_read_are_annotations() -> None:
    failure = ReadFailure(where="calendar of bob", code="Forbidden", message="no right", hint="grant it")
    made = replace(PLAN, failures=(failure,), warnings=("m.yaml:3:1: too small\n  take another", "no place"))
    assert list(plan_annotations(made)) == [
        "::error::not read: calendar of bob: no right [Forbidden]%0Agrant it",
        "::warning file=m.yaml,line=3,col=1::too small%0Atake another",
        "::warning::no place",
    ]
    assert error_annotation("gone\n  try again") == "::error::gone%0Atry again"


def test_what_was_not_read_names_people_as_the_config_does_and_stands_at_its_meeting() -> None:
    calendar = ReadFailure(where="the calendar of union-bob", code="x", message="no", who="union-bob")
    conference = ReadFailure(where="sync@2026-12-02T10:00", code="x", message="no")
    made, meetings = replace(PLAN, failures=(calendar, conference)), {"sync": Position("m.yaml", 7, 3)}
    names = Names(people={"union-bob": "bob"})
    assert list(plan_annotations(made, names=names, meetings=meetings)) == [
        "::error::not read: the calendar of bob: no [x]",
        "::error file=m.yaml,line=7,col=3::not read: sync@2026-12-02T10:00: no [x]",
    ]


def test_rooms_that_are_missing_beyond_what_is_allowed_are_errors_where_the_rooms_stand() -> None:
    missing = RoomProblem(
        address="sync@2026-12-02T10:00", start=NOW, end=UNTIL, room="", code="no-room", message="a room is missing"
    )
    made = replace(PLAN, problems=(replace(missing, is_error=True), replace(missing, address="demo@2026-12-02T10:00")))
    (found,) = plan_annotations(made, rooms={"sync": Position("m.yaml", 7, 5), "demo": Position("m.yaml", 9, 5)})
    assert found.startswith("::error file=m.yaml,line=7,col=5::sync ")
    assert found.endswith(": a room is missing")


@given(st.text(), st.text())
def test_an_annotation_is_one_line_and_one_command(text: str, file: str) -> None:
    problem = Problem(Position(file, 1, 1), text, text, text)
    (found,) = problem_annotations((problem,))
    assert found.splitlines() == [found]
    head, _, _ = found.removeprefix("::").partition("::")
    assert head == "error" or head.count(",") == head.count("=") - 1 - file.count("=") == 2


def test_a_code_quality_report_has_what_gitlab_asks_for() -> None:
    report = codequality((ERROR, WARNING))
    assert [(one["severity"], one["location"]) for one in report] == [
        ("critical", {"path": "m.yaml", "lines": {"begin": 3}}),
        ("minor", {"path": "a,b:c.yaml", "lines": {"begin": 9}}),
    ]
    assert report[0]["description"] == r"meetings.x.title: 100% wrong — write\nless"
    assert {"description", "check_name", "fingerprint", "severity", "location"} == report[0].keys()


def test_a_fingerprint_survives_a_move_and_tells_twins_apart() -> None:
    moved = replace(ERROR, position=Position("m.yaml", 30, 1))
    assert codequality((ERROR,))[0]["fingerprint"] == codequality((moved,))[0]["fingerprint"]
    prints = {one["fingerprint"] for one in codequality((ERROR, moved, replace(ERROR, message="else"), WARNING))}
    assert len(prints) == 4
