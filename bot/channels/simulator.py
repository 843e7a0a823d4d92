"""The simulator: a make-believe chat network on our own page, for the demo. Never talks to an outside service.

What a persona says arrives as one JSON object; what the bot says becomes one ``StageLine``, which the page shows.
It checks nobody's identity, so it is mounted in demo mode only.
"""

import asyncio
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from bot.channels.base import Action, CallbackRefused, Can, Incoming, Kind, Outgoing, Receipt, SendFailed
from storage.db import is_postgres, writing
from storage.person import Identity
from storage.stage import StageLine

NAME = "simulator"
BOT_NAME = "网格贴心人"
KINDS = frozenset({"text", "image", "voice", "location", "action"})
LIMITS = {
    "id": 64,
    "sender": 128,
    "name": 60,
    "group": 128,
    "kind": 8,
    "text": 4_000,
    "key": 200,
    "task": 128,
    "quote": 500,
    "media": 200,
}
FIELDS = frozenset(LIMITS) | {"latitude", "longitude"}
BODY_BYTES = 65_536
ROOM_LENGTH = 140
TEXT_LENGTH = 4_000


class Simulator:
    """Hears every group, posts freely, draws cards: the only network that lets a bot do everything."""

    name: str = NAME
    can: Can = Can(hears_group="all", posts_group="unattended", private=True, cards=True)

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def verify(self, query: Mapping[str, str]) -> bytes:
        raise CallbackRefused(400, "模拟器没有网址验证")

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
        """The body itself, once every field of it has been checked."""
        _read(body)
        return body

    def peek(self, plain: bytes) -> str | None:
        """The words of a text in a group. A private talk is meant for the bot, so nothing of it is chatter: None."""
        try:
            message = _read(plain)
        except CallbackRefused:
            return None
        return _words(message, "text") if message["kind"] == "text" and message.get("group") else None

    def sender_of(self, plain: bytes) -> str:
        return _words(_read(plain), "sender")

    def parse(self, plain: bytes, now: datetime) -> Incoming | None:
        message = _read(plain)
        kind = cast(Kind, message["kind"])
        return Incoming(
            channel=NAME,
            message_id=_words(message, "id"),
            kind=kind,
            sender=_words(message, "sender"),
            at=now.astimezone(UTC),
            sender_name=_words(message, "name"),
            group=_words(message, "group"),
            text=_words(message, "text"),
            quote=_words(message, "quote"),
            media=_words(message, "media"),
            latitude=_degrees(message, "latitude", 90),
            longitude=_degrees(message, "longitude", 180),
            action=Action(_words(message, "key"), _words(message, "task")) if kind == "action" else None,
        )

    async def send(self, message: Outgoing) -> Receipt:
        """Show the message on the stage. A repeat of the same ``key`` shows nothing new and gets the same receipt."""
        room = f"{message.to}:{message.address}"
        if not message.address or len(room) > ROOM_LENGTH:
            raise SendFailed("dead", "模拟器里没有这个地址")
        try:
            line = await asyncio.to_thread(self._show, message, room)
        except OperationalError as error:
            raise SendFailed("retry", "演示数据库正忙，稍后再发") from error
        return Receipt(ref=f"stage-{line}")

    async def close(self) -> None:
        """Nothing is held open: the engine belongs to the app."""

    def _show(self, message: Outgoing, room: str) -> int:
        with writing(self._engine) as session:
            shown = _shown_before(session, message.key)
            if shown is not None:
                return shown
            line = StageLine(
                room=room,
                speaker="bot",
                speaker_name=BOT_NAME,
                kind="card" if message.card else "text",
                text=_with_mention(session, message)[:TEXT_LENGTH],
                card=asdict(message.card) if message.card else None,
                key=message.key,
                at=self._clock(),
            )
            session.add(line)
            session.flush()
            return cast(int, line.id)


def _shown_before(session: Session, key: str) -> int | None:
    """The line that already bears ``key``. Two senders of one key stand in a queue until the first has committed."""
    if not key:
        return None
    if is_postgres(session.get_bind()):  # on SQLite the transaction itself is the queue
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    return session.scalar(select(col(StageLine.id)).where(col(StageLine.key) == key).limit(1))


def _with_mention(session: Session, message: Outgoing) -> str:
    """The text with ``@nickname`` in front. ``mention`` is a member's id here or, failing that, a name."""
    if not message.mention:
        return message.text
    nickname = session.scalar(
        select(col(Identity.display_name))
        .where(col(Identity.channel) == NAME)
        .where(col(Identity.external_id) == message.mention)
    )
    name = nickname or message.mention
    return message.text if f"@{name}" in message.text else f"@{name} {message.text}"


def _read(body: bytes) -> dict[str, object]:
    """The checked message. Raises ``CallbackRefused(400)`` and nothing else, whatever the bytes."""
    if len(body) > BODY_BYTES:
        raise CallbackRefused(413, "消息太长")
    try:
        message = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):  # ValueError: bad UTF-8, bad JSON, or a number of thousands of digits
        raise CallbackRefused(400, "不是 UTF-8 的 JSON") from None
    if not isinstance(message, dict) or not FIELDS.issuperset(message):
        raise CallbackRefused(400, "不是模拟器的消息")
    for name in LIMITS:
        _words(message, name)
    kind = message.get("kind")
    if kind not in KINDS:
        raise CallbackRefused(400, "不认识的消息类型")
    needed = {"text": ("text",), "action": ("key", "task")}.get(kind, ())
    if any(not _words(message, name).strip() for name in ("id", "sender", *needed)):
        raise CallbackRefused(400, "缺少必填项")
    places = [_degrees(message, "latitude", 90), _degrees(message, "longitude", 180)]
    if any((place is None) == (kind == "location") for place in places):
        raise CallbackRefused(400, "位置消息要有经纬度，其他消息不能有")
    return message


def _words(message: Mapping[str, object], name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LIMITS[name]:
        raise CallbackRefused(400, f"{name} 不对或太长")
    allowed = "\n\r\t" if name == "text" else ""
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in allowed for sign in value):
        raise CallbackRefused(400, f"{name} 里有不能用的字符")
    return value


def _degrees(message: Mapping[str, object], name: str, limit: int) -> float | None:
    value = message.get(name)
    if value is None:
        return None
    # compared before it is converted: a whole number may be too long for a float, and NaN fits no range
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise CallbackRefused(400, f"{name} 不对")
    return float(value)
