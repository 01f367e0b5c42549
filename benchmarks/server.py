"""The sandbox as a process of its own: `python benchmarks/server.py FOLDER [--qps 20] [--delay-s 0.3]`.

Serves FOLDER/server.db until stdin ends. Its first line names endpoint, key and secret.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 29, tzinfo=UTC)
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "RECONCILER_NOW": NOW.isoformat(), "NO_COLOR": "1"}


@dataclass(slots=True)
class Server:
    """A server in another process."""

    endpoint: str
    key: str
    secret: str
    seen: int = 0
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = ENVIRONMENT | {"DINGTALK_APP_KEY": self.key, "DINGTALK_APP_SECRET": self.secret}

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls since the last look, without those for tokens."""
        with urllib.request.urlopen(f"{self.endpoint}/_sandbox/calls?since={self.seen}") as answer:  # noqa: S310  # loopback
            found: list[dict[str, Any]] = json.load(answer)["calls"]
        self.seen = found[-1]["seq"] if found else self.seen
        return [call for call in found if call["api"] != "token"]


@contextmanager
def serving(folder: Path, *, qps: int = 0, delay_s: float = 0.0) -> Iterator[Server]:
    """Serve a folder; `qps` 0: no limit."""
    command = [sys.executable, __file__, str(folder), "--qps", str(qps), "--delay-s", str(delay_s)]
    with subprocess.Popen(
        command, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101  # asked for above
        assert process.stdout is not None  # noqa: S101  # asked for above
        endpoint, key, secret = process.stdout.readline().split()
        server = Server(endpoint, key, secret)
        server.calls()
        try:
            yield server
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until stdin ends."""
    from reconciler.sandbox.embedded import Sandbox
    from reconciler.sandbox.limits import Limits

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--qps", type=int, default=0)
    parser.add_argument("--delay-s", type=float, default=0.0)
    given = parser.parse_args()
    limits = Limits(qps=given.qps or None, address_calls=None, monthly_quota=None, daily_events=None)
    with Sandbox(given.folder / "server.db", clock=lambda: NOW, limits=limits) as sandbox:
        if given.delay_s:
            sandbox.control("faults", {"api": "*", "kind": "delay", "delay_s": given.delay_s, "times": None})
        print(sandbox.endpoint, *sandbox.credentials, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
