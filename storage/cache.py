"""Short-lived facts that may be forgotten: five verbs, in memory or on Redis. Never the only copy of anything.

Times to live are seconds. Locks expire by themselves and are released only by their holder.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, cast

_SWEEP_EVERY = 1_000


class Cache(Protocol):
    """What the bot may ask of a cache."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, ttl: float) -> None: ...

    def once(self, key: str, ttl: float) -> bool:
        """True for the first caller within ``ttl`` seconds, False for everyone after."""
        ...

    def lock(self, key: str, ttl: float) -> str | None:
        """A token for the holder, or None while somebody else holds it."""
        ...

    def unlock(self, key: str, token: str) -> None:
        """Give the lock back; a token that no longer holds it does nothing."""
        ...

    def delete(self, key: str) -> None: ...

    def ping(self) -> None:
        """Raises ``CacheDown`` when the cache does not answer."""
        ...


class CacheDown(Exception):
    """The cache does not answer."""


class MemoryCache:
    """The twin for one process. Thread-safe; expired keys go when touched or every thousand writes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, tuple[str, float]] = {}
        self._guard = threading.Lock()
        self._writes = 0

    def get(self, key: str) -> str | None:
        with self._guard:
            return self._alive(key)

    def set(self, key: str, value: str, ttl: float) -> None:
        with self._guard:
            self._put(key, value, ttl)

    def once(self, key: str, ttl: float) -> bool:
        return self._claim(key, "1", ttl)

    def lock(self, key: str, ttl: float) -> str | None:
        token = secrets.token_hex(8)
        return token if self._claim(key, token, ttl) else None

    def unlock(self, key: str, token: str) -> None:
        with self._guard:
            if self._alive(key) == token:
                del self._rows[key]

    def delete(self, key: str) -> None:
        with self._guard:
            self._rows.pop(key, None)

    def ping(self) -> None:
        return None

    def _claim(self, key: str, value: str, ttl: float) -> bool:
        with self._guard:
            if self._alive(key) is not None:
                return False
            self._put(key, value, ttl)
            return True

    def _alive(self, key: str) -> str | None:
        row = self._rows.get(key)
        if row is None:
            return None
        if row[1] <= self._clock():
            del self._rows[key]
            return None
        return row[0]

    def _put(self, key: str, value: str, ttl: float) -> None:
        now = self._clock()
        self._rows[key] = (value, now + ttl)
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            self._rows = {name: row for name, row in self._rows.items() if row[1] > now}


# compare-and-delete must be one step, or a holder whose lock ran out would release its successor's
_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class RedisCache:
    """The twin for many processes. Every call is bounded by a short socket timeout and raises ``CacheDown``."""

    def __init__(self, url: str, prefix: str = "gridbot:") -> None:
        # a large library, and a process without Redis never needs it
        import redis  # noqa: PLC0415

        self._redis = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=2.0, socket_connect_timeout=2.0, health_check_interval=30
        )
        self._prefix = prefix

    def get(self, key: str) -> str | None:
        with _down():
            return cast("str | None", self._redis.get(self._prefix + key))

    def set(self, key: str, value: str, ttl: float) -> None:
        with _down():
            self._redis.set(self._prefix + key, value, px=_milliseconds(ttl))

    def once(self, key: str, ttl: float) -> bool:
        return self._claim(key, "1", ttl)

    def lock(self, key: str, ttl: float) -> str | None:
        token = secrets.token_hex(8)
        return token if self._claim(key, token, ttl) else None

    def unlock(self, key: str, token: str) -> None:
        with _down():
            self._redis.eval(_UNLOCK, 1, self._prefix + key, token)

    def delete(self, key: str) -> None:
        with _down():
            self._redis.delete(self._prefix + key)

    def ping(self) -> None:
        with _down():
            self._redis.ping()

    def _claim(self, key: str, value: str, ttl: float) -> bool:
        with _down():
            return bool(self._redis.set(self._prefix + key, value, px=_milliseconds(ttl), nx=True))


@contextmanager
def _down() -> Iterator[None]:
    import redis  # noqa: PLC0415  # there already: whoever gets here holds a RedisCache

    try:
        yield
    except redis.RedisError as error:
        raise CacheDown(type(error).__name__) from error


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def open_cache(url: str) -> Cache:
    """The cache at ``url``, or one in memory when ``url`` is empty."""
    return RedisCache(url) if url else MemoryCache()
