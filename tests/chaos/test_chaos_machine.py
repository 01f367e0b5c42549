"""Weeks in the life of a team: edits of the config, edits by hand, faults, crashes, days that pass; then an apply."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from chaos import workload
from chaos.faults import APIS, KINDS, READ_S
from chaos.interceptor import Kill
from chaos.oracle import converge
from chaos.runner import Runner
from chaos.workload import at
from chaos.world import Json, Snapshot, opened, ours
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

MEETINGS = ("sync", "retro", "red", "blue", "old", "handed")
TITLES = ("Sync", "Rückblick 📅", "週会", "x" * 50)
MOMENTS = {"sync": ("10:00", "10:30"), "retro": ("15:00", "16:00"), "old": ("11:00", "11:30"), "handed": ("13:00",)}
DAYS = {"sync": ("mon", "tue"), "retro": ("wed", "thu"), "old": ("thu",), "handed": ("fri",)}


class Team(RuleBasedStateMachine):
    runner: ClassVar[Runner]
    applied: ClassVar[Snapshot]

    @initialize()
    def begin(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.world = opened(Path(self.temporary.name) / "world", self.runner, snapshot=self.applied)
        # What the state alone knows: an event whose marker is gone, an organiser who is in the config no more.
        self.unmarked = self.handed = self.lost = False

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.settle()
            self.world.sandbox.stop()
            self.temporary.cleanup()

    @property
    def meetings(self) -> Json:
        meetings: Json = self.world.config["meetings"]
        return meetings

    @rule()
    def settle(self) -> None:
        """Apply undisturbed: everything is as declared."""
        # What people do to a conference alone is seen when its turn comes, or when everything is asked for.
        verdict = converge(self.world, "--allow-cancel", "100", "--parallelism", "1", "--refresh", "full")
        assert verdict.faults == (), "\n".join(verdict.faults)
        self.unmarked = self.handed = self.lost = False

    # What people do to the config.

    @rule(meeting=st.sampled_from(MEETINGS), title=st.sampled_from(TITLES))
    def rename(self, meeting: str, title: str) -> None:
        if meeting in self.meetings:
            self.meetings[meeting]["title"] = title

    @rule(meeting=st.sampled_from(sorted(MOMENTS)), pick=st.integers(0, 1))
    def reschedule(self, meeting: str, pick: int) -> None:
        moments, days = MOMENTS[meeting], DAYS[meeting]
        if meeting in self.meetings:
            start = f"2026-01-05T{moments[pick % len(moments)]}"
            self.meetings[meeting]["schedule"] = at(start, days[pick % len(days)])

    @precondition(lambda self: not self.lost)
    @rule(meeting=st.sampled_from(MEETINGS))
    def remove_or_restore(self, meeting: str) -> None:
        self.handed = True
        if meeting in self.meetings:
            del self.meetings[meeting]
        elif meeting not in {"red", "blue"} or not {"red", "blue"} & set(self.meetings):
            self.meetings[meeting] = dict(workload.MEETINGS[meeting])

    @rule(
        meeting=st.sampled_from(("sync", "retro", "handed")), rooms=st.sets(st.sampled_from(workload.ROOMS), max_size=3)
    )
    def choose_rooms(self, meeting: str, rooms: set[str]) -> None:
        if meeting in self.meetings:
            self.meetings[meeting]["rooms"] = sorted(rooms)

    @precondition(lambda self: {"red", "blue"} <= set(self.meetings))
    @rule()
    def swap_rooms(self) -> None:
        red, blue = self.meetings["red"], self.meetings["blue"]
        red["rooms"], blue["rooms"] = blue["rooms"], red["rooms"]

    @rule(meeting=st.sampled_from(MEETINGS), people=st.sets(st.sampled_from(("carol", "dave", "erin"))))
    def invite(self, meeting: str, people: set[str]) -> None:
        if meeting in self.meetings:
            self.meetings[meeting]["attendees"] = sorted(people)

    @rule(waiting=st.booleans(), layout=st.sampled_from(("grid", "speech")))
    def set_up(self, layout: str, *, waiting: bool) -> None:
        if "sync" in self.meetings:
            self.meetings["sync"]["settings"] = {"waiting_room": waiting, "recording": {"layout": layout}}

    @precondition(lambda self: not self.lost)
    @rule(organizer=st.sampled_from(("alice", "bob", "dave")))
    def hand_over(self, organizer: str) -> None:
        self.handed = True
        if "handed" in self.meetings:
            self.meetings["handed"]["organizer"] = organizer

    # What people do by hand.

    def events(self) -> Iterator[Json]:
        return (event for event in self.world.events() if ours(event))

    def pick(self, number: int) -> Json | None:
        events = sorted(self.events(), key=_order)
        later = [one for one in events if one["start"]["dateTime"] > (self.world.now + timedelta(hours=8)).isoformat()]
        return later[number % len(later)] if later else None

    @rule(number=st.integers(0, 9), what=st.sampled_from(("retitle", "unmark", "delete", "release", "crowd", "cancel")))
    def tamper(self, number: int, what: str) -> None:
        event = self.pick(number)
        if event is None:
            return
        name = event["id"]
        if what == "retitle":
            self.world.edit(action="change_event", event=name, summary="by hand")
        elif what == "unmark":
            self.world.edit(action="change_event", event=name, description="by hand")
            self.unmarked = True
        elif what == "delete":
            self.world.edit(action="delete_event", event=name)
        elif what == "release":
            rooms = [room["roomId"] for room in event["meetingRooms"]]
            self.world.edit(action="release_rooms", event=name, rooms=rooms)
        elif what == "crowd":
            self.world.edit(action="add_attendees", event=name, attendees=[{"id": workload.union("erin")}])
        else:
            conference = event["description"].rpartition("conference=")[2].partition("&")[0]
            if conference in {one["id"] for one in self.world.conferences()}:
                self.world.edit(action="cancel_conference", conference=conference)

    # What else happens.

    @rule(kind=st.sampled_from(KINDS), api=st.sampled_from(("*", *APIS)), share=st.sampled_from((1.0, 0.3)))
    def apply_under_faults(self, kind: str, api: str, share: float) -> None:
        order = {"kind": kind, "api": api, "times": None, "probability": share, "delay_s": 0.5, "seed": 1}
        with self.world.faults(order):
            self.world.apply("--allow-cancel", "100", "--parallelism", "1", read_s=READ_S)

    @rule(index=st.integers(1, 40), after=st.booleans())
    def apply_and_crash(self, index: int, *, after: bool) -> None:
        self.world.killed(Kill(index, after), "--allow-cancel", "100", "--parallelism", "1")

    @rule()
    def lose_the_state(self) -> None:
        if not self.unmarked and not self.handed:
            self.world.state.unlink(missing_ok=True)
            self.lost = True

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        self.settle()  # what has begun is never repaired
        self.world.now += timedelta(days=days)
        self.world.sandbox.control("clock", {"now": self.world.now.isoformat()})


def _order(event: Json) -> tuple[str, str, str]:
    return event["start"]["dateTime"], event["summary"], event["createTime"]


def live(runner: Runner, applied: Snapshot, *, examples: int, steps: int) -> None:
    Team.runner, Team.applied = runner, applied
    run_state_machine_as_test(
        Team,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=(Phase.generate,),  # to make a failure small takes longer than to read it
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_team_for_a_while(runner: Runner, applied: Snapshot) -> None:
    live(runner, applied, examples=3, steps=6)


@pytest.mark.chaos
@pytest.mark.timeout(1200)
def test_a_team_for_long(runner: Runner, applied: Snapshot) -> None:
    live(runner, applied, examples=60, steps=20)
