"""A small HTTP/1.1 server on loopback that can misbehave on request. Knows nothing of any platform.

It runs in a thread of its own, so that the tested code meets real sockets. ``handle`` is called on that thread only.
"""

import asyncio
import json
import random
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    status: int = 200
    type: str = "application/json; charset=utf-8"

    @classmethod
    def of(cls, value: object, status: int = 200) -> "Answer":
        return cls(json.dumps(value, ensure_ascii=False).encode(), status)


class Faults:
    """What goes wrong: a queue per API that is served first, then rates by chance. Safe to change from any thread.

    A fault is written as one word: an errcode (``42001``, ``-1``), ``html`` (a page with 200), ``http502``,
    ``slow:2.5`` (done at once, answered late), ``drip:0.2`` (done, a byte each 0.2 s), ``cut`` (done, the connection
    closed within the answer), ``drop`` (not done, closed).
    """

    def __init__(self, seed: int = 1) -> None:
        self._queued: dict[str, deque[str]] = defaultdict(deque)
        self._rates: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._guard = threading.Lock()
        self._chance = random.Random(seed)

    def next(self, api: str, *faults: str) -> None:
        """The next calls of ``api`` meet ``faults`` in this order; ``ok`` lets one through."""
        with self._guard:
            self._queued[api].extend(faults)

    def at_random(self, api: str, fault: str, rate: float) -> None:
        """Each call of ``api`` meets ``fault`` with probability ``rate``."""
        with self._guard:
            self._rates[api].append((fault, rate))

    def clear(self) -> None:
        with self._guard:
            self._queued.clear()
            self._rates.clear()

    def take(self, api: str) -> str:
        with self._guard:
            if self._queued[api]:
                return self._queued[api].popleft()
            for fault, rate in self._rates[api]:
                if self._chance.random() < rate:
                    return fault
        return "ok"


class Loopback:
    """Serves ``handle`` on 127.0.0.1. ``api`` of a request is its path without ``prefix``.

    ``calls`` counts what arrived per api, also what met a fault.
    """

    def __init__(self, handle: Callable[[Request], Answer], faults: Faults, *, prefix: str, port: int = 0) -> None:
        self._handle = handle
        self._faults = faults
        self._prefix = prefix
        self._wanted = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._failed: OSError | None = None
        self.port = 0
        self.calls: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self._prefix}"

    def start(self) -> None:
        """Raises ``OSError`` when the port is taken."""
        self._thread.start()
        self._ready.wait(10)
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        if self._thread.is_alive() and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        try:
            server = await asyncio.start_server(self._talk, "127.0.0.1", self._wanted, backlog=512)
        except OSError as error:
            self._failed = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                request = await _read(reader)
                if request is None or not await self._answer(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort() if self._stopping and self._stopping.is_set() else writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, or misbehave; False ends the connection."""
        api = request.path.removeprefix(self._prefix)
        self.calls[api] += 1
        fault, _, value = self._faults.take(api).partition(":")
        if fault == "drop":
            writer.transport.abort()
            return False
        if fault == "html":
            answer = Answer(b"<html><body>proxy login</body></html>", 200, "text/html")
        elif fault.startswith("http"):
            answer = Answer(b"<html>bad gateway</html>", int(fault[4:]), "text/html")
        elif fault.lstrip("-").isdigit():
            answer = Answer.of({"errcode": int(fault), "errmsg": "stand-in fault, hint: [1]"})
        else:
            answer = self._handle(request)
        raw = _raw(answer)
        if fault == "slow":
            await asyncio.sleep(float(value))
        if fault == "cut":
            writer.write(raw[: len(raw) - len(answer.body) // 2])
            await writer.drain()
            writer.close()
            return False
        if fault == "drip":
            for byte in raw:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(float(value))
            return True
        writer.write(raw)
        await writer.drain()
        return True


def _raw(answer: Answer) -> bytes:
    head = f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.type}\r\nContent-Length: {len(answer.body)}\r\n\r\n"
    return head.encode() + answer.body


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)
