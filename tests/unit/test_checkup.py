"""How `doctor` judges what it finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from reconciler.dingtalk import errors
from reconciler.doctor import checkup
from reconciler.doctor.checkup import Check, Checkup, Verdict
from reconciler.errors import ReconcilerError
from reconciler.plan.operations import Quota
from reconciler.report.doctor_text import doctor_text

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("off", "verdict", "told"),
    [
        (0, Verdict.OK, "as"),
        (-40, Verdict.OK, "40 s"),
        (90, Verdict.FAILED, "ahead"),
        (-7200, Verdict.FAILED, "behind"),
    ],
)
def test_a_clock_may_be_off_by_a_minute(off: int, verdict: Verdict, told: str) -> None:
    check = checkup.judge_clock(NOW, NOW + timedelta(seconds=off))
    assert check.verdict is verdict
    assert told in check.message


def test_a_clock_that_nobody_can_be_asked_about_is_no_fault() -> None:
    assert checkup.judge_clock(None, NOW).verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, Verdict.OK),
        (errors.NotFound("no such event", call="GET", status=404), Verdict.OK),
        (errors.InvalidParameter("no id", call="POST", status=400), Verdict.OK),
        (errors.Refused("some code", call="POST", status=400), Verdict.OK),
        (errors.PermissionMissing("denied", call="POST", status=403), Verdict.FAILED),
        (errors.TokenRejected("no such token", call="POST", status=400), Verdict.FAILED),
        (errors.QuotaExhausted("spent", call="POST", status=403), Verdict.FAILED),
        (errors.Refused("Forbidden", call="POST", status=403), Verdict.WARNING),
        (errors.ServerError("broken", call="POST", status=500), Verdict.WARNING),
        (errors.NoAnswer("nothing", call="POST"), Verdict.WARNING),
    ],
)
def test_a_permission_is_granted_where_dingtalk_looked_further(error: ReconcilerError | None, verdict: Verdict) -> None:
    assert checkup.judge_permission("Calendar.Event.Read", error).verdict is verdict


def test_a_room_with_a_wrong_id_is_told_with_the_one_that_may_be_meant() -> None:
    (check,) = checkup.judge_rooms({"aurora": "r1", "lab": "r2"}, {"r9": "Aurora", "r2": "Lab"})
    assert (check.name, check.verdict) == ("room aurora", Verdict.FAILED)
    assert "is it r9?" in check.fix


@pytest.mark.parametrize(
    ("used", "verdict"), [(0, Verdict.OK), (4499, Verdict.OK), (4500, Verdict.WARNING), (6000, Verdict.FAILED)]
)
def test_a_quota_that_comes_to_its_end_is_told(used: int, verdict: Verdict) -> None:
    assert checkup.judge_quota(Quota(month="2026-11", used=used, limit=5000)).verdict is verdict


def test_union_ids_that_may_not_be_checked_are_no_fault_but_user_ids_are() -> None:
    error = errors.PermissionMissing("no right", call="POST", status=200)
    assert checkup.judge_person("bob", "union_id", error).verdict is Verdict.WARNING
    assert checkup.judge_person("bob", "userid", error).verdict is Verdict.FAILED


def test_every_check_that_is_not_ok_says_what_to_do_and_nothing_obeys_a_terminal() -> None:
    bad = Check(name="room aurora", verdict=Verdict.FAILED, message="no \x1b[31mroom", fix="correct it")
    console = Console(width=60, record=True, color_system=None)
    with console.capture() as shown:
        console.print(doctor_text(Checkup(checks=(checkup.fine("clock", "the same as DingTalk's"), bad), api_calls=4)))
    text = shown.get()
    assert "ok       clock: the same as DingTalk's\n" in text
    assert "failed   room aurora: no \\x1b[31mroom\n         correct it\n" in text
    assert "1 ok, 0 warnings, 1 failed. It took 4 API calls" in text
