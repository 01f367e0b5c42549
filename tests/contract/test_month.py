"""A month of runs every quarter of an hour, inside the free quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from team import Team, a_team

from reconciler.apply.outcome import Status
from reconciler.beijing import BEIJING
from reconciler.config import load
from reconciler.config.model import Config
from reconciler.dingtalk import Credentials, Options, Secret, connect
from reconciler.plan.policy import refuse_over_quota
from reconciler.state.store import local_store
from reconciler.workflow.carrying import apply_plan
from reconciler.workflow.looking import Question
from reconciler.workflow.planning import make_plan

FIRST, LAST = datetime(2026, 12, 1, tzinfo=BEIJING), datetime(2027, 1, 1, tzinfo=BEIJING)
QUARTER = timedelta(minutes=15)
EDITS_A_DAY = 5
DAYS = ("mon", "tue", "wed", "thu", "fri")


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_a_month_of_runs_every_quarter_of_an_hour_stays_inside_the_quota(tmp_path: Path) -> None:
    """Forty meetings of one organiser and five edits a day: one of a whole meeting, four of single occurrences."""
    with a_team(tmp_path) as team:
        team.config["meetings"] = {
            f"m{number:02}": {
                "title": f"Meeting {number}",
                "attendees": ["bob"],
                "schedule": {
                    "start": f"2026-01-05T{8 + number // 5:02}:{number % 4 * 15:02}",
                    "duration": "15m",
                    "repeat": {"every": "week", "on": [DAYS[number % 5]]},
                },
            }
            for number in range(40)
        }
        month = Month(team)
        for days in (3, 2, 1):  # everything is booked before the month begins, a hundred events a day
            month.run(FIRST - timedelta(days=days))
        spent, edits, now = 0, 0, FIRST
        while now < LAST:
            if int((now - FIRST) / timedelta(days=1) * EDITS_A_DAY) > edits:
                edits += 1
                edit(team, edits, now)
                month.edited()
            spent += month.run(now)
            now += QUARTER
        state = local_store(team.folder, "acme-platform").load()
        assert edits >= EDITS_A_DAY * 30
        assert state.calls == {"2026-12": spent}
        assert spent < 5_000


def edit(team: Team, number: int, now: datetime) -> None:
    """Give a meeting another title, or its next occurrence but one another hour."""
    meeting = team.config["meetings"][f"m{number % 40:02}"]
    if number % EDITS_A_DAY == 0:
        meeting["title"] = f"Edit {number}"
        return
    days = (DAYS.index(meeting["schedule"]["repeat"]["on"][0]) - now.weekday()) % 7 + 7
    meeting["schedule"]["change"] = {f"{now + timedelta(days=days):%Y-%m-%d}": {"start": f"{18 + number % 4}:00"}}


@dataclass(slots=True)
class Month:
    """Runs of one team, each with what a process of its own would have; the config is read again when it was edited."""

    team: Team
    config: Config | None = None

    def edited(self) -> None:
        self.config = None

    def run(self, now: datetime) -> int:
        """Plan and apply as of `now`; return how many calls that took."""
        self.team.sandbox.control("clock", {"now": now.isoformat()})
        if self.config is None:
            self.team.write()
            self.config = load(self.team.folder / "meetings.yaml", now=now)
        given = self.team.sandbox.credentials
        keys = Credentials(app_key=given.app_key, app_secret=Secret(given.app_secret))
        client = connect(self.team.sandbox.endpoint, keys, options=Options(qps=1000))
        store = local_store(self.team.folder, self.config.workspace)
        planned = make_plan(self.config, client, store, Question(), now=now)
        refuse_over_quota(planned.plan)
        outcome = apply_plan(planned, client, store, clock=lambda: now)
        assert outcome.count(Status.FAILED) == 0, outcome
        return sum(client.session.calls.values())
