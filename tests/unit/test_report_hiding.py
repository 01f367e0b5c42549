"""A plan for readers who are not to know the people in it."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from builders import NOW, UNTIL, WORKSPACE, booked, edited, occurrence
from rich.console import Console

from reconciler.diff.change import Action, Change
from reconciler.diff.compare import compare
from reconciler.model.observed import ReadFailure
from reconciler.model.occurrence import Attendee
from reconciler.plan.operations import Pending, Plan, PlannedChange, RoomProblem
from reconciler.report.document import plan_document
from reconciler.report.hiding import without_people
from reconciler.report.names import Names
from reconciler.report.pictures import plan_html
from reconciler.report.plan_markdown import plan_markdown
from reconciler.report.plan_text import plan_text

NAMES = Names(people={"union-al": "alice", "union-bo": "bob"}, rooms={"room-1": "aurora"})
OLD = occurrence(organizer="union-al", attendees=(Attendee("union-bo"),), settings={"host": "union-bo"})
NEW = replace(OLD, attendees=(Attendee("union-al"), Attendee("union-bo")), settings={"host": "union-al"})
SEEN = edited(booked(OLD), attendees=(Attendee("union-bo"), Attendee("union-stranger")))
PLAN = Plan(
    workspace=WORKSPACE,
    generated_at=NOW,
    window_from=NOW,
    window_to=UNTIL,
    changes=(
        PlannedChange(
            change=Change(action=Action.UPDATE, before=SEEN, after=NEW, comparison=compare(NEW, SEEN)),
            operations=(),
            notifies=2,
        ),
    ),
    failures=(ReadFailure(where="the calendar of union-bo", code="x", message="not for bob", who="union-bo"),),
    organizers=frozenset({"union-al"}),
    warnings=("5 new events of alice have to wait",),
    problems=(
        RoomProblem(
            address=str(NEW.key), start=NOW, end=UNTIL, room="room-1", code="taken", message="", holder="union-other"
        ),
    ),
    pending=(Pending(address=str(NEW.key), start=NOW, room="room-1", contact="union-bo"),),
)


def printed(plan: Plan, names: Names) -> str:
    file = io.StringIO()
    Console(file=file, width=200).print(plan_text(plan, names, qps=20, verbose=True))
    return file.getvalue()


def test_nobody_is_named_in_any_of_its_forms() -> None:
    plan, names = without_people(PLAN, NAMES)
    shown = [
        json.dumps(plan_document(plan)),
        plan_markdown(plan, names),
        printed(plan, names),
        plan_html(plan, names),
    ]
    for text in shown:
        assert not [one for one in ("alice", "bob", "union-") if one in text], text
        assert "person-" in text
    assert "aurora" in shown[1]  # rooms are no people
    assert PLAN.failures[0].message in plan_markdown(PLAN, NAMES)


def test_everybody_keeps_one_name_throughout() -> None:
    plan, _ = without_people(PLAN, NAMES)
    ((change,), (failure,), (problem,)) = plan.changes, plan.failures, plan.problems
    assert change.change.after is not None
    assert change.change.after.organizer == "person-1"
    assert {one.union_id for one in change.change.after.attendees or ()} == {"person-1", "person-2"}
    assert failure.where == "the calendar of person-2"
    assert problem.holder == "person-3"
    assert plan.warnings == ("5 new events of person-1 have to wait",)


def test_a_plan_of_nothing_is_as_it_was() -> None:
    bare = Plan(workspace=WORKSPACE, generated_at=NOW, window_from=NOW, window_to=UNTIL, warnings=("x",))
    assert without_people(bare, Names()) == (bare, Names())
