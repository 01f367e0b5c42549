"""A process that has imported the program and forks one for every run: as good as new, twenty times as fast.

It reads one JSON object a line: `{"run": […], …}` starts the command line and answers with its pid, `{"wait": pid}`
answers with the exit status. Time passes faster for the client in it, so that waits and paces take no time; a `run`
with `"sync": n` dies by SIGKILL at its n-th fsync or rename, `"late"` says whether after it.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from reconciler.cli.main import run
from reconciler.dingtalk import Client, Credentials, Options, Session
from reconciler.dingtalk.transport import Limits
from reconciler.workflow import provider

FASTER = 200.0  # how much faster the client's clock goes
MOST_S = 50  # after so long a run is stuck


def _connect(read_s: float) -> Any:
    def connect(endpoint: str, credentials: Credentials, *, options: Options) -> Client:
        quick = Options(qps=options.qps, limits=Limits(connect_s=5.0, read_s=read_s, whole_s=90.0 * FASTER))
        return Client(
            Session(
                endpoint,
                credentials,
                options=quick,
                clock=lambda: time.monotonic() * FASTER,
                sleep=lambda seconds: time.sleep(seconds / FASTER),
            )
        )

    return connect


def _die_at(number: int, *, late: bool) -> None:
    """Kill this process at the `number`-th call, from 1, that makes something last on the disk."""
    counter = itertools.count(1)

    def dying(function: Any) -> Any:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            hit = next(counter) == number
            if hit and not late:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **named)
            if hit:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapped

    for name in ("fsync", "replace", "rename", "unlink"):
        setattr(os, name, dying(getattr(os, name)))


def _child(order: dict[str, Any]) -> int:
    signal.alarm(MOST_S)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    for number, path in ((0, os.devnull), (1, order["out"]), (2, order["err"])):
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, mode, 0o600), number)
    provider.connect = _connect(order["read_s"])  # type: ignore[attr-defined]  # not its own name, but ours to replace
    if "sync" in order:
        _die_at(order["sync"], late=order["late"])
    code = run(order["run"])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                code = 70
                try:
                    code = _child(order)
                except BaseException as error:  # noqa: BLE001  # told where the test looks
                    Path(order["err"]).write_text(f"Traceback: left the program: {error!r}", encoding="utf-8")
                finally:
                    os._exit(code)
        print(answer, flush=True)  # noqa: T201  # the answer of this protocol


if __name__ == "__main__":
    main()
