"""The one writer that commits inbox rows in groups. Decides nothing: what reaches it is stored.

A commit costs the same for one row as for a hundred. So rows that arrive within a few milliseconds share one
transaction, and each caller is released only after it: the platform's 200 means that the row is on the disk.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from storage.db import is_postgres
from storage.line import in_turn
from storage.message import Inbox

_log = logging.getLogger("gridbot.intake")
_MOST_ROWS = 500
_MOST_WAITING = 20_000


class IntakeFull(Exception):
    """More messages wait for the disk than the memory should hold; the platform will call again."""


class Intake:
    """``record`` may be awaited from any event loop; one thread of this object does all the writing."""

    def __init__(self, engine: Engine, *, linger: float = 0.005, on_commit: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._linger = linger
        self._on_commit = on_commit
        self._waiting: queue.Queue[tuple[dict[str, Any], asyncio.Future[None]] | None] = queue.Queue(_MOST_WAITING)
        self._statement = _insert_or_skip(engine)
        self._held: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    async def record(
        self, *, channel: str, message_id: str, lane: str, payload: dict[str, Any], received_at: datetime
    ) -> None:
        """Return once the message is on the disk; a message known already counts as recorded.

        Raises ``IntakeFull`` or the database's ``SQLAlchemyError``: then nothing was stored.
        """
        row = {
            "channel": channel,
            "message_id": message_id,
            "lane": lane,
            "payload": payload,
            "received_at": received_at,
            "state": "open",
            "attempts": 0,
            "faults": 0,
            "not_before": received_at,
            "outcome": "",
        }
        stored = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((row, stored))
        except queue.Full:
            raise IntakeFull from None
        await stored

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._waiting.put(None)
        self._thread.join(timeout=10)
        if self._held is not None:
            self._held.close()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            stop = self._gather(batch)
            error = self._try_to_store([row for row, _ in batch])
            if error is None or isinstance(error, OperationalError | InterfaceError) or len(batch) == 1:
                _release([stored for _, stored in batch], error)
            else:
                # one row that the tables refuse must not cost its neighbours theirs
                for row, stored in batch:
                    _release([stored], self._try_to_store([row]))
            if error is None or len(batch) > 1:
                self._on_commit()
            if stop:
                return

    def _try_to_store(self, rows: list[dict[str, Any]]) -> SQLAlchemyError | None:
        """Twice: the held connection may be one that a restarted server has forgotten."""
        error: SQLAlchemyError | None = None
        for _ in range(2):
            try:
                self._store(rows)
            except SQLAlchemyError as caught:
                error = caught
                _log.error("the inbox could not be written: %s", type(caught).__name__)
            else:
                return None
        return error

    def _store(self, rows: list[dict[str, Any]]) -> None:
        """One transaction on the connection that is kept for this; a broken one is thrown away."""
        if self._held is None:
            self._held = self._engine.connect()
        try:
            with in_turn(self._engine), self._held.begin():
                self._held.execute(self._statement, rows)
        except SQLAlchemyError:
            self._held.close()
            self._held = None
            raise

    def _gather(self, batch: list[tuple[dict[str, Any], asyncio.Future[None]]]) -> bool:
        """Fill ``batch`` with what arrives within the linger; True when it is time to stop."""
        time.sleep(self._linger)
        while len(batch) < _MOST_ROWS:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if item is None:
                return True
            batch.append(item)
        return False


def _release(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for waiter in waiters:
        by_loop.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, mine in by_loop.items():
        with suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            loop.call_soon_threadsafe(_resolve, mine, error)


def _resolve(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    for waiter in waiters:
        if waiter.done():  # the caller hung up
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)


def _insert_or_skip(engine: Engine) -> Any:
    if is_postgres(engine):
        return postgresql.insert(Inbox).on_conflict_do_nothing(index_elements=["channel", "message_id"])
    return sqlite.insert(Inbox).on_conflict_do_nothing(index_elements=["channel", "message_id"])
