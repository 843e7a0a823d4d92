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
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.channels.base import Button, Card, Channel, Outgoing, Receipt, SendFailed
from bot.desk import cards
from storage.db import writing
from storage.queue import DEAD, OPEN, SENT, Parcel, claim_outbox, finish_outbox, put_off, sent_since

try:
    import uvloop

    _new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
except ImportError:  # Windows has none; the standard loop carries the same messages, a little slower
    _new_loop = asyncio.new_event_loop

_log = logging.getLogger("gridbot.deliver")
_SENT = Counter("gridbot_deliveries_total", "Messages by channel and what came of the try", ["channel", "result"])
LEASE = timedelta(seconds=60)
_SEND_SECONDS = 30.0
_TURN_SECONDS = 0.05
_LOOK_SECONDS = 0.25
_ROUND_SECONDS = 5.0  # then the job's loop may see that it should stop, however much is waiting
_MOST_AT_ONCE = 64
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
        self._under_way: dict[asyncio.Task[Result], Parcel] = {}
        self._ended: list[Result] = []  # not written down yet
        self._codes: list[tuple[int, int, str]] = []  # case, reader, and the code that came with his card
        self._looked = 0.0
        self._crowded = False

    def __call__(self, now: Callable[[], datetime]) -> bool:
        rows = self._turn_over(now())
        if rows or self._under_way:
            self._loop.run_until_complete(self._carry_all(rows, now))
        return self._crowded

    def close(self) -> None:
        if not self._loop.is_closed():
            # connections live in the loop that opened them, and nobody else can end them
            self._loop.run_until_complete(self._hang_up())
            self._loop.close()

    async def _hang_up(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    async def _carry_all(self, rows: list[Parcel], now: Callable[[], datetime]) -> None:
        """Keep up to ``_MOST_AT_ONCE`` sends under way: a slow target takes up one place, never the line.

        What ended within a few hundredths of a second is written down together, in one transaction with the next
        claim. Unless crowds are waiting a turn takes that long, so that a trickle does not become a transaction each.
        """
        await catch_up()
        round_ends = self._loop.time() + _ROUND_SECONDS
        while rows or self._under_way:
            self._under_way |= {asyncio.ensure_future(self._carry(row, now)): row for row in rows}
            turn_ends = self._loop.time() + _TURN_SECONDS
            await self._wait(now, _TURN_SECONDS)
            if not self._under_way and not self._crowded:
                await asyncio.sleep(turn_ends - self._loop.time())
            try:
                rows = await self._next(now, claims=self._loop.time() < round_ends)
            except SQLAlchemyError:
                # who is on the way arrives all the same, and the next round writes down what came of it
                await self._wait(now, None)
                raise

    async def _wait(self, now: Callable[[], datetime], seconds: float | None) -> None:
        """Until all have arrived, or for so long."""
        if not self._under_way:
            return
        done, _ = await asyncio.wait(self._under_way, timeout=seconds)
        for task in done:
            row, broken = self._under_way.pop(task), task.exception()
            if broken is not None:
                _log.error("message %s (case %s) could not be handed over", row.id, row.case_id, exc_info=broken)
                self._ended.append(
                    self._failed(row, SendFailed("retry", f"程序出错（{type(broken).__name__}）"), now())
                )
            else:
                self._ended.append(task.result())

    async def _next(self, now: Callable[[], datetime], *, claims: bool) -> list[Parcel]:
        """What to carry next. A look costs a transaction: in a crowd it must be worth it, and slow ones can wait."""
        worth = _MOST_AT_ONCE // 2 if self._crowded else 1
        if self._under_way and len(self._ended) < worth and self._loop.time() < self._looked + _LOOK_SECONDS:
            return []
        self._looked = self._loop.time()
        if not self._under_way:
            return self._turn_over(now(), claims=claims)
        # whoever waits for a platform's answer must not wait for a slow database as well
        return await asyncio.to_thread(self._turn_over, now(), claims=claims)

    def _turn_over(self, now: datetime, *, claims: bool = True) -> list[Parcel]:
        """Write down what came of earlier messages and take as many new ones as there is room for."""
        room = _MOST_AT_ONCE - len(self._under_way) if claims else 0
        with writing(self._engine) as session:
            if self._ended:
                finish_outbox(session, self._ended)
            rows = claim_outbox(session, now=now, lease=LEASE, most=room) if room else []
            late = self._beyond_pace(session, rows, now)
            if late:
                put_off(session, late.values())
            self._keep_codes(session, now)
            taken = [self._with_code(session, row, now) for row in rows if row.id not in late]
        self._ended, self._codes = [], []
        self._crowded = len(rows) == room
        return taken

    def _keep_codes(self, session: Session, now: datetime) -> None:
        """Codes that came with sent cards: each lets that reader's card be drawn anew once."""
        for case_id, holder, code in self._codes:
            cards.code_came(session, case_id=case_id, identity_id=holder, code=code, now=now)

    def _with_code(self, session: Session, row: Parcel, now: datetime) -> Parcel:
        """A card to be drawn anew takes its code along; it is spent with that, also when the sending fails."""
        holder = row.payload.get("holder", 0)
        if not row.payload.get("redraw") or not holder or row.case_id is None:
            return row
        code = cards.take_code(session, case_id=row.case_id, identity_id=holder, now=now)
        return row._replace(payload={**row.payload, "code": code})

    def _beyond_pace(self, session: Session, rows: list[Parcel], now: datetime) -> dict[int, tuple[Parcel, datetime]]:
        """Those that the platform would drop or refuse now, by id, and when the oldest of this minute has passed."""
        paced = [row for row in rows if row.channel in self._channels and self._channels[row.channel].can.per_minute]
        if not paced:
            return {}
        tried = sent_since(session, {row.lane for row in paced}, since=now - _MINUTE)
        return {
            row.id: (row, tried[row.lane][1] + _MINUTE)
            for row in paced
            if row.lane in tried and tried[row.lane][0] >= self._pace(row)
        }

    def _pace(self, row: Parcel) -> int:
        """A little under the platform's limit, because its minute is not ours."""
        can = self._channels[row.channel].can
        limit = can.limits.get("group_per_minute", can.per_minute) if row.to == "group" else can.per_minute
        return max(1, limit * 9 // 10)

    async def _carry(self, row: Parcel, now: Callable[[], datetime]) -> Result:
        try:
            if row.channel not in self._channels:
                raise SendFailed("config", f"渠道 {row.channel} 没有设置，消息先留着")
            async with asyncio.timeout(_SEND_SECONDS):
                receipt = await self._channels[row.channel].send(_outgoing(row))
        except TimeoutError:
            return self._failed(row, SendFailed("retry", f"{_SEND_SECONDS:.0f}秒内没有答复"), now())
        except SendFailed as failure:
            return self._failed(row, failure, now())
        _SENT.labels(row.channel, "sent").inc()
        if receipt.response_code and row.case_id is not None and row.payload.get("holder"):
            self._codes.append((row.case_id, row.payload["holder"], receipt.response_code))
        return _result(row, SENT, now(), receipt=receipt)

    def _failed(self, row: Parcel, failure: SendFailed, now: datetime) -> Result:
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


async def catch_up() -> None:
    """Let a loop that stood still notice which connections were closed meanwhile, before one of them is used."""
    for _ in range(3):
        await asyncio.sleep(0)


def _result(row: Parcel, state: str, at: datetime, *, receipt: Receipt | None = None, error: str = "") -> Result:
    receipt = receipt or Receipt()
    return {
        "row": row.id,
        "tries": row.attempts,
        "end": state,
        "due": at,
        "sent": at if state == SENT else None,
        "receipt": receipt.ref,
        "code": receipt.response_code,
        "trouble": (error or receipt.note)[:400],
    }


def _outgoing(row: Parcel) -> Outgoing:
    card = row.payload.get("card")
    return Outgoing(
        key=row.key,
        to="group" if row.to == "group" else "person",
        address=row.address,
        label=row.label,
        text=row.payload["text"],
        mention=row.payload.get("mention", ""),
        redraw=bool(row.payload.get("redraw")),
        update_code=row.payload.get("code", ""),
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
