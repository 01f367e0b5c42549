"""What SIGINT and SIGTERM do while nothing is written: end the run by an exception of ours, told where all errors are.

While DingTalk is written, `stopping.stopping` takes their place.
"""

from __future__ import annotations

import os
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPED = {number.name: 128 + number for number in SIGNALS}  # exit codes, as shells have them
_AGAIN_S = 0.02
_WEAK = weakref.__file__
HALT = threading.Event()  # sessions send nothing once it is set: threads that read end soon, and so does who waits


class Interrupted(BaseException):
    """A signal asks to stop. No `except Exception` takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = STOPPED[signal.Signals(number).name]

    @property
    def told(self) -> str:
        """Return what is told of it."""
        return "interrupted" if self.exit_code == STOPPED["SIGINT"] else "stopped by SIGTERM"


def listen() -> None:
    """Let the first signal raise Interrupted in the main thread, and the second end the process at once.

    By default SIGTERM ends a process without a word, and one with the number 1, as in a container, not at all.
    """
    for number in SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def ignored() -> Iterator[None]:
    """Let signals do nothing within the block: how it ended is being told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if HALT.is_set():
        os._exit(128 + number)
    if _would_be_lost(frame):
        signal.signal(signal.SIGALRM, lambda _alarm, later: _deliver(number, later))
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        return
    HALT.set()
    raise Interrupted(number)


def _would_be_lost(frame: FrameType | None) -> bool:
    """Return whether an exception would not come through from here.

    Python passes over those of finalizers and callbacks, and what an import defines may turn them into its own.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename.startswith("<frozen importlib") or code.co_filename == _WEAK:
            return True
        frame = frame.f_back
    return False


def _deliver(number: int, frame: FrameType | None) -> None:
    """Hand a signal that had to wait to whatever answers it by now."""
    answer = signal.getsignal(number)
    if callable(answer):
        answer(number, frame)
