"""What pipelines read: Markdown, annotations, reports, outputs."""

from __future__ import annotations

import json
from pathlib import Path

from team import NOW, PEOPLE, Done, Team


def test_a_plan_as_markdown_is_alone_on_stdout_and_shown_again_from_its_file(team: Team) -> None:
    done = team.run("plan", "--markdown", "--out", "plan.json")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "<!-- reconciler plan: acme-platform -->"
    assert lines[1].startswith("**Plan: 6 to create, 0 to update, 0 to cancel, 0 unchanged.**")
    assert "| weekly-sync | Weekly sync | 4 |" in done.out
    assert team.run("show", "plan.json", "--markdown").out == done.out


def test_markdown_from_remote_text_mentions_nobody(team: Team) -> None:
    from reconciler.dingtalk import EventPatch

    team.apply()
    event = team.events()[0]
    patch = EventPatch(title="@all | <img src=x>")
    team.client.events.patch(organizer="union-alice", event_id=event.id, patch=patch, token="t")
    out = team.run("plan", "--markdown").out
    assert "title: @\u200ball \\| \\<img src=x\\> → Weekly sync **(changed in DingTalk)**" in out


def test_a_plan_for_everybody_names_nobody_and_its_file_is_applied_all_the_same(team: Team) -> None:
    done = team.run("plan", "--out", "plan.json", "--json", RECONCILER_HIDE_PEOPLE="true")
    shown = [done.out, team.run("plan", "--markdown", RECONCILER_HIDE_PEOPLE="true").out]
    shown += [team.run("show", "plan.json", flag, "--hide-people").out for flag in ("--markdown", "--html=-")]
    for text in shown:
        assert "person-2" in text
        assert not [name for name in (*PEOPLE, "union-") if name in text]
    assert team.run("apply", "plan.json").code == 0
    assert len(team.events()) == 6


def test_a_plan_that_asks_nobody_takes_no_credentials(team: Team) -> None:
    def offline() -> Done:
        line = ("plan", "--refresh", "none", "--lock=false", "--json")
        return team.run(*line, DINGTALK_APP_KEY="", DINGTALK_APP_SECRET="")

    team.config["people"]["dave"] = {"userid": "user-dave"}
    done = offline()
    assert done.code == 0, done.err
    assert done.json["summary"]["create"] == 6
    assert done.json["warnings"][0].startswith("dave: known by alias alone")
    assert team.sandbox.control("calls")["calls"] == []
    team.apply()  # now the state knows what is booked, and who dave is
    done = offline()
    assert (done.json["changes"], done.json["warnings"]) == ([], [])
    assert team.run("plan", DINGTALK_APP_KEY="").code == 1


def test_json_and_markdown_exclude_each_other(team: Team) -> None:
    assert team.run("plan", "--json", "--markdown").code == 64
    assert team.run("plan", "--markdown", "--markdown-limit", "10").code == 64


def outputs(file: Path) -> dict[str, str]:
    """Return what GitHub would read."""
    found = {}
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        found[name] = "\n".join(iter(lambda: next(lines), delimiter))
    return found


def test_mistakes_are_annotated_on_their_lines(team: Team) -> None:
    team.config["meetings"]["weekly-sync"]["rooms"] = ["aurorra"]
    done = team.run("validate", "--annotations", "github", GITHUB_WORKSPACE=str(team.folder.parent))
    assert done.code == 1
    line = next(
        number
        for number, text in enumerate((team.folder / "meetings.yaml").read_text().splitlines(), 1)
        if "aurorra" in text
    )
    assert done.out.startswith(f"::error file=repository/meetings.yaml,line={line},col=")
    with_document = team.run("validate", "--json", "--annotations", "github")
    assert with_document.json["valid"] is False
    assert with_document.err.startswith("::error file=meetings.yaml,")
    assert team.run("plan", "--annotations", "github").out.startswith("::error file=meetings.yaml,")
    assert team.sandbox.control("calls")["calls"] == []


def test_a_code_quality_report_is_written_with_and_without_mistakes(team: Team) -> None:
    report = team.folder / "quality.json"
    assert team.run("validate", "--codequality", "quality.json").code == 0
    assert json.loads(report.read_text()) == []
    team.config["meetings"]["weekly-sync"]["rooms"] = ["aurorra"]
    assert team.run("validate", "--codequality", "quality.json").code == 1
    assert json.loads(report.read_text())[0]["location"]["path"] == "meetings.yaml"
    assert team.run("validate", "--codequality", "no/such/folder.json").code == 1


def test_a_plan_writes_the_code_quality_report_of_its_config_too(team: Team) -> None:
    report = team.folder / "quality.json"
    team.config["meetings"]["retro"]["schedule"]["start"] = "2026-01-06T15:00"  # no date of the rule: a warning
    assert team.run("plan", "--codequality", "quality.json").code == 0
    (warning,) = json.loads(report.read_text())
    assert (warning["severity"], warning["location"]["path"]) == ("minor", "meetings.yaml")
    team.config["meetings"]["retro"]["rooms"] = {"any": ["borealis"]}
    taken = {"dateTime": "2026-12-09T15:00:00+08:00", "timeZone": "Asia/Shanghai"}
    until = {"dateTime": "2026-12-09T16:00:00+08:00", "timeZone": "Asia/Shanghai"}
    team.sandbox.control("edits", {
        "action": "create_event", "organizer": "union-carol", "summary": "x", "start": taken, "end": until,
        "rooms": ["room-borealis"],
    })  # fmt: skip
    assert team.run("plan", "--codequality", "quality.json").code == 1
    (error,) = (one for one in json.loads(report.read_text()) if one["severity"] == "critical")
    lines = (team.folder / "meetings.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[error["location"]["lines"]["begin"] - 1].strip() == "rooms:"
    team.config["meetings"]["weekly-sync"]["rooms"] = ["aurorra"]
    assert team.run("plan", "--codequality", "quality.json").code == 1
    assert "critical" in {one["severity"] for one in json.loads(report.read_text())}


def test_a_step_of_github_actions_gets_outputs_and_a_summary(team: Team) -> None:
    output, summary = team.folder / "output", team.folder / "summary"

    def step() -> Done:
        where = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(team.folder)}
        return team.run("plan", "--ci-outputs", now=NOW, **where)

    done = step()
    assert done.code == 0, done.err
    found = outputs(output)
    assert [found[name] for name in ("changes", "to_add", "to_change", "to_destroy", "failure-reason")] == [
        "true", "6", "0", "0", "",
    ]  # fmt: skip
    assert "6 to create" in Path(found["text_plan_path"]).read_text(encoding="utf-8")
    assert json.loads(Path(found["json_plan_path"]).read_text(encoding="utf-8"))["summary"]["create"] == 6
    assert summary.read_text(encoding="utf-8").startswith("<!-- reconciler plan: acme-platform -->\n**Plan: 6")
    output.unlink()
    team.config["meetings"]["weekly-sync"]["rooms"] = ["aurorra"]
    assert step().code == 1
    assert outputs(output) == {"changes": "false", "failure-reason": "validation-failed"}


def test_outputs_need_a_step_to_give_them_to(team: Team) -> None:
    assert team.run("plan", "--ci-outputs", GITHUB_OUTPUT="").code == 64


def test_no_report_names_somebody_whose_alias_stands_in_a_warning(team: Team) -> None:
    team.config["people"]["ally"] = team.config["people"]["alice"]  # the same person twice: a warning names both
    meeting = next(iter(team.config["meetings"].values()))
    team.config["meetings"]["beside"] = {**meeting, "title": "Beside", "rooms": []}  # another names the organiser
    line = ("plan", "--codequality", "quality.json", "--out", "plan.json", "--annotations", "github")
    done = team.run(*line, "--hide-people")
    assert done.code == 0, done.err
    report = (team.folder / "quality.json").read_text(encoding="utf-8")
    for text in (done.out, report, team.run("show", "plan.json", "--hide-people").out):
        assert "is the same person as" in text
        assert not [one for one in (*PEOPLE, "ally", "union-") if one in text], text
