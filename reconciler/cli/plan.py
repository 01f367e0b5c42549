"""`plan`: show what apply would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.options import (
    Globals,
    Selection,
    annotations_option,
    brief_options,
    ci_outputs_option,
    codequality_option,
    foresight_option,
    global_options,
    hide_people_option,
    json_into_option,
    looking_options,
    markdown_options,
    option,
    planning_options,
    refresh_option,
)


@click.command("plan")
@planning_options
@option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan, for `apply FILE`; it names people."
)
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 if changes are pending.")
@looking_options
@refresh_option
@foresight_option
@markdown_options
@hide_people_option
@annotations_option
@codequality_option
@ci_outputs_option
@json_into_option
@global_options
@brief_options
def command(
    settings: Globals,
    *,
    as_json: bool,
    markdown_limit: int | None,
    hide_people: bool,
    out: Path | None,
    detailed_exitcode: bool,
    annotations: str | None,
    codequality: Path | None,
    ci_outputs: bool,
    selection: Selection,
    lock: bool,
    lock_timeout: float,
    refresh: str,
    foresight: bool,
) -> int:
    """Show what apply would do. Changes nothing in DingTalk.

    It locks the state while it looks, so that no apply changes what it sees, and remembers there what it
    saw. A run that may only read the state, such as one for a pull request, uses --lock=false.

    \b
    Examples:
      reconciler plan
      reconciler plan --target weekly-sync --detailed-exitcode
      reconciler plan --json | jq .summary
      reconciler plan --markdown > comment.md
      reconciler plan --out plan.json && reconciler apply plan.json
      reconciler plan --lock=false
    """
    from reconciler.cli.ci import Told
    from reconciler.cli.exits import PENDING, reading_code
    from reconciler.cli.files import check_writable
    from reconciler.cli.planfile import save_plan
    from reconciler.cli.planning import names_for, planned, print_plan, shown
    from reconciler.cli.project import open_project
    from reconciler.observe import Refresh
    from reconciler.workflow.bookkeeping import remember_look
    from reconciler.workflow.looking import Question

    document = as_json or markdown_limit is not None
    told = Told(annotate=annotations is not None, outputs=ci_outputs, document=document, report=codequality)
    with told.failing():
        check_writable(out, "the plan", replaced=True)
        check_writable(codequality)
        project = open_project(settings)
        question = Question(
            refresh=Refresh(refresh),
            targets=selection.targets,
            excluded=selection.excluded,
            foresight=foresight,
            parallelism=selection.parallelism,
        )
        connecting = project.client(counts=lock, offline=question.refresh is Refresh.NONE)
        with connecting as client, project.looking("plan", lock=lock, timeout_s=lock_timeout):
            made = planned(project, client, question, settings, quiet=as_json)
            if lock:
                remember_look(project.store, client, now=project.clock(), rooms=made.state.rooms, planned=made)
            if out is not None:
                save_plan(made, project, out, refresh=refresh)
        named = names_for(project, made)
        plan, names = shown(made.plan, named, hide_people=hide_people)
        config = project.config
        if hide_people:
            from reconciler.report.hiding import called_aliases, problems_without_people

            called = called_aliases(config.people, made.plan, named)
            people = {called[alias]: one for alias, one in config.people.items()}
            warnings = problems_without_people(config.warnings, made.plan, named)
            config = replace(config, people=people, warnings=warnings)
        told.tell(plan, names, config)
    print_plan(plan, names, settings, qps=project.config.provider.qps, as_json=as_json, markdown_limit=markdown_limit)
    return reading_code(made) or (PENDING if detailed_exitcode and made.plan.changes else 0)
