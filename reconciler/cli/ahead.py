"""What takes its time on the network, begun while the rest of the program is still being loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from reconciler.cli.options import Globals
from reconciler.cli.project import Project, open_project
from reconciler.config.model import ProviderKind
from reconciler.errors import ReconcilerError


@contextmanager
def logged_in_ahead(settings: Globals, *, override_freeze: bool) -> Iterator[Project | None]:
    """Give the project, whose client is fetching its access token meanwhile; None where it can't be opened.

    Whatever is wrong with it is left for the command to find, and to tell, in its place. Nothing is asked of DingTalk
    during a freeze.
    """
    with ExitStack() as stack:
        project = None
        with suppress(ReconcilerError):
            project = open_project(settings)
            now = project.clock()
            held = not override_freeze and any(window.holds(now) for window in project.config.freezes)
            if project.config.provider.kind is ProviderKind.DINGTALK and not held:
                client = stack.enter_context(project.client())
                client.session.login_ahead()
                project = replace(project, connection=client)
        yield project
