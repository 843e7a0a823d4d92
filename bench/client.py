"""The load client: prebuilt requests over keep-alive connections, one thread, epoll and raw sockets. Knows no codec.

Lean on purpose, so that the server under test is what is measured: an answer that was seen whole before is known by
comparing bytes; only a new one is parsed.
"""

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE = 20.0
"""Seconds without any answer after which a run is given up."""


@dataclass(frozen=True, slots=True)
class Load:
    """One run. ``latencies`` and ``late`` (seconds, in the order of the requests) only where a schedule was kept.

    ``late`` is how long after its moment a request left: what the client, or the lack of a free connection, added.
    """

    count: int
    seconds: float
    client_cpu: float
    refused: dict[int, int] = field(default_factory=dict)
    latencies: Sequence[float] = ()
    late: Sequence[float] = ()

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def client_share(self) -> float:
        """Share of one core that the client used."""
        return self.client_cpu / self.seconds


class HungUp(Exception):
    """The server closed a connection, or gave no answer for ``PATIENCE`` seconds."""


class Client:
    """``connections`` open sockets to one port of this machine, each with at most one request under way."""

    def __init__(self, port: int, connections: int) -> None:
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        self._known: dict[bytes, int] = {}
        for _ in range(connections):
            each = socket.create_connection(("127.0.0.1", port), timeout=10)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.setblocking(False)
            self._sockets[each.fileno()] = each
            self._epoll.register(each.fileno(), select.EPOLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._epoll.close()
        for each in self._sockets.values():
            each.close()

    def saturate(self, requests: Sequence[bytes]) -> Load:
        """Closed loop: every connection sends its next request as soon as it has the answer to the last."""
        total, sent, done = len(requests), 0, 0
        refused: dict[int, int] = {}
        under_way: dict[int, int] = {}
        send = {fd: each.sendall for fd, each in self._sockets.items()}
        recv = {fd: each.recv for fd, each in self._sockets.items()}
        poll, known = self._epoll.poll, self._known
        with _undisturbed():
            cpu, begun = time.process_time(), time.perf_counter()
            for fd in list(self._sockets)[:total]:
                under_way[fd] = sent
                send[fd](requests[sent])
                sent += 1
            while done < total:
                ready = poll(PATIENCE)
                if not ready:
                    raise HungUp("no answer")
                for fd, _ in ready:
                    data = recv[fd](65_536)
                    status = known.get(data) or self._read_on(fd, data)
                    if not status:
                        continue
                    if status != 200:
                        refused[under_way[fd]] = status
                    done += 1
                    if sent < total:
                        under_way[fd] = sent
                        send[fd](requests[sent])
                        sent += 1
            return Load(total, time.perf_counter() - begun, time.process_time() - cpu, refused)

    def pace(self, requests: Sequence[bytes], moments: Sequence[float]) -> Load:
        """Open loop: request i is due ``moments[i]`` seconds after the start, whatever became of those before it.

        Latency counts from that moment, so waiting for a free connection is part of it.
        """
        total, sent, done = len(requests), 0, 0
        refused: dict[int, int] = {}
        under_way: dict[int, int] = {}
        latencies, late = [0.0] * total, [0.0] * total
        free = deque(self._sockets)
        clock = time.perf_counter
        with _undisturbed():
            cpu, begun = time.process_time(), clock() + 0.02
            while done < total:
                while sent < total and free and (behind := clock() - begun - moments[sent]) >= 0:
                    fd = free.popleft()
                    under_way[fd], late[sent] = sent, behind
                    self._sockets[fd].sendall(requests[sent])
                    sent += 1
                patience = max(0.0, begun + moments[sent] - clock()) if sent < total and free else PATIENCE
                # epoll's own timeout knows only whole milliseconds
                if not select.select([self._epoll], [], [], patience)[0]:
                    if patience == PATIENCE:
                        raise HungUp("no answer")
                    continue
                for fd, _ in self._epoll.poll(0):
                    data = self._sockets[fd].recv(65_536)
                    status = self._known.get(data) or self._read_on(fd, data)
                    if not status:
                        continue
                    index = under_way[fd]
                    latencies[index] = clock() - begun - moments[index]
                    if status != 200:
                        refused[index] = status
                    done += 1
                    free.append(fd)
            return Load(total, clock() - begun, time.process_time() - cpu, refused, latencies, late)

    def _read_on(self, fd: int, data: bytes) -> int:
        """The status of an answer that is complete now; 0 while more of it must come."""
        if not data:
            raise HungUp("the server closed the connection")
        data = self._partial.pop(fd, b"") + data
        head, blank, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if not blank or len(body) < length:
            self._partial[fd] = data
            return 0
        status = int(head[9:12])
        if len(self._known) < 1_000:
            self._known[data] = status
        return status


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No collection of garbage within a run; hundreds of thousands of prebuilt requests would be walked each time."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
