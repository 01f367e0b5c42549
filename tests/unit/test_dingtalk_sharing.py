"""A pace that several runs keep together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import fakeredis
import pytest

from reconciler.config.model import LimiterKind, LimiterSettings
from reconciler.dingtalk.pace import Shared, Unreachable
from reconciler.dingtalk.sharing import SharedFile, SharedRedis, open_shared
from reconciler.errors import ReconcilerError

SLOW = 0.1  # calls per second: no machine is so busy that ten seconds pass between two lines of a test

# A run that makes calls, and prints the times that it was let through at.
RUN = """
import sys, time
from pathlib import Path
from reconciler.dingtalk.sharing import SharedFile
looked = []
def clock():
    looked.append(time.time())
    return looked[-1]
lane = SharedFile(Path(sys.argv[1]), "app", clock).lane("event.create", 60)
for _ in range(50):
    while pause := lane.enter():
        time.sleep(pause)
    print(int(looked[-1] * 1000))
"""


def _open(kind: LimiterKind, root: Path, environment: dict[str, str] | None = None, **more: str) -> Shared | None:
    settings = LimiterSettings(kind=kind, path=more.pop("path", ""))
    known = {"app": "key", "endpoint": "https://api.dingtalk.com"} | more
    return open_shared(settings, environment or {}, root=root, app=known["app"], endpoint=known["endpoint"])


@pytest.fixture(params=["file", "redis"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Shared]:
    """Return what makes a run of an app."""
    if request.param == "file":
        return lambda name: SharedFile(tmp_path, name)
    server = fakeredis.FakeServer()
    return lambda name: SharedRedis(fakeredis.FakeRedis(server=server), name)


def test_what_one_run_calls_the_other_waits_for(run: Callable[[str], Shared]) -> None:
    one, other = run("app").lane("event.create", SLOW), run("app").lane("event.create", SLOW)
    assert one.enter() == 0
    assert 5 < other.enter() <= 10.5
    assert 5 < one.enter() <= 10.5
    one.close()
    other.close()


def test_other_apis_and_other_apps_are_not_waited_for(run: Callable[[str], Shared]) -> None:
    for name, call in (("app", "event.create"), ("app", "rooms.book"), ("another", "event.create")):
        assert run(name).lane(call, SLOW).enter() == 0


def test_two_processes_together_stay_below_the_limit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    times = sorted(int(line) for one in runs for line in one.communicate()[0].splitlines())
    assert [one.returncode for one in runs] == [0, 0]
    assert len(times) == 100
    assert all(later - earlier > 1000 for earlier, later in zip(times, times[60:], strict=False))


def test_runs_with_simulated_time_use_nearly_all_of_the_rate(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    lanes = [SharedFile(tmp_path, "app", lambda: now).lane("event.create", 20) for _ in range(2)]
    times: list[float] = []
    while len(times) < 200:
        pauses = [lane.enter() for lane in lanes]
        times += [now] * pauses.count(0)
        now += min(pause for pause in pauses if pause)
    assert 199 / (times[-1] - times[0]) >= 19
    assert all(later - earlier > 1 for earlier, later in zip(times, times[20:], strict=False))


@pytest.mark.parametrize("damage", [b"17000000", b"\xff\x00 torn", b""])
def test_a_damaged_file_stops_nobody_for_long(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "app-event.create").write_bytes(damage)
    now = 1_800_000_000.0
    lane = SharedFile(tmp_path, "app", lambda: now).lane("event.create", 20)
    now += lane.enter()
    assert lane.enter() < 1.1
    now += 1.1
    assert lane.enter() == 0


def test_a_clock_that_was_set_back_stops_nobody(tmp_path: Path) -> None:
    assert SharedFile(tmp_path, "app", lambda: 1_800_000_000.0).lane("a", 1).enter() == 0
    assert SharedFile(tmp_path, "app", lambda: 1_700_000_000.0).lane("a", 1).enter() == 0


def test_a_folder_that_is_none_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable, match="file"):
        SharedFile(tmp_path / "file", "app").lane("a", 1).enter()


def test_a_redis_that_is_gone_is_unreachable() -> None:
    server = fakeredis.FakeServer()
    lane = SharedRedis(fakeredis.FakeRedis(server=server), "app").lane("a", 20)
    lane.enter()
    server.connected = False
    with pytest.raises(Unreachable, match="Redis"):
        lane.enter()


def test_nobody_is_asked_by_default(tmp_path: Path) -> None:
    assert _open(LimiterKind.LOCAL, tmp_path) is None


def test_the_folder_is_told_from_the_config_and_names_no_app(tmp_path: Path) -> None:
    shared = _open(LimiterKind.FILE, tmp_path, path="pace", app="the-app-key")
    assert shared is not None
    assert shared.lane("event.create", 20).enter() == 0
    assert not [one for one in (tmp_path / "pace").iterdir() if "the-app-key" in one.name]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "the address of the Redis"),
        ("http://redis", "the address of the Redis"),
        ("redis://:hush@redis.example.com/0", "clear text"),
    ],
)
def test_an_address_of_redis_that_will_not_do_is_explained(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(ReconcilerError, match=told) as caught:
        _open(LimiterKind.REDIS, tmp_path, {"RECONCILER_REDIS_URL": url})
    assert "hush" not in str(caught.value)
    assert "RECONCILER_REDIS_URL" in caught.value.fix


@pytest.mark.parametrize(("kind", "module"), [(LimiterKind.REDIS, "redis"), (LimiterKind.POSTGRES, "psycopg")])
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: LimiterKind, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "reconciler.state.pgconnect", raising=False)
    with pytest.raises(ReconcilerError, match="not installed") as caught:
        _open(kind, tmp_path, {"RECONCILER_REDIS_URL": "redis://localhost"})
    assert "pip install " in caught.value.fix
    assert module in caught.value.fix
