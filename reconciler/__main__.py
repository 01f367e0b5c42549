"""The entry point of `reconciler` and of `python -m reconciler`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(1_000_000, 50, 50)  # a run is short, what it makes it keeps, and circles are rare
    from reconciler.cli import interrupt

    try:
        interrupt.listen()
        from reconciler.cli.main import run

        code = run(sys.argv[1:])
    except interrupt.Interrupted as stop:  # before there was a command, or between its end and ours
        code = stop.exit_code
        sys.stderr.write(f"error: {stop.told}\n")
    with interrupt.ignored():
        gc.freeze()  # else all that there is would be looked through once more before it is thrown away
        sys.exit(code)


if __name__ == "__main__":
    main()
