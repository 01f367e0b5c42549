"""What SIGINT and SIGTERM do while DingTalk is written: the run ends after the calls in flight."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.apply.applying import Stop
from reconciler.apply.outcome import Failure
from reconciler.cli.console import tell
from reconciler.cli.interrupt import SIGNALS, STOPPED


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the run after the calls in flight; a second SIGINT stops it at once."""

    def ask(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if stop.requested:
            os._exit(STOPPED[name])  # the journal knows what was under way
        stop.request(Failure(code=name, message=f"stopped by {name}", hint="the next run continues"))
        tell(f"{name}: finishing the calls in flight; a second Ctrl-C stops at once")

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
