"""Make the pictures of the README: what the tool prints, as SVG, on the example config and a fixed day."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

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


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = folder / "meetings.yaml"
        shutil.copy(ROOT / "meetings.yaml", config)
        picture("plan", "reconciler plan", run(folder, "plan"))
        run(folder, "apply", "-y")
        text = config.read_text(encoding="utf-8")
        config.write_text(edited(text), encoding="utf-8")
        picture("update", "reconciler plan", run(folder, "plan"))
        config.write_text(text, encoding="utf-8")
        picture("agenda", "reconciler agenda --days 3", run(folder, "agenda", "--days", "3"))
        config.write_text(text.replace("rooms: [aurora]", "rooms: [aurorra]", 1), encoding="utf-8")
        picture("validate", "reconciler validate", run(folder, "validate"))


def edited(text: str) -> str:
    """Return the example with an edit such as people make: a new title, another time, another room."""
    for before, after in EDITS.items():
        text = text.replace(before, after, 1)
    return text


if __name__ == "__main__":
    main()
