"""Carries the outbox: claims rows, hands them to their channels, writes down what came of it. Writes no letter.

Sending happens outside every transaction. A process that dies between sending and writing down leaves the row
leased; it is sent again after the lease, which may repeat one message where a platform has no idempotency key.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter
from sqlalchemy import Engine, bindparam, update
from sqlmodel import col

from bot.channels.base import Button, Card, Channel, Outgoing, Receipt, SendFailed
from storage.db import writing
from storage.message import IS_OPEN, Outbox
from storage.queue import DEAD, OPEN, SENT, claim_outbox, sent_since

try:
    import uvloop

    _new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
except ImportError:  # Windows has none; the standard loop carries the same messages, a little slower
    _new_loop = asyncio.new_event_loop

_log = logging.getLogger("gridbot.deliver")
_SENT = Counter("gridbot_deliveries_total", "Messages by channel and what came of the try", ["channel", "result"])
LEASE = timedelta(seconds=60)
_SEND_SECONDS = 30.0
_GATHER_SECONDS = 0.02
_MOST_AT_ONCE = 32
_MOST_ATTEMPTS = 40  # about six hours of a platform that does not answer
_CONFIG_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(minutes=10)
_MINUTE = timedelta(minutes=1)
Result = dict[str, Any]


class Deliver:
    """One sender. Several may run side by side, in one process or in many."""

    def __init__(self, engine: Engine, channels: Mapping[str, Channel]) -> None:
        self._engine = engine
        self._channels = channels
        self._loop = _new_loop()

    def __call__(self, now: Callable[[], datetime]) -> bool:
        rows = self._claim(now())
        if rows:
            self._loop.run_until_complete(self._carry_all(rows, now))
        return bool(rows)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.close()

    async def _carry_all(self, rows: list[Outbox], now: Callable[[], datetime]) -> None:
        """Keep up to ``_MOST_AT_ONCE`` sends under way: a slow target takes up one place, never the line.

        What ended within a few hundredths of a second is written down together, in one transaction with the next claim.
        """
        under_way = {asyncio.ensure_future(self._carry(row, now)) for row in rows}
        while under_way:
            done, under_way = await asyncio.wait(under_way, timeout=_GATHER_SECONDS)
            if done:
                results = [task.result() for task in done]
                more = await asyncio.to_thread(self._turn_over, results, now(), _MOST_AT_ONCE - len(under_way))
                under_way |= {asyncio.ensure_future(self._carry(row, now)) for row in more}

    def _claim(self, now: datetime) -> list[Outbox]:
        return self._turn_over([], now, _MOST_AT_ONCE)

    def _turn_over(self, results: list[Result], now: datetime, most: int) -> list[Outbox]:
        """Write down what came of earlier messages and take new ones."""
        with writing(self._engine) as session:
            if results:
                session.connection().execute(_MARK, results)
            rows = claim_outbox(session, now=now, lease=LEASE, most=most)
            paced = [row for row in rows if self._channels[row.channel].can.per_minute] if rows else []
            if not paced:
                return rows
            tried = sent_since(session, [row.lane for row in paced], since=now - _MINUTE)
            kept = []
            for row in rows:
                count, first = tried.get(row.lane, (0, now))
                if count and count >= self._pace(row):
                    # the platform would drop or refuse it: wait until the oldest of this minute has passed
                    row.not_before, row.tried_at, row.attempts = first + _MINUTE, None, row.attempts - 1
                    session.add(row)
                else:
                    kept.append(row)
            return kept

    def _pace(self, row: Outbox) -> int:
        """A little under the platform's limit, because its minute is not ours."""
        can = self._channels[row.channel].can
        limit = can.limits.get("group_per_minute", can.per_minute) if row.to == "group" else can.per_minute
        return max(1, limit * 9 // 10)

    async def _carry(self, row: Outbox, now: Callable[[], datetime]) -> Result:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                receipt = await self._channels[row.channel].send(_outgoing(row))
        except TimeoutError:
            return self._failed(row, SendFailed("retry", f"{_SEND_SECONDS:.0f}秒内没有答复"), now())
        except SendFailed as failure:
            return self._failed(row, failure, now())
        _SENT.labels(row.channel, "sent").inc()
        return _result(row, SENT, now(), receipt=receipt)

    def _failed(self, row: Outbox, failure: SendFailed, now: datetime) -> Result:
        _SENT.labels(row.channel, failure.verdict).inc()
        _log.warning(
            "message %s to %s (case %s) not delivered: %s %s",
            row.id,
            row.channel,
            row.case_id,
            failure.code,
            failure.reason,
        )
        if failure.verdict == "dead" or (failure.verdict == "retry" and row.attempts >= _MOST_ATTEMPTS):
            return _result(row, DEAD, now, error=failure.reason)
        back_off = min(timedelta(seconds=2 ** min(row.attempts, 10)), _LONGEST_WAIT)
        wait = _CONFIG_WAIT if failure.verdict == "config" else max(back_off, timedelta(seconds=failure.wait_seconds))
        return _result(row, OPEN, now + wait, error=failure.reason)


def _result(row: Outbox, state: str, at: datetime, *, receipt: Receipt | None = None, error: str = "") -> Result:
    receipt = receipt or Receipt()
    return {
        "row": row.id,
        "tries": row.attempts,
        "state": state,
        "not_before": at,
        "sent_at": at if state == SENT else None,
        "ref": receipt.ref,
        "response_code": receipt.response_code,
        "error": (error or receipt.note)[:400],
    }


# only the holder of the lease may write: a second sender has raised the count
_MARK = (
    update(Outbox)
    .where(col(Outbox.id) == bindparam("row"), col(Outbox.attempts) == bindparam("tries"), col(Outbox.state) == IS_OPEN)
    .values(
        state=bindparam("state"),
        not_before=bindparam("not_before"),
        sent_at=bindparam("sent_at"),
        ref=bindparam("ref"),
        response_code=bindparam("response_code"),
        error=bindparam("error"),
    )
)


def _outgoing(row: Outbox) -> Outgoing:
    card = row.payload.get("card")
    return Outgoing(
        key=row.key,
        to="group" if row.to == "group" else "person",
        address=row.address,
        label=row.label,
        text=row.payload["text"],
        mention=row.payload.get("mention", ""),
        update_code=row.payload.get("redraw", ""),
        card=_card(card) if card else None,
    )


def _card(card: dict[str, Any]) -> Card:
    return Card(
        **{
            **card,
            "rows": tuple((key, value) for key, value in card["rows"]),
            "buttons": tuple(Button(text, key) for text, key in card["buttons"]),
        }
    )
