"""The 消息推送 of an internal group (formerly 群机器人): posts texts through its webhook. Never hears anything.

Source: page 99110, protocol §2.8. It cannot stand in a group with WeChat users. There is no idempotency key:
after a time-out nobody can know whether a text was posted, and a retry may repeat it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.channels.base import CallbackRefused, Can, Incoming, Outgoing, Receipt, SendFailed
from bot.channels.wecom_api import TEXT_BYTES, cut, plain_words
from bot.channels.wecom_errors import failure
from bot.channels.wire import Wire
from config.settings import WecomSettings

PER_MINUTE = 20

_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)
_MEMBER = re.compile(r"@all|[0-9A-Za-z_.-][0-9A-Za-z_.@-]{0,63}", re.ASCII)


class Robot:
    """Posts to the group whose webhook key is the message's ``address``. The key is the whole secret."""

    name: str = "robot"
    can: Can = Can(
        posts_group="unattended",
        per_minute=PER_MINUTE,
        limits={"group_per_minute": PER_MINUTE, "text_bytes": TEXT_BYTES},
    )

    def __init__(self, settings: WecomSettings, wire: Wire | None = None) -> None:
        """Only ``api_base`` and the time limit of ``settings`` are used. ``wire`` is shared and closed by its owner."""
        self._wire = wire or Wire(settings)
        self._owned = wire is None

    def verify(self, query: Mapping[str, str]) -> bytes:
        raise CallbackRefused(404, "消息推送只能发，不能收")

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
        raise CallbackRefused(404, "消息推送只能发，不能收")

    def sender_of(self, plain: bytes) -> str:
        return ""

    def peek(self, plain: bytes) -> str | None:
        return None

    def parse(self, plain: bytes, now: datetime) -> Incoming | None:
        raise CallbackRefused(404, "消息推送只能发，不能收")

    async def send(self, message: Outgoing) -> Receipt:
        """Post ``text`` (2048 bytes), calling ``mention``: a member's id, ``@all``, or a name that is only written.

        Raises ``SendFailed``: 45009 → retry after 60 s, 93004 → config, 93000 → dead.
        """
        if message.to != "group":
            raise SendFailed("dead", "消息推送只能发到群里，不能发给个人")
        if not _KEY.fullmatch(message.address):
            raise failure(93000)
        answer = await self._wire.post("webhook/send", {"key": message.address}, _body(message))
        if answer["errcode"] != 0:
            raise failure(answer["errcode"])
        return Receipt()

    async def close(self) -> None:
        if self._owned:
            await self._wire.close()


def _body(message: Outgoing) -> dict[str, Any]:
    words = message.text
    text: dict[str, Any] = {}
    if _MEMBER.fullmatch(message.mention):
        text["mentioned_list"] = [message.mention]
    elif message.mention and f"@{message.mention}" not in words:
        words = f"@{message.mention} {words}"
    text["content"] = cut(plain_words(words), TEXT_BYTES)
    return {"msgtype": "text", "text": text}
