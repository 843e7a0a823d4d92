"""The WeCom (企业微信) app channel: gridworkers talk to it and get task cards. Never decides what is said.

It hears members one to one, never a group (page 90239). ``to="group"`` goes through the 消息推送 of an internal
group, see ``robot``. Replays inside the freshness window do no harm: the message id is the dedupe key, and the
platform itself sends a callback up to three times.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from bot.channels import wecom_message
from bot.channels.base import CallbackRefused, Can, Card, Incoming, Outgoing, Receipt, SendFailed
from bot.channels.robot import PER_MINUTE as ROBOT_PER_MINUTE
from bot.channels.robot import Robot
from bot.channels.wecom_api import TEXT_BYTES, WecomApi, cut, plain_words
from bot.channels.wecom_crypto import WecomCrypto, find_encrypted
from bot.channels.wecom_errors import RECEIVER_GONE, failure
from config.settings import WecomSettings
from storage.cache import Cache

NAME = "wecom"
MEMBER_PER_MINUTE = 30
MEMBER_PER_HOUR = 1_000

# characters a phone shows before it cuts by itself (console.md §4.8) and the platform's own bounds (protocol §2.3)
SOURCE, TITLE, DESC, BODY, ROW_NAME, ROW_VALUE, BUTTON = 13, 26, 30, 112, 5, 26, 10
ROWS, BUTTONS = 6, 6
TEXTCARD_TITLE, TEXTCARD_BODY, URL_BYTES = 128, 512, 1_024

_MEMBER = re.compile(r"[0-9A-Za-z_.-][0-9A-Za-z_.@-]{0,63}", re.ASCII)  # so that no @all slips in as a person
_TASK = re.compile(r"[0-9A-Za-z_@-]{1,128}", re.ASCII)
_URL = re.compile(r"https?://[^\s]+")


class Wecom:
    """One self-built app. Hearing is pure; sending works in any event loop, in several at once too."""

    name: str = NAME
    can: Can = Can(
        hears_group="no",
        posts_group="unattended",  # internal groups only, by their 消息推送
        private=True,
        cards=True,
        per_minute=MEMBER_PER_MINUTE,
        limits={
            # beyond these the platform drops silently and still answers errcode 0: pace below them
            "person_per_minute": MEMBER_PER_MINUTE,
            "person_per_hour": MEMBER_PER_HOUR,
            "group_per_minute": ROBOT_PER_MINUTE,
            "text_bytes": TEXT_BYTES,
            "card_rows": ROWS,
            "card_buttons": BUTTONS,
        },
    )

    def __init__(self, settings: WecomSettings, cache: Cache) -> None:
        self._settings = settings
        self._crypto = (
            WecomCrypto(settings.token.get_secret_value(), settings.aes_key.get_secret_value(), settings.corp_id)
            if settings.hears
            else None
        )
        self._api = WecomApi(settings, cache)
        self._robot = Robot(settings, self._api.wire)

    def verify(self, query: Mapping[str, str]) -> bytes:
        """The bare bytes inside ``echostr``. Raises ``CallbackRefused`` 400 or 403.

        No freshness here: a replayed check gives away nothing, and saving the address must work while a clock is off.
        """
        crypto = self._keys()
        # a proxy that decodes twice turns "+" into a blank; the signature tells whether the mending was right
        echo = query.get("echostr", "").replace(" ", "+").encode("utf-8", "replace")
        crypto.check(query, echo)
        return crypto.open(echo)

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
        """The plain XML of a callback. Raises ``CallbackRefused``: 403 for signature and age, 400 for the rest."""
        crypto = self._keys()
        ciphertext = find_encrypted(body)
        signed_at = crypto.check(query, ciphertext)
        window = self._settings.freshness_seconds
        if window and abs(now.timestamp() - signed_at) > window:
            raise CallbackRefused(403, "回调的时间差得太远：可能是重放，也可能是服务器时间不准")
        return crypto.open(ciphertext)

    def peek(self, plain: bytes) -> str | None:
        return wecom_message.peek(plain)

    def sender_of(self, plain: bytes) -> str:
        return wecom_message.sender_of(plain)

    def parse(self, plain: bytes, now: datetime) -> Incoming | None:
        return wecom_message.parse(plain, now, channel=NAME)

    async def send(self, message: Outgoing) -> Receipt:
        """Carry one message to a member or into an internal group. Raises ``SendFailed``.

        A card that is refused goes out as a simpler form, and ``note`` says so. A redraw whose code is used up or
        older than 72 h becomes a text.
        """
        if message.to == "group":
            return await self._robot.send(message)
        if not self._settings.sends:
            raise SendFailed("config", "发送消息要填 CORP_ID、AGENT_ID 和 SECRET 三项")
        if not _MEMBER.fullmatch(message.address):
            raise failure(40003)
        if message.update_code:
            return await self._redraw(message)
        if message.redraw:  # no code is left: a second card of the same task would be refused
            return await self._deliver("message/send", message.address, _text(message), "没有可用的更新码，改发文字")
        refused: SendFailed | None = None
        for body, note in _forms(message):
            try:
                return await self._deliver("message/send", message.address, body, note if refused else "")
            except SendFailed as error:
                refused = _another_form_may_do(error)
        raise refused or failure(44004)

    async def check(self) -> None:
        """Ask the platform whether it knows this app, when sending is set up. Raises ``SendFailed``."""
        if self._settings.sends:
            await self._api.check()

    async def close(self) -> None:
        await self._api.close()

    def _keys(self) -> WecomCrypto:
        if self._crypto is None:
            raise CallbackRefused(404, "没有设置接收消息的 Token 和 EncodingAESKey")
        return self._crypto

    async def _redraw(self, message: Outgoing) -> Receipt:
        """Draw the old card anew. What the new drawing does not say, or cannot because its code is spent, is texted."""
        change, says_all = _change(message)
        body = {"userids": [message.address], "response_code": message.update_code, **change}
        note = ""
        try:
            receipt = await self._deliver("message/update_template_card", message.address, body, "")
            if says_all:
                return receipt
        except SendFailed as error:
            _another_form_may_do(error)
            note = "旧卡片已不能更新，改发文字"
        return await self._deliver("message/send", message.address, _text(message), note)

    async def _deliver(self, path: str, member: str, body: dict[str, Any], note: str) -> Receipt:
        answer = await self._api.call(path, {**body, "agentid": self._settings.agent_id})
        # errcode 0 is not delivery: the platform lists whom it left out, in lower case
        if member.lower() in _names(answer, "invaliduser"):
            raise failure(81013)
        if member.lower() in _names(answer, "unlicenseduser"):
            raise SendFailed("config", "这个成员没有企业微信接口许可，收不到应用消息：请管理员为他激活许可")
        return Receipt(ref=_word(answer, "msgid"), response_code=_word(answer, "response_code"), note=note)


def _another_form_may_do(error: SendFailed) -> SendFailed:
    """``error`` when a simpler form may still get through; raises it when none would."""
    if error.verdict != "dead" or error.code in RECEIVER_GONE:
        raise error
    return error


def _forms(message: Outgoing) -> list[tuple[dict[str, Any], str]]:
    """The ways to say it, best first, with the note for when an earlier one was refused; the last is the plain text."""
    forms: list[tuple[dict[str, Any], str]] = []
    card = message.card
    # a card carries its task in it, so that no other request is equal: the longest interval the platform allows
    to = {"touser": message.address, "enable_duplicate_check": 1, "duplicate_check_interval": 14_400}
    if card is not None:
        drawn = _template_card(card)
        if drawn is not None:
            forms.append(({**to, "msgtype": "template_card", "template_card": drawn}, ""))
        if _link(card.url):
            forms.append(
                ({**to, "msgtype": "textcard", "textcard": _textcard(card, message.text)}, "卡片被拒，改发图文")
            )
    return [*forms, (_text(message), "卡片被拒，改发文字")]


def _text(message: Outgoing) -> dict[str, Any]:
    """A text request, marked with our key.

    The platform swallows a request equal to an earlier one within the interval. A retry must be equal, but the same
    words said on purpose a second time must not: the interval differs by our key and so tells them apart.
    """
    return {
        "touser": message.address,
        "msgtype": "text",
        "text": {"content": cut(plain_words(message.text), TEXT_BYTES)},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 1_800 + crc32(message.key.encode("utf-8", "replace")) % 12_600,
    }


def _change(message: Outgoing) -> tuple[dict[str, Any], bool]:
    """What to draw over the old card, and whether that says all of the message.

    Without a card that can be drawn the buttons are greyed and renamed: to the words themselves when they fit.
    """
    drawn = _template_card(message.card) if message.card else None
    if drawn is not None:
        return {"template_card": drawn}, True
    words = message.text.strip()
    fits = message.card is None and 0 < len(words) <= BUTTON
    return {"button": {"replace_name": words if fits else "已更新"}}, fits


def _template_card(card: Card) -> dict[str, Any] | None:
    """``button_interaction`` with buttons, ``text_notice`` with only a link; None when neither can be drawn."""
    link = _link(card.url)
    title = card.title.strip()
    if not title or not _TASK.fullmatch(card.task) or not (card.buttons or link):
        return None
    drawn: dict[str, Any] = {
        "card_type": "button_interaction" if card.buttons else "text_notice",
        "source": {"desc": _short(card.source, SOURCE), "desc_color": 0},
        "main_title": {"title": _short(title, TITLE), "desc": _short(card.desc, DESC)},
        "task_id": card.task,
    }
    if card.body:
        drawn["sub_title_text"] = _short(card.body, BODY)
    rows = [(name, value) for name, value in card.rows if name and value][:ROWS]
    if rows:
        drawn["horizontal_content_list"] = [
            {"keyname": _short(name, ROW_NAME), "value": _short(value, ROW_VALUE)} for name, value in rows
        ]
    if card.buttons:
        drawn["button_list"] = [
            {"text": _short(button.text, BUTTON), "style": button.style, "key": button.key}
            for button in card.buttons[:BUTTONS]
        ]
    if link:
        drawn["card_action"] = {"type": 1, "url": link}
    return drawn


def _textcard(card: Card, text: str) -> dict[str, str]:
    return {
        "title": _short(plain_words(card.title.strip() or card.source or "通知"), TEXTCARD_TITLE),
        "description": _short(plain_words(text), TEXTCARD_BODY),
        "url": _link(card.url),
        "btntxt": "详情",
    }


def _link(url: str) -> str:
    """``url`` where the platform would take it, else ""."""
    return url if _URL.fullmatch(url) and len(url.encode("utf-8", "replace")) <= URL_BYTES else ""


def _short(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, ended with ``…`` where it was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _names(answer: Mapping[str, Any], name: str) -> list[str]:
    return _word(answer, name).lower().split("|")


def _word(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""
