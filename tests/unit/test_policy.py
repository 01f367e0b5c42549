from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, UNTIL, WORKSPACE, booked, observation, occurrence

from reconciler.beijing import beijing_day, beijing_month
from reconciler.config.model import Verify
from reconciler.diff.changes import diff
from reconciler.errors import UnsafePlan
from reconciler.plan.making import plan
from reconciler.plan.operations import Plan, Quota
from reconciler.plan.policy import foretold_refusal, refuse_mass_cancellation, verification_budget


def emptied(gone: int, kept: int) -> Plan:
    """Return a plan that cancels `gone` occurrences and leaves `kept` as they are."""
    days = [occurrence(f"2026-12-{day:02}T10:00") for day in range(1, gone + kept + 1)]
    seen = observation(*(booked(one) for one in days))
    found = diff(days[gone:], seen, now=NOW, create_before=UNTIL)
    return plan(found, seen, workspace=WORKSPACE, now=NOW, until=UNTIL)


def test_a_plan_says_that_an_apply_will_refuse_it_for_all_that_it_cancels() -> None:
    (told,) = foretold_refusal(emptied(13, 1))
    assert told == "this would cancel 13 of 14 future occurrences\n  apply refuses without --allow-cancel 13"
    with pytest.raises(UnsafePlan, match="this would cancel 13 of 14"):
        refuse_mass_cancellation(emptied(13, 1), allowed=12)
    refuse_mass_cancellation(emptied(13, 1), allowed=13)


def test_a_plan_that_will_not_be_refused_says_nothing_of_it() -> None:
    assert foretold_refusal(emptied(10, 1)) == ()


def test_days_and_months_begin_at_midnight_in_beijing() -> None:
    evening = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert (beijing_month(evening), beijing_day(evening)) == ("2026-11", "2026-11-30")
    later = evening + timedelta(minutes=1)
    assert (beijing_month(later), beijing_day(later)) == ("2026-12", "2026-12-01")


def test_what_may_go_into_looking_starts_anew_with_the_month_in_beijing() -> None:
    verify = replace(Verify(), budget=10_000)
    quota = Quota(month="2026-12", used=0, limit=3100)
    assert verification_budget(verify, quota, datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == 90  # a day's
