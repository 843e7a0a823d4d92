"""Both caches keep the same five promises."""

import time

import pytest

from storage.cache import Cache, CacheDown, MemoryCache, RedisCache


def test_a_value_is_there_until_its_time_is_up(cache: Cache) -> None:
    cache.set("k", "值", 0.2)
    assert cache.get("k") == "值"
    time.sleep(0.3)
    assert cache.get("k") is None


def test_once_is_true_for_the_first_only(cache: Cache) -> None:
    assert cache.once("k", 5)
    assert not cache.once("k", 5)
    cache.delete("k")
    assert cache.once("k", 5)


def test_a_lock_has_one_holder_and_only_he_gives_it_back(cache: Cache) -> None:
    token = cache.lock("k", 5)
    assert token is not None
    assert cache.lock("k", 5) is None
    cache.unlock("k", "somebody else")
    assert cache.lock("k", 5) is None
    cache.unlock("k", token)
    assert cache.lock("k", 5) is not None


def test_a_lock_that_ran_out_is_not_released_by_its_old_holder(cache: Cache) -> None:
    old = cache.lock("k", 0.1)
    assert old is not None
    time.sleep(0.2)
    new = cache.lock("k", 5)
    assert new is not None
    cache.unlock("k", old)
    assert cache.lock("k", 5) is None


def test_a_living_cache_answers(cache: Cache) -> None:
    cache.ping()


def test_a_dead_redis_says_so() -> None:
    with pytest.raises(CacheDown):
        RedisCache("redis://127.0.0.1:1/0").ping()


def test_memory_forgets_what_nobody_asks_for() -> None:
    now = [0.0]
    cache = MemoryCache(clock=lambda: now[0])
    for number in range(999):
        cache.set(f"k{number}", "v", 1)
    now[0] = 2
    cache.set("last", "v", 1)
    assert len(cache._rows) == 1
