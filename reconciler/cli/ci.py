"""What pipelines read besides the result: annotations, a report of problems, the outputs of a GitHub step."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import click

from reconciler.cli import documents
from reconciler.cli.files import write
from reconciler.config.model import Config
from reconciler.diff.change import Action, Change
from reconciler.errors import ConfigError, Problem, ReconcilerError, UsageError
from reconciler.plan.operations import Plan
from reconciler.report.annotations import error_annotation, plan_annotations, plan_problems, problem_annotations
from reconciler.report.names import Names

APPLY_FAILED = "apply-failed"  # why a run fails
ROOMS_MISSING = "rooms-missing"  # why it does, where it is that alone


def located(file: str) -> str:
    """Return `file` relative to the root of the checkout, as GitHub and GitLab want it, where it stands in there."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    path, base = Path(file).resolve(), Path(root).resolve() if root else Path.cwd()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else file


def print_annotations(lines: Iterable[str], *, document: bool) -> None:
    """Print workflow commands; to stderr where stdout holds a `document`. GitHub reads both."""
    for line in lines:
        click.echo(line, err=document)


def annotate_problems(problems: Iterable[Problem], *, document: bool) -> None:
    """Print an annotation for each problem of the config."""
    print_annotations(problem_annotations(problems, located=located), document=document)


def write_codequality(problems: Iterable[Problem], path: Path) -> None:
    """Write GitLab's report; without problems too, so that those of before count as resolved."""
    from reconciler.report.codequality import codequality

    write(path, json.dumps(codequality(problems, located=located), ensure_ascii=True, indent=2) + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What to tell a pipeline about a plan, or about applying one. `document` says that stdout holds one.

    `report` is the file for a Code Quality report of the config.
    """

    annotate: bool
    outputs: bool
    document: bool
    planning: bool = True
    report: Path | None = None

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Tell what ends the block, too."""
        if self.outputs and not os.environ.get("GITHUB_OUTPUT"):
            raise UsageError("GITHUB_OUTPUT is not set", fix="--ci-outputs is for a step of GitHub Actions")
        try:
            yield
        except ReconcilerError as error:
            if self.report is not None and isinstance(error, ConfigError):
                write_codequality(error.problems, self.report)
            if self.annotate and isinstance(error, ConfigError):
                annotate_problems(error.problems, document=self.document)
            elif self.annotate:
                print_annotations([error_annotation(str(error))], document=self.document)
            if self.outputs:
                changes = {"changes": "false"} if self.planning else {}
                _outputs({**changes, "failure-reason": error.code, **_lock_info(error)})
            raise

    def tell_code(self, code: int, reason: str) -> None:
        """Tell how an apply ended, by its exit code; `reason` is why it failed."""
        if self.outputs:
            _outputs({"failure-reason": {0: "", 1: reason, 3: "deferred"}.get(code, "interrupted")})

    def tell(self, plan: Plan, names: Names, config: Config) -> None:
        """Tell of a plan that was made of `config`."""
        meetings = {name: one.position for name, one in config.meetings.items()}
        people = {alias: one.position for alias, one in config.people.items() if one.position is not None}
        rooms = {name: one.rooms_at or one.position for name, one in config.meetings.items()}
        if self.report is not None:
            found = plan_problems(plan, names=names, meetings=meetings, rooms=rooms, people=people)
            write_codequality([*config.warnings, *(one for one in found if one.position.file)], self.report)
        if self.annotate:
            lines = plan_annotations(plan, located=located, names=names, meetings=meetings, rooms=rooms, people=people)
            print_annotations(lines, document=self.document)
        if self.outputs:
            _outputs(_of(plan, names, config.provider.qps))
            summary = os.environ.get("GITHUB_STEP_SUMMARY")
            if summary:
                from reconciler.report.plan_markdown import plan_markdown

                write(Path(summary), plan_markdown(plan, names), mode="a")


def _of(plan: Plan, names: Names, qps: int) -> Mapping[str, str]:
    from reconciler.cli.console import console
    from reconciler.report.document import dump, plan_document
    from reconciler.report.plan_text import plan_text

    folder = Path(tempfile.mkdtemp(prefix="reconciler-", dir=os.environ.get("RUNNER_TEMP") or None))
    text, document = folder / "plan.txt", folder / "plan.json"
    with text.open("w", encoding="utf-8") as file:
        console(file, no_color=True).print(plan_text(plan, names, qps=qps))
    write(document, dump(plan_document(plan)))
    codes = sorted({failure.code for failure in plan.failures})
    if any(problem.is_error for problem in plan.problems):
        codes.append(ROOMS_MISSING)
    return {
        "changes": "true" if plan.changes else "false",
        "to_add": str(plan.count(Action.CREATE)),
        "to_change": str(plan.count(Action.UPDATE)),
        "to_destroy": str(plan.count(Action.CANCEL)),
        "to_move": str(sum(_moves(planned.change) for planned in plan.changes)),
        "to_import": str(sum(_imports(planned.change) for planned in plan.changes)),
        "text_plan_path": str(text),
        "json_plan_path": str(document),
        "failure-reason": ",".join(codes),
    }


def _lock_info(error: ReconcilerError) -> Mapping[str, str]:
    """Return who holds the lock, as Terraform's backends say it, where that is what `error` is about."""
    found = documents.lock_info(error)
    return {"lock-info": json.dumps(found, ensure_ascii=False)} if found is not None else {}


def _moves(change: Change) -> bool:
    """Return whether an occurrence gets another address: the meeting is renamed, or its rule has changed."""
    if change.action is not Action.UPDATE or change.before is None or change.after is None:
        return False
    marker = change.before.marker
    return (change.before.key if marker is None else marker.key) != change.after.key


def _imports(change: Change) -> bool:
    """Return whether an event that people made becomes ours."""
    return change.action is Action.UPDATE and change.before is not None and change.before.adopting


def _outputs(values: Mapping[str, str]) -> None:
    """Append to $GITHUB_OUTPUT. A delimiter that nobody can guess keeps a value from adding an output of its own."""
    lines = []
    for name, value in values.items():
        delimiter = f"end-{uuid4()}"
        lines.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    write(Path(os.environ["GITHUB_OUTPUT"]), "".join(lines), mode="a")
