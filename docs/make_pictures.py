"""Make the pictures of the README: what the tool prints, as SVG, and its pages as a browser shows them.

All of them on the example config and a fixed day. The pages need Chromium; without it they are left as they are.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.text import Text

from reconciler.config import load
from reconciler.sandbox.embedded import Sandbox
from reconciler.workflow.provider import open_sandbox

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
NOW = "2026-11-30T00:00:00+00:00"
WIDTH = 100
EDITS = {
    "title: Platform weekly sync": "title: Platform sync",
    "T20:00": "T20:30",
    "rooms: [aurora, spree]": "rooms: [borealis, spree]",
}


def run(folder: Path, *arguments: str) -> str:
    """Return what `reconciler` prints in `folder`, colours included."""
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    environment |= {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color", "RECONCILER_NOW": NOW}
    command = [sys.executable, "-m", "reconciler", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def picture(name: str, command: str, output: str, *, most_lines: int = 38) -> None:
    """Write what a terminal would show of `command` to `pictures/<name>.svg`."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    lines = output.rstrip("\n").split("\n")
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 7], "  …", *lines[-6:]]
    console.print(Text.from_ansi("\n".join(lines)))
    PICTURES.mkdir(exist_ok=True)
    console.save_svg(str(PICTURES / f"{name}.svg"), title="reconciler", unique_id=f"reconciler-{name}")


PAGE_EDITS = {
    "title: Platform weekly sync": "title: Platform sync",
    "T20:00": "T20:30",
    "start: 2026-03-12T14:00": "start: 2026-03-12T15:00",
    "rooms: [aurora, spree]": "rooms: [borealis, spree]",
    "on: [mon, wed, thu]": "on: [mon, thu]",
}


def photograph_pages(folder: Path) -> None:
    """Make the pictures of the pages: the agenda, a plan, and the sandbox while somebody edits by hand."""
    program = shutil.which("chromium")
    if program is None:
        sys.stderr.write("There is no chromium: the pictures of the pages are left as they are.\n")
        return
    config = folder / "meetings.yaml"
    shutil.copy(ROOT / "meetings.yaml", config)
    now = datetime.fromisoformat(NOW)
    with open_sandbox(load(config, now=now), clock=lambda: now) as sandbox, sync_playwright() as driver:
        sandbox.control("edits", {"action": "change_room", "room": "4002fHudson", "rules": {"approval": True}})
        run(folder, "apply", "-y")
        answer_by_hand(sandbox)
        run(folder, "plan")  # from now on the answer is remembered
        run(folder, "agenda", "--days", "12", "--html", "agenda.html")
        config.write_text(edited(config.read_text(encoding="utf-8"), PAGE_EDITS), encoding="utf-8")
        run(folder, "plan", "--out", "plan.json")
        run(folder, "show", "plan.json", "--html", "plan.html")
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=program, args=options)
        agenda, plan = ((folder / name).as_uri() for name in ("agenda.html", "plan.html"))
        with opened(browser, agenda, width=1280, height=1060) as page:
            photograph(page, "agenda-page")
        with opened(browser, agenda, width=390, height=844, color_scheme="dark") as page:
            page.get_by_role("heading", level=2).nth(1).evaluate("it => it.scrollIntoView()")
            photograph(page, "agenda-phone")
        with opened(browser, plan, width=1280, height=1000, color_scheme="dark") as page:
            photograph(page, "plan-page")
        with opened(browser, sandbox.endpoint, width=1280, height=1000) as page:
            photograph(page, "sandbox-page")
            meeting = page.get_by_role("article").filter(has=page.get_by_role("heading", name="On-call handover"))
            meeting.get_by_text("Edit by hand").first.click()
            meeting.screenshot(path=PICTURES / "sandbox-edit.png")
        browser.close()


def answer_by_hand(sandbox: Sandbox) -> None:
    """Decline a room of the next sprint review."""
    events = [one for one in sandbox.control("events")["events"] if one["summary"] == "Sprint review"]
    answer = {"action": "respond_room", "event": events[0]["id"], "room": "4002fSpree", "status": "declined"}
    sandbox.control("edits", answer)


@contextmanager
def opened(browser: Browser, address: str, *, width: int, height: int, **looks: Any) -> Iterator[Page]:
    """Give a page that shows `address`, in a window of that many CSS pixels."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=1.5,
        locale="en-GB",
        reduced_motion="reduce",
        **looks,
    )
    page.goto(address)
    yield page
    page.close()


def photograph(page: Page, name: str) -> None:
    """Write what the window shows to `pictures/<name>.png`."""
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as pages:
        photograph_pages(Path(pages))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = folder / "meetings.yaml"
        shutil.copy(ROOT / "meetings.yaml", config)
        picture("plan", "reconciler plan", run(folder, "plan"))
        run(folder, "apply", "-y")
        text = config.read_text(encoding="utf-8")
        config.write_text(edited(text, EDITS), encoding="utf-8")
        picture("update", "reconciler plan", run(folder, "plan"))
        config.write_text(text, encoding="utf-8")
        picture("agenda", "reconciler agenda --days 3", run(folder, "agenda", "--days", "3"))
        config.write_text(text.replace("rooms: [aurora]", "rooms: [aurorra]", 1), encoding="utf-8")
        picture("validate", "reconciler validate", run(folder, "validate"))


def edited(text: str, edits: dict[str, str]) -> str:
    """Return the example with edits such as people make: a new title, another time, another room."""
    for before, after in edits.items():
        text = text.replace(before, after, 1)
    return text


if __name__ == "__main__":
    main()
