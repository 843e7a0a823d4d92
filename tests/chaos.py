"""A service process that is killed again and again under load, with the platform around it. Asserts nothing.

``python -m tests.chaos`` is the zygote: it imports and prepares everything once, holds the listening socket (as a
socket-activated service has it) and forks a service for each line it reads. A service opens its own engines. Time
runs ``SPEED`` times faster for service, stand-in and callers alike, so that all leases, paces and repeat intervals
keep their proportions. Two pure things are built once instead of at each start: the catalogue and the lexicon.
"""

import gc
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from select import select as wait_for
from typing import Any, NamedTuple
from urllib.parse import urlencode

import uvicorn
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

import bot.app
import bot.words
from bot.channels import wire
from bot.intents import engine as language
from bot.intents import words as segmenter
from bot.intents.catalog import load_catalog
from bot.intents.mask import mask
from config.logging import set_up_logging
from config.settings import read_settings
from storage.db import open_engine, reading, writing
from storage.message import Inbox, Outbox
from tests.standins.loopback import Faults
from tests.standins.wecom import CORP, SECRET, WecomStandIn
from tests.standins.wecom_caller import AES_KEY, TOKEN, WecomCaller
from tests.standins.wecom_rules import AGENT
from tests.town import NOON

SPEED = 30.0  # a minute in two seconds: so long a claim outlives its killed holder
LATENCY = 0.04  # real seconds of every answer of the platform: what is under way at a kill is under way for so long
TIMEOUT = 1.0  # real seconds; a token and a send fit into a lease, as they do in service
TRIES, PATIENCE = 3, 5.0  # the platform waits five seconds for its 200, and calls three times in all
CALLERS, PER_SECOND = 6, 36.0


@dataclass(frozen=True)
class FastClock:
    """Shared by all processes: the machine's monotonic clock, ``SPEED`` times as fast, from NOON on."""

    zero: float

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=(time.monotonic() - self.zero) * SPEED)

    def seconds(self) -> float:
        return self().timestamp()


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        os.write(1, b"serving\n")


def _zygote() -> None:
    """Prepare, say the port, then fork a service per line; the last one dies with the standard input."""
    order = json.loads(sys.stdin.readline())
    door = socket.create_server(("127.0.0.1", 0), backlog=512)
    set_up_logging(style="text", level="warning", mask=mask)
    settings, catalog = read_settings(order["settings"]), load_catalog()
    built: dict[tuple[Any, ...], language.Engine] = {}

    def lexicon(catalog: Any, places: Sequence[Any] = ()) -> language.Engine:
        if tuple(places) not in built:
            built[tuple(places)] = language.Engine(catalog, places)
        return built[tuple(places)]

    setattr(bot.words, "Engine", lexicon)  # noqa: B010
    setattr(bot.app, "load_catalog", lambda **_: catalog)  # noqa: B010
    segmenter.prepare()
    wire._trusted()
    import_module("aiohttp")  # a service reads it in at its first message; here once for all of them
    database = open_engine(settings.database)
    bot.words.LiveWords(database, catalog)
    database.dispose()  # no connection crosses a fork
    gc.freeze()
    print(door.getsockname()[1], flush=True)
    child = 0
    for _ in sys.stdin:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if child == 0:
            app = bot.app.build_app(bot.app.open_service(settings, clock=FastClock(order["zero"])))
            _Server(uvicorn.Config(app, access_log=False, log_config=None)).run(sockets=[door])
            os._exit(0)
        os.write(1, f"{child}\n".encode())
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class Victim:
    """The service in a process of its own, below the zygote; both in a group that ends with ``close``."""

    def __init__(self, order: dict[str, Any], log: Path) -> None:
        with log.open("ab") as errors:
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos"], cwd=bot.app.HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, start_new_session=True, bufsize=0,
            )  # fmt: skip
        self._heard, self._pid, self._order = b"", 0, json.dumps(order)

    def open(self) -> int:
        """Returns the port once everything is prepared."""
        self._say(self._order)
        return int(self._line())

    def spawn(self) -> float:
        """A new service; returns the seconds until it served."""
        started = time.monotonic()
        self._say("spawn")
        self._pid = int(({self._line(), self._line()} - {"serving"}).pop())
        return time.monotonic() - started

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)  # it is no stranger: the zygote reaps it only at the next spawn

    def close(self) -> None:
        os.killpg(self._zygote.pid, signal.SIGKILL)
        self._zygote.communicate()

    def _say(self, line: str) -> None:
        assert self._zygote.stdin
        self._zygote.stdin.write(f"{line}\n".encode())

    def _line(self) -> str:
        assert self._zygote.stdout
        until = time.monotonic() + 60
        while b"\n" not in self._heard:
            ready, _, _ = wait_for([self._zygote.stdout], [], [], max(0.0, until - time.monotonic()))
            read = os.read(self._zygote.stdout.fileno(), 4_096) if ready else b""
            if not read:
                raise ChildProcessError("the service did not come up; its log may say why")
            self._heard += read
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()


class Try(NamedTuple):
    """``status`` is 0 where no answer came; the moments are those of the fast clock, in seconds."""

    status: int
    began: float
    ended: float


@dataclass
class Call:
    """One callback of the platform, made up to three times under the same message id."""

    msgid: str
    sender: str
    text: str
    kind: str  # chatter, public, private, alarm
    grid: int
    tries: list[Try] = field(default_factory=list)

    @property
    def taken(self) -> bool:
        return bool(self.tries) and self.tries[-1].status == 200


Draw = Callable[[random.Random, str], Call]  # what somebody says next, under this message id


class Load:
    """Threads that call back as the platform does, together ``PER_SECOND`` times, till ``stop``."""

    def __init__(self, port: int, clock: FastClock, seed: int, draw: Draw) -> None:
        self.calls: list[Call] = []
        self._port, self._clock, self._draw = port, clock, draw
        self._enough = threading.Event()
        self.last_try = threading.Lock()  # whoever holds it calls for the last time, or kills
        chances = [random.Random(f"{seed}/{number}") for number in range(1, CALLERS + 1)]
        self._threads = [threading.Thread(target=self._run, args=each) for each in enumerate(chances, start=1)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when every callback was answered or given up."""
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, chance: random.Random) -> None:
        platform, due, count = WecomCaller(), time.monotonic(), 0
        while not self._enough.is_set():
            count += 1
            call = self._draw(chance, f"{number}{count:09}")
            self.calls.append(call)
            while len(call.tries) < TRIES and not call.taken:
                time.sleep(0.3 * len(call.tries))
                with self.last_try if len(call.tries) == TRIES - 1 else nullcontext():
                    began = self._clock.seconds()
                    signed = platform.text_callback(call.sender, call.text, call.msgid, now=began)
                    call.tries.append(Try(self._post(*signed), began, self._clock.seconds()))
            due += CALLERS / PER_SECOND  # who was held up catches up
            self._enough.wait(max(0.0, due - time.monotonic()))

    def _post(self, query: dict[str, str], body: bytes) -> int:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            line.request("POST", "/hook/wecom?" + urlencode(query), body)
            return line.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()


@dataclass
class Storm:
    """What happened. ``kills`` (just before and after each) and the ledger tell the fast time, all else is real."""

    seed: int
    calls: list[Call]
    ledger: list[dict[str, Any]]
    kills: list[tuple[float, float]]
    restarts: list[float]
    under_load: float
    drain: float  # from the last callback until no row was open; negative: it was waited for in vain


def storm(
    url: str, log: Path, *, seed: int, kills: int, settle: Callable[[Session], None], draw: Draw, until: float = 0.0,
    misbehave: Callable[[Faults], None] = lambda _: None,
) -> Storm:  # fmt: skip
    """Kill the service ``kills`` times (and on until monotonic time ``until``) under load, then let it end its work.

    The database must have its tables; ``settle`` puts people in. ``misbehave`` sets faults of the platform going.
    """
    chance, clock, database = random.Random(seed), FastClock(time.monotonic()), open_engine(url)
    with ExitStack() as last:
        last.callback(database.dispose)
        with writing(database) as session:
            settle(session)
        standin = last.enter_context(WecomStandIn(robots=None, expires_in=86_400, clock=clock.seconds))
        misbehave(standin.faults)
        for api in ("gettoken", "message/send", "webhook/send"):
            standin.faults.at_random(api, f"slow:{LATENCY}", 1.0)
        wecom = {"CORP_ID": CORP, "SECRET": SECRET, "AGENT_ID": str(AGENT), "TOKEN": TOKEN, "AES_KEY": AES_KEY,
                 "API_BASE": standin.url, "TIMEOUT_SECONDS": str(TIMEOUT)}  # fmt: skip
        settings = {f"GRIDBOT_WECOM__{name}": value for name, value in wecom.items()}
        settings |= {"GRIDBOT_DATABASE_URL": url, "GRIDBOT_RETENTION_HOURS": "8760"}
        victim = Victim({"zero": clock.zero, "settings": settings}, log)
        last.callback(victim.close)
        port = victim.open()
        restarts, killed = [victim.spawn()], list[tuple[float, float]]()
        started, load = time.monotonic(), Load(port, clock, seed, draw)
        last.callback(load.stop)
        while len(killed) < kills or time.monotonic() < until:
            time.sleep(chance.triangular(0.03, 1.2, 0.2))
            with load.last_try:  # a callback that no service lived to hear is lost by nobody
                before = clock.seconds()
                victim.kill()
                killed.append((before, clock.seconds()))
            restarts.append(victim.spawn())
        load.stop()
        stopped = time.monotonic()
        drain = _drain(database, stopped)
        return Storm(seed, load.calls, list(standin.ledger), killed, restarts, stopped - started, drain)


def _drain(database: Engine, since: float) -> float:
    while time.monotonic() < since + 60:
        with reading(database) as session:
            waiting = [session.exec(select(func.count()).select_from(box).where(col(box.state) == "open")).one()
                       for box in (Inbox, Outbox)]  # fmt: skip
        if not any(waiting):
            return time.monotonic() - since
        time.sleep(0.1)
    return -1.0


if __name__ == "__main__":
    _zygote()
