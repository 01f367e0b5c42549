"""An occurrence that changes hands is never there twice."""

from __future__ import annotations

from chaos import workload
from chaos.oracle import converge
from chaos.world import World


def test_nothing_is_created_while_the_old_one_could_not_be_cancelled(world: World) -> None:
    world.config["meetings"]["handed"]["organizer"] = "dave"
    with world.faults({"api": "conference.cancel", "kind": "error_before", "times": None}):
        done = world.apply()
    assert done.code == 1
    assert [result["status"] for result in done.json["results"]] == ["failed", "failed"]
    handed = [event for event in world.events() if event["summary"] == "Handed over"]
    assert [event["organizer"]["id"] for event in handed] == [workload.union("alice")]
    verdict = converge(world)
    assert verdict.faults == (), "\n".join(verdict.faults)
