"""One pace for several processes: a file on this host, or a database that several hosts reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from filelock import FileLock, Timeout
from pyrate_limiter import InMemoryBucket, RateItem

from reconciler.config.model import LimiterKind, LimiterSettings
from reconciler.dingtalk.buckets import ask, rates
from reconciler.dingtalk.pace import Lane, Shared, Unreachable
from reconciler.errors import ReconcilerError
from reconciler.loopback import is_loopback

_PATIENCE_S = 5.0
_TIDY_MS = 5000
_WHERE = "provider.limiter"


def open_shared(
    settings: LimiterSettings, environment: Mapping[str, str], *, root: Path, app: str, endpoint: str
) -> Shared | None:
    """Return what the config names to share a pace by; None for nothing. Connects to nothing yet.

    `root` is the config's folder, `app` the app key: only calls of one app to one server share a limit. Raises
    ReconcilerError where a package or an address is missing.
    """
    name = sha256(f"{endpoint}\n{app}".encode()).hexdigest()[:12]
    match settings.kind:
        case LimiterKind.LOCAL:
            return None
        case LimiterKind.FILE:
            return SharedFile(_folder(settings, root), name)
        case LimiterKind.REDIS:
            return _redis(environment, name)
        case LimiterKind.POSTGRES:
            return _postgres(environment, name)


def _folder(settings: LimiterSettings, root: Path) -> Path:
    if settings.path:
        return root / Path(settings.path).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("reconciler") / "pace"


def _redis(environment: Mapping[str, str], name: str) -> Shared:
    url = environment.get("RECONCILER_REDIS_URL", "")
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        fix = "set RECONCILER_REDIS_URL, for example to rediss://:password@redis.example.com/0"
        raise ReconcilerError("the address of the Redis server is not known", where=_WHERE, fix=fix)
    if parts.scheme == "redis" and not is_loopback(parts.hostname or ""):
        fix = "write rediss:// in RECONCILER_REDIS_URL"
        raise ReconcilerError("the password would travel in clear text", where=_WHERE, fix=fix)
    try:
        from redis import Redis
    except ImportError as error:
        raise _missing("redis", "redis") from error
    client = Redis.from_url(url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)
    return SharedRedis(client, name)


def _postgres(environment: Mapping[str, str], name: str) -> Shared:
    try:
        from reconciler.state.pgconnect import parameters
    except ImportError as error:
        raise _missing("postgres", "'psycopg[binary]' certifi") from error
    try:
        return SharedPostgres(parameters(environment.get("RECONCILER_POSTGRES_DSN", "")), name)
    except ReconcilerError as error:
        error.where = _WHERE
        raise


def _missing(kind: str, packages: str) -> ReconcilerError:
    what = f"a limiter of kind {kind} needs a package that is not installed"
    return ReconcilerError(what, where=_WHERE, fix=f"pip install {packages}")


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file for each API in `folder`, with the times of its last calls. `clock` is the wall's, in seconds."""

    folder: Path
    name: str
    clock: Callable[[], float] = time.time

    def lane(self, call: str, qps: float) -> Lane:
        return _FileLane(self.folder / f"{self.name}-{call}", qps, self.clock)


class _FileLane:
    def __init__(self, path: Path, qps: float, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._rates = rates(qps)
        # Who waits looks often: what it is told is true for 50 ms.
        self._lock = FileLock(f"{path}.lock", timeout=_PATIENCE_S, poll_interval=0.002)

    def enter(self) -> float:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock:
                return self._enter(int(self._clock() * 1000))
        except Timeout:
            raise Unreachable(f"{self._path} stays locked") from None
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror or type(error).__name__}") from error

    def _enter(self, now_ms: int) -> float:
        bucket = InMemoryBucket(self._rates)
        # What lies ahead was written before the clock was set back.
        bucket.items = [RateItem("call", at) for at in self._times(now_ms) if at <= now_ms]
        pause = ask(bucket, now_ms)
        if pause == 0:
            self._path.write_text(" ".join(str(item.timestamp) for item in bucket.items), encoding="ascii")
        return pause

    def _times(self, now_ms: int) -> list[int]:
        with suppress(FileNotFoundError):
            try:
                return sorted(int(word) for word in self._path.read_bytes().split())
            except ValueError:  # somebody died while writing: as if all had been called just now
                times = [now_ms] * self._rates[-1].limit
                self._path.write_text(" ".join(map(str, times)), encoding="ascii")
                return times
        return []

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class SharedRedis:
    client: Any  # redis.Redis
    name: str

    def lane(self, call: str, qps: float) -> Lane:
        return _RedisLane(self.client, f"reconciler:pace:{self.name}:{call}", qps)


# One question, by the server's clock. pyrate-limiter's bucket takes the time as an argument, and does not see
# what another run has called since it was told: two runs were seen to make 22 calls in a second.
_LUA = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pause, most, longest = 0, 0, 0
for index = 2, #ARGV, 2 do
    local limit, interval = tonumber(ARGV[index]), tonumber(ARGV[index + 1])
    local earlier = redis.call('ZRANGE', KEYS[1], -limit, -limit, 'WITHSCORES')[2]
    if earlier and tonumber(earlier) <= now then
        pause = math.max(pause, tonumber(earlier) + interval + 1 - now)
    end
    most, longest = math.max(most, limit), math.max(longest, interval)
end
if pause > 0 then
    return pause
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -most - 1)
redis.call('PEXPIRE', KEYS[1], 2 * longest)
return 0
"""


class _RedisLane:
    def __init__(self, client: Any, key: str, qps: float) -> None:
        self._client, self._key = client, key
        self._ask = client.register_script(_LUA)
        self._rates = [number for rate in rates(qps) for number in (rate.limit, rate.interval)]

    def enter(self) -> float:
        from redis.exceptions import RedisError

        try:
            return float(self._ask(keys=[self._key], args=[uuid4().hex, *self._rates])) / 1000
        except (RedisError, OSError) as error:  # its text may hold what the server was told
            raise Unreachable(f"Redis: {type(error).__name__}") from None

    def close(self) -> None:
        self._client.close()


@dataclass(frozen=True, slots=True)
class SharedPostgres:
    """A table for each API. `parameters` are what to connect with."""

    parameters: dict[str, Any]
    name: str

    def lane(self, call: str, qps: float) -> Lane:
        return _PostgresLane(self.parameters, f"{self.name}_{call.replace('.', '_')}", qps)


class _PostgresLane:
    def __init__(self, parameters: dict[str, Any], table: str, qps: float) -> None:
        self._pool = _OneConnection(parameters)
        self._table, self._qps = table, qps
        self._bucket: Any = None
        self._tidied = 0

    def enter(self) -> float:
        from psycopg import Error
        from pyrate_limiter import PostgresBucket

        try:
            if self._bucket is None:
                self._bucket = PostgresBucket(self._pool, self._table, rates(self._qps))
            now_ms = self._pool.now_ms()
            tidy = now_ms - self._tidied > _TIDY_MS  # which keeps others out for a moment
            self._tidied = now_ms if tidy else self._tidied
            return ask(self._bucket, now_ms, tidy=tidy)
        except (Error, OSError) as error:  # its text may hold what the server was told
            raise Unreachable(f"PostgreSQL: {type(error).__name__}") from None

    def close(self) -> None:
        self._pool.close()


class _OneConnection:
    """What PostgresBucket takes for a pool: one connection, which one thread at a time uses."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        # The bucket keeps times without a zone.
        self._parameters = {**parameters, "options": "-c timezone=UTC -c statement_timeout=5000"}
        self._connection: Any = None

    @contextmanager
    def connection(self) -> Iterator[Any]:
        import psycopg

        if self._connection is None:
            self._connection = psycopg.connect(**self._parameters)
        try:
            yield self._connection
            self._connection.commit()
        except BaseException:
            self.close()
            raise

    def now_ms(self) -> int:
        """Return the server's time: one clock for all hosts."""
        with self.connection() as connection:
            row = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").fetchone()
        return int(row[0])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
