"""A plan in a file: `plan --out` writes it, `show` and `apply PLANFILE` read it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from reconciler.cli.files import unwritable
from reconciler.cli.project import Project
from reconciler.errors import PlanUnreadable, StateError
from reconciler.plan.operations import Plan
from reconciler.workflow.looking import Planned


def save_plan(made: Planned, project: Project, path: Path, *, refresh: str) -> None:
    """Write the plan to `path`, readable by nobody else: whole, or not at all."""
    from reconciler.plan.file import dumps
    from reconciler.plan.staying import touches_rooms
    from reconciler.state.lines import parted

    state = project.store.load()
    settled = parted(state.entries, made.settled.meetings)[0].values() if touches_rooms(made.plan) else ()
    text = dumps(made.plan, config=project.config, people=made.people, state=state, refresh=refresh, settled=settled)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise unwritable("the plan", path, error) from error


def read_plan(path: Path) -> tuple[Plan, dict[str, Any]]:
    """Return a saved plan and what it was made from. Raises PlanUnreadable, also where others could have written it."""
    from reconciler.plan.file import loads
    from reconciler.state.folder import check_file

    try:
        check_file(path)
        text = path.read_text(encoding="utf-8")
    except StateError as error:
        raise PlanUnreadable(error.what, where=error.where, fix=error.fix) from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        fix = "name a file that `plan --out FILE` wrote"
        raise PlanUnreadable(f"the plan can't be read: {why}", where=str(path), fix=fix) from error
    return loads(text, where=str(path))
