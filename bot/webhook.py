"""The door for callbacks: ``/hook/{channel}``. Verifies, drops chatter, records the rest, and only then says 200.

A path shim in front of the app instead of a route: most callbacks are chatter, and for them the framework would
cost more than the whole work. Nothing a caller sends is logged, and nothing he sends ends in a 5xx; a 503 says that
the database could not take the message, so that the platform calls again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl

from prometheus_client import Counter, Histogram
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.base import CallbackRefused, Channel, Incoming, lane_of, pack
from storage.intake import Intake, IntakeFull

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("gridbot.webhook")
_PREFIX = "/hook/"
# seconds between tries; together under the five seconds after which the caller hangs up
_PATIENCE = (0.5, 1.0, 2.0)
_HEADERS = [(b"content-type", b"text/plain; charset=utf-8")]
_CALLBACKS = Counter("gridbot_callbacks_total", "Callbacks by channel and what became of them", ["channel", "outcome"])
_SECONDS = Histogram(
    "gridbot_record_seconds", "From callback to committed inbox row", buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
)


class Gate(Protocol):
    """The first look at the words: whether anybody may need them."""

    def keeps(self, text: str) -> bool: ...


class Attention(Protocol):
    """Whose words are kept though the gate would drop them."""

    def keeps(self, channel: str, sender: str, text: str, *, alone: bool, now: datetime) -> bool: ...


class Hook:
    """ASGI middleware that takes ``/hook/…`` and hands everything else on."""

    def __init__(
        self,
        app: App,
        *,
        channels: Mapping[str, Channel],
        intake: Intake,
        gate: Callable[[], Gate],
        attention: Attention,
        clock: Callable[[], datetime],
        body_limit: int,
    ) -> None:
        self._app = app
        self._channels = channels
        self._intake = intake
        self._gate = gate
        self._attention = attention
        self._clock = clock
        self._body_limit = body_limit
        self._dropped = {name: _CALLBACKS.labels(name, "chatter") for name in channels}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        name = scope["path"][len(_PREFIX) :]
        channel = self._channels.get(name)
        if channel is None:
            await _answer(send, 404, b"no such channel")
            return
        try:
            if scope["method"] == "POST":
                status, body = await self._take(channel, scope, receive)
            elif scope["method"] == "GET":
                status, body = 200, channel.verify(_query(scope))
            else:
                status, body = 405, b"GET or POST"
        except CallbackRefused as refused:
            _CALLBACKS.labels(name, "refused").inc()
            _log.warning("callback of %s refused with %s: %s", name, refused.status, refused.reason)
            status, body = refused.status, refused.reason.encode()
        except (IntakeFull, SQLAlchemyError) as fault:
            _CALLBACKS.labels(name, "unstored").inc()
            _log.error("callback of %s could not be stored: %s", name, type(fault).__name__)
            status, body = 503, b"try again"
        await _answer(send, status, body)

    async def _take(self, channel: Channel, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        started = time.perf_counter()
        body = await self._read(scope, receive)
        now = self._clock()
        plain = channel.decode(_query(scope), body, now)
        text = channel.peek(plain)
        if text is not None and not self._gate().keeps(text) and not self._heeds(channel, plain, text, now):
            self._dropped[channel.name].inc()
            return 200, b""
        incoming = channel.parse(plain, now)
        if incoming is None or (text is None and self._is_chatter(incoming, now)):
            _CALLBACKS.labels(channel.name, "ignored").inc()
            return 200, b""
        await self._record(incoming, now)
        _CALLBACKS.labels(channel.name, "recorded").inc()
        _SECONDS.observe(time.perf_counter() - started)
        return 200, b""

    async def _record(self, incoming: Incoming, now: datetime) -> None:
        """On to the disk, with patience: platforms surely repeat a call that timed out, not one that got a 503."""
        for wait in (*_PATIENCE, None):
            try:
                await self._intake.record(
                    channel=incoming.channel,
                    message_id=incoming.message_id,
                    lane=lane_of(incoming),
                    payload=pack(incoming),
                    received_at=now,
                )
            except (IntakeFull, SQLAlchemyError):
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                return

    def _heeds(self, channel: Channel, plain: bytes, text: str, now: datetime) -> bool:
        """What the gate would drop may still be a word of somebody who is in the middle of something."""
        alone = channel.can.hears_group == "no"  # where groups are heard, a quick look reads nothing said in private
        return self._attention.keeps(channel.name, channel.sender_of(plain), text, alone=alone, now=now)

    def _is_chatter(self, incoming: Incoming, now: datetime) -> bool:
        """A text of a group that the quick look could not read is weighed after all, now that it is parsed."""
        if incoming.kind != "text" or not incoming.group or self._gate().keeps(incoming.text):
            return False
        return not self._attention.keeps(incoming.channel, incoming.sender, incoming.text, alone=False, now=now)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        declared = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > self._body_limit:
            raise CallbackRefused(413, f"body over {self._body_limit} bytes")
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallbackRefused(400, "caller hung up")
            part = message.get("body", b"")
            size += len(part)
            if size > self._body_limit:
                raise CallbackRefused(413, f"body over {self._body_limit} bytes")
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)


def _query(scope: Scope) -> dict[str, str]:
    try:
        return dict(parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=20))
    except (UnicodeDecodeError, ValueError):
        raise CallbackRefused(400, "query is not readable") from None


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
