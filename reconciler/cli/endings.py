"""SIGTERM as an exception, so that a run that is told to end gives back what it holds: above all the state's lock."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """Somebody told the process to end. No error: whoever catches errors lets it pass, as with KeyboardInterrupt."""


@contextmanager
def orderly() -> Iterator[None]:
    """Let SIGTERM raise Terminated for as long as the block runs. A command may take the signal for its own."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are none of its business
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
