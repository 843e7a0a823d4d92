"""A waiting line for the writers of one SQLite file in this process: first come, first served.

SQLite itself lets waiting writers poll, and whoever polls at the right moment wins: a busy worker can keep the inbox
writer waiting for a second. Other databases need no line.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine


class Line:
    """At most one thread is inside; a thread that is inside may enter again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._inside: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._inside == me:
            yield
            return
        with self._guard:
            mine = threading.Event()
            if self._inside is None and not self._waiting:
                mine.set()
                self._inside = me
            else:
                self._waiting.append(mine)
        mine.wait()
        self._inside = me
        try:
            yield
        finally:
            with self._guard:
                self._inside = None
                if self._waiting:
                    # the place goes to the next one before he wakes, so that no newcomer slips in between
                    self._inside = -1
                    self._waiting.popleft().set()


_lines: dict[str, Line] = {}
_guard = threading.Lock()


@contextmanager
def in_turn(engine: Engine) -> Iterator[None]:
    """Wait for the turn to write to this engine's file; no wait where the database queues writers itself."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    with _guard:
        line = _lines.setdefault(engine.url.database, Line())
    with line.turn():
        yield
