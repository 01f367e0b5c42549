"""What pipelines read: Markdown, annotations, reports, outputs."""

from __future__ import annotations

from team import Team


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


def test_json_and_markdown_exclude_each_other(team: Team) -> None:
    assert team.run("plan", "--json", "--markdown").code == 64
    assert team.run("plan", "--markdown", "--markdown-limit", "10").code == 64
